"""The calendar of a simulation, and means over its years. Series of days come in, figures a year go out."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from weppbatch.errors import ConfigError
from weppbatch.formats.climate_cli import ClimateSeries
from weppbatch.hydrology.state import Floats


@dataclass(frozen=True)
class Years:
    """Every day's date, and which days count for means: those after the warm-up."""

    date: npt.NDArray[np.datetime64]
    counted: npt.NDArray[np.bool_]
    first_year: int
    simulated: int
    averaged: int

    @classmethod
    def of(cls, climate: ClimateSeries, warm_up_years: int) -> Self:
        """The calendar of a climate; raises ConfigError when the warm-up leaves no year."""
        averaged = climate.years - warm_up_years
        if averaged < 1:
            raise ConfigError(
                f"wepp.warm_up_years={warm_up_years} leaves none of the {climate.years} years",
                hint="set fewer warm-up years, or more years of climate",
            )
        first = np.datetime64(f"{climate.first_year:04d}-01-01", "D")
        date = first + np.arange(climate.days)
        counted = climate.year >= climate.first_year + warm_up_years
        return cls(date, counted, climate.first_year, climate.years, averaged)

    @cached_property
    def first_counted(self) -> int:
        """The first day that counts; all after it do."""
        return int(self.counted.argmax())

    def mean(self, series: npt.NDArray[Any]) -> float:
        """The sum of a year, in the mean of the years that count."""
        return float(series[self.first_counted :].sum() / self.averaged)

    def largest(self, series: Floats) -> float:
        """The largest of the days that count."""
        return float(series[self.first_counted :].max())

    def change(self, stored: Floats, gained: Floats) -> float:
        """The mean change in a year of something stored, given at the end of each day and what it gained that day.

        Without warm-up the state before the first day is what was there at its end less what it gained.
        """
        first = self.first_counted
        before = stored[first - 1] if first else stored[0] - gained[0]
        return float(stored[-1] - before) / self.averaged
