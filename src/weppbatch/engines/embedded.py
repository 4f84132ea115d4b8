"""The embedded engine: hillslopes side by side, then the channels in the order that water takes, to the outlet.

In: a watershed and options. Out: the tables and the summary. Hillslope and channel numerics are in hydrology; here
they are put together and every balance is checked. Memory holds a few hillslopes and one branch of channels.
"""

from collections.abc import Callable, Iterator

import numpy as np

from weppbatch.engines import EMBEDDED_VERSION
from weppbatch.engines.account import Account
from weppbatch.engines.events import Bed, DailyFlow, event_columns
from weppbatch.engines.inputs import daily_weather, hillslope_input
from weppbatch.engines.protocol import Summary, WatershedOptions
from weppbatch.engines.routing import Passage, Router, groundwater_options
from weppbatch.engines.rows import channel_row
from weppbatch.engines.tables import Tables
from weppbatch.engines.watershed import ChannelLink, Hillslope, Watershed
from weppbatch.engines.written import write_hillslope, write_outlet
from weppbatch.engines.years import Years
from weppbatch.errors import EngineError
from weppbatch.hydrology.hillslope import simulate_many
from weppbatch.hydrology.state import DailyWeather, HillslopeResult

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
        self.groundwater = groundwater_options(watershed, options)
        self.account = Account(watershed, self.years, self.groundwater)

    def run(self) -> Summary:
        """Hillslopes and channels down to the outlet, then what is told about the whole."""
        results = self._hillslope_results()

        def send(hillslope: Hillslope) -> HillslopeResult:
            result = next(results)
            self._tell_hillslope(hillslope, result)
            return result

        router = Router(self.watershed, self.options, self.groundwater, self.weather.precip_mm)
        outlet = router.down(send, self._tell_channel)
        write_outlet(self.tables, self.account, outlet)
        return self.account.summary(outlet, self.options)

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

    def _tell_hillslope(self, hillslope: Hillslope, result: HillslopeResult) -> None:
        """Add a hillslope to the tables and to the account."""
        self.account.add_hillslope(result)
        write_hillslope(self.tables, self.account, hillslope, result)
        runoff_m3 = result.runoff_mm * (result.area_m2 / 1000.0)
        flow = (runoff_m3, result.peak_m3_s, result.sediment_kg)
        self._events(hillslope, result.area_m2, flow, (result.detached_kg, result.deposited_kg))

    def _tell_channel(self, link: ChannelLink, passage: Passage) -> None:
        """Add a channel to the tables and to the account."""
        inflow, result, stored = passage.inflow, passage.result, passage.stored
        self.account.add_channel(result, stored)
        drained_m2 = self.watershed.above[link.topaz_id].area_m2
        self.tables.rows("channels", [channel_row(link, drained_m2, inflow, result, stored, self.years)])
        flow = (result.flow.runoff_m3, result.flow.peak_m3_s, result.flow.sediment_kg.sum(axis=1))
        self._events(link, drained_m2, flow, (result.detached_kg, result.deposited_kg))

    def _events(self, element: Hillslope | ChannelLink, area_m2: float, flow: DailyFlow, bed: Bed) -> None:
        precip_mm = self.weather.precip_mm
        self.tables.columns("events", event_columns(element, self.years, precip_mm, area_m2, flow, bed))
