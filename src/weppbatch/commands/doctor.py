"""`weppbatch doctor`: everything that can be known to go wrong before anything runs, at once."""

from collections import Counter
from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.findings import SEVERITIES, concerned, errors_of
from weppbatch.batch.root import batch_folder
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.selection import task_names
from weppbatch.batch.work import Choice
from weppbatch.commands.arguments import AsJson, Name, Runs, Tasks
from weppbatch.commands.console import say, say_json


def doctor(
    name: Name,
    runs: Runs = "all",
    tasks: Tasks = "",
    exclude: Annotated[
        bool, typer.Option("--exclude", help="leave out every watershed that has an error of its own")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what would go wrong, before anything runs.

    Settings, years, maps against watersheds, classes and soils without a row, the disk, the WEPP executable. Errors
    make tasks fail, and `run` refuses them; warnings may; notes say what is not known yet. Exit code 2 when there
    are errors.

    \b
    Example: weppbatch doctor myfire
    """
    from weppbatch.batch.doctor import examine  # it loads what reads maps and tables

    folder = batch_folder(name).resolve()
    if exclude:
        require_enabled()
        require_admin()
    found = examine(folder, Choice(runs, task_names(tasks)))
    out = concerned(found) if exclude else {}
    if out:
        BatchRunner.getInstance(folder).exclude_all(out)
    left = [finding for finding in errors_of(found) if not (out and finding.runids)]
    if as_json:
        say_json({"batch": name, "findings": [finding.to_json() for finding in found], "excluded": out})
    else:
        for finding in sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)):
            say(f"{finding.severity}: {finding.line()}")
            say(f"  {finding.remedy}")
        if out:
            say(f"Excluded: {', '.join(out)}. Take one back: weppbatch include {name} {next(iter(out))}")
        counts = Counter(finding.severity for finding in found)
        say(
            f"{counts['error']} errors, {counts['warning']} warnings."
            if counts["error"] + counts["warning"]
            else "Nothing is wrong that can be known now."
        )
    if left:
        raise typer.Exit(2)


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(doctor)
