"""The watershed's books when a real WEPP has kept them: its channels are land too, and its figures are rounded.

What the embedded engine promises, that every day closes, is measured here and told instead.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from weppbatch.engines.account import CLASS_NAMES, Account
from weppbatch.engines.protocol import Summary
from weppbatch.engines.wepp_results import snow, stored
from weppbatch.formats.wepp_water import DailyWater
from weppbatch.hydrology.channel import Flow
from weppbatch.hydrology.groundwater import Groundwater
from weppbatch.hydrology.state import Floats

UNKNOWN_BY_DAY = ("channel_detached_kg", "channel_deposited_kg", *(f"{name}_kg" for name in CLASS_NAMES))


class WeppAccount(Account):
    """Daily sums over hillslopes and channels; `channel_detached_kg_yr` is WEPP's own, of the years that count."""

    channel_detached_kg_yr = 0.0

    def add_channel_water(self, water: DailyWater, element: int, area_m2: float) -> None:
        """Enter a channel's days as those of a piece of land: what falls, evaporates, percolates and is stored."""
        depths = {
            "precip": water.of("precip_mm", element),
            "rain_melt": water.of("rain_melt_mm", element),
            "transpiration": water.of("transpiration_mm", element),
            "soil_evaporation": water.of("soil_evaporation_mm", element),
            "interception": water.of("residue_evaporation_mm", element),
            "percolation": water.of("percolation_mm", element),
            "snow_water": snow(water, element),
            "soil_water": stored(water, element) - snow(water, element),
        }
        for name, depth_mm in depths.items():
            self.water_m3[name] += depth_mm * (area_m2 / 1000.0)

    def lost_in_channels_m3(self, water: DailyWater) -> Floats:
        """What enters each channel and doesn't leave it on the same day, over all channels."""
        lost_m3 = np.zeros(self.years.date.size)
        for element, link in enumerate(self.watershed.downstream_order):
            entered_mm = water.of("inflow_mm", element) + water.of("lateral_inflow_mm", element)
            left_mm = water.of("runoff_mm", element) + water.of("lateral_mm", element)
            lost_m3 += np.maximum(entered_mm - left_mm, 0.0) * (link.area_m2 / 1000.0)
        return lost_m3

    def add_groundwater(self, found: Groundwater) -> None:
        """Enter the store that everything which percolates has filled."""
        self.stored_m3 += found.storage_m3
        self.deep_loss_m3 += found.deep_loss_m3
        self.initial_groundwater_m3 += found.initial_m3

    def daily(self, outlet: Flow) -> Mapping[str, Any]:
        """The columns of outlet_daily; what WEPP tells by the year only is null."""
        return dict(super().daily(outlet)) | {name: np.full(self.years.date.size, None) for name in UNKNOWN_BY_DAY}

    def _sediment(self, outlet: Flow) -> Summary:
        """Mean masses a year; what channels keep is what came, less what left."""
        found = super()._sediment(outlet)
        detached = self.channel_detached_kg_yr / 1000.0
        loosened = found["soil_loss_t_yr"] + detached
        left = found["sediment_yield_t_yr"] - detached
        kept = found["hillslope_yield_t_yr"] - left
        return found | {
            "channel_detached_t_yr": detached,
            "channel_deposited_t_yr": max(kept, 0.0),
            "sediment_missing_t_yr": max(-kept, 0.0),
            "sediment_delivery_ratio": found["sediment_yield_t_yr"] / loosened if loosened > 0 else None,
        }

    def _balances(self, outlet: Flow) -> Summary:
        """How far WEPP's figures, as printed, close: the worst day, and the mean year."""
        missing_mm = self.missing_mm(outlet)
        return {
            "closure_mm_max": float(np.abs(missing_mm).max(initial=0.0)),
            "closure_mm_yr": float(missing_mm[self.years.counted[1:]].sum() / self.years.averaged),
            "hillslope_closure_mm_max": self.hillslope_closure_mm,
            "sediment_closure_kg_max": None,
        }


def by_shares(total: Floats, first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """A total divided as two series are to each other each day; all to the first where both are 0."""
    together = first + second
    share = np.divide(second, together, out=np.zeros_like(together), where=together > 0)
    return total * (1.0 - share), total * share
