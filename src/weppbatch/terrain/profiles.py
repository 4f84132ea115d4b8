"""Slope profiles and aspects of hillslopes and channels, from the flow paths of a basin.

In: a `Basin` and the cells of a hillslope or channel. Out: profiles as (distance fraction from the top, slope).
It sizes nothing and writes nothing.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from weppbatch.terrain.basin import Basin
from weppbatch.terrain.drainage import Cells
from weppbatch.terrain.flowpaths import FLAT_SLOPE, LEAST_SLOPE, downhill, mean_slopes, path_weights, walk

Floats = npt.NDArray[np.float64]
Profile = tuple[Floats, Floats]

PROFILE_TOLERANCE = 0.01


@dataclass(frozen=True)
class Paths:
    """What the kernels of `flowpaths` found for every cell of a basin."""

    distance_m: Floats
    slope: Floats
    steps: Cells
    weight: Floats
    is_source: npt.NDArray[np.bool_]
    east: Floats
    north: Floats


def flow_paths(basin: Basin) -> Paths:
    """Run the kernels of `flowpaths` over the basin."""
    grid, where = basin.grid, (basin.downstream, basin.order, basin.label)
    distance_m, slope, steps = walk(*where, basin.relief_m, grid.cols, grid.cell_size_m)
    weight, is_source = path_weights(*where, distance_m, steps, grid.cell_area_m2)
    is_channel = basin.label % 10 == 4
    east, north = downhill(basin.downstream, basin.order, basin.relief_m, grid.cols, is_channel)
    return Paths(distance_m, slope, steps, weight, is_source, east, north)


def hillslope_profile(basin: Basin, paths: Paths, cells: Cells, points: int) -> Profile:
    """The representative profile of a hillslope at `points` even distances, before it is simplified."""
    if paths.distance_m[cells].max() <= 0.0:  # its only cell drains nowhere
        return np.array([0.0, 1.0]), np.full(2, FLAT_SLOPE)
    upwards = mean_slopes(cells, basin.downstream, basin.label, paths.distance_m, paths.slope, paths.weight, points)
    return np.linspace(0.0, 1.0, points), upwards[::-1]


def channel_profile(paths: Paths, down: Cells) -> Profile:
    """The profile of a channel, cell by cell; `down` lists its cells from top to bottom."""
    steps = down[paths.distance_m[down] > 0.0]  # without the outlet's cell, below which nothing is known
    if not len(steps):
        return np.array([0.0, 1.0]), np.full(2, FLAT_SLOPE)
    fractions = 1.0 - paths.distance_m[steps] / paths.distance_m[down[0]]
    slopes = not_flat(paths.slope[steps])
    return np.append(fractions, 1.0), np.append(slopes, slopes[-1])


def simplified(profile: Profile, max_points: int) -> Profile:
    """The profile by Douglas-Peucker at a tolerance of 0.01, resampled evenly where it keeps too many points."""
    line = shapely.simplify(shapely.LineString(np.column_stack(profile)), PROFILE_TOLERANCE)
    fractions, slopes = shapely.get_coordinates(line).T
    if len(fractions) > max_points:
        even = np.linspace(0.0, 1.0, max_points)
        return even, np.interp(even, fractions, slopes)
    return fractions, slopes


def not_flat(slopes: Floats) -> Floats:
    """Slopes with those that a slope file would show as 0 replaced."""
    return np.where(slopes >= LEAST_SLOPE, slopes, FLAT_SLOPE)


def facing_deg(paths: Paths, cells: Cells) -> float:
    """The circular mean of the cells' aspects, degrees clockwise from north."""
    east, north = float(paths.east[cells].sum()), float(paths.north[cells].sum())
    return math.degrees(math.atan2(east, north)) % 360.0
