"""What a shell completes: batches, their runs, tasks, settings. Reads names alone, and never fails.

Each function takes the word that is begun and gives the words that it may become.
"""

from collections.abc import Iterable

import typer

from weppbatch.batch.root import batch_folder, list_batches
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.selection import CHECKLIST_NOW, GROUPS, NAMEABLE
from weppbatch.errors import WeppbatchError
from weppbatch.nodb.controls import CONTROLS, setting_names
from weppbatch.nodb.workspace import base_configs
from weppbatch.tasks.graph import TASKS


def batches(incomplete: str) -> list[str]:
    """The batches in the root."""
    return _beginning(incomplete, list_batches())


def configs(incomplete: str) -> list[str]:
    """The base configurations."""
    return _beginning(incomplete, base_configs())


def run_id(ctx: typer.Context, incomplete: str) -> list[str]:
    """One run of the batch that the line names."""
    return _beginning(incomplete, _runids(ctx))


def runs(ctx: typer.Context, incomplete: str) -> list[str]:
    """What `--runs` takes; after a comma the next."""
    return _listed(incomplete, ["all", *GROUPS, *_runids(ctx)])


def run_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    """Run ids with commas between."""
    return _listed(incomplete, _runids(ctx))


def run_ids_or_doctor(ctx: typer.Context, incomplete: str) -> list[str]:
    """Run ids with commas between, or @doctor."""
    return _listed(incomplete, ["@doctor", *_runids(ctx)])


def tasks(incomplete: str) -> list[str]:
    """What `--tasks` takes; after a comma the next."""
    return _listed(incomplete, ["all", "preprocess", *NAMEABLE])


def checklist(incomplete: str) -> list[str]:
    """The tasks that can be ticked; after a comma the next."""
    return _listed(incomplete, ["all", *CHECKLIST_NOW])


def task(incomplete: str) -> list[str]:
    """One task."""
    return _beginning(incomplete, TASKS)


def control(incomplete: str) -> list[str]:
    """One control of a project."""
    return _beginning(incomplete, CONTROLS)


def controls(incomplete: str) -> list[str]:
    """Controls with commas between."""
    return _listed(incomplete, ["all", *CONTROLS])


def setting(incomplete: str) -> list[str]:
    """CONTROL.FIELD= of every setting."""
    return _beginning(incomplete, (f"{name}=" for name in setting_names()))


def _runids(ctx: typer.Context) -> list[str]:
    """The run ids of the batch on the line; none while the line names no batch that can be read."""
    name = ctx.params.get("name") or next(iter(ctx.args), "")  # left in args while an option has no value yet
    try:
        return BatchRunner.getInstance(batch_folder(name)).runids
    except (WeppbatchError, OSError):
        return []


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def _listed(incomplete: str, words: Iterable[str]) -> list[str]:
    """The words that the part after the last comma may become, with what stands before it."""
    before, comma, begun = incomplete.rpartition(",")
    taken = before.split(",")
    return [f"{before}{comma}{word}" for word in _beginning(begun, words) if word not in taken]
