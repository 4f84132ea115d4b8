"""WEPP's daily water balance, of a hillslope (H.wat.txt) or of all channels (chnwb.txt).

Reads by the number of columns of the rows: the header of some builds names others than those that follow.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from weppbatch.formats.wepp_numbers import Floats, Ints, UnreadableOutput, output_text, wepp_floats

FULL = (
    *("element", "julian", "year", "precip_mm", "rain_melt_mm", "runoff_mm", "transpiration_mm"),
    *("soil_evaporation_mm", "residue_evaporation_mm", "percolation_mm", "inflow_mm", "lateral_inflow_mm"),
    *("lateral_mm", "liquid_mm", "frozen_mm", "snow_mm"),
)
"""The first columns of the full balance: 20 of a hillslope, 22 of a channel."""
SHORT = (
    *("element", "julian", "year", "precip_mm", "runoff_mm", "liquid_mm", "", "", "transpiration_mm"),
    *("soil_evaporation_mm", "residue_evaporation_mm", "snow_depth_mm", "snow_density_kg_m3"),
)
"""The columns of the short one, which builds of the Daily Erosion Project write unless seepage is by the hour."""
COLUMNS = {20: FULL, 22: FULL, 13: SHORT}
NOT_KEPT = ("", "element", "julian", "year")


@dataclass(frozen=True)
class DailyWater:
    """The days of one or more elements: arrays of days x elements by column, in mm over the element.

    `full` says whether percolation and lateral flow are among the columns.
    """

    year: Ints
    julian: Ints
    columns: dict[str, Floats]
    full: bool

    def of(self, name: str, element: int = 0) -> Floats:
        """One column of one element, counted from 0."""
        return self.columns[name][:, element]


def read_water(path: Path, elements: int = 1) -> DailyWater:
    """A water balance as a whole.

    Raises UnreadableOutput for rows that are cut off, of an unknown layout or not one for every element and day,
    and naming the column and day where a figure didn't fit into its columns.
    """
    rows = [row for row in map(str.split, output_text(path).split("\n")) if row and row[0].isdigit()]
    width = len(rows[0]) if rows else 0
    names = COLUMNS.get(width)
    if names is None:
        raise UnreadableOutput(f"{path.name} of WEPP has {width} columns, which is no layout that is known")
    odd = next((row for row in rows if len(row) != width), None)
    if odd is not None or len(rows) % elements:
        where = f"at day {' of '.join(odd[1:3])}" if odd else f"{len(rows)} rows of {elements} elements"
        raise UnreadableOutput(f"{path.name} of WEPP is cut off ({where})")
    try:
        table = wepp_floats([token for row in rows for token in row]).reshape(-1, elements, width)
    except ValueError as error:
        raise UnreadableOutput(f"{path.name} of WEPP: {error}") from error
    if (table[:, :, 0] != np.arange(1, elements + 1)).any():
        raise UnreadableOutput(f"{path.name} of WEPP doesn't have every element on every day")
    columns = {name: table[:, :, at] for at, name in enumerate(names) if name not in NOT_KEPT}
    julian, year = table[:, 0, 1].astype(np.int64), table[:, 0, 2].astype(np.int64)
    for name, values in columns.items():
        bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if bad.size:
            when = f"day {julian[bad[0]]} of year {year[bad[0]]}"
            raise UnreadableOutput(f"{path.name} of WEPP has no figure for {name} on {when}")
    return DailyWater(year, julian, columns, names is FULL)
