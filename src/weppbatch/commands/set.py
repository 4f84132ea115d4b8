"""`weppbatch set` and `show`: the settings of a batch's base project."""

import json
from pathlib import Path
from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.root import batch_folder
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands import completing
from weppbatch.commands.arguments import AsJson, Name, Reason
from weppbatch.commands.console import say, say_json, say_table
from weppbatch.nodb.controls import describe, set_fields


def set_settings(
    name: Name,
    assignments: Annotated[
        list[str],
        typer.Argument(
            metavar="CONTROL.FIELD=VALUE...", help="see weppbatch show", autocompletion=completing.setting
        ),
    ],
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Change settings of the base project.

    All of them or, if one is wrong, none.

    \b
    Example: weppbatch set myfire watershed.csa_ha=5 watershed.mcl_m=60
    """
    require_enabled()
    require_admin()
    batch = BatchRunner.getInstance(batch_folder(name))
    changes = set_fields(Path(batch.wd, "_base"), assignments)
    payload = {field: {"from": old, "to": new} for field, (old, new) in changes.items()}
    batch.add_history("settings_changed", reason=reason, payload=payload, fields=list(changes))
    if as_json:
        say_json(payload)
        return
    for field, (old, new) in changes.items():
        say(f"{field}: {_shown(old)} -> {_shown(new)}" if old != new else f"{field} is {_shown(new)} already")
    if any(field.startswith("omni.") for field in changes):
        from weppbatch.batch.scenario_cost import scenario_cost  # it looks at every run

        say(scenario_cost(Path(batch.wd)))


def show(
    name: Name,
    control: Annotated[
        str | None, typer.Argument(metavar="CONTROL", help="such as watershed", autocompletion=completing.control)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the settings of the base project.

    Each with its unit and default; * marks what is not the default.

    \b
    Example: weppbatch show myfire watershed
    """
    rows = describe(batch_folder(name) / "_base", control)
    if as_json:
        say_json([row._asdict() for row in rows])
        return
    say_table(
        ["setting", "value", "", "default", "what it is"],
        [(r.field, _shown(r.value), "*" if r.changed else "", _shown(r.default), r.description) for r in rows],
    )


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command("set")(set_settings)
    app.command()(show)
