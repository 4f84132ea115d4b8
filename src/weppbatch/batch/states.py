"""The states of tasks and runs as plain values, apart from how the disk is judged (`ledger`)."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from weppbatch.tasks.record import read_record

DONE = ("succeeded", "degraded")
# A run's status is the first of these that one of its tasks has.
WORST_FIRST = ("failed", "running", "interrupted", "stale")


@dataclass(frozen=True)
class TaskState:
    """One task of one run: its status, why it is not done, and what its record (sentinel or failure) says in short.

    path: where the record lies; `record` reads it when it is asked for, for most are not.
    """

    status: str
    reason: str = ""
    path: str | None = None
    job_id: str | None = None
    last_update: str | None = None
    attempts: int = 0

    @classmethod
    def of(cls, status: str, reason: str, path: Path, record: dict[str, Any]) -> "TaskState":
        """The state that a record shows."""
        last_update = record["finished_at"] or record["started_at"]
        state = cls(status, reason, str(path), record.get("job_id"), last_update, attempts_of(record))
        state.__dict__["record"] = record
        return state

    @cached_property
    def record(self) -> dict[str, Any] | None:
        """The whole record, as it lies there now."""
        return read_record(Path(self.path)) if self.path else None


@dataclass(frozen=True)
class RunState:
    """One run: its status with the first reason, and its tasks in order."""

    runid: str
    status: str
    reason: str
    tasks: dict[str, TaskState] = field(default_factory=dict)

    @classmethod
    def of(cls, runid: str, tasks: dict[str, TaskState], asked: list[str]) -> "RunState":
        """A run by its tasks, of which some are asked for."""
        states = [tasks[name] for name in asked]
        for status in WORST_FIRST:
            for state in states:
                if state.status == status:
                    return cls(runid, status, state.reason, tasks)
        todo = next((name for name in asked if tasks[name].status not in DONE), None)
        if todo:
            return cls(runid, "pending", f"{todo} is to be done", tasks)
        degraded = next((state for state in states if state.status == "degraded"), None)
        return cls(runid, "degraded", degraded.reason, tasks) if degraded else cls(runid, "succeeded", "", tasks)

    def to_json(self) -> dict[str, Any]:
        """The run as `status --json` gives it and batch_runner.nodb keeps it."""
        tasks = self.tasks.items()
        failures = {name: state.record for name, state in tasks if state.status == "failed"}
        return {
            "status": self.status,
            "reason": self.reason,
            "tasks": {name: {"status": state.status, "job_id": state.job_id} for name, state in tasks},
            "last_update": max((state.last_update for _, state in tasks if state.last_update), default=None),
            "attempts": max((state.attempts for _, state in tasks), default=0),
            "errors": [
                {"task": name, "category": record["category"], "message": record["message"]}
                for name, record in failures.items()
                if record
            ],
        }


def attempts_of(record: dict[str, Any]) -> int:
    """The attempts that a record speaks of: those that it lists, and its own, which a failure lists too."""
    return len(record.get("attempts", [])) + int(record["status"] != "failed")
