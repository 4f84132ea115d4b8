"""Flow paths of all hillslopes and channels at once, as sums along the drainage network.

In: flat arrays of a `Basin`. Out: each cell's distance to the foot of its hillslope or channel, the slope of its
step, the weight of the paths through it, its aspect, and a hillslope's representative profile. A path goes from a
cell down to the first cell with another label. Instead of walking every path (quadratic), what paths share is
added up once: the paths through a step are those of all cells above it.
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from weppbatch.terrain.drainage import Cells

Floats = npt.NDArray[np.float64]

# WEPP's slope files carry four decimals; a slope that they would show as 0 is none, and is replaced by FLAT_SLOPE.
LEAST_SLOPE = 0.00005
FLAT_SLOPE = 0.001


@njit(cache=True)
def walk(
    downstream: Cells, order: Cells, label: Cells, relief_m: Floats, cols: int, cell_size_m: float
) -> tuple[Floats, Floats, Cells]:
    """Each cell's distance (m) and number of steps to the foot, and the slope (m/m) of its step down."""
    distance_m = np.zeros(downstream.size)
    slope = np.zeros(downstream.size)
    steps = np.zeros(downstream.size, dtype=np.int32)
    for i in range(order.size - 1, -1, -1):
        cell = order[i]
        below = downstream[cell]
        if below == cell:
            continue
        straight = cell % cols == below % cols or cell // cols == below // cols
        step_m = cell_size_m if straight else cell_size_m * math.sqrt(2.0)
        slope[cell] = (relief_m[cell] - relief_m[below]) / step_m
        distance_m[cell] = step_m
        steps[cell] = 1
        if label[below] == label[cell]:
            distance_m[cell] += distance_m[below]
            steps[cell] += steps[below]
    return distance_m, slope, steps


@njit(cache=True)
def path_weights(
    downstream: Cells, order: Cells, label: Cells, distance_m: Floats, steps: Cells, cell_area_m2: float
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The summed weight of all paths through each cell, and whether no path of its hillslope comes from above.

    A path weighs its length times its area (Cochrane & Flanagan 2003, k_p).
    """
    weight = distance_m * steps * cell_area_m2
    is_source = np.ones(downstream.size, dtype=np.bool_)
    for cell in order:
        below = downstream[cell]
        if below != cell and label[below] == label[cell]:
            weight[below] += weight[cell]
            is_source[below] = False
    return weight, is_source


@njit(cache=True)
def mean_slopes(
    cells: Cells, downstream: Cells, label: Cells, distance_m: Floats, slope: Floats, weight: Floats, points: int
) -> Floats:
    """A hillslope's slope at `points` even distances from its foot up to its longest path, weighted over its paths.

    Cochrane & Flanagan 2003: sum(k_p s_p(d)) / sum(k_p) over the paths at least d long. Along a path the slope is
    linear between cells, and even on the last step.
    """
    longest_m = distance_m[cells].max()
    spacing_m = longest_m / (points - 1)
    total, weights = np.zeros(points), np.zeros(points)
    for cell in cells:
        below = downstream[cell]
        inner = label[below] == label[cell] and below != cell
        low_m = distance_m[below] if inner else 0.0
        low_slope = slope[below] if inner else slope[cell]
        first = int(low_m / spacing_m + 1e-9) + 1 if inner else 0
        for i in range(first, min(int(distance_m[cell] / spacing_m + 1e-9), points - 1) + 1):
            up = min((i * spacing_m - low_m) / (distance_m[cell] - low_m), 1.0)
            here = low_slope + (slope[cell] - low_slope) * up
            total[i] += weight[cell] * (here if here >= LEAST_SLOPE else FLAT_SLOPE)
            weights[i] += weight[cell]
    return total / weights


@njit(cache=True)
def downhill(
    downstream: Cells, order: Cells, relief_m: Floats, cols: int, is_channel: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """The unit vector (east, north) in which each cell faces, zero where it faces nowhere.

    A hillslope cell faces down the gradient of its neighbours (Horn 1981); where one of them is missing or there
    is no gradient, and in channels, whose banks say nothing of the bed, a cell faces as it flows.
    """
    east, north = np.zeros(downstream.size), np.zeros(downstream.size)
    rows = downstream.size // cols
    for cell in order:
        row, col = cell // cols, cell % cols
        if not is_channel[cell] and 0 < row < rows - 1 and 0 < col < cols - 1:
            for i in range(-1, 2):
                twice = 2.0 if i == 0 else 1.0
                east[cell] += twice * (relief_m[cell + i * cols - 1] - relief_m[cell + i * cols + 1])
                north[cell] += twice * (relief_m[cell + cols + i] - relief_m[cell - cols + i])
        if not math.hypot(east[cell], north[cell]) > 0.0:  # also where it is not a number
            east[cell] = downstream[cell] % cols - col
            north[cell] = row - downstream[cell] // cols
        size = math.hypot(east[cell], north[cell])
        if size > 0.0:
            east[cell] /= size
            north[cell] /= size
    return east, north
