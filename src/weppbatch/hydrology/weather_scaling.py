"""What is done to weather as a whole: depths scaled, of a station or of a series, and a header that fits the days.

In and out: stations and series. Generates nothing.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from weppbatch.formats.climate_series import Breakpoints, ClimateSeries
from weppbatch.formats.station_par import Months, Station

Floats = npt.NDArray[np.float64]


def scaled_station(station: Station, factors: Sequence[float], *, with_intensity: bool) -> Station:
    """A station whose wet days have `factors` (12, January first) times the depth, as often as before.

    `with_intensity` scales the largest half-hour intensities too, so that storms keep their shape; without it they
    stay, and a wetter day's storm lasts longer instead.
    """

    def times(months: Months) -> Months:
        return tuple(value * factor for value, factor in zip(months, factors, strict=True))

    intensity = times(station.mx5p_in_h) if with_intensity else station.mx5p_in_h
    return replace(station, mean_p_in=times(station.mean_p_in), sd_p_in=times(station.sd_p_in), mx5p_in_h=intensity)


def scaled_series(series: ClimateSeries, factors: Sequence[float]) -> ClimateSeries:
    """A series with each day's depth times its month's factor (12, January first); storms keep their shape."""
    per_month = np.array(factors, dtype=np.float64)
    per_day = per_month[series.month - 1]
    breakpoints = series.breakpoints
    if breakpoints is not None:
        per_point = np.repeat(per_day, np.diff(breakpoints.start))
        breakpoints = Breakpoints(breakpoints.start, breakpoints.time_h, breakpoints.depth_mm * per_point)
    return replace(
        series,
        precip_mm=series.precip_mm * per_day,
        monthly_precip_mm=series.monthly_precip_mm * per_month,
        breakpoints=breakpoints,
    )


def mean_months_mm(series: ClimateSeries) -> Floats:
    """The mean depth of each month (mm), over the years of a series."""
    return np.bincount(series.month - 1, series.precip_mm, minlength=12) / series.years


def with_own_months(series: ClimateSeries, station: str, place: tuple[float, float, float]) -> ClimateSeries:
    """A series whose header says what its days do: its name, longitude, latitude and elevation, monthly means."""
    m = series.month - 1

    def mean(daily: Floats) -> Floats:
        return np.asarray(np.bincount(m, daily) / np.bincount(m)).round(1)

    return replace(
        series,
        station=station,
        longitude_deg=round(place[0], 4),
        latitude_deg=round(place[1], 4),
        elevation_m=float(round(place[2])),
        observed_years=series.years,
        monthly_tmax_c=mean(series.tmax_c),
        monthly_tmin_c=mean(series.tmin_c),
        monthly_radiation_ly=mean(series.radiation_ly),
        monthly_precip_mm=mean_months_mm(series).round(1),
    )
