"""`weppbatch export`: a run as the text files of WEPP itself."""

from pathlib import Path
from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.root import batch_folder
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.arguments import AsJson, Name, RunId
from weppbatch.commands.console import say, say_json
from weppbatch.errors import InputError
from weppbatch.nodb.wepp import Wepp
from weppbatch.tasks import graph

FOLDER = "wepp/runs"
OTHER_FOLDER = "name a folder that isn't there yet"
EXPORTED = {*graph.TASKS["wepp"].after, "watershed", "wepp"}
NOT_OF_TODAY = ("stale", "failed", "interrupted", "running")


def export(
    name: Name,
    runid: RunId,
    to: Annotated[Path | None, typer.Option("--to", help="a folder in place of the run's wepp/runs")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a run as WEPP's own files: .slp .sol .man .cli .run of hillslopes, pw0.* of the channels.

    \b
    Example: weppbatch export myfire smoky-creek
    """
    from weppbatch.engines.case import CLIMATE, TABLES, read_watershed  # it loads what reads maps and tables
    from weppbatch.engines.export import export_watershed
    from weppbatch.engines.wepp_settings import settings_of

    require_enabled()
    require_admin()
    batch = batch_folder(name).resolve()
    runner = BatchRunner.getInstance(batch)
    runner.run_entry(runid)
    wd = batch / "runs" / runid
    missing = [file for file in (*TABLES, CLIMATE) if not (wd / file).exists()]
    if missing:
        raise InputError(
            f"run {runid} has no {', '.join(missing)} yet",
            hint=f"run its land use, soils and climate first: weppbatch run {name}",
        )
    if to is not None and to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise InputError(f"{to} is {'not empty' if to.is_dir() else 'a file'}", hint=OTHER_FOLDER)
    folder, watershed = to or wd / FOLDER, read_watershed(runid, wd.joinpath)
    settings = settings_of(Wepp.getInstance(wd))
    try:
        count = export_watershed(watershed, folder.absolute(), settings)
    except (NotADirectoryError, FileExistsError, PermissionError) as error:
        raise InputError(f"{folder} can't be written: {error.strerror}", hint=OTHER_FOLDER) from error
    warnings = [
        f"{beyond} in a WEPP of the usual build (wepp.wepp_max_hillslopes, wepp_max_channels)"
        for beyond in settings.limits(watershed)
    ] + [
        f"the run is exported as it is, but {why}; weppbatch run {name} brings it up to date"
        for why in _not_of_today(runner, runid)
    ]
    if as_json:
        say_json({"runid": runid, "folder": str(folder), "files": count, "warnings": warnings})
        return
    say(f"{count} files in {folder}")
    for warning in warnings:
        say(f"warning: {warning}")


def _not_of_today(runner: BatchRunner, runid: str) -> list[str]:
    """Why WEPP's inputs or results of a run are not those that its settings ask for now, at most one reason."""
    from weppbatch.report.results import WHY_OUTDATED, outdated

    if runner.validation_state != "valid":
        return [f"the batch's run ids are {runner.validation_state}"]
    plan = Plan(Path(runner.wd))
    state = Ledger(plan, [runid]).runs[runid]
    old = [
        f"results of {graph.TASKS[task].label} are old: {WHY_OUTDATED}"
        for task in outdated(plan.folder / "runs" / runid, state)
    ]
    tasks = (found for task, found in state.tasks.items() if task in EXPORTED)
    return [*(found.reason for found in tasks if found.status in NOT_OF_TODAY), *old][:1]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(export)
