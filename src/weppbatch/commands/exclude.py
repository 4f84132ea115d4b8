"""`weppbatch exclude` and `include`: watersheds left out of a batch, and why."""

from pathlib import Path
from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.root import batch_folder
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.console import say

BY_THE_DOCTOR = "@doctor"


def exclude(
    name: Annotated[str, typer.Argument(metavar="NAME", help="the batch")],
    runids: Annotated[
        str,
        typer.Argument(metavar="RUNIDS", help="run ids with commas between, or @doctor: all that it finds wrong"),
    ],
    why: Annotated[
        str, typer.Option(help="the reason; it stands in the report. @doctor: by default what is wrong")
    ] = "",
) -> None:
    """Leave watersheds out of what is run.

    Their results stay, and the report says why.

    \b
    Examples: weppbatch exclude myfire OR-154,OR-155 --why "boundary is being redrawn"
              weppbatch exclude myfire @doctor
    """
    require_enabled()
    require_admin()
    batch = BatchRunner.getInstance(batch_folder(name))
    whys = _found_wrong(batch, why) if runids.strip() == BY_THE_DOCTOR else dict.fromkeys(_words(runids), why)
    batch.exclude_all(whys)
    for runid, reason in whys.items():
        say(f"{runid} is excluded: {reason}")
    if not whys:
        say("No watershed has an error of its own.")


def include(
    name: Annotated[str, typer.Argument(metavar="NAME", help="the batch")],
    runids: Annotated[str, typer.Argument(metavar="RUNIDS", help="run ids with commas between")],
) -> None:
    """Take excluded watersheds back.

    Example: weppbatch include myfire OR-154,OR-155
    """
    require_enabled()
    require_admin()
    batch = BatchRunner.getInstance(batch_folder(name))
    with batch.locked():  # all or none
        for runid in _words(runids):
            batch.include(runid)
    for runid in _words(runids):
        say(f"{runid} is included again")


def _words(text: str) -> list[str]:
    """The run ids of a text, each once; a text without any is one that there is not."""
    return list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip())) or [text]


def _found_wrong(batch: BatchRunner, why: str) -> dict[str, str]:
    """The runs that have errors of their own, each with the reason."""
    from weppbatch.batch.doctor import examine  # it loads what reads maps and tables
    from weppbatch.batch.findings import concerned

    return {runid: why or wrong for runid, wrong in concerned(examine(Path(batch.wd))).items()}


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(exclude)
    app.command()(include)
