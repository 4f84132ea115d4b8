"""Snow on the ground, hour by hour: falling, settling, melting, holding rain.

An hour's temperature, radiation and precipitation in; out, the water that leaves the pack or falls as rain. Snow
does not drift here. The pack is its water (mm) and its density (kg/m3); its depth is their quotient.
"""

import math

from weppbatch.hydrology import columns as at
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats

MAX_DENSITY = 522.0
HOLDING_DENSITY = 350.0  # a lighter pack keeps melt and rain
INCH_MM = 25.4


@kernel
def melt_mm(
    temperature_c: float, dew_c: float, wind_m_s: float, radiation_mj: float, cloud: float, canopy: float,
    rain_mm: float,
) -> float:  # fmt: skip
    """Melt of an hour by radiation, long-wave exchange, convection, rain (USACE EM 1110-2-1406; NSERL 10, ch. 3).

    Negative when the pack loses heat. Temperatures enter in degrees Fahrenheit above freezing, as published.
    """
    above_f = 1.8 * temperature_c
    dew_f = 1.8 * dew_c
    open_sky = 1.0 - canopy
    by_sun = 0.0607 * radiation_mj * open_sky
    by_sky = 0.025 / 24.0 * above_f - 0.84 / 24.0 * (1.0 - cloud) * open_sky
    by_wind = 0.045 / 24.0 * above_f
    if wind_m_s > 0.0:
        miles_h = wind_m_s * 3600.0 / 1609.0
        height = 1.57 * 10.0 ** (-1.0 / 6.0)
        by_wind = 0.0084 / 24.0 * miles_h * (1.0 - 0.8 * canopy) * (0.22 * above_f + 0.78 * dew_f) * height
        by_wind += 0.8 * canopy * 0.045 / 24.0 * above_f
    by_rain = 0.007 * rain_mm / INCH_MM * (dew_f if dew_f > 0.0 else above_f)
    return INCH_MM * (by_sun + by_sky + by_wind + by_rain)


@kernel
def melt_of_pack(water_mm: float, density: float, melt: float, rain: float) -> tuple[float, float, float]:
    """Apply an hour's melt and rain to a pack: its water and density after, and what leaves it (mm).

    Melt makes the pack shallower and denser; below the holding density it keeps melt and rain.
    """
    depth = water_mm / density * 1000.0
    shallower = depth - melt / density * 1000.0
    if shallower <= 0.0:
        return 0.0, 0.0, water_mm + rain
    if density >= HOLDING_DENSITY:
        return water_mm - melt, density, melt + rain
    held = min(water_mm + rain, HOLDING_DENSITY * shallower / 1000.0)
    return held, held / shallower * 1000.0, water_mm + rain - held


@kernel
def snow_hour(
    state: Floats, falling_mm: float, snows: bool, thawing: bool, heat_mm: float, new_density: float,
    settled_density: float,
) -> float:  # fmt: skip
    """Run the pack through an hour; give the water (mm) that reaches the ground.

    Snow falls or rain does; on thawing days (mean above 0) the pack melts by `heat_mm` and may hold the rain, on
    others it settles, the slower the longer ago the last snow fell.
    """
    rain = 0.0 if snows else falling_mm
    if snows and falling_mm > 0.0:
        state[at.SNOW_AGE] = 1.0
    pack, density = state[at.PACK], state[at.DENSITY]
    if not thawing and pack > 0.0 and density <= settled_density:
        density = min(density * (1.0 + math.exp(-2.0 * state[at.SNOW_AGE]) / 24.0), MAX_DENSITY)
    if snows and falling_mm > 0.0:
        deep = (pack / density if pack > 0.0 else 0.0) + falling_mm / new_density
        pack += falling_mm
        density = pack / deep
    if thawing and state[at.PACK] > 0.0:
        pack, density, rain = melt_of_pack(pack, density, max(heat_mm, 0.0), rain)
    state[at.PACK], state[at.DENSITY] = pack, min(density, MAX_DENSITY)
    return rain
