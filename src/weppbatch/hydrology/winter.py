"""The hours of a winter day: radiation on the slope, air temperature, the temperature of the ground's surface.

Daily weather and a hillslope's latitude, steepness and aspect in; degrees and MJ/m2 an hour out (NSERL 10, ch. 3).
"""

import math
from typing import Any

import numpy as np

from weppbatch.hydrology import columns as at
from weppbatch.hydrology import frost, snow
from weppbatch.hydrology import sheets as sheets_water
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats

STEFAN_BOLTZMANN = 5.6697e-8
MJ_PER_LY = 0.04184
SNOW_ALBEDO = 0.5
DAYS = 367


@kernel
def sun_of_slope(latitude_deg: float, slope: float, aspect_deg: float, sun: Floats) -> None:
    """Fill, for each day of the year, potential radiation on the slope and level (Ly), half the slope's day (h).

    An inclined plane gets what a level one gets elsewhere on the globe (Swift 1976).
    """
    latitude, incline, aspect = math.radians(latitude_deg), math.atan(slope), math.radians(aspect_deg)
    sine = math.cos(incline) * math.sin(latitude) + math.sin(incline) * math.cos(latitude) * math.cos(aspect)
    equal = math.asin(min(max(sine, -1.0), 1.0))
    toward = math.cos(incline) * math.cos(latitude) - math.sin(incline) * math.sin(latitude) * math.cos(aspect)
    east = math.atan2(math.sin(incline) * math.sin(aspect), max(toward, 1e-10))
    for day in range(1, DAYS):
        declination = 0.00698 - 0.4067 * math.cos((day + 10.0) * 0.0172)
        distance = 1.0 - 0.0167 * math.cos((day - 3.0) * 0.0172)
        constant = 60.0 * 1.94 / (distance * distance)
        level = math.acos(min(max(-math.tan(latitude) * math.tan(declination), -1.0), 1.0))
        there = math.acos(min(max(-math.tan(equal) * math.tan(declination), -1.0), 1.0))
        set_, rise = min(there - east, level), max(-there - east, -level)
        rise = min(rise, set_)
        total = daily(declination, equal, east, rise, set_)
        if 2.0 * math.pi - there - east < level:
            total += daily(declination, equal, east, 2.0 * math.pi - there - east, level)
        elif there - east - 2.0 * math.pi > -level:
            total += daily(declination, equal, east, -level, there - east - 2.0 * math.pi)
        sun[0, day] = max(constant * total, 0.0)
        sun[1, day] = max(constant * daily(declination, latitude, 0.0, -level, level), 1.0)
        sun[2, day] = abs(rise) * 12.0 / math.pi


@kernel
def daily(declination: float, latitude: float, east: float, rise: float, set_: float) -> float:
    """The geometry's part of radiation between two hour angles, in hours of a vertical sun."""
    still = math.sin(declination) * math.sin(latitude) * (set_ - rise)
    turning = math.cos(declination) * math.cos(latitude) * (math.sin(set_ + east) - math.sin(rise + east))
    return (still + turning) * 12.0 / math.pi


FELT_M = 1e-4  # litter that the surface's temperature feels


@kernel
def clearness(latitude_deg: float, day: float, radiation_ly: float, level_ly: float) -> tuple[float, float]:
    """Cloud cover 0-1 and the share of the potential that comes as beam radiation."""
    latitude = math.radians(latitude_deg)
    inner = math.sin(math.radians(356.6 + 0.9856 * day))
    sine = 0.39785 * math.sin(math.radians(278.97 + 0.9856 * day + 1.9165 * inner))
    noon = max(sine * math.sin(latitude) + math.sqrt(1.0 - sine * sine) * math.cos(latitude), 1e-3)
    beam = radiation_ly - 0.3 * level_ly
    through = math.pow(beam / (0.7 * level_ly), noon) if beam > 0.0 else 0.4
    through = min(max(through, 0.4), 0.75)
    clear, dull = math.pow(0.75, 1.0 / noon), math.pow(0.4, 1.0 / noon)
    cloud = (0.3 + 0.7 * clear - radiation_ly / level_ly) / (0.7 * (clear - dull))
    return min(max(cloud, 0.0), 1.0), math.pow(through, 1.0 / noon)


@kernel
def on_slope(potential_ly: float, level_ly: float, beam_share: float) -> float:
    """What the slope receives over what level ground does: the beam by geometry, the sky's part alike."""
    beam = level_ly * beam_share
    sky = 0.3 * (level_ly - beam)
    return (potential_ly * beam_share + sky) / (beam + sky)


@kernel
def hour_share(latitude_deg: float, day: float, hour: int, level_ly: float) -> float:
    """The share of a day's radiation that falls in an hour (1-24)."""
    latitude = math.radians(latitude_deg)
    declination = 0.00698 - 0.4067 * math.cos((day + 10.0) * 0.0172)
    year = 2.0 * math.pi * (day - 81.0) / 365.0
    equation_h = 0.1645 * math.sin(2.0 * year) - 0.1255 * math.cos(year) - 0.025 * math.sin(year)
    angle = (hour + equation_h - 12.0) * math.pi / 12.0
    start, end = angle - math.pi / 24.0, angle + math.pi / 24.0
    distance = 1.0 + 0.033 * math.cos(2.0 * math.pi * day / 365.0)
    mj = math.cos(latitude) * math.cos(declination) * (math.sin(end) - math.sin(start))
    mj += (end - start) * math.sin(latitude) * math.sin(declination)
    return max(mj * 720.0 / math.pi * 0.082 * distance, 0.0) / (level_ly * MJ_PER_LY)


@kernel
def hour_temperature_c(hour: int, tmin_c: float, tmax_c: float, half_day_h: float) -> float:
    """Air temperature in the middle of an hour (1-24): up from sunrise to 14:00, down until the next sunrise."""
    sunrise = 12.0 - half_day_h
    mean, half = 0.5 * (tmax_c + tmin_c), 0.5 * (tmax_c - tmin_c)
    middle = hour - 0.5
    if hour < sunrise:
        return mean + half * math.cos(math.pi * (middle + 10.0) / (10.0 + sunrise))
    if hour > 14.0:
        return mean + half * math.cos(math.pi * (middle - 14.0) / (10.0 + sunrise))
    return mean - half * math.cos(math.pi * (middle - sunrise) / (14.0 - sunrise))


@kernel
def day_temperatures(tmin_c: float, tmax_c: float, half_day_h: float, before_c: float, hours_c: Floats) -> None:
    """Fill the 24 hours' temperatures; a jump of 4 degrees or more from the evening before is halved at first."""
    if tmax_c - tmin_c <= 1.0:
        hours_c[:24] = 0.5 * (tmax_c + tmin_c)
        return
    for hour in range(24):
        hours_c[hour] = hour_temperature_c(hour + 1, tmin_c, tmax_c, half_day_h)
    smooth = abs(hours_c[0] - before_c) >= 4.0
    last = before_c
    for hour in range(4):
        if smooth and abs(hours_c[hour] - last) >= 4.0:
            hours_c[hour] = 0.5 * (hours_c[hour] + last)
        last = hours_c[hour]


@kernel
def surface_c(
    site: Any, air_c: float, radiation_mj: float, cloud: float, wind_m_s: float, roughness_m: float, pack_mm: float,
    density: float, resistance: float,
) -> float:  # fmt: skip
    """The surface's temperature from its balance of radiation, wind's heat and conduction into what lies below.

    `resistance` is that of snow, litter and frozen or thawed soil (m2 K/W). Snow is never warmer than 0.
    """
    depth = pack_mm / density if pack_mm > 0.0 else 0.0
    albedo = SNOW_ALBEDO if depth > 0.01 else site.albedo
    rough = 0.13 * site.height_m if site.height_m > 0.0 else roughness_m
    if depth > 0.01:
        rough = 0.0002 if depth > site.height_m else 0.13 * (site.height_m - depth)
    rough = min(max(rough, 0.001), 0.26)
    displaced = min(0.77 * site.height_m, 0.77 * 2.0)
    wind_heat = 0.16 * 1.2 * 1012.0
    wind_heat /= math.log((2.0 - displaced + 0.2 * rough) / (0.2 * rough)) * math.log(
        (2.0 - displaced + rough) / rough
    )
    kelvin = air_c + 273.16
    emission = (1.0 - 0.84 * cloud) * (1.0 - 0.261 * math.exp(7.77e-4 * air_c * air_c)) + 0.84 * cloud
    net = (1.0 - albedo) * radiation_mj * 1e6 / 3600.0 + (emission - 1.0) * STEFAN_BOLTZMANN * kelvin**4
    exchange = 4.0 * STEFAN_BOLTZMANN * kelvin**3 + wind_heat * wind_m_s
    found = (net + exchange * air_c) / (exchange + 1.0 / max(resistance, 1e-4 / 1.75))
    return min(found, 0.0) if depth > 0.001 else found


@kernel
def first_storm_hour(day_of_year: int, hours: int) -> int:
    """When a winter storm begins (0-23): CLIGEN's generator of random numbers started with the day of the year."""
    drawn = (100003 * 100101001 * day_of_year) % 10**10
    hour = max(int(24.0 * drawn / 1e10), 1)
    if hour + hours > 24:
        hour = 24 - hours
    return max(hour - 1, 0) if hours < 24 else 0


@kernel
def felt_resistance(site: Any, layers: Floats, sheets: Floats, air_c: float, state: Floats) -> float:
    """Thermal resistance from the surface to the front where soil freezes or thaws."""
    total = frost.insulation_m2k_w(site, state[at.PACK], state[at.DENSITY], FELT_M)
    if state[at.FROST] > 1.0:
        if state[at.THAWED] > 1.0:
            depth = 0.0 if air_c < 0.0 else state[at.THAWED]
        else:
            depth = state[at.FROST] if air_c < 0.0 else 0.0
        total += frost.frozen_m2k_w(depth)
    return total if total > 1e-3 else 1e-3 / frost.FROZEN_UPPER_W_MK


@kernel
def winter_day(
    site: Any, layers: Floats, sheets: Floats, sun: Floats, weather: Floats, settings: Floats, precip_mm: float,
    water: Floats, ice: Floats, state: Floats, hours_mm: Floats,
) -> None:  # fmt: skip
    """Run snow and soil through 24 hours; fill `hours_mm` with the water that reaches the ground in each.

    `precip_mm` is what falls with the day's snow or winter rain; a storm on a frostless day is not passed through
    here.
    """
    day = int(weather[at.DAY_OF_YEAR])
    latitude, tmin, tmax = settings[at.LATITUDE], weather[at.TMIN], weather[at.TMAX]
    cloud, beam_share = clearness(latitude, weather[at.DAY_OF_YEAR], weather[at.RADIATION], sun[at.LEVEL_LY, day])
    received = weather[at.RADIATION] * MJ_PER_LY
    received *= on_slope(sun[at.SLOPE_LY, day], sun[at.LEVEL_LY, day], beam_share)
    air = np.empty(24)
    day_temperatures(tmin, tmax, sun[at.SLOPE_HALF_DAY, day], state[at.EVENING_C], air)
    wet_hours = min(max(int(weather[at.DURATION] + 0.5), 1), 24)
    first = first_storm_hour(day, wet_hours)
    thawing = tmax + tmin >= 0.0
    state[at.SNOW_AGE] += 1.0
    may_freeze = settings[at.FROST_ON] > 0.0
    if may_freeze:
        sheets_water.spread(layers, sheets, water, state[at.FROST] <= 0.0)
    unsettled = 0
    settling = frost.SETTLING_H if state[at.FROST] > 0.0 else 1
    for hour in range(24):
        falling = precip_mm / wet_hours if first <= hour < first + wet_hours else 0.0
        temperature = air[hour]
        share = hour_share(latitude, weather[at.DAY_OF_YEAR], hour + 1, sun[at.LEVEL_LY, day])
        if tmax - tmin <= 1.0:
            share = 1.0 / 24.0
        if may_freeze and (state[at.FROST] > 0.0 or temperature < 0.0):
            resistance = felt_resistance(site, layers, sheets, temperature, state)
            ground = surface_c(
                site, temperature, received * share, cloud, weather[at.WIND], state[at.ROUGHNESS], state[at.PACK],
                state[at.DENSITY], resistance,
            )  # fmt: skip
            active = frost.frost_hour(
                site, layers, sheets, settings, weather[at.DAY_OF_YEAR], ground, state[at.PACK], state[at.DENSITY],
            )  # fmt: skip
            if active:
                unsettled += 1
                if unsettled == settling:
                    sheets_water.settle(layers, sheets, float(unsettled))
                    unsettled = 0
            note_frost(sheets, state)
        snows = temperature <= settings[at.THRESHOLD_C]
        heat = 0.0
        if thawing and state[at.PACK] > 0.0:
            heat = snow.melt_mm(
                temperature, weather[at.TDEW], weather[at.WIND], received * share, cloud, site.canopy,
                0.0 if snows else falling,
            )  # fmt: skip
        hours_mm[hour] = snow.snow_hour(
            state, falling, snows, thawing, heat, settings[at.NEW_DENSITY], settings[at.SETTLED_DENSITY]
        )
    state[at.EVENING_C] = air[23]
    if may_freeze:
        if unsettled > 0:
            sheets_water.settle(layers, sheets, float(unsettled))
        sheets_water.gather(sheets, water, ice)


@kernel
def note_frost(sheets: Floats, state: Floats) -> None:
    """Keep in the state how deep the frost goes and what is thawed above it; count the thaws."""
    first, last, _, thawed = frost.shape(sheets)
    depth = 0.0
    for j in range(last + 1):
        depth += sheets[at.HEIGHT, j]
    if last >= 0 and sheets[at.FROM_TOP, last] == 0.0:
        depth -= sheets[at.HEIGHT, last] - sheets[at.FROZEN, last]
    state[at.FROST] = depth if first >= 0 else 0.0
    state[at.THAWED] = thawed
    if thawed > 10.0:
        state[at.CYCLES] += 1.0 - state[at.WAS_THAWED]
        state[at.WAS_THAWED] = 1.0
    else:
        state[at.WAS_THAWED] = 0.0


def ground_wave(monthly_c: Floats) -> tuple[float, float, float]:
    """Mean, amplitude and shift (days) of the sine through twelve monthly mean temperatures."""
    swing = 0.5 * float(monthly_c.max() - monthly_c.min())
    mean = float(monthly_c.mean())
    middles = 15.0 + 30.5 * np.arange(12)
    shifts = np.arange(0.0, 365.0, 0.5)
    waves = mean + swing * np.sin(2.0 * np.pi / 365.0 * (middles - shifts[:, None]))
    return mean, swing, float(shifts[np.argmin(((waves - monthly_c) ** 2).sum(axis=1))])
