"""What all hillslopes of a run share: the days' weather and the settings, as the compiled day loop reads them.

What depends on weather and latitude alone is computed here once: references of evapotranspiration, the hours' sun,
and the steps of every storm. Nothing of it knows a hillslope.
"""

import numpy as np

from weppbatch.hydrology import columns as at
from weppbatch.hydrology import evapotranspiration as et
from weppbatch.hydrology import storm, winter
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import DailyWeather, EngineOptions, Floats, Ints

METHODS = {"fao56": et.FAO56, "penman": et.PENMAN, "priestley_taylor": et.PRIESTLEY_TAYLOR}
EVEN_C = 1.0  # a day whose temperatures lie no further apart gets its radiation evenly


@kernel
def weather_table(latitude_deg: float, elevation_m: float, day_of_year: Ints, daily: Floats) -> Floats:
    """The weather columns of all days: what was given (9 x days) and what follows from it for all hillslopes."""
    days = daily.shape[1]
    table = np.zeros((days, at.WEATHER_COLUMNS))
    shares, level_ly = hours_of_sun(latitude_deg)
    for i in range(days):
        row = table[i]
        row[:9] = daily[:, i]
        row[at.DAY_OF_YEAR] = day_of_year[i]
        row[at.POTENTIAL] = et.extraterrestrial_ly(latitude_deg, row[at.DAY_OF_YEAR])
        row[at.REFERENCE] = et.fao56_mm(
            row[at.TMAX],
            row[at.TMIN],
            row[at.TDEW],
            row[at.RADIATION],
            row[at.POTENTIAL],
            row[at.WIND],
            elevation_m,
        )
        mean = 0.5 * (row[at.TMAX] + row[at.TMIN])
        row[at.RECEIVED], row[at.OUTGOING], row[at.PER_MJ], row[at.BY_WIND] = et.penman_terms(
            mean, row[at.TDEW], row[at.RADIATION], row[at.POTENTIAL], row[at.WIND], elevation_m
        )
        row[at.CLOUD], row[at.BEAM_SHARE] = winter.clearness(
            latitude_deg, row[at.DAY_OF_YEAR], row[at.RADIATION], level_ly[day_of_year[i]]
        )
        if row[at.TMAX] - row[at.TMIN] <= EVEN_C:
            row[at.SUN_SHARE :] = 1.0 / 24.0
        else:
            row[at.SUN_SHARE :] = shares[day_of_year[i]]
    return table


@kernel
def hours_of_sun(latitude_deg: float) -> tuple[Floats, Floats]:
    """For each day of the year, from 1 on: every hour's share of its radiation, and its potential (Ly)."""
    sun = np.zeros((3, winter.DAYS))
    winter.sun_of_slope(latitude_deg, 0.0, 0.0, sun)
    shares = np.zeros((winter.DAYS, 24))
    for day in range(1, winter.DAYS):
        for hour in range(24):
            shares[day, hour] = winter.hour_share(latitude_deg, float(day), hour + 1, sun[at.LEVEL_LY, day])
    return shares, sun[at.LEVEL_LY]


@kernel
def storms(table: Floats, steps: int, points: Ints, times_h: Floats, depths_mm: Floats) -> tuple[Floats, Floats]:
    """The steps of all days' storms, one after the other: their times (h) and rates (mm/h).

    Fills the columns of the weather table that tell where a day's begin. `points` holds where each day's
    breakpoints begin (days + 1), or nothing.
    """
    days = table.shape[0]
    room = 0
    for i in range(days):
        if table[i, at.PRECIP] > 0.0:
            room += 1 + (max(steps, points[i + 1] - points[i]) if points.size > days else steps)
    time_h, rate_mm_h = np.zeros(room), np.zeros(room)
    first = 0
    for i in range(days):
        row = table[i]
        if row[at.PRECIP] <= 0.0:
            continue
        here_h, here_mm_h = time_h[first:], rate_mm_h[first:]
        n = 0
        if points.size > days and points[i + 1] > points[i] + 1:
            n = storm.breakpoints(row[at.PRECIP], times_h, depths_mm, points[i], points[i + 1], here_h, here_mm_h)
        else:
            row[at.SHARPEST] = row[at.PRECIP] / row[at.DURATION] * max(row[at.IP], 1.0)
        if n == 0:
            n = storm.disaggregate(
                row[at.PRECIP], row[at.DURATION], row[at.TP], row[at.IP], steps, storm.SHORTEST_STEP_H, here_h,
                here_mm_h,
            )  # fmt: skip
        row[at.FIRST_STEP], row[at.STEPS] = first, n
        first += n + 1
    return time_h[:first].copy(), rate_mm_h[:first].copy()


class Shared:
    """What all hillslopes of a run share: weather and settings as the day loop reads them."""

    def __init__(self, weather: DailyWeather, options: EngineOptions) -> None:
        daily = np.vstack(
            [
                weather.precip_mm,
                storm_hours(weather),
                weather.tp,
                weather.ip,
                weather.tmax_c,
                weather.tmin_c,
                weather.tdew_c,
                weather.wind_m_s,
                weather.radiation_ly,
            ]
        )
        nothing = np.zeros(0)
        starts = weather.breakpoint_start
        points = np.zeros(0, np.int64) if starts is None else np.asarray(starts, np.int64)
        self.days = weather.days
        self.latitude_deg = weather.latitude_deg
        self.table = weather_table(
            weather.latitude_deg, weather.elevation_m, day_of_year(weather), np.ascontiguousarray(daily)
        )
        times, depths = weather.breakpoint_time_h, weather.breakpoint_depth_mm
        self.times_h, self.rates_mm_h = storms(
            self.table,
            options.storm_steps,
            points,
            nothing if times is None else np.ascontiguousarray(times, np.float64),
            nothing if depths is None else np.ascontiguousarray(depths, np.float64),
        )
        self.monthly_mean_c = monthly_means_c(weather)
        self.settings = np.array(
            [
                options.snow_threshold_c,
                options.new_snow_density_kg_m3,
                options.settled_snow_density_kg_m3,
                options.kcb,
                options.rawp,
                float(options.storm_steps),
                float(METHODS[options.evapotranspiration]),
                float(options.drainage_steps_per_day),
                weather.latitude_deg,
                *winter.ground_wave(self.monthly_mean_c),
                float(options.frost),
                float(times is not None and times.size > 0),
            ]
        )


def storm_hours(weather: DailyWeather) -> Floats:
    """Each day's hours of rain: from the first to the last breakpoint where there are some."""
    hours = np.array(weather.duration_h, dtype=np.float64)
    starts, times = weather.breakpoint_start, weather.breakpoint_time_h
    if starts is not None and times is not None:
        given = np.diff(starts) > 1
        hours[given] = times[starts[1:][given] - 1] - times[starts[:-1][given]]
    return hours


def monthly_means_c(weather: DailyWeather) -> Floats:
    """The station's mean temperature of each month, or that of the days where the station's is not known."""
    if weather.monthly_mean_c is not None and np.isfinite(weather.monthly_mean_c).all():
        return weather.monthly_mean_c
    daily = 0.5 * (weather.tmax_c + weather.tmin_c)
    by_month = [daily[weather.month == month] for month in range(1, 13)]
    return np.array([days.mean() if days.size else daily.mean() for days in by_month])


def day_of_year(weather: DailyWeather) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Each day's number in its year, 1 to 366."""
    before = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])
    year, month = np.asarray(weather.year), np.asarray(weather.month)
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    number: np.ndarray[tuple[int], np.dtype[np.int64]] = before[month - 1] + weather.day + (leap & (month > 2))
    return number.astype(np.int64)
