"""`weppbatch export`: a run as the text files of WEPP itself."""

from pathlib import Path
from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.root import batch_folder
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.console import say
from weppbatch.engines.case import CLIMATE, TABLES, read_watershed
from weppbatch.engines.export import export_watershed
from weppbatch.errors import InputError

FOLDER = "wepp/runs"


def export(
    name: Annotated[str, typer.Argument(help="the batch")],
    runid: Annotated[str, typer.Argument(help="the run")],
    to: Annotated[Path | None, typer.Option("--to", help="a folder in place of the run's wepp/runs")] = None,
) -> None:
    """Write a run's hillslopes as WEPP's own files: .slp .sol .man .cli .run.

    Example: weppbatch export myfire beech-fork
    """
    require_enabled()
    require_admin()
    batch = batch_folder(name).resolve()
    BatchRunner.getInstance(batch).run_entry(runid)
    wd = batch / "runs" / runid
    missing = [file for file in (*TABLES, CLIMATE) if not (wd / file).exists()]
    if missing:
        raise InputError(
            f"run {runid} has no {', '.join(missing)} yet",
            hint=f"run its land use, soils and climate first: weppbatch run {name}",
        )
    if to is not None and to.exists() and any(to.iterdir()):
        raise InputError(f"{to} is not empty", hint="name a folder that isn't there yet")
    count = export_watershed(read_watershed(runid, wd.joinpath), (to or wd / FOLDER).absolute())
    say(f"{count} files in {to or wd / FOLDER}")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(export)
