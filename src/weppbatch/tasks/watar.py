"""Task watar: the ash that a fire leaves, carried away by runoff and wind, for a fire in every year of the record.

Reads the daily results of the task wepp and the wind of the task climate; writes the tables of `ash_tables`. Legal
without any ash, runoff or wind: its tables are then empty or zero, and the summary says why.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from weppbatch.errors import DataError
from weppbatch.files import read_json
from weppbatch.hydrology.ash import AshLayers, AshWeather, daily_sums, transport
from weppbatch.hydrology.ash_days import FIRST_YEAR_DAYS
from weppbatch.hydrology.state import Floats, Ints
from weppbatch.nodb.ash import Ash
from weppbatch.tasks.ash_books import AshBooks, Fires
from weppbatch.tasks.ash_layers import ash_layers, ash_types, options_of
from weppbatch.tasks.ash_tables import AshTables
from weppbatch.tasks.run import Metrics, Run
from weppbatch.terrain.burn_severity import SEVERITIES

DAILY = "wepp/hillslope_water.parquet"
SERIES = ("rain_melt_mm", "runoff_mm", "snow_water_mm", "soil_water_mm")
CELLS_AT_ONCE = 4_000_000  # hillslopes x days in memory
SUMS_AT_ONCE = 8_000_000  # numbers of daily sums in memory


@dataclass(frozen=True)
class Record:
    """The days that count: those after the warm-up of the task wepp, and their wind and precipitation."""

    date: "np.ndarray[Any, np.dtype[np.datetime64]]"
    year: Ints
    wind_m_s: Floats
    precip_mm: Floats

    @cached_property
    def first(self) -> int:
        """The first day, counted as Parquet counts dates."""
        return int(self.date[0].astype(np.int64))

    def fires(self, month: int, day: int, days: int | None) -> Fires:
        """A fire in every year; followed for `days`, None: as long as the record."""
        years = np.unique(self.year)
        date = np.array([np.datetime64(f"{year:04d}-{month:02d}-{day:02d}") for year in years])
        return Fires(years, np.searchsorted(self.date, date), self.date, days or self.date.size)


def run(run: Run) -> Metrics:
    """Follow the ash of every hillslope after every fire, and write what became of it."""
    control = run.control(Ash)
    options = options_of(control)
    hillslopes = _hillslopes(run)
    types = ash_types(run, control, hillslopes)
    layers = ash_layers(run, control, options, hillslopes, types)
    record = _record(run)
    days = FIRST_YEAR_DAYS if options.model == "srivastava" else None
    fires = record.fires(control.fire_month, control.fire_day, days)
    run.log(f"{int((layers.load_t_ha > 0).sum())} of {len(hillslopes)} hillslopes with ash, {fires.count} fires")
    books = AshBooks(hillslopes, types, layers, fires, options)
    daily = run.input(DAILY)
    with AshTables(run.output("ash/summary.json").parent, control, books, record.precip_mm) as tables:
        for block in _blocks(fires):
            sums = daily_sums(block.stop - block.start, fires.days, len(SEVERITIES))
            for rows, weather, soil_water_mm in _weather(daily, hillslopes, layers, record):
                part = layers.take(rows)
                books.add(rows, block, transport(part, weather, fires.day[block], fires.days, options, sums))
                if control.hillslope_days:
                    tables.hillslope_days(rows, part, weather, soil_water_mm, block)
            books.add_days(block, sums)
            tables.daily(block, sums)
        return tables.finish(run)


def _hillslopes(run: Run) -> pd.DataFrame:
    """Ids, burn class, area and slope of every hillslope, by topaz_id."""
    columns = ["topaz_id", "wepp_id", "burn_class", "area_m2"]
    found = pd.read_parquet(run.input("wepp/hillslopes.parquet"), columns=columns)
    terrain = pd.read_parquet(
        run.input("watershed/hillslopes.parquet"), columns=["topaz_id", "slope_scalar"]
    ).rename(columns={"slope_scalar": "slope"})
    found = found.merge(terrain, on="topaz_id", how="left", validate="one_to_one")
    if found.isna().any().any():
        raise DataError("wepp and watershed speak of different hillslopes", hint="run the batch again")
    return found.sort_values("topaz_id", ignore_index=True)


def _record(run: Run) -> Record:
    """The days after the warm-up."""
    summary = read_json(run.input("wepp/summary.json"))
    table = pd.read_parquet(
        run.input("climate/climate.parquet"), columns=["year", "month", "day", "wind_m_s", "precip_mm"]
    )
    year = table["year"].to_numpy(np.int64)
    date = np.datetime64(f"{year[0]:04d}-01-01", "D") + np.arange(len(table))
    counted = year >= year[0] + summary["years"] - summary["averaged_years"]
    return Record(
        date[counted],
        year[counted],
        table["wind_m_s"].to_numpy(np.float64)[counted],
        table["precip_mm"].to_numpy(np.float64)[counted],
    )


def _blocks(fires: Fires) -> Sequence[slice]:
    """The fires, as many at once as daily sums fit into memory."""
    step = max(1, SUMS_AT_ONCE // (fires.days * len(SEVERITIES) * 3))
    return [slice(start, min(start + step, fires.count)) for start in range(0, fires.count, step)]


def _weather(
    path: Path, hillslopes: pd.DataFrame, layers: AshLayers, record: Record
) -> Iterator[tuple[Ints, AshWeather, Floats]]:
    """The rows of hillslopes with ash, a few at a time, with their daily water, and the water in their soil.

    A hillslope's days stand together in one row group. One that the table lacks never saw water.
    """
    ids = hillslopes["topaz_id"].to_numpy()
    waiting = set(np.flatnonzero(layers.load_t_ha > 0).tolist())
    days = record.date.size
    step = max(1, CELLS_AT_ONCE // days)
    told: set[int] = set()
    with pq.ParquetFile(path) as table:
        for group in range(table.num_row_groups):
            found = table.read_row_group(group, columns=["topaz_id", "date", *SERIES])
            topaz_id = found.column("topaz_id").to_numpy()
            day = found.column("date").cast("int32").to_numpy().astype(np.int64) - record.first
            series = [found.column(name).to_numpy() for name in SERIES]
            here = np.unique(topaz_id)
            if told.intersection(here.tolist()) or not np.isin(here, ids).all():
                raise DataError(f"{path} and the hillslopes don't fit together", hint="run the batch again")
            told.update(here.tolist())
            rows = np.searchsorted(ids, here)
            rows = rows[layers.load_t_ha[rows] > 0]
            waiting.difference_update(rows.tolist())
            for start in range(0, rows.size, step):
                chosen = rows[start : start + step]
                kept = np.isin(topaz_id, ids[chosen]) & (day >= 0) & (day < days)
                place = np.searchsorted(ids[chosen], topaz_id[kept]), day[kept]
                yield chosen, *_dense(chosen.size, days, place, [values[kept] for values in series], record)
    dry = np.array(sorted(waiting), dtype=np.int64)
    for start in range(0, dry.size, step):
        chosen = dry[start : start + step]
        nowhere = (np.empty(0, np.int64), np.empty(0, np.int64))
        yield chosen, *_dense(chosen.size, days, nowhere, [np.empty(0)] * len(SERIES), record)


def _dense(
    count: int, days: int, place: tuple[Ints, Ints], series: Sequence[Floats], record: Record
) -> tuple[AshWeather, Floats]:
    """Series of every day, zero where no row tells of one; the soil's water is unknown there."""
    filled = np.zeros((len(SERIES), count, days))
    filled[-1] = np.nan
    for target, values in zip(filled, series, strict=True):
        target[place] = values
    return AshWeather(filled[0], filled[1], filled[2], record.wind_m_s), filled[3]
