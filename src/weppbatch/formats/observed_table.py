"""Observed daily weather as a table: CSV with dates, Daymet's single-pixel CSV, and CLIGEN's .prn.

In: a file. Out: each quantity with its days, in the units of `observed.converted`; all problems with their lines.
"""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from weppbatch.errors import InputProblems
from weppbatch.formats.observed import UNITS, Dates, Floats, converted, quantity_of
from weppbatch.formats.text import Reader, shown

Raw = dict[str, tuple[Dates, Floats]]

EMPTY = ("", "na", "nan", "-9999", "-9999.0", "null")
OWN_UNITS: Mapping[str, str] = {
    **{"precip_mm": "mm", "tmax_c": "C", "tmin_c": "C", "tdew_c": "C", "radiation_ly": "Ly"},
    **{"wind_m_s": "m/s", "wind_dir_deg": "degrees"},
}
PRN_MISSING = 9999.0
HINT = (
    "columns are date (1999-12-31), or year and yday, or year, month and day; precip_mm, tmax_c, tmin_c; and "
    "radiation_ly, tdew_c, wind_m_s, wind_dir_deg where known; or other names with their unit: prcp (mm/day)"
)


def read_table(path: Path) -> Raw:
    """The quantities of a CSV or .prn file.

    Raises InputProblems with everything that is wrong, InputError when there is no such file.
    """
    reader = Reader(path, "series of daily weather")
    if path.suffix.lower() == ".prn":
        return _prn(reader)
    lines = list(enumerate(reader.lines, 1))
    begins = next((i for i, (_, line) in enumerate(lines) if _is_header(line)), None)
    if begins is None:
        raise InputProblems(
            f"{path} can't be used:", ["there is no line of column names with date or year"], hint=HINT
        )
    header = [cell.strip() for cell in next(csv.reader([lines[begins][1]]))]
    columns = {name.lower(): i for i, name in enumerate(header)}
    rows = [(number, next(csv.reader([line]))) for number, line in lines[begins + 1 :] if line.strip()]
    short = [number for number, row in rows if len(row) < len(header)]
    if short or not rows:
        what = f"{shown(short)}: fewer cells than columns" if short else "there are no days"
        raise InputProblems(f"{path} can't be used:", [what], hint=HINT)
    numbers = np.array([number for number, _ in rows])
    dates = _dates(reader, columns, [row for _, row in rows], numbers)
    found: Raw = {}
    for name, index in zip(header, range(len(header)), strict=True):
        made = _column(reader, name, [row[index] for _, row in rows], numbers)
        if made is not None:
            found[made[0]] = dates, made[1]
    _repeated(reader, dates, numbers)
    _finish(reader)
    return found


def _is_header(line: str) -> bool:
    """Whether a line has the names of the columns."""
    names = [cell.strip().strip('"').lower() for cell in line.split(",")]
    return "date" in names or ("year" in names and len(names) > 2)


def _dates(reader: Reader, columns: Mapping[str, int], rows: list[list[str]], lines: np.ndarray) -> Dates:
    """The days of the rows; NaT and a problem where they can't be read."""

    def whole(name: str) -> list[int]:
        return [int(float(row[columns[name]])) for row in rows]

    def one(text: str) -> np.datetime64:
        try:
            return np.datetime64(text.strip()[:10], "D")
        except ValueError:
            return np.datetime64("NaT")

    try:
        if "date" in columns:
            texts = [row[columns["date"]] for row in rows]
        elif "yday" in columns or "doy" in columns:
            firsts = np.array([f"{year:04d}-01-01" for year in whole("year")], dtype="datetime64[D]")
            return np.asarray(firsts + np.array(whole("yday" if "yday" in columns else "doy")) - 1)
        else:
            parts = zip(whole("year"), whole("month"), whole("day"), strict=True)
            texts = [f"{year:04d}-{month:02d}-{day:02d}" for year, month, day in parts]
    except (ValueError, KeyError, OverflowError):
        reader.problems.append("its days can't be read: neither date, nor year and yday, nor year, month and day")
        return np.full(len(rows), np.datetime64("NaT"), dtype="datetime64[D]")
    dates = np.array([one(text) for text in texts], dtype="datetime64[D]")
    if np.isnat(dates).any():
        reader.problems.append(f"{shown(lines[np.isnat(dates)].tolist())}: the date is no day (1999-12-31)")
    return dates


def _column(reader: Reader, title: str, cells: list[str], lines: np.ndarray) -> tuple[str, Floats] | None:
    """What a column is and its values; None where it is none of weather, or can't be used (a problem is noted)."""
    name, _, unit = title.partition("(")
    name, unit = name.strip().lower(), unit.rstrip(") ").strip() or OWN_UNITS.get(name.strip().lower(), "")
    quantity = quantity_of(name)
    if quantity is None:
        return None
    values, bad = np.full(len(cells), np.nan), []
    for i, cell in enumerate(cells):
        if cell.strip().lower() not in EMPTY:
            try:
                values[i] = float(cell)
            except ValueError:
                bad.append(int(lines[i]))
    if bad:
        reader.problems.append(f"{shown(bad)}: {name} is not a number")
    made = converted(quantity, unit, values)
    if made is None:
        known = ", ".join(UNITS[quantity])
        what = f"the unit of {name}, '{unit}', isn't known" if unit else f"{name} has no unit"
        reader.problems.append(f"{what}; write {name} (UNIT) with one of {known}")
    return made


def _repeated(reader: Reader, dates: Dates, lines: np.ndarray) -> None:
    """Note days that are given twice."""
    known = dates[~np.isnat(dates)]
    _, first = np.unique(known, return_index=True)
    twice = np.setdiff1d(np.arange(known.size), first)
    if twice.size:
        where = shown(lines[~np.isnat(dates)][twice].tolist())
        reader.problems.append(f"{where}: the day {known[twice[0]]} is given twice")


def _finish(reader: Reader) -> None:
    """Raise InputProblems when there are problems."""
    if reader.problems:
        raise InputProblems(f"{reader.path} can't be used:", reader.problems, hint=HINT)


def _prn(reader: Reader) -> Raw:
    """CLIGEN's observed series: month, day, year, depth (0.01 inch), largest and smallest temperature (°F)."""
    rows = [(number, line.split()) for number, line in enumerate(reader.lines, 1) if line.strip()]
    bad = [number for number, row in rows if len(row) != 6]
    table = np.full((len(rows), 6), np.nan)
    for i, (number, row) in enumerate(rows):
        try:
            table[i] = [float(text) for text in row] if len(row) == 6 else np.nan
        except ValueError:
            bad.append(number)
    if bad or not rows:
        where = f"{shown(bad)}: month, day, year, depth, largest and smallest temperature should stand here"
        reader.problems.append(where if bad else "there are no days")
        _finish(reader)
    table[table == PRN_MISSING] = np.nan
    lines = np.array([number for number, _ in rows])
    columns = {"month": 0, "day": 1, "year": 2}
    dates = _dates(reader, columns, [row for _, row in rows], lines)
    _repeated(reader, dates, lines)
    _finish(reader)
    fahrenheit = (table[:, 4:] - 32.0) * (5.0 / 9.0)
    return {
        "precip": (dates, table[:, 3] * 0.254),
        "tmax": (dates, fahrenheit[:, 0]),
        "tmin": (dates, fahrenheit[:, 1]),
    }
