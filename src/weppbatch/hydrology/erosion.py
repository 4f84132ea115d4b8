"""Detachment, transport and deposition along a hillslope's rills in one event (NSERL Report 10, ch. 11).

Soil, cover and the event's steady flow in; sediment per metre of rill out. The soil's adjustment factors are those
of WEPP's cropland, which all disturbed classes use. A steady state per event: nothing is remembered but rill width.
"""

import math
from typing import Any

from weppbatch.hydrology import columns as at
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.friction import GRAVITY, RILL_SOIL
from weppbatch.hydrology.state import Floats

WATER_WEIGHT = 9807.0
LEAST_FACTOR = 0.03
STEPS = 100  # of the continuity equation along the slope
FLOW_TOLERANCE = 5e-6


@kernel
def rill_factor(buried_kg_m2: float, dead_roots_kg_m2: float, live_roots_kg_m2: float, aged: float) -> float:
    """What roots, buried residue and consolidation leave of the rill erodibility."""
    organic = math.exp(-0.40 * buried_kg_m2 - 2.2 * dead_roots_kg_m2 - 3.5 * live_roots_kg_m2)
    return organic * aged


@kernel
def interrill_factor(
    canopy: float, height_m: float, interrill_cover: float, live_roots_kg_m2: float, dead_roots_kg_m2: float,
    slope: float, aged: float,
) -> float:  # fmt: skip
    """What canopy, cover, roots, steepness and consolidation leave of the interrill erodibility."""
    shelter = 1.0 - canopy
    if height_m > 0.0:
        shelter = 1.0 - 2.941 * canopy / height_m * -math.expm1(-0.34 * height_m)
    steepness = 1.05 - 0.85 * math.exp(-4.0 * min(math.sin(math.atan(slope)), 0.707))
    cover = math.exp(-2.5 * interrill_cover - 0.56 * live_roots_kg_m2 - 0.56 * dead_roots_kg_m2)
    return shelter * cover * steepness * aged


@kernel
def consolidation(days: float, consolidated_ratio: float) -> float:
    """How far a factor has come from 1 to its consolidated ratio, at 0.02 a day since the soil was disturbed."""
    return consolidated_ratio + (1.0 - consolidated_ratio) * math.exp(-0.02 * days)


@kernel
def shear_factor(roughness_m: float, aged: float, thawing: float) -> float:
    """The factor on critical shear: roughness, consolidation and thaw, at most 2."""
    return min(aged * (1.0 + 8.0 * (roughness_m - 0.006)) * thawing, 2.0)


@kernel
def thaw_factors(tension_kpa: float, cycles: float) -> tuple[float, float, float]:
    """What thawing does to interrill erodibility, rill erodibility and critical shear (NSERL Report 10, ch. 7).

    By the surface's tension, in kPa, and how often it has thawed since it froze first.
    """
    often = 1.0 + 0.0586 * cycles - 0.0027 * cycles**2 if cycles < 11.0 else 1.31
    between = often * math.exp(-math.log(often) * tension_kpa / 33.0)
    if tension_kpa > 10.0:
        return between, 1.0, 1.0
    return between, 2.0 * math.pow(0.933, tension_kpa), 0.875 + 0.0543 * math.log(tension_kpa)


@kernel
def erodible_ground(site: Any, layers: Floats, water: Floats, now: Floats, state: Floats, ground: Floats) -> None:
    """Fill Ki, Kr and the factor on critical shear as frost and thaw left the surface at the day's beginning."""
    ground[0], ground[1], ground[2] = site.ki, site.kr, 1.0
    if state[at.FROST] > 0.0 and state[at.THAWED] <= 0.0:
        state[at.STAGE] = 1.0
        ground[0] *= LEAST_FACTOR / max(site.ki_factor, LEAST_FACTOR)
        ground[1] *= LEAST_FACTOR / max(site.kr_factor, LEAST_FACTOR)
        return
    if state[at.STAGE] <= 0.0:
        return
    thickness = layers[at.THICKNESS, 0]
    unfrozen = 1.0 - now[at.ICE_DEPTH, 0] / thickness
    content = water[0] / unfrozen if unfrozen > 0.01 else water[0]
    capacity, most = layers[at.CAPACITY, 0], layers[at.UPPER, 0]
    if content <= capacity:
        state[at.STAGE] = 0.0
        return
    tension = math.pow(10.0, 1.518514 * max(most - content, 0.0) / (most - capacity))
    between, within, ground[2] = thaw_factors(tension, state[at.CYCLES])
    for i, (factor, thaw) in enumerate(((site.ki_factor, between), (site.kr_factor, within))):
        ground[i] *= max(factor * thaw, LEAST_FACTOR) / max(factor, LEAST_FACTOR)


@kernel
def interrill_ratio(ki: float, sand: float, organic: float, fc: float) -> float:
    """Interrill erodibility of the consolidated soil over the fresh one, 0.1 to 1 (fractions)."""
    consolidated = 1000.0 * (3042.0 - 3166.0 * sand - 8816.0 * organic - 2477.0 * fc)
    return min(max(min(max(consolidated, 1e4), 2e6) / ki, 0.1), 1.0)


@kernel
def rill_ratio(kr: float, silt: float, fc: float, rock: float) -> float:
    """Rill erodibility of the consolidated soil over the fresh one, 0.05 to 1 (fractions)."""
    consolidated = 0.00035 - 0.0014 * fc + 0.00068 * silt + 0.0049 * rock
    return min(max(min(max(consolidated, 1e-5), 4e-3) / kr, 0.05), 1.0)


@kernel
def shear_ratio(tauc: float, sand: float, fc: float) -> float:
    """Critical shear of the consolidated soil over the fresh one, 1 to 4 (fractions)."""
    consolidated = 8.37 - 11.8 * fc - 4.9 * sand
    return min(max(min(max(consolidated, 0.3), 7.0) / tauc, 1.0), 4.0)


@kernel
def rill_width_m(flow_m3_s: float, spacing_m: float) -> float:
    """The width that a rill's flow cuts, at most the spacing of rills."""
    return min(1.13 * math.pow(flow_m3_s, 0.303), spacing_m)


@kernel
def rill_shear_pa(flow_m3_s: float, width_m: float, slope: float, friction: float) -> float:
    """Shear on a rill's soil at normal depth: gamma R sin(slope) f_soil / f, at least 1e-6."""
    slope = max(slope, 1e-6)
    chezy = math.sqrt(8.0 * GRAVITY / friction)
    unit = math.pow(flow_m3_s / chezy / math.sqrt(slope), 2.0 / 3.0) / width_m
    depth = 0.2 * math.pow(flow_m3_s, 0.36)
    for _ in range(200):
        before = depth
        depth = unit * math.pow(width_m + 2.0 * before, 1.0 / 3.0)
        if abs(before / depth - 1.0) <= FLOW_TOLERANCE:
            break
    radius = depth * width_m / (width_m + 2.0 * depth)
    return max(WATER_WEIGHT * math.sin(math.atan(slope)) * radius * RILL_SOIL / friction, 1e-6)


@kernel
def flow_shapes(fraction: Floats, slope: Floats, mean_slope: float, carrying: Floats, shear: Floats) -> None:
    """Fill the relative transport (x S, STEPS + 1 values) and the relative shear ((x S)^(2/3)) down the slope."""
    point = 1
    for i in range(STEPS + 1):
        x = i / STEPS
        while point < fraction.size - 1 and x > fraction[point]:
            point += 1
        span = fraction[point] - fraction[point - 1]
        here = slope[point - 1] + (slope[point] - slope[point - 1]) * (x - fraction[point - 1]) / span
        carrying[i] = max(x * here / mean_slope, 0.0)
        shear[i] = carrying[i] ** (2.0 / 3.0)


@kernel
def detach_step(load: float, capacity: float, rate: float, lateral: float, dx: float) -> float:
    """The load after a step of dG/dx = rate (1 - G/T) + lateral, exact for constant coefficients."""
    if rate <= 0.0 or capacity <= 0.0:
        return load + lateral * dx
    decay = rate / capacity
    gain = rate + lateral - decay * load
    # the mean of exp(-decay x) over the step, 1 where decay is too small to tell
    lasting = -math.expm1(-decay * dx) / (decay * dx) if decay * dx > 1e-12 else 1.0
    return load + gain * dx * lasting


@kernel
def deposit_step(
    load: float, x: float, dx: float, before: float, after: float, phi: float, lateral: float
) -> float:
    """The load after a step of dG/dx = phi/x (T - G) + lateral, exact for a capacity that changes linearly."""
    slope = (after - before) / dx
    level = before - slope * x
    gain = (phi * slope + lateral) / (1.0 + phi)
    if x <= 0.0:
        return max(level + gain * (x + dx), 0.0)
    excess = load - level - gain * x
    return max(level + gain * (x + dx) + excess * math.pow(x / (x + dx), phi), 0.0)


@kernel
def continuity(
    eta: float, threshold: float, lateral: float, phi: float, end_ratio: float, carrying: Floats, shear: Floats
) -> tuple[float, float, float]:
    """Solve dG*/dx* = eta (tau* - threshold)(1 - G*/T*) + lateral, or deposition, from the top to the foot.

    T* = `carrying` x `end_ratio`, tau* = `shear`, at STEPS + 1 points. Gives the load at the foot, what was
    detached and what was deposited; load = detached - deposited.
    """
    dx = 1.0 / STEPS
    load = 0.0
    detached = 0.0
    deposited = 0.0
    for i in range(STEPS):
        before, after = carrying[i] * end_ratio, carrying[i + 1] * end_ratio
        gained = lateral * dx
        middle = 0.5 * (before + after)
        if load > middle:
            new = min(deposit_step(load, i * dx, dx, before, after, phi, lateral), load + gained)
            detached += gained
            deposited += load + gained - new
        else:
            rate = max(eta * (0.5 * (shear[i] + shear[i + 1]) - threshold), 0.0)
            new = detach_step(load, middle, rate, lateral, dx)
            detached += new - load
        load = new
    return load, detached, deposited
