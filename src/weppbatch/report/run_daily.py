"""A run's days at the outlet: the series that its page draws, and its water balance by year and by month.

In: the table outlet_daily with the summary beside it. Out: plain values. The balance is summed from the table
itself, never from the rounded series.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weppbatch.report.run_files import RunFiles

FILE, SUMMARY = "wepp/outlet_daily.parquet", "wepp/summary.json"
STORES = ("soil_water_mm", "snow_water_mm", "canopy_water_mm", "groundwater_mm")
FLOWS = ("runoff_m3", "lateral_m3", "baseflow_m3", "rain_on_channels_m3")
COLUMNS = (
    "date",
    "precip_mm",
    "et_mm",
    "deep_loss_mm",
    *STORES,
    *FLOWS,
    "streamflow_m3",
    "peak_m3_s",
    "sediment_kg",
)
TERMS = ("precip", "et", "runoff", "lateral", "baseflow", "channels", "deep", "storage", "missing")
SECONDS_A_DAY = 86_400.0
RAIN_STEP_MM = 0.1
STEPS = 20_000  # of a series whose step goes by its largest value
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Floats = npt.NDArray[np.float64]
Dates = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Balance:
    """What became of the rain and snow of a year or month, in mm over the simulated area.

    precip = et + runoff + lateral + baseflow + channels + deep + storage + missing. channels: rain on the channels'
    water; deep: lost to depth; storage: the change of what soil, snow, canopy and ground hold; missing: the
    closure.
    """

    label: str
    counted: bool
    precip: float
    et: float
    runoff: float
    lateral: float
    baseflow: float
    channels: float
    deep: float
    storage: float
    missing: float

    @classmethod
    def of(cls, label: str, terms: Mapping[str, Floats], place: int, *, counted: bool = True) -> "Balance":
        """The terms at one place of arrays of sums."""
        return cls(label, counted, **{name: float(terms[name][place]) for name in TERMS})

    @property
    def streamflow(self) -> float:
        """All that flowed out."""
        return self.runoff + self.lateral + self.baseflow + self.channels

    def to_json(self) -> dict[str, Any]:
        """The terms by name, with six digits."""
        return {name: _digits(value) if isinstance(value, float) else value for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Daily:
    """The daily table as arrays, NaN where it has null.

    area_m2: the simulated area. warm_up: years at the start that means leave out.
    """

    date: Dates
    columns: Mapping[str, Floats]
    area_m2: float
    warm_up: int

    @classmethod
    def read(cls, files: RunFiles) -> "Daily":
        """The run's days. Raises what `files` does, and KeyError for a table or summary of another form."""
        table, summary = files.table(FILE, COLUMNS), files.json(SUMMARY)
        columns = {name: _floats(table, name) for name in COLUMNS[1:]}
        date: Dates = table.column("date").to_numpy().astype("datetime64[D]")
        return cls(date, columns, summary["area_ha"] * 1e4, summary["years"] - summary["averaged_years"])

    @cached_property
    def year(self) -> npt.NDArray[np.int64]:
        """The year of each day."""
        return self.date.astype("datetime64[Y]").astype(np.int64) + 1970

    @cached_property
    def month(self) -> npt.NDArray[np.int64]:
        """The month of each day, from 0."""
        return self.date.astype("datetime64[M]").astype(np.int64) % 12

    @cached_property
    def counted(self) -> npt.NDArray[np.bool_]:
        """Which days count for means: those after the warm-up."""
        return self.year >= int(self.year[0]) + self.warm_up

    @cached_property
    def terms(self) -> Mapping[str, Floats]:
        """Every day's terms of the balance, in mm."""
        per_mm = self.area_m2 / 1000.0
        columns = self.columns
        found = {name: columns[f"{name}_mm"] for name in ("precip", "et")}
        found["deep"] = columns["deep_loss_mm"]
        names = ("runoff", "lateral", "baseflow", "channels")
        found |= {name: columns[flow] / per_mm for name, flow in zip(names, FLOWS, strict=True)}
        gained = found["precip"] - found["et"] - found["deep"] - columns["streamflow_m3"] / per_mm
        stored = np.sum([columns[name] for name in STORES], axis=0)
        # What was stored before the first day isn't told: that day's gain stands for the change, as in the summary.
        storage = np.concatenate([gained[:1], np.diff(stored)])
        return found | {"storage": storage, "missing": gained - storage}

    def by_year(self) -> list[Balance]:
        """The balance of each year; those of the warm-up are marked."""
        years = np.unique(self.year)
        sums = {
            name: np.bincount(self.year - years[0], series).astype(np.float64)
            for name, series in self.terms.items()
        }
        first_counted = years[0] + self.warm_up
        return [
            Balance.of(str(year), sums, place, counted=bool(year >= first_counted))
            for place, year in enumerate(years)
        ]

    def by_month(self) -> list[Balance]:
        """The balance of each month in the mean of the years that count."""
        years = len(np.unique(self.year[self.counted])) or 1
        sums = {
            name: np.bincount(self.month[self.counted], series[self.counted], minlength=12) / years
            for name, series in self.terms.items()
        }
        return [Balance.of(label, sums, place) for place, label in enumerate(MONTHS)]

    def mean(self) -> Balance:
        """The balance of the mean year of those that count."""
        months = self.by_month()
        sums = {name: np.array([sum(getattr(month, name) for month in months)]) for name in self.terms}
        return Balance.of("mean", sums, 0)

    def largest_missing_mm(self) -> float:
        """The most that any day's balance misses."""
        return float(np.nanmax(np.abs(self.terms["missing"]), initial=0.0))

    def series(self) -> dict[str, Any]:
        """All days for the hydrograph: the first day (days since 1970), and rain, outflow and baseflow as texts."""
        rate = {name: self.columns[f"{name}_m3"] / SECONDS_A_DAY for name in ("streamflow", "baseflow")}
        flow_step = step_of(rate["streamflow"])
        return {
            "first": int(self.date[0].astype(np.int64)),
            "rain": packed(self.columns["precip_mm"], RAIN_STEP_MM),
            "flow": packed(rate["streamflow"], flow_step),
            "base": packed(rate["baseflow"], flow_step),
        }


def step_of(values: Floats) -> float:
    """A round step that divides the largest value into about STEPS or a few times more."""
    largest = float(np.nanmax(values, initial=0.0))
    return 10.0 ** int(np.floor(np.log10(largest / STEPS))) if largest > 0 else 1.0


def packed(values: Floats, step: float) -> dict[str, Any]:
    """A series in whole steps, as a text of the differences from value to value (see `packed_text`)."""
    whole = np.rint(np.nan_to_num(values) / step).astype(np.int64)
    return {"step": float(f"{step:.6g}"), "text": packed_text(np.diff(whole, prepend=0).tolist())}


def packed_text(numbers: Sequence[int]) -> str:
    """Whole numbers as text: five bits a character from `?` on, the sixth says that more come, the sign is last.

    The polyline algorithm (developers.google.com/maps/documentation/utilities/polylinealgorithm), of single
    numbers.
    """
    text: list[str] = []
    for number in numbers:
        bits = ~(number << 1) if number < 0 else number << 1
        while bits >= 0x20:
            text.append(chr((0x20 | (bits & 0x1F)) + 63))
            bits >>= 5
        text.append(chr(bits + 63))
    return "".join(text)


def _floats(table: pa.Table, name: str) -> Floats:
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)


def _digits(value: float) -> float:
    return float(f"{value:.6g}")
