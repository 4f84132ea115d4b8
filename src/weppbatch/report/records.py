"""The states and records of all tasks as the page holds them: short rows, every text once.

Takes run states one by one. Failures are in it with message, hint and trace; figures and the rest as far as they
keep within a budget, for the page can read the record itself where it is served.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from weppbatch.batch.states import DONE, RunState, TaskState
from weppbatch.report.words import STATES
from weppbatch.tasks.chain import scenario_of

STATUS = tuple(STATES)
DETAILS_BYTES = 800_000  # about 100 runs
TRACES_BYTES = 300_000
KEYS = (
    *("status", "reason", "wall_s", "started_s", "finished_s", "max_rss_mb"),
    *("host", "attempt", "warnings", "more"),
)
FAILURE = ("category", "message", "hint", "log")
DETAILS = ("cpu_s", "job_id")
OMITTED = ("scenarios", "contrasts")  # they have tables of their own


class Records:
    """Gathers them; `to_json` is what the page's record.js reads."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}
        self.cpu_s = 0.0
        self.first: str | None = None
        self.last: str | None = None
        self.hosts: set[str] = set()
        self._runs: dict[str, dict[str, list[Any]]] = {}
        self._details: dict[tuple[str, str], dict[str, Any]] | None = {}
        self._details_bytes = 0
        self._traces_bytes = 0

    def add(self, state: RunState) -> None:
        """Take in the tasks of a run."""
        self._runs[state.runid] = {name: self._row(state.runid, name, task) for name, task in state.tasks.items()}

    def to_json(self, tasks: Sequence[str]) -> dict[str, Any]:
        """The rows of every run, in the order of `tasks`; null where a run has no such task.

        Moments are in seconds after `start`. texts: what numbers in the place of texts stand for. details: whether
        figures are in it.
        """
        start = _moment(self.first)
        runs = []
        for runid, found in self._runs.items():
            row = []
            for task in tasks:
                entry = found.get(task)
                row.append(None if entry is None else self._packed(runid, task, entry, start))
            while row and row[-1] is None:
                row.pop()
            runs.append(row)
        return {
            "keys": KEYS,
            "start": self.first,
            "details": self._details is not None,
            "runs": runs,
            "texts": list(self.texts),
        }

    def _row(self, runid: str, name: str, task: TaskState) -> list[Any]:
        record = task.record
        told = task.status in DONE or (record is not None and "message" in record)  # the warnings or message say it
        row: list[Any] = [STATUS.index(task.status), None if told or not task.reason else self._text(task.reason)]
        if record is None:
            return row
        started, finished = record.get("started_at"), record.get("finished_at")
        self.first = min(filter(None, (self.first, started)), default=None)
        self.last = max(filter(None, (self.last, finished)), default=None)
        self.cpu_s += record.get("cpu_s") or 0.0
        host = record.get("host")
        if host:
            self.hosts.add(host)
        warnings = [self._text(str(line)) for line in record.get("warnings") or ()]
        row += [_rounded(record.get("wall_s"), 3), started, finished, _rounded(record.get("max_rss_mb"), 0)]
        row += [self._text(host) if host else None, record.get("attempt"), warnings or None, self._failure(record)]
        self._note_details(runid, name, record)
        return row

    def _failure(self, record: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a failure says, its texts by number; the trace of the first ones only, in a batch of very many."""
        if "message" not in record:
            return None
        more: dict[str, Any] = {key: self._text(str(record[key])) for key in FAILURE if record.get(key)}
        first = (record.get("first_cause") or {}).get("message", "")
        if first and first != record["message"]:
            more["first_cause"] = self._text(first)
        trace = record.get("traceback") or ""
        if trace and (trace in self.texts or self._traces_bytes < TRACES_BYTES):
            self._traces_bytes += 0 if trace in self.texts else len(trace)
            more["traceback"] = self._text(trace)
        return more

    def _note_details(self, runid: str, name: str, record: Mapping[str, Any]) -> None:
        """Keep figures and the rest of a record, unless all of them are too much."""
        if self._details is None:
            return
        found = {key: record[key] for key in DETAILS if record.get(key) not in (None, "")}
        if record.get("metrics") and not scenario_of(name):
            metrics = record["metrics"].items()
            found["metrics"] = {key: _short(value) for key, value in metrics if key not in OMITTED}
        versions = [
            f"{program} {number}" if program == "weppbatch" else number
            for program, number in (record.get("versions") or {}).items()
            if number
        ]
        if versions:
            found["versions"] = self._text(" · ".join(versions))
        outputs = record.get("outputs")
        if outputs:
            found["outputs"] = [len(outputs), sum(entry["bytes"] for entry in outputs)]
        self._details[runid, name] = found
        self._details_bytes += len(json.dumps(found))
        if self._details_bytes > DETAILS_BYTES:
            self._details = None

    def _packed(self, runid: str, task: str, entry: list[Any], start: float | None) -> Any:
        """A row with moments after the start and nothing at its end; of a state alone, its number."""
        row = list(entry)
        if len(row) > KEYS.index("finished_s") and start is not None:
            for at in (KEYS.index("started_s"), KEYS.index("finished_s")):
                moment = _moment(row[at])
                row[at] = None if moment is None else _rounded(moment - start, 1)
        details = (self._details or {}).get((runid, task))
        if details:
            row[-1] = (row[-1] or {}) | details
        while row and row[-1] is None:
            row.pop()
        return row[0] if len(row) == 1 else row

    def _text(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))


def _moment(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


def _rounded(value: float | None, digits: int) -> float | int | None:
    """With so many decimals at most; whole numbers without any."""
    if value is None:
        return None
    rounded = round(value, digits)
    return int(rounded) if rounded == int(rounded) else rounded


def _short(value: Any) -> Any:
    """A figure with at most six digits that count, also within lists and mappings."""
    if isinstance(value, float):
        return _rounded(float(f"{value:.6g}"), 12)
    if isinstance(value, Mapping):
        return {key: _short(one) for key, one in value.items()}
    return [_short(one) for one in value] if isinstance(value, list | tuple) else value
