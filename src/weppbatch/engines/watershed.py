"""A watershed as every engine takes it: hillslopes with profile, soil and cover, channels as a tree, the weather.

The contents are those of WEPP's own files. Reading it from a run's tables is in `case`; nothing is simulated here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from weppbatch.errors import DataError
from weppbatch.formats.climate_cli import ClimateSeries
from weppbatch.formats.management import StaticCover
from weppbatch.formats.slope import SlopeProfile
from weppbatch.formats.soil import Soil


@dataclass(frozen=True)
class Hillslope:
    """One hillslope. `ksatadj` and `lkeff_mm_h` stand beside the soil, for WEPP's own soil format lacks them."""

    topaz_id: int
    wepp_id: int
    channel_topaz_id: int
    position: str
    area_m2: float
    disturbed_class: str
    burn_class: str
    soil_key: str
    slope: SlopeProfile
    soil: Soil
    ksatadj: int
    lkeff_mm_h: float
    cover: StaticCover


@dataclass(frozen=True)
class ChannelLink:
    """One channel: its profile, and the channel that it flows into (None at the outlet)."""

    topaz_id: int
    wepp_id: int
    order: int
    downstream_topaz_id: int | None
    slope: SlopeProfile

    @property
    def area_m2(self) -> float:
        """The water's surface: length x width."""
        return self.slope.length_m * self.slope.width_m

    @property
    def drop_m(self) -> float:
        """How far it falls from its head to its foot."""
        distance, slope = np.array(self.slope.points).T
        return float(np.trapezoid(slope, distance)) * self.slope.length_m


@dataclass(frozen=True)
class Above:
    """What lies above a channel's foot, itself included: area, and length and fall of the longest path."""

    area_m2: float
    path_length_m: float
    path_drop_m: float


@dataclass(frozen=True)
class Watershed:
    """All hillslopes and channels, and one weather for all. `basin_area_m2` is that of the delineated basin."""

    runid: str
    hillslopes: tuple[Hillslope, ...]
    channels: tuple[ChannelLink, ...]
    climate: ClimateSeries
    basin_area_m2: float

    @property
    def hillslope_area_m2(self) -> float:
        """The sum of the hillslopes' areas."""
        return sum(hillslope.area_m2 for hillslope in self.hillslopes)

    @property
    def area_m2(self) -> float:
        """What is simulated: the hillslopes and the channels' water surface."""
        return self.hillslope_area_m2 + sum(channel.area_m2 for channel in self.channels)

    @cached_property
    def outlet(self) -> ChannelLink:
        """The last channel. Raises DataError when there is none or more than one."""
        found = [channel for channel in self.channels if channel.downstream_topaz_id is None]
        if len(found) != 1:
            raise DataError(f"{len(found)} channels of run {self.runid} flow nowhere; there must be one outlet")
        return found[0]

    @cached_property
    def upstream(self) -> Mapping[int, Sequence[ChannelLink]]:
        """The channels that flow into each channel, by its topaz_id."""
        found: dict[int, list[ChannelLink]] = {channel.topaz_id: [] for channel in self.channels}
        for channel in self.channels:
            below = channel.downstream_topaz_id
            if below is not None:
                if below not in found:
                    raise DataError(f"channel {channel.topaz_id} flows into {below}, which is not there")
                found[below].append(channel)
        return found

    @cached_property
    def sides(self) -> Mapping[int, Sequence[Hillslope]]:
        """The hillslopes that drain into each channel, by its topaz_id. Raises DataError for one without."""
        found: dict[int, list[Hillslope]] = {channel.topaz_id: [] for channel in self.channels}
        for hillslope in self.hillslopes:
            if hillslope.channel_topaz_id not in found:
                raise DataError(f"hillslope {hillslope.topaz_id} drains into no channel")
            found[hillslope.channel_topaz_id].append(hillslope)
        return found

    @cached_property
    def downstream_order(self) -> Sequence[ChannelLink]:
        """Every channel after all that flow into it, branch by branch, so that few wait at any time.

        Raises DataError for channels that the outlet doesn't receive.
        """
        ordered = []
        stack = [self.outlet]
        while stack:  # from the outlet up, each before its inflows; turned round at the end
            channel = stack.pop()
            ordered.append(channel)
            stack.extend(self.upstream[channel.topaz_id])
        ordered.reverse()
        if len(ordered) != len(self.channels):
            lost = {channel.topaz_id for channel in self.channels} - {channel.topaz_id for channel in ordered}
            raise DataError(f"channels {', '.join(map(str, sorted(lost)))} never reach the outlet")
        return ordered

    @cached_property
    def above(self) -> Mapping[int, Above]:
        """What lies above the foot of each channel, by its topaz_id."""
        found: dict[int, Above] = {}
        for channel in self.downstream_order:
            inflows = [found[inflow.topaz_id] for inflow in self.upstream[channel.topaz_id]]
            longest = max(inflows, key=lambda inflow: inflow.path_length_m, default=Above(0.0, 0.0, 0.0))
            own_m2 = channel.area_m2 + _area_m2(self.sides[channel.topaz_id])
            found[channel.topaz_id] = Above(
                own_m2 + sum(inflow.area_m2 for inflow in inflows),
                channel.slope.length_m + longest.path_length_m,
                channel.drop_m + longest.path_drop_m,
            )
        return found


def _area_m2(hillslopes: Iterable[Hillslope]) -> float:
    return sum(hillslope.area_m2 for hillslope in hillslopes)
