"""A century of daily weather from a station's monthly statistics, after CLIGEN's published algorithm.

In: a station, a number of years, a seed; and daily values that were observed, if there are any. Out: a series as in
a .cli file. The same arguments give the same weather, whatever else is computed. Files and runs are not known here.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from weppbatch.formats.climate_series import ClimateSeries
from weppbatch.formats.station_par import Station
from weppbatch.hydrology.storms import DAYS, MM_PER_IN, half_hour_share, storm_shape, wet_share
from weppbatch.hydrology.weather_processes import (
    clear_sky_ly,
    depth_parameters,
    depths_in,
    normals,
    radiation_ly,
    temperatures_f,
    wet_days,
    wind,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

M_PER_FT = 0.3048
STREAMS = (
    "occurrence",
    "depth",
    "tmax",
    "tmin",
    "dew_point",
    "radiation",
    "wind_direction",
    "wind_speed",
    "storm_duration",
    "storm_peak",
    "time_to_peak",
)
"""The processes, each with random numbers of its own; a new one goes to the end, so that the others stay."""


def generate(
    station: Station,
    years: int,
    first_year: int = 1,
    seed: int = 0,
    observed: Mapping[str, Floats] | None = None,
) -> ClimateSeries:
    """Daily weather of `years` whole years (Gregorian, leap days included) from 1 January of `first_year`.

    Every day draws one number of every process, used or not, so that fewer years are the beginning of more years
    and a change of one process leaves the others' days as they are. Values are rounded as a .cli file shows them,
    depth to 0.01 mm. Monthly statistics hold for the whole month (CLIGEN's default, no interpolation), and CLIGEN's
    regeneration of months that fail its quality tests is left out.

    `observed` has daily values by their names in ClimateSeries (depth, temperatures, radiation, wind; NaN on days
    without one), which take the place of the generated ones before storms get their shape: CLIGEN's observed mode.
    A dew point that was not observed lies as far from the day's minimum as the generated one did.
    """
    year, month, day, day_of_year = calendar(first_year, years)
    m = month - 1
    uniform = _Uniforms(seed, day.size)
    given = _Given(observed or {})
    depth_mm = given("precip_mm", _rain(station, uniform, m)).round(2)
    tmax_c, tmin_c, tdew_c = _with_observed(given, *_temperatures(station, uniform, m))
    clear_ly = clear_sky_ly(day_of_year, station.latitude_deg)
    solar_ly, solar_sd_ly = np.array(station.solar_ly), np.array(station.sd_solar_ly)
    radiation = radiation_ly(normals(uniform("radiation", 1)), solar_ly[m], solar_sd_ly[m], clear_ly)
    speed, direction = wind(
        uniform("wind_direction"),
        normals(uniform("wind_speed", 1)),
        m,
        *(np.array([getattr(w, name) for w in station.wind]) for name in ("pct", "mean_m_s", "sd_m_s", "skew")),
    )
    duration_h, tp, ip = _storms(station, uniform, m, depth_mm, (tmax_c + tmin_c) / 2.0)
    return ClimateSeries(
        station=station.name,
        latitude_deg=station.latitude_deg,
        longitude_deg=station.longitude_deg,
        elevation_m=float(round(station.elevation_ft * M_PER_FT)),
        observed_years=round(station.years),
        year=year,
        month=month,
        day=day,
        precip_mm=depth_mm,
        duration_h=duration_h.round(2),
        tp=tp.round(2),
        ip=ip.round(2),
        tmax_c=tmax_c.round(1),
        tmin_c=tmin_c.round(1),
        radiation_ly=given("radiation_ly", radiation).round(0),
        wind_m_s=given("wind_m_s", speed).round(1),
        wind_dir_deg=given("wind_dir_deg", direction).round(0) % 360.0,
        tdew_c=tdew_c.round(1),
        monthly_tmax_c=_celsius(np.array(station.tmax_f)).round(1),
        monthly_tmin_c=_celsius(np.array(station.tmin_f)).round(1),
        monthly_radiation_ly=solar_ly,
        monthly_precip_mm=monthly_precip_mm(station).round(1),
        command=f"weppbatch years={years} seed={seed}",
    )


def calendar(first_year: int, years: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Year, month, day of month and day of year of every day of whole Gregorian years."""
    start = np.datetime64(f"{first_year:04d}-01-01", "D")
    days = np.arange(start, np.datetime64(f"{first_year + years:04d}-01-01", "D"))
    whole_years, whole_months = days.astype("datetime64[Y]"), days.astype("datetime64[M]")
    return (
        whole_years.astype(np.int64) + 1970,
        whole_months.astype(np.int64) % 12 + 1,
        (days - whole_months).astype(np.int64) + 1,
        (days - whole_years).astype(np.int64) + 1,
    )


def monthly_precip_mm(station: Station) -> Floats:
    """A station's mean precipitation of each month (mm): wet-day depth times the number of wet days."""
    wet = wet_share(np.array(station.p_wet_wet), np.array(station.p_wet_dry))
    return np.asarray(np.array(station.mean_p_in) * MM_PER_IN * DAYS * wet)


class _Uniforms:
    """Uniform numbers over 0 to 1 (0 left out) for each process, from a stream of its own."""

    def __init__(self, seed: int, days: int) -> None:
        self.days = days
        self.seeds = dict(zip(STREAMS, np.random.SeedSequence(seed).spawn(len(STREAMS)), strict=True))

    def __call__(self, process: str, more: int = 0) -> Floats:
        """One number a day, and some more."""
        return 1.0 - np.random.Generator(np.random.PCG64(self.seeds[process])).random(self.days + more)


class _Given:
    """Observed values by name, over what would be generated."""

    def __init__(self, values: Mapping[str, Floats]) -> None:
        self.values = values

    def __call__(self, name: str, generated: Floats) -> Floats:
        """The observed values, and generated ones on days without."""
        found = self.values.get(name)
        return generated if found is None else np.where(np.isfinite(found), found, generated)


def _with_observed(given: _Given, high: Floats, low: Floats, dew: Floats) -> tuple[Floats, Floats, Floats]:
    """Generated temperatures (°C) with the observed ones in their place; of a pair with a gap, neither is taken."""
    high_seen, low_seen = (given.values.get(name, np.full(high.size, np.nan)) for name in ("tmax_c", "tmin_c"))
    seen = np.isfinite(high_seen) & np.isfinite(low_seen)
    new_high, new_low = np.where(seen, high_seen, high), np.where(seen, low_seen, low)
    moved = np.where(seen, np.minimum(dew + new_low - low, (new_high + new_low) / 2.0), dew)
    return new_high, new_low, given("tdew_c", moved)


def _rain(station: Station, uniform: _Uniforms, m: Ints) -> Floats:
    """Every day's depth (mm), 0 on dry days; `m` is the month from 0."""
    p_wet, p_dry = np.array(station.p_wet_wet), np.array(station.p_wet_dry)
    numbers = uniform("occurrence", 1)
    wet_before = bool(numbers[0] <= wet_share(p_wet, p_dry)[m[0]])
    wet = wet_days(numbers[1:], p_wet[m], p_dry[m], wet_before=wet_before)
    skew = np.array(station.skew_p)
    mean_in, sd_in = depth_parameters(np.array(station.mean_p_in), np.array(station.sd_p_in), skew)
    depth_mm = depths_in(normals(uniform("depth", 1)), mean_in[m], sd_in[m], skew[m]) * MM_PER_IN
    return np.where(wet, depth_mm, 0.0)


def _temperatures(station: Station, uniform: _Uniforms, m: Ints) -> tuple[Floats, Floats, Floats]:
    """Largest, smallest and dew point temperature of every day (°C)."""
    z = tuple(normals(uniform(name, 1)) for name in ("tmax", "tmin", "dew_point"))
    means = tuple(np.array(months)[m] for months in (station.tmax_f, station.tmin_f, station.dew_point_f))
    sds = tuple(np.array(months)[m] for months in (station.sd_tmax_f, station.sd_tmin_f))
    high, low, dew = temperatures_f((z[0], z[1], z[2]), (means[0], means[1], means[2]), (sds[0], sds[1]))
    return _celsius(high), _celsius(low), _celsius(dew)


def _storms(
    station: Station, uniform: _Uniforms, m: Ints, depth_mm: Floats, mean_c: Floats
) -> tuple[Floats, Floats, Floats]:
    """Duration (h), time to peak and peak intensity of every day's storm; zero on dry days."""
    wet = depth_mm > 0
    share = half_hour_share(
        *(
            np.array(months)
            for months in (station.mx5p_in_h, station.mean_p_in, station.p_wet_wet, station.p_wet_dry)
        )
    )
    duration, peak, time = (uniform(name)[wet] for name in ("storm_duration", "storm_peak", "time_to_peak"))
    cdf = np.array(station.time_to_peak)
    shapes = storm_shape(depth_mm[wet], mean_c[wet], share[m[wet]], cdf, station.storm_type, (duration, peak, time))
    every_day = np.zeros((3, depth_mm.size))
    every_day[:, wet] = shapes
    return every_day[0], every_day[1], every_day[2]


def _celsius(fahrenheit: Floats) -> Floats:
    return (fahrenheit - 32.0) * (5.0 / 9.0)
