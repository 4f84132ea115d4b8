"""A field's plants through a day: sown, growing, frozen, cut, grazed, harvested or killed (NSERL Report 10, ch. 8).

The crop of the day and the state of plants and residue in, the state changed. Which crop's turn it is, what decays
and what the soil makes of it are elsewhere.
"""

import math

from weppbatch.hydrology import crop_columns as of
from weppbatch.hydrology import growth, residue
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats

COOL_DAYS = 5  # after heat, until growth goes on


@kernel
def clear(now: Floats) -> None:
    """No living shoots any more; what they were is someone else's part."""
    now[of.BIOMASS] = now[of.CANOPY] = now[of.HEIGHT] = now[of.LEAVES] = now[of.HEAT] = now[of.FALLEN_DAYS] = 0.0


@kernel
def die_standing(now: Floats) -> None:
    """All shoots become standing residue."""
    now[of.STANDING] += now[of.BIOMASS]
    clear(now)


@kernel
def sow(now: Floats) -> None:
    """A new plant: nothing of it is there yet. What another left alive is lost as residue that stands."""
    die_standing(now)
    now[of.ROOTS] = now[of.ROOTS_150] = now[of.ROOTED] = 0.0
    now[of.FROZEN] = now[of.FALLING] = now[of.YIELD_SHARE] = 0.0
    now[of.YOUNG] = 1.0


@kernel
def cut(plant: Floats, crop: Floats, now: Floats) -> None:
    """Mow a perennial down to its cutting height; the rest is taken away."""
    if now[of.HEIGHT] <= plant[of.CUT_HEIGHT] or plant[of.HEIGHT_RATE] <= 0.0:
        return
    left = -math.log(1.0 - plant[of.CUT_HEIGHT] / plant[of.MOST_HEIGHT]) / plant[of.HEIGHT_RATE]
    shrink(plant, crop, left, now)


@kernel
def shrink(plant: Floats, crop: Floats, left: float, now: Floats) -> None:
    """Leave only some biomass of a perennial; canopy, leaves and the heat it has had follow."""
    now[of.TAKEN] += max(now[of.BIOMASS] - left, 0.0)
    now[of.BIOMASS] = min(left, now[of.BIOMASS])
    growth.shape_up(plant, of.PERENNIAL, crop[of.HARVESTED] > 0.0, now)
    now[of.HEAT] = 0.0
    if plant[of.MOST_LEAVES] > 0.0:
        now[of.HEAT] = plant[of.HEAT_SUM] * now[of.LEAVES] / plant[of.MOST_LEAVES]


@kernel
def graze(plant: Floats, crop: Floats, cycle: Floats, now: Floats) -> None:
    """Animals eat for a day: 0.1 kg a kg of metabolic weight and digestible share, as long as there is enough."""
    if now[of.BIOMASS] <= plant[of.CRITICAL]:
        return
    eaten = 0.1 * cycle[of.WEIGHT_KG] ** 0.75 / cycle[of.DIGESTIBLE] * cycle[of.ANIMALS] / cycle[of.FIELD_M2]
    shrink(plant, crop, max(now[of.BIOMASS] - eaten, 0.0), now)


@kernel
def use(plant: Floats, crop: Floats, cuts: Floats, day: float, now: Floats) -> bool:
    """Cut or graze where it is the day for it; tells whether it was cut, and then it doesn't grow."""
    mown = False
    for i in range(int(crop[of.FIRST_CUT]), int(crop[of.LAST_CUT])):
        if cuts[i, of.LAST_DAY] > 0.0:
            if cuts[i, of.FIRST_DAY] <= day < cuts[i, of.LAST_DAY]:
                graze(plant, crop, cuts[i], now)
        elif cuts[i, of.FIRST_DAY] == day:
            cut(plant, crop, now)
            mown = True
    return mown


@kernel
def awake(plants: Floats, crop: Floats, coldest_c: float, hottest_c: float, now: Floats, pools: Floats) -> bool:
    """Whether a perennial can grow today, by the mean least and greatest temperatures of five days.

    Cold kills its shoots, which stay standing; when it is over, they start anew. Heat makes it rest.
    """
    number = int(crop[of.PLANT])
    plant = plants[number]
    hot = hottest_c > plant[of.HOT_C]
    if now[of.HOT] == 0.0:
        now[of.HOT] = 1.0 if hot else 0.0
    elif hot or now[of.COOL_DAYS] < COOL_DAYS:
        now[of.COOL_DAYS] = 0.0 if hot else now[of.COOL_DAYS] + 1.0
        return False
    else:
        now[of.HOT] = 0.0
    cold = coldest_c <= plant[of.COLD_C]
    if now[of.FROZEN] > 0.0:
        if not cold:
            now[of.FROZEN] = 0.0
            growth.from_canopy(plant, crop, now)
        return not cold
    if cold:
        now[of.FROZEN] = 1.0
        if now[of.YOUNG] > 0.0 and now[of.BIOMASS] > 0.0:
            residue.renew(plants, number, crop[of.ROW_WIDTH], now, pools)
            now[of.YOUNG] = 0.0
        die_standing(now)
    return not cold


@kernel
def perennial_day(
    plants: Floats, crop: Floats, cuts: Floats, weather: tuple[float, float, float, float], day: float,
    stress: float, soil_m: float, now: Floats, pools: Floats,
) -> None:  # fmt: skip
    """A day of a perennial; `weather` is mean temperature, radiation, and five days' mean minimum and maximum."""
    number = int(crop[of.PLANT])
    if day == crop[of.PLANTED]:
        sow(now)
    if day <= crop[of.PLANTED]:
        return
    if crop[of.STOPPED] > 0.0 and day >= crop[of.STOPPED]:
        if day == crop[of.STOPPED]:
            residue.renew(plants, number, crop[of.ROW_WIDTH], now, pools)
            residue.bury_roots(plants, number, now, pools)
            die_standing(now)
            now[of.YOUNG] = 1.0
        return
    if use(plants[number], crop, cuts, day, now):
        return
    if awake(plants, crop, weather[2], weather[3], now, pools):
        fell, begins = growth.grow(plants[number], crop, weather[0], weather[1], day, stress, soil_m, now)
        if begins:
            residue.renew(plants, number, crop[of.ROW_WIDTH], now, pools)
        pools[of.ON_RILL, 0] += fell
        pools[of.ON_GROUND, 0] += fell


@kernel
def harvest(plants: Floats, crop: Floats, now: Floats, pools: Floats) -> None:
    """Bring an annual in: its yield leaves, the rest stands as high as it is cut, or lies; its roots die."""
    number = int(crop[of.PLANT])
    plant = plants[number]
    if now[of.FALLING] == 0.0:
        residue.renew(plants, number, crop[of.ROW_WIDTH], now, pools)
    yielded = 0.0
    if plant[of.HARVEST_SHARE] > 0.0:
        yielded = min(now[of.YIELD_SHARE] * now[of.PEAK], now[of.BIOMASS])
    now[of.TAKEN] += yielded
    standing = 0.0
    if plant[of.MOST_HEIGHT] > 0.0:
        standing = min(plant[of.CUT_HEIGHT] / plant[of.MOST_HEIGHT], 1.0)
    rest = now[of.BIOMASS] - yielded
    now[of.STANDING] += rest * standing
    pools[of.ON_RILL, 0] += rest * (1.0 - standing)
    pools[of.ON_GROUND, 0] += rest * (1.0 - standing)
    residue.bury_roots(plants, number, now, pools)
    clear(now)


@kernel
def ensile(plants: Floats, crop: Floats, now: Floats, pools: Floats) -> None:
    """Harvest all that stands above the cutting height, for silage."""
    number = int(crop[of.PLANT])
    if now[of.HEIGHT] > 0.0 and now[of.BIOMASS] > 0.0:
        left = min(plants[number, of.CUT_HEIGHT], 0.05 * now[of.HEIGHT])
        if now[of.HEIGHT] > plants[number, of.CUT_HEIGHT]:
            left = plants[number, of.CUT_HEIGHT]
        stays = now[of.BIOMASS] * left / now[of.HEIGHT]
        now[of.TAKEN] += now[of.BIOMASS] - stays
        now[of.BIOMASS] = stays
        residue.bury_roots(plants, number, now, pools)
    die_standing(now)


@kernel
def annual_day(
    plants: Floats, crop: Floats, weather: tuple[float, float, float, float], day: float, stress: float,
    soil_m: float, now: Floats, pools: Floats,
) -> None:  # fmt: skip
    """A day of an annual."""
    number = int(crop[of.PLANT])
    planted, harvested = crop[of.PLANTED], crop[of.HARVESTED]
    after = int(crop[of.AFTER]) if crop[of.AFTER_DAY] == day else 0
    if day == planted:
        sow(now)
    elif after == of.SILAGE and day == harvested:
        ensile(plants, crop, now, pools)
    elif after == of.HERBICIDE:
        residue.bury_roots(plants, number, now, pools)
        die_standing(now)
    elif day == harvested:
        harvest(plants, crop, now, pools)
    elif planted < day < harvested or (planted >= harvested and (day > planted or day < harvested)):
        fell, begins = growth.grow(plants[number], crop, weather[0], weather[1], day, stress, soil_m, now)
        if begins:
            residue.renew(plants, number, crop[of.ROW_WIDTH], now, pools)
            now[of.FALLING] = 1.0
        pools[of.ON_RILL, 0] += fell
        pools[of.ON_GROUND, 0] += fell


@kernel
def after_harvest(crop: Floats, day: float, now: Floats, pools: Floats) -> None:
    """Burn or mow an annual's residue on the day for it."""
    if crop[of.KIND] == of.PERENNIAL or crop[of.AFTER_DAY] != day:
        return
    if crop[of.AFTER] == of.BURNT and day >= crop[of.HARVESTED]:
        residue.take_flat(crop[of.AFTER_FLAT], now, pools)
        now[of.TAKEN] += crop[of.AFTER_STANDING] * now[of.STANDING]
        now[of.STANDING] *= 1.0 - crop[of.AFTER_STANDING]
    elif crop[of.AFTER] == of.MOWN:
        residue.fall(crop[of.AFTER_STANDING] * now[of.STANDING], now, pools)
