"""A day of plant growth: heat, stress, biomass, leaves, canopy, roots and their fading (NSERL Report 10, ch. 8).

One plant, one day's weather and the state of the plants in; the state changed, and the biomass that fell, out.
What is sown, cut, harvested or killed is `cropping`'s part, what becomes of dead matter `residue`'s.
"""

import math

from weppbatch.hydrology import crop_columns as of
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats

LIGHT_MJ_PER_LY = 0.02092  # half the sun's radiation can be used by leaves
KG_M2_PER_KG_HA = 1e-4
MOST_COVER = 0.999
LEAST_TREE_ROOTS_M = 0.15


@kernel
def heat_units(mean_c: float, base_c: float) -> float:
    """Growing degree days of a day."""
    return max(mean_c - base_c, 0.0)


@kernel
def temperature_stress(heat: float, base_c: float, optimal_c: float) -> float:
    """What temperature leaves of a day's growth, 0 to 1."""
    if optimal_c <= base_c:
        return 1.0
    return max(math.sin(0.5 * math.pi * heat / (optimal_c - base_c)), 0.0)


@kernel
def potential_growth(energy: float, radiation_ly: float, extinction: float, leaves: float) -> float:
    """Biomass (kg/m2) from the light that leaves intercept; `energy` in kg/ha per MJ/m2."""
    light = LIGHT_MJ_PER_LY * radiation_ly * -math.expm1(-extinction * (leaves + 0.05))
    return KG_M2_PER_KG_HA * energy * light


@kernel
def leaf_area(kind: int, trees: bool, most: float, biomass: float, canopy: float) -> float:
    """Leaf area index of annuals, perennials, and perennials whose leaves fall."""
    if trees:
        return most * canopy
    if kind == of.ANNUAL:
        return most * biomass / (biomass + 0.5512 * math.exp(-6.8 * biomass))
    return most * biomass / (biomass + 0.2756 * math.exp(-13.6 * biomass))


@kernel
def shape_up(plant: Floats, kind: int, trees: bool, now: Floats) -> None:
    """Canopy, height and leaves as the biomass has them."""
    biomass = now[of.BIOMASS]
    now[of.CANOPY] = min(max(-math.expm1(-plant[of.CANOPY_RATE] * biomass), 0.0), MOST_COVER)
    now[of.HEIGHT] = plant[of.MOST_HEIGHT] * -math.expm1(-plant[of.HEIGHT_RATE] * biomass)
    now[of.LEAVES] = leaf_area(kind, trees, plant[of.MOST_LEAVES], biomass, now[of.CANOPY])


@kernel
def from_canopy(plant: Floats, crop: Floats, now: Floats) -> None:
    """Plants as their canopy cover has them, and the heat that brought them there."""
    biomass = 0.0
    if plant[of.CANOPY_RATE] > 0.0:
        biomass = -math.log(1.0 - min(now[of.CANOPY], MOST_COVER)) / plant[of.CANOPY_RATE]
    now[of.BIOMASS] = biomass
    kind = int(crop[of.KIND])
    trees = kind == of.PERENNIAL and crop[of.HARVESTED] > 0.0
    shape_up(plant, kind, trees, now)
    now[of.HEAT] = 0.0
    if plant[of.MOST_LEAVES] > 0.0:
        now[of.HEAT] = plant[of.HEAT_SUM] * now[of.LEAVES] / plant[of.MOST_LEAVES]
    if crop[of.HARVESTED] < crop[of.PLANTED] and now[of.HEAT] < plant[of.EMERGENCE]:
        now[of.HEAT] = plant[of.EMERGENCE] + 0.1


@kernel
def share_150mm(depth_m: float) -> float:
    """The share of new roots in the topmost 150 mm."""
    if depth_m > 0.6:
        return 0.42
    if depth_m > 0.3:
        return 0.45
    return 0.60 if depth_m > 0.15 else 1.0


@kernel
def sigmoid_depth(plant: Floats, share_of_heat: float) -> float:
    """Rooting depth by the share of the season's heat."""
    angle = 3.03 * share_of_heat / plant[of.DECLINE] - 1.47 if plant[of.DECLINE] > 0.0 else 0.5 * math.pi
    return float(0.5 * plant[of.MOST_DEPTH] * (1.0 + math.sin(angle)))


@kernel
def grow_roots(
    plant: Floats, kind: int, trees: bool, grown: float, share_of_heat: float, soil_m: float, now: Floats
) -> None:
    """Roots after a day's growth of shoots: their mass and how deep they reach."""
    before, most = now[of.ROOTS], plant[of.MOST_ROOTS]
    tree_depth = 0.0
    if plant[of.MOST_HEIGHT] > 0.0:
        tree_depth = min(plant[of.MOST_DEPTH], soil_m) * now[of.HEIGHT] / plant[of.MOST_HEIGHT]
    if kind == of.PERENNIAL and before >= most:
        now[of.ROOTS] = most
        now[of.ROOTED] = tree_depth if trees else min(plant[of.MOST_DEPTH], soil_m)
        return
    now[of.ROOTS] = before + grown * plant[of.ROOT_SHARE]
    if kind == of.PERENNIAL:
        now[of.ROOTS] = min(now[of.ROOTS], most)
    depth = sigmoid_depth(plant, share_of_heat)
    if trees:
        depth = max(tree_depth, LEAST_TREE_ROOTS_M)
    elif kind == of.PERENNIAL:
        depth = max(now[of.ROOTED] + (now[of.ROOTS] - before) / most * plant[of.MOST_DEPTH], depth)
    now[of.ROOTED] = min(depth, soil_m)
    if now[of.ROOTED] <= 0.15:
        now[of.ROOTS_150] = now[of.ROOTS]
    else:
        now[of.ROOTS_150] += (now[of.ROOTS] - before) * share_150mm(now[of.ROOTED])


@kernel
def set_fruit(plant: Floats, share_of_heat: float, stress: float, now: Floats) -> None:
    """The share of the biomass that will be harvested, as it grows and suffers from drought."""
    most = abs(plant[of.HARVEST_SHARE])
    before = now[of.YIELD_GROWTH] if now[of.YIELD_SHARE] > 0.0 else 0.0
    now[of.YIELD_GROWTH] = share_of_heat / (share_of_heat + math.exp(6.5 - 10.0 * share_of_heat))
    share = now[of.YIELD_SHARE] + most * (now[of.YIELD_GROWTH] - before)
    if 0.3 < share_of_heat < 0.9:
        sensitive = math.sin(0.5 * math.pi * (share_of_heat - 0.3) / 0.3)
        share -= most * (1.0 - 1.0 / (1.0 + 0.01 * sensitive * (0.9 - stress)))
    now[of.YIELD_SHARE] = min(max(share, 0.0), most)


@kernel
def fade(plant: Floats, kind: int, trees: bool, now: Floats) -> float:
    """A day of falling leaves, over the plant's days of senescence; give the biomass that fell."""
    now[of.FALLEN_DAYS] += 1.0
    days = plant[of.FALL_DAYS]
    if now[of.FALLEN_DAYS] > days or days <= 0.0:
        return 0.0
    before = now[of.BIOMASS]
    kept = 1.0 - abs(plant[of.HARVEST_SHARE]) if kind == of.ANNUAL else 1.0
    now[of.CANOPY] = max(now[of.CANOPY] - now[of.PEAK_CANOPY] * (1.0 - plant[of.CANOPY_KEPT]) / days, 0.0)
    now[of.BIOMASS] = max(before - now[of.PEAK] * kept * (1.0 - plant[of.BIOMASS_KEPT]) / days, 0.0)
    if kind == of.PERENNIAL:
        now[of.LEAVES] = leaf_area(kind, trees, plant[of.MOST_LEAVES], now[of.BIOMASS], now[of.CANOPY])
    return float(before - now[of.BIOMASS])


@kernel
def grow(
    plant: Floats, crop: Floats, mean_c: float, radiation_ly: float, day: float, stress: float, soil_m: float,
    now: Floats,
) -> tuple[float, bool]:  # fmt: skip
    """A day of a living plant; give the biomass that fell, and whether it began to fall today.

    `stress` is what of the water that leaves asked for roots could give, 0 to 1. A perennial that has reached its
    height rests.
    """
    kind = int(crop[of.KIND])
    trees = kind == of.PERENNIAL and crop[of.HARVESTED] > 0.0
    heat = heat_units(mean_c, plant[of.BASE_C])
    now[of.HEAT] += heat
    if now[of.HEAT] < plant[of.EMERGENCE]:
        return 0.0, False
    if kind == of.PERENNIAL and not trees and now[of.HEIGHT] >= plant[of.MOST_HEIGHT]:
        return 0.0, False
    share = min(now[of.HEAT] / plant[of.HEAT_SUM], 1.0) if plant[of.HEAT_SUM] > 0.0 else 1.0
    set_fruit(plant, share, stress, now)
    growing = kind == of.PERENNIAL and (not trees or day < crop[of.HARVESTED])
    if share >= plant[of.DECLINE] and not growing:
        begins = now[of.FALLEN_DAYS] == 0.0
        return fade(plant, kind, trees, now), begins
    limited = min(stress, temperature_stress(heat, plant[of.BASE_C], plant[of.OPTIMAL_C]))
    grown = limited * potential_growth(plant[of.ENERGY], radiation_ly, plant[of.EXTINCTION], now[of.LEAVES])
    now[of.BIOMASS] += grown
    now[of.GROWN] += grown
    now[of.PEAK] = now[of.BIOMASS]
    shape_up(plant, kind, trees, now)
    grow_roots(plant, kind, trees, grown, share, soil_m, now)
    if kind == of.ANNUAL and plant[of.HARVEST_SHARE] > 0.0:
        leafy = now[of.BIOMASS] * (1.0 - now[of.YIELD_SHARE])
        now[of.LEAVES] = leaf_area(kind, trees, plant[of.MOST_LEAVES], leafy, now[of.CANOPY])
    now[of.PEAK_CANOPY] = now[of.CANOPY]
    return 0.0, False
