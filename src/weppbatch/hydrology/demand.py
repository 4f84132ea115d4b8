"""What the air would take today from litter, soil and plants, given how wet they are.

A hillslope's record, its water and a day's weather in; millimetres out, by one of three methods. Only the memory of
two-stage soil evaporation is changed, no water is moved.
"""

import math
from typing import Any

from weppbatch.hydrology import columns as at
from weppbatch.hydrology import evapotranspiration as et
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats

EVAPORATING_DEPTH_MM = 100.0
EXTINCTION = 0.45  # of light in leaves, all covers alike
BARE_COEFFICIENT = 1.2  # of evaporation from wet soil (Allen et al. 1998, eq. 72)


@kernel
def evaporative_demand(site: Any, layers: Floats, water: Floats, weather: Floats, settings: Floats, wetting: float,
                caught: float, state: Floats) -> tuple[float, float, float]:  # fmt: skip
    """What the litter at most, the soil beyond its `caught` water, and the plants would evaporate today (mm)."""
    method = int(settings[at.METHOD])
    if method == et.FAO56:
        return fao56_demand(site, layers, water, weather, settings, wetting, caught)
    albedo = site.albedo
    if site.leaf_area > 0.0:
        albedo = 0.23 * (1.0 - site.bare_share) + site.albedo * site.bare_share
    if method == et.PENMAN:
        potential = et.penman_mm(
            weather[at.RECEIVED], weather[at.OUTGOING], weather[at.PER_MJ], weather[at.BY_WIND], albedo
        )
    else:
        potential = et.priestley_taylor_mm(
            0.5 * (weather[at.TMAX] + weather[at.TMIN]), weather[at.RADIATION], albedo
        )
    bare = max(potential * site.bare_share - caught, 0.0)
    soil, state[at.STAGE_ONE], state[at.STAGE_TWO], state[at.STAGE_DAYS] = et.ritchie(
        bare, wetting, site.stage_one_mm, state[at.STAGE_ONE], state[at.STAGE_TWO], state[at.STAGE_DAYS]
    )
    plants = potential * min(site.leaf_area / 3.0, 1.0)
    left = max(potential - plants, 0.0)
    return left, min(soil, max(left - caught, 0.0)), plants


@kernel
def fao56_demand(
    site: Any, layers: Floats, water: Floats, weather: Floats, settings: Floats, wetting: float, caught: float
) -> tuple[float, float, float]:
    """Litter, soil and plant demand by FAO-56's dual coefficients; a dry surface and dry roots take less.

    As WEPP has it: leaves divide the crop coefficient between plants and soil (Stoeckle), the day's infiltration
    wets the surface anew though it has entered it, and of the rooted layers the surface and the deepest tell what
    roots can reach.
    """
    reference = weather[at.REFERENCE]
    kcb = 0.0
    if site.leaf_area > 0.0 and site.root_mm > 0.0:
        kcb = et.crop_coefficient(
            settings[at.KCB], weather[at.WIND], weather[at.TMAX], weather[at.TDEW], site.height_m
        )
    through = math.exp(-EXTINCTION * site.leaf_area)
    ke = kcb * through if kcb > 0.0 else BARE_COEFFICIENT
    reach = min(EVAPORATING_DEPTH_MM / layers[at.FOOT, 0], 1.0)
    surface = water[0] * reach + 0.7 * site.wilting_top * EVAPORATING_DEPTH_MM + wetting
    drying = 1.0
    if site.total_evaporable_mm - surface > site.readily_evaporable_mm:
        drying = (surface / (site.total_evaporable_mm - site.readily_evaporable_mm)) ** 2
    ceiling = site.bare_share * et.crop_coefficient(
        BARE_COEFFICIENT, weather[at.WIND], weather[at.TMAX], weather[at.TDEW], site.height_m
    )
    bare = max(reference * ke - caught, 0.0)
    soil = bare * min(min(drying, 1.0), ceiling / ke) if ke > 0.0 else 0.0
    available = 0.0
    for i in range(water.size):
        top = layers[at.FOOT, i] - layers[at.THICKNESS, i]
        if layers[at.FOOT, i] >= site.root_mm or i == water.size - 1:
            available = surface + water[i] * min((site.root_mm - top) / layers[at.THICKNESS, i], 1.0)
            break
    total = site.total_available_mm
    readily = min(max(settings[at.RAWP] + 0.04 * (5.0 - kcb * reference), 0.1), 0.95)
    stress = min(max(available / (total * (1.0 - readily)), 0.0), 1.0) if total > 0.0 else 0.0
    return reference * ke, soil, reference * kcb * (1.0 - through) * stress
