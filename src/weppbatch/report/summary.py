"""What the page says before its tables: counts, what is not complete and why, what is worth a look, the records.

Takes the ledger and run results one by one; gives plain values. No markup here.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from weppbatch.batch.ledger import Ledger
from weppbatch.batch.states import DONE, TaskState
from weppbatch.report.causes import Cause, Causes, Notice, Notices
from weppbatch.report.records import Records
from weppbatch.report.results import RunResult
from weppbatch.report.words import FLAGS, STATES
from weppbatch.tasks import graph

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
REJECTED = "rejected"
MOST_LISTED = 60  # causes and notices that the page lists; the matrix has all


@dataclass
class Summary:
    """Gathers what a reader should know first."""

    ledger: Ledger
    records: Records = field(default_factory=Records)
    _causes: Causes = field(default_factory=Causes)
    _notices: Notices = field(default_factory=Notices)

    def add(self, result: RunResult) -> None:
        """Take in a run."""
        state = result.state
        self.records.add(state)
        if state.status in ("failed", "interrupted"):
            for name, task in state.tasks.items():
                if task.status in ("failed", "interrupted"):
                    self._causes.add(state.runid, _trouble(result, name, task))
        elif state.status == "excluded":
            entry = self.ledger.plan.runner.excluded[state.runid]
            where = f"by {entry['by']}, {entry['at'][:10]}"
            self._causes.add(state.runid, Cause("excluded", entry["why"], where=where, name=result.name))
        elif state.status not in DONE:
            message = state.reason if state.status == "stale" else STATES[state.status]
            self._causes.add(state.runid, Cause(state.status, message))
        texts = flag_texts(result)
        texts += [text for text in result.warnings if not (texts and text.startswith("look at this outlet"))]
        distance = f" {result.metrics('climate').get('distance_km', -1):.0f} km away"
        texts = [text for text in texts if distance not in text]  # said of all runs in the caveats
        for text in (*texts, *result.problems):
            self._notices.add(state.runid, text)

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
    def causes(self) -> list[Cause]:
        """Everything that is not complete, and why: the runs, then the features that are none."""
        order = ("failed", "interrupted", "running", "stale", "pending", "not_selected", "excluded")
        return [*self._causes.listed(order), *self._rejected()]

    @property
    def notices(self) -> list[Notice]:
        """What is worth a look, once for all runs that have the same."""
        return self._notices.listed()

    @property
    def rejected(self) -> list[dict[str, Any]]:
        """The features that can't be used: index, id, reasons."""
        return list(self.ledger.plan.runner.template_validation.get("rejected", []))

    @property
    def repaired(self) -> list[tuple[str, str]]:
        """The features that were used after a repair, and what was done."""
        found = self.ledger.plan.runner.template_validation.get("repaired", [])
        return [(_feature(entry), "; ".join(entry["notes"])) for entry in found]

    def event(self, name: str) -> dict[str, Any] | None:
        """The last event of a kind in the batch's history."""
        return next((event for event in reversed(self.ledger.plan.runner.history) if event["event"] == name), None)

    def _rejected(self) -> list[Cause]:
        """The rejected features, once for each reason."""
        found: dict[str, Cause] = {}
        for entry in self.rejected:
            reason = "; ".join(entry["reasons"])
            cause = found.setdefault(reason, Cause(REJECTED, reason, where="of the watersheds’ file"))
            cause.features.append(_feature(entry))
        return list(found.values())


def _feature(entry: dict[str, Any]) -> str:
    """A feature of the watersheds' file by its place and id."""
    return f"feature {entry['index']}" + (f" (id {entry['id']})" if entry["id"] is not None else "")


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


def _trouble(result: RunResult, name: str, task: TaskState) -> Cause:
    """Why a task of a run is not done, in the words of its record."""
    record = task.record or {}
    first = record.get("first_cause", {}).get("message", "")
    message = record.get("message") or task.reason
    attempts = len(record.get("attempts", [])) or 1
    told = [f"in {graph.spec_of(name).label}", record.get("category", "")]
    told += [f"{attempts} attempts"] if attempts > 1 else []
    return Cause(
        task.status,
        message,
        task=name,
        where=" · ".join(filter(None, told)),
        hint=record.get("hint") or "",
        first_cause="" if first == message else first,
        log=record.get("log", ""),
        name=result.name,
    )
