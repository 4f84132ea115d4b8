"""Dead matter on and in a field: how it decays, what it covers, and what tillage, fire and rakes do to it.

Standing residue, and three pools (the latest plant's, the one's before, and all older ones') of flat and buried
residue and dead roots (NSERL Report 10, ch. 9). Amounts in kg/m2. Nothing grows here.
"""

import math

from weppbatch.hydrology import crop_columns as of
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats

MOST_COVER = 0.999
LITTLE_RAIN_MM = 4.0
FLATTENING = 8.535  # of standing residue, on the square of what an implement buries
LEAST_STANDING = 0.1


@kernel
def decay_conditions(mean_c: float, rain_mm: float, content: float, porosity: float) -> tuple[float, float]:
    """How favourable a day is for decay above and at the ground, 0 to 1 (Stott et al. 1990)."""
    warm = 0.0
    if -6.1 < mean_c < 49.2:
        optimum = 1528.81  # (33 + 6.1) squared
        by = (mean_c + 6.1) ** 2
        warm = by * (2.0 * optimum - by) / optimum**2
    wet = 0.0 if mean_c <= 0.0 else min(rain_mm / LITTLE_RAIN_MM, 1.0)
    best = 0.6 * porosity
    moist = content / best if content <= best else best / content
    return min(warm, wet), min(warm, moist)


@kernel
def decay(plants: Floats, standing: float, lying: float, now: Floats, pools: Floats) -> None:
    """Let a day's share decay, and standing residue fall."""
    before = now[of.STANDING] + pools[of.ON_GROUND].sum() + pools[of.BURIED].sum()
    now[of.STANDING] *= math.exp(-standing * pools[of.RATE, 0])
    for i in range(3):
        left = math.exp(-lying * pools[of.RATE, i])
        pools[of.ON_RILL, i] *= left
        pools[of.ON_GROUND, i] *= left
        pools[of.BURIED, i] *= left
        pools[of.DEAD_ROOTS, i] *= math.exp(-lying * pools[of.ROOT_RATE, i])
    now[of.DECAYED] += before - now[of.STANDING] - pools[of.ON_GROUND].sum() - pools[of.BURIED].sum()
    fall(now[of.STANDING] * (1.0 - plants[int(pools[of.OF_PLANT, 0]), of.STANDING_KEPT]), now, pools)


@kernel
def fall(amount: float, now: Floats, pools: Floats) -> None:
    """Standing residue becomes flat."""
    now[of.STANDING] -= amount
    pools[of.ON_RILL, 0] += amount
    pools[of.ON_GROUND, 0] += amount


@kernel
def covered(now: Floats, pools: Floats) -> tuple[float, float]:
    """The cover of rills and of the ground between them: flat residue and the feet of stems."""
    stems = 0.0
    if now[of.STANDING_FULL] > 0.0:
        stems = now[of.STEM_COVER] * min(now[of.STANDING] / now[of.STANDING_FULL], 1.0)
    on_rill = 0.0
    on_ground = 0.0
    for i in range(3):
        on_rill += pools[of.COVERING, i] * pools[of.ON_RILL, i]
        on_ground += pools[of.COVERING, i] * pools[of.ON_GROUND, i]
    return (
        min(max(-math.expm1(-on_rill) + stems, 0.0), MOST_COVER),
        min(max(-math.expm1(-on_ground) + stems, 0.0), MOST_COVER),
    )


@kernel
def set_plant(plants: Floats, plant: int, row_width_m: float, pools: Floats, now: Floats) -> None:
    """Let the first pool be a plant's: its rates, and what the stems of a full stand cover."""
    pools[of.OF_PLANT, 0] = plant
    pools[of.RATE, 0] = plants[plant, of.DECAY]
    pools[of.COVERING, 0] = plants[plant, of.RESIDUE_RATE]
    now[of.STEM_COVER] = 0.0
    spacing = plants[plant, of.SPACING]
    each_m2 = spacing * (row_width_m if row_width_m > 0.0 else spacing)
    if each_m2 > 0.0:
        now[of.STEM_COVER] = 0.25 * math.pi * plants[plant, of.STEM_M] ** 2 / each_m2


@kernel
def mixed(first: float, second: float, by_first: float, by_second: float) -> float:
    """The mean of two rates by the masses they are for."""
    total = by_first + by_second
    return (first * by_first + second * by_second) / total if total > 0.0 else first


@kernel
def renew(plants: Floats, plant: int, row_width_m: float, now: Floats, pools: Floats) -> None:
    """Make the first pool free for a plant: each pool's residue becomes the next one's, the oldest two mix."""
    for rate in (of.RATE, of.COVERING):
        pools[rate, 2] = mixed(pools[rate, 1], pools[rate, 2], pools[of.ON_GROUND, 1], pools[of.ON_GROUND, 2])
        pools[rate, 1] = pools[rate, 0]
    for matter in (of.ON_RILL, of.ON_GROUND, of.BURIED):
        pools[matter, 2] += pools[matter, 1]
        pools[matter, 1] = pools[matter, 0]
        pools[matter, 0] = 0.0
    pools[of.OF_PLANT, 2], pools[of.OF_PLANT, 1] = pools[of.OF_PLANT, 1], pools[of.OF_PLANT, 0]
    set_plant(plants, plant, row_width_m, pools, now)
    full = 0.0
    if plants[plant, of.MOST_HEIGHT] > 0.0:
        full = now[of.PEAK] * plants[plant, of.CUT_HEIGHT] / plants[plant, of.MOST_HEIGHT]
    now[of.STANDING_FULL] = max(full, LEAST_STANDING)


@kernel
def bury_roots(plants: Floats, plant: int, now: Floats, pools: Floats) -> None:
    """The roots die: those near the surface become the first pool, and what there was moves on."""
    pools[of.ROOT_RATE, 2] = mixed(
        pools[of.ROOT_RATE, 1], pools[of.ROOT_RATE, 2], pools[of.DEAD_ROOTS, 1], pools[of.DEAD_ROOTS, 2]
    )
    pools[of.ROOT_RATE, 1], pools[of.ROOT_RATE, 0] = pools[of.ROOT_RATE, 0], plants[plant, of.ROOT_DECAY]
    pools[of.DEAD_ROOTS, 2] += pools[of.DEAD_ROOTS, 1]
    pools[of.DEAD_ROOTS, 1], pools[of.DEAD_ROOTS, 0] = pools[of.DEAD_ROOTS, 0], now[of.ROOTS_150]
    now[of.ROOTS] = now[of.ROOTS_150] = now[of.ROOTED] = 0.0


@kernel
def left_after_burial(amount: float, rate: float, buried: float) -> float:
    """Flat residue of which an implement buries a share of the cover."""
    if rate <= 0.0:
        return amount
    cover = min(max(-math.expm1(-rate * amount) * (1.0 - buried), 0.0), MOST_COVER)
    return -math.log(1.0 - cover) / rate


@kernel
def bury(plants: Floats, one: Floats, now: Floats, pools: Floats) -> None:
    """Tillage lays standing residue down and buries of what lies flat."""
    for i in range(3):
        tough = 0 if plants[int(pools[of.OF_PLANT, i]), of.FRAGILE] == 1.0 else 1
        if i == 0:
            share = one[of.BURIED_BETWEEN + tough]
            fall(now[of.STANDING] * -math.expm1(-FLATTENING * share * share), now, pools)
        rate, before = pools[of.COVERING, i], pools[of.ON_GROUND, i]
        pools[of.ON_GROUND, i] = left_after_burial(before, rate, one[of.BURIED_BETWEEN + tough])
        pools[of.ON_RILL, i] = left_after_burial(pools[of.ON_RILL, i], rate, one[of.BURIED_RILL + tough])
        pools[of.BURIED, i] += before - pools[of.ON_GROUND, i]


@kernel
def take_flat(share: float, now: Floats, pools: Floats) -> None:
    """Remove or burn a share of the flat residue."""
    now[of.TAKEN] += share * pools[of.ON_GROUND].sum()
    pools[of.ON_RILL] *= 1.0 - share
    pools[of.ON_GROUND] *= 1.0 - share


@kernel
def operate(plants: Floats, one: Floats, row_width_m: float, now: Floats, pools: Floats) -> None:
    """What an operation does to residue: add, remove, lay down, bury."""
    code = int(one[of.CODE])
    if code in of.ADDS:
        renew(plants, int(one[of.ADDED_PLANT]), row_width_m, now, pools)
        pools[of.ON_RILL, 0] = pools[of.ON_GROUND, 0] = one[of.ADDED]
        now[of.BROUGHT] += one[of.ADDED]
    elif code in of.REMOVES:
        take_flat(one[of.REMOVED], now, pools)
    if code not in (of.ADDS[0], of.REMOVES[0]):
        bury(plants, one, now, pools)
