"""A field's plants, crops and tillage as plain tables, and what the compiled days of growth begin with.

Tables (columns of `crop_columns`), the hillslope's cover at the start and the station's climate in; the arrays of
`Growing` out. Nothing grows here.
"""

import math
from itertools import pairwise

import numpy as np

from weppbatch.hydrology import crop_columns as of
from weppbatch.hydrology import growth, residue
from weppbatch.hydrology.crop_columns import Growing
from weppbatch.hydrology.state import CoverInput, Floats, HillslopeInput, Layers, RotationInput

MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
DEFAULTS = {of.EXTINCTION: 0.65, of.FALL_DAYS: 14.0, of.TOLERANCE: 0.25}
"""What stands for a plant's value of 0, as in WEPP."""
FULL_CANOPY = 0.95
NOTHING = Growing(
    np.zeros((0, of.PLANT_COLUMNS)),
    np.zeros((0, of.CROP_COLUMNS)),
    np.zeros((0, 1)),
    np.zeros((0, 1)),
    np.zeros((0, of.TILLAGE_COLUMNS)),
    np.zeros((0, of.CUT_COLUMNS)),
    np.zeros(of.GROUND_COLUMNS),
    np.zeros(of.PLANT_STATES),
    np.zeros((of.POOL_ROWS, 3)),
)
"""Growing of a static cover."""


def growing(
    inputs: HillslopeInput,
    layers: Layers,
    settled_ratios: tuple[float, float, float],
    monthly_mean_c: Floats | None,
) -> Growing:
    """The arrays that the day loop reads and changes, fresh ones for each run; NOTHING where the cover is static.

    `settled_ratios` are those of Ki, Kr and critical shear of the consolidated soil to those of the fresh one.
    """
    rotation, cover = inputs.rotation, inputs.cover
    if rotation is None:
        return NOTHING
    if monthly_mean_c is None:
        raise ValueError("plants need the months' mean temperatures")
    ground = field(inputs, layers, settled_ratios, rotation)
    plants = with_defaults(rotation.plants)
    for crop in rotation.crops:
        plant = plants[int(crop[of.PLANT])]
        if plant[of.HEAT_SUM] <= 0.0:
            plant[of.HEAT_SUM] = season_heat(crop, float(plant[of.BASE_C]), monthly_mean_c)
    now, pools = np.zeros(of.PLANT_STATES), np.zeros((of.POOL_ROWS, 3))
    crop = rotation.crops[int(rotation.years[0, 0])]
    begin_plants(plants[int(crop[of.PLANT])], crop, cover.canopy_cover, float(ground[of.SOIL_DEPTH]), now)
    begin_residue(plants, rotation.residue_plant, float(crop[of.ROW_WIDTH]), cover, now, pools)
    now[of.DISTURBED_DAYS], now[of.STRESS] = cover.days_since_disturbance, 1.0
    return Growing(
        plants,
        np.ascontiguousarray(rotation.crops),
        np.ascontiguousarray(rotation.years),
        switches(rotation),
        np.ascontiguousarray(rotation.tillage),
        np.ascontiguousarray(rotation.cuts),
        ground,
        now,
        pools,
    )


def field(
    inputs: HillslopeInput, layers: Layers, settled_ratios: tuple[float, float, float], rotation: RotationInput
) -> Floats:
    """What of the soil and the field matters to plants and tillage, or is changed by them."""
    ground = np.zeros(of.GROUND_COLUMNS)
    ground[[of.KI, of.KR]] = inputs.soil.ki_kg_s_m4, inputs.soil.kr_s_m
    ground[[of.KI_RATIO, of.KR_RATIO, of.SHEAR_RATIO]] = settled_ratios
    ground[of.SOIL_DEPTH] = layers.depth_mm[-1] / 1000.0
    ground[of.ORGANIC] = layers.organic_matter_pct[0] / 100.0
    ground[of.RIDGE_M], ground[of.RILLS_TEMPORARY] = rotation.ridge_height_m, float(rotation.rills_temporary)
    return ground


def with_defaults(plants: Floats) -> Floats:
    """A copy of the plants' table with WEPP's values where 0 stands, and tolerance within its bounds."""
    plants = np.array(plants, dtype=np.float64)
    for column, value in DEFAULTS.items():
        plants[plants[:, column] <= 0.0, column] = value
    plants[:, of.TOLERANCE] = np.clip(plants[:, of.TOLERANCE], 0.1, 0.4)
    return plants


def season_heat(crop: Floats, base_c: float, monthly_mean_c: Floats) -> float:
    """Growing degree days from planting to harvest, a perennial's of the whole year, by the months' means."""
    daily = np.repeat(np.maximum(monthly_mean_c - base_c, 0.0), MONTH_DAYS)
    day = np.arange(1, daily.size + 1)
    planted, harvested = crop[of.PLANTED], crop[of.HARVESTED]
    if crop[of.KIND] != of.ANNUAL:
        return float(daily.sum())
    inside = (day >= planted) & (day <= harvested)
    if harvested <= planted:
        inside = (day >= planted) | (day <= harvested)
    return float(daily[inside].sum())


def begin_plants(plant: Floats, crop: Floats, canopy_cover: float, soil_m: float, now: Floats) -> None:
    """What lives on the field on the first day: a perennial that is there already, an annual sown last year."""
    kind, planted, harvested = int(crop[of.KIND]), crop[of.PLANTED], crop[of.HARVESTED]
    there = planted == 0.0 if kind == of.PERENNIAL else kind == of.ANNUAL and planted >= harvested
    if not there:
        return
    now[of.CANOPY] = canopy_cover
    if canopy_cover > 0.0:
        growth.from_canopy(plant, crop, now)
    now[of.PEAK], now[of.PEAK_CANOPY] = now[of.BIOMASS], now[of.CANOPY]
    if kind == of.ANNUAL:
        now[of.ROOTS] = plant[of.ROOT_SHARE] * now[of.BIOMASS]
        now[of.ROOTED] = min(plant[of.ROOT_SHARE] * now[of.HEIGHT], soil_m)
    else:
        now[of.ROOTS], now[of.ROOTED] = plant[of.MOST_ROOTS], min(plant[of.MOST_DEPTH], soil_m)
        if harvested > 0.0 and plant[of.MOST_HEIGHT] > 0.0:
            now[of.ROOTED] *= now[of.HEIGHT] / plant[of.MOST_HEIGHT]
    now[of.ROOTS_150] = growth.share_150mm(now[of.ROOTED]) * now[of.ROOTS]


def begin_residue(
    plants: Floats, plant: int, row_width_m: float, cover: CoverInput, now: Floats, pools: Floats
) -> None:
    """What lies on and in the field on the first day: what covers the ground, buried residue, dead roots."""
    one = plants[plant]
    residue.set_plant(plants, plant, row_width_m, pools, now)
    if one[of.RESIDUE_RATE] > 0.0:
        for row, share in ((of.ON_RILL, cover.rill_cover), (of.ON_GROUND, cover.interrill_cover)):
            pools[row, 0] = -math.log(1.0 - min(share, residue.MOST_COVER)) / one[of.RESIDUE_RATE]
    pools[of.BURIED, 0], pools[of.DEAD_ROOTS, 0] = cover.buried_residue_kg_m2, cover.dead_root_kg_m2
    pools[of.ROOT_RATE, 0] = one[of.ROOT_DECAY]
    if one[of.CANOPY_RATE] > 0.0 and one[of.MOST_HEIGHT] > 0.0:
        full = -math.log(1.0 - FULL_CANOPY) / one[of.CANOPY_RATE]
        now[of.STANDING_FULL] = full * one[of.CUT_HEIGHT] / one[of.MOST_HEIGHT]


def switches(rotation: RotationInput) -> Floats:
    """The day of the year after which each crop of a year gives way to the next; 0 where none follows."""
    found = np.zeros(rotation.years.shape)
    for row, numbers in enumerate(rotation.years):
        crops = [rotation.crops[int(number)] for number in numbers if number >= 0]
        for place, (first, second) in enumerate(pairwise(crops)):
            found[row, place] = switch_after(rotation, first, second)
    return found


def switch_after(rotation: RotationInput, first: Floats, second: Floats) -> float:
    """The last day of a crop before the next is sown or its field tilled, once the first is gone."""
    ends, stopped, planted = last_use(rotation, first), first[of.STOPPED], second[of.PLANTED]
    day = planted - 1.0
    tilled = rotation.tillage[int(second[of.FIRST_TILLAGE]) : int(second[of.LAST_TILLAGE]), of.DAY]
    if tilled.size:
        if day <= 0.0:
            day = tilled[-1] - 1.0
        for before in tilled - 1.0:
            if before < day and (before > ends or 0.0 < stopped < before):
                day = before
        day = max(day, stopped)
    if last_use(rotation, second) < planted:
        day = max(day, last_use(rotation, second))
    return float(day if day > 0.0 else ends)


def last_use(rotation: RotationInput, crop: Floats) -> float:
    """A crop's day of harvest, of its first cut, or the end of its first grazing."""
    if int(crop[of.LAST_CUT]) > int(crop[of.FIRST_CUT]):
        use = rotation.cuts[int(crop[of.FIRST_CUT])]
        return float(max(use[of.FIRST_DAY], use[of.LAST_DAY]))
    return float(crop[of.HARVESTED])
