"""A hillslope through all its days, compiled: water, then runoff's peak, then sediment, day after day.

Packed arrays in, one row of results a variable out. Checks and units of the public results are `hillslope`'s part.
"""

import math
from typing import Any

import numpy as np

from weppbatch.hydrology import columns as at
from weppbatch.hydrology import day_water, erosion, friction, runoff, sediment, storm
from weppbatch.hydrology import sheets as sheets_water
from weppbatch.hydrology.borrowed import borrowed
from weppbatch.hydrology.checks import MOST_BREAKPOINTS
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats

OUTPUTS = (
    "precip_mm",
    "rain_melt_mm",
    "runoff_mm",
    "lateral_mm",
    "percolation_mm",
    "transpiration_mm",
    "soil_evaporation_mm",
    "snow_evaporation_mm",
    "interception_mm",
    "soil_water_mm",
    "snow_water_mm",
    "canopy_water_mm",
    "peak_m3_s",
    "max_excess_m3_s",
    "runoff_duration_s",
    "detached_kg",
    "deposited_kg",
    "sediment_kg",
)
MM_H = 1.0 / 3.6e6  # m/s


@kernel
def flow_coefficient(site: Any, state: Floats) -> float:
    """The kinematic alpha of the whole surface, rills as wide as they are."""
    between = friction.interrill_friction(
        site.interrill_cover, state[at.ROUGHNESS], site.roughness_m, site.friction_live
    )
    mixed = friction.combined_friction(between, site.friction_rill, state[at.RILL_WIDTH], site.rill_spacing_m)
    return friction.kinematic_coefficient(site.mean_slope, mixed)


@kernel
def event_sediment(
    site: Any, shapes: Floats, particles: Floats, peak: float, duration_s: float, interrill: float, beta: float,
    ground: Floats, state: Floats,
) -> tuple[float, float]:  # fmt: skip
    """Detached and deposited sediment (kg) of an event with a peak (m/s) and an effective duration.

    `interrill` is what interrill areas deliver, in kg/s per m2 of rill, as a mean over that duration.
    """
    spacing = site.rill_spacing_m
    flow = peak * site.length_m * spacing
    state[at.RILL_WIDTH] = max(state[at.RILL_WIDTH], erosion.rill_width_m(flow, spacing))
    width = state[at.RILL_WIDTH]
    lateral = interrill * spacing / width
    mean = erosion.rill_shear_pa(flow, width, site.mean_slope, site.friction_rill)
    threshold = site.tauc * erosion.shear_factor(state[at.ROUGHNESS], site.shear_aged, ground[2])
    if lateral <= 0.0 and mean * site.shear_most <= threshold:
        return 0.0, 0.0
    end = mean
    if shapes[0, -1] != 1.0:
        end = erosion.rill_shear_pa(flow, width, site.mean_slope * shapes[0, -1], site.friction_rill)
    capacity = max(sediment.transport_capacity(mean, particles[0], particles[1], site.sand), 1e-10)
    between = 0.5 * (mean + end)
    ratio = max(sediment.transport_capacity(between, particles[0], particles[1], site.sand), 1e-10)
    ratio *= (mean / between) ** 1.5 / capacity
    eta = site.length_m * ground[1] * mean / capacity
    theta = site.length_m * lateral / capacity
    phi = min(beta * site.velocity_m_s / peak, 1e5)
    _, detached, deposited = erosion.continuity(eta, threshold / mean, theta, phi, ratio, shapes[0], shapes[1])
    scale = capacity * width / spacing * site.width_m * duration_s
    return detached * scale, deposited * scale


@kernel
def run_off(
    site: Any, shapes: Floats, particles: Floats, time_h: Floats, rate_mm_h: Floats, excess_mm_h: Floats, n: int,
    winter: bool, routed: bool, runoff_mm: float, surplus_mm: float, ground: Floats, state: Floats, out: Floats,
) -> None:  # fmt: skip
    """Fill a day's peak, duration and sediment from its infiltration excess and the soil's return flow (surplus).

    The surplus is spread over the hours with excess, or else over the hours with rain or melt. A storm
    between breakpoints, or one under which water ponds more than once, is `routed` down the slope, others by the
    approximate solution; the surplus counts in its mean but not in its sharpness.
    """
    hours, sharpest = storm.wet_part(time_h, excess_mm_h, n)
    intensity = 0.0 if winter or state[at.PACK] > 0.0 else storm.rain_intensity(time_h, rate_mm_h, excess_mm_h, n)
    if runoff_mm <= 0.0:
        hours, _ = storm.wet_part(time_h, rate_mm_h, n)
        hours = hours if hours > 0.0 else 24.0
        sharpest = surplus_mm / hours
    most = sharpest + (surplus_mm / hours if runoff_mm > 0.0 else 0.0)
    total = runoff_mm + surplus_mm
    alpha = flow_coefficient(site, state)
    if routed and runoff_mm > 0.0:
        for i in range(n):
            excess_mm_h[i] = (excess_mm_h[i] + surplus_mm / hours) * MM_H if excess_mm_h[i] > 0.0 else 0.0
        peak = runoff.routed_peak_m_s(time_h, excess_mm_h, n, site.length_m, alpha)
        peak = min(max(peak, runoff.LEAST_PEAK_M_S), most * MM_H)
    else:
        peak = runoff.peak_m_s(total / 1000.0, hours * 3600.0, sharpest * MM_H, most * MM_H, site.length_m, alpha)
    duration = runoff.effective_duration_s(total / 1000.0, peak)
    interrill = 0.0
    if intensity > 0.0:
        share = sediment.interrill_delivery(state[at.ROUGHNESS], particles[0], particles[2])
        interrill = ground[0] * share * intensity * MM_H * total * MM_H * 3600.0 / duration
    detached, deposited = event_sediment(
        site, shapes, particles, peak, duration, interrill, 1.0 if winter else 0.5, ground, state
    )
    area = site.length_m * site.width_m
    out[12], out[13], out[14] = peak * area, most * MM_H * area, duration
    out[15], out[16], out[17] = detached, deposited, detached - deposited


@kernel
def erodible_ground(site: Any, layers: Floats, water: Floats, now: Floats, state: Floats, ground: Floats) -> None:
    """Fill Ki, Kr and the factor on critical shear as frost and thaw left the surface at the day's beginning."""
    ground[0], ground[1], ground[2] = site.ki, site.kr, 1.0
    if state[at.FROST] > 0.0 and state[at.THAWED] <= 0.0:
        state[at.STAGE] = 1.0
        ground[0] *= erosion.LEAST_FACTOR / max(site.ki_factor, erosion.LEAST_FACTOR)
        ground[1] *= erosion.LEAST_FACTOR / max(site.kr_factor, erosion.LEAST_FACTOR)
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
    between, within, ground[2] = erosion.thaw_factors(tension, state[at.CYCLES])
    for i, (factor, thaw) in enumerate(((site.ki_factor, between), (site.kr_factor, within))):
        ground[i] *= max(factor * thaw, erosion.LEAST_FACTOR) / max(factor, erosion.LEAST_FACTOR)


@kernel
def morning(
    site: Any, layers: Floats, sheets: Floats, water: Floats, now: Floats, state: Floats, ground: Floats
) -> None:
    """What yesterday's frost means today: conductivities, erodibility, and for how long there was none."""
    if state[at.SETTLED] == 0.0:
        day_water.wear(site, state)
    if state[at.FROST] > 0.0:
        sheets_water.conduct(site, layers, sheets, now)
        state[at.FROSTLESS] = 0.0
    elif state[at.FROSTLESS] < 51.0:
        if state[at.FROSTLESS] == 0.0:
            sheets_water.conduct(site, layers, sheets, now)
        state[at.FROSTLESS] += 1.0
        if state[at.FROSTLESS] > 50.0:
            state[at.CYCLES] = 0.0
    erodible_ground(site, layers, water, now, state, ground)


@kernel
def day(
    site: Any, layers: Floats, shapes: Floats, particles: Floats, sheets: Floats, sun: Floats, weather: Floats,
    times_h: Floats, depths_mm: Floats, settings: Floats, water: Floats, ice: Floats, now: Floats, ground: Floats,
    state: Floats, steps: Floats, amounts: Floats, out: Floats,
) -> None:  # fmt: skip
    """Run one day; fill `out` (OUTPUTS) but the stores at its end."""
    morning(site, layers, sheets, water, now, state, ground)
    time_h, rate_mm_h, excess_mm_h = steps[0], steps[1], steps[2]
    content = day_water.surface_wetness(site, layers, water)
    mean_c = 0.5 * (weather[at.TMAX] + weather[at.TMIN])
    ke = 0.0
    if weather[at.PRECIP] > 0.0 or state[at.PACK] > 0.0:
        ke = day_water.conductivity(site, layers, water, ice, now, content, mean_c, weather[at.PRECIP], state)
    n, winter = day_water.supply(
        site, layers, sheets, sun, weather, times_h, depths_mm, settings, water, ice, state, time_h, rate_mm_h
    )
    arriving = 0.0
    for i in range(n):
        arriving += rate_mm_h[i] * (time_h[i + 1] - time_h[i])
    infiltration_excess = 0.0
    caught = 0.0
    wetting = 0.0
    pondings = 0
    if arriving > 0.0:
        on_leaves = min(max(site.canopy_mm - state[at.CANOPY_STORE], 0.0), arriving)
        if state[at.PACK] <= 0.0:
            caught = min(site.residue_mm, arriving - on_leaves)
        state[at.CANOPY_STORE] += on_leaves
        day_water.intercept(on_leaves + caught, time_h, rate_mm_h, n)
        _, sharpest = storm.wet_part(time_h, rate_mm_h, n)
        if not winter and weather[at.LAST_POINT] <= weather[at.FIRST_POINT] + 1:
            sharpest = weather[at.PRECIP] / weather[at.DURATION] * max(weather[at.IP], 1.0)
        n, infiltration_excess, last, pondings = day_water.storm_excess(
            site, layers, water, ice, ke, content, state, sharpest, time_h, rate_mm_h, n, excess_mm_h
        )
        if not winter:
            state[at.ENERGY] += storm.kinetic_energy_j_m2(time_h, rate_mm_h, n)
        if infiltration_excess > 0.0:
            infiltration_excess *= left_after_recession(
                site, time_h, excess_mm_h, n, infiltration_excess, last, state
            )
        wetting = arriving - on_leaves - caught - infiltration_excess
    day_water.drain_and_evaporate(site, layers, water, ice, now, weather, settings, state, wetting, caught, amounts)
    total = infiltration_excess + amounts[at.RETURN_FLOW]
    routed = times_h.size > 0 or pondings > 1
    state[at.DAYS] += 1.0
    if mean_c > 0.0:
        state[at.RAIN] += weather[at.PRECIP] / 1000.0
    out[12:] = 0.0
    if total > 0.0:
        if state[at.FROST] > 0.0 and state[at.THAWED] <= 0.0:
            ground[1] = 0.0
        run_off(
            site, shapes, particles, time_h, rate_mm_h, excess_mm_h, n, winter, routed, infiltration_excess,
            amounts[at.RETURN_FLOW], ground, state, out,
        )  # fmt: skip
    out[0], out[1], out[2] = weather[at.PRECIP], arriving, total
    out[3], out[4], out[5] = amounts[at.LATERAL], amounts[at.PERCOLATION], amounts[at.TRANSPIRATION]
    out[6], out[7], out[8] = amounts[at.FROM_SOIL], amounts[at.FROM_SNOW], amounts[at.FROM_CATCH]


@kernel
def left_after_recession(
    site: Any, time_h: Floats, excess_mm_h: Floats, n: int, runoff_mm: float, last_mm_h: float, state: Floats
) -> float:
    """The share of an infiltration excess that recession infiltration leaves; the excess rates are cut with it."""
    hours, _ = storm.wet_part(time_h, excess_mm_h, n)
    alpha = flow_coefficient(site, state)
    mean = runoff_mm / hours * MM_H
    t_star = runoff.relative_equilibrium_time(site.length_m, alpha, mean, hours * 3600.0)
    share = runoff.share_after_recession(last_mm_h * MM_H, mean, t_star)
    for i in range(n):
        excess_mm_h[i] *= share
    return share


@kernel
def run(
    numbers: Any, layers: Floats, shapes: Floats, particles: Floats, blank_sheets: Floats, sun: Floats,
    weather: Floats, times_h: Floats, depths_mm: Floats, settings: Floats, out: Floats,
) -> float:  # fmt: skip
    """Run all days into `out` (18 x days); give the largest error of a day's water balance (mm)."""
    site: Any = borrowed(numbers)[0]
    sheets = blank_sheets.copy()
    water, ice = np.empty(layers.shape[1]), np.zeros(layers.shape[1])
    now, ground = np.zeros((3, layers.shape[1])), np.zeros(3)
    wilting = layers[at.WILTING].sum()
    for i in range(water.size):
        content = site.initial_saturation * (layers[at.UPPER, i] + layers[at.WILTING, i]) * site.rock_top
        water[i] = min(max(content - layers[at.WILTING, i], 0.0), layers[at.UPPER, i])
    state = np.zeros(at.STATES)
    state[at.DENSITY] = settings[at.NEW_DENSITY]
    state[at.RAIN], state[at.DAYS], state[at.ROUGHNESS] = site.rain_before_m, site.days_before, site.roughness_m
    state[at.ENERGY] = 15.0 * 1000.0 * site.rain_before_m  # J/m2 a mm, of the rain before the first day
    state[at.EVENING_C] = weather[0, at.TMIN]
    steps = np.zeros((3, 2 * MOST_BREAKPOINTS + 2))
    amounts = np.zeros(at.AMOUNTS)
    row = np.zeros(len(OUTPUTS))
    owners = (
        water,
        ice,
        now,
        ground,
        sheets,
        state,
        steps,
        amounts,
        row,
    )  # they live as long as what is borrowed from them
    water, state, steps = borrowed(water), borrowed(state), borrowed(steps)
    ice, now, ground, sheets = borrowed(ice), borrowed(now), borrowed(ground), borrowed(sheets)
    amounts, row, sun = borrowed(amounts), borrowed(row), borrowed(sun)
    layers, shapes, particles, weather = borrowed(layers), borrowed(shapes), borrowed(particles), borrowed(weather)
    times_h, depths_mm, settings = borrowed(times_h), borrowed(depths_mm), borrowed(settings)
    closure = 0.0
    before = water.sum()
    for i in range(weather.shape[0]):
        day(
            site, layers, shapes, particles, sheets, sun, weather[i], times_h, depths_mm, settings, water, ice, now,
            ground, state, steps, amounts, row,
        )  # fmt: skip
        in_soil = water.sum() + ice.sum()
        after = in_soil + state[at.PACK] + state[at.CANOPY_STORE]
        closure = max(closure, abs(row[0] - row[2:9].sum() - (after - before)))
        before = after
        row[9], row[10], row[11] = in_soil + wilting, state[at.PACK], state[at.CANOPY_STORE]
        out[:, i] = row
    return closure + 0.0 * len(owners)
