"""WEPP's summaries: the loss file of a hillslope, and of a watershed year by year, and the outlet's events.

Reads; figures that didn't fit their columns (stars) are NaN.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weppbatch.formats.wepp_numbers import Floats, Ints, UnreadableOutput, output_text, wepp_float, wepp_floats

YEAR = re.compile(r"ANNUAL SUMMARY FOR WATERSHED IN YEAR\s+(\d+)")
MEANS = "AVERAGE ANNUAL VALUES FOR WATERSHED"
CHANNEL = re.compile(r"^Channel\s+(\d+)\s+(.*)$", re.MULTILINE)
CLASS_ROW = re.compile(r"^\s+([1-5])\s+\d*\.\d+\s+.*\s(\S+)\s*$", re.MULTILINE)
NUMBER_OF_YEARS = re.compile(r"Number of years\s+(\d+)")
MEAN_PRECIP = re.compile(r"Mean annual precipitation\s+(\S+)")
EVENT_COLUMNS = 7  # day month year precipitation runoff peak sediment; other builds add phosphorus and the element


@dataclass(frozen=True)
class HillslopeLoss:
    """The years a hillslope really ran, and their mean precipitation."""

    years: int
    precip_mm_yr: float


@dataclass(frozen=True)
class WatershedLoss:
    """The channels year by year (arrays of years x channels, upstream first as in the structure file).

    `class_shares`: the five classes of the sediment that leaves the outlet, over the whole simulation.
    """

    years: Ints
    discharge_m3: Floats
    sediment_kg: Floats
    detached_kg: Floats
    class_shares: Floats


@dataclass(frozen=True)
class OutletEvents:
    """The days on which the outlet runs, by date."""

    date: npt.NDArray[np.datetime64]
    runoff_m3: Floats
    peak_m3_s: Floats
    sediment_kg: Floats


def read_hillslope_loss(path: Path) -> HillslopeLoss:
    """Raises UnreadableOutput when the annual averages are not there: WEPP writes them last."""
    text = output_text(path)
    years, precip = NUMBER_OF_YEARS.search(text), MEAN_PRECIP.search(text)
    if years is None or precip is None:
        raise UnreadableOutput(f"{path.name} of WEPP has no annual averages")
    return HillslopeLoss(int(years[1]), wepp_float(precip[1]))


def read_watershed_loss(path: Path, channels: int) -> WatershedLoss:
    """Raises UnreadableOutput when it has no averages, or a year without every channel."""
    text = output_text(path)
    by_year, _, means = text.partition(MEANS)
    _, *parts = YEAR.split(by_year)
    years, blocks = [int(year) for year in parts[::2]], parts[1::2]
    if not means or not years:
        raise UnreadableOutput(f"{path.name} of WEPP has no annual averages")
    table = np.array([_channels(block, channels, path, year) for year, block in zip(years, blocks, strict=True)])
    shares = dict(CLASS_ROW.findall(means)) or dict.fromkeys("12345", "0")  # WEPP leaves them out without sediment
    if len(shares) != 5 or (table[:, -1, 1].any() and shares["1"] == "0"):
        raise UnreadableOutput(f"{path.name} of WEPP doesn't name the five classes of sediment")
    return WatershedLoss(
        years=np.array(years),
        discharge_m3=table[:, :, 0],
        sediment_kg=table[:, :, 1] * 1000.0,
        detached_kg=table[:, :, 2],
        class_shares=wepp_floats([shares[kind] for kind in "12345"]),
    )


def _channels(block: str, channels: int, path: Path, year: int) -> list[Floats]:
    """Discharge (m3), sediment (t) and soil loss (kg) of every channel in one year."""
    rows = {int(number): wepp_floats(rest.split()[:3]) for number, rest in CHANNEL.findall(block)}
    if set(rows) != set(range(1, channels + 1)) or any(row.size != 3 for row in rows.values()):
        raise UnreadableOutput(f"{path.name} of WEPP doesn't have every channel in {year}")
    return [rows[number] for number in sorted(rows)]


def read_outlet_events(path: Path, outlet: int) -> OutletEvents:
    """The outlet's events; `outlet` is its element's number, for builds that list all elements.

    Raises UnreadableOutput for a row that is cut off.
    """
    rows = [row for row in map(str.split, output_text(path).split("\n")) if row and row[0].isdigit()]
    if any(len(row) < EVENT_COLUMNS for row in rows):
        raise UnreadableOutput(f"{path.name} of WEPP is cut off")
    rows = [row for row in rows if len(row) == EVENT_COLUMNS or row[-1] == str(outlet)]
    try:
        table = wepp_floats([token for row in rows for token in row[:EVENT_COLUMNS]]).reshape(-1, EVENT_COLUMNS)
        dates = [f"{int(year):04d}-{int(month):02d}-{int(day):02d}" for day, month, year in table[:, :3]]
        date = np.array(dates, dtype="datetime64[D]")
    except ValueError as error:
        raise UnreadableOutput(f"{path.name} of WEPP: {error}") from error
    return OutletEvents(date, table[:, 4], table[:, 5], table[:, 6])
