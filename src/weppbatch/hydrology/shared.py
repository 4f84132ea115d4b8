"""What all hillslopes of a run share: the days' weather and the settings, as the compiled day loop reads them."""

import numpy as np

from weppbatch.hydrology import columns as at
from weppbatch.hydrology import evapotranspiration as et
from weppbatch.hydrology import winter
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import DailyWeather, EngineOptions, Floats, Ints

METHODS = {"fao56": et.FAO56, "penman": et.PENMAN, "priestley_taylor": et.PRIESTLEY_TAYLOR}


@kernel
def weather_table(
    latitude_deg: float, elevation_m: float, day_of_year: Ints, daily: Floats, points: Ints
) -> Floats:
    """The weather columns of all days: what was given (9 x days) and what all hillslopes share.

    `points` holds where each day's breakpoints begin (days + 1), or nothing.
    """
    days = daily.shape[1]
    table = np.zeros((days, at.WEATHER_COLUMNS))
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
        if points.size > days:
            row[at.FIRST_POINT], row[at.LAST_POINT] = points[i], points[i + 1]
    return table


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
            weather.latitude_deg, weather.elevation_m, day_of_year(weather), np.ascontiguousarray(daily), points
        )
        times, depths = weather.breakpoint_time_h, weather.breakpoint_depth_mm
        self.times_h = nothing if times is None else np.ascontiguousarray(times, np.float64)
        self.depths_mm = nothing if depths is None else np.ascontiguousarray(depths, np.float64)
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
