"""How the settings of cloned runs differ from those of `_base`, control by control.

Takes the checksums that the state keeps, and takes a run's anew only when its files changed since; says which
controls differ, not how (see push). Results never count: only settings do.
"""

from array import array
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from weppbatch.files import sizes_and_times
from weppbatch.nodb.controls import CONTROLS
from weppbatch.nodb.workspace import base_hashes
from weppbatch.tasks import graph

Hashes = dict[str, dict[str, Any]]


def cloned(batch: Path, runids: Iterable[str]) -> list[str]:
    """Those of the runs that have settings of their own."""
    return [runid for runid in runids if (batch / graph.sentinel(runid, "clone")).exists()]


def control_hashes(
    batch: Path, runids: Iterable[str], known: Hashes, seen: Mapping[str, str] | None = None
) -> Hashes:
    """The SHA-256 of every control's settings: `base`, `runs` by run id, and `stamps`, what each run's files were.

    known: what this gave before; a run whose stamp is the same is not read again. seen: the stamps of cloned runs
    that somebody took just now.
    """
    runs, stamps = {}, dict(seen or {})
    rest = [runid for runid in runids if runid not in stamps]
    stamps |= {runid: _stamp(batch / "runs" / runid) for runid in cloned(batch, rest)}
    for runid in stamps:
        folder = batch / "runs" / runid
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
    seen = sizes_and_times(str(folder), [kind.filename for kind in CONTROLS.values()])
    return stamp_of_controls(seen[at : at + 2] for at in range(0, len(seen), 2))


def stamp_of_controls(seen: Iterable["array[int]"]) -> str:
    """One short text for the size and time of each of a run's control files, in the order of `CONTROLS`."""
    return blake2b(b"".join(one.tobytes() for one in seen), digest_size=8).hexdigest()
