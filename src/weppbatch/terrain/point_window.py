"""Elevations for an outlet that is given as a point: a window that holds all that drains to it.

In: a source of elevations, a point, a first grid and how channels are made. Out: float64 elevations with NaN for
nodata, the grid, and provenance, as `sources.prepare_dem` gives them for a polygon. It keeps no channels and no
outlet.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from shapely import union_all
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from weppbatch.errors import DataError
from weppbatch.terrain.candidates import OutletOptions
from weppbatch.terrain.grid import Grid, mask_of, write_raster
from weppbatch.terrain.overlap import touches_edge
from weppbatch.terrain.requested import Mask, cells_polygon, drained
from weppbatch.terrain.sources import DemIncomplete, DemOptions, Elevations, FlatTerrain, read_window
from weppbatch.terrain.whitebox import WhiteboxTools
from weppbatch.terrain.window import enclosed_holes, fill_small_holes

MOST_KM2 = 2000.0  # that may drain to an outlet, as a watershed's polygon may have
SAME_BASIN = 0.98  # overlap (IoU) of the basins that two windows show, from which on they are one
MOST_DOUBTS = 3  # how often a window is doubled because another one shows another basin
SIDES = ("west", "south", "east", "north")

Log = Callable[[str], None]
Locate = Callable[[Grid], Path]


class BasinTooLarge(DataError):
    """So much drains to the outlet that it is no watershed to be simulated in one run."""


@dataclass(frozen=True)
class Wanted:
    """What an outlet's window is made for: the point, how elevations are read and channels made, and the margin."""

    point: Point
    options: DemOptions
    outlet: OutletOptions
    buffer_m: float
    locate: Locate
    log: Log


@dataclass(frozen=True)
class Shown:
    """What one window shows: its elevations, and the basin as a mask and as a polygon in the grid's CRS."""

    elevation_m: Elevations
    grid: Grid
    provenance: dict[str, Any]
    basin: Mask
    polygon: BaseGeometry

    @property
    def sides(self) -> list[str]:
        """The sides of the window that the basin reaches: what lies beyond may drain to it, too."""
        edges = (self.basin[:, 0], self.basin[-1], self.basin[:, -1], self.basin[0])
        return [side for side, cells in zip(SIDES, edges, strict=True) if cells.any()]

    @property
    def at_nodata(self) -> bool:
        """Whether the basin reaches cells without elevation."""
        return touches_edge(self.basin, np.isfinite(self.elevation_m))


def prepare_dem_at(grid: Grid, wanted: Wanted) -> tuple[Elevations, Grid, dict[str, Any]]:
    """The elevations that the delineation of a requested outlet needs, the grid they lie on, and their provenance.

    The first grid grows, its distance from the point doubled on every side that the basin reaches, until it reaches
    none. Then the window is fitted to that basin with a margin, and has to show the same one: near its edge a
    window leads water elsewhere. If it does not, the first is doubled all around, up to three times, and then used.
    Raises the errors of `read_window`, DemIncomplete, FlatTerrain, BasinTooLarge, and what `drained` raises.
    """
    growths = 0
    for doubt in range(MOST_DOUBTS + 1):
        wide = _shown(grid, wanted)
        while wide.sides:
            growths += 1
            grid = _grown(wide, wide.sides, wanted)
            where = ", ".join(wide.sides)
            wanted.log(f"the basin reaches the window in the {where}: it grows to {grid.rows} x {grid.cols} cells")
            wide = _shown(grid, wanted)
        around = union_all([wide.polygon, wanted.point]).bounds
        fitted = _shown(Grid.around(around, grid.crs, grid.cell_size_m, wanted.buffer_m), wanted)
        overlap = wide.polygon.intersection(fitted.polygon).area / wide.polygon.union(fitted.polygon).area
        if overlap >= SAME_BASIN and not fitted.sides:
            return _checked(fitted, growths, wanted)
        wanted.log(f"a window around that basin shows another one (IoU {overlap:.2f})")
        if doubt < MOST_DOUBTS:
            growths += 1
            grid = _grown(wide, list(SIDES), wanted)
    wide.provenance["notes"].append(
        f"what drains to the outlet depends on the window: {wide.polygon.area / 1e6:.3g} or "
        f"{fitted.polygon.area / 1e6:.3g} km2"
    )
    return _checked(wide, growths, wanted)


def _shown(grid: Grid, wanted: Wanted) -> Shown:
    """A window's elevations, and what drains to the point on it, by the same tools as the real delineation."""
    source = wanted.locate(grid)
    raw_m, provenance = read_window(source, grid, wanted.options, must_meet=wanted.point)
    elevation_m, filled = fill_small_holes(raw_m, wanted.options.max_hole_cells)
    if filled:
        provenance["notes"].append(f"{filled} cells in holes of the DEM were interpolated")
    if not np.isfinite(elevation_m[mask_of(wanted.point, grid).astype(bool)]).all():
        raise DemIncomplete(
            f"{source} has no elevation at the outlet (x {wanted.point.x:.0f}, y {wanted.point.y:.0f}, {grid.crs})",
            hint="add a DEM that covers it, or move the point inland",
        )
    with tempfile.TemporaryDirectory(prefix="weppbatch-window-") as name:
        write_raster(Path(name, "dem.tif"), elevation_m, grid)
        basin = drained(
            WhiteboxTools(), Path(name, "dem.tif"), Path(name), wanted.point, wanted.outlet, wanted.log
        ).basin
    return Shown(elevation_m, grid, provenance, basin, cells_polygon(basin, grid))


def _grown(shown: Shown, sides: list[str], wanted: Wanted) -> Grid:
    """The grid with the distance from the point to these sides doubled; the old cells keep their places."""
    grid, point = shown.grid, wanted.point
    known_km2 = shown.polygon.area / 1e6
    if known_km2 > MOST_KM2:
        raise BasinTooLarge(
            f"more than {MOST_KM2:,.0f} km2 drain to the outlet: {known_km2:,.0f} km2 and more",
            hint="move the point upstream, or use a smaller watershed.outlet_reach_m if another river is meant",
        )
    west, south, east, north = grid.bounds_m
    away_m = {"west": point.x - west, "south": point.y - south, "east": east - point.x, "north": north - point.y}
    cells = {side: round(away_m[side] / grid.cell_size_m) if side in sides else 0 for side in SIDES}
    wider = replace(
        grid,
        left_m=grid.left_m - cells["west"] * grid.cell_size_m,
        top_m=grid.top_m + cells["north"] * grid.cell_size_m,
        rows=grid.rows + cells["north"] + cells["south"],
        cols=grid.cols + cells["west"] + cells["east"],
    )
    if wider.rows * wider.cols > wanted.options.max_window_cells:
        raise BasinTooLarge(
            f"the outlet's basin ({known_km2:,.0f} km2 and more) would need {wider.rows} x {wider.cols} cells, "
            f"over {wanted.options.max_window_cells}",
            hint="raise ron.cell_size_m or ron.max_window_cells, or move the point upstream",
        )
    return wider


def _checked(shown: Shown, growths: int, wanted: Wanted) -> tuple[Elevations, Grid, dict[str, Any]]:
    """The window as the result; raises when what drains to the outlet has holes in its elevations, or no relief."""
    options, source = wanted.options, shown.provenance["source"]
    at_nodata = shown.at_nodata
    holes = enclosed_holes(shown.elevation_m, _with_neighbours(shown.basin)) if at_nodata else []
    if holes:
        raise DemIncomplete(
            f"{source} has holes of {', '.join(map(str, holes))} cells in the outlet's basin",
            hint=f"fill them (gdal_fillnodata.py), or raise ron.max_hole_cells (now {options.max_hole_cells})",
        )
    relief_m = float(np.ptp(shown.elevation_m[shown.basin]))
    if relief_m < options.min_relief_m:
        raise FlatTerrain(
            f"elevations in the outlet's basin differ by {relief_m:.2f} m only",
            hint=f"check the DEM, or lower ron.min_relief_m (now {options.min_relief_m:g} m)",
        )
    if at_nodata:
        shown.provenance["notes"].append("the basin reaches cells without elevation; it may be cut off")
    about = {"window_growths": growths, "basin_reaches_nodata": at_nodata}
    return shown.elevation_m, shown.grid, shown.provenance | about


def _with_neighbours(basin: Mask) -> npt.NDArray[np.bool_]:
    """The basin and the cells around it."""
    rows, cols = basin.shape
    padded = np.pad(basin, 1)
    grown = np.zeros_like(basin)
    for down in range(3):
        for right in range(3):
            grown |= padded[down : down + rows, right : right + cols]
    return grown
