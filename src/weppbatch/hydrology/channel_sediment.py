"""Sediment through a channel: what the flow can carry, what it takes from the bed, what it leaves there.

In: a reach, the day's discharge and duration, what comes in by size class. Out: what leaves, was detached, was
deposited; in - out = deposited - detached, exactly. Steady state during each day's runoff; nothing moves otherwise.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.sediment import (
    CLASSES,
    GRAVITIES,
    GRAVITY,
    VISCOSITY_M2_S,
    WATER_DENSITY,
    class_diameters_m,
    class_fractions,
    fall_velocities_m_s,
    shields,
)
from weppbatch.hydrology.state import Floats

LEAST_SLOPE = 1e-6
# Share of the settling that turbulence lets happen in a channel (Foster 1982; 0.5 is for flow under rain).
DEPOSITION_BETA = 1.0
SHEAR_EXPONENT = 0.9  # of the ratio of roughnesses, in CREAMS (Foster et al. 1980)


@dataclass(frozen=True)
class Sediment:
    """The five size classes in a channel, and how the bed's own material divides among them (arrays of 5)."""

    diameter_m: Floats
    fall_velocity_m_s: Floats
    bed_fractions: Floats

    @classmethod
    def of(cls, sand: float, clay: float) -> "Sediment":
        """The classes of a soil with these fractions of sand and clay (Foster, Young & Neibling 1985)."""
        return cls(class_diameters_m(clay), fall_velocities_m_s(clay), class_fractions(sand, clay))


class Reach(NamedTuple):
    """A channel as segments from top to foot: middle and share (fractions of the length), sine of the slope."""

    length_m: float
    width_m: float
    middle: Floats
    share: Floats
    sine: Floats

    @classmethod
    def of(cls, length_m: float, width_m: float, distance_fraction: Floats, slope: Floats) -> "Reach":
        """A reach from profile points; a segment's slope is the mean of its two ends'."""
        mean = np.maximum((slope[1:] + slope[:-1]) / 2.0, LEAST_SLOPE)
        middle = (distance_fraction[1:] + distance_fraction[:-1]) / 2.0
        return cls(length_m, width_m, middle, np.diff(distance_fraction), mean / np.sqrt(1.0 + mean**2))


class Grains(NamedTuple):
    """The size classes as the kernels take them; `settling_m_s` includes the effect of turbulence."""

    diameter_m: Floats
    bed_fractions: Floats
    settling_m_s: Floats


class Bed(NamedTuple):
    """A channel's bed; `grain_share` is the part of the shear that the bed's own grains feel."""

    erodibility_s_m: float
    critical_shear_n_m2: float
    manning: float
    grain_share: float


class Discharge(NamedTuple):
    """The rates while runoff lasts: slow water, surface runoff at the foot, its share that came from the sides."""

    slow_m3_s: float
    runoff_m3_s: float
    side_share: float


class Runoff(NamedTuple):
    """Each day's discharge (arrays) and for how long it lasts."""

    slow_m3_s: Floats
    runoff_m3_s: Floats
    side_share: Floats
    duration_s: Floats


class Moved(NamedTuple):
    """What left each day by class (n x 5), and what was detached and deposited on the way (n)."""

    sediment_kg: Floats
    detached_kg: Floats
    deposited_kg: Floats


def route_sediment(
    reach: Reach,
    sediment: Sediment,
    *,
    erodibility_s_m: float,
    critical_shear_n_m2: float,
    manning: tuple[float, float],
    runoff: Runoff,
    head_kg: Floats,
    side_kg: Floats,
) -> Moved:
    """Route all days' sediment, segment by segment (Foster et al. 1980; Ascough et al. 1997).

    `manning`: n of the bare bed and of the channel as it is. The bed feels (n_bare / n)^0.9 of the shear,
    the rest is spent on what grows and lies there. Detachment is K (shear - critical shear)
    (1 - load / capacity) over the wetted width; deposition of each class is beta x fall velocity x width /
    discharge x (load - its capacity). What comes in on a day without runoff stays where it is: it is deposited.
    """
    grain_share = min(manning[0] / manning[1], 1.0) ** SHEAR_EXPONENT
    settling_m_s = sediment.fall_velocity_m_s * DEPOSITION_BETA
    grains = Grains(sediment.diameter_m, sediment.bed_fractions, settling_m_s)
    bed = Bed(erodibility_s_m, critical_shear_n_m2, manning[1], grain_share)
    return Moved(*_all_days(reach, grains, bed, runoff, head_kg, side_kg))


@kernel
def _all_days(
    reach: Reach, grains: Grains, bed: Bed, runoff: Runoff, head_kg: Floats, side_kg: Floats
) -> tuple[Floats, Floats, Floats]:
    """The loop over days."""
    days = runoff.duration_s.size
    out_kg = np.zeros((days, CLASSES))
    detached_kg, deposited_kg = np.zeros(days), np.zeros(days)
    capacity = np.empty(CLASSES)
    for day in range(days):
        seconds = runoff.duration_s[day]
        if seconds <= 0.0:
            deposited_kg[day] = head_kg[day].sum() + side_kg[day].sum()
            continue
        load, side = head_kg[day] / seconds, side_kg[day] / seconds
        discharge = Discharge(runoff.slow_m3_s[day], runoff.runoff_m3_s[day], runoff.side_share[day])
        detached, deposited = _one_day(reach, grains, bed, discharge, load, side, capacity)
        detached_kg[day], deposited_kg[day] = detached * seconds, deposited * seconds
        out_kg[day] = load * seconds
    return out_kg, detached_kg, deposited_kg


@kernel
def _one_day(
    reach: Reach,
    grains: Grains,
    bed: Bed,
    discharge: Discharge,
    load: Floats,
    side: Floats,
    capacity: Floats,
) -> tuple[float, float]:
    """Take `load` (kg/s by class, changed in place) through all segments; detached and deposited in kg/s."""
    detached, deposited = 0.0, 0.0
    width_m = reach.width_m
    for segment in range(reach.share.size):
        for kind in range(CLASSES):
            load[kind] += side[kind] * reach.share[segment]
        from_sides = discharge.side_share * (1.0 - reach.middle[segment])
        here_m3_s = discharge.slow_m3_s + discharge.runoff_m3_s * (1.0 - from_sides)
        if here_m3_s <= 0.0:
            continue
        shear = _shear_n_m2(here_m3_s, width_m, bed.manning, reach.sine[segment]) * bed.grain_share
        metres = reach.length_m * reach.share[segment]
        total = load.sum()
        capacity_by_class(shear, grains, load / total if total > 0.0 else grains.bed_fractions, capacity)
        for kind in range(CLASSES):
            excess = load[kind] - capacity[kind] * width_m
            if excess > 0.0:
                settled = excess * -math.expm1(-grains.settling_m_s[kind] * width_m * metres / here_m3_s)
                load[kind] -= settled
                deposited += settled
        most, total = capacity.sum() * width_m, load.sum()
        if shear > bed.critical_shear_n_m2 and most > total:
            pull = bed.erodibility_s_m * (shear - bed.critical_shear_n_m2)
            taken = (most - total) * -math.expm1(-pull * width_m * metres / most)
            detached += taken
            for kind in range(CLASSES):
                load[kind] += taken * grains.bed_fractions[kind]
    return detached, deposited


@kernel
def _shear_n_m2(discharge_m3_s: float, width_m: float, manning: float, sine: float) -> float:
    """The mean shear of uniform flow on the wetted perimeter."""
    depth_m = normal_depth_m(discharge_m3_s, width_m, manning, sine)
    radius_m = width_m * depth_m / (width_m + 2.0 * depth_m)
    return WATER_DENSITY * GRAVITY * radius_m * sine


@kernel
def normal_depth_m(discharge_m3_s: float, width_m: float, manning: float, sine: float) -> float:
    """The depth of uniform flow in a rectangular channel, after Manning, to 1e-9 of itself.

    A fixed point of h = (q n / sqrt(S))^0.6 (w + 2 h)^0.4 / w, which draws nearer by 0.4 or more each time.
    """
    conveyance = math.pow(discharge_m3_s * manning / math.sqrt(sine), 0.6) / width_m
    depth_m = conveyance * math.pow(width_m, 0.4)
    for _ in range(40):
        nearer_m = conveyance * math.pow(width_m + 2.0 * depth_m, 0.4)
        if abs(nearer_m - depth_m) <= 1e-9 * nearer_m:
            return nearer_m
        depth_m = nearer_m
    return depth_m


@kernel
def capacity_by_class(shear: float, grains: Grains, mix: Floats, capacity: Floats) -> None:
    """Transport capacity of each class, in kg a second a metre of width, into `capacity` (Yalin 1963; Foster 1982).

    Each class's own capacity is weighted by its share of the excess shear and by five times its share of the mix.
    """
    velocity = math.sqrt(shear / WATER_DENSITY)
    total = 0.0
    for kind in range(CLASSES):
        diameter_m, gravity = grains.diameter_m[kind], GRAVITIES[kind]
        critical = shields(velocity * diameter_m / VISCOSITY_M2_S)
        excess = velocity**2 / ((gravity - 1.0) * GRAVITY * diameter_m * critical) - 1.0
        capacity[kind] = 0.0
        if excess > 0.0:
            sigma = 2.45 * excess * gravity**-0.4 * math.sqrt(critical)
            dimensionless = 0.635 * excess * (1.0 - math.log1p(sigma) / sigma)
            weight = excess * 5.0 * mix[kind]
            capacity[kind] = dimensionless * weight * velocity * WATER_DENSITY * diameter_m * gravity
            total += excess
    if total > 0.0:
        for kind in range(CLASSES):
            capacity[kind] /= total
