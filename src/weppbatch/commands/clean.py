"""`weppbatch clean`: what is of no more use in a batch, listed, and removed on request."""

import sys
from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.clean import KINDS, Leftover, leftovers
from weppbatch.batch.clean import remove as remove_leftovers
from weppbatch.batch.root import batch_folder
from weppbatch.commands.arguments import Name, Reason
from weppbatch.commands.console import say, say_json, say_table
from weppbatch.errors import InputError


def clean(
    name: Name,
    vanished: Annotated[
        bool, typer.Option("--vanished", help="runs (and logs) whose watershed is no longer in the GeoJSON")
    ] = False,
    excluded: Annotated[bool, typer.Option("--excluded", help="runs (and logs) that were excluded")] = False,
    scratch: Annotated[
        bool, typer.Option("--scratch", help="what killed and failed tasks had begun, and unfinished files")
    ] = False,
    scenarios: Annotated[
        bool, typer.Option("--scenarios", help="what scenarios had made that runs have no more")
    ] = False,
    resources: Annotated[bool, typer.Option("--resources", help="uploads that nothing names any more")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="don't ask")] = False,
    reason: Reason = "",
    as_json: Annotated[bool, typer.Option("--json", help="list for machines; removes nothing")] = False,
) -> None:
    """List what is of no more use; remove of it what you name.

    Without an option it only lists. What is removed is listed first, and you are asked.

    \b
    Examples: weppbatch clean myfire
              weppbatch clean myfire --vanished --scratch --reason "the new boundaries are final"
    """
    folder = batch_folder(name).resolve()
    asked = {"vanished": vanished, "excluded": excluded, "scratch": scratch, "resources": resources}
    asked["scenarios"] = scenarios
    kinds = [kind for kind in KINDS if asked[kind]]
    if kinds and not as_json:
        require_enabled()
        require_admin()
    found = [one for one in leftovers(folder) if not kinds or one.kind in kinds]
    if as_json:
        say_json([vars(one) | {"path": str(one.path.relative_to(folder))} for one in found])
        return
    if not found:
        say("Nothing to remove.")
        return
    say_table(
        ["option", "what", "MB", "why"],
        [(f"--{one.kind}", one.path.relative_to(folder), f"{one.bytes / 1e6:.2f}", one.why) for one in found],
    )
    if not kinds:
        say(f"{_size(found)}. Nothing was removed; name the options whose rows you want gone.")
        return
    if not yes and not _agreed(f"Remove these {_size(found)}?"):
        say("Nothing was removed.")
        return
    say(f"Removed: {_size(remove_leftovers(folder, found, reason=reason))}.")


def _size(found: list[Leftover]) -> str:
    return f"{len(found)} items, {sum(one.bytes for one in found) / 1e6:.2f} MB"


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise InputError("nothing was removed: nobody is there to be asked", hint="--yes removes what is listed")
    return typer.confirm(question)


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(clean)
