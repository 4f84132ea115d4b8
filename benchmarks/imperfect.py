"""Watersheds whose outlets are known, and polygons of them made as imperfect as mapped boundaries are.

In: an elevation file. Out: basins drained from it on a terrain of its own (20 m cells, bilinear, breached by least
cost), so that whoever delineates them again on other cells with other conditioning does not find them by identity.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from rasterio.features import shapes
from rasterio.warp import transform_bounds

from weppbatch.terrain.channels import condition, read_pointers
from weppbatch.terrain.drainage import Cells, downstream_of, upstream_cells, upstream_first, upstream_sum
from weppbatch.terrain.grid import Grid, write_raster
from weppbatch.terrain.sources import DemOptions, read_window
from weppbatch.terrain.whitebox import WhiteboxTools

CELL_M = 20.0
CLEARANCE_M = 1500.0  # of a basin from the end of the elevations: the delineation's buffer, and some
SAME_SHARE = 0.85  # two basins that share more than this are one

Kind = Literal["confluence", "channel"]


@dataclass(frozen=True)
class Terrain:
    """The drainage that counts as true: flat arrays over `grid`, see `weppbatch.terrain.drainage`."""

    grid: Grid
    downstream: Cells
    order: Cells
    area_m2: npt.NDArray[np.float64]
    """Drained area of each cell."""
    clear: shapely.Polygon
    """Where the elevations end at least CLEARANCE_M away."""


@dataclass(frozen=True)
class KnownBasin:
    """A basin and the outlet that it was drained through, in the terrain's CRS."""

    kind: Kind
    """Outlet just above a confluence, as hydrologic units have it, or anywhere on a channel."""
    x_m: float
    y_m: float
    polygon: shapely.Polygon


def true_terrain(source: Path, crs: str, folder: Path) -> Terrain:
    """Drain the whole of an elevation file in `crs`; `folder` is for scratch files."""
    with rasterio.open(source) as raster:
        bounds_m = transform_bounds(raster.crs, crs, *raster.bounds)
    grid = Grid.around(bounds_m, crs, CELL_M, 0.0)
    elevation_m, _ = read_window(source, grid, DemOptions(resampling="bilinear"))
    dem, relief, flovec = (folder / f"true_{name}.tif" for name in ("dem", "relief", "flovec"))
    write_raster(dem, elevation_m, grid)
    whitebox = WhiteboxTools()
    condition(whitebox, dem, relief, "breach_least_cost", blc_dist_m=2000.0, flat_increment_m=0.0001)
    whitebox.run("D8Pointer", [flovec], dem=relief, output=flovec)
    downstream = downstream_of(read_pointers(flovec))
    order = upstream_first(downstream)
    cells = upstream_sum(downstream, order, (downstream >= 0).astype(np.int32)).astype(np.float64)
    clear = outline(np.isfinite(elevation_m), grid).buffer(-CLEARANCE_M)
    return Terrain(grid, downstream, order, cells * grid.cell_area_m2, clear)


def outline(mask: npt.NDArray[np.bool_], grid: Grid) -> shapely.Polygon:
    """The largest polygon around a mask's cells."""
    parts = [
        shapely.Polygon(part["coordinates"][0], part["coordinates"][1:])
        for part, _ in shapes(mask.astype(np.uint8), mask=mask, transform=grid.transform)
    ]
    return max(parts, key=lambda part: float(part.area))


def known_basins(
    terrain: Terrain, kind: Kind, rng: np.random.Generator, least_m2: float, most_m2: float
) -> Iterator[KnownBasin]:
    """Basins of about log-uniform area, each clear of the elevations' end and unlike those before it.

    Gives as many as it finds in 3,000 draws.
    """
    area = terrain.area_m2
    fits = (area >= least_m2) & (area <= most_m2)
    if kind == "confluence":
        # The next cell drains at least 30 % more: a tributary that counts joins there.
        fits &= area[np.maximum(terrain.downstream, 0)] > 1.3 * area
    cells = np.flatnonzero(fits)
    taken: list[shapely.Polygon] = []
    for _ in range(3000):
        wanted = rng.uniform(np.log(least_m2), np.log(most_m2))
        nearest = np.argsort(np.abs(np.log(area[cells]) - wanted))[: max(5, len(cells) // 40)]
        basin = basin_through(terrain, int(cells[rng.choice(nearest)]), kind)
        if basin is None or any(_share(basin.polygon, other) > SAME_SHARE for other in taken):
            continue
        taken.append(basin.polygon)
        yield basin


def basin_through(terrain: Terrain, cell: int, kind: Kind) -> KnownBasin | None:
    """The basin of a cell (its flat index), or None where it comes too near to the elevations' end."""
    inside = upstream_cells(terrain.downstream, terrain.order, cell)
    grid = terrain.grid
    polygon = outline(inside.reshape(grid.rows, grid.cols), grid)
    if not terrain.clear.covers(polygon):
        return None
    x_m, y_m = grid.centre(*divmod(cell, grid.cols))
    return KnownBasin(kind, x_m, y_m, polygon)


def imperfect(polygon: shapely.Polygon, rng: np.random.Generator) -> shapely.Polygon:
    """The polygon as a map might have it: simplified, its vertices displaced, too large or too small.

    Simplified by 60 to 200 m, vertices moved by a normal deviate of 30 to 90 m, buffered by -60 to 120 m.
    """
    simple = shapely.simplify(polygon, rng.uniform(60.0, 200.0))
    corners = np.array(simple.exterior.coords)[:-1]
    moved = shapely.Polygon(corners + rng.normal(0.0, rng.uniform(30.0, 90.0), corners.shape))
    buffered = shapely.make_valid(moved).buffer(rng.uniform(-60.0, 120.0), join_style="mitre")
    largest = max(shapely.get_parts(buffered), key=lambda part: float(part.area))
    return shapely.Polygon(largest.exterior)


def _share(one: shapely.Polygon, other: shapely.Polygon) -> float:
    """The common area as a share of the larger of two polygons."""
    return float(one.intersection(other).area / max(one.area, other.area))
