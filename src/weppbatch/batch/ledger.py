"""What state every run is in, derived from sentinels, failure records and marks, and from nothing else.

`status` computes it live; `fold` stores it in batch_runner.nodb. Logs and events are never asked.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weppbatch.batch import force
from weppbatch.batch.plan import Plan
from weppbatch.batch.runner import BatchRunner
from weppbatch.files import utc_now
from weppbatch.lock import Lock
from weppbatch.tasks import graph
from weppbatch.tasks.record import read_record

BATCH_LOCK = ".lock"
DONE = ("succeeded", "degraded")
FORCED = "to be made again, as was asked (--force)"
# A run's status is the first of these that one of its tasks has.
WORST_FIRST = ("failed", "running", "interrupted", "stale")


@dataclass(frozen=True)
class TaskState:
    """One task of one run: its status, why it is not done, and its record (sentinel or failure)."""

    status: str
    reason: str = ""
    record: dict[str, Any] | None = None

    @property
    def job_id(self) -> str | None:
        """The process or cluster job that did it."""
        return self.record.get("job_id") if self.record else None


@dataclass(frozen=True)
class RunState:
    """One run: its status with the first reason, and its tasks in order."""

    runid: str
    status: str
    reason: str
    tasks: dict[str, TaskState]

    def to_json(self) -> dict[str, Any]:
        """The run as `status --json` gives it and batch_runner.nodb keeps it."""
        records = [state.record for state in self.tasks.values() if state.record]
        failures = {name: state.record for name, state in self.tasks.items() if state.status == "failed"}
        return {
            "status": self.status,
            "reason": self.reason,
            "tasks": {name: {"status": state.status, "job_id": state.job_id} for name, state in self.tasks.items()},
            "last_update": max((record["finished_at"] or record["started_at"] for record in records), default=None),
            "attempts": max((attempts_of(record) for record in records), default=0),
            "errors": [
                {"task": name, "category": record["category"], "message": record["message"]}
                for name, record in failures.items()
                if record
            ],
        }


def attempts_of(record: dict[str, Any]) -> int:
    """The attempts that a record speaks of: those that it lists, and its own, which a failure lists too."""
    return len(record.get("attempts", [])) + int(record["status"] != "failed")


class Ledger:
    """The states of all runs of a batch, or of those that are named, as the disk shows them now.

    forced: the sentinels to be made again with the time each was written; by default what is pending.
    """

    def __init__(
        self, plan: Plan, runids: Iterable[str] | None = None, *, forced: Mapping[str, int] | None = None
    ) -> None:
        self.plan = plan
        self.forced = force.pending(plan.folder) if forced is None else forced
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

    def _run_state(self, runid: str) -> RunState:
        if runid in self.plan.excluded:
            return RunState(runid, "excluded", self.plan.runner.excluded[runid]["why"], {})
        tasks: dict[str, TaskState] = {}
        for task in graph.TASKS:
            tasks[task] = self._task_state(runid, task, tasks)
        names = [task for task in graph.TASKS if task in self.plan.tasks or self.is_forced(runid, task)]
        asked = [tasks[task] for task in names]
        for status in WORST_FIRST:
            for state in asked:
                if state.status == status:
                    return RunState(runid, status, state.reason, tasks)
        if all(state.status in DONE for state in asked):
            degraded = next((state for state in asked if state.status == "degraded"), None)
            return RunState(
                runid, degraded.status if degraded else "succeeded", degraded.reason if degraded else "", tasks
            )
        first = next(name for name in names if tasks[name].status not in DONE)
        return RunState(runid, "pending", f"{first} is to be done", tasks)

    def _task_state(self, runid: str, task: str, upstream: dict[str, TaskState]) -> TaskState:
        files = self.plan.task_files(runid, task)
        sentinel = read_record(files.sentinel)
        kept = sentinel is not None and self.plan.kept(task, runid)
        running = read_record(files.running)
        if running is not None:
            if Lock(files.lock).is_held():
                return TaskState("running", f"{task} runs since {running['started_at']}", running)
            if not kept:
                return TaskState("interrupted", f"{task} was killed while it ran", running)
        failure = read_record(files.failed)
        if failure is not None and not kept:
            status = "interrupted" if failure["category"] == "interrupted" else "failed"
            return TaskState(status, f"{task}: {failure['message']}{_at_first(failure)}", failure)
        if sentinel is None:
            asked = task in self.plan.tasks
            return TaskState("pending" if asked else "not_selected", f"{task} is to be done" if asked else "")
        reason = self._why_stale(runid, task, sentinel, upstream, kept=kept)
        if reason:
            return TaskState("stale", reason, sentinel)
        return TaskState(sentinel["status"], "; ".join(sentinel["warnings"]), sentinel)

    def is_forced(self, runid: str, task: str) -> bool:
        """Whether somebody asked for this result to be made again, and it was not yet."""
        name = graph.sentinel(runid, task)
        return name in self.forced and force.written_ns(self.plan.folder / name) == self.forced[name]

    def _why_stale(
        self, runid: str, task: str, sentinel: dict[str, Any], upstream: dict[str, TaskState], *, kept: bool
    ) -> str:
        """Why a result is to be made again, or ''; a kept one only when it is not whole."""
        lost = self.plan.lost_outputs(runid, task)
        if lost:
            return f"{task}: {lost[0]} is lost or not whole"
        if kept:
            return ""
        if sentinel["config_sha256"] != self.plan.digest(task, runid):
            if self._has_another_outline(runid, task):
                return f"{task}: its watershed changed"
            return f"{task}: its settings, or a file that they name, changed"
        made = force.written_ns(self.plan.task_files(runid, task).sentinel) or 0  # a task may just be replacing it
        for name in graph.TASKS[task].after:
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
        if not graph.TASKS[task].reads_feature:
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
