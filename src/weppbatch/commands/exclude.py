"""`weppbatch exclude` and `include`: watersheds left out of a batch, and why."""

from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.root import batch_folder
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.console import say


def exclude(
    name: Annotated[str, typer.Argument(metavar="NAME", help="the batch")],
    runid: Annotated[str, typer.Argument(metavar="RUNID", help="the run id")],
    why: Annotated[str, typer.Option(help="the reason; it stands in the report")],
) -> None:
    """Leave a watershed out of what is run.

    Its results stay, and the report says why.

    Example: weppbatch exclude myfire OR-154 --why "boundary is being redrawn"
    """
    require_enabled()
    require_admin()
    batch = BatchRunner.getInstance(batch_folder(name))
    batch.exclude(runid, why)
    say(f"{runid} is excluded: {why}")


def include(
    name: Annotated[str, typer.Argument(metavar="NAME", help="the batch")],
    runid: Annotated[str, typer.Argument(metavar="RUNID", help="the run id")],
) -> None:
    """Take an excluded watershed back.

    Example: weppbatch include myfire OR-154
    """
    require_enabled()
    require_admin()
    batch = BatchRunner.getInstance(batch_folder(name))
    batch.include(runid)
    say(f"{runid} is included again")


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(exclude)
    app.command()(include)
