"""The rows of the table events: the days of one hillslope or channel with runoff worth listing."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from weppbatch.engines.rows import EVENT_M3
from weppbatch.engines.schemas import KINDS
from weppbatch.engines.watershed import ChannelLink, Hillslope
from weppbatch.engines.years import Years
from weppbatch.hydrology.channel import duration_of
from weppbatch.hydrology.state import Floats

DailyFlow = tuple[Floats, Floats, Floats]
Bed = tuple[Floats | None, Floats | None]


def event_columns(
    element: Hillslope | ChannelLink,
    years: Years,
    precip_mm: Floats,
    area_m2: float,
    flow: DailyFlow,
    bed: Bed,
) -> Mapping[str, Any]:
    """The columns of every day on which more than EVENT_M3 runs off.

    `area_m2` makes depths of volumes; `flow` is each day's runoff (m3), peak (m3/s) and sediment (kg), `bed` what
    was detached and deposited (kg), None where it isn't known.
    """
    days = np.flatnonzero(flow[0] > EVENT_M3)
    kind = KINDS.index("hillslope" if isinstance(element, Hillslope) else "channel")
    runoff_m3, peak_m3_s, sediment_kg = (series[days] for series in flow)
    detached_kg, deposited_kg = (np.full(days.size, np.nan) if kg is None else kg[days] for kg in bed)
    return {
        "kind": pa.DictionaryArray.from_arrays(np.full(days.size, kind, dtype=np.int8), KINDS),
        "topaz_id": np.full(days.size, element.topaz_id, dtype=np.int32),
        "wepp_id": np.full(days.size, element.wepp_id, dtype=np.int32),
        "date": years.date[days],
        "precip_mm": precip_mm[days],
        "runoff_mm": runoff_m3 / area_m2 * 1000.0,
        "runoff_m3": runoff_m3,
        "peak_m3_s": peak_m3_s,
        "duration_s": duration_of(runoff_m3, peak_m3_s),
        "detached_kg": detached_kg,
        "deposited_kg": deposited_kg,
        "sediment_kg": sediment_kg,
    }
