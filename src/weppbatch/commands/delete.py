"""`weppbatch delete`: a whole batch, gone for good."""

from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.clean import delete as delete_batch
from weppbatch.batch.root import batch_folder
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.arguments import Name
from weppbatch.commands.console import say
from weppbatch.errors import InputError


def delete(
    name: Name,
    confirm: Annotated[str | None, typer.Option(metavar="NAME", help="the name again, for scripts")] = None,
) -> None:
    """Delete a batch with all its runs and results. There is no way back.

    You are asked to type the name again.

    \b
    Example: weppbatch delete myfire
    """
    require_enabled()
    require_admin()
    folder = batch_folder(name)
    runner = BatchRunner.getInstance(folder)
    if confirm is None:
        say(f"{folder}: {len(runner.runids)} runs, made by {runner.created_by} on {runner.created_at[:10]}.")
        confirm = str(typer.prompt("Everything in it will be gone. Type the batch's name again to delete it"))
    if confirm.strip() != name:
        raise InputError(f"'{confirm}' is not '{name}': nothing was deleted")
    delete_batch(folder)
    say(f"{name} is deleted.")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(delete)
