"""`weppbatch status`: what state every run is in, as the files show it now."""

from typing import Annotated

import typer

from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.root import batch_folder
from weppbatch.commands.console import say, say_json, say_table
from weppbatch.tasks import graph


def status(
    name: Annotated[str, typer.Argument(help="the batch")],
    as_json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Show the state of every run and task.

    Example: weppbatch status myfire --json
    """
    ledger = Ledger(Plan(batch_folder(name).resolve()))
    ledger.remember()
    if as_json:
        say_json(ledger.to_json())
        return
    rows = []
    for runid, state in ledger.runs.items():
        tasks = [state.tasks[task].status if task in state.tasks else "" for task in graph.TASKS]
        rows.append([runid, state.status, *tasks, state.reason])
    say_table(["run", "state", *graph.TASKS, "why"], rows)
    say(f"{ledger.to_json()['execution'] or 'never run'}: {ledger.summary()}")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(status)
