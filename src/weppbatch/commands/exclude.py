"""`weppbatch exclude` and `include`: watersheds left out of a batch, and why."""

from pathlib import Path
from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.root import batch_folder
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands import completing
from weppbatch.commands.arguments import AsJson, Name
from weppbatch.commands.console import say, say_json

BY_THE_DOCTOR = "@doctor"


def exclude(
    name: Name,
    runids: Annotated[
        str,
        typer.Argument(
            metavar="RUNIDS",
            help="run ids with commas between, or @doctor: all that it finds wrong",
            autocompletion=completing.run_ids_or_doctor,
        ),
    ],
    why: Annotated[
        str, typer.Option(help="the reason; it stands in the report. @doctor: by default what is wrong")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Leave watersheds out of what is run.

    Their results stay, and the report says why.

    \b
    Examples: weppbatch exclude myfire bruce-creek,smoky-creek --why "boundary is being redrawn"
              weppbatch exclude myfire @doctor
    """
    require_enabled()
    require_admin()
    batch = BatchRunner.getInstance(batch_folder(name))
    whys = _found_wrong(batch, why) if runids.strip() == BY_THE_DOCTOR else dict.fromkeys(_words(runids), why)
    batch.exclude_all(whys)
    if as_json:
        say_json({"excluded": whys})
        return
    for runid, reason in whys.items():
        say(f"{runid} is excluded: {reason}")
    if not whys:
        say("No watershed has an error of its own.")


def include(
    name: Name,
    runids: Annotated[
        str,
        typer.Argument(metavar="RUNIDS", help="run ids with commas between", autocompletion=completing.run_ids),
    ],
    as_json: AsJson = False,
) -> None:
    """Take excluded watersheds back.

    \b
    Example: weppbatch include myfire bruce-creek,smoky-creek
    """
    require_enabled()
    require_admin()
    batch = BatchRunner.getInstance(batch_folder(name))
    with batch.locked():  # all or none
        for runid in _words(runids):
            batch.include(runid)
    if as_json:
        say_json({"included": _words(runids)})
        return
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
