"""The logs of a batch: which there are, and what one execution wrote into them.

Takes a batch's folder; gives texts and paths. Nothing is derived from a log; the state of a run is the ledger's.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from weppbatch.batch.selection import unknown
from weppbatch.errors import InputProblems
from weppbatch.tasks import graph

LOGS = "logs"
# The first line that a task writes; docs/files.md has it.
_BEGINNING = re.compile(r"\S+ \S+ \S+ of \S+, attempt \d+, (?P<execution>\S+)")


def task_log(folder: Path, runid: str, task: str) -> Path:
    """The log of a task of a run."""
    return folder / LOGS / runid / f"{task}.log"


def snakemake_log(folder: Path, execution: str) -> Path:
    """Where Snakemake's own words about an execution lie, when `weppbatch run` started it."""
    return folder / LOGS / "snakemake" / f"{execution.replace(':', '_')}.log"


def runs_with_logs(folder: Path) -> list[str]:
    """The run ids that left logs, vanished ones among them; what Snakemake or a cluster wrote is no run's."""
    folders = (folder / LOGS).glob("*/")
    return sorted(path.name for path in folders if any((path / f"{task}.log").exists() for task in graph.TASKS))


def check_names(folder: Path, runids: list[str], runid: str | None, task: str | None) -> None:
    """Raise InputProblems naming an unknown run and an unknown task with the nearest."""
    known = sorted({*runids, *runs_with_logs(folder)})
    problems = [unknown(runid, known, kind="run")] if runid is not None and runid not in known else []
    if task is not None and not graph.is_task(task):
        problems.append(unknown(task, graph.TASKS))
    if problems:
        raise InputProblems("no such log:", problems)


def texts(
    folder: Path, runid: str, task: str | None = None, execution: str | None = None
) -> Iterator[tuple[str, str]]:
    """The logs of a run, task by task, as path and text; of one execution only what that wrote."""
    for name in _tasks_with_logs(folder, runid) if task is None else (task,):
        path = task_log(folder, runid, name)
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            continue
        if execution is not None:
            text = _written_by(execution, text)
        if text:
            yield str(path.relative_to(folder)), text


def _tasks_with_logs(folder: Path, runid: str) -> tuple[str, ...]:
    """The tasks of a run that may have left a log, those of scenarios that it has no more among them."""
    scenarios = (path.name.removesuffix(".log") for path in (folder / LOGS / runid).glob(f"{graph.SUMMARY}.*.log"))
    return graph.ordered([*graph.TASKS, *scenarios])


def _written_by(execution: str, text: str) -> str:
    """The parts of a task's log that one execution wrote."""
    chosen, inside = [], False
    for line in text.splitlines(keepends=True):
        beginning = _BEGINNING.match(line)
        if beginning:
            inside = beginning["execution"] == execution
        if inside:
            chosen.append(line)
    return "".join(chosen)
