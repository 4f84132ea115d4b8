"""The embedded engine: hillslopes side by side, then the channels in the order that water takes, to the outlet.

In: a watershed and options. Out: the tables and the summary. Hillslope and channel numerics are in hydrology; here
they are put together and every balance is checked. Memory holds a few hillslopes and one branch of channels.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from weppbatch.engines import EMBEDDED_VERSION
from weppbatch.engines.account import Account
from weppbatch.engines.hillslope_water import water_columns
from weppbatch.engines.inputs import channel_of, daily_weather, hillslope_input, sediment_of
from weppbatch.engines.protocol import Summary, WatershedOptions
from weppbatch.engines.rows import EVENT_M3, channel_row, hillslope_row
from weppbatch.engines.tables import Tables
from weppbatch.engines.watershed import ChannelLink, Hillslope, Watershed
from weppbatch.engines.years import Years
from weppbatch.errors import EngineError
from weppbatch.hydrology.channel import (
    ChannelResult,
    Flow,
    Inflow,
    duration_of,
    route,
    transmission_loss_m3,
)
from weppbatch.hydrology.groundwater import Groundwater, GroundwaterOptions, linear_store
from weppbatch.hydrology.hillslope import simulate_many
from weppbatch.hydrology.state import DailyWeather, Floats, HillslopeResult

LOG_EVERY = 50


class Embedded:
    """weppbatch's own engine; needs nothing from outside."""

    name = "embedded"
    version = EMBEDDED_VERSION

    def run(
        self,
        watershed: Watershed,
        options: WatershedOptions,
        tables: Tables,
        log: Callable[[str], None] = lambda _: None,
        *,
        threads: int | None = None,
    ) -> Summary:
        """Simulate all days; see `protocol.Engine`."""
        return _Simulation(watershed, options, tables, log, threads).run() | {
            "engine": f"{self.name} {self.version}"
        }


class _Simulation:
    """One watershed's simulation: what every step needs, and the account that grows."""

    def __init__(
        self,
        watershed: Watershed,
        options: WatershedOptions,
        tables: Tables,
        log: Callable[[str], None],
        threads: int | None,
    ) -> None:
        self.watershed, self.options, self.tables, self.log = watershed, options, tables, log
        self.threads = threads
        self.weather: DailyWeather = daily_weather(watershed.climate)
        self.years = Years.of(watershed.climate, options.warm_up_years)
        self.groundwater = _groundwater_options(watershed, options)
        self.account = Account(watershed, self.years, self.groundwater)

    def run(self) -> Summary:
        """Hillslopes and channels down to the outlet, then what is told about the whole."""
        results = self._hillslope_results()
        flows: dict[int, Flow] = {}
        for link in self.watershed.downstream_order:
            head, side = self._none(), self._none()
            for inflow in self.watershed.upstream[link.topaz_id]:
                head.add(flows.pop(inflow.topaz_id))
            recharge_m3 = np.zeros(self.weather.days)
            for hillslope in self.watershed.sides[link.topaz_id]:
                result = next(results)
                recharge_m3 += result.percolation_mm * result.area_m2 / 1000.0
                (head if hillslope.position == "top" else side).add(flow_from(result))
                self._tell_hillslope(hillslope, result)
            flows[link.topaz_id] = self._channel(link, head, side, recharge_m3)
        outlet = flows.pop(self.watershed.outlet.topaz_id)
        self.tables.columns("outlet_daily", self.account.daily(outlet))
        return self.account.summary(outlet, self.options)

    def _none(self) -> Flow:
        return Flow.none(self.weather.days)

    def _hillslope_results(self) -> Iterator[HillslopeResult]:
        """The hillslopes' results, in the order in which the channels want them."""
        sides = self.watershed.sides
        ordered = [item for link in self.watershed.downstream_order for item in sides[link.topaz_id]]
        inputs = [hillslope_input(hillslope) for hillslope in ordered]
        results = simulate_many(inputs, self.weather, self.options.hillslope, self.threads)
        for number, (hillslope, result) in enumerate(zip(ordered, results, strict=True), 1):
            if not np.isfinite([result.runoff_mm.sum(), result.sediment_kg.sum(), result.closure_mm]).all():
                raise EngineError(
                    f"hillslope {hillslope.topaz_id} of run {self.watershed.runid} has no finite result"
                )
            if number % LOG_EVERY == 0 or number == len(ordered):
                self.log(f"{number} of {len(ordered)} hillslopes")
            yield result

    def _channel(self, link: ChannelLink, head: Flow, side: Flow, recharge_m3: Floats) -> Flow:
        """Take a channel's inflow to its foot: groundwater joins from its sides, rain falls on its water."""
        hillslopes = self.watershed.sides[link.topaz_id]
        area_m2 = sum(hillslope.area_m2 for hillslope in hillslopes)
        channel = channel_of(link, self.watershed.above[link.topaz_id])
        side.rain_m3 += self.weather.precip_mm * link.area_m2 / 1000.0
        inflow = Inflow(head, side)
        stored = linear_store(recharge_m3, area_m2, self.groundwater)
        coming = inflow.joined()
        coming.baseflow_m3 += stored.baseflow_m3
        lost_m3 = transmission_loss_m3(coming, channel, self.options.channel)
        if lost_m3.any():  # what the bed drinks feeds the groundwater too
            stored = linear_store(recharge_m3 + lost_m3, area_m2, self.groundwater)
        side.baseflow_m3 += stored.baseflow_m3
        sediment = sediment_of(hillslopes or self.watershed.hillslopes)
        result = route(inflow, channel, sediment, self.options.channel, lost_m3)
        self._tell_channel(link, inflow, result, stored)
        return result.flow

    def _tell_hillslope(self, hillslope: Hillslope, result: HillslopeResult) -> None:
        """Add a hillslope to the tables and to the account."""
        self.account.add_hillslope(result)
        self.tables.rows("hillslopes", [hillslope_row(hillslope, result, self.years)])
        self.tables.columns("hillslope_water", water_columns(hillslope, result, self.years))
        runoff_m3 = result.runoff_mm * result.area_m2 / 1000.0
        self._events("hillslope", hillslope, runoff_m3, result.peak_m3_s, result.area_m2, result)

    def _tell_channel(self, link: ChannelLink, inflow: Inflow, result: ChannelResult, stored: Groundwater) -> None:
        """Add a channel to the tables and to the account."""
        self.account.add_channel(result, stored)
        drained_m2 = self.watershed.above[link.topaz_id].area_m2
        self.tables.rows("channels", [channel_row(link, drained_m2, inflow, result, stored, self.years)])
        self._events("channel", link, result.flow.runoff_m3, result.flow.peak_m3_s, drained_m2, result)

    def _events(
        self,
        kind: str,
        element: Hillslope | ChannelLink,
        runoff_m3: Floats,
        peak_m3_s: Floats,
        area_m2: float,
        result: HillslopeResult | ChannelResult,
    ) -> None:
        """Add every day with runoff worth listing."""
        days = np.flatnonzero(runoff_m3 > EVENT_M3)
        sediment_kg = (
            result.flow.sediment_kg.sum(axis=1) if isinstance(result, ChannelResult) else result.sediment_kg
        )
        columns: Mapping[str, Any] = {
            "kind": np.full(days.size, kind),
            "topaz_id": np.full(days.size, element.topaz_id),
            "wepp_id": np.full(days.size, element.wepp_id),
            "date": self.years.date[days],
            "precip_mm": self.weather.precip_mm[days],
            "runoff_mm": runoff_m3[days] / area_m2 * 1000.0,
            "runoff_m3": runoff_m3[days],
            "peak_m3_s": peak_m3_s[days],
            "duration_s": duration_of(runoff_m3, peak_m3_s)[days],
            "detached_kg": result.detached_kg[days],
            "deposited_kg": result.deposited_kg[days],
            "sediment_kg": sediment_kg[days],
        }
        self.tables.columns("events", columns)


def flow_from(result: HillslopeResult) -> Flow:
    """What a hillslope sends into its channel."""
    flow = Flow.none(result.runoff_mm.size)
    flow.runoff_m3 += result.runoff_mm * result.area_m2 / 1000.0
    flow.lateral_m3 += result.lateral_mm * result.area_m2 / 1000.0
    flow.peak_m3_s += np.maximum(result.peak_m3_s, flow.runoff_m3 / 86_400.0)
    flow.sediment_kg += result.sediment_kg[:, None] * result.class_fractions
    return flow


def _groundwater_options(watershed: Watershed, options: WatershedOptions) -> GroundwaterOptions:
    """The options as they hold for this watershed: a small one has no baseflow."""
    small = watershed.area_m2 / 1e4 < options.baseflow_threshold_ha
    return replace(options.groundwater, enabled=options.groundwater.enabled and not small)
