"""Elevations for an outlet that is given as a point: a window that grows until all that drains to it lies within.

In: a source of elevations, a point, a first grid and how channels are made. Out: float64 elevations with NaN for
nodata, the grid, and provenance, as `sources.prepare_dem` gives them for a polygon. It keeps no
channels and no outlet.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from shapely.geometry import Point

from weppbatch.errors import DataError
from weppbatch.terrain.candidates import OutletOptions
from weppbatch.terrain.grid import Grid, mask_of, write_raster
from weppbatch.terrain.overlap import touches_edge
from weppbatch.terrain.requested import Mask, drained
from weppbatch.terrain.sources import (
    DemIncomplete,
    DemOptions,
    Elevations,
    FlatTerrain,
    read_window,
)
from weppbatch.terrain.whitebox import WhiteboxTools
from weppbatch.terrain.window import enclosed_holes, fill_small_holes

MOST_KM2 = 2000.0  # that may drain to an outlet, as a watershed's polygon may have
SIDES = ("west", "south", "east", "north")


class BasinTooLarge(DataError):
    """So much drains to the outlet that it is no watershed to be simulated in one run."""


def prepare_dem_at(
    point: Point,
    grid: Grid,
    options: DemOptions,
    outlet: OutletOptions,
    log: Callable[[str], None],
    *,
    locate: Callable[[Grid], Path],
) -> tuple[Elevations, Grid, dict[str, Any]]:
    """The elevations that the delineation of a requested outlet needs, the grid they lie on, and their provenance.

    `point` is in the grid's CRS; `locate` gives the file for a window. On each side where the basin reaches the
    window's edge the distance to the point is doubled, until it does no longer.
    Raises the errors of `read_window`, DemIncomplete, FlatTerrain, BasinTooLarge, and what `drained` raises.
    """
    growths = 0
    while True:
        source = locate(grid)
        raw_m, provenance = read_window(source, grid, options, must_meet=point)
        elevation_m, filled = fill_small_holes(raw_m, options.max_hole_cells)
        if filled:
            provenance["notes"].append(f"{filled} cells in holes of the DEM were interpolated")
        _check_point(elevation_m, point, grid, source)
        basin = _basin(elevation_m, grid, point, outlet, log)
        sides = _sides_reached(basin)
        if not sides:
            break
        growths += 1
        grid = _grown(grid, sides, point, basin, options)
        log(f"the basin reaches the window in the {', '.join(sides)}: it grows to {grid.rows} x {grid.cols} cells")
    at_nodata = touches_edge(basin, np.isfinite(elevation_m))
    _check_basin(elevation_m, basin, at_nodata, options, source)
    if at_nodata:
        provenance["notes"].append("the basin reaches cells without elevation; it may be cut off")
    return elevation_m, grid, provenance | {"window_growths": growths, "basin_reaches_nodata": at_nodata}


def _check_point(elevation_m: Elevations, point: Point, grid: Grid, source: Path) -> None:
    """Raise DemIncomplete when there is no elevation where the outlet is."""
    if not np.isfinite(elevation_m[mask_of(point, grid).astype(bool)]).all():
        raise DemIncomplete(
            f"{source} has no elevation at the outlet (x {point.x:.0f}, y {point.y:.0f}, {grid.crs})",
            hint="add a DEM that covers it, or move the point inland",
        )


def _basin(
    elevation_m: Elevations, grid: Grid, point: Point, outlet: OutletOptions, log: Callable[[str], None]
) -> Mask:
    """What drains to the point on this window, by the same tools as the real delineation."""
    with tempfile.TemporaryDirectory(prefix="weppbatch-window-") as name:
        write_raster(Path(name, "dem.tif"), elevation_m, grid)
        return drained(WhiteboxTools(), Path(name, "dem.tif"), Path(name), point, outlet, log).basin


def _sides_reached(basin: Mask) -> list[str]:
    """The sides of the window that the basin reaches."""
    edges = (basin[:, 0], basin[-1], basin[:, -1], basin[0])
    return [side for side, cells in zip(SIDES, edges, strict=True) if cells.any()]


def _grown(grid: Grid, sides: list[str], point: Point, basin: Mask, options: DemOptions) -> Grid:
    """The grid with the distance from the point to these sides doubled; the old cells keep their places."""
    known_km2 = float(basin.sum()) * grid.cell_area_m2 / 1e6
    if known_km2 > MOST_KM2:
        raise BasinTooLarge(
            f"more than {MOST_KM2:,.0f} km2 drain to the outlet: {known_km2:,.0f} km2 and more",
            hint="move the point upstream, or use a smaller watershed.outlet_reach_m if another river is meant",
        )
    west, south, east, north = grid.bounds_m
    away_m = {"west": point.x - west, "south": point.y - south, "east": east - point.x, "north": north - point.y}
    cells = {side: round(away_m[side] / grid.cell_size_m) if side in sides else 0 for side in SIDES}
    wider = Grid(
        crs=grid.crs,
        left_m=grid.left_m - cells["west"] * grid.cell_size_m,
        top_m=grid.top_m + cells["north"] * grid.cell_size_m,
        cell_size_m=grid.cell_size_m,
        rows=grid.rows + cells["north"] + cells["south"],
        cols=grid.cols + cells["west"] + cells["east"],
    )
    if wider.rows * wider.cols > options.max_window_cells:
        raise BasinTooLarge(
            f"the outlet's basin ({known_km2:,.0f} km2 and more) would need {wider.rows} x {wider.cols} cells, "
            f"over {options.max_window_cells}",
            hint="raise ron.cell_size_m or ron.max_window_cells, or move the point upstream",
        )
    return wider


def _check_basin(elevation_m: Elevations, basin: Mask, at_nodata: bool, options: DemOptions, source: Path) -> None:
    """Raise when what drains to the outlet has holes in its elevations, or no relief."""
    holes = enclosed_holes(elevation_m, _with_neighbours(basin)) if at_nodata else []
    if holes:
        raise DemIncomplete(
            f"{source} has holes of {', '.join(map(str, holes))} cells in the outlet's basin",
            hint=f"fill them (gdal_fillnodata.py), or raise ron.max_hole_cells (now {options.max_hole_cells})",
        )
    relief_m = float(np.ptp(elevation_m[basin]))
    if relief_m < options.min_relief_m:
        raise FlatTerrain(
            f"elevations in the outlet's basin differ by {relief_m:.2f} m only",
            hint=f"check the DEM, or lower ron.min_relief_m (now {options.min_relief_m:g} m)",
        )


def _with_neighbours(basin: Mask) -> npt.NDArray[np.bool_]:
    """The basin and the cells around it."""
    rows, cols = basin.shape
    padded = np.pad(basin, 1)
    grown = np.zeros_like(basin)
    for down in range(3):
        for right in range(3):
            grown |= padded[down : down + rows, right : right + cols]
    return grown
