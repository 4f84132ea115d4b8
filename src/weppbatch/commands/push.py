"""`weppbatch push`: the base project's settings, to runs that are cloned already."""

from itertools import groupby
from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.push import Difference, differences
from weppbatch.batch.push import push as push_to_runs
from weppbatch.batch.root import batch_folder
from weppbatch.batch.work import chosen_runs
from weppbatch.commands import completing
from weppbatch.commands.arguments import AsJson, Name, Reason, Runs
from weppbatch.commands.console import say, say_json, say_table

NAMED = 3  # run ids that are written out


def push(
    name: Name,
    runs: Runs = "all",
    controls: Annotated[
        str,
        typer.Option(
            metavar="CONTROLS", help="all, or controls with commas between", autocompletion=completing.controls
        ),
    ] = "all",
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="only show the differences")] = False,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Bring changed settings of the base project to runs that are cloned already.

    \b
    Example: weppbatch push myfire --controls landuse,soils --reason "new maps"
    """
    folder = batch_folder(name).resolve()
    if not dry_run:
        require_enabled()
        require_admin()
    found = differences(folder, chosen_runs(folder, runs), _names(controls))
    if as_json:
        if found and not dry_run:
            push_to_runs(folder, found, reason=reason)
        say_json({"pushed": not dry_run, "differences": [vars(one) for one in found]})
        return
    if not found:
        say("Nothing to push: the runs' settings are those of the base project.")
        return
    rows = []
    for change, group in groupby(sorted(found, key=_change), _change):
        runids = [one.runid for one in group]
        rows.append((*change, f"{len(runids)} runs" if len(runids) > NAMED else ", ".join(runids)))
    say_table(["setting", "in the run", "in the base project", "runs"], rows)
    if not dry_run:
        push_to_runs(folder, found, reason=reason)
        say(f"Pushed to {len({one.runid for one in found})} runs. Next: weppbatch run {name} -n")


def _change(one: Difference) -> tuple[str, str, str]:
    return f"{one.control}.{one.field}", str(one.run_value), str(one.base_value)


def _names(text: str) -> list[str] | None:
    return None if text == "all" else [name.strip() for name in text.split(",") if name.strip()]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(push)
