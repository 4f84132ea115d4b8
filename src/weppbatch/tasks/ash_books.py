"""What becomes of a watershed's ash, added up: by hillslope and fire, by burn class, by year, and the largest days.

Results of hillslopes come in piece by piece, daily sums fire by fire; nothing is written here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from weppbatch.hydrology.ash import AshLayers, AshOptions, AshResult
from weppbatch.hydrology.ash_days import DAILY, FIRST_YEAR_DAYS
from weppbatch.hydrology.state import Floats, Ints
from weppbatch.terrain.burn_severity import SEVERITIES

Dates = npt.NDArray[np.datetime64]
YEAR_DAYS = 365.25
BY_FIRE = (
    *("water_t_ha", "wind_t_ha", "decomposed_t_ha", "remaining_t_ha", "first_year_water_t_ha"),
    *("first_year_wind_t_ha", "first_year_decomposed_t_ha", "largest_day_t_ha", "days"),
)


@dataclass(frozen=True)
class Fires:
    """A fire in every year: the day of each in the record of `date`, and how many days each is followed."""

    year: Ints
    day: Ints
    date: Dates
    days: int

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.year.size)

    @property
    def year_starts(self) -> Ints:
        """The days that begin a year after the fire, from 0; leap days are shared out, none makes a year."""
        years = max(1, round(self.days / YEAR_DAYS))
        found: Ints = np.round(np.arange(years) * YEAR_DAYS).astype(np.int64)
        return found

    def date_after(self, fire: Any, days: Any) -> Dates:
        """The date in the record some days after a fire; after the record's last day comes its first."""
        found: Dates = self.date[(self.day[fire] + days) % self.date.size]
        return found


class AshBooks:
    """Sums over a watershed. `by_fire`: hillslope x fire of each of BY_FIRE.

    t: `group_t` fire x burn class x DAILY over the whole time, `first_year_t` over 365 days, `year_t` fire x year
    after the fire x DAILY. `largest_t`: fire x (water, wind, both) x burn class on the first year's largest day of
    each, `largest_day` how many days after the fire that was, 0 for none.
    """

    def __init__(
        self,
        hillslopes: pd.DataFrame,
        types: "pd.Series[str]",
        layers: AshLayers,
        fires: Fires,
        options: AshOptions,
    ) -> None:
        self.hillslopes, self.types, self.layers, self.fires, self.options = (
            hillslopes,
            types,
            layers,
            fires,
            options,
        )
        shape = (len(hillslopes), fires.count)
        self.by_fire: dict[str, Floats] = {name: np.zeros(shape) for name in BY_FIRE}
        groups, years = len(SEVERITIES), fires.year_starts.size
        self.group_t, self.first_year_t = np.zeros((2, fires.count, groups, len(DAILY)))
        self.year_t = np.zeros((fires.count, years, len(DAILY)))
        self.largest_t = np.zeros((fires.count, 3, groups))
        self.largest_day = np.zeros((fires.count, 3), dtype=np.int64)
        self.closure_t_ha = 0.0

    def add(self, rows: Ints, block: slice, found: AshResult) -> None:
        """Enter some hillslopes under some fires."""
        for name, whole in self.by_fire.items():
            whole[rows, block] = getattr(found, name)
        self.closure_t_ha = max(self.closure_t_ha, found.closure_t_ha)

    def add_days(self, block: slice, daily_t: Floats) -> None:
        """Enter the daily sums of some fires (fire x day x burn class x DAILY)."""
        self.group_t[block] = daily_t.sum(axis=1)
        first = daily_t[:, :FIRST_YEAR_DAYS]
        self.first_year_t[block] = first.sum(axis=1)
        self.year_t[block] = np.add.reduceat(daily_t.sum(axis=2), self.fires.year_starts, axis=1)
        moved = np.stack([first[..., 0], first[..., 1], first[..., 0] + first[..., 1]], axis=1)
        whole = moved.sum(axis=-1)  # fire x kind x day
        day = whole.argmax(axis=2)
        self.largest_t[block] = np.take_along_axis(moved, day[:, :, None, None], axis=2)[:, :, 0]
        self.largest_day[block] = np.where(whole.max(axis=2) > 0, day + 1, 0)

    @property
    def group_initial_t(self) -> Floats:
        """What lay there at first, by burn class."""
        initial_t = self.layers.load_t_ha * self.layers.area_ha
        found = np.bincount(self.layers.group, weights=initial_t, minlength=len(SEVERITIES))
        return found.astype(np.float64)

    @property
    def initial_t(self) -> float:
        """What lay there at first."""
        return float(self.group_initial_t.sum())

    @property
    def first_year_moved_t(self) -> Floats:
        """What water, wind and both moved in the first year: fire x kind x burn class."""
        water, wind = self.first_year_t[..., 0], self.first_year_t[..., 1]
        return np.stack([water, wind, water + wind], axis=1)

    @property
    def notes(self) -> list[str]:
        """Why there is less than one might expect."""
        found = []
        if self.initial_t == 0:
            found.append("no ash: no hillslope burned, or no load was given")
        elif not self.group_t[..., :2].any():
            found.append("no ash was moved: no runoff was more than the ash can hold, and no wind took any")
        if self.fires.count == 1:
            found.append("one year of weather: one fire, and no return period but that of every other fire")
        return found

    def daily_columns(self, block: slice, daily_t: Floats, group: int | None = None) -> dict[str, Any]:
        """The days on which ash moved, of the whole or of a burn class, with what had gone until then."""
        chosen = daily_t.sum(axis=2) if group is None else daily_t[:, :, group]
        initial_t = self.initial_t if group is None else float(self.group_initial_t[group])
        gone = chosen.cumsum(axis=1)
        fire, day = np.nonzero(chosen[..., 0] + chosen[..., 1] > 0)
        moved, until = chosen[fire, day], gone[fire, day]
        columns: dict[str, Any] = {
            "fire_year": self.fires.year[block][fire],
            "date": self.fires.date_after(fire + block.start, day + 1),
            "days_from_fire": day + 1,
            "water_t": moved[:, 0],
            "wind_t": moved[:, 1],
            "transport_t": moved[:, 0] + moved[:, 1],
            "remaining_t": np.maximum(initial_t - until.sum(axis=1), 0.0),
            "cumulative_water_t": until[:, 0],
            "cumulative_wind_t": until[:, 1],
            "cumulative_transport_t": until[:, 0] + until[:, 1],
            "cumulative_decomposed_t": until[:, 2],
        }
        return columns if group is None else {"burn_class": np.full(fire.size, SEVERITIES[group])} | columns
