"""`weppbatch tasks`: the checklist of what is done for every watershed."""

from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.root import batch_folder
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands import completing
from weppbatch.commands.arguments import AsJson, Name, Reason
from weppbatch.commands.console import say_json, say_table
from weppbatch.errors import InputProblems
from weppbatch.tasks import graph


def tasks(
    name: Name,
    on: Annotated[
        str,
        typer.Option(metavar="TASKS", help="tasks to do, with commas; or all", autocompletion=completing.checklist),
    ] = "",
    off: Annotated[
        str,
        typer.Option(metavar="TASKS", help="tasks to leave; or all", autocompletion=completing.checklist),
    ] = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Show or change the checklist of tasks.

    What a chosen task rests on is done too.

    \b
    Example: weppbatch tasks myfire --off watar,omni
    """
    batch = BatchRunner.getInstance(batch_folder(name))
    if on or off:
        require_enabled()
        require_admin()
        batch.update_tasks(_changes(_names(on), _names(off)), reason=reason)
    shown = dict.fromkeys((*batch.selected_tasks, *graph.CHECKLIST))
    rows = [_row(task, batch.selected_tasks.get(task, False)) for task in shown]
    if as_json:
        say_json(rows)
        return
    say_table(
        ["task", "", "what it is", "rests on"],
        [(row["task"], "on" if row["on"] else "off", row["label"], row["rests_on"]) for row in rows],
    )


def _row(task: str, chosen: bool) -> dict[str, object]:
    spec = graph.TASKS.get(task)
    return {
        "task": task,
        "on": chosen,
        "available": spec is not None,
        "label": spec.label if spec else "not in this version yet",
        "rests_on": ", ".join(spec.after) if spec else "",
    }


def _changes(on: list[str], off: list[str]) -> dict[str, bool]:
    both = [f"{task} is given with --on and with --off" for task in on if task in off]
    if both:
        raise InputProblems("the checklist was not changed:", both)
    return dict.fromkeys(on, True) | dict.fromkeys(off, False)


def _names(text: str) -> list[str]:
    if text.strip() == "all":
        return list(graph.CHECKLIST)
    return [name.strip() for name in text.split(",") if name.strip()]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(tasks)
