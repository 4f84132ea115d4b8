"""How the settings of cloned runs differ from those of `_base`, control by control.

Takes the checksums that the state keeps, and takes a run's anew only when its files changed since; says which
controls differ, not how (see push). Results never count: only settings do.
"""

import os
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

from weppbatch.nodb.controls import CONTROLS
from weppbatch.nodb.workspace import base_hashes
from weppbatch.tasks import graph

Hashes = dict[str, dict[str, Any]]


def cloned(batch: Path, runids: Iterable[str]) -> list[str]:
    """Those of the runs that have settings of their own."""
    return [runid for runid in runids if (batch / graph.sentinel(runid, "clone")).exists()]


def control_hashes(batch: Path, runids: Iterable[str], known: Hashes) -> Hashes:
    """The SHA-256 of every control's settings: `base`, `runs` by run id, and `stamps`, what each run's files were.

    known: what this gave before; a run whose stamp is the same is not read again.
    """
    runs, stamps = {}, {}
    for runid in cloned(batch, runids):
        folder = batch / "runs" / runid
        stamps[runid] = _stamp(folder)
        same = known.get("stamps", {}).get(runid) == stamps[runid] and runid in known.get("runs", {})
        runs[runid] = known["runs"][runid] if same else base_hashes(folder)
    return {"base": base_hashes(batch / "_base"), "runs": runs, "stamps": stamps}


def drift(hashes: Hashes) -> dict[str, list[str]]:
    """By run id, the controls whose settings are not those of `_base`; runs that don't differ are left out."""
    base = hashes["base"]
    found = {
        runid: [name for name in CONTROLS if own.get(name) != base.get(name)]
        for runid, own in hashes["runs"].items()
    }
    return {runid: names for runid, names in found.items() if names}


def _stamp(folder: Path) -> str:
    """Size and time of change of a run's control files, as one short text."""
    seen = [(name, _seen(f"{folder}/{kind.filename}")) for name, kind in CONTROLS.items()]
    return blake2b(repr(seen).encode(), digest_size=8).hexdigest()


def _seen(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path costs more than the look
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns
