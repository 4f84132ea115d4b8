"""`weppbatch rasters`: maps of runs as Cloud Optimized GeoTIFFs, to hand out."""

from pathlib import Path
from typing import Annotated

import typer

from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.root import batch_folder
from weppbatch.batch.selection import run_ids
from weppbatch.commands.console import say
from weppbatch.errors import InputError
from weppbatch.report.rasters import write_rasters
from weppbatch.report.results import Features, read_result


def rasters(
    name: Annotated[str, typer.Argument(help="the batch")],
    to: Annotated[Path, typer.Option("--to", help="a folder; each run gets one in it")],
    runs: Annotated[
        str, typer.Option(metavar="RUNS", help="all, run ids, 0:10, @failed, @stale or @missing; commas between")
    ] = "all",
) -> None:
    """Write elevation, subcatchments and results of runs as Cloud Optimized GeoTIFFs.

    Files that are there already are replaced; the batch stays as it is.

    Example: weppbatch rasters myfire --runs beech-fork --to maps
    """
    plan = Plan(batch_folder(name).resolve())
    ledger, features = Ledger(plan), Features(plan.folder)
    states = {runid: state.status for runid, state in ledger.runs.items()}
    chosen = run_ids(runs, plan.runner.runids, plan.runner.excluded, states)
    try:
        to.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{to} is a file", hint="name a folder") from error
    count, without = 0, []
    for runid in chosen:
        written = write_rasters(read_result(ledger, features, runid), to / runid)
        count += len(written)
        without += [] if written else [runid]
    say(f"{count} maps of {len(chosen) - len(without)} runs in {to}")
    if without:
        named = ", ".join(without[:5]) + (f" and {len(without) - 5} more" if len(without) > 5 else "")
        say(f"Nothing to draw yet of {named}.")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(rasters)
