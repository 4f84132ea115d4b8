"""The ground's roughness as rain wears it down while the soil settles after a disturbance (NSERL Report 10, ch. 7).

Rain and days since the disturbance in, roughness out. A settled soil keeps it. Nothing here tills.
"""

import math

from weppbatch.hydrology.compiled import kernel

SMOOTHEST_M = 0.006
SETTLED_KG_M3 = 1e-3  # closer than this to the settled density counts as settled


@kernel
def settling_density_kg_m3(loose: float, settled: float, clay: float, rain_m: float, days: float) -> float:
    """Bulk density of a soil loosened to `loose`, after rain and days; at most `settled`."""
    by_rain = max(1650.0 - 2900.0 * clay + 3000.0 * clay**2 - 0.92 * loose, 0.0)
    by_time = (settled - loose - by_rain) * -math.expm1(-0.005 * days)
    return min(loose + by_rain * rain_m / (0.01 + rain_m) + by_time, settled)


@kernel
def wear_rate(clay: float, organic: float, buried_kg_m2: float) -> float:
    """The exponent's factor on (rain in mm)^0.6: faster on soils poor in clay and organic matter (fractions)."""
    strength = 63.0 + 62.7 * math.log(50.0 * max(organic, 1e-4)) + 1570.0 * clay - 0.25 * (100.0 * clay) ** 2
    return math.pow(max(strength, 30.0), -0.6) * max(1.0 - 0.5 * buried_kg_m2, 0.3)


@kernel
def worn_roughness_m(initial_m: float, rate: float, rain_m: float) -> float:
    """Random roughness after rain, never below 0.006 m unless it began there."""
    worn = initial_m * math.exp(-rate * (1000.0 * rain_m) ** 0.6)
    return max(worn, min(SMOOTHEST_M, initial_m))
