"""`weppbatch shard`: what a Slurm job of a submission calls. Not for users' own hands, so it is not listed."""

from pathlib import Path
from typing import Annotated

import typer

from weppbatch.batch import shard as shards
from weppbatch.batch.access import require_enabled
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.notify import recipients
from weppbatch.batch.progress import Progress
from weppbatch.batch.undertaking import Undertaking
from weppbatch.commands.console import say
from weppbatch.commands.display import Lines
from weppbatch.commands.following import Following
from weppbatch.errors import InputError
from weppbatch.report.build import build_report

LAST = "last"


def shard(
    folder: Annotated[Path, typer.Argument(help="the batch's folder")],
    execution: Annotated[str, typer.Argument(help="the submission's execution id")],
    element: Annotated[str, typer.Argument(help="an element's number, or 'last'")],
) -> None:
    """Do one element of a submission, or end it; the jobs of `weppbatch submit` call it.

    \b
    Example: weppbatch shard batches/myfire batch:myfire:20261123T101500Z 3
    """
    require_enabled()
    folder = folder.resolve()
    if element == LAST:
        ledger, code = shards.end(folder, execution)
        page = build_report(ledger)
        say(f"{execution}: {ledger.summary()}. Report: {page}")
        _tell(ledger, code, page)
    elif element.isdigit():
        lines = Lines()
        code = shards.work_on(folder, execution, int(element), lines.tell)
        say(f"{execution}, element {element}: exit code {code}")
    else:
        raise InputError(f"'{element}' is no element of a submission")
    raise typer.Exit(code)


def _tell(ledger: Ledger, code: int, page: Path) -> None:
    """Tell of the end whoever WEPPBATCH_NOTIFY names, and put it into the event log and the metrics."""
    asked = Undertaking.read(ledger.plan.folder)
    if asked is not None:
        progress = Progress(ledger.plan.folder, asked, ledger.plan.window_cells)
        progress.look()
        Following(progress, None, recipients(())).ended(code, ledger.to_json()["counts"], str(page))


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(hidden=True)(shard)
