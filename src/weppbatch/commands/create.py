"""`weppbatch configs`, `create` and `list`: what a batch can start from, a new one, and those that are there."""

from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.root import batch_folder, batches_root, create_batch, list_batches
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands import completing
from weppbatch.commands.arguments import AsJson, Reason
from weppbatch.commands.console import say, say_json, say_table
from weppbatch.errors import InputError, InputProblems
from weppbatch.nodb.workspace import base_configs

DEFAULT_CONFIG = "disturbed9002_wbt"


def configs(as_json: AsJson = False) -> None:
    """List the base configurations to start from.

    \b
    Example: weppbatch configs
    """
    found = {name: config["description"] for name, config in base_configs().items()}
    if as_json:
        say_json([{"config": name, "description": text} for name, text in found.items()])
        return
    say_table(["config", "what it is"], list(found.items()))


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="lowercase letters, digits, - and _; a letter first")],
    config: Annotated[
        str, typer.Option(help="the base configuration; see weppbatch configs", autocompletion=completing.configs)
    ] = DEFAULT_CONFIG,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Make a batch with its base project.

    \b
    Example: weppbatch create myfire --config disturbed9002_wbt
    """
    require_enabled()
    require_admin()
    batch = create_batch(name, config, reason=reason)
    if as_json:
        say_json({"batch": name, "folder": batch.wd, "config": config})
        return
    say(f"Created {batch.wd} from {config}.")
    say(f"Next: weppbatch add {name} watersheds FILE.geojson")


def list_all(as_json: AsJson = False) -> None:
    """List the batches.

    \b
    Example: weppbatch list
    """
    rows, problems = [], []
    for name in list_batches():
        try:
            rows.append(_row(BatchRunner.getInstance(batch_folder(name))))
        except InputError as error:
            problems.append(f"{name}: {error}")
    if as_json:
        say_json(rows)
    elif rows or problems:
        say_table(["batch", "config", "watersheds", "run ids", "made", "by"], [list(row.values()) for row in rows])
    else:
        say(f"There is no batch in {batches_root()}; make one with: weppbatch create NAME")
    if problems:
        raise InputProblems("these batches can't be read:", problems)


def _row(batch: BatchRunner) -> dict[str, object]:
    watersheds = batch.resources.get("watershed_geojson") or {}
    return {
        "batch": batch.folder_name,
        "config": batch.base_config,
        "watersheds": watersheds.get("feature_count", 0),
        "run_ids": batch.validation_state,
        "created_at": batch.created_at,
        "created_by": batch.created_by,
    }


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(configs)
    app.command()(create)
    app.command("list")(list_all)
