"""`weppbatch audit`: whether everything that was asked for is there, and whole."""

from typing import Annotated

import typer

from weppbatch.batch.audit import audit as audit_batch
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.root import batch_folder
from weppbatch.commands.arguments import AsJson, Name
from weppbatch.commands.console import say, say_json, say_table

DAMAGE = ("unreadable", "size", "checksum")


def audit(
    name: Name,
    deep: Annotated[bool, typer.Option("--deep", help="read every file and compare its checksum, too")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare what was asked with what is on disk; exit code 1 when they differ.

    Every run does the same (without --deep) before it ends, and its exit code follows from it.

    \b
    Example: weppbatch audit myfire --deep
    """
    found = audit_batch(Ledger(Plan(batch_folder(name).resolve())), deep=deep)
    if as_json:
        say_json(found.to_json())
    else:
        say_table(
            ["run", "task", "what", "why"], [(one.runid, one.task, one.kind, one.detail) for one in found.findings]
        )
        say(f"{found.summary()}.")
        damaged = {one.runid: one.task for one in found.findings if one.kind in DAMAGE}
        if damaged:
            runid, task = next(iter(damaged.items()))
            say(f"To make such results again: weppbatch run {name} --runs {runid} --tasks {task} --force")
        elif found.findings:
            say(f"Next: weppbatch run {name}")
    if found.findings:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(audit)
