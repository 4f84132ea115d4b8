"""The groundwater under a part of a watershed: a linear store that feeds the stream.

In: daily recharge. Out: daily baseflow, loss to depth and what is stored. It knows no hillslopes and no channels.
"""

from dataclasses import dataclass

import numpy as np

from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats


@dataclass(frozen=True)
class GroundwaterOptions:
    """How groundwater is kept and let go; names and defaults are WEPPcloud's."""

    enabled: bool = True
    """Without it, what percolates is lost to depth on the same day."""
    initial_mm: float = 0.0
    """Stored at the start, as depth over the hillslopes."""
    baseflow_per_day: float = 0.04
    """The share of the store that flows into the stream each day."""
    deep_loss_per_day: float = 0.0
    """The share of the store that is lost to depth each day."""


@dataclass(frozen=True)
class Groundwater:
    """Daily volumes in m3; `storage_m3` is that at the end of each day, `initial_m3` that before the first."""

    baseflow_m3: Floats
    deep_loss_m3: Floats
    storage_m3: Floats
    initial_m3: float


def linear_store(recharge_m3: Floats, area_m2: float, options: GroundwaterOptions) -> Groundwater:
    """Follow the store through all days: V(t) = V(t-1) + recharge(t), of which two fixed shares leave.

    baseflow = V x baseflow_per_day, loss = V x deep_loss_per_day (the linear reservoir of WEPP's watershed totals,
    after Srivastava et al. 2013). recharge = baseflow + loss + change of storage, every day.
    """
    recharge_m3 = np.ascontiguousarray(recharge_m3, dtype=np.float64)
    if not options.enabled:
        none = np.zeros_like(recharge_m3)
        return Groundwater(none, recharge_m3.copy(), none, 0.0)
    initial_m3 = options.initial_mm / 1000.0 * area_m2
    series = _linear_store(recharge_m3, initial_m3, options.baseflow_per_day, options.deep_loss_per_day)
    return Groundwater(*series, initial_m3)


@kernel
def _linear_store(
    recharge_m3: Floats, initial_m3: float, baseflow_share: float, loss_share: float
) -> tuple[Floats, Floats, Floats]:
    """Baseflow, loss and end-of-day storage for every day."""
    days = recharge_m3.size
    baseflow_m3, loss_m3, storage_m3 = np.empty(days), np.empty(days), np.empty(days)
    stored_m3 = initial_m3
    for day in range(days):
        stored_m3 += recharge_m3[day]
        baseflow_m3[day] = stored_m3 * baseflow_share
        loss_m3[day] = stored_m3 * loss_share
        stored_m3 -= baseflow_m3[day] + loss_m3[day]
        storage_m3[day] = stored_m3
    return baseflow_m3, loss_m3, storage_m3
