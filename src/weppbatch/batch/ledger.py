"""What state every run is in, derived from sentinels, failure records and marks, and from nothing else.

`status` computes it live; `fold` stores it in batch_runner.nodb. Logs and events are never asked.
"""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from weppbatch.batch import force
from weppbatch.batch.plan import Plan
from weppbatch.batch.remembered import Remembered
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.states import DONE, RunState, TaskState
from weppbatch.files import utc_now
from weppbatch.lock import Lock
from weppbatch.tasks import graph
from weppbatch.tasks.record import TaskFiles, read_record

BATCH_LOCK = ".lock"
FORCED = "to be made again, as was asked (--force)"


class Ledger:
    """The states of all runs of a batch, or of those that are named, as the disk shows them now.

    forced: the sentinels to be made again with the time each was written; by default what is pending.
    """

    def __init__(
        self, plan: Plan, runids: Iterable[str] | None = None, *, forced: Mapping[str, int] | None = None
    ) -> None:
        self.plan = plan
        self.forced = force.pending(plan.folder) if forced is None else forced
        self._forced_runs = {name.split("/")[1] for name in self.forced}
        self._remembered = Remembered(plan) if plan.named is None and plan.work is None else None
        self.runs = {runid: self._run_state(runid) for runid in sorted(plan.entries if runids is None else runids)}

    def to_json(self) -> dict[str, Any]:
        """The batch as `status --json` gives it."""
        runner = self.plan.runner
        return {
            "batch": runner.batch_name,
            "execution": current_execution(self.plan.folder, runner),
            "counts": dict(Counter(state.status for state in self.runs.values())),
            "runs": {runid: state.to_json() for runid, state in self.runs.items()},
        }

    def summary(self) -> str:
        """How many runs are in which state, in words."""
        counts = Counter(state.status for state in self.runs.values())
        return ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "no runs"

    def unfinished(self) -> list[str]:
        """The runs that are not excluded and not complete, largest first."""
        return [runid for runid in self.plan.runids if self.runs[runid].status not in DONE]

    @property
    def control_stamps(self) -> dict[str, str]:
        """What `drift` needs to know of the cloned runs' control files, of those that were looked at."""
        return self._remembered.control_stamps if self._remembered else {}

    def remember(self) -> None:
        """Keep what was found for the next look, which then reads only what changed (see `remembered`)."""
        if self._remembered:
            self._remembered.save()

    def _run_state(self, runid: str) -> RunState:
        if runid in self.plan.excluded:
            return RunState(runid, "excluded", self.plan.runner.excluded[runid]["why"])
        known = self._remembered.state_of(runid) if self._remembered and runid not in self._forced_runs else None
        if known:
            return known
        wd = self.plan.folder / "runs" / runid
        records = wd / ".tasks"
        there = frozenset(os.listdir(records) if records.exists() else ())  # noqa: PTH208 - a Path each costs more
        tasks: dict[str, TaskState] = {}
        for task in self.plan.chain(runid).tasks:
            tasks[task] = self._task_state(runid, TaskFiles(wd, task), there, tasks)
        asked = [task for task in tasks if self.plan.asks(task) or self.is_forced(runid, task)]
        state = RunState.of(runid, tasks, asked)
        if self._remembered and runid not in self._forced_runs and "clone.json" in there:
            self._remembered.note(state, self.plan.outside_files(runid))
        return state

    def _task_state(
        self, runid: str, files: TaskFiles, there: frozenset[str], upstream: dict[str, TaskState]
    ) -> TaskState:
        """The state of a task by its records, of which only those that are `there` are read."""
        task = files.task
        sentinel = read_record(files.sentinel) if f"{task}.json" in there else None
        kept = sentinel is not None and self.plan.kept(task, runid)
        running = read_record(files.running) if f"{task}.running.json" in there else None
        if running is not None:
            if Lock(files.lock).is_held():
                return TaskState.of("running", f"{task} runs since {running['started_at']}", files.running, running)
            if not kept:
                return TaskState.of("interrupted", f"{task} was killed while it ran", files.running, running)
        failure = read_record(files.failed) if f"{task}.failed.json" in there else None
        if failure is not None and not kept:
            status = "interrupted" if failure["category"] == "interrupted" else "failed"
            reason = f"{task}: {failure['message']}{_at_first(failure)}"
            return TaskState.of(status, reason, files.failed, failure)
        if sentinel is None:
            asked = self.plan.asks(task)
            return TaskState("pending" if asked else "not_selected", f"{task} is to be done" if asked else "")
        reason = self._why_stale(runid, task, sentinel, upstream, kept=kept)
        if reason:
            return TaskState.of("stale", reason, files.sentinel, sentinel)
        return TaskState.of(sentinel["status"], "; ".join(sentinel["warnings"]), files.sentinel, sentinel)

    def is_forced(self, runid: str, task: str) -> bool:
        """Whether somebody asked for this result to be made again, and it was not yet."""
        name = graph.sentinel(runid, task)
        return name in self.forced and force.written_ns(self.plan.folder / name) == self.forced[name]

    def _why_stale(
        self, runid: str, task: str, sentinel: dict[str, Any], upstream: dict[str, TaskState], *, kept: bool
    ) -> str:
        """Why a result is to be made again, or ''; a kept one only when it is not whole."""
        lost = self.plan.lost_outputs(runid, task, sentinel)
        if lost:
            return f"{task}: {lost[0]} is lost or not whole"
        if kept:
            return ""
        if sentinel["config_sha256"] != self.plan.digest(task, runid):
            if self._has_another_outline(runid, task):
                return f"{task}: its watershed changed"
            return f"{task}: its settings, or a file that they name, changed"
        made = force.written_ns(self.plan.task_files(runid, task).sentinel) or 0  # a task may just be replacing it
        for name in self.plan.chain(runid).after(task):
            if upstream[name].status not in DONE:
                return f"{task}: {name} is to be made again"
            if (force.written_ns(self.plan.task_files(runid, name).sentinel) or 0) > made:
                return f"{task}: {name} was made again since"
            changed = self.plan.changed_input(runid, name, sentinel, made)
            if changed:
                return f"{task}: {changed} was changed since"
        return f"{task}: {FORCED}" if self.is_forced(runid, task) else ""

    def _has_another_outline(self, runid: str, task: str) -> bool:
        """Whether the feature of a run is not the one that its window was made from."""
        if not graph.spec_of(task).reads_feature:
            return False
        window = read_record(self.plan.folder / "runs" / runid / "extent.json") or {}
        now = self.plan.entries[runid]["feature_sha256"]
        return bool(window.get("feature_sha256", now) != now)


def _at_first(failure: dict[str, Any]) -> str:
    """What a failure began as, when that was something else."""
    first = failure["first_cause"]["message"]
    return "" if first == failure["message"] else f" (at first: {first})"


def current_execution(folder: Path, runner: BatchRunner) -> str | None:
    """The id of the start that runs now, or of the last one."""
    lock = Lock(folder / BATCH_LOCK)
    holder = lock.holder()
    if holder is not None and holder["execution"] and lock.is_held():
        return str(holder["execution"])
    started = [event for event in runner.history if event["event"] == "run_started"]
    return str(started[-1]["execution"]) if started else None


def fold(folder: Path) -> Ledger:
    """Store what the files show in batch_runner.nodb: `runs` and `preprocessing`; returns the ledger."""
    ledger = Ledger(Plan(folder))
    ledger.remember()
    with ledger.plan.runner.locked() as runner:
        runner.runs = {runid: state.to_json() for runid, state in ledger.runs.items()}
        for runid, state in ledger.runs.items():
            runner.record_outlet(runid, preprocessing(folder, state))
        runner.record_control_hashes()
    return ledger


def preprocessing(folder: Path, state: RunState) -> dict[str, Any]:
    """A run's preprocessing in short: extent, target CRS, DEM provenance, outlet, tool status, artefacts."""
    tasks = {name: state.tasks[name] for name in graph.PREPROCESS if name in state.tasks}
    wd = folder / "runs" / state.runid
    done = bool(tasks) and all(task.status in DONE for task in tasks.values())
    failed = any(task.status == "failed" for task in tasks.values())
    extent = read_record(wd / "extent.json") or {}
    artefacts = [
        entry["path"]
        for task in tasks.values()
        if task.status in DONE and task.record
        for entry in task.record["outputs"]
    ]
    outlet = tasks["outlet"].record if tasks else None
    return {
        "status": "complete" if done else "failed" if failed else "pending",
        "extent": extent.get("bounds_m"),
        "target_crs": extent.get("crs"),
        "dem": read_record(wd / "dem" / "provenance.json"),
        "outlet": outlet.get("metrics") if outlet else None,
        "tool": outlet["versions"]["engine"] if outlet else None,
        "artefacts": artefacts,
        "folded_at": utc_now(),
    }
