"""The morning of a field whose cover changes: yesterday's growth, today's decay and tillage, and what they mean.

Changes the state of plants and residue, and the record of the hillslope (`site`) where cover, roots and tillage
enter water and erosion. The day loop calls it only where the management is not static.
"""

import math
from typing import Any

from weppbatch.hydrology import columns as at
from weppbatch.hydrology import crop_columns as of
from weppbatch.hydrology import cropping, day_water, erosion, friction, plants, residue, surface
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.crop_columns import Growing
from weppbatch.hydrology.state import Floats

LEAST_DENSITY, TILLED_SHARE = 500.0, 0.667  # kg/m3; of the settled density, fully tilled
DAYS_OF_MEAN = 5
PERENNIAL_FACTOR, ROOTED_FACTOR = 1.81, 1.62  # on the surface's conductivity (NSERL Report 10, ch. 7)


@kernel
def water_stress(site: Any, amounts: Floats) -> float:
    """What roots gave of what leaves asked them for, 0 to 1; 1 where nothing was asked for."""
    if amounts[at.WANTED] <= 0.0 or site.root_mm <= 0.0:
        return 1.0
    return float(min(amounts[at.TRANSPIRATION] / amounts[at.WANTED], 1.0))


@kernel
def crop_of(growing: Growing) -> int:
    """The number of the crop whose turn it is; years beyond the last begin again."""
    year = int(growing.now[of.YEAR]) % growing.years.shape[0]
    return int(growing.years[year, int(growing.now[of.TURN])])


@kernel
def evening(weather: Floats, i: int, stress: float, growing: Growing) -> None:
    """Let plants grow through day `i`, and another crop have its turn; `stress` is what roots could give."""
    crop, now = growing.crops[crop_of(growing)], growing.now
    day, soil_m = weather[i, at.DAY_OF_YEAR], growing.ground[of.SOIL_DEPTH]
    coldest = hottest = 0.0
    first = max(i - DAYS_OF_MEAN + 1, 0)
    for j in range(first, i + 1):
        coldest += weather[j, at.TMIN] / (i + 1 - first)
        hottest += weather[j, at.TMAX] / (i + 1 - first)
    mean = 0.5 * (weather[i, at.TMIN] + weather[i, at.TMAX])
    air = mean, weather[i, at.RADIATION], coldest, hottest
    if crop[of.KIND] == of.PERENNIAL:
        cropping.perennial_day(
            growing.plants, crop, growing.cuts, air, day, now[of.STRESS], soil_m, now, growing.pools
        )
    elif crop[of.KIND] == of.ANNUAL:
        cropping.annual_day(growing.plants, crop, air, day, now[of.STRESS], soil_m, now, growing.pools)
    now[of.STRESS] = stress
    year = int(now[of.YEAR]) % growing.years.shape[0]
    if weather[i + 1, at.DAY_OF_YEAR] < day:
        now[of.YEAR] += 1.0
        now[of.TURN] = now[of.FALLEN_DAYS] = 0.0
    elif growing.switches[year, int(now[of.TURN])] == day:
        now[of.TURN] += 1.0


@kernel
def disturb(site: Any, one: Floats, state: Floats, growing: Growing) -> None:
    """Loosen and roughen the soil by an operation: density, roughness, ridges, rills (NSERL Report 10, ch. 7)."""
    share, now = one[of.DISTURBED], growing.now
    if one[of.DEPTH] <= 0.0:
        return
    density = surface.settling_density_kg_m3(
        site.loose_kg_m3, site.settled_kg_m3, site.clay, state[at.RAIN], state[at.DAYS]
    )
    loose = density - (density - TILLED_SHARE * site.settled_kg_m3) * share
    site.loose_kg_m3 = min(max(loose, LEAST_DENSITY), site.settled_kg_m3)
    rough = one[of.ROUGHNESS] * share + state[at.ROUGHNESS] * (1.0 - share)
    site.roughness_m = state[at.ROUGHNESS] = max(rough, surface.SMOOTHEST_M)
    growing.ground[of.RIDGE_M] = max(one[of.RIDGE], surface.SMOOTHEST_M)
    state[at.RAIN] = state[at.SETTLED] = 0.0
    if one[of.IMPLEMENT_DEPTH] > 0.0:
        now[of.DISTURBED_DAYS] *= 1.0 - share
        state[at.ENERGY] = state[at.DAYS] = 0.0
        if growing.ground[of.RILLS_TEMPORARY] > 0.0:
            state[at.RILL_WIDTH] = 0.0


@kernel
def morning(site: Any, weather: Floats, content: float, state: Floats, growing: Growing) -> None:
    """Decay, tillage and residue management of a day; `content` is the wetness of the tilled soil."""
    now, pools, day = growing.now, growing.pools, weather[at.DAY_OF_YEAR]
    crop = growing.crops[crop_of(growing)]
    mean = 0.5 * (weather[at.TMIN] + weather[at.TMAX])
    standing, lying = residue.decay_conditions(mean, weather[at.PRECIP], content, site.porosity_top)
    residue.decay(growing.plants, standing, lying, now, pools)
    cropping.after_harvest(crop, day, now, pools)
    if state[at.RAIN] > 0.01:
        now[of.DISTURBED_DAYS] += 1.0
    for i in range(int(crop[of.FIRST_TILLAGE]), int(crop[of.LAST_TILLAGE])):
        if growing.tillage[i, of.DAY] == day:
            residue.operate(growing.plants, growing.tillage[i], crop[of.ROW_WIDTH], now, pools)
            disturb(site, growing.tillage[i], state, growing)


@kernel
def erodible(site: Any, rill_cover: float, state: Floats, growing: Growing) -> None:
    """What plants, residue, roots and time make of erodibility and friction today."""
    ground, now, pools = growing.ground, growing.now, growing.pools
    plant = growing.plants[int(growing.crops[crop_of(growing)][of.PLANT])]
    dead, buried = pools[of.DEAD_ROOTS].sum(), pools[of.BURIED].sum()
    days = now[of.DISTURBED_DAYS]
    ridge = ground[of.RIDGE_M]
    if site.roughness_m > 0.0:
        worn = max(ridge * state[at.ROUGHNESS] / site.roughness_m, surface.SMOOTHEST_M)
        ridge = min(ridge, worn)
    steepness = max(site.mean_slope, 2.0 * ridge / site.rill_spacing_m)
    site.ki_factor = erosion.interrill_factor(
        now[of.CANOPY], now[of.HEIGHT], site.interrill_cover, now[of.ROOTS_150], dead, steepness,
        erosion.consolidation(days, ground[of.KI_RATIO]),
    )  # fmt: skip
    site.kr_factor = erosion.rill_factor(
        buried, dead, now[of.ROOTS_150], erosion.consolidation(days, ground[of.KR_RATIO])
    )
    site.ki = ground[of.KI] * max(site.ki_factor, erosion.LEAST_FACTOR)
    site.kr = ground[of.KR] * max(site.kr_factor, erosion.LEAST_FACTOR)
    site.shear_aged = erosion.consolidation(days, ground[of.SHEAR_RATIO])
    site.wear_rate = surface.wear_rate(site.clay, ground[of.ORGANIC], buried)
    site.friction_live = friction.live_plants(now[of.HEIGHT], plant[of.MOST_HEIGHT], plant[of.FRICTION])
    site.friction_rill = friction.rill_friction(rill_cover, site.friction_live)


@kernel
def infiltrable(crop: Floats, plant: Floats, now: Floats) -> float:
    """The factor of perennials' roots on the surface's conductivity (NSERL Report 10, ch. 7)."""
    if crop[of.KIND] != of.PERENNIAL:
        return 1.0
    if crop[of.PLANTED] == 0.0 or plant[of.MOST_ROOTS] <= 0.0 or now[of.ROOTS] > 0.5 * plant[of.MOST_ROOTS]:
        return PERENNIAL_FACTOR
    return float(1.0 + ROOTED_FACTOR * now[of.ROOTS] / plant[of.MOST_ROOTS])


@kernel
def shelter(site: Any, layers: Floats, growing: Growing) -> None:
    """What plants and residue make of interception, infiltration, evaporation and frost today."""
    now, pools = growing.now, growing.pools
    crop = growing.crops[crop_of(growing)]
    plant = growing.plants[int(crop[of.PLANT])]
    site.canopy, site.height_m, site.leaf_area = now[of.CANOPY], now[of.HEIGHT], now[of.LEAVES]
    site.extinction, site.stress = plant[of.EXTINCTION], plant[of.TOLERANCE]
    lying = pools[of.ON_GROUND].sum()
    site.bare_share = math.exp(-0.5 * (lying + now[of.STANDING] + 0.1))
    site.canopy_mm = plants.interception_mm(now[of.CANOPY], now[of.BIOMASS])
    site.residue_mm = plants.interception_mm(site.interrill_cover, lying)
    sheltered = now[of.CANOPY] * math.exp(-0.3358 * now[of.HEIGHT] / 2.0)
    site.cover_dry = site.interrill_cover
    site.cover_wet = sheltered + site.cover_dry - sheltered * site.cover_dry
    site.perennial = infiltrable(crop, plant, now)
    site.root_mm = min(1000.0 * now[of.ROOTED], layers[at.FOOT, -1])
    site.total_available_mm = 0.0
    for i in range(layers.shape[1]):
        top = layers[at.FOOT, i] - layers[at.THICKNESS, i]
        reached = min(max((site.root_mm - top) / layers[at.THICKNESS, i], 0.0), 1.0)
        site.total_available_mm += layers[at.CAPACITY, i] * reached
    site.litter_m = 0.0
    for i in range(3):
        stem = growing.plants[int(pools[of.OF_PLANT, i]), of.STEM_M]
        site.litter_m += plants.litter_depth_m(pools[of.ON_GROUND, i], stem)


@kernel
def tend(
    site: Any, layers: Floats, water: Floats, amounts: Floats, weather: Floats, i: int, state: Floats,
    growing: Growing,
) -> None:  # fmt: skip
    """Bring plants, residue and the hillslope's record to the morning of day `i`; `amounts` are yesterday's."""
    if i > 0:
        evening(weather, i - 1, water_stress(site, amounts), growing)
    morning(site, weather[i], day_water.surface_wetness(site, layers, water), state, growing)
    rill_cover, site.interrill_cover = residue.covered(growing.now, growing.pools)
    erodible(site, rill_cover, state, growing)
    shelter(site, layers, growing)
