"""`weppbatch cancel`: stopping what runs, from another terminal or another host."""

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.cancel import cancel as cancel_runs
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.root import batch_or_execution
from weppbatch.commands.arguments import NameOrExecution, Reason
from weppbatch.commands.console import say


def cancel(
    name: NameOrExecution,
    reason: Reason = "",
) -> None:
    """Stop a running batch and wait until nothing of it runs any more.

    What is done stays; the next run goes on from there. Works from any host that shares the folder.

    \b
    Example: weppbatch cancel myfire --reason "wrong soils"
    """
    require_enabled()
    require_admin()
    folder, execution = batch_or_execution(name)
    folder = folder.resolve()
    if not cancel_runs(folder, execution, reason=reason, tell=say):
        say("Nothing runs.")
        return
    say(f"Stopped: {Ledger(Plan(folder)).summary()}. weppbatch run {folder.name} goes on from here.")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(cancel)
