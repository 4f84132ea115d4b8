"""The pour point whose basin fits a polygon best, and the basin of a pour point.

In: a WhiteboxTools D8 pointer grid and masks of the same shape. Out: cells and basins. Reads no files, and does
not judge whether the best fit is good enough.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from weppbatch.errors import DataError
from weppbatch.terrain.drainage import downstream_of, upstream_cells, upstream_first, upstream_sum

Mask = npt.NDArray[np.bool_]


def best_overlap(
    d8: npt.NDArray[Any], candidates: npt.NDArray[Any], mask: npt.NDArray[Any]
) -> tuple[int, int, float]:
    """The row and column of the candidate whose basin has the greatest overlap with `mask`, and that overlap.

    The overlap is intersection over union, 0 to 1: with a cells upstream, m of them in the mask and P cells in
    the mask, m / (a + P - m). Of equal candidates the first in reading order wins.
    Raises DataError when there is no candidate on a cell with flow, or the mask is empty.
    """
    downstream = downstream_of(d8)
    order = upstream_first(downstream)
    inside = (np.asarray(mask).ravel() > 0).astype(np.int32)
    cells = upstream_sum(downstream, order, (downstream >= 0).astype(np.int32)).astype(np.float64)
    shared = upstream_sum(downstream, order, inside).astype(np.float64)
    possible = (np.asarray(candidates).ravel() > 0) & (downstream >= 0)
    if not possible.any() or not inside.any():
        raise DataError(
            "no pour point can be chosen: "
            + ("the polygon covers no cell" if not inside.any() else "no stream cell has a flow direction"),
            hint="use smaller cells or a smaller critical source area",
        )
    overlap = np.where(possible, shared / np.maximum(cells + inside.sum() - shared, 1.0), -1.0)
    row, col = divmod(int(overlap.argmax()), d8.shape[1])
    return row, col, float(overlap.max())


def basin_of(d8: npt.NDArray[Any], row: int, col: int) -> Mask:
    """True for every cell that drains through (row, col), itself included; shape (rows, cols)."""
    downstream = downstream_of(d8)
    basin: Mask = upstream_cells(downstream, upstream_first(downstream), row * d8.shape[1] + col)
    return basin.reshape(d8.shape)


def touches_edge(basin: npt.NDArray[Any], valid: npt.NDArray[Any]) -> bool:
    """Whether the basin may go on where nothing is known: beyond the window's edge or beside nodata.

    `valid` is true where there is an elevation; both have the shape (rows, cols).
    """
    known = np.pad(np.asarray(valid) > 0, 1, constant_values=False)
    rows, cols = basin.shape
    surrounded = np.ones(basin.shape, dtype=np.bool_)
    for down in range(3):
        for right in range(3):
            surrounded &= known[down : down + rows, right : right + cols]
    return bool(np.any((np.asarray(basin) > 0) & ~surrounded))
