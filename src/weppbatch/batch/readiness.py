"""What the settings of a batch still lack: maps that are not named, a land cover key or a WEPP that there is not.

In: a batch's checklist, its `_base`, and the tables of keys. Out: a line for each lack. It opens no map and changes
nothing; that the files are there is asked when a setting is made.
"""

from collections.abc import Collection
from pathlib import Path

from weppbatch.batch.runner import BatchRunner
from weppbatch.engines.wepp_process import executable_of
from weppbatch.errors import InputError
from weppbatch.nodb.landuse import Landuse
from weppbatch.nodb.outside import outside_path
from weppbatch.nodb.soils import PROPERTY_MAPS, Soils
from weppbatch.nodb.wepp import Wepp
from weppbatch.tasks import graph
from weppbatch.tasks.parameters import land_covers


def unready(folder: Path) -> list[str]:
    """For each setting without which a ticked task would fail in every run: what it lacks, and what to do."""
    runner = BatchRunner.getInstance(folder)
    return lacking(folder / "_base", graph.selected(runner.selected_tasks), runner.folder_name)


def lacking(settings: Path, tasks: Collection[str], name: str) -> list[str]:
    """The same for some tasks under the settings in a folder, a run's or `_base`, of the batch `name`."""
    found = []
    if "landuse" in tasks:
        found += _landuse(Landuse.getInstance(settings), name)
    if "soils" in tasks:
        found += _soils(Soils.getInstance(settings), name)
    if "wepp" in tasks:
        found += _wepp(Wepp.getInstance(settings))
    return found


def _wepp(control: Wepp) -> list[str]:
    found = [f"wepp.{problem}" for problem in control.problems()]
    if control.engine == "wepp":
        try:
            executable_of(control.wepp_executable, outside_path(control, "wepp_executable").parent)
        except InputError as error:
            found.append(f"{error.message}: {error.hint}")
    return found


def _landuse(control: Landuse, name: str) -> list[str]:
    if control.mode == "gridded":
        what = f"weppbatch set {name} landuse.landcover=FILE.tif, or landuse.mode=single"
        return [] if control.landcover else [f"no land cover map is set (landuse.landcover): {what}"]
    try:
        keys = land_covers(
            outside_path(control, "landcover_table") if control.landcover_table else None, control.landcover_legend
        )
    except InputError as error:
        return [f"landuse.landcover_table: {error.message}"]
    if control.single_key in keys:
        return []
    known = ", ".join(map(str, sorted(keys)))
    return [f"landuse.single_key is {control.single_key}, which is no land cover key; there are {known}"]


def _soils(control: Soils, name: str) -> list[str]:
    if control.mode == "single":
        return []
    fields = ["soil_map", "soil_table"]
    if control.mode == "properties":
        fields = [field for field in PROPERTY_MAPS if field != "bulk_density_map"]
    missing = [f"soils.{field}" for field in fields if not getattr(control, field)]
    what = " ".join(f"{field}=FILE" for field in missing)
    return (
        [f"{' and '.join(missing)} not set: weppbatch set {name} {what}, or soils.mode=single"] if missing else []
    )
