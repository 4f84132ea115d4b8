"""Snow on the ground, hour by hour: falling, settling, melting, holding rain.

A day's weather in; out, the water that leaves the pack or falls as rain in each hour. Soil frost and drifting are
left out. The pack is its water (mm) and its density (kg/m3); its depth is their quotient.
"""

import math

import numpy as np

from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats

MAX_DENSITY = 522.0
HOLDING_DENSITY = 350.0  # a lighter pack keeps melt and rain
INCH_MM = 25.4


@kernel
def hour_temperature_c(hour: int, tmin_c: float, tmax_c: float) -> float:
    """Air temperature in the middle of an hour (0-23), a cosine with its peak at 14:30."""
    return 0.5 * (tmin_c + tmax_c) + 0.5 * (tmax_c - tmin_c) * math.cos(2.0 * math.pi * (hour - 14.0) / 24.0)


@kernel
def first_storm_hour(day_of_year: int, hours: int) -> int:
    """When a winter storm begins: any hour, spread evenly over the days of a year; the storm ends by midnight."""
    return min(int(24.0 * ((day_of_year * 0.6180339887498949) % 1.0)), 24 - hours)


@kernel
def daylight_share(hour: int, half_day_h: float) -> float:
    """The share of a day's radiation that falls in an hour (0-23), a half cosine around noon."""
    if half_day_h <= 0.0:
        return 1.0 / 24.0
    start = min(max(hour - 12.0, -half_day_h), half_day_h)
    end = min(max(hour - 11.0, -half_day_h), half_day_h)
    return 0.5 * (math.sin(0.5 * math.pi * end / half_day_h) - math.sin(0.5 * math.pi * start / half_day_h))


@kernel
def half_day_hours(latitude_deg: float, day_of_year: float) -> float:
    """Hours from noon to sunset on a horizontal plane."""
    declination = 0.00698 - 0.4067 * math.cos((day_of_year + 10.0) * 0.0172)
    angle = -math.tan(math.radians(latitude_deg)) * math.tan(declination)
    return math.acos(min(max(angle, -1.0), 1.0)) * 12.0 / math.pi


@kernel
def cloud_cover(radiation_ly: float, potential_ly: float) -> float:
    """Cloudiness 0-1 from how far the radiation lies between a clear (0.75) and an overcast (0.25) sky's."""
    return min(max((0.75 - radiation_ly / potential_ly) / 0.5, 0.0), 1.0)


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
def snow_day(
    precip_mm: float, duration_h: float, tmax_c: float, tmin_c: float, dew_c: float, wind_m_s: float,
    radiation_ly: float, potential_ly: float, half_day_h: float, day_of_year: int, canopy: float,
    threshold_c: float, new_density: float, settled_density: float, pack_mm: float, density: float,
    hours_mm: Floats,
) -> tuple[float, float]:  # fmt: skip
    """Run a pack through a day's 24 hours; fill `hours_mm` with the water reaching the soil in each hour.

    Gives the pack's water (mm) and density after. precip + pack before = sum of hours + pack after, exactly but for
    rounding.
    """
    wet_hours = min(max(int(duration_h + 0.5), 1), 24)
    first = first_storm_hour(day_of_year, wet_hours)
    thawing = 0.5 * (tmax_c + tmin_c) >= 0.0
    cloud = cloud_cover(radiation_ly, potential_ly)
    heat = np.zeros(24)
    gained = 0.0
    lost = 0.0
    for hour in range(24):
        if thawing:
            temperature = hour_temperature_c(hour, tmin_c, tmax_c)
            rain = 0.0
            if precip_mm > 0.0 and first <= hour < first + wet_hours and temperature > threshold_c:
                rain = precip_mm / wet_hours
            sun = radiation_ly / 23.9 * daylight_share(hour, half_day_h)
            heat[hour] = melt_mm(temperature, dew_c, wind_m_s, sun, cloud, canopy, rain)
            gained += max(heat[hour], 0.0)
            lost -= min(heat[hour], 0.0)
    # what the pack lost by night has to freeze again before it melts: the day's melt is less by as much
    effective = max(1.0 - lost / gained, 0.0) if gained > 0.0 else 0.0
    for hour in range(24):
        falling = precip_mm / wet_hours if first <= hour < first + wet_hours else 0.0
        rain = falling if hour_temperature_c(hour, tmin_c, tmax_c) > threshold_c else 0.0
        if falling > rain:
            deep = (pack_mm / density if pack_mm > 0.0 else 0.0) + falling / new_density
            pack_mm += falling
            density = pack_mm / deep
        elif pack_mm > 0.0 and not thawing and density < settled_density:
            density *= 1.0 + math.exp(-2.0) / 24.0
        hours_mm[hour] = rain
        if pack_mm > 0.0:
            density = min(density, MAX_DENSITY)
            pack_mm, density, hours_mm[hour] = melt_of_pack(
                pack_mm, density, max(heat[hour], 0.0) * effective, rain if thawing else 0.0
            )
            if not thawing:
                hours_mm[hour] += rain
    return pack_mm, density
