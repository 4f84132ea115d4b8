"""Brings the settings of `_base` to runs that are cloned already.

What differs is found first, and named; a task is then stale exactly when one of its own settings changed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weppbatch.batch import hold
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.selection import startable, unknown
from weppbatch.errors import InputProblems
from weppbatch.nodb.controls import CONTROLS, load
from weppbatch.tasks import graph


@dataclass(frozen=True)
class Difference:
    """One setting of one run that is not what `_base` says."""

    runid: str
    control: str
    field: str
    run_value: Any
    base_value: Any


def differences(
    folder: Path, runids: Collection[str] | None = None, controls: Collection[str] | None = None
) -> list[Difference]:
    """How the cloned runs differ from `_base`; by default all runs that aren't excluded and all controls.

    Raises InputProblems naming every unknown run and control with the nearest.
    """
    names = list(controls or CONTROLS)
    problems = [unknown(name, CONTROLS, kind="control") for name in names if name not in CONTROLS]
    if problems:
        raise InputProblems("can't push:", problems)
    runner = BatchRunner.getInstance(folder)
    chosen = startable(runner.template_validation.get("runs", []), runner.excluded, runids)
    base = {name: load(folder / "_base", name).settings() for name in names}
    found = []
    for runid in sorted(chosen):
        if (folder / graph.sentinel(runid, "clone")).exists():
            for name in names:
                own = load(folder / "runs" / runid, name).settings()
                found += [
                    Difference(runid, name, field, own[field], value)
                    for field, value in base[name].items()
                    if own[field] != value
                ]
    return found


def push(folder: Path, found: Sequence[Difference], *, reason: str = "") -> None:
    """Write the differences into the runs' controls, and an event into the history.

    Raises BatchBusy while another process works on the batch.
    """
    with hold.having(folder, "push"):
        for runid, name in sorted({(one.runid, one.control) for one in found}):
            changed = {one.field: one.base_value for one in found if (one.runid, one.control) == (runid, name)}
            with load(folder / "runs" / runid, name).locked() as control:
                control.adopt(type(control).model_validate(control.model_dump() | changed))
        with BatchRunner.getInstance(folder).locked() as runner:
            runner.add_history(
                "pushed",
                reason=reason,
                payload=[[one.runid, one.control, one.field, one.base_value] for one in found],
                runs=sorted({one.runid for one in found}),
                settings=sorted({f"{one.control}.{one.field}" for one in found}),
            )
            runner.record_control_hashes()
