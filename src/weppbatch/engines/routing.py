"""What hillslopes send, taken through the channels down to the outlet; the embedded engine's way.

In: a watershed, options, and what each hillslope sends, whoever computed it. Out: the outlet's days, and on the way
what passes every channel. Nothing is written and no hillslope is simulated.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from weppbatch.engines.inputs import channel_of, sediment_of
from weppbatch.engines.protocol import WatershedOptions
from weppbatch.engines.watershed import ChannelLink, Hillslope, Watershed
from weppbatch.hydrology.channel import (
    SECONDS_PER_DAY,
    ChannelResult,
    Flow,
    Inflow,
    route,
    transmission_loss_m3,
)
from weppbatch.hydrology.groundwater import Groundwater, GroundwaterOptions, linear_store
from weppbatch.hydrology.state import Floats, HillslopeResult


@dataclass(frozen=True)
class Sent:
    """A hillslope's days as its channel takes them, of those that a `HillslopeResult` has."""

    area_m2: float
    runoff_mm: Floats
    lateral_mm: Floats
    percolation_mm: Floats
    peak_m3_s: Floats
    sediment_kg: Floats
    class_fractions: Floats


@dataclass(frozen=True)
class Passage:
    """What comes into a channel, what becomes of it, and the groundwater beside it."""

    inflow: Inflow
    result: ChannelResult
    stored: Groundwater


@dataclass(frozen=True)
class Router:
    """Takes a watershed's water and sediment down its channels, branch by branch."""

    watershed: Watershed
    options: WatershedOptions
    groundwater: GroundwaterOptions
    precip_mm: Floats

    def down(
        self,
        send: Callable[[Hillslope], HillslopeResult | Sent],
        tell: Callable[[ChannelLink, Passage], None] = lambda link, passage: None,
    ) -> Flow:
        """The flow at the outlet; `send` is asked once for every hillslope, in the order of the channels."""
        flows: dict[int, Flow] = {}
        for link in self.watershed.downstream_order:
            head, side = Flow.none(self.precip_mm.size), Flow.none(self.precip_mm.size)
            for inflow in self.watershed.upstream[link.topaz_id]:
                head.add(flows.pop(inflow.topaz_id))
            recharge_m3 = np.zeros(self.precip_mm.size)
            for hillslope in self.watershed.sides[link.topaz_id]:
                sent = send(hillslope)
                recharge_m3 += sent.percolation_mm * sent.area_m2 / 1000.0
                receive(head if hillslope.position == "top" else side, sent)
            passage = self._through(link, head, side, recharge_m3)
            tell(link, passage)
            flows[link.topaz_id] = passage.result.flow
        return flows.pop(self.watershed.outlet.topaz_id)

    def _through(self, link: ChannelLink, head: Flow, side: Flow, recharge_m3: Floats) -> Passage:
        """Take a channel's inflow to its foot: groundwater joins from its sides, rain falls on its water."""
        hillslopes = self.watershed.sides[link.topaz_id]
        area_m2 = sum(hillslope.area_m2 for hillslope in hillslopes)
        channel = channel_of(link, self.watershed.above[link.topaz_id])
        side.rain_m3 += self.precip_mm * link.area_m2 / 1000.0
        inflow = Inflow(head, side)
        stored = linear_store(recharge_m3, area_m2, self.groundwater)
        coming = inflow.joined()
        coming.baseflow_m3 += stored.baseflow_m3
        lost_m3 = transmission_loss_m3(coming, channel, self.options.channel)
        if lost_m3.any():  # what the bed drinks feeds the groundwater too
            stored = linear_store(recharge_m3 + lost_m3, area_m2, self.groundwater)
        side.baseflow_m3 += stored.baseflow_m3
        sediment = sediment_of(hillslopes or self.watershed.hillslopes)
        return Passage(inflow, route(inflow, channel, sediment, self.options.channel, lost_m3), stored)


def receive(flow: Flow, sent: HillslopeResult | Sent) -> None:
    """Join what a hillslope sends into its channel."""
    m3 = sent.area_m2 / 1000.0
    runoff_m3 = sent.runoff_mm * m3
    flow.runoff_m3 += runoff_m3
    flow.lateral_m3 += sent.lateral_mm * m3
    flow.peak_m3_s += np.maximum(sent.peak_m3_s, runoff_m3 / SECONDS_PER_DAY)
    days = np.flatnonzero(sent.sediment_kg)
    flow.sediment_kg[days] += sent.sediment_kg[days, None] * sent.class_fractions


def groundwater_options(watershed: Watershed, options: WatershedOptions) -> GroundwaterOptions:
    """The options as they hold for this watershed: a small one has no baseflow."""
    small = watershed.area_m2 / 1e4 < options.baseflow_threshold_ha
    return replace(options.groundwater, enabled=options.groundwater.enabled and not small)
