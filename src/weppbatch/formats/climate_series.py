"""Daily weather in memory, and what it must satisfy: no gap, no NaN, no rain that lasts no time.

Reads and writes no files (climate_cli does) and generates nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import fields as fields_of

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Breakpoints:
    """Rain within days: the points of day i are `start[i]` to `start[i + 1]`, exclusive.

    `time_h` is the time of day in hours, `depth_mm` the rain of the day's storm until then.
    """

    start: Integers
    time_h: Floats
    depth_mm: Floats

    def of_day(self, day: int) -> tuple[Floats, Floats]:
        """Times (h) and cumulative depths (mm) of one day, by its index."""
        span = slice(self.start[day], self.start[day + 1])
        return self.time_h[span], self.depth_mm[span]


@dataclass(frozen=True, eq=False)
class ClimateSeries:
    """Daily weather without gaps, from 1 January of the first year to 31 December of the last.

    Arrays have one value a day. `tp` is the time to the storm's peak as a fraction of its duration, `ip` its peak
    intensity over its mean intensity. With breakpoints, depth, duration, tp and ip are derived from them.
    Monthly values have shape (12,) and describe the station, not the series.
    """

    station: str
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    observed_years: int
    year: Integers
    month: Integers
    day: Integers
    precip_mm: Floats
    duration_h: Floats
    tp: Floats
    ip: Floats
    tmax_c: Floats
    tmin_c: Floats
    radiation_ly: Floats
    wind_m_s: Floats
    wind_dir_deg: Floats
    tdew_c: Floats
    monthly_tmax_c: Floats
    monthly_tmin_c: Floats
    monthly_radiation_ly: Floats
    monthly_precip_mm: Floats
    breakpoints: Breakpoints | None = None
    version: str = "5.32300"
    has_wind: bool = True
    command: str = ""

    @property
    def first_year(self) -> int:
        """The first day's year."""
        return int(self.year[0])

    @property
    def years(self) -> int:
        """How many years there are."""
        return int(self.year[-1] - self.year[0]) + 1

    @property
    def days(self) -> int:
        """How many days there are."""
        return len(self.year)

    @property
    def day_of_year(self) -> Integers:
        """1 for every 1 January, and so on."""
        january_1st = np.flatnonzero((self.month == 1) & (self.day == 1))
        index = np.arange(self.days)
        return index - january_1st[np.searchsorted(january_1st, index, side="right") - 1] + 1

    def __eq__(self, other: object) -> bool:
        """Equal in every value."""
        if not isinstance(other, ClimateSeries):
            return NotImplemented
        return all(_same(getattr(self, field.name), getattr(other, field.name)) for field in fields_of(self))

    __hash__ = None  # type: ignore[assignment]


DAILY = (
    *("precip_mm", "duration_h", "tp", "ip", "tmax_c", "tmin_c"),
    *("radiation_ly", "wind_m_s", "wind_dir_deg", "tdew_c"),
)
"""The daily columns in the order of the file, after the date."""

MONTHLY = ("monthly_tmax_c", "monthly_tmin_c", "monthly_radiation_ly", "monthly_precip_mm")
"""The monthly values in the order of the file."""

MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
MAX_BREAKPOINTS = 200  # of one day: the length of WEPP's array


def _same(one: object, other: object) -> bool:
    """Whether two fields are equal, arrays and breakpoints included."""
    if isinstance(one, Breakpoints) and isinstance(other, Breakpoints):
        return all(_same(getattr(one, field.name), getattr(other, field.name)) for field in fields_of(one))
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return one == other


def leap_day(year: Integers) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether each year must and may have a 29 February.

    WEPP and older CLIGENs count every fourth year, so both calendars are taken in years such as 100 or 2100.
    """
    every_fourth = year % 4 == 0
    return every_fourth & ((year % 100 != 0) | (year % 400 == 0)), every_fourth


def derived_storms(points: Breakpoints) -> dict[str, Floats]:
    """Depth (mm), duration (h), tp and ip of every day's storm, by the names of ClimateSeries; shape (days,).

    The peak is the middle of the interval with the largest intensity, as in WEPP's own reader.
    """
    days = len(points.start) - 1
    found = {name: np.zeros(days) for name in ("precip_mm", "duration_h", "tp", "ip")}
    for day in np.flatnonzero(np.diff(points.start) > 1).tolist():
        time_h, depth_mm = points.of_day(day)
        span_h = time_h[-1] - time_h[0]
        found["precip_mm"][day] = depth_mm[-1]
        found["duration_h"][day] = span_h
        steps_h = np.diff(time_h)
        if depth_mm[-1] <= 0 or not (steps_h > 0).all():
            continue
        intensity = np.diff(depth_mm) / steps_h
        peak = int(np.argmax(intensity))
        found["tp"][day] = (time_h[peak] + steps_h[peak] / 2 - time_h[0]) / span_h
        found["ip"][day] = intensity[peak] * span_h / depth_mm[-1]
    return found


def check_series(series: ClimateSeries) -> list[str]:
    """What is wrong with a series, in words, with the days; empty when nothing is."""

    def days(indices: Integers) -> str:
        dates = [f"{series.year[i]}-{series.month[i]:02d}-{series.day[i]:02d}" for i in indices[:5]]
        return ", ".join(dates) + (f" and {len(indices) - 5} more" if len(indices) > 5 else "")

    lengths = {len(getattr(series, name)) for name in (*DAILY, "year", "month", "day")}
    if len(lengths) > 1 or 0 in lengths:
        return ["the daily columns are empty or differ in length"]
    problems = [f"{name} has no twelve values" for name in MONTHLY if getattr(series, name).shape != (12,)]
    problems += [f"{name} is not finite" for name in MONTHLY if not np.isfinite(getattr(series, name)).all()]
    for name in DAILY:
        bad = np.flatnonzero(~np.isfinite(getattr(series, name)))
        if bad.size:
            problems.append(f"{days(bad)}: {name} is not a finite number")
    if not np.isfinite([series.latitude_deg, series.longitude_deg, series.elevation_m]).all():
        problems.append("latitude, longitude or elevation is not finite")
    points = series.breakpoints
    if points is not None:
        if len(points.start) != series.days + 1 or len(points.time_h) != points.start[-1]:
            return [*problems, "the breakpoints are not those of these days"]
        bad = np.flatnonzero(~np.isclose(derived_storms(points)["precip_mm"], series.precip_mm, rtol=1e-6))
        if bad.size:
            problems.append(f"{days(bad)}: precip_mm is not the depth that the breakpoints add up to")
    return problems + check_days(series, days)


def check_days(series: ClimateSeries, where: Callable[[Integers], str]) -> list[str]:
    """What is wrong with finite daily values and dates; `where` names days by their indices."""
    rain = series.precip_mm > 0
    rules = (
        (series.precip_mm < 0, "negative rain"),
        (series.precip_mm > 2000, "more than 2000 mm of rain in a day"),
        (rain & (series.duration_h <= 0), "rain with zero duration, which WEPP drops"),
        (series.duration_h > 24, "a storm longer than 24 hours"),
        (rain & ((series.tp < 0) | (series.tp > 1)), "a time to peak that is not between 0 and 1"),
        (rain & (series.ip <= 0), "rain without a peak intensity (ip)"),
        (series.tmin_c > series.tmax_c, "a minimum temperature above the maximum"),
        ((series.tmin_c < -90) | (series.tmax_c > 70), "a temperature outside -90 to 70 degrees C"),
        ((series.tdew_c < -120) | (series.tdew_c > 70), "a dew point outside -120 to 70 degrees C"),
        ((series.radiation_ly < 0) | (series.radiation_ly > 1500), "radiation outside 0 to 1500 Langleys"),
        ((series.wind_m_s < 0) | (series.wind_m_s > 120), "wind outside 0 to 120 m/s"),
        ((series.wind_dir_deg < 0) | (series.wind_dir_deg > 360), "a wind direction outside 0 to 360 degrees"),
    )
    problems = [f"{where(np.flatnonzero(bad))}: {text}" for bad, text in rules if bad.any()]
    problems += _check_calendar(series, where)
    return problems if series.breakpoints is None else problems + _check_points(series.breakpoints, where)


def _check_calendar(series: ClimateSeries, where: Callable[[Integers], str]) -> list[str]:
    """Whether the days are dates and follow each other, from a 1 January to a 31 December."""
    year, month, day = series.year, series.month, series.day
    must, may = leap_day(year)
    february = month == 2
    known = (month >= 1) & (month <= 12)
    length = MONTH_DAYS[np.where(known, month, 1) - 1] + (february & must)
    dated = known & (day >= 1) & (day <= length + (february & may & ~must))
    if not dated.all():
        return [f"{where(np.flatnonzero(~dated))}: no such date"]
    problems = []
    last = day >= length
    next_day = np.where(last, 1, day + 1)
    next_month = np.where(last, month % 12 + 1, month)
    next_year = year + (last & (month == 12))
    follows = (next_year[:-1] == year[1:]) & (next_month[:-1] == month[1:]) & (next_day[:-1] == day[1:])
    follows |= ((february & may & (day == 28))[:-1]) & (february & (day == 29))[1:] & (year[:-1] == year[1:])
    gaps = np.flatnonzero(~follows)
    for gap in gaps[:5]:
        dates = [f"{day[i]}.{month[i]}.{year[i]}" for i in (gap, gap + 1)]
        problems.append(f"{where(np.array([gap + 1]))}: {dates[1]} does not follow {dates[0]} (day.month.year)")
    if gaps.size > 5:
        problems.append(f"and {gaps.size - 5} more gaps or repeated days")
    if (month[0], day[0]) != (1, 1):
        problems.append(f"{where(np.array([0]))}: the first day is {day[0]}.{month[0]}., not 1 January")
    if (month[-1], day[-1]) != (12, 31):
        end = where(np.array([len(day) - 1]))
        problems.append(f"{end}: the last day is {day[-1]}.{month[-1]}., not 31 December: the year is incomplete")
    return problems


def _check_points(points: Breakpoints, where: Callable[[Integers], str]) -> list[str]:
    """Whether each day's points rise in time and never fall in depth."""
    counts = np.diff(points.start)
    owner = np.repeat(np.arange(len(counts)), counts)
    within = owner[1:] == owner[:-1]
    first = np.ones(len(owner), dtype=bool)
    first[1:] = ~within
    rules = (
        ((points.time_h < 0) | (points.time_h > 24), "a breakpoint's time outside 0 to 24 hours"),
        (np.append(False, within & (np.diff(points.time_h) <= 0)), "breakpoints whose times do not increase"),
        (np.append(False, within & (np.diff(points.depth_mm) < 0)), "breakpoints whose depth decreases"),
        (first & (points.depth_mm != 0), "breakpoints that do not begin with a depth of 0"),
    )
    problems = [f"{where(np.unique(owner[bad]))}: {text}" for bad, text in rules if owner.size and bad.any()]
    for bad, text in ((counts == 1, "a single breakpoint"), (counts > MAX_BREAKPOINTS, "too many breakpoints")):
        if bad.any():
            problems.append(f"{where(np.flatnonzero(bad))}: {text}")
    return problems
