"""A channel through all days: what flows in at its head and from its sides, and what leaves it.

In: daily flows (`Flow`) and the channel's shape. Out: the flow at its foot, with what the bed gave, kept and drank.
Water and sediment close every day. It knows neither the network nor any file.
"""

from dataclasses import dataclass, field

import numpy as np

from weppbatch.hydrology.channel_sediment import Reach, Runoff, Sediment, route_sediment
from weppbatch.hydrology.sediment import CLASSES
from weppbatch.hydrology.state import Floats

SECONDS_PER_DAY = 86_400.0
LENGTH_WIDTH_RATIO = 1.0  # of a watershed, as WEPP's own channel files have it


@dataclass(frozen=True)
class ChannelOptions:
    """What is chosen for all channels of a watershed; names and defaults are WEPPcloud's."""

    erodibility_s_m: float = 1e-6
    critical_shear_n_m2: float = 19.0
    manning_bare: float = 0.03
    manning_vegetated: float = 0.04
    avke_mm_h: float = 10.0


@dataclass(frozen=True)
class Channel:
    """A channel's rectangle and profile (fraction of its length from the top, slope m/m).

    `drained_m2` is the area that drains through its foot; `path_length_m` and `path_drop_m` belong to the longest
    chain of channels that ends there, this one included.
    """

    name: str
    length_m: float
    width_m: float
    distance_fraction: Floats
    slope: Floats
    drained_m2: float
    path_length_m: float
    path_drop_m: float


@dataclass
class Flow:
    """What passes a point each day (arrays of `n`): surface runoff with its peak, slow water, sediment by class.

    Slow water is lateral flow, baseflow and rain on the water's own surface; it is taken as even over the day.
    `sediment_kg` is n x 5 in WEPP's classes: primary clay, silt, small aggregates, large aggregates, sand.
    """

    runoff_m3: Floats
    peak_m3_s: Floats
    lateral_m3: Floats
    baseflow_m3: Floats
    rain_m3: Floats
    sediment_kg: Floats

    @classmethod
    def none(cls, days: int) -> "Flow":
        """No flow at all."""
        runoff, peak, lateral, baseflow, rain = np.zeros((5, days))
        return cls(runoff, peak, lateral, baseflow, rain, np.zeros((days, CLASSES)))

    def add(self, other: "Flow") -> None:
        """Join another flow: volumes and sediment add up, and so do the peaks, as if they met."""
        self.runoff_m3 += other.runoff_m3
        self.peak_m3_s += other.peak_m3_s
        self.lateral_m3 += other.lateral_m3
        self.baseflow_m3 += other.baseflow_m3
        self.rain_m3 += other.rain_m3
        self.sediment_kg += other.sediment_kg

    @property
    def slow_m3(self) -> Floats:
        """The water that is no surface runoff."""
        return self.lateral_m3 + self.baseflow_m3 + self.rain_m3

    @property
    def streamflow_m3(self) -> Floats:
        """All water."""
        return self.runoff_m3 + self.slow_m3

    @property
    def total_peak_m3_s(self) -> Floats:
        """The peak of the runoff on top of the even flow of slow water."""
        return self.peak_m3_s + self.slow_m3 / SECONDS_PER_DAY


@dataclass(frozen=True)
class ChannelResult:
    """The flow at the channel's foot, and each day's share of the bed.

    head + side + bed's detachment = foot + deposition, and head + side = foot + transmission loss.
    """

    flow: Flow
    detached_kg: Floats
    deposited_kg: Floats
    transmission_loss_m3: Floats


@dataclass(frozen=True)
class Inflow:
    """What comes into a channel: at its head (channels above, the hillslope at its top) and along its sides."""

    head: Flow
    side: Flow = field(repr=False)

    def joined(self) -> Flow:
        """Both together, as a flow of its own."""
        both = Flow.none(self.head.runoff_m3.size)
        both.add(self.head)
        both.add(self.side)
        return both


def transmission_loss_m3(inflow: Flow, channel: Channel, options: ChannelOptions) -> Floats:
    """What a dry bed drinks of each day's runoff: its conductivity x its surface x the runoff's duration.

    A bed into which slow water flows is wet and drinks nothing (a gaining stream). Rain on the water's surface
    doesn't count. The duration is the volume over the summed peaks.
    """
    dry = (inflow.lateral_m3 + inflow.baseflow_m3 <= 0) & (inflow.runoff_m3 > 0)
    duration_s = duration_of(inflow.runoff_m3, inflow.peak_m3_s)
    taken_m3 = options.avke_mm_h / 1000.0 / 3600.0 * channel.length_m * channel.width_m * duration_s
    return np.where(dry, np.minimum(taken_m3, inflow.runoff_m3), 0.0)


def route(
    inflow: Inflow, channel: Channel, sediment: Sediment, options: ChannelOptions, lost_m3: Floats
) -> ChannelResult:
    """Take each day's inflow through the channel to its foot; `lost_m3` is what the bed drinks on the way.

    The peak at the foot is CREAMS' (`creams_peak_m3_s`), but never above the sum of the peaks that came in, nor
    below the mean of the day. Sediment moves while there is surface runoff, at the peak's rate for as long as the
    volume lasts (the steady state of WEPP's watershed model, Ascough et al. 1997).
    """
    flow = inflow.joined()
    before_m3 = flow.runoff_m3
    kept = 1.0 - np.divide(lost_m3, before_m3, out=np.zeros_like(before_m3), where=before_m3 > 0)
    side_share = np.divide(inflow.side.runoff_m3, before_m3, out=np.zeros_like(before_m3), where=before_m3 > 0)
    flow.runoff_m3 = before_m3 - lost_m3
    highest_m3_s = flow.peak_m3_s * kept
    slope = channel.path_drop_m / channel.path_length_m
    creams_m3_s = creams_peak_m3_s(flow.runoff_m3, channel.drained_m2, slope)
    flow.peak_m3_s = np.maximum(np.minimum(creams_m3_s, highest_m3_s), flow.runoff_m3 / SECONDS_PER_DAY)
    reach = Reach.of(channel.length_m, channel.width_m, channel.distance_fraction, channel.slope)
    moved = route_sediment(
        reach,
        sediment,
        erodibility_s_m=options.erodibility_s_m,
        critical_shear_n_m2=options.critical_shear_n_m2,
        manning=(options.manning_bare, options.manning_vegetated),
        runoff=Runoff(
            slow_m3_s=flow.slow_m3 / SECONDS_PER_DAY,
            runoff_m3_s=flow.peak_m3_s,
            side_share=side_share,
            duration_s=duration_of(flow.runoff_m3, flow.peak_m3_s),
        ),
        head_kg=inflow.head.sediment_kg,
        side_kg=inflow.side.sediment_kg,
    )
    flow.sediment_kg = moved.sediment_kg
    return ChannelResult(flow, moved.detached_kg, moved.deposited_kg, lost_m3)


def duration_of(volume_m3: Floats, peak_m3_s: Floats) -> Floats:
    """How long a volume lasts at its peak, in s; 0 without a peak, a day at most."""
    duration_s = np.divide(volume_m3, peak_m3_s, out=np.zeros_like(volume_m3), where=peak_m3_s > 0)
    return np.minimum(duration_s, SECONDS_PER_DAY)


def creams_peak_m3_s(volume_m3: Floats, drained_m2: float, slope: float) -> Floats:
    """The peak of a day's runoff at a channel's foot, after CREAMS (Smith & Williams 1980; USDA CRR 26).

    q = 200 D^0.7 C^0.159 Q^(0.917 D^0.0166) R^-0.187 with D the drained area in square miles, C the mean slope of
    the longest channel path in feet a mile, Q the volume in inches over the area, R the length-width ratio of the
    watershed, and q in cubic feet a second. An empirical regression: it knows no storm.
    """
    square_miles = drained_m2 / 1609.344**2
    inches = np.asarray(volume_m3) / drained_m2 / 0.0254
    feet_s = 200.0 * square_miles**0.7 * (slope * 5280.0) ** 0.159 * LENGTH_WIDTH_RATIO**-0.187
    cubic_feet_s: Floats = feet_s * inches ** (0.917 * square_miles**0.0166)
    return cubic_feet_s * 0.3048**3
