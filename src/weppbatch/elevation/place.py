"""Where a window lies on the globe, and how large cells are there."""

import math
from typing import Any

from pyproj import CRS
from rasterio.warp import transform_bounds

from weppbatch.elevation.source import Bounds, NotCovered
from weppbatch.terrain.grid import Grid

METRES_A_DEGREE = 6_371_008.8 * math.pi / 180.0  # on a sphere of the Earth's mean radius


def lonlat(grid: Grid) -> Bounds:
    """West, south, east, north of a window in degrees (WGS84). Raises NotCovered across the antimeridian."""
    west, south, east, north = transform_bounds(grid.crs, "EPSG:4326", *grid.bounds_m)
    if west > east:
        raise NotCovered(
            "the window crosses the antimeridian, which tiles and services can't be asked for",
            hint="give a raster of your own, in a system without that seam",
        )
    return west, south, east, north


def cell_m(crs: Any, resolution: tuple[float, float], grid: Grid) -> float:
    """The side of a source's cells near a window in metres: the square root of their area there."""
    system = CRS.from_user_input(crs.to_wkt() if hasattr(crs, "to_wkt") else crs)
    across, down = resolution
    if not system.is_geographic:
        return float(math.sqrt(across * down) * system.axis_info[0].unit_conversion_factor)
    _, south, _, north = transform_bounds(grid.crs, "EPSG:4326", *grid.bounds_m)
    return METRES_A_DEGREE * math.sqrt(across * down * math.cos(math.radians((south + north) / 2)))
