"""What was asked of a batch, compared with what is on disk: every proof, every file's presence and size, and its
checksum where that is wanted.

It reads the records and looks at the files itself; of the ledger it takes only what is asked and what is stale. It
changes nothing.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weppbatch.batch.ledger import Ledger
from weppbatch.errors import InputError
from weppbatch.files import read_json, sha256_of_file
from weppbatch.lock import Lock
from weppbatch.tasks import graph
from weppbatch.tasks.record import TaskFiles, read_record

# What a finding can be, in words; the first of a task's is the one that it is counted as.
KINDS = {
    "failed": "failed",
    "running": "still running",
    "interrupted": "interrupted",
    "missing": "never done",
    "stale": "stale",
    "unreadable": "with a proof that can't be read",
    "lost": "with a lost file",
    "size": "with a file of another size",
    "checksum": "with a file of another content",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be."""

    runid: str
    task: str
    kind: str
    detail: str


@dataclass
class Audit:
    """What an audit looked at, and what it found."""

    deep: bool
    runs: int = 0
    tasks: int = 0
    files: int = 0
    bytes: int = 0
    findings: list[Finding] = field(default_factory=list)

    def summary(self) -> str:
        """What was found, in words."""
        how = "presence, size and checksum" if self.deep else "presence and size"
        looked = f"{self.runs} runs, {self.tasks} tasks, {self.files} files, {self.bytes / 1e6:.0f} MB"
        if not self.findings:
            return f"Audit: {looked}: all there ({how})"
        first = {(one.runid, one.task): one.kind for one in reversed(self.findings)}
        counts = Counter(first.values())
        words = ", ".join(f"{counts[kind]} {text}" for kind, text in KINDS.items() if kind in counts)
        runs = len({one.runid for one in self.findings})
        return f"Audit: {looked} ({how}): in {runs} runs tasks are {words}"

    def exit_code(self, *, interrupted: bool = False) -> int:
        """0 all is there, 5 interrupted, 1 some runs failed, 3 something is not there though nothing failed."""
        kinds = {one.kind for one in self.findings}
        if not kinds:
            return 0
        if interrupted or "interrupted" in kinds:
            return 5
        return 1 if "failed" in kinds else 3

    def to_json(self) -> dict[str, Any]:
        """The audit as `audit --json` gives it."""
        return vars(self) | {"findings": [vars(one) for one in self.findings]}


def audit(
    ledger: Ledger,
    runids: Collection[str] | None = None,
    tasks: Collection[str] | None = None,
    *,
    deep: bool = False,
) -> Audit:
    """Compare what is asked of these runs (by default all that aren't excluded) with what is on disk.

    tasks: by default the checklist with what it rests on. deep: read every file and compare its checksum.
    """
    chosen = [runid for runid in (ledger.plan.runids if runids is None else runids) if runid in ledger.runs]
    asked = ledger.plan.tasks if tasks is None else tuple(tasks)

    def look(runid: str) -> Audit:
        return _audit_run(ledger, runid, graph.chain_with(ledger.runs[runid].tasks).within(asked), deep)

    with ThreadPoolExecutor() as pool:
        parts = list(pool.map(look, chosen))
    whole = Audit(deep, runs=len(chosen))
    for part in parts:
        whole.tasks += part.tasks
        whole.files += part.files
        whole.bytes += part.bytes
        whole.findings += part.findings
    return whole


def _audit_run(ledger: Ledger, runid: str, tasks: Collection[str], deep: bool) -> Audit:
    part = Audit(deep)
    taken = _taken(ledger, runid)
    for task in tasks:
        part.tasks += 1
        files = ledger.plan.task_files(runid, task)
        problem = _proof_problem(files, runid)
        if problem:
            part.findings.append(Finding(runid, task, *problem))
            continue
        record = read_json(files.sentinel)
        state = ledger.runs[runid].tasks.get(task)
        if state is not None and state.status == "stale":
            part.findings.append(Finding(runid, task, "stale", state.reason))
        unrecorded = set(graph.spec_of(task).declared) - {entry["path"] for entry in record["outputs"]}
        part.findings += [
            Finding(runid, task, "unreadable", f"the proof does not speak of {name}") for name in sorted(unrecorded)
        ]
        part.files += len(record["outputs"])
        part.bytes += sum(entry["bytes"] for entry in record["outputs"])
        part.findings += [Finding(runid, task, *wrong) for wrong in _file_problems(files.wd, record, taken, deep)]
    return part


def _taken(ledger: Ledger, runid: str) -> set[tuple[str, str]]:
    """Path and checksum of every file that a task of a run records as read."""
    tasks = graph.chain_with(ledger.runs[runid].tasks).tasks
    records = (read_record(ledger.plan.task_files(runid, task).sentinel) for task in tasks)
    return {(entry["path"], entry["sha256"]) for record in records if record for entry in record.get("inputs", [])}


def _proof_problem(files: TaskFiles, runid: str) -> tuple[str, str] | None:
    """Why a task has no proof of success, as kind and detail."""
    if files.running.exists():
        held = Lock(files.lock).is_held()
        return ("running", "a process is at it") if held else ("interrupted", "it was killed while it ran")
    failure = read_record(files.failed)
    if failure is not None:
        kind = "interrupted" if failure["category"] == "interrupted" else "failed"
        return kind, str(failure["message"])
    try:
        record = read_json(files.sentinel)
    except FileNotFoundError:
        return "missing", "there is no proof that it was done"
    except InputError as error:
        return "unreadable", error.message
    if not isinstance(record, dict) or (record.get("runid"), record.get("task")) != (runid, files.task):
        return "unreadable", f"{files.sentinel} is not the proof of this task of this run"
    return None


def _file_problems(
    wd: Path, record: dict[str, Any], taken: Collection[tuple[str, str]], deep: bool
) -> Iterator[tuple[str, str]]:
    """What is wrong with the files that a proof records, as kind and detail.

    taken: path and checksum of what other tasks of the run read. What somebody changed by hand and a later task
    took as it is now is right.
    """
    for entry in record["outputs"]:
        path = wd / entry["path"]
        try:
            found = path.stat().st_size
        except FileNotFoundError:
            yield "lost", f"{entry['path']} is lost"
            continue
        if entry["path"] in graph.CONTROL_FILES:  # the user's, to change at any time
            continue
        if found == entry["bytes"] and not deep:
            continue
        now = sha256_of_file(path)
        if now == entry["sha256"] or (entry["path"], now) in taken:
            continue
        if found != entry["bytes"]:
            yield "size", f"{entry['path']} has {found} bytes, not {entry['bytes']}"
        else:
            yield "checksum", f"{entry['path']} was changed since {record['finished_at']}"
