"""What configures a task of a run: its controls, its engine's version, its feature, as one digest.

The same digest is computed at a start, where Snakemake compares it, and in the task, where the sentinel keeps it.
"""

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from weppbatch.engines import EMBEDDED_VERSION
from weppbatch.files import sha256_of_file, sha256_of_json, shipped
from weppbatch.nodb.controls import load
from weppbatch.tasks.graph import spec_of


def engine_version(task: str) -> str:
    """The name and version of what does a task's work, or '' when that is weppbatch itself."""
    engine = spec_of(task).engine
    if engine == "whitebox":
        return _whitebox_version()
    return f"embedded {EMBEDDED_VERSION}" if engine == "embedded" else ""


@cache
def _whitebox_version() -> str:
    from weppbatch.terrain.whitebox import version

    return f"whitebox {version()}"


def controls_of(folder: Path, task: str, *, point: bool = False) -> Mapping[str, Mapping[str, Any]]:
    """The settings of the controls that configure a task, by control name, as they stand in a folder."""
    return {name: load(folder, name).settings() for name in spec_of(task).settings_of(point)}


def digest_of(batch: Path, folder: Path, task: str, feature_sha256: str, *, point: bool = False) -> str:
    """The SHA-256 of what configures a task whose controls lie in `folder` (a run's, or the batch's `_base`)."""
    return config_digest(
        task,
        controls_of(folder, task, point=point),
        engine_version=engine_version(task),
        feature_sha256=feature_sha256,
        base=batch / "_base",
        point=point,
    )


def config_digest(
    task: str,
    controls: Mapping[str, Mapping[str, Any]],
    *,
    engine_version: str = "",
    feature_sha256: str = "",
    base: Path | None = None,
    point: bool = False,
) -> str:
    """The SHA-256 of all that configures a task: the values of its control fields, its version and its engine's.

    A file from outside that a field names counts with its size and time of change; a relative path is looked up
    in `base`. The feature counts for the task that reads it. `point`: an outlet was given in place of a polygon.
    """
    spec = spec_of(task)
    outside = {
        f"{control}.{name}": _stamps_of(controls[control][name], base)
        for control, names in spec.outside_files.items()
        for name in names
    }
    configured = {
        "task": task,
        "version": spec.version,
        "engine": engine_version if spec.engine else "",
        "feature": feature_sha256 if spec.reads_feature else "",
        "outside": outside,
        "settings": {
            control: {name: json.loads(json.dumps(controls[control][name])) for name in names}
            for control, names in spec.settings_of(point).items()
        },
    }
    if spec.tables:
        configured["tables"] = {name: table_sha256(name) for name in spec.tables}
    return sha256_of_json(configured)


@cache
def table_sha256(name: str) -> str:
    """The SHA-256 of a shipped table of parameters."""
    return sha256_of_file(shipped("config") / "tables" / f"{name}.csv")


def _stamps_of(value: object, base: Path | None) -> list[Any]:
    """The stamp of a named file, or of each of several."""
    if not isinstance(value, list):
        return stamp_of(str(value), base)
    return [stamp_of(str(name), base) for name in value]


def stamp_of(name: str, base: Path | None) -> list[Any]:
    """Size and time of change of an outside file, of a mosaic's parts too, or of every file in a folder.

    Empty where there is none.
    """
    path = (base or Path()) / name
    if not name or not path.exists():
        return []
    if path.is_dir():
        return [[member.name, *stamp_of(member.name, path)] for member in sorted(path.iterdir())]
    status = path.stat()
    stamp: list[Any] = [status.st_size, status.st_mtime_ns]
    if path.suffix.lower() == ".vrt":
        stamp += [[part, *stamp_of(part, path.parent)] for part in _parts_of(path, *stamp)]
    return stamp


@lru_cache(maxsize=64)
def _parts_of(mosaic: Path, _size: int, _mtime_ns: int) -> tuple[str, ...]:
    """The files that a mosaic names, by its text: a start must not wait for GDAL."""
    try:
        root = ElementTree.parse(mosaic).getroot()
    except ElementTree.ParseError:
        return ()  # that it can't be read is said where it is read
    return tuple(sorted({str(source.text) for source in root.iter("SourceFilename") if source.text}))
