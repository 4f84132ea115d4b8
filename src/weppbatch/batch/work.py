"""What one start does: the tasks of the chosen runs with why each is needed. Nothing is started here.

What is decided here is what runs: `weppbatch run` hands it to Snakemake, which then looks at no file times and no
settings of its own.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weppbatch.batch import force, selection
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.states import DONE, TaskState
from weppbatch.errors import InputProblems
from weppbatch.tasks import graph


@dataclass(frozen=True)
class Choice:
    """What a user asks of one start.

    runs: as `selection.run_ids` reads it. tasks: those named in place of the checklist. force: True also makes good
    results again; None only those of earlier requests that a killed start left; False withdraws these.
    """

    runs: str = "all"
    tasks: tuple[str, ...] | None = None
    force: bool | None = None
    pilot: bool = False

    def check(self, folder: Path) -> None:
        """Raise InputProblems with every name that is wrong, before anything is done."""
        plan = Plan(folder, named=self.tasks)
        selection.run_ids(self.runs, plan.runner.runids, plan.runner.excluded)
        _check_scenarios(plan)


@dataclass(frozen=True)
class Work:
    """The tasks that a start does: by run id, largest watershed first, each task with why it is needed.

    forced: the sentinels that a new request makes again, with the time each was written.
    """

    jobs: Mapping[str, Mapping[str, str]]
    forced: Mapping[str, int]
    done: frozenset[str] = frozenset()

    @classmethod
    def of(cls, ledger: Ledger, runids: Sequence[str] | None = None) -> "Work":
        """The work that a ledger shows in these runs (by default in all that take part)."""
        chosen = set(ledger.plan.runids if runids is None else runids)
        jobs = {runid: _jobs(ledger, runid) for runid in ledger.plan.runids if runid in chosen}
        jobs = {runid: tasks for runid, tasks in jobs.items() if tasks}
        done = frozenset(
            name
            for runid, tasks in jobs.items()
            for task in tasks
            if (ledger.plan.folder / (name := graph.sentinel(runid, task))).exists()
        )
        return cls(jobs, {name: at for name, at in ledger.forced.items() if name in done}, done)

    @property
    def runids(self) -> list[str]:
        """The runs in need, largest first."""
        return list(self.jobs)

    def only(self, runids: Sequence[str]) -> "Work":
        """The same work in some of its runs."""
        chosen = set(runids)
        jobs = {runid: tasks for runid, tasks in self.jobs.items() if runid in chosen}
        names = [graph.sentinel(runid, task) for runid, tasks in jobs.items() for task in tasks]
        return Work(
            jobs,
            {name: self.forced[name] for name in names if name in self.forced},
            frozenset(name for name in names if name in self.done),
        )

    def waves(self, runs: int) -> Iterator["Work"]:
        """The same work in portions of so many runs."""
        for first in range(0, len(self.jobs), runs):
            yield self.only(self.runids[first : first + runs])

    def again(self) -> list[str]:
        """The sentinels that Snakemake must be told to make again; what follows them it finds by itself."""
        return [
            name
            for runid, tasks in self.jobs.items()
            for task in tasks
            if (name := graph.sentinel(runid, task)) in self.done
            and not set(graph.chain_with(tasks).after(task)) & set(tasks)
        ]

    def counts(self) -> dict[str, dict[str, int]]:
        """By task, in order: how often it is needed for which reason."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for tasks in self.jobs.values():
            for task, why in tasks.items():
                found[task][why.partition(":")[0]] += 1
        return {task: dict(found[task]) for task in graph.ordered(found)}


def _jobs(ledger: Ledger, runid: str) -> dict[str, str]:
    """The tasks of a run that are not done, with all they lack, in order."""
    states = ledger.runs[runid].tasks
    chain = graph.chain_with(states)
    wanted = {
        task
        for task, state in states.items()
        if state.status not in DONE and (ledger.plan.asks(task) or ledger.is_forced(runid, task))
    }
    for task in reversed(chain.tasks):
        if task in wanted:
            wanted |= {name for name in chain.after(task) if states[name].status not in DONE}
    return {task: _why(task, states[task]) for task in chain.tasks if task in wanted}


def _why(task: str, state: TaskState) -> str:
    """Why a task is needed: a reason that many share, and after a colon what is its own."""
    reason = state.reason.removeprefix(f"{task}: ")
    said = {
        "pending": "not done yet",
        "not_selected": "what follows needs it",
        "failed": f"failed: {reason}",
        "interrupted": "was interrupted",
        "running": "not done yet",
    }
    return said.get(state.status, reason)


def work_of(folder: Path, choice: Choice | None = None) -> tuple[Ledger, Work]:
    """The ledger of a batch as a choice sees it, and the work that it shows; changes no byte.

    Raises InputProblems with every name that is wrong.
    """
    choice = choice or Choice()
    plan = Plan(folder, named=choice.tasks)
    _check_scenarios(plan)
    pending = {} if choice.force is False else force.pending(folder)
    ledger = Ledger(plan, forced=pending)
    runids = chosen_runs(folder, choice.runs, ledger if choice.tasks is None else None)
    if choice.force:
        tasks = forced_tasks(plan)
        asked = force.stamps(folder, plan.sentinels(runids, tasks))
        ledger = Ledger(plan, forced={**pending, **asked})
    work = Work.of(ledger, runids)
    return ledger, work.only(pilots(work.runids)) if choice.pilot else work


def _check_scenarios(plan: Plan) -> None:
    """Raise InputProblems naming every scenario that is asked for by name and that no run has, with the nearest."""
    named = [name for name in plan.named or () if graph.scenario_of(name)]
    if named:
        known = graph.ordered(task for runid in plan.runids for task in plan.chain(runid).tasks)
        problems = [selection.unknown(name, known) for name in named if name not in known]
        if problems:
            raise InputProblems("can't start:", problems)


def chosen_runs(folder: Path, text: str, ledger: Ledger | None = None) -> list[str]:
    """The run ids that `--runs` names; a group such as @failed is what `status` shows.

    ledger: of the checklist, when there is one already. Raises InputProblems with everything that is wrong.
    """
    runner = BatchRunner.getInstance(folder) if ledger is None else ledger.plan.runner
    states = None
    if selection.needs_states(text):
        shown = Ledger(Plan(folder)) if ledger is None else ledger
        states = {runid: state.status for runid, state in shown.runs.items()}
    return selection.run_ids(text, runner.runids, runner.excluded, states)


def forced_tasks(plan: Plan) -> list[str]:
    """What `--force` makes again: the named tasks, else all that are asked for but the clone, for cloning again
    would undo what was set for a run alone."""
    return [task for task in plan.tasks if task != "clone" and (plan.named is None or task in plan.named)]


def pilots(runids: Sequence[str]) -> list[str]:
    """The largest, the median and the smallest of runs that are in order of size."""
    if not runids:
        return []
    return list(dict.fromkeys((runids[0], runids[len(runids) // 2], runids[-1])))


def stale_afterwards(ledger: Ledger, work: Work) -> dict[str, int]:
    """The results, by task, that rest on what is made again and are not asked for themselves; how many of each."""
    found: Counter[str] = Counter()
    for runid, tasks in work.jobs.items():
        following = graph.chain_with(ledger.runs[runid].tasks).following(tasks)
        found.update(
            name
            for name in following
            if not ledger.plan.kept(name, runid) and (ledger.plan.folder / graph.sentinel(runid, name)).exists()
        )
    return {task: found[task] for task in graph.ordered(found)}


def to_json(ledger: Ledger, work: Work) -> dict[str, Any]:
    """The work as `run -n --json` gives it, without its estimate."""
    return {
        "batch": ledger.plan.runner.batch_name,
        "runs": work.runids,
        "tasks": {task: {"jobs": sum(why.values()), "why": why} for task, why in work.counts().items()},
        "stale_afterwards": stale_afterwards(ledger, work),
        "jobs": [
            {"runid": runid, "task": task, "why": why}
            for runid, tasks in work.jobs.items()
            for task, why in tasks.items()
        ],
    }
