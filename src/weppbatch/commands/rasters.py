"""`weppbatch rasters`: maps of runs as Cloud Optimized GeoTIFFs, to hand out."""

from pathlib import Path
from typing import Annotated

import typer

from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.root import batch_folder
from weppbatch.batch.selection import run_ids
from weppbatch.commands.arguments import AsJson, Name, Runs
from weppbatch.commands.console import say, say_json
from weppbatch.errors import InputError


def rasters(
    name: Name,
    to: Annotated[Path, typer.Option("--to", help="a folder; each run gets one in it")],
    runs: Runs = "all",
    as_json: AsJson = False,
) -> None:
    """Write elevation, subcatchments and results of runs as Cloud Optimized GeoTIFFs.

    Files that are there already are replaced; the batch stays as it is.

    \b
    Example: weppbatch rasters myfire --runs smoky-creek --to maps
    """
    from weppbatch.report.rasters import write_rasters  # it loads what reads maps and tables
    from weppbatch.report.results import Features, read_result

    plan = Plan(batch_folder(name).resolve())
    ledger, features = Ledger(plan), Features(plan.folder)
    states = {runid: state.status for runid, state in ledger.runs.items()}
    chosen = run_ids(runs, plan.runner.runids, plan.runner.excluded, states)
    try:
        to.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{to} is a file", hint="name a folder") from error
    made: dict[str, list[str]] = {}
    for runid in chosen:
        made[runid] = [str(path) for path in write_rasters(read_result(ledger, features, runid), to / runid)]
    if as_json:
        say_json(made)
        return
    without = [runid for runid, paths in made.items() if not paths]
    say(f"{sum(map(len, made.values()))} maps of {len(made) - len(without)} runs in {to}")
    if without:
        named = ", ".join(without[:5]) + (f" and {len(without) - 5} more" if len(without) > 5 else "")
        say(f"Nothing to draw yet of {named}.")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(rasters)
