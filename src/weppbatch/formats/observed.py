"""Daily weather that was observed, under the names and in the units of many products, brought to those of a .cli.

In: the names, units and values of a product's variables. Out: depth, temperatures, radiation, dew point and wind by
the names of ClimateSeries. Which files they stand in is not known here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weppbatch.errors import InputProblems

Floats = npt.NDArray[np.float64]
Dates = npt.NDArray[np.datetime64]

LY_PER_J_M2 = 1.0 / 41_840.0
DAY_S = 86_400.0
NEEDED = {"precip": "precipitation", "tmax": "maximum temperature", "tmin": "minimum temperature"}
MOST_MISSING = 0.1  # of the days; more than that is no observed series

# Names of variables, in small letters, by what they are. Daymet's srad is a mean over daylight.
NAMES: Mapping[str, str] = {
    **dict.fromkeys(
        ("precip_mm", "precip", "precipitation", "prcp", "pr", "ppt", "precipitation_amount"), "precip"
    ),
    **dict.fromkeys(("tmax_c", "tmax", "tmmx", "tasmax", "daily_maximum_temperature"), "tmax"),
    **dict.fromkeys(("tmin_c", "tmin", "tmmn", "tasmin", "daily_minimum_temperature"), "tmin"),
    **dict.fromkeys(
        (
            *("radiation_ly", "radiation", "rsds", "surface_downwelling_shortwave_flux_in_air"),
            *("daily_mean_shortwave_radiation_at_surface",),
        ),
        "radiation",
    ),
    "srad": "daylight_radiation",
    "dayl": "day_length",
    **dict.fromkeys(("tdew_c", "tdew", "tdmean", "dew_point"), "dew_point"),
    **dict.fromkeys(("vp", "vapor_pressure", "vapour_pressure"), "vapour_pressure"),
    **dict.fromkeys(("sph", "specific_humidity", "daily_mean_specific_humidity", "huss"), "specific_humidity"),
    **dict.fromkeys(("wind_m_s", "wind", "vs", "wind_speed", "daily_mean_wind_speed", "sfcwind"), "wind"),
    **dict.fromkeys(("wind_dir_deg", "th", "wind_from_direction", "daily_mean_wind_direction"), "wind_direction"),
}

_TEMPERATURE = {
    **dict.fromkeys(("c", "degc", "degreec", "degreesc", "celsius", "degreecelsius", "°c"), (1.0, 0.0)),
    **dict.fromkeys(("k", "kelvin", "degk"), (1.0, -273.15)),
    **dict.fromkeys(("f", "degf", "fahrenheit", "°f"), (5.0 / 9.0, -160.0 / 9.0)),
}
_RADIATION = {
    **dict.fromkeys(("w/m2", "wm-2"), (DAY_S * LY_PER_J_M2, 0.0)),
    **dict.fromkeys(("ly", "ly/d", "ly/day", "langley", "langleys", "langleys/day"), (1.0, 0.0)),
    **dict.fromkeys(("mj/m2", "mjm-2", "mj/m2/day", "mjm-2day-1", "mj/m2/d", "mjm-2d-1"), (1e6 * LY_PER_J_M2, 0.0)),
    **dict.fromkeys(("j/m2", "jm-2", "j/m2/day", "jm-2day-1"), (LY_PER_J_M2, 0.0)),
}
# Factor and offset to mm, degrees C, Ly/day, s, Pa, kg/kg, m/s and degrees; units without blanks, ^, * and _.
UNITS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "precip": {
        **dict.fromkeys(("mm", "mm/day", "mm/d", "mmday-1", "mmd-1", "kgm-2", "kg/m2"), (1.0, 0.0)),
        **dict.fromkeys(("in", "inch", "inches", "in/day"), (25.4, 0.0)),
        **dict.fromkeys(("kgm-2s-1", "kg/m2/s"), (DAY_S, 0.0)),
        "m": (1000.0, 0.0),
    },
    "tmax": _TEMPERATURE,
    "tmin": _TEMPERATURE,
    "dew_point": _TEMPERATURE,
    "radiation": _RADIATION,
    "daylight_radiation": _RADIATION,
    "day_length": {"s": (1.0, 0.0), "s/day": (1.0, 0.0), "seconds": (1.0, 0.0), "h": (3600.0, 0.0)},
    "vapour_pressure": {"pa": (1.0, 0.0), "hpa": (100.0, 0.0), "kpa": (1000.0, 0.0)},
    "specific_humidity": {"kg/kg": (1.0, 0.0), "kgkg-1": (1.0, 0.0), "1": (1.0, 0.0), "g/kg": (0.001, 0.0)},
    "wind": {**dict.fromkeys(("m/s", "ms-1"), (1.0, 0.0)), "km/h": (1 / 3.6, 0.0)},
    "wind_direction": dict.fromkeys(("degrees", "degree", "deg", "°", "degreesclockwisefromnorth"), (1.0, 0.0)),
}


class UnusableSeries(InputProblems):
    """An observed series lacks years or variables, or has values or units that can't be used."""


@dataclass(frozen=True)
class Observed:
    """Daily values over whole years, by the names of ClimateSeries, NaN on days without one."""

    dates: Dates
    values: Mapping[str, Floats]
    notes: tuple[str, ...] = ()

    @property
    def incomplete_days(self) -> int:
        """On how many days depth or a temperature is missing."""
        needed = [self.values[name] for name in ("precip_mm", "tmax_c", "tmin_c")]
        return int((~np.isfinite(needed).all(axis=0)).sum())


def quantity_of(*names: str) -> str | None:
    """What a variable is, by the first of its names that is known."""
    return next((NAMES[name.strip().lower()] for name in names if name.strip().lower() in NAMES), None)


def converted(quantity: str, unit: str, values: Floats) -> tuple[str, Floats] | None:
    """What the values are, and they in the unit that is worked with; None where the unit isn't known.

    Radiation over daylight is that only as a flux; a day's energy is the day's.
    """
    spelled = re.sub(r"[\s^*_]", "", unit.lower())
    if spelled not in UNITS[quantity]:
        return None
    if quantity == "daylight_radiation" and not spelled.startswith("w"):
        quantity = "radiation"
    factor, offset = UNITS[quantity][spelled]
    return quantity, values * factor + offset


def whole_years(first_year: int, last_year: int) -> Dates:
    """Every day of the years."""
    return np.arange(np.datetime64(f"{first_year}-01-01"), np.datetime64(f"{last_year + 1}-01-01"))


def assembled(
    path: object, raw: Mapping[str, tuple[Dates, Floats]], first_year: int, last_year: int, elevation_m: float
) -> Observed:
    """An Observed of whole years from quantities, each with its own days, in the units of `converted`.

    Raises UnusableSeries with every quantity that is needed and not there, and the years in which more than a tenth
    of its days are missing.
    """
    dates = whole_years(first_year, last_year)
    daily: dict[str, Floats] = {}
    problems = []
    for quantity, (days, values) in raw.items():
        daily[quantity] = np.full(dates.size, np.nan)
        index = (days - dates[0]).astype(np.int64)
        inside = (index >= 0) & (index < dates.size)
        daily[quantity][index[inside]] = values[inside]
    for quantity, name in NEEDED.items():
        if quantity not in daily:
            problems.append(f"it has no {name}")
        elif lacking := _years_lacking(dates, daily[quantity]):
            have = raw[quantity][0][np.isfinite(raw[quantity][1])]
            until = f"; it has days from {have.min()} to {have.max()}" if have.size else ""
            problems.append(f"{name} is missing in {lacking}{until}")
    if "daylight_radiation" in daily and "day_length" not in daily:
        problems.append("srad is a mean over daylight (Daymet), and the length of days (dayl) is not there")
    if problems:
        raise UnusableSeries(
            f"{path} (climate.observed_series) can't be used from {first_year} to {last_year}:",
            problems,
            hint="complete it, or set climate.observed_start_year and climate.observed_end_year to what it has",
        )
    return _finished(dates, daily, elevation_m)


def _years_lacking(dates: Dates, values: Floats) -> str:
    """The years of which more than a tenth is missing, as ranges: 1980 to 1983, 1990."""
    year = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    first = int(year[0])
    missing = np.bincount(year - first, ~np.isfinite(values)) / np.bincount(year - first)
    found = first + np.flatnonzero(missing > MOST_MISSING)
    runs = np.split(found, np.flatnonzero(np.diff(found) > 1) + 1) if found.size else []
    return ", ".join(f"{run[0]} to {run[-1]}" if run.size > 1 else f"{run[0]}" for run in runs)


def _finished(dates: Dates, daily: dict[str, Floats], elevation_m: float) -> Observed:
    """The quantities as columns of a ClimateSeries; a minimum above the maximum becomes their mean, and is said."""
    high, low = daily["tmax"], daily["tmin"]
    crossed = low > high
    middle = (high + low) / 2.0
    values = {
        "precip_mm": daily["precip"],
        "tmax_c": np.where(crossed, middle, high),
        "tmin_c": np.where(crossed, middle, low),
    }
    if "daylight_radiation" in daily:
        values["radiation_ly"] = daily["daylight_radiation"] * daily["day_length"] / DAY_S
    for quantity, name in (("radiation", "radiation_ly"), ("wind", "wind_m_s"), ("wind_direction", "wind_dir_deg")):
        if quantity in daily:
            values[name] = daily[quantity]
    if "dew_point" in daily:
        values["tdew_c"] = daily["dew_point"]
    elif "vapour_pressure" in daily:
        values["tdew_c"] = dew_point_c(daily["vapour_pressure"])
    elif "specific_humidity" in daily:
        values["tdew_c"] = dew_point_c(vapour_pressure_pa(daily["specific_humidity"], elevation_m))
    swapped = int(crossed.sum())
    notes = (f"{swapped} days have a minimum above the maximum; both became their mean",) if swapped else ()
    return Observed(dates, values, notes)


def dew_point_c(vapour_pressure_pa: Floats) -> Floats:
    """The dew point of a vapour pressure: FAO Irrigation and Drainage Paper 56, equation 11, inverted."""
    ratio = np.log(np.maximum(vapour_pressure_pa, 1.0) / 610.8)
    return np.asarray(237.3 * ratio / (17.27 - ratio))


def vapour_pressure_pa(specific_humidity: Floats, elevation_m: float) -> Floats:
    """The vapour pressure of a specific humidity, at the standard pressure of an elevation (FAO 56, equation 7)."""
    pressure_pa = 101_300.0 * ((293.0 - 0.0065 * elevation_m) / 293.0) ** 5.26
    return np.asarray(specific_humidity * pressure_pa / (0.622 + 0.378 * specific_humidity))
