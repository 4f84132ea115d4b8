"""The one list of tasks: what each is called, what it follows, what configures it and which files it makes.

Rules, checklist, ledger, plan and report all read it. Light: it imports nothing but the standard library, since
Snakemake reads it at every start.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weppbatch.files import sha256_of_json

CHECKLIST = ("watershed", "landuse", "soils", "climate", "wepp", "watar", "omni")
PREPROCESS = ("extent", "dem", "outlet")
CONTROL_FILES = tuple(
    f"{name}.nodb"
    for name in ("ron", "watershed", "landuse", "soils", "climate", "wepp", "ash", "omni", "disturbed")
)


@dataclass(frozen=True)
class TaskSpec:
    """One task of every run.

    `after`: the tasks whose results it reads. `settings`: the control fields that configure it, by control.
    `version`: raised when the same inputs give another result. `engine`: the outside program that it calls.
    `declared`: the files that its rule names beside the sentinel; `files`: all that it may make. Both are
    relative to the run's folder.
    """

    name: str
    label: str
    after: tuple[str, ...]
    settings: Mapping[str, tuple[str, ...]]
    files: tuple[str, ...]
    declared: tuple[str, ...] = ()
    version: int = 1
    engine: str | None = None
    reads_feature: bool = False
    outside_files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """The task as plain values, for state files and reports."""
        return {
            "name": self.name,
            "label": self.label,
            "after": list(self.after),
            "settings": {control: list(fields) for control, fields in self.settings.items()},
            "version": self.version,
        }


_SPECS = (
    TaskSpec(
        name="clone",
        label="Working directory",
        after=(),
        settings={},
        files=CONTROL_FILES,
    ),
    TaskSpec(
        name="extent",
        label="Extent",
        after=("clone",),
        settings={"ron": ("target_crs", "cell_size_m", "buffer_m")},
        files=("watershed.geojson", "extent.json"),
        reads_feature=True,
    ),
    TaskSpec(
        name="dem",
        label="DEM",
        after=("extent",),
        settings={
            "ron": (
                "dem",
                "dem_vertical_unit",
                "dem_resampling",
                "elevation_min_m",
                "elevation_max_m",
                "min_valid_fraction",
                "max_hole_cells",
                "min_relief_m",
            )
        },
        files=("dem/dem.tif", "dem/provenance.json"),
        declared=("dem/dem.tif",),
        outside_files={"ron": ("dem",)},
    ),
    TaskSpec(
        name="outlet",
        label="Outlet",
        after=("dem",),
        settings={
            "watershed": (
                "csa_ha",
                "mcl_m",
                "fill_or_breach",
                "blc_dist_m",
                "flat_increment_m",
                "max_junctions",
                "retry_iou",
                "flag_iou",
            )
        },
        files=(
            *(
                f"watershed/{name}.tif"
                for name in ("relief", "flovec", "floaccum", "netful", "chnjnt", "bound", "mask")
            ),
            "watershed/find_outlet.geojson",
            "watershed/outlet.geojson",
            "watershed/wbt.log",
        ),
        declared=("watershed/outlet.geojson",),
        engine="whitebox",
    ),
    TaskSpec(
        name="watershed",
        label="Watershed",
        after=("outlet",),
        settings={
            "watershed": (
                "clip_hillslopes",
                "clip_hillslope_length_m",
                "min_hillslope_length_m",
                "bieger2015_widths",
                "profile_max_points",
            )
        },
        files=(
            "watershed/order.tif",
            "watershed/subwta.tif",
            "watershed/netw.tsv",
            "watershed/topaz.log",
            "watershed/hillslopes.parquet",
            "watershed/channels.parquet",
            "watershed/slopes.parquet",
            "watershed/subcatchments.geojson",
            "watershed/channels.geojson",
        ),
        declared=("watershed/hillslopes.parquet", "watershed/channels.parquet"),
        engine="whitebox",
    ),
)

TASKS: Mapping[str, TaskSpec] = {spec.name: spec for spec in _SPECS}


def sentinel(runid: str, task: str) -> str:
    """The path of a task's sentinel, relative to the batch's folder."""
    return f"runs/{runid}/.tasks/{task}.json"


def selected(checklist: Mapping[str, bool]) -> tuple[str, ...]:
    """The tasks to complete for a checklist: what is ticked and everything that it rests on, in order."""
    wanted: set[str] = {"clone"}

    def want(name: str) -> None:
        wanted.add(name)
        for upstream in TASKS[name].after:
            want(upstream)

    for name in TASKS:
        if checklist.get(name, False):
            want(name)
    return tuple(name for name in TASKS if name in wanted)


def following(task: str) -> tuple[str, ...]:
    """The tasks that rest on a task, directly or not, in order."""
    found: set[str] = {task}
    for name, spec in TASKS.items():
        if found.intersection(spec.after):
            found.add(name)
    return tuple(name for name in TASKS if name in found and name != task)


def describe() -> list[dict[str, Any]]:
    """All tasks as plain values, in order."""
    return [spec.describe() for spec in TASKS.values()]


def digest() -> str:
    """The SHA-256 of the task list: two states with the same one speak of the same tasks."""
    return sha256_of_json(describe())


def config_digest(
    task: str,
    controls: Mapping[str, Mapping[str, Any]],
    *,
    engine_version: str = "",
    feature_sha256: str = "",
    base: Path | None = None,
) -> str:
    """The SHA-256 of all that configures a task: the values of its control fields, its version and its engine's.

    A file from outside that a field names counts with its size and time of change; a relative path is looked up
    in `base`. The feature counts for the task that reads it.
    """
    spec = TASKS[task]
    outside = {
        f"{control}.{name}": _stamp(str(controls[control][name]), base)
        for control, names in spec.outside_files.items()
        for name in names
    }
    return sha256_of_json(
        {
            "task": task,
            "version": spec.version,
            "engine": engine_version if spec.engine else "",
            "feature": feature_sha256 if spec.reads_feature else "",
            "outside": outside,
            "settings": {
                control: {name: json.loads(json.dumps(controls[control][name])) for name in names}
                for control, names in spec.settings.items()
            },
        }
    )


def _stamp(name: str, base: Path | None) -> list[int]:
    """Size and time of change of an outside file; empty where there is none yet."""
    path = (base or Path()) / name
    try:
        status = path.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns] if name else []
