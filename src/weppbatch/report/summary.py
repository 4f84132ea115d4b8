"""What the page says before its tables: counts, what is not complete and why, what is worth a look, the records.

Takes the ledger and run results one by one; gives plain values. No markup here.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from weppbatch.batch.ledger import Ledger
from weppbatch.batch.states import DONE, TaskState
from weppbatch.report.results import RunResult
from weppbatch.tasks.chain import scenario_of

STATES = {
    "succeeded": "complete",
    "degraded": "complete with a lesser source",
    "failed": "a task could not be done",
    "interrupted": "stopped while at work",
    "stale": "to be redone",
    "running": "at work now",
    "pending": "not done yet",
    "excluded": "excluded by an admin",
    "not_selected": "not selected",
}
FLAGS = {
    "poor_fit": "The basin that drains to the outlet overlaps the polygon badly ({iou:.2f} of 1).",
    "touches_edge": "The outlet's basin reaches the edge of the elevation data and may be cut off.",
    "ambiguous": "Two ways of choosing the outlet gave places far apart.",
    "csa_changed": "The basin has no channel at the critical source area asked for, so a smaller one was used.",
    "mcl_changed": "The minimum channel length was lowered to keep a channel in the basin.",
    "far": "The outlet that was given was moved {moved:.0f} m to the nearest channel.",
    "larger_near": "Within reach of the outlet that was given there is a channel that drains {larger:.3g} km2.",
}
RECORD_KEYS = (
    "attempt",
    "started_at",
    "finished_at",
    "wall_s",
    "cpu_s",
    "max_rss_mb",
    "host",
    "job_id",
    "metrics",
    "warnings",
    "category",
    "message",
    "hint",
    "traceback",
    "log",
    "config_sha256",
)


@dataclass(frozen=True)
class Trouble:
    """One run that is not complete, in the words of its first record that says why."""

    runid: str
    name: str
    status: str
    task: str
    message: str
    category: str = ""
    hint: str = ""
    log: str = ""
    first_cause: str = ""
    attempts: int = 1


@dataclass
class Summary:
    """Gathers what a reader should know first."""

    ledger: Ledger
    troubles: list[Trouble] = field(default_factory=list)
    waiting: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    notices: list[tuple[str, str, list[str]]] = field(default_factory=list)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    without_subcatchments: list[str] = field(default_factory=list)

    def add(self, result: RunResult) -> None:
        """Take in a run."""
        state = result.state
        self.records[state.runid] = {
            name: record_of(task, figures=not scenario_of(name)) for name, task in state.tasks.items()
        }
        if state.status in ("failed", "interrupted"):
            self.troubles += [
                _trouble(result, name, task)
                for name, task in state.tasks.items()
                if task.status in ("failed", "interrupted")
            ]
        elif state.status not in (*DONE, "excluded"):
            self.waiting[state.reason if state.status == "stale" else STATES[state.status]].append(state.runid)
        texts = flag_texts(result)
        texts += [text for text in result.warnings if not (texts and text.startswith("look at this outlet"))]
        distance = f" {result.metrics('climate').get('distance_km', -1):.0f} km away"
        texts = [text for text in texts if distance not in text]  # said of all runs in the caveats
        if texts or result.problems:
            self.notices.append((state.runid, result.name, [*texts, *result.problems]))

    @property
    def counts(self) -> dict[str, int]:
        """How many runs are in each state that occurs, in the order of STATES."""
        found = Counter(state.status for state in self.ledger.runs.values())
        return {status: found[status] for status in STATES if found[status]}

    @property
    def complete(self) -> int:
        """How many runs have all that was asked for."""
        return sum(state.status in DONE for state in self.ledger.runs.values())

    @property
    def rejected(self) -> list[dict[str, Any]]:
        """The features that can't be used: index, id, reasons."""
        return list(self.ledger.plan.runner.template_validation.get("rejected", []))

    @property
    def repaired(self) -> list[dict[str, Any]]:
        """The features that were used after a repair: index, id, notes."""
        return list(self.ledger.plan.runner.template_validation.get("repaired", []))

    @property
    def last_finished(self) -> str | None:
        """When the last task finished, as the records say."""
        moments = [task.get("finished_at") for tasks in self.records.values() for task in tasks.values()]
        return max((moment for moment in moments if moment), default=None)

    def event(self, name: str) -> dict[str, Any] | None:
        """The last event of a kind in the batch's history."""
        return next((event for event in reversed(self.ledger.plan.runner.history) if event["event"] == name), None)


def flag_texts(result: RunResult) -> list[str]:
    """What the flags of a run's outlet say."""
    outlet = result.metrics("outlet")
    told = {"iou": outlet.get("iou"), "moved": outlet.get("moved_m"), "larger": outlet.get("larger_near_km2")}
    return [FLAGS.get(flag, flag).format(**told) for flag in result.flags]


def record_of(task: TaskState, *, figures: bool = True) -> dict[str, Any]:
    """A task's state and record as the page's dialog shows it; outputs as number and size.

    figures: whether its metrics are in it; those of scenarios stand in their own table.
    """
    shown: dict[str, Any] = {"status": task.status, "reason": task.reason}
    if task.record is None:
        return shown
    keys = [key for key in RECORD_KEYS if figures or key != "metrics"]
    shown |= {key: task.record[key] for key in keys if task.record.get(key) not in (None, "", [], {})}
    shown["versions"] = " · ".join(
        f"{name} {number}" if name == "weppbatch" else number
        for name, number in task.record["versions"].items()
        if number
    )
    outputs = task.record.get("outputs", [])
    if outputs:
        shown["outputs"] = [len(outputs), sum(entry["bytes"] for entry in outputs)]
    return shown


def _trouble(result: RunResult, name: str, task: TaskState) -> Trouble:
    record = task.record or {}
    first = record.get("first_cause", {}).get("message", "")
    message = record.get("message") or task.reason
    return Trouble(
        runid=result.runid,
        name=result.name,
        status=task.status,
        task=name,
        message=message,
        category=record.get("category", ""),
        hint=record.get("hint") or "",
        log=record.get("log", ""),
        first_cause="" if first == message else first,
        attempts=len(record.get("attempts", [])) or 1,
    )
