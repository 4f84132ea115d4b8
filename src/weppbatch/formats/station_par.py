"""CLIGEN's station files (.par): monthly statistics of a weather station, in the file's own English units.

Reads, writes and checks. Computes no weather.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weppbatch.errors import InputError, InputProblems
from weppbatch.files import write_text
from weppbatch.formats.text import Reader, one_line, parse_number

DIRECTIONS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")

Months = tuple[float, ...]
"""Twelve values, January first."""


@dataclass(frozen=True)
class Wind:
    """Wind from one of the 16 directions, month by month: share of the time, speed's mean, deviation and skew."""

    pct: Months
    mean_m_s: Months
    sd_m_s: Months
    skew: Months


@dataclass(frozen=True)
class Station:
    """A station's monthly statistics, as CLIGEN's file gives them.

    `mean_p_in`, `sd_p_in` and `skew_p` are of rain on wet days; `p_wet_wet` and `p_wet_dry` the chances of a wet
    day after a wet and after a dry one; `mx5p_in_h` the mean largest 30-minute intensity; `time_to_peak` the
    cumulative chance of the peak falling in each twelfth of the storm; `tp5_in`, `tp6_in` the largest 30-minute
    and 6-hour rains; `storm_type` 1 to 4 the region. Solar radiation is in Langleys a day. `notes` are the lines
    after the figures (the sites that were interpolated from).
    """

    name: str
    state_code: int
    station_code: int
    latitude_deg: float
    longitude_deg: float
    years: float
    storm_type: int
    elevation_ft: float
    tp5_in: float
    tp6_in: float
    mean_p_in: Months
    sd_p_in: Months
    skew_p: Months
    p_wet_wet: Months
    p_wet_dry: Months
    tmax_f: Months
    tmin_f: Months
    sd_tmax_f: Months
    sd_tmin_f: Months
    solar_ly: Months
    sd_solar_ly: Months
    mx5p_in_h: Months
    dew_point_f: Months
    time_to_peak: Months
    wind: tuple[Wind, ...]
    calm_pct: Months
    generation_code: int = 0
    notes: tuple[str, ...] = ()

    @property
    def station_id(self) -> str:
        """State and station number together, as in the file's name: 046006."""
        return f"{self.state_code:02d}{self.station_code:04d}"


ROWS: tuple[tuple[str, str, int], ...] = (
    ("mean_p_in", " MEAN P ", 2),
    ("sd_p_in", " S DEV P", 2),
    ("skew_p", " SKEW  P", 2),
    ("p_wet_wet", " P(W/W) ", 2),
    ("p_wet_dry", " P(W/D) ", 2),
    ("tmax_f", " TMAX AV", 2),
    ("tmin_f", " TMIN AV", 2),
    ("sd_tmax_f", " SD TMAX", 2),
    ("sd_tmin_f", " SD TMIN", 2),
    ("solar_ly", " SOL.RAD", 0),
    ("sd_solar_ly", " SD SOL ", 1),
    ("mx5p_in_h", " MX .5 P", 2),
    ("dew_point_f", " DEW PT ", 2),
    ("time_to_peak", "Time Pk ", 3),
)
"""Lines 4 to 17: the field, the label and the decimals that CLIGEN's files have."""

WIND_ROWS = (("mean_m_s", "MEAN    "), ("sd_m_s", "STD DEV "), ("skew", "SKEW    "))
"""The three lines of each direction that follow its share of the time."""

FIRST_ROW = 4
FIRST_WIND_ROW = 18
CALM_ROW = 82
LABEL = 8
WIDTH = 6
PLACE = re.compile(r"LATT=\s*(\S+)\s+LONG=\s*(\S+)\s+YEARS=\s*(\S+)\s+TYPE=\s*(\S+)")
HEIGHT = re.compile(r"ELEVATION\s*=\s*(\S+)\s+TP5\s*=\s*(\S+)\s+TP6\s*=\s*(\S+)")


def check_station(station: Station) -> list[str]:
    """What is wrong with a station, in words that name the line of its file; empty when nothing is."""
    problems = []
    if not (-90 <= station.latitude_deg <= 90 and -180 <= station.longitude_deg <= 180):
        problems.append(f"line 2: {station.latitude_deg:g}, {station.longitude_deg:g} is no place")
    if station.storm_type not in (1, 2, 3, 4):
        problems.append(f"line 2: the storm type, {station.storm_type}, is not 1 to 4")
    if not (-2000 <= station.elevation_ft <= 30_000 and station.tp5_in >= 0 and station.tp6_in >= 0):
        problems.append("line 3: an elevation outside -2000 to 30000 ft, or negative largest rains")
    rows = [(name, FIRST_ROW + i, getattr(station, name)) for i, (name, _, _) in enumerate(ROWS)]
    for i, wind in enumerate(station.wind):
        fields = ("pct", *(name for name, _ in WIND_ROWS))
        rows += [(f"wind {name}", FIRST_WIND_ROW + 4 * i + j, getattr(wind, name)) for j, name in enumerate(fields)]
    rows.append(("calm_pct", CALM_ROW, station.calm_pct))
    for name, line, values in rows:
        if len(values) != 12 or not all(map(math.isfinite, values)):
            problems.append(f"line {line}: {name} has not twelve finite values")
    if len(station.wind) != len(DIRECTIONS):
        problems.append(f"there are {len(station.wind)} wind directions, not {len(DIRECTIONS)}")
    return problems or _check_values(station, rows)


def _check_values(station: Station, rows: list[tuple[str, int, Months]]) -> list[str]:
    """Problems of the monthly values, all of which are there and finite."""
    problems = []
    signed = {"skew_p", "tmax_f", "tmin_f", "dew_point_f", "wind skew"}
    for name, line, values in rows:
        if name not in signed and min(values) < 0:
            problems.append(f"line {line}: {name} has a negative value")
        if name in ("p_wet_wet", "p_wet_dry", "time_to_peak") and max(values) > 1:
            problems.append(f"line {line}: {name} is above 1")
    steps = zip(station.time_to_peak, station.time_to_peak[1:], strict=False)
    if any(after < before for before, after in steps) or abs(station.time_to_peak[-1] - 1) > 0.005:
        problems.append("line 17: time_to_peak does not rise to 1")
    months = [i for i in range(12) if station.tmin_f[i] > station.tmax_f[i]]
    if months:
        problems.append(f"line 10: the mean minimum is above the mean maximum in month {months[0] + 1}")
    for month in range(12):
        share = sum(wind.pct[month] for wind in station.wind) + station.calm_pct[month]
        if abs(share - 100) > 2:
            problems.append(f"line 82: wind and calm of month {month + 1} add up to {share:.1f} %, not 100")
    return problems


def read_station(path: Path) -> Station:
    """The station of a file.

    Values are read from their columns, or between blanks where that gives no twelve numbers. Raises
    InputProblems with everything that is wrong, InputError when there is no such file.
    """
    reader = Reader(path, "station file")
    lines = reader.lines[:-1] if reader.lines and not reader.lines[-1] else reader.lines
    if len(lines) < CALM_ROW:
        raise InputProblems(
            f"{path} is not a station file that can be used", [f"it has {len(lines)} lines, not 82"]
        )
    head = _read_head(reader, lines)
    rows: dict[str, Any] = {name: _months(reader, lines, FIRST_ROW + i) for i, (name, _, _) in enumerate(ROWS)}
    wind = []
    for i in range(len(DIRECTIONS)):
        first = FIRST_WIND_ROW + 4 * i
        wind.append(Wind(*(_months(reader, lines, first + j) for j in range(4))))
    calm = _months(reader, lines, CALM_ROW)
    reader.finish()
    station = Station(**head, **rows, wind=tuple(wind), calm_pct=calm, notes=tuple(lines[CALM_ROW:]))
    reader.problems += check_station(station)
    reader.finish()
    return station


def _read_head(reader: Reader, lines: list[str]) -> dict[str, Any]:
    """The first three lines as keywords of Station."""
    codes = lines[0][41:43], lines[0][43:47], lines[0][47:49]
    if not all(code.strip().isdigit() for code in codes[:2]) or not (codes[2].strip() or "0").isdigit():
        reader.problem("columns 42 to 49 have no codes of state, station and generation", 1)
    head: dict[str, Any] = {"name": lines[0][:41].strip()}
    names = ("state_code", "station_code", "generation_code")
    head |= {name: int(code) if code.strip().isdigit() else 0 for name, code in zip(names, codes, strict=True)}
    fields = (
        (2, PLACE, ("latitude_deg", "longitude_deg", "years", "storm_type"), "LATT, LONG, YEARS and TYPE"),
        (3, HEIGHT, ("elevation_ft", "tp5_in", "tp6_in"), "ELEVATION, TP5 and TP6"),
    )
    for line, pattern, keys, what in fields:
        found = pattern.search(lines[line - 1])
        values = [parse_number(text) for text in found.groups()] if found else [None]
        if None in values:
            reader.problem(f"{what} should stand here as numbers", line)
        head |= dict(zip(keys, values, strict=False))
    if head.get("storm_type") is not None:
        head["storm_type"] = int(head["storm_type"])
    return head


def _months(reader: Reader, lines: list[str], number: int) -> Months:
    """The twelve values of a line, by its number; NaN and a problem where they can't be read."""
    line = lines[number - 1]
    cells = [line[LABEL + WIDTH * i : LABEL + WIDTH * (i + 1)].strip() for i in range(12)]
    values = [parse_number(cell) for cell in cells]
    if None in values:
        values = [parse_number(cell) for cell in line[LABEL:].split()]
    if None in values or len(values) != 12:
        reader.problem(f"twelve numbers should stand here: {line.strip()[:60]!r}", number)
        return (math.nan,) * 12
    return tuple(math.nan if value is None else value for value in values)


def write_station(path: Path, station: Station) -> None:
    """Write a station in CLIGEN's columns.

    Values that came from such a file read back the same; others are rounded to what six columns hold. Raises
    InputProblems when the station is not sound, InputError when a value does not fit.
    """
    problems = check_station(station)
    if len(station.name) > 40 or not 0 <= station.state_code <= 99 or not 0 <= station.station_code <= 9999:
        problems.append("line 1: the name has more than 40 characters, or a code too many digits")
    if problems:
        raise InputProblems(f"{path} can't be written", problems)
    codes = f"{station.state_code:2d}{station.station_code:4d}{station.generation_code:2d}"
    lines = [
        f" {one_line(station.name, 'name'):<40}{codes}",
        f" LATT={_fit(station.latitude_deg, 7, 2)} LONG={_fit(station.longitude_deg, 7, 2)}"
        f" YEARS={_fit(station.years, 4, 0)} TYPE={station.storm_type:2d}",
        f" ELEVATION ={_fit(station.elevation_ft, 6, 0)} TP5 ={_fit(station.tp5_in, 5, 2)}"
        f" TP6={_fit(station.tp6_in, 5, 2)}",
    ]
    lines += [_row(label, getattr(station, name), decimals) for name, label, decimals in ROWS]
    for direction, wind in zip(DIRECTIONS, station.wind, strict=True):
        lines.append(_row(f"% {direction:<6}", wind.pct, 2))
        lines += [_row(label, getattr(wind, name), 2) for name, label in WIND_ROWS]
    lines.append(_row("CALM    ", station.calm_pct, 2))
    lines += [one_line(note, "note") for note in station.notes]
    write_text(path, "\n".join(lines) + "\n")


def _row(label: str, values: Months, decimals: int) -> str:
    """A line of twelve values."""
    return label + "".join(_fit(value, WIDTH, decimals) for value in values)


def _fit(value: float, width: int, decimals: int) -> str:
    """A value right-justified in `width` columns, without a leading zero.

    It has `decimals`, more where it needs them and they fit, fewer where not even they fit.
    """
    texts = []
    for places in range(6):
        text = f"{value:.{places}f}" if places else f"{value:.0f}."
        texts.append(re.sub(r"^(-?)0(?=\.\d)", r"\1", text))
    fitting = [text for text in texts if len(text) <= width]
    if not fitting:
        raise InputError(f"{value:g} does not fit into the {width} columns that a station file has for it")
    exact = [text for text in fitting[decimals:] if float(text) == value]
    return (exact[0] if exact else fitting[-1]).rjust(width)
