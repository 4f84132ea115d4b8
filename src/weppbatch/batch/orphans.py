"""Files among a batch's resources that nothing names any more.

A file counts as named when a resource of the state, a setting of `_base` or of any run, or what a run recorded
about its sources names it or a folder above it; with it what belongs to it: the parts of a mosaic, and files beside
it that share its name's stem. In doubt a file is named.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from weppbatch.batch.runner import BatchRunner
from weppbatch.errors import InputError
from weppbatch.files import read_json
from weppbatch.nodb.controls import CONTROLS
from weppbatch.nodb.pickled import read_document
from weppbatch.tasks.features import RUN_FEATURES

PLACES = ("resources", "_base/uploads")


def orphaned_resources(folder: Path, runner: BatchRunner) -> list[Path]:
    """The files of PLACES that nothing names, sorted."""
    files = [path for place in PLACES for path in sorted((folder / place).rglob("*")) if _counts(path)]
    if not files:
        return []
    named = _with_parts(_named(folder, runner))
    stems = {(path.parent, path.name.split(".")[0]) for path in named}
    return [
        path
        for path in files
        if named.isdisjoint((path.resolve(), *path.resolve().parents))
        and (path.resolve().parent, path.name.split(".")[0]) not in stems
    ]


def _counts(path: Path) -> bool:
    """Whether it is a file that may be of no use; locks of the store of elevations are not."""
    return not path.is_dir() and not path.name.startswith(".")


def _named(folder: Path, runner: BatchRunner) -> set[Path]:
    """Every path in the batch that the state, a control or a run's provenance names."""
    values = [*_strings(runner.resources), RUN_FEATURES]
    for wd in (folder / "_base", *folder.glob("runs/*/")):
        for path in (wd / kind.filename for kind in CONTROLS.values()):
            if path.exists():
                values += _strings(read_document(path))
        try:
            values += _strings(read_json(wd / "dem" / "provenance.json"))
        except (FileNotFoundError, InputError):
            continue
    bases = (folder, folder / "_base")
    candidates = {(base / value).resolve() for value in values if value and len(value) < 4096 for base in bases}
    inside = [(folder / place).resolve() for place in PLACES]
    return {path for path in candidates if any(place in (path, *path.parents) for place in inside)}


def _with_parts(named: set[Path]) -> set[Path]:
    """These files, and what mosaics among them are made of."""
    import rasterio
    from rasterio.errors import RasterioIOError

    found, todo = set(named), [path for path in named if path.suffix.lower() == ".vrt"]
    while todo:
        try:
            with rasterio.open(todo.pop()) as mosaic:
                parts = {Path(name).resolve() for name in mosaic.files} - found
        except RasterioIOError:
            continue
        found |= parts
        todo += [path for path in parts if path.suffix.lower() == ".vrt"]
    return found


def _strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _strings(member)
