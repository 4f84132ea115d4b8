"""`weppbatch task`: one task of one run, as a rule calls it; listed here so that the help shows it."""

from typing import Annotated

import typer

from weppbatch.batch.access import require_permission
from weppbatch.tasks.entry import main


def task(
    arguments: Annotated[list[str], typer.Argument(metavar="TASK --run RUNID [--batch FOLDER]")],
) -> None:
    """Do one task of one run by hand, to watch it fail.

    \b
    Example: weppbatch task outlet --run bruce-creek --batch batches/myfire
    """
    raise typer.Exit(main(arguments, require_permission))


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(context_settings={"ignore_unknown_options": True})(task)
