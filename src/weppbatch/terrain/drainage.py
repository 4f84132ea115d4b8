"""The drainage network as one flat array: for every cell the index of the cell it drains to.

In: WhiteboxTools D8 pointers. Out: `downstream`, int32 of shape (rows * cols,), where a pit or a cell that
drains off the grid names itself and nodata is -1. Computes no pointers, knows no hillslopes or channels.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Cells = npt.NDArray[np.int32]

# WhiteboxTools' pointer: 1 north-east, then clockwise by powers of two, 128 north.
ROW_STEP = np.array([-1, 0, 1, 1, 1, 0, -1, -1], dtype=np.int32)
COL_STEP = np.array([1, 1, 1, 0, -1, -1, -1, 0], dtype=np.int32)


def downstream_of(d8: npt.NDArray[Any]) -> Cells:
    """The next cell downstream of every cell, from a pointer grid of shape (rows, cols).

    Negative pointers and NaN are nodata; 0, and any value that is not a power of two up to 128, is a pit.
    """
    pointer = np.nan_to_num(d8, nan=-1.0) if np.issubdtype(d8.dtype, np.floating) else d8
    return _downstream(np.ascontiguousarray(pointer, dtype=np.int32))


@njit(cache=True)
def _downstream(d8: npt.NDArray[np.int32]) -> Cells:
    """Follow each pointer by one step."""
    rows, cols = d8.shape
    downstream = np.empty(rows * cols, dtype=np.int32)
    for row in range(rows):
        for col in range(cols):
            here = row * cols + col
            downstream[here] = here if d8[row, col] >= 0 else -1
            for bit in range(8):
                if d8[row, col] == 1 << bit:
                    to_row, to_col = row + ROW_STEP[bit], col + COL_STEP[bit]
                    if 0 <= to_row < rows and 0 <= to_col < cols and d8[to_row, to_col] >= 0:
                        downstream[here] = to_row * cols + to_col
    return downstream


@njit(cache=True)
def upstream_first(downstream: Cells) -> Cells:
    """The cells in an order in which every cell comes after all that drain into it (Kahn 1962).

    Nodata cells are left out, and so are cells of a loop, which valid pointers do not have.
    """
    inflows = np.zeros(downstream.size, dtype=np.int8)
    for cell in range(downstream.size):
        if downstream[cell] >= 0 and downstream[cell] != cell:
            inflows[downstream[cell]] += 1
    order = np.empty(downstream.size, dtype=np.int32)
    tail = 0
    for cell in range(downstream.size):
        if downstream[cell] >= 0 and inflows[cell] == 0:
            order[tail] = cell
            tail += 1
    head = 0
    while head < tail:
        below = downstream[order[head]]
        if below != order[head]:
            inflows[below] -= 1
            if inflows[below] == 0:
                order[tail] = below
                tail += 1
        head += 1
    return order[:tail]


@njit(cache=True)
def upstream_sum(downstream: Cells, order: Cells, own: Cells) -> Cells:
    """The sum of `own` over every cell and all that drain through it."""
    total = own.copy()
    for cell in order:
        if downstream[cell] != cell:
            total[downstream[cell]] += total[cell]
    return total


@njit(cache=True)
def upstream_cells(downstream: Cells, order: Cells, outlet: int) -> npt.NDArray[np.bool_]:
    """Whether each cell drains through the cell `outlet`, itself included; shape (rows * cols,)."""
    inside = np.zeros(downstream.size, dtype=np.bool_)
    inside[outlet] = True
    for i in range(order.size - 1, -1, -1):
        if inside[downstream[order[i]]]:
            inside[order[i]] = True
    return inside
