"""A batch watched from elsewhere while it runs, or not: reads its files and writes none.

Follows whichever start has the batch, on this host, another, or a cluster. How it is shown is decided elsewhere.
"""

from pathlib import Path
from time import monotonic
from typing import Any

from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.progress import Event, Progress
from weppbatch.batch.undertaking import FILE, running_execution, undertaking_of

AGAIN_S = 60.0  # what no start did (a setting changed, a run excluded) is seen after so long at the latest
SHARE = 30  # and judging all runs anew takes at most this part of the time


class LiveBatch:
    """A batch as it is at each look."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.progress: Progress | None = None
        self.running = False
        self._on_file: float | None = None
        self._last: dict[str, Any] | None = None
        self._states: dict[str, Any] = {}
        self._due = 0.0

    def look(self) -> list[Event]:
        """What has changed since the last look: tasks that began, ended or failed, a start that began or ended."""
        execution = running_execution(self.folder)
        on_file = self._written()
        events: list[Event] = []
        known = self.progress.asked.execution if self.progress is not None else None
        if execution is not None and (execution != known or on_file != self._on_file):
            plan = Plan(self.folder)
            self.progress = Progress(self.folder, undertaking_of(plan, execution), plan.window_cells)
            self._on_file, self._due = on_file, 0.0
            events.append({"event": "start_begun", "execution": execution})
        if self.progress is not None:
            events += self.progress.look()
        if self.running and execution is None:
            self._due = 0.0
            self._last = self.progress.snapshot() if self.progress is not None else None
            events.append({"event": "start_ended", "execution": known})
        self.running = execution is not None
        return events

    def snapshot(self) -> dict[str, Any]:
        """How far the start has come that runs now, or that ran when it was last watched; see docs/watching.md."""
        if self.running and self.progress is not None:
            self._last = self.progress.snapshot()
        return {"batch": self.folder.name, "running": self.running, "progress": self._last}

    def states(self) -> dict[str, Any]:
        """The state of every run and task: as the ledger judged them last, with what the start did since."""
        if monotonic() >= self._due:
            began = monotonic()
            ledger = Ledger(Plan(self.folder))
            self._states = {
                runid: {
                    "status": state.status,
                    "reason": state.reason,
                    "tasks": {task: found.status for task, found in state.tasks.items()},
                }
                for runid, state in ledger.runs.items()
            }
            self._due = monotonic() + max(AGAIN_S, SHARE * (monotonic() - began))
        for runid, jobs in (self.progress.jobs if self.progress is not None and self.running else {}).items():
            if runid in self._states:
                self._overlay(self._states[runid], {task: job.status for task, job in jobs.items()})
        return self._states

    @staticmethod
    def _overlay(state: dict[str, Any], jobs: dict[str, str]) -> None:
        """What a start has done of a run since the ledger judged it."""
        shown = {"done": "succeeded", "running": "running", "failed": "failed"}
        for task, status in jobs.items():
            if status in shown and not (status == "done" and state["tasks"].get(task) == "degraded"):
                state["tasks"][task] = shown[status]
            elif status == "todo" and state["tasks"].get(task) in ("running", "failed"):
                state["tasks"][task] = "pending"
        for status in ("failed", "running"):
            if status in jobs.values():
                state["status"] = status
                return
        if all(status == "done" for status in jobs.values()):
            state["status"] = "degraded" if "degraded" in state["tasks"].values() else "succeeded"
            state["reason"] = ""

    def _written(self) -> float | None:
        try:
            return (self.folder / FILE).stat().st_mtime
        except FileNotFoundError:
            return None
