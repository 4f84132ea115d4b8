"""Candidates for a watershed's outlet on one conditioning of its DEM, and which of them to believe.

In: a DEM window, a mask of the polygon on it and the options. Out: the network's rasters in a folder of their own,
and FindOutlet's cell and the cell of best overlap with the basins' fit. It compares no conditionings.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from weppbatch.errors import DataError
from weppbatch.terrain.channels import CSA_STEPS, Conditioning, channel_network, condition, read_pointers, route
from weppbatch.terrain.grid import grid_of, read_raster
from weppbatch.terrain.overlap import basin_of, best_overlap
from weppbatch.terrain.pour_point import NoOutletFound, find_outlet
from weppbatch.terrain.whitebox import WhiteboxTools

AMBIGUOUS_M = 250.0  # two choices that lie farther apart contradict each other
CSA_GAIN = 0.05  # overlap that a cell off the channels must add for the channels to count as too sparse

Method = Literal["find_outlet", "overlap", "requested"]
Mask = npt.NDArray[np.bool_]
Log = Callable[[str], None]


@dataclass(frozen=True)
class OutletOptions:
    """How channels are made and when an outlet counts as poor."""

    csa_ha: float = 10.0
    """Critical source area: the drained area at which a channel begins."""
    mcl_m: float = 100.0
    """Minimum length of a channel without tributaries."""
    fill_or_breach: Conditioning = "breach"
    """How depressions are removed; the other ways are tried when the outlet is poor."""
    blc_dist_m: float = 1000.0
    """Search distance of breach_least_cost."""
    flat_increment_m: float = 0.0001
    """Fall that a flat gets, each cell."""
    max_junctions: int = 3
    """Channels that may flow into one cell; the subcatchment tool takes 3 at most."""
    retry_iou: float = 0.75
    """Overlap (intersection over union, 0 to 1) below which other choices are tried."""
    flag_iou: float = 0.70
    """Overlap below which the outlet is flagged as poor_fit."""
    outlet_reach_m: float = 300.0
    """How far an outlet given as a point may be moved to the nearest channel."""
    outlet_far_m: float = 150.0
    """Moved farther than this, it is flagged as far."""


@dataclass(frozen=True)
class Candidate:
    """A channel cell that may be the outlet."""

    conditioning: Conditioning
    method: Method
    row: int
    col: int
    iou: float
    """Overlap of the cell's basin with the polygon: intersection over union, 0 to 1."""


@dataclass(frozen=True)
class Search:
    """What one conditioning yields: its folder of rasters, the network's settings, and the candidates."""

    folder: Path
    csa_ha: float
    mcl_m: float
    candidates: list[Candidate]
    chosen: Candidate
    ambiguous: bool
    """Whether the candidates lie so far apart that the polygon may mean either."""


def search(
    whitebox: WhiteboxTools,
    dem: Path,
    mask_path: Path,
    folder: Path,
    conditioning: Conditioning,
    options: OutletOptions,
    log: Log,
) -> Search:
    """Condition the DEM, make the channels, and choose between FindOutlet's cell and the one of best overlap.

    FindOutlet is believed while its basin overlaps the mask by `retry_iou`: it stops where the main channel
    crosses the polygon's boundary, which is nearer to the true outlet than the best overlap is.
    Raises NoChannels, TooManyInflows, DataError, WhiteboxFailed.
    """
    mask = read_raster(mask_path) > 0
    relief, flovec = folder / "relief.tif", folder / "flovec.tif"
    condition(
        whitebox,
        dem,
        relief,
        conditioning,
        blc_dist_m=options.blc_dist_m,
        flat_increment_m=options.flat_increment_m,
    )
    route(whitebox, relief, flovec, folder / "floaccum.tif")
    d8 = read_pointers(flovec)
    overlap, csa_ha, mcl_m = _best_channel_cell(whitebox, folder, d8, mask, conditioning, options, log)
    candidates = [overlap]
    try:
        point = find_outlet(
            flovec, folder / "netful.tif", mask_path, folder / "find_outlet.geojson", whitebox=whitebox
        )
    except NoOutletFound as error:
        log(f"{conditioning}: {error.message}; the cell of best overlap is taken")
        return Search(folder, csa_ha, mcl_m, candidates, overlap, ambiguous=False)
    row, col = int(point["row"]), int(point["column"])
    iou = overlap_of(basin_of(d8, row, col), mask)
    walked = Candidate(conditioning, "find_outlet", row, col, iou)
    apart_m = math.hypot(row - overlap.row, col - overlap.col) * grid_of(dem).cell_size_m
    chosen = walked if iou >= options.retry_iou else overlap
    return Search(folder, csa_ha, mcl_m, [walked, overlap], chosen, ambiguous=apart_m > AMBIGUOUS_M)


def overlap_of(basin: npt.NDArray[Any], mask: npt.NDArray[Any]) -> float:
    """Intersection over union of two masks, 0 to 1."""
    return float(np.logical_and(basin, mask).sum() / np.logical_or(basin, mask).sum())


def _best_channel_cell(
    whitebox: WhiteboxTools,
    folder: Path,
    d8: npt.NDArray[np.int16],
    mask: Mask,
    conditioning: Conditioning,
    options: OutletOptions,
    log: Log,
) -> tuple[Candidate, float, float]:
    """The channel cell of best overlap, with the critical source area and minimum channel length used for it.

    Both are halved while the polygon has no channel that drains it but some cell off the channels does.
    """
    # Half the side of a square of the polygon's area. A length that no channel reaches leaves only stubs.
    mcl_m = min(options.mcl_m, 0.5 * math.sqrt(mask.sum() * grid_of(folder / "flovec.tif").cell_area_m2))
    if mcl_m < options.mcl_m:
        log(f"the minimum channel length is {mcl_m:.0f} m, not {options.mcl_m:g} m: the polygon is small")
    csa_ha = options.csa_ha
    _, _, attainable = best_overlap(d8, d8 > 0, mask)
    for step in range(CSA_STEPS):
        csa_ha = channel_network(
            whitebox, folder, csa_ha=csa_ha, mcl_m=mcl_m, max_junctions=options.max_junctions, log=log
        )
        # One inflow: at a junction the tools can't tell which of its channels is meant, at a head there is none.
        usable = (read_raster(folder / "chnjnt.tif") == 1) & (d8 > 0)
        row, col, iou = best_overlap(d8, usable, mask) if usable.any() else (-1, -1, 0.0)
        if iou >= options.retry_iou or attainable < iou + CSA_GAIN or step == CSA_STEPS - 1:
            break
        log(f"no channel drains the polygon with a critical source area of {csa_ha:g} ha; halving it")
        csa_ha, mcl_m = csa_ha / 2, mcl_m / 2
    if row < 0:
        raise DataError("no channel cell has exactly one inflow", hint="set a smaller watershed.csa_ha")
    return Candidate(conditioning, "overlap", row, col, iou), csa_ha, mcl_m
