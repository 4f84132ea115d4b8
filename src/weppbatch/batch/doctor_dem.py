"""What elevation sources say before anything runs: units, and which watersheds lie within none of them.

In: the settings in a folder, and the runs with their polygons. Out: findings. Sources over a network are not asked,
and that is said; of files and folders of tiles only where they lie is read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from weppbatch.batch.doctor_maps import moved, share_within
from weppbatch.batch.findings import Finding
from weppbatch.elevation.local import extents
from weppbatch.errors import InputError
from weppbatch.nodb.outside import base_folder, outside_path
from weppbatch.nodb.ron import Ron
from weppbatch.tasks.graph import is_remote
from weppbatch.terrain.sources import UNIT_NAMES
from weppbatch.terrain.zonal import opened

Polygons = Mapping[str, BaseGeometry]


def dem_findings(ron: Ron, polygons: Polygons, name: str) -> Iterator[Finding]:
    """What is wrong with the sources, and watersheds that none of them covers."""
    yield from _units(ron)
    specs = ron.dem_sources
    if len(specs) == 1 and outside_path(ron, "dem").is_file():
        return  # looked into with the other maps
    remote = [spec for spec in specs if is_remote(spec)]
    left = dict(polygons)
    for number, spec in enumerate(specs):
        if is_remote(spec):
            continue
        try:
            shares = _shares(base_folder(ron) / spec, left)
        except InputError as error:
            yield Finding(
                "error", "ron.dem" if number == 0 else "ron.dem_fallbacks", error.message, error.hint or ""
            )
            return
        inside = tuple(runid for runid, share in shares.items() if share >= ron.min_valid_fraction)
        if inside and number > 0 and not is_remote(specs[0]):
            text = f"{spec} is used, for the sources before it don't cover them"
            yield Finding("note", "ron.dem_fallbacks", text, "coarser elevations mark a run as degraded", inside)
        left = {runid: shape for runid, shape in left.items() if runid not in inside}
    if remote:
        which = tuple(polygons if is_remote(specs[0]) else left)
        if which:
            text = f"whether {' and '.join(remote)} covers them is not known before it is asked"
            yield Finding("note", "ron.dem", text, f"fetch it ahead: weppbatch stage {name}", which)
    elif left and specs:
        said = f"{base_folder(ron) / specs[0]} does not cover them" if len(specs) == 1 else "no source covers them"
        remedy = f"add a DEM that covers them: weppbatch add {name} dem FIRST --then SECOND"
        yield Finding("error", "ron.dem", said, remedy, tuple(left))


def _shares(path: Path, polygons: Polygons) -> dict[str, float]:
    """The share of each polygon that lies within a raster, or within the tiles of a folder.

    Raises MapUnreadable, UnusableFolder, MapWithoutCrs.
    """
    crs, west, boxes = extents(path)
    area = shapely.union_all([shapely.box(*bounds) for bounds in boxes])
    return {runid: share_within(shape, area) for runid, shape in moved(polygons, crs, west).items()}


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
