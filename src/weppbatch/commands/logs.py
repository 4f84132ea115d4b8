"""`weppbatch logs`: what was written along the way, shown or bundled for a bug report."""

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from weppbatch.batch import logs as batch_logs
from weppbatch.batch.bundle import write_bundle
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.root import batch_or_execution
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.states import RunState
from weppbatch.commands import completing
from weppbatch.commands.arguments import NameOrExecution
from weppbatch.commands.console import say, say_json, say_table
from weppbatch.errors import InputError

TELLING = ("failed", "interrupted", "running")


def logs(
    name: NameOrExecution,
    runid: Annotated[
        str | None,
        typer.Argument(metavar="RUNID", help="a run: all its logs, task by task", autocompletion=completing.run_id),
    ] = None,
    task: Annotated[
        str | None, typer.Argument(metavar="TASK", help="one task of it", autocompletion=completing.task)
    ] = None,
    lines: Annotated[int | None, typer.Option(min=1, help="only the last lines of each log")] = None,
    as_zip: Annotated[
        bool, typer.Option("--zip", help="bundle logs, records, settings, state and versions for a bug report")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="the archive; default NAME-logs.zip, NAME-RUNID-logs.zip"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="for machines: each log with its task, state, reason and text")
    ] = False,
) -> None:
    """Show logs, or bundle them for a bug report.

    Without a run: where to look. Of an execution: only what was written in it. An archive names users and hosts;
    results and maps are not in it.

    \b
    Examples: weppbatch logs myfire
              weppbatch logs myfire bruce-creek outlet
              weppbatch logs myfire bruce-creek --zip
    """
    folder, execution = batch_or_execution(name)
    folder = folder.resolve()
    batch_logs.check_names(folder, BatchRunner.getInstance(folder).runids, runid, task)
    if as_zip or output:
        _bundle(folder, runid, execution, output, as_json=as_json)
    elif as_json:
        say_json(_for_machines(folder, runid, task, execution, lines))
    elif runid is None:
        _overview(folder, execution, lines)
    else:
        found = list(batch_logs.texts(folder, runid, task, execution))
        for path, text in found:
            if len(found) > 1:
                say(f"==> {path} <==")
            _show(text, lines)
        if not found:
            say(f"No log yet of {' '.join(filter(None, (task, 'of' if task else '', runid)))}.")


def _bundle(folder: Path, runid: str | None, execution: str | None, output: Path | None, *, as_json: bool) -> None:
    target = output or Path("-".join(filter(None, (folder.name, runid, "logs.zip"))))
    try:
        count = write_bundle(folder, target, None if runid is None else [runid], execution)
    except FileExistsError as error:
        raise InputError(f"{target} is there already", hint="remove it, or --output another") from error
    if as_json:
        say_json({"archive": str(target), "files": count, "bytes": target.stat().st_size})
        return
    say(f"{target}: {count} files, {target.stat().st_size / 1e6:.2f} MB")


def _for_machines(
    folder: Path, runid: str | None, task: str | None, execution: str | None, lines: int | None
) -> list[dict[str, object]]:
    """What `_overview` tells, or the texts of a run's logs."""
    if runid is None:
        found = (row for state in Ledger(Plan(folder)).runs.values() for row in _telling(folder, state, execution))
        return [dict(zip(("runid", "task", "state", "log", "why"), row, strict=True)) for row in found]
    texts = batch_logs.texts(folder, runid, task, execution)
    return [{"log": path, "lines": list(_last(text, lines))} for path, text in texts]


def _overview(folder: Path, execution: str | None, lines: int | None) -> None:
    """Which logs tell why something is not done; of an execution, what Snakemake said."""
    if execution is not None:
        path = batch_logs.snakemake_log(folder, execution)
        if path.exists():
            _show(path.read_text(encoding="utf-8", errors="replace"), lines)
            say(f"==> {path.relative_to(folder)} <==")
    ledger = Ledger(Plan(folder))
    rows = [row for state in ledger.runs.values() for row in _telling(folder, state, execution)]
    say_table(["run", "task", "state", "log", "why"], rows)
    say(f"{folder}/{batch_logs.LOGS}: {ledger.summary()}.")
    if execution is None:
        said = sorted((folder / batch_logs.LOGS / "snakemake").glob("*.log"))
        if said:
            say(f"Snakemake's own words of the last start: {said[-1].relative_to(folder)}")
        say(f"One run's: weppbatch logs {folder.name} RUNID [TASK]. For a bug report: --zip")


def _telling(folder: Path, state: RunState, execution: str | None) -> list[list[object]]:
    """The tasks of a run that have something to say: of an execution those that it did, else the unsuccessful."""
    rows: list[list[object]] = []
    for name, task in state.tasks.items():
        record = task.record or {}
        if (task.status in TELLING) if execution is None else record.get("execution") == execution:
            path = batch_logs.task_log(folder, state.runid, name).relative_to(folder)
            rows.append([state.runid, name, task.status, path, task.reason])
    return rows


def _show(text: str, lines: int | None) -> None:
    for line in _last(text, lines):
        say(line)


def _last(text: str, lines: int | None) -> Iterable[str]:
    return deque(text.splitlines(), lines) if lines else text.splitlines()


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(logs)
