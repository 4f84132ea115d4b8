"""From an elevation grid to a channel network: conditioning, D8, accumulation, pruning, junction counts.

In: a DEM as GeoTIFF in metres. Out: relief, flovec, floaccum, netful and chnjnt as WhiteboxTools leaves them.
It knows no polygon and no outlet.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import rasterio

from weppbatch.errors import ConfigError, DataError
from weppbatch.terrain.grid import grid_of, read_raster
from weppbatch.terrain.whitebox import WhiteboxFailed, WhiteboxTools

Conditioning = Literal["breach", "fill", "breach_least_cost"]
CONDITIONINGS: tuple[Conditioning, ...] = ("breach", "fill", "breach_least_cost")
CSA_STEPS = 6  # how often a critical source area is halved or doubled
NOTHING_LEFT = ("No channels remain", "Only-channel prune guard violated")  # what the pruning says then


class NoChannels(DataError):
    """No cell drains enough to be a channel, even with a much smaller critical source area."""


class TooManyInflows(DataError):
    """More channels meet in one cell than the subcatchment tool can number."""


def condition(
    whitebox: WhiteboxTools,
    dem: Path,
    relief: Path,
    method: Conditioning,
    *,
    blc_dist_m: float,
    flat_increment_m: float,
) -> None:
    """Remove the DEM's depressions, so that every cell drains to the window's edge.

    `flat_increment_m` is always given: the tools' own default depends on the highest elevation and cuts trenches
    through lakes. Raises ConfigError for an unknown method, WhiteboxFailed.
    """
    if method == "breach":
        whitebox.run(
            "BreachDepressions",
            [relief],
            dem=dem,
            output=relief,
            fill_pits=True,
            flat_increment=f"{flat_increment_m:f}",
        )
    elif method == "fill":
        # Wang & Liu 2006. The tool named FillDepressions crashes in about 30 % of calls and hangs on flat terrain.
        whitebox.run(
            "FillDepressionsWangAndLiu",
            [relief],
            dem=dem,
            output=relief,
            fix_flats=True,
            flat_increment=f"{flat_increment_m:f}",
        )
    elif method == "breach_least_cost":
        partly = relief.with_name("relief_least_cost.tif")
        whitebox.run(
            "BreachDepressionsLeastCost",
            [partly],
            dem=dem,
            output=partly,
            dist=max(1, round(blc_dist_m / grid_of(dem).cell_size_m)),
            flat_increment=f"{flat_increment_m:f}",
        )
        # It leaves pits beside the window's edge and where no path is short enough; breaching only touches those.
        condition(whitebox, partly, relief, "breach", blc_dist_m=blc_dist_m, flat_increment_m=flat_increment_m)
        partly.unlink()
    else:
        raise ConfigError(
            f"watershed.fill_or_breach = '{method}' is not known", hint=f"use one of {', '.join(CONDITIONINGS)}"
        )


def route(whitebox: WhiteboxTools, relief: Path, flovec: Path, floaccum: Path) -> None:
    """D8 pointers (WhiteboxTools' values) and accumulation (cells, the cell itself included)."""
    whitebox.run("D8Pointer", [flovec], dem=relief, output=flovec)
    whitebox.run("D8FlowAccumulation", [floaccum], input=flovec, output=floaccum, pntr=True, out_type="cells")


def read_pointers(flovec: Path) -> npt.NDArray[np.int16]:
    """WhiteboxTools' D8 values, shape (rows, cols): powers of two, 0 where flow ends, negative for nodata."""
    with rasterio.open(flovec) as source:
        pointers: npt.NDArray[np.int16] = source.read(1)
    return pointers


def channel_network(
    whitebox: WhiteboxTools,
    folder: Path,
    *,
    csa_ha: float,
    mcl_m: float,
    max_junctions: int,
    log: Callable[[str], None],
) -> float:
    """Prune the channels of folder/flovec.tif and count their junctions; returns the critical source area used.

    Writes netful.tif and chnjnt.tif. Where no channel remains the area is halved, where more than
    `max_junctions` channels meet in a cell it is doubled, a few times.
    Raises NoChannels, TooManyInflows, WhiteboxFailed.
    """
    used_ha = csa_ha
    for _ in range(CSA_STEPS):
        if not _prune(whitebox, folder, used_ha, mcl_m, max_junctions):
            log(f"no channel remains with a critical source area of {used_ha:g} ha; halving it")
            used_ha /= 2
            continue
        most = _most_inflows(whitebox, folder)
        if most <= max_junctions:
            return used_ha
        if used_ha < csa_ha:  # halved before: no area satisfies both
            break
        log(f"{most} channels meet in one cell with a critical source area of {used_ha:g} ha; doubling it")
        used_ha *= 2
    if used_ha < csa_ha:
        raise NoChannels(
            f"no usable channel network with a critical source area between {used_ha:g} and {csa_ha:g} ha",
            hint="set a smaller watershed.csa_ha, or a smaller watershed.mcl_m",
        )
    raise TooManyInflows(
        f"more than {max_junctions} channels meet in one cell, also with a critical source area of {used_ha:g} ha",
        hint="set a larger watershed.csa_ha",
    )


def _prune(whitebox: WhiteboxTools, folder: Path, csa_ha: float, mcl_m: float, max_junctions: int) -> bool:
    """Write netful.tif; False when no channel remains."""
    try:
        whitebox.run(
            "IterativeFirstOrderLinkPrune",
            [folder / "netful.tif"],
            d8_pntr=folder / "flovec.tif",
            upstream_area=folder / "floaccum.tif",
            output=folder / "netful.tif",
            csa=f"{csa_ha:f}",
            mscl=f"{mcl_m:f}",
            max_junctions=max_junctions,
        )
    except WhiteboxFailed as error:
        if any(words in error.line for words in NOTHING_LEFT):
            return False
        raise
    return True


def _most_inflows(whitebox: WhiteboxTools, folder: Path) -> int:
    """Write chnjnt.tif; the greatest number of channel cells that flow into one."""
    chnjnt = folder / "chnjnt.tif"
    whitebox.run(
        "StreamJunctionIdentifier",
        [chnjnt],
        d8_pntr=folder / "flovec.tif",
        streams=folder / "netful.tif",
        output=chnjnt,
    )
    counts = read_raster(chnjnt)
    return int(counts[counts >= 0].max(initial=0))
