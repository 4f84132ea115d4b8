"""What maps and tables say before anything runs: findings for the tasks that read them.

In: the settings in a folder, the tasks to come, and the runs' polygons. Out: findings. Whether anything is refused
is decided elsewhere.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from shapely.geometry.base import BaseGeometry

from weppbatch.batch.doctor_dem import dem_findings
from weppbatch.batch.doctor_maps import Contents, map_of
from weppbatch.batch.findings import Finding
from weppbatch.errors import InputError
from weppbatch.nodb.ash import Ash
from weppbatch.nodb.climate import Climate
from weppbatch.nodb.disturbed import Disturbed
from weppbatch.nodb.landuse import Landuse
from weppbatch.nodb.outside import outside_path
from weppbatch.nodb.ron import Ron
from weppbatch.nodb.soils import PROPERTY_MAPS, Soils
from weppbatch.tasks.graph import is_remote
from weppbatch.tasks.parameters import land_covers, soil_parameters
from weppbatch.tasks.soil_survey import SoilSurvey
from weppbatch.terrain.burn_severity import check_classes
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
            reads.append(("soils.soil_table", lambda: _survey(outside_path(soils, "soil_table"))))
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


def map_findings(
    batch: Path, folder: Path, tasks: Collection[str], polygons: Mapping[str, BaseGeometry], most: int | None
) -> Iterator[Finding]:
    """Maps that can't be read, don't cover watersheds, or have classes that no table knows."""
    for look in _looks(folder, tasks):
        if is_remote(str(look.path)) or not look.path.is_file():
            continue  # what is not there is told with the settings
        try:
            yield from _looked(look, polygons, most)
        except InputError as error:
            yield Finding("error", look.setting, error.message, error.hint or "give another map")
    if "dem" in tasks:
        yield from dem_findings(Ron.getInstance(folder), polygons, batch.name)


def _looks(folder: Path, tasks: Collection[str]) -> Iterator[Look]:
    """The maps that the tasks read under the settings."""
    ron, landuse = Ron.getInstance(folder), Landuse.getInstance(folder)
    soils, disturbed = Soils.getInstance(folder), Disturbed.getInstance(folder)
    if "dem" in tasks and ron.dem and not ron.dem_fallbacks:
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
    if "soils" in tasks and soils.mode == "properties":
        least = HALF if soils.missing_soil == "error" else 0.0
        for name in PROPERTY_MAPS:
            if getattr(soils, name):
                yield Look(f"soils.{name}", outside_path(soils, name), least)
    if "soils" in tasks and soils.mode == "gridded" and soils.soil_map and soils.soil_table:
        table = outside_path(soils, "soil_table")
        known: set[float] | None = None
        if soils.missing_soil == "error" and _is_read_whole(table):
            with suppress(InputError):  # told with the tables
                known = {float(key) for key in _survey(table)}
        remedy = "add rows to soils.soil_table, or set soils.missing_soil=dominant"
        yield Look("soils.soil_map", outside_path(soils, "soil_map"), HALF, known, remedy)

    climate, ash = Climate.getInstance(folder), Ash.getInstance(folder)
    if "climate" in tasks and climate.precip_scaling == "map" and climate.precip_map:
        yield Look("climate.precip_map", outside_path(climate, "precip_map"), 0.0)
    if "watar" in tasks:
        names = ["type_map", "load_map"] if ash.depth_mode == "maps" else ["type_map"]
        yield from (Look(f"ash.{name}", outside_path(ash, name), 0.0) for name in names if getattr(ash, name))


def _survey(table: Path) -> frozenset[int]:
    """The map units of a soil table, which is read once."""
    status = table.stat() if table.exists() else None
    return _units_in(table, status and (status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=8)
def _units_in(table: Path, _stamp: tuple[int, int] | None) -> frozenset[int]:
    return frozenset(SoilSurvey(table).rows)


def _is_read_whole(table: Path) -> bool:
    """Whether a soil table is small enough to be looked through; of a national one tasks read their own part."""
    return not table.exists() or table.stat().st_size <= MOST_TABLE_BYTES


def _looked(look: Look, polygons: Mapping[str, BaseGeometry], most: int | None) -> Iterator[Finding]:
    """The findings about one map."""
    with opened(look.path, look.setting) as raster:
        found = map_of(raster, look.path, look.setting, polygons)
        shares, points = found.covered(), found.points()
        missing = tuple(
            runid for runid, share in shares.items() if (share <= 0 if look.least == 0 else share < look.least)
        )
        remedy = look.remedy if look.setting == "disturbed.sbs_map" else "give a map that covers them"
        # A basin may lie in a map though its outlet does not; elevations are needed at the outlet, too.
        unsure = points if look.setting != "ron.dem" else frozenset()
        certain = tuple(runid for runid in missing if runid not in unsure)
        if certain:
            yield Finding("error", look.setting, f"{look.path} does not cover them", remedy, certain)
        if doubtful := tuple(runid for runid in missing if runid in unsure):
            text = f"the outlets that were given lie outside of {look.path}"
            yield Finding("warning", look.setting, text, remedy, doubtful)
        inside = [runid for runid in shares if runid not in missing and runid not in points]
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
