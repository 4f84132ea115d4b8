"""The channels of a real WEPP: what hillslopes send into them, and the tables' rows of what WEPP says leaves them.

WEPP's channels carry runoff and lateral flow as one; here they are divided as the hillslopes above sent them that
day. Groundwater is weppbatch's own linear store, filled by what WEPP lets percolate.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from weppbatch.engines.rows import EVENT_M3
from weppbatch.engines.watershed import ChannelLink, Hillslope, Watershed
from weppbatch.engines.wepp_account import by_shares
from weppbatch.engines.wepp_results import Channels
from weppbatch.engines.years import Years
from weppbatch.hydrology.channel import Flow
from weppbatch.hydrology.groundwater import GroundwaterOptions, linear_store
from weppbatch.hydrology.state import Floats, HillslopeResult


@dataclass
class Sent:
    """What reaches a channel's foot from the hillslopes above, day by day, and its sediment year by year.

    After WEPP has run the channels, `sediment_kg` is what it says leaves them.
    """

    runoff_m3: Floats
    lateral_m3: Floats
    recharge_m3: Floats
    sediment_kg: Floats
    area_m2: float = 0.0

    @classmethod
    def nothing(cls, years: Years) -> "Sent":
        """Nothing yet."""
        runoff_m3, lateral_m3, recharge_m3 = np.zeros((3, years.date.size))
        return cls(runoff_m3, lateral_m3, recharge_m3, np.zeros(years.simulated))

    def add(self, other: "Sent") -> None:
        """Join what another sends."""
        self.runoff_m3 += other.runoff_m3
        self.lateral_m3 += other.lateral_m3
        self.recharge_m3 += other.recharge_m3
        self.sediment_kg += other.sediment_kg
        self.area_m2 += other.area_m2


@dataclass
class ChannelBooks:
    """Gathers hillslopes one by one (`add`), and then tells the channels in the order that water takes (`rows`)."""

    watershed: Watershed
    years: Years
    groundwater: GroundwaterOptions
    sides: dict[int, Sent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sides = {link.topaz_id: Sent.nothing(self.years) for link in self.watershed.channels}
        year = self.years.date.astype("datetime64[Y]")
        self.new_year = np.flatnonzero(np.append(True, year[1:] != year[:-1]))

    def add(self, hillslope: Hillslope, result: HillslopeResult) -> None:
        """Enter one hillslope."""
        m3 = result.area_m2 / 1000.0
        yearly_kg = np.add.reduceat(result.sediment_kg, self.new_year)
        water = (result.runoff_mm * m3, result.lateral_mm * m3, result.percolation_mm * m3)
        self.sides[hillslope.channel_topaz_id].add(Sent(*water, yearly_kg, result.area_m2))

    def rows(self, found: Channels) -> tuple[list[Mapping[str, Any]], Flow]:
        """The rows of all channels, and what leaves the watershed."""
        rows: list[Mapping[str, Any]] = []
        leaving: dict[int, Sent] = {}
        for element, link in enumerate(self.watershed.downstream_order):
            own = self.sides[link.topaz_id]
            own.recharge_m3 += found.water.of("percolation_mm", element) * (link.area_m2 / 1000.0)
            sent = Sent.nothing(self.years)
            sent.add(own)
            for inflow in self.watershed.upstream[link.topaz_id]:
                sent.add(leaving.pop(inflow.topaz_id))
            rows.append(self._row(found, element, link, sent))
            sent.sediment_kg = found.loss.sediment_kg[:, element]
            leaving[link.topaz_id] = sent
        return rows, self._outlet(found, leaving[self.watershed.outlet.topaz_id])

    def _outlet(self, found: Channels, sent: Sent) -> Flow:
        """WEPP's outlet: its water divided as it came, its sediment by the shares of the whole simulation."""
        days = self.years.date.size
        flow = Flow.none(days)
        at = np.searchsorted(self.years.date, found.outlet.date)
        discharge_m3 = np.zeros(days)
        discharge_m3[at] = found.outlet.runoff_m3
        flow.runoff_m3, flow.lateral_m3 = by_shares(discharge_m3, sent.runoff_m3, sent.lateral_m3)
        flow.peak_m3_s[at] = found.outlet.peak_m3_s
        flow.sediment_kg[at] = found.outlet.sediment_kg[:, None] * found.loss.class_shares
        flow.baseflow_m3 = linear_store(sent.recharge_m3, sent.area_m2, self.groundwater).baseflow_m3
        return flow

    def mean_t(self, found: Channels, yearly_kg: Floats) -> float | None:
        """The mean of the years that count, in t; None where WEPP printed stars."""
        counted = found.loss.years >= self.years.first_year + self.years.simulated - self.years.averaged
        mean = float(yearly_kg[counted].sum() / self.years.averaged) / 1000.0
        return mean if np.isfinite(mean) else None

    def _row(self, found: Channels, element: int, link: ChannelLink, sent: Sent) -> Mapping[str, Any]:
        """A channel's row; what the stock build doesn't tell of single channels is None."""
        years, water = self.years, found.water
        own = self.sides[link.topaz_id]
        m3 = link.area_m2 / 1000.0
        discharge_m3 = water.of("runoff_mm", element) * m3
        entered_m3 = (water.of("inflow_mm", element) + water.of("lateral_inflow_mm", element)) * m3
        runoff_m3, lateral_m3 = by_shares(discharge_m3, sent.runoff_m3, sent.lateral_m3)
        baseflow_m3 = linear_store(sent.recharge_m3, sent.area_m2, self.groundwater).baseflow_m3
        deep_m3 = linear_store(own.recharge_m3, own.area_m2, self.groundwater).deep_loss_m3
        drained_m2 = self.watershed.above[link.topaz_id].area_m2
        streamflow_m3 = years.mean(discharge_m3) + years.mean(baseflow_m3)
        is_outlet = link.downstream_topaz_id is None
        counts = years.counted[np.searchsorted(years.date, found.outlet.date)]
        came = self.mean_t(found, sent.sediment_kg)
        detached = self.mean_t(found, found.loss.detached_kg[:, element])
        yielded = self.mean_t(found, found.loss.sediment_kg[:, element])
        deposited = None
        if came is not None and detached is not None and yielded is not None:
            deposited = max(came + detached - yielded, 0.0)
        return {
            "topaz_id": link.topaz_id,
            "wepp_id": link.wepp_id,
            "order": link.order,
            "downstream_topaz_id": link.downstream_topaz_id,
            "is_outlet": is_outlet,
            "length_m": link.slope.length_m,
            "width_m": link.slope.width_m,
            "drained_area_m2": drained_m2,
            "runoff_m3_yr": years.mean(runoff_m3),
            "lateral_m3_yr": years.mean(lateral_m3),
            "baseflow_m3_yr": years.mean(baseflow_m3),
            "rain_m3_yr": 0.0,
            "streamflow_m3_yr": streamflow_m3,
            "streamflow_mm_yr": streamflow_m3 / drained_m2 * 1000.0,
            "transmission_loss_m3_yr": years.mean(np.maximum(entered_m3 - discharge_m3, 0.0)),
            "deep_loss_m3_yr": years.mean(deep_m3),
            "runoff_events_yr": years.mean(discharge_m3 > EVENT_M3),
            "largest_peak_m3_s": float(found.outlet.peak_m3_s[counts].max(initial=0.0)) if is_outlet else None,
            "sediment_in_t_yr": came,
            "detached_t_yr": detached,
            "deposited_t_yr": deposited,
            "sediment_yield_t_yr": yielded,
            "sediment_yield_t_ha_yr": None if yielded is None else yielded / drained_m2 * 1e4,
        }
