"""The rows of the table hillslope_water: a hillslope's days with rain, melt, runoff or snow.

What ash needs, in seven digits; every engine writes it from its hillslope results. Nothing is computed here.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from weppbatch.engines.watershed import Hillslope
from weppbatch.engines.years import Years
from weppbatch.hydrology.state import HillslopeResult

DAILY_MM = ("rain_melt_mm", "runoff_mm", "soil_water_mm", "snow_water_mm")


def water_columns(hillslope: Hillslope, result: HillslopeResult, years: Years) -> Mapping[str, Any]:
    """A hillslope's columns of hillslope_water; a day without a row had no rain, melt, runoff or snow."""
    days = np.flatnonzero((result.rain_melt_mm > 0) | (result.runoff_mm > 0) | (result.snow_water_mm > 0))
    return {
        "topaz_id": np.full(days.size, hillslope.topaz_id),
        "date": years.date[days],
        **{name: getattr(result, name)[days] for name in DAILY_MM},
    }
