"""Where a run's work takes place: the window of its elevations, and the basin that its outlet drains.

Reads a run's files and gives outlines in WGS84, None where there are none yet. A file that can't be read is named
in the run's problems.
"""

from dataclasses import dataclass
from pathlib import Path

import rasterio
import shapely
from pyproj import CRS
from rasterio.errors import RasterioIOError
from rasterio.features import shapes
from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry

from weppbatch.crs import WGS84, project
from weppbatch.errors import WeppbatchError
from weppbatch.files import read_json
from weppbatch.report.results import RunResult

BOUND, DEM, EXTENT = "watershed/bound.tif", "dem/dem.tif", "extent.json"
CANT_READ = (RasterioIOError, WeppbatchError, OSError, KeyError)


@dataclass(frozen=True)
class Extents:
    """A run's window and basin, in degrees."""

    window: BaseGeometry | None = None
    basin: BaseGeometry | None = None


def extents_of(result: RunResult) -> Extents:
    """What a run has of both. The window is that of the newest grid: the DEM's may have grown."""
    try:
        if result.shows("outlet") and (result.wd / BOUND).exists():
            return _of_bound(result.wd / BOUND)
        if result.shows("dem") and (result.wd / DEM).exists():
            with rasterio.open(result.wd / DEM) as raster:
                return Extents(_window(raster.bounds, CRS.from_user_input(raster.crs)))
        if result.shows("extent") and (result.wd / EXTENT).exists():
            extent = read_json(result.wd / EXTENT)
            return Extents(_window(extent["bounds_m"], CRS.from_user_input(extent["crs"])))
    except CANT_READ as error:
        result.problems.append(f"the window or the basin can't be read: {error}")
    return Extents()


def _of_bound(path: Path) -> Extents:
    """Both from the raster of the basin, whose cells are 1."""
    with rasterio.open(path) as raster:
        inside = (raster.read(1) == 1).astype("uint8")
        transform, crs, bounds = raster.transform, CRS.from_user_input(raster.crs), raster.bounds
    # Cells that touch at a corner alone are one basin too: eight neighbours.
    parts = [shape(outline) for outline, _ in shapes(inside, inside == 1, 8, transform)]
    basin = shapely.union_all(shapely.make_valid(parts)) if parts else None
    return Extents(_window(bounds, crs), None if basin is None else project(basin, crs, WGS84))


def _window(bounds_m: tuple[float, float, float, float], crs: CRS) -> BaseGeometry:
    west, south, east, north = bounds_m
    # A straight edge bends in degrees: a corner in each eighth holds it within a cell.
    edge = box(west, south, east, north).segmentize(max(east - west, north - south) / 8)
    return project(edge, crs, WGS84)
