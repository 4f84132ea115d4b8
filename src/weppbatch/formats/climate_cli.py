"""WEPP's climate files (.cli, CLIGEN's layout): daily weather in and out, storms by shape or by breakpoints.

What WEPP would misread in silence (a gap, NaN, rain without duration) is refused. Generates no weather.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from weppbatch.errors import InputProblems
from weppbatch.files import write_text
from weppbatch.formats.climate_series import (
    DAILY,
    MONTHLY,
    Breakpoints,
    ClimateSeries,
    Floats,
    Integers,
    check_days,
    check_series,
    derived_storms,
)
from weppbatch.formats.text import Reader, Unreadable, one_line, parse_number, shown, spell

__all__ = ["Breakpoints", "ClimateSeries", "check_series", "read_climate", "write_climate"]

HEADER_LINES = 15
DECIMALS = dict(zip(DAILY, (1, 2, 2, 2, 1, 1, 0, 1, 0, 1), strict=True))
"""How many CLIGEN prints; more where a value needs them."""

WIDTHS = dict(zip(DAILY, (6, 6, 5, 7, 6, 6, 5, 5, 6, 6), strict=True))
TITLES = (
    "Observed monthly ave max temperature (C)",
    "Observed monthly ave min temperature (C)",
    "Observed monthly ave solar radiation (Langleys/day)",
    "Observed monthly ave precipitation (mm)",
)
STATION = re.compile(r"^\s*Station:|\s+CLIGEN\s+VER.*$", re.IGNORECASE)  # what stands around the name
OBSERVED = re.compile(r"(?:^|\s)-(?:O\S+|t6)(?=\s|$)")


def read_climate(path: Path) -> ClimateSeries:
    """The weather of a file, checked.

    A 100-year file takes about a tenth of a second. Raises InputProblems with everything that is wrong (gaps,
    NaN, rain with zero duration, negative rain, fewer years than the header says ...), InputError when there is
    no such file.
    """
    reader = Reader(path, "climate file")
    try:
        header = _read_header(reader)
        breakpoints = header.pop("breakpoint_format")
        first_year, years = header.pop("header_first_year"), header.pop("header_years")
        read = _read_breakpoint_days if breakpoints else _read_days
        table, points, lines = read(reader)
        dates = table[:, :3]
        undated = (dates != np.round(dates)).any(axis=1)
        if not len(table) or undated.any():
            reader.problems.append(
                f"{shown(lines[undated].tolist())}: the date is no day" if len(table) else "there are no days"
            )
            raise Unreadable
    except Unreadable:
        reader.finish()
        raise
    columns: dict[str, Any] = {
        name: dates[:, i].astype(np.int64) for i, name in enumerate(("day", "month", "year"))
    }
    values = table[:, 3:]
    if points is not None:
        columns |= derived_storms(points)
        columns |= {name: values[:, 1 + i].copy() for i, name in enumerate(DAILY[4:])}
    else:
        columns |= {name: values[:, i].copy() for i, name in enumerate(DAILY)}
    series = ClimateSeries(**header, **columns, breakpoints=points)
    reader.problems += check_days(series, lambda days: shown(lines[days].tolist()))
    reader.problems += _check_years(series, first_year, years)
    reader.finish()
    return series


def _check_years(series: ClimateSeries, first_year: float, years: float) -> list[str]:
    """Whether the header's years are those of the days.

    CLIGEN's observed mode writes its default number of years, however many it had; there fewer are right.
    """
    problems: list[str] = []
    if np.isnan(first_year) or np.isnan(years):
        return problems
    if first_year != series.first_year:
        problems.append(f"line 5: the header begins in {first_year:g}, the days in {series.first_year}")
    if series.years < years and not OBSERVED.search(series.command):
        problems.append(f"line 5: the header says {years:g} years, the file has {series.years}")
    if series.years > years:
        problems.append(f"line 5: the header says {years:g} years, beyond which WEPP reads none of {series.years}")
    return problems


def _read_header(reader: Reader) -> dict[str, Any]:
    """The first 15 lines, as the keywords of ClimateSeries and what only the reader needs."""
    lines = [reader.line(f"line {number} of the header") for number in range(1, HEADER_LINES + 1)]
    rows = [line.replace(",", " ").split() for line in lines]

    def numbers(line: int, count: int, what: str) -> list[float]:
        found = [parse_number(token) for token in rows[line - 1][:count]]
        if len(found) < count or None in found:
            reader.problem(f"{what}: {count} numbers should stand here", line)
        return [np.nan if value is None else value for value in found] + [np.nan] * (count - len(found))

    version = numbers(1, 1, "version")[0]
    if 0 < version < 3:
        reader.problem(f"version {version:g} of CLIGEN has another layout; 3 or later is read", 1)
    kind, breakpoint_format, no_wind = numbers(2, 3, "kind of simulation, breakpoints and wind")
    if kind != 1 or breakpoint_format not in (0, 1) or no_wind not in (0, 1):
        reader.problem("only continuous weather (1), breakpoints 0 or 1 and wind 0 or 1 are read", 2)
    site = numbers(5, 6, "latitude, longitude, elevation, observed years, first year and years")
    monthly = [numbers(line, 12, title) for line, title in zip((7, 9, 11, 13), TITLES, strict=True)]
    if abs(site[0]) > 90 or abs(site[1]) > 180:
        reader.problem(f"latitude {site[0]:g} and longitude {site[1]:g} are no place", 5)
    if any(value != np.round(value) for value in site[3:] if np.isfinite(value)):
        reader.problem("the years are no whole numbers", 5)
    if kind != 1 or breakpoint_format not in (0, 1):
        raise Unreadable
    command = re.split(r"[\s,]+", lines[4].strip(), maxsplit=6)
    return {
        "version": rows[0][0],
        "station": STATION.sub("", lines[2]).strip(),
        **dict(zip(("latitude_deg", "longitude_deg", "elevation_m"), site, strict=False)),
        "observed_years": int(np.nan_to_num(site[3])),
        "header_first_year": site[4],
        "header_years": site[5],
        "command": command[6].strip() if len(command) > 6 else "",
        **{name: np.array(values) for name, values in zip(MONTHLY, monthly, strict=True)},
        "has_wind": no_wind == 0,
        "breakpoint_format": breakpoint_format == 1,
    }


def _body(reader: Reader) -> tuple[list[str], Integers]:
    """The lines after the header that are not blank, and their numbers."""
    found = [(text, number) for number, text in enumerate(reader.lines[HEADER_LINES:], HEADER_LINES + 1)]
    found = [(text, number) for text, number in found if text.strip()]
    return [text for text, _ in found], np.array([number for _, number in found], dtype=np.int64)


def _read_days(reader: Reader) -> tuple[Floats, None, Integers]:
    """Rows of 13 values (shape (days, 13)) and their line numbers."""
    body, lines = _body(reader)
    count = 3 + len(DAILY)
    table = _parse(body, count)
    if table is None:
        table, lines = _diagnose(reader, [text.replace(",", " ").split() for text in body], lines, {count})
    return table, None, lines


def _parse(body: list[str], count: int) -> Floats | None:
    """All rows at once, shape (rows, count); None when any is not `count` finite numbers."""
    if not body:
        return None
    try:
        table = np.loadtxt([text.replace(",", " ") for text in body], dtype=np.float64, ndmin=2, comments=None)
    except ValueError:
        return None
    return table if table.shape[1] == count and np.isfinite(table).all() else None


def _diagnose(reader: Reader, rows: list[list[str]], lines: Integers, lengths: set[int]) -> tuple[Floats, Integers]:
    """The rows that have the right length (shape (rows, longest)) and their line numbers; problems are noted.

    Values that are no numbers become NaN; shorter rows, where two lengths are right, are filled with NaN.
    """
    wrong: dict[str, list[int]] = {}
    longest = max(lengths)
    expected = " or ".join(str(length) for length in sorted(lengths))
    kept: list[list[float]] = []
    kept_lines: list[int] = []
    for row, number in zip(rows, lines.tolist(), strict=True):
        if len(row) not in lengths:
            wrong.setdefault(f"{len(row)} values where {expected} should stand", []).append(number)
            continue
        values = []
        for token in row:
            value = parse_number(token)
            if value is None:
                wrong.setdefault(f"{token!r} is not a number", []).append(number)
            values.append(np.nan if value is None else value)
        kept.append(values + [np.nan] * (longest - len(row)))
        kept_lines.append(number)
    reader.problems += [f"{shown(numbers)}: {text}" for text, numbers in wrong.items()]
    return np.array(kept).reshape(-1, longest), np.array(kept_lines, dtype=np.int64)


def _read_breakpoint_days(reader: Reader) -> tuple[Floats, Breakpoints, Integers]:
    """Rows of 10 values (shape (days, 10)), the breakpoints between them, and the rows' line numbers."""
    body, lines = _body(reader)
    rows = [text.replace(",", " ").split() for text in body]
    table, lines = _diagnose(reader, rows, lines, {2, 10})
    is_day = ~np.isnan(table[:, 2:]).all(axis=1)
    starts = np.flatnonzero(is_day)
    if starts.size == 0 or starts[0] != 0:
        raise reader.unreadable("the first line after the header is no day")
    counts = np.diff(np.append(starts, len(table))) - 1
    days, points = table[is_day], table[~is_day]
    for day in np.flatnonzero(days[:, 3] != counts)[:5]:
        reader.problem(f"{days[day, 3]:g} breakpoints are announced, {counts[day]} follow", int(lines[starts[day]]))
    if reader.problems:
        raise Unreadable
    start = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return days, Breakpoints(start, points[:, 0].copy(), points[:, 1].copy()), lines[is_day]


def write_climate(path: Path, series: ClimateSeries) -> None:
    """Write a series so that reading it gives the same values, and WEPP takes all its years.

    Columns have CLIGEN's decimals, or as many as their values need. Raises InputProblems when the series has
    gaps, NaN or rain that WEPP would drop.
    """
    problems = check_series(series)
    if problems:
        raise InputProblems(f"{path} can't be written", problems)
    station = one_line(series.station, "station").strip()
    place = f"{spell(series.latitude_deg)} {spell(series.longitude_deg)} {spell(series.elevation_m)}"
    years = f"{series.observed_years} {series.first_year} {series.years}"
    lines = [
        one_line(series.version, "version"),
        f"   1   {int(series.breakpoints is not None)}   {int(not series.has_wind)}",
        f"  Station:  {station:<46} CLIGEN VER. {series.version} -r:    0 -I: 0",
        " Latitude Longitude Elevation (m) Obs. Years   Beginning year  Years simulated Command Line:",
        f"  {place} {years} {one_line(series.command, 'command').strip()}".rstrip(),
    ]
    for title, name in zip(TITLES, MONTHLY, strict=True):
        values = getattr(series, name)
        lines += [f" {title}", " ".join(f"{text:>5}" for text in _column(values, 1))]
    lines += _breakpoint_lines(series) if series.breakpoints is not None else _day_lines(series)
    write_text(path, "\n".join(lines) + "\n")


def _column(values: Floats, decimals: int, width: int = 0) -> list[str]:
    """The values of a column as text: with the fewest decimals, but `decimals`, that lose nothing."""
    for places in range(decimals, 7):
        if np.array_equal(np.round(values, places), values):
            pattern = f"%{width}.{places}f"
            return [pattern % value for value in values.tolist()]
    return [spell(value).rjust(width) for value in values.tolist()]


def _date_columns(series: ClimateSeries) -> list[list[str]]:
    """Day, month and year as text."""
    columns = ((series.day, 3), (series.month, 2), (series.year, 5))
    return [[f"%{width}d" % value for value in values.tolist()] for values, width in columns]


def _day_lines(series: ClimateSeries) -> list[str]:
    """The column titles and one line a day."""
    titles = [
        " da mo year  prcp  dur   tp     ip  tmax  tmin  rad  w-vl w-dir  tdew",
        "             (mm)  (h)               (C)   (C) (l/d) (m/s)(Deg)   (C)",
    ]
    columns = _date_columns(series)
    columns += [_column(getattr(series, name), DECIMALS[name], WIDTHS[name]) for name in DAILY]
    return titles + [" ".join(row) for row in zip(*columns, strict=True)]


def _breakpoint_lines(series: ClimateSeries) -> list[str]:
    """The column titles, one line a day and one for each of its breakpoints."""
    points = series.breakpoints
    if points is None:
        return []
    titles = [
        " da mo year  nbrkpt  tmax  tmin  rad  w-vl w-dir  tdew",
        "                (C)   (C) (l/d) (m/s)(Deg)   (C)",
    ]
    columns = _date_columns(series)
    columns.append([str(count) for count in np.diff(points.start).tolist()])
    columns += [_column(getattr(series, name), DECIMALS[name], WIDTHS[name]) for name in DAILY[4:]]
    within = [" ".join(pair) for pair in zip(_column(points.time_h, 2), _column(points.depth_mm, 2), strict=True)]
    lines = titles
    starts = points.start.tolist()
    for day, row in enumerate(zip(*columns, strict=True)):
        lines += [" ".join(row), *within[starts[day] : starts[day + 1]]]
    return lines
