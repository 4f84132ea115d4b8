"""`weppbatch report`: the tables and the page of a batch, from whatever is done."""

from pathlib import Path
from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.ledger import fold
from weppbatch.batch.root import batch_folder
from weppbatch.commands.console import say
from weppbatch.report.build import build_report
from weppbatch.report.snakemake_report import check_target, write_snakemake_report


def report(
    name: Annotated[str, typer.Argument(help="the batch")],
    snakemake: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Snakemake's own report too, as .zip or .html")
    ] = None,
) -> None:
    """Write the report and its tables from whatever is done.

    \b
    Examples: weppbatch report myfire
              weppbatch report myfire --snakemake report.zip
    """
    require_enabled()
    require_admin()
    if snakemake is not None:
        check_target(snakemake)
    ledger = fold(batch_folder(name).resolve())
    typer.echo(build_report(ledger))
    if snakemake is not None:
        runs = write_snakemake_report(ledger, snakemake)
        say(f"{snakemake}: Snakemake's report, with the tasks of {runs} runs")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(report)
