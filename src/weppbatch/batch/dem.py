"""A batch's elevation sources registered, and which watersheds lie within the first when it is a raster.

Takes paths and names; sets `ron.dem` and `ron.dem_fallbacks` in `_base` and records the resource. No elevation is
read here: a task reads its window and records the checksums of the parts that it used.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rasterio
import shapely
from pyproj import CRS
from rasterio.errors import RasterioError
from rasterio.warp import transform_bounds
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from weppbatch.batch.features import FeatureCheck
from weppbatch.crs import WGS84, project
from weppbatch.elevation.catalog import source_of
from weppbatch.errors import InputError
from weppbatch.files import sha256_of_file, utc_now
from weppbatch.nodb.controls import set_fields

if TYPE_CHECKING:
    from weppbatch.batch.runner import BatchRunner


class UnusableDem(InputError):
    """The file is no raster with a CRS, or parts of a mosaic are missing."""


@dataclass(frozen=True)
class Coverage:
    """Which accepted watersheds lie within a raster's extent: `outside` by label, `swapped` of them would lie
    inside with longitude and latitude exchanged."""

    inside: int
    outside: list[str]
    swapped: int


def register_dem(batch: "BatchRunner", specs: Sequence[str], user: str) -> dict[str, Any]:
    """Make these the batch's elevation sources, in this order, and record them; gives the resource as stored.

    The resource holds what is known of the first, as it always did, and of all of them under `sources`. Raises
    UnusableDem when a raster can't be opened, has no CRS, is rotated, or lacks parts, ConfigError for a source
    that there is not; nothing changes then.
    """
    sources = [describe_source(spec) for spec in specs]
    first, *others = [str(source["path"]) for source in sources]
    resource = sources[0] | {"sources": sources, "uploaded_at": utc_now(), "uploaded_by": user}
    with batch.locked() as held:
        set_fields(Path(held.wd, "_base"), [f"ron.dem={first}", f"ron.dem_fallbacks={json.dumps(others)}"])
        held.register_resource("dem", resource)
    return resource


def describe_source(spec: str) -> dict[str, Any]:
    """What can be told of a source without a network: of a file as `describe_dem`, else its name and product."""
    if "://" in spec:
        source = source_of(spec, Path(), Path(), 0)
        return {"spec": spec, "path": spec, "product": source.product}
    path = Path(spec).absolute()
    if path.is_dir():
        return {"spec": spec, "path": str(path), "product": "folder of tiles"}
    return {"spec": spec, "product": "local raster"} | describe_dem(path)


def describe_dem(path: Path) -> dict[str, Any]:
    """Path, driver, CRS, resolution and bounds (in its CRS's unit), bounds in WGS84, bytes, and the checksum of
    the file itself; of a mosaic also how many parts it has, whose bytes count."""
    try:
        with rasterio.open(path) as source:
            if source.crs is None:
                raise UnusableDem(
                    f"{path} has no coordinate reference system", hint="set it: gdal_edit.py -a_srs EPSG:..."
                )
            if source.transform.b or source.transform.d:
                raise UnusableDem(f"{path} is rotated", hint="gdalwarp it to a north-up raster")
            parts = sorted({Path(name) for name in source.files} - {path})
            missing = [str(part) for part in parts if not part.exists()]
            if missing:
                raise UnusableDem(f"{path} lacks {len(missing)} of its parts, such as {missing[0]}")
            return {
                "path": str(path),
                "driver": source.driver,
                "crs": source.crs.to_string(),
                "resolution": list(source.res),
                "bounds": list(source.bounds),
                "bbox": list(transform_bounds(source.crs, "EPSG:4326", *source.bounds)),
                "parts": len(parts),
                "bytes": sum(part.stat().st_size for part in (path, *parts)),
                "checksum": sha256_of_file(path),
            }
    except (RasterioError, OSError) as error:
        raise UnusableDem(f"{path} can't be opened as a raster: {error}", hint="check it with gdalinfo") from error


def coverage(resource: dict[str, Any], checks: list[FeatureCheck]) -> Coverage:
    """Which of the accepted watersheds lie wholly within the bounds of a registered raster."""
    crs, extent = CRS.from_user_input(resource["crs"]), shapely.box(*resource["bounds"])
    outside, inside, swapped = [], 0, 0
    for check in checks:
        if not check.accepted or check.geometry is None:
            continue
        if _within(check.geometry, crs, extent):
            inside += 1
        else:
            outside.append(check.label)
            flipped = shapely.transform(check.geometry, lambda xy: xy[:, ::-1])
            swapped += _within(flipped, crs, extent)
    return Coverage(inside, outside, swapped)


def _within(shape: BaseGeometry, crs: CRS, extent: Polygon) -> bool:
    west, south, east, north = project(shape, WGS84, crs).bounds
    left, bottom, right, top = extent.bounds
    return bool(left <= west and east <= right and bottom <= south and north <= top)
