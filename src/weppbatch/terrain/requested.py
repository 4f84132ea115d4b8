"""An outlet that is given as a point: moved to the nearest channel, and what drains to it there.

In: a DEM window in metres and a point in its CRS. Out: the channel's cell with its basin, and the rasters that lead
to it. It reads no elevation sources and lets no window grow.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely
from rasterio.features import shapes
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from weppbatch.crs import WGS84, transformer
from weppbatch.errors import DataError
from weppbatch.terrain.candidates import OutletOptions
from weppbatch.terrain.channels import NoChannels, channel_network, condition, read_pointers, route
from weppbatch.terrain.drainage import Cells, downstream_of
from weppbatch.terrain.grid import Grid, grid_of, read_raster
from weppbatch.terrain.outlet import MIN_CELLS, Log
from weppbatch.terrain.overlap import basin_of
from weppbatch.terrain.whitebox import WhiteboxTools

MUCH_LARGER = 10.0  # a channel near by that drains so many times as much may be the one that is meant
MOST_STEPS = 1000  # along a channel, from a junction to where it is one channel

Mask = npt.NDArray[np.bool_]


class NoChannelInReach(DataError):
    """There is no channel as near to the outlet as it may be moved."""


class DrainsNothing(DataError):
    """So little drains to the outlet that there is nothing to be simulated."""


@dataclass(frozen=True)
class Drained:
    """The channel cell that an outlet was moved to, and its basin; `larger_km2`: the most that a channel in reach
    drains, when that is ten times as much or more, else None."""

    row: int
    col: int
    moved_m: float
    basin: Mask
    csa_ha: float
    larger_km2: float | None


def drained(
    whitebox: WhiteboxTools, dem: Path, folder: Path, point: Point, options: OutletOptions, log: Log
) -> Drained:
    """Make the channels of a DEM in `folder`, move the point to the nearest one, and tell what drains to it.

    A point at a junction or at a channel's head is moved on down to where a single channel comes in, so that
    nothing that drains to it is lost. Raises NoChannelInReach, DrainsNothing, TooManyInflows, WhiteboxFailed.
    """
    relief, flovec, floaccum = (folder / f"{name}.tif" for name in ("relief", "flovec", "floaccum"))
    condition(
        whitebox,
        dem,
        relief,
        options.fill_or_breach,
        blc_dist_m=options.blc_dist_m,
        flat_increment_m=options.flat_increment_m,
    )
    route(whitebox, relief, flovec, floaccum)
    grid, d8 = grid_of(dem), read_pointers(flovec)
    cells = read_raster(floaccum)
    try:
        csa_ha = channel_network(
            whitebox,
            folder,
            csa_ha=options.csa_ha,
            mcl_m=options.mcl_m,
            max_junctions=options.max_junctions,
            log=log,
        )
    except NoChannels as error:
        raise _out_of_reach(point, cells, grid, options, None) from error
    inflows = np.where(
        (read_raster(folder / "netful.tif") > 0) & (d8 > 0), read_raster(folder / "chnjnt.tif"), -1.0
    )
    away_m = _distances(point, grid)
    channels = inflows >= 0
    nearest_m = float(away_m[channels].min()) if channels.any() else None
    if nearest_m is None or nearest_m > options.outlet_reach_m:
        raise _out_of_reach(point, cells, grid, options, nearest_m)
    nearest = int(np.where(channels, away_m, np.inf).argmin())
    row, col = divmod(_single_channel(downstream_of(d8), inflows.ravel(), nearest), grid.cols)
    basin = basin_of(d8, row, col)
    if basin.sum() < MIN_CELLS:
        raise DrainsNothing(
            f"only {int(basin.sum())} cells of {grid.cell_size_m:g} m drain to the outlet at "
            f"{_place(point, grid)}; {MIN_CELLS} are the least",
            hint="move the point on to the channel that is meant, or use smaller cells (ron.cell_size_m)",
        )
    reached = channels & (away_m <= options.outlet_reach_m)
    most = float(cells[reached].max())
    larger = most * grid.cell_area_m2 / 1e6 if most >= MUCH_LARGER * basin.sum() else None
    return Drained(row, col, float(away_m[row, col]), basin, csa_ha, larger)


def _distances(point: Point, grid: Grid) -> npt.NDArray[np.float64]:
    """How far each cell's centre is from a point, in metres; shape (rows, cols)."""
    x = grid.left_m + (np.arange(grid.cols) + 0.5) * grid.cell_size_m
    y = grid.top_m - (np.arange(grid.rows) + 0.5) * grid.cell_size_m
    away_m: npt.NDArray[np.float64] = np.hypot(x[np.newaxis, :] - point.x, y[:, np.newaxis] - point.y)
    return away_m


def _single_channel(downstream: Cells, inflows: npt.NDArray[np.float64], cell: int) -> int:
    """The first cell from a channel's cell on down that exactly one channel flows into."""
    for _ in range(MOST_STEPS):
        if inflows[cell] == 1:
            return cell
        if downstream[cell] in (cell, -1):
            break
        cell = int(downstream[cell])
    raise NoChannelInReach(
        "the channel at the outlet leaves the window before it is a single one",
        hint="use a larger ron.outlet_buffer_m",
    )


def _out_of_reach(
    point: Point, cells: npt.NDArray[np.float64], grid: Grid, options: OutletOptions, nearest_m: float | None
) -> NoChannelInReach:
    """The error for a point without a channel near by, with what would help."""
    row = min(max(int((grid.top_m - point.y) // grid.cell_size_m), 0), grid.rows - 1)
    col = min(max(int((point.x - grid.left_m) // grid.cell_size_m), 0), grid.cols - 1)
    here_ha = float(np.nan_to_num(cells[row, col])) * grid.cell_area_m2 / 1e4
    near = "none in the window" if nearest_m is None else f"the nearest is {nearest_m:.0f} m away"
    more = "" if nearest_m is None else f", set watershed.outlet_reach_m={math.ceil(nearest_m / 10) * 10} or more"
    return NoChannelInReach(
        f"no channel lies within {options.outlet_reach_m:g} m (watershed.outlet_reach_m) of the outlet at "
        f"{_place(point, grid)}: {near}; {here_ha:.2g} ha drain to the point itself, and channels begin at "
        f"{options.csa_ha:g} ha (watershed.csa_ha)",
        hint=f"move the point on to the channel that is meant{more}, or use a smaller watershed.csa_ha",
    )


def _place(point: Point, grid: Grid) -> str:
    """A point's longitude and latitude, for messages."""
    longitude, latitude = transformer(grid.crs, WGS84).transform(point.x, point.y)
    return f"{longitude:.5f}, {latitude:.5f}"


def cells_polygon(basin: Mask, grid: Grid) -> BaseGeometry:
    """A basin's cells as one polygon in the grid's CRS; cells that meet in a corner only make it several."""
    parts = [shape(part) for part, _ in shapes(basin.astype(np.uint8), mask=basin, transform=grid.transform)]
    whole: BaseGeometry = shapely.union_all(parts)
    return whole
