"""What weather says before anything runs: files, stations, and whether observed years are there.

In: the settings in a folder, the tasks to come, and the runs with their polygons. Out: findings. Of grids only what
describes them is read; whether a cell has data is seen by the task.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from shapely.geometry.base import BaseGeometry

from weppbatch.batch.findings import Finding
from weppbatch.errors import InputError, WeppbatchError
from weppbatch.formats.climate_cli import read_climate
from weppbatch.formats.observed import assembled
from weppbatch.formats.observed_grid import is_grid, lying_outside, read_grid
from weppbatch.formats.observed_table import read_table
from weppbatch.nodb.climate import Climate
from weppbatch.nodb.outside import outside_path
from weppbatch.nodb.wepp import Wepp
from weppbatch.tasks.graph import is_remote
from weppbatch.tasks.stations import named, station_folder

MOST_TABLES = 50  # of a folder with a table a run that are read; that the others are there is seen

Polygons = Mapping[str, BaseGeometry]


def climate_findings(folder: Path, tasks: Collection[str], polygons: Polygons) -> Iterator[Finding]:
    """Weather that can't be used, and years that don't suffice."""
    control = Climate.getInstance(folder)
    years = control.years if control.mode == "vanilla" else None
    if control.mode == "observed":
        years = control.observed_end_year - control.observed_start_year + 1
    try:
        if control.mode == "user_defined" and "climate" in tasks:
            if not control.cli_file:
                yield Finding("error", "climate.cli_file", "it is empty", "set it, or climate.mode=vanilla")
                return
            years = read_climate(outside_path(control, "cli_file")).years
        elif control.mode == "observed" and "climate" in tasks:
            yield from _observed(control, polygons)
        elif control.mode == "vanilla" and control.station_selection == "user" and "climate" in tasks:
            stations = outside_path(control, "stations") if control.stations else None
            named(station_folder(stations), control.station_id, 0.0, 0.0)
    except WeppbatchError as error:
        yield Finding("error", f"climate.mode {control.mode}", str(error), error.hint or "correct the file")
    warm_up = Wepp.getInstance(folder).warm_up_years
    if "wepp" in tasks and years is not None and warm_up >= years:
        text = f"wepp.warm_up_years={warm_up} leaves none of the climate's {years} years"
        yield Finding("error", "years", text, "fewer warm-up years, or more years of climate")


def _observed(control: Climate, polygons: Polygons) -> Iterator[Finding]:
    """An observed series that lacks years, variables, runs or the watersheds' places."""
    about = "climate.observed_series"
    if not control.observed_series:
        yield Finding("error", about, "it is empty", "name a series, or set climate.mode=vanilla")
        return
    path, first, last = (
        outside_path(control, "observed_series"),
        control.observed_start_year,
        control.observed_end_year,
    )
    if is_remote(control.observed_series) or not path.exists():
        return  # what is not there is told with the settings
    if is_grid(path):
        assembled(path, read_grid(path, None, first, last).raw, first, last, 0.0)
        middles = {runid: (shape.centroid.x, shape.centroid.y) for runid, shape in polygons.items()}
        outside = tuple(lying_outside(path, middles, first, last))
        if outside:
            yield Finding("error", about, f"{path} does not cover them", "give a series that does", outside)
    elif path.is_dir():
        yield from _tables(path, list(polygons), first, last)
    else:
        assembled(path, read_table(path), first, last, 0.0)


def _tables(folder: Path, runids: Sequence[str], first: int, last: int) -> Iterator[Finding]:
    """Runs without a table of their own, and tables that can't be used."""
    missing = tuple(runid for runid in runids if not (folder / f"{runid}.csv").is_file())
    if missing:
        text = f"{folder} has no table of theirs (RUNID.csv)"
        yield Finding("error", "climate.observed_series", text, "add it, or name one series for all", missing)
    there = [runid for runid in runids if runid not in missing]
    for runid in there[:: max(1, -(-len(there) // MOST_TABLES))]:
        path = folder / f"{runid}.csv"
        try:
            assembled(path, read_table(path), first, last, 0.0)
        except InputError as error:
            yield Finding("error", "climate.observed_series", str(error), error.hint or "correct it", (runid,))
