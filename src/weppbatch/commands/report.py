"""`weppbatch report`: the tables and the page of a batch, from whatever is done."""

from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.ledger import fold
from weppbatch.batch.root import batch_folder
from weppbatch.report.build import build_report


def report(name: Annotated[str, typer.Argument(help="the batch")]) -> None:
    """Write the report and its tables from whatever is done.

    Example: weppbatch report myfire
    """
    require_enabled()
    require_admin()
    typer.echo(build_report(fold(batch_folder(name).resolve())))


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(report)
