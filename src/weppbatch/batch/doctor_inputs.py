"""What maps, tables and weather say before anything runs: findings for the tasks that read them.

In: the settings in a folder, the tasks to come, and the runs. Out: findings. Whether anything is refused is decided
elsewhere.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from shapely.geometry.base import BaseGeometry

from weppbatch.batch.doctor_maps import Contents, map_of, polygons_of
from weppbatch.batch.findings import Finding
from weppbatch.errors import InputError, WeppbatchError
from weppbatch.formats.climate_cli import read_climate
from weppbatch.nodb.climate import Climate
from weppbatch.nodb.disturbed import Disturbed
from weppbatch.nodb.landuse import Landuse
from weppbatch.nodb.outside import outside_path
from weppbatch.nodb.ron import Ron
from weppbatch.nodb.soils import Soils
from weppbatch.nodb.wepp import Wepp
from weppbatch.tasks.graph import is_remote
from weppbatch.tasks.parameters import land_covers, soil_parameters
from weppbatch.tasks.soil_survey import SoilSurvey
from weppbatch.tasks.stations import named, station_folder
from weppbatch.terrain.burn_severity import check_classes
from weppbatch.terrain.sources import UNIT_NAMES
from weppbatch.terrain.zonal import opened

MOST_TABLE_BYTES = 50_000_000  # of a soil table that is read for a look
HALF = 0.5  # the tasks take a class or its absence where it has half of a hillslope
UNCLASSIFIED = 0.0


class Look(NamedTuple):
    """A map that tasks read: how much of a watershed it must cover, and which classes are known (None: any)."""

    setting: str
    path: Path
    least: float
    classes: Collection[float] | None = None
    remedy: str = ""


def table_findings(folder: Path, tasks: Collection[str]) -> Iterator[Finding]:
    """Tables of parameters that can't be used."""
    reads: list[tuple[str, Callable[[], object]]] = []
    if "soils" in tasks:
        disturbed, soils = Disturbed.getInstance(folder), Soils.getInstance(folder)
        if soils.mode == "gridded" and soils.soil_table and _is_read_whole(outside_path(soils, "soil_table")):
            reads.append(("soils.soil_table", lambda: SoilSurvey(outside_path(soils, "soil_table"))))
        if disturbed.lookup_table:
            own = outside_path(disturbed, "lookup_table")
            reads.append(("disturbed.lookup_table", lambda: soil_parameters(own)))
    if "landuse" in tasks:
        landuse = Landuse.getInstance(folder)
        if landuse.landcover_table:
            keys = outside_path(landuse, "landcover_table")
            reads.append(("landuse.landcover_table", lambda: land_covers(keys, landuse.landcover_legend)))
        burned = Disturbed.getInstance(folder)
        if burned.sbs_map:
            burn_map = outside_path(burned, "sbs_map")
            reads.append(("disturbed.sbs_map", lambda: check_classes(burn_map, "disturbed.sbs_map")))
    for about, read in reads:
        try:
            read()
        except InputError as error:
            yield Finding("error", about, error.message, error.hint or "correct the table")


def climate_findings(folder: Path, tasks: Collection[str]) -> Iterator[Finding]:
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
        elif control.mode == "vanilla" and control.station_selection == "user" and "climate" in tasks:
            stations = outside_path(control, "stations") if control.stations else None
            named(station_folder(stations), control.station_id, 0.0, 0.0)
    except WeppbatchError as error:
        yield Finding("error", f"climate.mode {control.mode}", str(error), error.hint or "correct the file")
    warm_up = Wepp.getInstance(folder).warm_up_years
    if "wepp" in tasks and years is not None and warm_up >= years:
        text = f"wepp.warm_up_years={warm_up} leaves none of the climate's {years} years"
        yield Finding("error", "years", text, "fewer warm-up years, or more years of climate")


def map_findings(
    batch: Path, folder: Path, tasks: Collection[str], runids: Sequence[str], most: int | None
) -> Iterator[Finding]:
    """Maps that can't be read, don't cover watersheds, or have classes that no table knows."""
    polygons = polygons_of(batch, runids)
    for look in _looks(folder, tasks):
        if is_remote(str(look.path)) or not look.path.is_file():
            continue  # what is not there is told with the settings
        try:
            yield from _looked(look, polygons, most)
        except InputError as error:
            yield Finding("error", look.setting, error.message, error.hint or "give another map")
    if "dem" in tasks:
        yield from _units(Ron.getInstance(folder))


def _looks(folder: Path, tasks: Collection[str]) -> Iterator[Look]:
    """The maps that the tasks read under the settings."""
    ron, landuse = Ron.getInstance(folder), Landuse.getInstance(folder)
    soils, disturbed = Soils.getInstance(folder), Disturbed.getInstance(folder)
    if "dem" in tasks and ron.dem and not getattr(ron, "dem_fallbacks", None):
        yield Look("ron.dem", outside_path(ron, "dem"), ron.min_valid_fraction, None, "add a DEM that covers them")
    if "landuse" in tasks:
        if landuse.mode == "gridded" and landuse.landcover:
            try:
                own = outside_path(landuse, "landcover_table") if landuse.landcover_table else None
                keys: set[float] | None = {float(key) for key in land_covers(own, landuse.landcover_legend)}
            except InputError:  # told with the tables
                keys = None
            remedy = "give them a disturbed class in landuse.landcover_table"
            yield Look("landuse.landcover", outside_path(landuse, "landcover"), HALF, keys, remedy)
        if disturbed.canopy_map:
            yield Look("disturbed.canopy_map", outside_path(disturbed, "canopy_map"), 0.0)
        if disturbed.sbs_map:
            least = 0.0 if disturbed.outside_sbs == "error" else -1.0
            remedy = "if these did not burn, set disturbed.outside_sbs=unburned"
            yield Look("disturbed.sbs_map", outside_path(disturbed, "sbs_map"), least, None, remedy)
    if "soils" in tasks and soils.mode == "gridded" and soils.soil_map and soils.soil_table:
        table = outside_path(soils, "soil_table")
        known: set[float] | None = None
        if soils.missing_soil == "error" and _is_read_whole(table):
            with suppress(InputError):  # told with the tables
                known = {float(key) for key in SoilSurvey(table).rows}
        remedy = "add rows to soils.soil_table, or set soils.missing_soil=dominant"
        yield Look("soils.soil_map", outside_path(soils, "soil_map"), HALF, known, remedy)


def _is_read_whole(table: Path) -> bool:
    """Whether a soil table is small enough to be looked through; of a national one tasks read their own part."""
    return not table.exists() or table.stat().st_size <= MOST_TABLE_BYTES


def _looked(look: Look, polygons: Mapping[str, BaseGeometry], most: int | None) -> Iterator[Finding]:
    """The findings about one map."""
    with opened(look.path, look.setting) as raster:
        found = map_of(raster, look.path, look.setting, polygons)
        shares = found.covered()
        missing = tuple(
            runid for runid, share in shares.items() if (share <= 0 if look.least == 0 else share < look.least)
        )
        if missing:
            remedy = look.remedy if look.setting == "disturbed.sbs_map" else "give a map that covers them"
            yield Finding("error", look.setting, f"{look.path} does not cover them", remedy, missing)
        inside = [runid for runid in shares if runid not in missing]
        step = 1 if most is None else max(1, -(-len(inside) // most))
        if look.least > 0:
            contents = {runid: found.contents(runid) for runid in inside[::step]}
            yield from _classes(look, contents)


def _classes(look: Look, contents: Mapping[str, Contents]) -> Iterator[Finding]:
    """Watersheds where the map has no data, and classes that no table knows: an error where they must win."""
    empty: dict[bool, list[str]] = defaultdict(list)
    unknown: dict[tuple[float, bool], list[str]] = defaultdict(list)
    for runid, held in contents.items():
        values = dict(held.values)
        if look.setting == "landuse.landcover":
            values.pop(UNCLASSIFIED, None)
        known = sum(values.values())
        if held.cells and known < look.least * held.cells:
            empty[known <= HALF * held.cells].append(runid)
        if look.classes is not None:
            for value in sorted(values.keys() - set(look.classes)):
                unknown[value, values[value] > HALF * held.cells].append(runid)
    for certain, runids in empty.items():
        text = f"{look.path} has no data on {'half of them or more' if certain else 'parts of them'}"
        yield Finding(
            "error" if certain else "warning", look.setting, text, "give a map that covers them", tuple(runids)
        )
    for (value, certain), runids in sorted(unknown.items()):
        where = "most of" if certain else "parts of"
        text = f"class {value:g}, which no table knows, covers {where} them"
        yield Finding("error" if certain else "warning", look.setting, text, look.remedy, tuple(runids))


def _units(ron: Ron) -> Iterator[Finding]:
    """Whether the DEM's band states another unit than the setting."""
    path = outside_path(ron, "dem")
    if not ron.dem or is_remote(ron.dem) or not path.is_file():
        return
    try:
        with opened(path, "ron.dem") as raster:
            for stated in (raster.units[0], raster.tags().get("VERTICAL_UNIT")):
                unit = UNIT_NAMES.get(str(stated).strip().lower())
                if unit is not None and unit != ron.dem_vertical_unit:
                    text = f"{path} is in {stated}, but ron.dem_vertical_unit says {ron.dem_vertical_unit}"
                    yield Finding("error", "units", text, f"set ron.dem_vertical_unit={unit}, or correct the file")
                    return
    except InputError:
        return  # told with the coverage
