"""The real WEPP as an engine: hillslopes side by side, then the channels, each a call of an executable.

In: a watershed and options. Out: the same tables and summary as those of the embedded engine. Files of WEPP's own
are written and read by formats; what differs between the two engines is told in docs/real-wepp.md.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from os import sched_getaffinity
from pathlib import Path

from weppbatch.engines.events import Bed, DailyFlow, event_columns
from weppbatch.engines.export import numbered, write_inputs
from weppbatch.engines.protocol import Summary, WatershedOptions
from weppbatch.engines.routing import groundwater_options
from weppbatch.engines.tables import Tables
from weppbatch.engines.watershed import ChannelLink, Hillslope, Watershed
from weppbatch.engines.wepp_account import WeppAccount
from weppbatch.engines.wepp_channels import ChannelBooks
from weppbatch.engines.wepp_process import WeppRunner
from weppbatch.engines.wepp_results import Channels, read_channels, read_hillslope
from weppbatch.engines.wepp_settings import WeppSettings
from weppbatch.engines.written import write_hillslope, write_outlet
from weppbatch.engines.years import Years
from weppbatch.errors import ConfigError
from weppbatch.formats.wepp_run import pass_file
from weppbatch.hydrology.groundwater import linear_store
from weppbatch.hydrology.state import HillslopeResult

LOG_EVERY = 50


class WeppExe:
    """A WEPP executable; `folder` is where its files lie: inputs stay there, outputs when `settings` say so."""

    name = "wepp"
    version = ""

    def __init__(self, executable: Path, folder: Path, settings: WeppSettings) -> None:
        self.executable, self.folder, self.settings = executable, folder, settings

    def run(
        self,
        watershed: Watershed,
        options: WatershedOptions,
        tables: Tables,
        log: Callable[[str], None] = lambda _: None,
        *,
        threads: int | None = None,
    ) -> Summary:
        """Simulate all days; see `protocol.Engine`. Raises ConfigError for what the executable can't hold."""
        beyond = self.settings.limits(watershed)
        if beyond:
            raise ConfigError(
                f"run {watershed.runid} is too large for this WEPP: {'; '.join(beyond)}",
                hint="raise watershed.csa_ha, set wepp.engine=embedded, or take an executable built for more and "
                "say how many in wepp.wepp_max_hillslopes and wepp.wepp_max_channels",
            )
        years = Years.of(watershed.climate, options.warm_up_years)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_inputs(watershed, self.folder, self.settings)
        inputs = {path.name for path in self.folder.iterdir()}
        with WeppRunner(self.executable, self.folder) as runner:
            count = threads or len(sched_getaffinity(0))
            simulation = _Simulation(watershed, options, self.settings, years, tables, runner, log)
            summary = simulation.run(count)
            self.version = runner.version
        if not self.settings.keep_outputs:
            for path in self.folder.iterdir():
                if path.name not in inputs:
                    path.unlink()
        return summary | {"engine": f"{self.name} {self.version}"}


class _Simulation:
    """One watershed's simulation: hillslopes as they are ready, then the channels."""

    def __init__(
        self,
        watershed: Watershed,
        options: WatershedOptions,
        settings: WeppSettings,
        years: Years,
        tables: Tables,
        runner: WeppRunner,
        log: Callable[[str], None],
    ) -> None:
        self.watershed, self.options, self.settings, self.years = watershed, options, settings, years
        self.tables, self.runner, self.log = tables, runner, log
        self.groundwater = groundwater_options(watershed, options)
        self.account = WeppAccount(watershed, years, self.groundwater)
        self.books = ChannelBooks(watershed, years, self.groundwater)

    def run(self, threads: int) -> Summary:
        """Hillslopes, channels, summary."""
        hillslopes = numbered(self.watershed)
        with ThreadPoolExecutor(threads) as pool:
            results = _in_order(pool, self._hillslope, hillslopes, 2 * threads)
            try:
                for number, (hillslope, result) in enumerate(zip(hillslopes, results, strict=True), 1):
                    self._tell_hillslope(hillslope, result)
                    if number % LOG_EVERY == 0 or number == len(hillslopes):
                        self.log(f"{number} of {len(hillslopes)} hillslopes")
            except BaseException:
                self.runner.__exit__(None, None, None)  # what runs is not waited for
                pool.shutdown(cancel_futures=True)
                raise
        timeout_s = self.settings.watershed_timeout_s(self.years.simulated, len(self.watershed.channels))
        self.runner.run("pw0", "the channels", timeout_s)
        return self._tell_channels(read_channels(self.watershed, self.runner.folder, self.years))

    def _hillslope(self, hillslope: Hillslope) -> HillslopeResult:
        """Run one hillslope, read what it left, and keep of it what the channels need."""
        wepp_id, folder = hillslope.wepp_id, self.runner.folder
        timeout_s = self.settings.hillslope_timeout_s(self.years.simulated)
        self.runner.run(f"p{wepp_id}", f"hillslope {hillslope.topaz_id} (p{wepp_id})", timeout_s)
        result = read_hillslope(hillslope, folder, self.years)
        if not self.settings.keep_outputs:
            for path in folder.glob(f"H{wepp_id}.*"):
                if path.name != pass_file(wepp_id):
                    path.unlink()
        return result

    def _tell_hillslope(self, hillslope: Hillslope, result: HillslopeResult) -> None:
        """Add a hillslope to the tables, to the account, and to what its channel receives."""
        self.account.add_hillslope(result)
        self.books.add(hillslope, result)
        write_hillslope(self.tables, self.account, hillslope, result)
        flow = (result.runoff_mm * (result.area_m2 / 1000.0), result.peak_m3_s, result.sediment_kg)
        self._events(hillslope, result.area_m2, flow, (result.detached_kg, result.deposited_kg))

    def _tell_channels(self, found: Channels) -> Summary:
        """Add all channels to the tables and to the account; the summary."""
        watershed, account, link = self.watershed, self.account, self.watershed.outlet
        for element, channel in enumerate(watershed.downstream_order):
            account.add_channel_water(found.water, element, channel.area_m2)
        rows, outlet = self.books.rows(found)
        self.tables.rows("channels", rows)
        percolated_m3 = account.water_m3["percolation"]
        account.add_groundwater(linear_store(percolated_m3, watershed.hillslope_area_m2, self.groundwater))
        account.channel_detached_kg_yr = 1000.0 * sum(row["detached_t_yr"] or 0.0 for row in rows)
        account.transmission_loss_m3[:] = account.lost_in_channels_m3(found.water)
        discharge_m3 = outlet.runoff_m3 + outlet.lateral_m3  # one in WEPP's channels
        flow = (discharge_m3, outlet.peak_m3_s, outlet.sediment_kg.sum(axis=1))
        self._events(link, watershed.above[link.topaz_id].area_m2, flow, (None, None))
        write_outlet(self.tables, account, outlet)
        return account.summary(outlet, self.options)

    def _events(self, element: Hillslope | ChannelLink, area_m2: float, flow: DailyFlow, bed: Bed) -> None:
        precip_mm = self.watershed.climate.precip_mm
        self.tables.columns("events", event_columns(element, self.years, precip_mm, area_m2, flow, bed))


def _in_order(
    pool: ThreadPoolExecutor,
    work: Callable[[Hillslope], HillslopeResult],
    items: Sequence[Hillslope],
    ahead: int,
) -> Iterator[HillslopeResult]:
    """Each item's result in order, never more than `ahead` of them begun and not taken."""
    rest = iter(items)
    waiting: deque[Future[HillslopeResult]] = deque(pool.submit(work, one) for one in islice(rest, ahead))
    while waiting:
        result = waiting.popleft().result()
        waiting.extend(pool.submit(work, one) for one in islice(rest, 1))
        yield result
