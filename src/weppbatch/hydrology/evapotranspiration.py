"""Potential evapotranspiration of a day and its split into plants and soil.

Three references: FAO-56 Penman-Monteith with dual crop coefficients (the default), Penman's and Priestley-Taylor's
with Ritchie's soil evaporation as in WEPP. Weather in, millimetres out; the soil's water is not changed here.
"""

import math

from weppbatch.hydrology.compiled import kernel

LANGLEY_PER_MJ = 23.9
FAO56, PENMAN, PRIESTLEY_TAYLOR = 0, 1, 2
RITCHIE_MM = 3.5  # mm/d^0.5, WEPP's second-stage constant


@kernel
def extraterrestrial_ly(latitude_deg: float, day_of_year: float) -> float:
    """Potential radiation on a horizontal surface, Ly/day (NSERL 10, ch. 3; Swift 1976)."""
    latitude = math.radians(latitude_deg)
    declination = 0.00698 - 0.4067 * math.cos((day_of_year + 10.0) * 0.0172)
    distance = 1.0 - 0.0167 * math.cos((day_of_year - 3.0) * 0.0172)
    sunset = math.acos(min(max(-math.tan(latitude) * math.tan(declination), -1.0), 1.0))
    daily = math.sin(declination) * math.sin(latitude) * sunset
    daily += math.cos(declination) * math.cos(latitude) * math.sin(sunset)
    return max(60.0 * 1.94 / (distance * distance) * 24.0 / math.pi * daily, 1.0)


@kernel
def vapour_pressure_kpa(temperature_c: float) -> float:
    """Saturation vapour pressure (Allen et al. 1998, eq. 11)."""
    return 0.6108 * math.exp(17.27 * temperature_c / (temperature_c + 237.3))


@kernel
def fao56_mm(
    tmax_c: float, tmin_c: float, tdew_c: float, radiation_ly: float, clear_ly: float, wind_m_s: float,
    elevation_m: float,
) -> float:  # fmt: skip
    """FAO-56 reference evapotranspiration (Allen et al. 1998, eq. 6), wind measured at 10 m; at least 0.

    `clear_ly` is the radiation of a clear day. FAO-56 takes some three quarters of that above the air, WEPP all.
    """
    mean = 0.5 * (tmax_c + tmin_c)
    actual = vapour_pressure_kpa(tdew_c)
    saturated = 0.5 * (vapour_pressure_kpa(tmax_c) + vapour_pressure_kpa(tmin_c))
    sky = 1.35 * radiation_ly / clear_ly - 0.35
    fourth = 0.5 * ((tmax_c + 273.16) ** 4 + (tmin_c + 273.16) ** 4)
    net = 0.77 * radiation_ly / LANGLEY_PER_MJ - 4.903e-9 * fourth * (0.34 - 0.14 * math.sqrt(actual)) * sky
    wind_2m = wind_m_s * 4.87 / math.log(67.8 * 10.0 - 5.42)
    slope = 4098.0 * vapour_pressure_kpa(mean) / (mean + 237.3) ** 2
    gamma = 0.000665 * 101.3 * math.pow(1.0 - 0.0065 * elevation_m / 293.0, 5.26)
    wet = 0.408 * slope * net + gamma * 900.0 / (mean + 273.0) * wind_2m * max(saturated - actual, 0.0)
    return max(wet / (slope + gamma * (1.0 + 0.34 * wind_2m)), 0.0)


@kernel
def penman_terms(
    mean_c: float, tdew_c: float, radiation_ly: float, potential_ly: float, wind_m_s: float, elevation_m: float
) -> tuple[float, float, float, float]:
    """What of Penman's equation doesn't depend on the surface (NSERL Report 10, ch. 5).

    Received and outgoing radiation (MJ/m2), the evaporation of a net MJ and that of the wind (mm).
    """
    kelvin = mean_c + 273.0
    saturated = 0.1 * math.exp(54.879 - 5.029 * math.log(kelvin) - 6790.5 / kelvin)
    actual = saturated * min(1.0, vapour_pressure_kpa(tdew_c) / vapour_pressure_kpa(mean_c))
    slope = saturated * (6790.5 / kelvin - 5.029) / kelvin
    gamma = 0.00066 * (101.3 - 0.01055 * elevation_m)
    outgoing = (0.34 - 0.14 * math.sqrt(actual)) * 4.9e-9 * kelvin**4
    outgoing *= 0.9 * radiation_ly / potential_ly + 0.1
    by_wind = gamma * (2.7 + 1.63 * wind_m_s) * (saturated - actual) / (slope + gamma)
    return radiation_ly / LANGLEY_PER_MJ, outgoing, slope / (2.501 - 0.0022 * mean_c) / (slope + gamma), by_wind


@kernel
def penman_mm(received: float, outgoing: float, per_mj: float, by_wind: float, albedo: float) -> float:
    """Penman's potential evapotranspiration of a surface of some albedo, at least 0."""
    return max(max(received * (1.0 - albedo) - outgoing, 0.0) * per_mj + by_wind, 0.0)


@kernel
def priestley_taylor_mm(mean_c: float, radiation_ly: float, albedo: float) -> float:
    """Priestley-Taylor potential evapotranspiration as in WEPP, for weather without wind."""
    kelvin = mean_c + 273.0
    slope = math.exp(21.255 - 5304.0 / kelvin) * 5304.0 / kelvin**2
    return max(1.28 * radiation_ly * (1.0 - albedo) / 58.3 * slope / (slope + 0.68), 0.0)


@kernel
def ritchie(
    potential_mm: float, wetting_mm: float, stage_one_mm: float, s1: float, s2: float, days: float
) -> tuple[float, float, float, float]:
    """Two-stage soil evaporation (Ritchie 1972): its amount, the new sums s1, s2 (mm) and days of stage two.

    Stage one runs at the potential rate up to `stage_one_mm`, then evaporation falls with the root of time; water
    that enters the soil first pays back what had evaporated.
    """
    if s1 >= stage_one_mm:
        if wetting_mm < s2:
            days += 1.0
            amount = RITCHIE_MM * math.sqrt(days) - s2
            if wetting_mm > 0.0:
                at_least = 0.8 * wetting_mm
                if amount > at_least:
                    at_least = amount + wetting_mm
                amount = min(at_least, potential_mm)
            else:
                amount = min(amount, potential_mm)
            s2 = max(s2 + amount - wetting_mm, 0.0)
            return max(amount, 0.0), s1, s2, (s2 / RITCHIE_MM) ** 2
        s1 = max(stage_one_mm - (wetting_mm - s2), 0.0)
    else:
        s1 = max(s1 - wetting_mm, 0.0)
    s1 += potential_mm
    beyond = s1 - stage_one_mm
    if beyond <= 0.0:
        return potential_mm, s1, 0.0, 0.0
    s2 = 0.6 * beyond
    return max(potential_mm - 0.4 * beyond, 0.0), s1, s2, (s2 / RITCHIE_MM) ** 2


@kernel
def crop_coefficient(kcb: float, wind_m_s: float, tmax_c: float, tdew_c: float, height_m: float) -> float:
    """The basal coefficient for wind and humidity (Allen et al. 1998, eq. 70), at least 0."""
    humidity = min(100.0 * vapour_pressure_kpa(tdew_c) / vapour_pressure_kpa(tmax_c), 100.0)
    wind_2m = wind_m_s * 4.87 / math.log(67.8 * 10.0 - 5.42)
    return max(kcb + (0.04 * (wind_2m - 2.0) - 0.004 * (humidity - 45.0)) * math.pow(height_m / 3.0, 0.3), 0.0)
