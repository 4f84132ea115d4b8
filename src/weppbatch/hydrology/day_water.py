"""One day's water on a hillslope: what reaches the ground, what infiltrates, drains and evaporates.

Compiled steps of the day loop; each takes the hillslope's record (`site`), the layers and the state, changes the
state and gives amounts in mm. Sediment and the loop itself are elsewhere.
"""

import math
from typing import Any

import numpy as np

from weppbatch.hydrology import columns as at
from weppbatch.hydrology import infiltration, runoff, soil_water, storm, surface, winter
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.demand import EVAPORATING_DEPTH_MM, evaporative_demand
from weppbatch.hydrology.site import SURFACE_MM
from weppbatch.hydrology.state import Floats


@kernel
def storm_of(
    weather: Floats, times_h: Floats, depths_mm: Floats, settings: Floats, time_h: Floats, rate_mm_h: Floats
) -> int:
    """Fill the steps of a day's storm; give their number."""
    first, last = int(weather[at.FIRST_POINT]), int(weather[at.LAST_POINT])
    if last > first + 1:
        n = storm.breakpoints(weather[at.PRECIP], times_h, depths_mm, first, last, time_h, rate_mm_h)
        if n > 0:
            return n
    hours, tp, ip = weather[at.DURATION], weather[at.TP], weather[at.IP]
    steps = int(settings[at.STORM_STEPS])
    return storm.disaggregate(weather[at.PRECIP], hours, tp, ip, steps, storm.SHORTEST_STEP_H, time_h, rate_mm_h)


@kernel
def supply(
    site: Any, layers: Floats, sheets: Floats, sun: Floats, weather: Floats, times_h: Floats, depths_mm: Floats,
    settings: Floats, water: Floats, ice: Floats, state: Floats, time_h: Floats, rate_mm_h: Floats,
) -> tuple[int, bool]:  # fmt: skip
    """Fill the steps of water reaching the plants; give their number and whether they are melt or winter rain.

    On a winter day (snow on the ground, frost in the soil or a freezing night) the ground is run through its hours.
    Their water comes as a storm of as many hours, as sharp as the wettest of them.
    """
    precip = weather[at.PRECIP]
    if state[at.PACK] <= 0.0 and weather[at.TMIN] > 0.0 and state[at.FROST] <= 0.0:
        state[at.EVENING_C] = weather[at.TMIN]
        return (storm_of(weather, times_h, depths_mm, settings, time_h, rate_mm_h) if precip > 0.0 else 0), False
    hours = np.empty(24)
    storms = state[at.PACK] <= 0.0 and weather[at.TMIN] >= 0.0 and precip > 0.0
    winter.winter_day(
        site, layers, sheets, sun, weather, settings, 0.0 if storms else precip, water, ice, state, hours
    )
    if storms:  # on frozen ground without snow
        return storm_of(weather, times_h, depths_mm, settings, time_h, rate_mm_h), False
    total = hours.sum()
    if total <= 0.0:
        return 0, True
    wet = 0
    peak_at = 0
    most = 0.0
    for hour in range(24):
        if hours[hour] > 0.0:
            wet += 1
            if hours[hour] > most:
                most, peak_at = hours[hour], wet
    steps = int(settings[at.STORM_STEPS])
    return (
        storm.disaggregate(
            total, float(wet), peak_at / wet, most * wet / total, steps, storm.SHORTEST_STEP_H, time_h, rate_mm_h
        ),
        True,
    )


@kernel
def intercept(amount_mm: float, time_h: Floats, rate_mm_h: Floats, n: int) -> None:
    """Take what leaves and litter hold from the beginning of the steps."""
    for i in range(n):
        if amount_mm <= 0.0:
            return
        hours = time_h[i + 1] - time_h[i]
        taken = min(rate_mm_h[i] * hours, amount_mm)
        rate_mm_h[i] -= taken / hours
        amount_mm -= taken


@kernel
def surface_wetness(site: Any, layers: Floats, water: Floats) -> float:
    """Volumetric water content of the topmost 200 mm, ice left out."""
    content = 0.0
    for i in range(water.size):
        if layers[at.FOOT, i] > SURFACE_MM + 1e-6:
            break
        content += water[i]
    return float(content / SURFACE_MM + site.wilting_top)


@kernel
def free_storage_mm(layers: Floats, water: Floats, ice: Floats) -> float:
    """What the topmost 200 mm can still take."""
    free = 0.0
    for i in range(water.size):
        if layers[at.FOOT, i] > SURFACE_MM + 1e-6:
            break
        free += max(layers[at.UPPER, i] - ice[i] - water[i], 0.0)
    return free


@kernel
def conductivity(site: Any, layers: Floats, water: Floats, ice: Floats, now: Floats, content: float, mean_c: float,
                 precip: float, state: Floats) -> float:  # fmt: skip
    """The effective conductivity (mm/h): hydrophobicity, cover and crust, ice, saturated layers below."""
    ke = site.ke_mm_h
    frozen = state[at.FROST] > 0.0
    if frozen and now[at.ICE_DEPTH, 0] > 0.0:
        ke = 0.0
        for i in range(water.size):
            if layers[at.FOOT, i] <= SURFACE_MM + 1e-6:
                ke += layers[at.THICKNESS, i] / now[at.SERIES_K, i]
        ke = SURFACE_MM / ke
    elif site.ksatadj > 0.0:
        saturation = min(content, 0.98 * site.porosity_top) / (site.porosity_top * site.rock_top)
        saturation = 1.0 if saturation > 1.0 else min(saturation, 0.99)
        ke = infiltration.hydrophobic_conductivity(
            ke, saturation, site.capacity_top, site.wilting_top, site.lkeff_mm_h
        )
    elif site.ksflag > 0.0:
        crusting = site.crust_rate * state[at.ENERGY] * (1.0 - min(state[at.ROUGHNESS], 0.04) / 0.04)
        bare = ke * (site.crust + (1.0 - site.crust) * math.exp(-min(crusting, 25.0)))
        covered = 0.5 * ke
        cover = site.cover_dry
        if mean_c > 0.0 and precip > 0.0:
            covered = max((0.0534 + 0.01179 * ke) * precip, covered)
            cover = site.cover_wet
        ke = site.perennial * max(bare * (1.0 - cover) + covered * cover, bare)
    for i in range(water.size):
        if water[i] < 0.95 * max(layers[at.UPPER, i] - ice[i], 0.0):
            break
        ke = min(ke, now[at.SERIES_K, i])
    return float(ke)


@kernel
def wear(site: Any, state: Floats) -> None:
    """Smooth the ground by the rain so far; once the soil has settled, it stays as it is."""
    density = surface.settling_density_kg_m3(
        site.loose_kg_m3, site.settled_kg_m3, site.clay, state[at.RAIN], state[at.DAYS]
    )
    if density >= site.settled_kg_m3 - surface.SETTLED_KG_M3:
        state[at.SETTLED] = 1.0
    else:
        state[at.ROUGHNESS] = surface.worn_roughness_m(site.roughness_m, site.wear_rate, state[at.RAIN])


@kernel
def storm_excess(
    site: Any, layers: Floats, water: Floats, ice: Floats, ke_mm_h: float, content: float, state: Floats,
    sharpest_mm_h: float, time_h: Floats, rate_mm_h: Floats, n: int, excess_mm_h: Floats,
) -> tuple[int, float, float, int]:  # fmt: skip
    """Infiltration excess of the steps, made finer: their number, depth (mm), last rate of infiltration (mm/h), and
    how often water began to pond.

    Conductivity and wetness are those of the day's beginning. Water that never comes faster than the soil conducts
    all enters it; what it can't hold returns later.
    """
    depression = runoff.depression_storage_mm(state[at.ROUGHNESS], site.mean_slope)
    effective = site.porosity_top * site.rock_top
    deficit = max(effective - content, 0.01 * effective)
    free = free_storage_mm(layers, water, ice)
    if sharpest_mm_h <= ke_mm_h:
        excess_mm_h[:n] = 0.0
        return n, 0.0, 0.0, 0
    n = storm.refined(time_h, rate_mm_h, n)
    depth, last, pondings = infiltration.excess(
        time_h, rate_mm_h, n, ke_mm_h, site.suction_mm * deficit, free, site.ksat_min_mm_h, depression, excess_mm_h
    )
    if depth < infiltration.LEAST_EXCESS_MM:
        excess_mm_h[:n] = 0.0
        return n, 0.0, 0.0, 0
    return n, depth, last, pondings


@kernel
def drain_and_evaporate(
    site: Any, layers: Floats, water: Floats, ice: Floats, now: Floats, weather: Floats, settings: Floats,
    state: Floats, wetting: float, caught: float, amounts: Floats,
) -> None:  # fmt: skip
    """Move the day's infiltration through the soil; fill `amounts` with percolation, lateral flow, return flow,
    soil and snow evaporation, transpiration and evaporation of caught water (mm)."""  # fmt: skip
    steps = int(settings[at.DRAINAGE_STEPS])
    hours = 24.0 / steps
    hourly = steps > 1
    amounts[:] = 0.0
    for step in range(steps):
        if wetting > 0.0:
            soil_water.infiltrate(wetting / steps, water, layers[at.THICKNESS], layers[at.FOOT], SURFACE_MM)
        amounts[at.PERCOLATION] += soil_water.percolate(
            hours,
            water,
            ice,
            layers[at.CAPACITY],
            layers[at.UPPER],
            now[at.SERIES_K],
            layers[at.EXPONENT],
            site.base_mm_h,
            hourly,
        )
        if step == steps - 1:
            plants = evaporate(site, layers, water, weather, settings, state, wetting, caught, amounts)
        soil_water.push_up(water, ice, layers[at.UPPER], wetting)
        amounts[at.LATERAL] += flow_down(site, layers, water, ice, now, hours, hourly)
        room = max(layers[at.UPPER, 0] - ice[0], 0.0)
        if water[0] > room:
            amounts[at.RETURN_FLOW] += water[0] - room
            water[0] = room
    from_leaves = min(state[at.CANOPY_STORE], plants)
    state[at.CANOPY_STORE] -= from_leaves
    amounts[at.FROM_CATCH] += from_leaves
    wanted = plants - from_leaves
    amounts[at.TRANSPIRATION] = soil_water.take_up(
        wanted, water, layers[at.UPPER], layers[at.FOOT], site.root_mm, site.stress
    )


@kernel
def flow_down(
    site: Any, layers: Floats, water: Floats, ice: Floats, now: Floats, hours: float, hourly: bool
) -> float:
    """Lateral flow of some hours (mm)."""
    full = layers[at.UPPER], layers[at.THICKNESS], now[at.LATERAL_K]
    if hourly:
        return float(
            soil_water.lateral_by_hour(
                hours, water, ice, layers[at.THRESHOLD], *full, site.sine, 1000.0 * site.length_m
            )
        )
    return float(
        soil_water.lateral(
            hours, water, ice, layers[at.THRESHOLD], *full, layers[at.EXPONENT], site.sine, 1000.0 * site.length_m
        )
    )


@kernel
def evaporate(
    site: Any, layers: Floats, water: Floats, weather: Floats, settings: Floats, state: Floats, wetting: float,
    caught: float, amounts: Floats,
) -> float:  # fmt: skip
    """Evaporate the litter's water, then the soil's; give what the plants ask for (mm).

    Litter water that the day can't evaporate goes into the soil. Snow doesn't evaporate, as in WEPP.
    """
    litter, soil, plants = evaporative_demand(site, layers, water, weather, settings, wetting, caught, state)
    if caught > 0.0:
        amounts[at.FROM_CATCH] = min(caught, litter)
        water[0] += caught - amounts[at.FROM_CATCH]
    amounts[at.FROM_SOIL] = soil_water.evaporate(soil, water, layers[at.FOOT], EVAPORATING_DEPTH_MM)
    return float(plants)
