"""`weppbatch report`: the tables and pages of a batch, from whatever is done."""

from pathlib import Path
from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.ledger import fold
from weppbatch.batch.plan import Plan
from weppbatch.batch.root import batch_folder
from weppbatch.batch.selection import run_ids
from weppbatch.commands import completing
from weppbatch.commands.arguments import AsJson, Name
from weppbatch.commands.console import say, say_json


def report(
    name: Name,
    runs: Annotated[
        str | None,
        typer.Option(
            metavar="RUNS",
            help="a page for each of these: all, run ids, 0:10, @failed, @stale, @missing",
            autocompletion=completing.runs,
        ),
    ] = None,
    snakemake: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Snakemake's own report too, as .zip or .html")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the report and its tables from whatever is done.

    With --runs, also a page of its own for each run that is named; those that there are already are made anew
    whenever their run changed.

    \b
    Examples: weppbatch report myfire
              weppbatch report myfire --runs all
              weppbatch report myfire --snakemake report.zip
    """
    from weppbatch.report.build import build_report  # all that draws is heavy
    from weppbatch.report.run_pages import write_run_pages
    from weppbatch.report.snakemake_report import check_target, write_snakemake_report

    require_enabled()
    require_admin()
    if snakemake is not None:
        check_target(snakemake)
    folder = batch_folder(name).resolve()
    if runs is not None:
        runner = Plan(folder).runner
        run_ids(runs, runner.runids, runner.excluded)  # says what is wrong before anything is made
    ledger = fold(folder)
    pages = []
    if runs is not None:
        plan, states = ledger.plan, {runid: state.status for runid, state in ledger.runs.items()}
        pages = write_run_pages(ledger, run_ids(runs, plan.runner.runids, plan.runner.excluded, states))
        if not as_json:
            say(f"{len(pages)} {'page' if len(pages) == 1 else 'pages'} of runs: {folder / 'report' / 'runs'}")
    page = build_report(ledger)
    if not as_json:
        typer.echo(page)
    if snakemake is not None:
        told = write_snakemake_report(ledger, snakemake)
        if not as_json:
            say(f"{snakemake}: Snakemake's report, with the tasks of {told} runs")
    if as_json:
        say_json({"report": str(page), "pages": [str(one) for one in pages], "snakemake": snakemake})


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(report)
