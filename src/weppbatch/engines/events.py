"""The rows of the table events: the days of one hillslope or channel with runoff worth listing."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from weppbatch.engines.rows import EVENT_M3
from weppbatch.engines.watershed import ChannelLink, Hillslope
from weppbatch.engines.years import Years
from weppbatch.hydrology.channel import Flow, duration_of
from weppbatch.hydrology.state import Floats


def event_columns(
    element: Hillslope | ChannelLink,
    years: Years,
    precip_mm: Floats,
    flow: Flow,
    area_m2: float,
    bed: tuple[Floats | None, Floats | None],
) -> Mapping[str, Any]:
    """The columns of every day on which more than EVENT_M3 runs off.

    `area_m2` makes depths of volumes; `bed` is what was detached and deposited each day in kg, None where it isn't
    known.
    """
    days = np.flatnonzero(flow.runoff_m3 > EVENT_M3)
    runoff_m3, peak_m3_s = flow.runoff_m3[days], flow.peak_m3_s[days]
    detached_kg, deposited_kg = (np.full(days.size, np.nan) if kg is None else kg[days] for kg in bed)
    return {
        "kind": np.full(days.size, "hillslope" if isinstance(element, Hillslope) else "channel"),
        "topaz_id": np.full(days.size, element.topaz_id),
        "wepp_id": np.full(days.size, element.wepp_id),
        "date": years.date[days],
        "precip_mm": precip_mm[days],
        "runoff_mm": runoff_m3 / area_m2 * 1000.0,
        "runoff_m3": runoff_m3,
        "peak_m3_s": peak_m3_s,
        "duration_s": duration_of(runoff_m3, peak_m3_s),
        "detached_kg": detached_kg,
        "deposited_kg": deposited_kg,
        "sediment_kg": flow.sediment_kg[days].sum(axis=1),
    }
