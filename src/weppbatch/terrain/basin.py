"""A labelled basin in memory: one drainage network, and a label, an elevation and an area for each of its cells.

In: the rasters of the outlet step and subwta.tif. Out: a `Basin`, cut to its bounding box. Computes no flow
paths.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weppbatch.crs import WGS84, transformer
from weppbatch.errors import DataError
from weppbatch.terrain.drainage import Cells, downstream_of, upstream_first
from weppbatch.terrain.grid import Grid, grid_of, read_raster


@dataclass(frozen=True)
class Basin:
    """Flat arrays over the cells of `grid`, index = row * cols + col; outside the basin `label` is 0.

    `downstream` is as in `drainage`, with the outlet's cell naming itself; `order` lists the basin's cells,
    upstream before downstream. `offset` is the row and column of the grid's corner in the rasters it was cut from.
    """

    grid: Grid
    offset: tuple[int, int]
    downstream: Cells
    order: Cells
    label: Cells
    relief_m: npt.NDArray[np.float64]
    drained_cells: npt.NDArray[np.float64]

    def index(self, row: int, col: int) -> int:
        """The flat index of a cell given by its row and column in the full rasters."""
        return (row - self.offset[0]) * self.grid.cols + col - self.offset[1]

    def lonlat(self, rows: npt.NDArray[np.float64], cols: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """WGS84 longitude and latitude, shape (n, 2), of places given in cells; a cell's centre is at +0.5."""
        x = self.grid.left_m + cols * self.grid.cell_size_m
        y = self.grid.top_m - rows * self.grid.cell_size_m
        return np.column_stack(transformer(self.grid.crs, WGS84).transform(x, y))


def read_basin(terrain: Path, subwta: Path) -> Basin:
    """The basin of `terrain` (relief, flovec, floaccum, bound .tif) with the labels of `subwta`.

    Raises DataError when the rasters differ in size, or a cell of the basin has no label, elevation or pointer.
    """
    grid = grid_of(terrain / "bound.tif")
    layers = {name: read_raster(terrain / f"{name}.tif") for name in ("bound", "relief", "flovec", "floaccum")}
    layers["subwta"] = read_raster(subwta)
    for name, values in layers.items():
        if values.shape != (grid.rows, grid.cols):
            raise DataError(f"{name}.tif has {values.shape} cells, bound.tif {(grid.rows, grid.cols)}")
    inside = layers["bound"] > 0
    for name, values in layers.items():
        if not np.isfinite(values[inside]).all():
            raise DataError(f"{name}.tif has no value in some cells of the basin")
    # One ring more than the basin: a cell's aspect needs its neighbours.
    rows, cols = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    top, left = max(int(rows[0]) - 1, 0), max(int(cols[0]) - 1, 0)
    cut = (slice(top, int(rows[-1]) + 2), slice(left, int(cols[-1]) + 2))
    inside = inside[cut]
    downstream = downstream_of(np.where(inside, layers["flovec"][cut], -1.0))
    cell = grid.cell_size_m
    small = replace(
        grid,
        left_m=grid.left_m + left * cell,
        top_m=grid.top_m - top * cell,
        rows=inside.shape[0],
        cols=inside.shape[1],
    )
    return Basin(
        grid=small,
        offset=(top, left),
        downstream=downstream,
        order=upstream_first(downstream),
        label=np.where(inside, layers["subwta"][cut], 0).astype(np.int32).ravel(),
        relief_m=np.ascontiguousarray(layers["relief"][cut]).ravel(),
        drained_cells=layers["floaccum"][cut].ravel(),
    )
