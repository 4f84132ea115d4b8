"""A window of elevations as an array: its holes, its edges, and whether a polygon's basin runs out of it.

In: float64 arrays of shape (rows, cols) with NaN for nodata, and their grid. Out: arrays, grids and findings.
It reads no sources and decides no failures.
"""

import math
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.features import shapes, sieve
from rasterio.fill import fillnodata
from shapely.geometry.base import BaseGeometry

from weppbatch.terrain.channels import condition
from weppbatch.terrain.grid import Grid, mask_of, write_raster
from weppbatch.terrain.overlap import basin_of, best_overlap, touches_edge
from weppbatch.terrain.whitebox import WhiteboxTools

Elevations = npt.NDArray[np.float64]

COARSE_CELLS = 600


def fill_small_holes(elevation_m: Elevations, max_cells: int) -> tuple[Elevations, int]:
    """Fill holes of at most `max_cells` cells by inverse-distance interpolation; returns how many cells it filled.

    What is open to the window's edge is no hole and stays. Cells that had a value keep it to the last bit.
    """
    missing = np.isnan(elevation_m)
    if max_cells < 1 or not missing.any() or missing.all():
        return elevation_m, 0
    # A ring of nodata joins everything that is open to the edge into one piece too big to be a hole.
    ringed = np.pad(missing, 1, constant_values=True).astype(np.uint8)
    holes = missing & (sieve(ringed, size=max_cells + 1, connectivity=8)[1:-1, 1:-1] == 0)
    if not holes.any():
        return elevation_m, 0
    # GDAL interpolates in float32 and from every cell that `mask` names.
    near = np.where(missing, 0.0, elevation_m).astype(np.float32)
    filled = fillnodata(near, mask=(~missing).astype(np.uint8), max_search_distance=float(max_cells))
    return np.where(holes, filled.astype(np.float64), elevation_m), int(holes.sum())


def enclosed_holes(elevation_m: Elevations, inside: npt.NDArray[np.bool_]) -> list[int]:
    """The sizes in cells, greatest first, of the nodata regions that reach into `inside` and not to the edge."""
    missing = np.pad(np.isnan(elevation_m), 1, constant_values=True).astype(np.uint8)
    rows, cols = missing.shape
    reaching = np.pad(inside, 1)
    sizes = []
    for outline, _ in shapes(missing, mask=missing.astype(bool), connectivity=8):
        corners = np.array([corner for ring in outline["coordinates"] for corner in ring])
        if corners.min() > 0 and (corners.max(axis=0) < (cols, rows)).all():
            region = rasterio.features.rasterize([(outline, 1)], out_shape=missing.shape).astype(bool)
            if (region & reaching).any():
                sizes.append(int(region.sum()))
    return sorted(sizes, reverse=True)


def widened(grid: Grid, polygon: BaseGeometry) -> Grid:
    """The grid with its buffer around the polygon doubled; the old cells keep their places."""
    west, south, east, north = grid.bounds_m
    left, bottom, right, top = polygon.bounds
    buffer_m = min(left - west, bottom - south, east - right, north - top)
    cells = max(math.ceil(buffer_m / grid.cell_size_m), 10)
    return Grid(
        crs=grid.crs,
        left_m=grid.left_m - cells * grid.cell_size_m,
        top_m=grid.top_m + cells * grid.cell_size_m,
        cell_size_m=grid.cell_size_m,
        rows=grid.rows + 2 * cells,
        cols=grid.cols + 2 * cells,
    )


def basin_runs_out(elevation_m: Elevations, grid: Grid, polygon: BaseGeometry) -> tuple[bool, bool]:
    """Whether the basin that fits the polygon best reaches the window's edge, and whether it reaches nodata.

    Answered on a copy of at most 600 x 600 cells, by the same tools as the real delineation.
    """
    factor = math.ceil(max(grid.rows, grid.cols) / COARSE_CELLS)
    coarse_m, coarse = coarsened(elevation_m, grid, factor)
    valid = np.isfinite(coarse_m)
    inside = mask_of(polygon, coarse).astype(bool) & valid
    if not inside.any():
        return False, False
    with tempfile.TemporaryDirectory(prefix="weppbatch-window-") as name:
        dem, relief, pointer = (Path(name, f"{stem}.tif") for stem in ("dem", "relief", "flovec"))
        write_raster(dem, coarse_m, coarse)
        tools = WhiteboxTools()
        condition(tools, dem, relief, "breach", blc_dist_m=0.0, flat_increment_m=0.0001)
        tools.run("D8Pointer", [pointer], dem=relief, output=pointer)
        with rasterio.open(pointer) as source:
            d8 = source.read(1)
    row, col, _ = best_overlap(d8, valid, inside)
    basin = basin_of(d8, row, col)
    edge = touches_edge(basin, np.ones_like(valid))
    return edge, not edge and touches_edge(basin, valid)


def coarsened(elevation_m: Elevations, grid: Grid, factor: int) -> tuple[Elevations, Grid]:
    """Means of factor x factor cells; a block that holds nodata is nodata, and a last part of a block is lost."""
    if factor <= 1:
        return elevation_m, grid
    rows, cols = grid.rows // factor, grid.cols // factor
    blocks = elevation_m[: rows * factor, : cols * factor].reshape(rows, factor, cols, factor)
    coarse = Grid(grid.crs, grid.left_m, grid.top_m, grid.cell_size_m * factor, rows, cols)
    return blocks.mean(axis=(1, 3)), coarse
