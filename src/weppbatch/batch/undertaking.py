"""What a start set out to do, on file for whoever watches it: `.start.json` in the batch.

Written once, before the first task; how far the work has come is told by the tasks' own records (`progress`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from weppbatch.batch.ledger import BATCH_LOCK
from weppbatch.batch.plan import Plan
from weppbatch.batch.states import DONE
from weppbatch.batch.submission import unended
from weppbatch.errors import InputError
from weppbatch.files import read_json, write_json
from weppbatch.lock import Lock
from weppbatch.tasks.record import read_record

FILE = ".start.json"


@dataclass(frozen=True)
class Undertaking:
    """The tasks of one start by run id; a record written after `since_ns` is of this start."""

    execution: str
    jobs: Mapping[str, tuple[str, ...]]
    since_ns: int

    @classmethod
    def write(cls, folder: Path, execution: str, jobs: Mapping[str, Iterable[str]]) -> "Undertaking":
        """Put it on file; `since_ns` is the file system's own time, so that no two clocks are compared."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for runid, tasks in jobs.items():
            groups.setdefault(tuple(tasks), []).append(runid)
        content = [{"tasks": list(tasks), "runs": runids} for tasks, runids in groups.items()]
        write_json(folder / FILE, {"execution": execution, "jobs": content})
        return cls(execution, {runid: tuple(tasks) for runid, tasks in jobs.items()}, _written_ns(folder / FILE))

    @classmethod
    def read(cls, folder: Path) -> "Undertaking | None":
        """The last one on file, or None."""
        try:
            content = read_json(folder / FILE)
            jobs = {str(runid): tuple(group["tasks"]) for group in content["jobs"] for runid in group["runs"]}
            return cls(str(content["execution"]), jobs, _written_ns(folder / FILE))
        except (FileNotFoundError, InputError, KeyError, TypeError):
            return None


def running_execution(folder: Path) -> str | None:
    """The execution that has the batch now, on this host or another or on a cluster; None when nothing runs."""
    lock = Lock(folder / BATCH_LOCK)
    holder = lock.holder()
    if holder is not None and holder.get("execution") and lock.is_held():
        return str(holder["execution"])
    submission = unended(folder)
    return None if submission is None else submission.execution


def undertaking_of(plan: Plan, execution: str) -> Undertaking:
    """What an execution does: what it has on file, or of a plain `snakemake` all that is asked for and not done."""
    found = Undertaking.read(plan.folder)
    if found is not None and found.execution == execution:
        return found
    since_ns = _written_ns(Lock(plan.folder / BATCH_LOCK).note)
    jobs = {
        runid: tuple(task for task in plan.tasks if _is_due(plan, runid, task, since_ns)) for runid in plan.runids
    }
    return Undertaking(execution, {runid: tasks for runid, tasks in jobs.items() if tasks}, since_ns)


def _is_due(plan: Plan, runid: str, task: str, since_ns: int) -> bool:
    """Whether a task had no result when a start began, as far as its record tells."""
    sentinel = plan.task_files(runid, task).sentinel
    if not sentinel.exists() or _written_ns(sentinel) > since_ns:
        return True
    return (read_record(sentinel) or {}).get("status") not in DONE


def _written_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
