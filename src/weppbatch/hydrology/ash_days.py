"""One ash layer day by day after a fire, and many layers under many fires: the compiled loops behind `ash`.

Plain arrays and numbers come in; results are added to arrays that the caller brings. Equations and their sources
are in docs/tasks/watar.md.
"""

from math import exp
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats, Ints

FIRST_YEAR_DAYS = 365
BETAS = (14.33, 0.22, 5.85, -0.36)  # Watanabe's dynamic form, as WEPPcloud has it
WATER_N_M3 = 9810.0

# what `follow_all` gives of each layer and fire, t/ha, and the days until nothing could be moved
WATER, WIND, DECOMPOSED, REMAINING, FIRST_WATER, FIRST_WIND, FIRST_DECOMPOSED, LARGEST, DAYS = range(9)
TOTALS = 9
# what it sums by day and group, t
DAILY = ("water", "wind", "decomposed")
# the columns of a layer's days
TRACE = (
    *("rain_melt_mm", "runoff_mm", "infiltration_mm", "cumulative_infiltration_mm", "density_g_cm3", "porosity"),
    *("ash_runoff_mm", "transport_coefficient", "water_t_ha", "wind_t_ha", "decomposed_t_ha", "remaining_t_ha"),
    *("transportable_t_ha", "depth_mm", "cumulative_water_t_ha", "cumulative_wind_t_ha"),
    *("cumulative_decomposed_t_ha", "snow_water_mm"),
)


class Layer(NamedTuple):
    """A hillslope's ash when the fire is out, and the slope it lies on (m/m)."""

    load_t_ha: float
    density_g_cm3: float
    erodibility_t_ha_mm: float
    organic_fraction: float
    slope: float


class Rates(NamedTuple):
    """What holds for all ash of a run. `dynamic`: Watanabe's form, else Srivastava's."""

    dynamic: bool
    wind: bool
    final_density_g_cm3: float
    particle_density_g_cm3: float
    compaction_per_mm: float
    decomposition_per_mm: float
    roughness_mm: float
    final_erodibility_t_ha_mm: float


@kernel
def moved_by_water(
    layer: Layer, rates: Rates, ash_runoff_mm: float, fresh: float, transportable_t_ha: float, mass_t_ha: float
) -> tuple[float, float]:
    """What a day's runoff over the ash carries away (t/ha), and the coefficient of that day.

    `fresh`: 1 for ash as it fell, 0 when it is as dense as it gets.
    """
    if rates.dynamic:
        shear_pa = WATER_N_M3 * layer.slope * ash_runoff_mm / 1000.0
        rate = exp(BETAS[0]) * shear_pa ** BETAS[1]
        rate *= layer.organic_fraction ** BETAS[2] * transportable_t_ha ** BETAS[3]
        return min(transportable_t_ha * (1.0 - exp(-rate * ash_runoff_mm)), mass_t_ha), rate
    lost = layer.erodibility_t_ha_mm - rates.final_erodibility_t_ha_mm
    coefficient = max(rates.final_erodibility_t_ha_mm + lost * fresh, 0.0)
    return min(ash_runoff_mm * coefficient, mass_t_ha), coefficient


@kernel
def follow(
    rain_melt_mm: Floats,
    runoff_mm: Floats,
    snow_mm: Floats,
    wind_m_s: Floats,
    blown_share: Floats,
    fire: int,
    days: int,
    layer: Layer,
    rates: Rates,
    totals: Floats,
    daily_t: Floats,
    area_ha: float,
    trace: Floats,
) -> float:
    """Follow one layer for `days` days after the day of the fire (an index; the series goes round).

    Fills `totals`, adds to `daily_t` (day, of DAILY) and fills `trace` (day, of TRACE) where it has rows. It ends
    early when nothing is left that could move. Returns the largest miss of the mass balance of any day, t/ha.
    """
    mass, density, fresh, infiltrated = layer.load_t_ha, layer.density_g_cm3, 1.0, 0.0
    water_sum, wind_sum, decomposed_sum, strongest, miss = 0.0, 0.0, 0.0, 0.0, 0.0
    totals[:] = 0.0
    for day in range(1, days + 1):
        transportable = mass - 10.0 * density * rates.roughness_mm
        if transportable <= 0.0:
            break
        totals[DAYS] = day
        at = (fire + day) % rain_melt_mm.size
        runoff, water, wind, decomposed, ash_runoff, coefficient = runoff_mm[at], 0.0, 0.0, 0.0, 0.0, 0.0
        infiltration = max(rain_melt_mm[at] - runoff, 0.0)
        depth = mass / (10.0 * density)
        if infiltration > 0.0:
            infiltrated += infiltration
            fresh = exp(-rates.compaction_per_mm * infiltrated)
            density = rates.final_density_g_cm3 + (layer.density_g_cm3 - rates.final_density_g_cm3) * fresh
        if runoff > 0.0:  # only what the ash can't hold runs over it
            ash_runoff = max(runoff - depth * (1.0 - density / rates.particle_density_g_cm3), 0.0)
            if ash_runoff > 0.0:
                water, coefficient = moved_by_water(layer, rates, ash_runoff, fresh, transportable, mass)
        elif rates.wind and snow_mm[at] <= 0.0 and wind_m_s[at] > strongest:
            strongest = wind_m_s[at]
            wind = mass * blown_share[at]
        if infiltration > 0.0:
            decomposed = (mass - water - wind) * (1.0 - exp(-rates.decomposition_per_mm * infiltration))
        mass = max(mass - water - wind - decomposed, 0.0)
        water_sum, wind_sum, decomposed_sum = water_sum + water, wind_sum + wind, decomposed_sum + decomposed
        miss = max(miss, abs(layer.load_t_ha - (mass + water_sum + wind_sum + decomposed_sum)))
        totals[LARGEST] = max(totals[LARGEST], water + wind)
        daily_t[day - 1, 0] += water * area_ha
        daily_t[day - 1, 1] += wind * area_ha
        daily_t[day - 1, 2] += decomposed * area_ha
        if day <= FIRST_YEAR_DAYS:
            totals[FIRST_WATER], totals[FIRST_WIND] = water_sum, wind_sum
            totals[FIRST_DECOMPOSED] = decomposed_sum
        if trace.shape[0] >= day:
            row = trace[day - 1]
            row[0], row[1], row[2], row[3], row[4] = rain_melt_mm[at], runoff, infiltration, infiltrated, density
            row[5], row[6], row[7] = 1.0 - density / rates.particle_density_g_cm3, ash_runoff, coefficient
            row[8], row[9], row[10], row[11] = water, wind, decomposed, mass
            row[12], row[13] = max(mass - 10.0 * density * rates.roughness_mm, 0.0), mass / (10.0 * density)
            row[14], row[15], row[16], row[17] = water_sum, wind_sum, decomposed_sum, snow_mm[at]
    totals[WATER], totals[WIND], totals[DECOMPOSED], totals[REMAINING] = water_sum, wind_sum, decomposed_sum, mass
    return miss


@kernel
def follow_all(
    rain_melt_mm: Floats,
    runoff_mm: Floats,
    snow_mm: Floats,
    wind_m_s: Floats,
    blown_share: Floats,
    fires: Ints,
    days: int,
    layers: Floats,
    white: npt.NDArray[np.bool_],
    group: Ints,
    area_ha: Floats,
    rates: Rates,
    totals: Floats,
    daily_t: Floats,
) -> float:
    """Follow every layer (rows of the series) under every fire; `totals` is layer x fire x TOTALS.

    `daily_t` is fire x day x group x DAILY, `blown_share` black and white ash x day. Returns the largest miss.
    """
    miss = 0.0
    no_trace = np.empty((0, len(TRACE)))
    for one in range(layers.shape[0]):
        layer = Layer(layers[one, 0], layers[one, 1], layers[one, 2], layers[one, 3], layers[one, 4])
        for number in range(fires.size):
            found = follow(
                rain_melt_mm[one], runoff_mm[one], snow_mm[one], wind_m_s, blown_share[int(white[one])],
                fires[number], days, layer, rates, totals[one, number], daily_t[number, :, group[one], :],
                area_ha[one], no_trace,
            )  # fmt: skip
            miss = max(miss, found)
    return miss
