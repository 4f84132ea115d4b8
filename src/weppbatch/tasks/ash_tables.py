"""The result tables of the task watar, written to a folder; columns and units are told in docs/tasks/watar.md.

Takes the books of a watershed's ash and daily sums as they come. The figures are found in `ash_columns` and
`ash_recurrence`.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from weppbatch.files import replacing, write_json
from weppbatch.hydrology.ash import AshLayers, AshWeather, traced
from weppbatch.hydrology.ash_days import TRACE
from weppbatch.hydrology.state import Floats, Ints
from weppbatch.nodb.ash import Ash
from weppbatch.nodb.outside import outside_path
from weppbatch.tasks.ash_books import BY_FIRE, AshBooks
from weppbatch.tasks.ash_columns import (
    MASSES,
    annual_columns,
    cumulative_columns,
    fire_columns,
    hillslope_columns,
    summary,
)
from weppbatch.tasks.ash_recurrence import contaminants, mean_rows, read_contaminants, return_periods
from weppbatch.tasks.run import Metrics, Run
from weppbatch.tasks.tables import table_path, table_version
from weppbatch.terrain.burn_severity import SEVERITIES


def _schema(*parts: Mapping[str, pa.DataType]) -> pa.Schema:
    return pa.schema([item for part in parts for item in part.items()])


def _of(kind: pa.DataType, *names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names, kind)


REAL, WHOLE, TEXT, DATE = pa.float64(), pa.int64(), pa.string(), pa.date32()
_MASSES = _of(REAL, *MASSES)
_DAYS = (
    _of(WHOLE, "fire_year")
    | _of(DATE, "date")
    | _of(WHOLE, "days_from_fire")
    | _of(REAL, "water_t", "wind_t", "transport_t", "remaining_t", "cumulative_water_t", "cumulative_wind_t")
    | _of(REAL, "cumulative_transport_t", "cumulative_decomposed_t")
)
_STATISTIC = _of(TEXT, "statistic", "kind") | _of(REAL, "return_period_years", "weibull_years")
SCHEMAS: Mapping[str, pa.Schema] = {
    "hillslopes": _schema(
        _of(WHOLE, "topaz_id", "wepp_id"),
        _of(TEXT, "burn_class", "ash_type"),
        _of(REAL, "area_m2", "slope", "ash_depth_mm", "ash_load_t_ha", "ash_water_t_ha", "ash_wind_t_ha"),
        _of(REAL, "ash_transport_t_ha", "ash_decomposed_t_ha", "ash_remaining_t_ha", "ash_largest_year_t_ha"),
        _of(REAL, "ash_largest_day_t_ha"),
    ),
    "hillslope_fires": _schema(
        _of(WHOLE, "topaz_id", "fire_year"), _of(REAL, "load_t_ha", *BY_FIRE[:-1]), _of(WHOLE, "days")
    ),
    "annuals": _schema(_of(WHOLE, "fire_year", "year_after_fire"), _MASSES),
    "cumulatives": _schema(_of(WHOLE, "fire_year"), _of(TEXT, "burn_class"), _of(REAL, "initial_t"), _MASSES),
    "daily": _schema(_DAYS),
    "daily_by_burn_class": _schema(_of(TEXT, "burn_class"), _DAYS),
    "return_periods": _schema(
        _STATISTIC,
        _of(WHOLE, "rank", "fire_year"),
        _of(DATE, "date"),
        _of(WHOLE, "days_from_fire"),
        _of(REAL, "ash_t", "share_of_initial_percent", *(f"{name}_t" for name in SEVERITIES)),
        _of(REAL, "reservoir_share_percent", "reservoir_g_l"),
    ),
    "contaminants": _schema(
        _of(TEXT, "statistic"),
        _of(REAL, "return_period_years"),
        _of(TEXT, "contaminant", "burn_class"),
        _of(REAL, "concentration_mg_kg", "ash_t", "without_figure_t", "mass_kg", "reservoir_mg_l"),
    ),
    "hillslope_days": _schema(
        _of(WHOLE, "topaz_id", "fire_year"),
        _of(DATE, "date"),
        _of(WHOLE, "days_from_fire"),
        _of(REAL, "precip_mm", "soil_water_mm", *TRACE),
    ),
}
OPTIONAL = {"contaminants": "contaminants", "hillslope_days": "hillslope_days"}


class AshTables:
    """A context in which the tables are written; they appear, whole, when it ends without an error."""

    def __init__(self, folder: Path, control: Ash, books: AshBooks, precip_mm: Floats) -> None:
        self._folder, self._control, self._books, self._precip_mm = folder, control, books, precip_mm
        self._stack = ExitStack()
        self._writers: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for name, schema in SCHEMAS.items():
                if name not in OPTIONAL or getattr(self._control, OPTIONAL[name]):
                    path = stack.enter_context(replacing(self._folder / f"{name}.parquet"))
                    writer = pq.ParquetWriter(path, schema, compression="zstd")
                    self._writers[name] = stack.enter_context(writer)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def daily(self, block: slice, daily_t: Floats) -> None:
        """Add the days of some fires, for the whole and for each burn class."""
        self._add("daily", self._books.daily_columns(block, daily_t))
        for group in range(len(SEVERITIES)):
            self._add("daily_by_burn_class", self._books.daily_columns(block, daily_t, group))

    def hillslope_days(
        self, rows: Ints, layers: AshLayers, weather: AshWeather, soil_water_mm: Floats, block: slice
    ) -> None:
        """Add every day on which something changed in the ash of some hillslopes."""
        fires = self._books.fires
        for place, row in enumerate(rows):
            for fire in range(block.start, block.stop):
                day = int(fires.day[fire])
                found = traced(layers, weather, place, day, fires.days, self._books.options)
                changed = np.flatnonzero(
                    (found["rain_melt_mm"] > 0) | (found["runoff_mm"] > 0) | (found["wind_t_ha"] > 0)
                )
                at = (day + 1 + changed) % fires.date.size
                self._add(
                    "hillslope_days",
                    {name: values[changed] for name, values in found.items()}
                    | {
                        "topaz_id": np.full(changed.size, self._books.hillslopes["topaz_id"][row]),
                        "fire_year": np.full(changed.size, fires.year[fire]),
                        "date": fires.date[at],
                        "days_from_fire": changed + 1,
                        "precip_mm": self._precip_mm[at],
                        "soil_water_mm": soil_water_mm[place, at],
                    },
                )

    def finish(self, run: Run) -> Metrics:
        """Add what only the whole tells, write the summary, and give the figures that users read first."""
        books, control = self._books, self._control
        self._add("hillslopes", hillslope_columns(books))
        self._add("hillslope_fires", fire_columns(books))
        self._add("annuals", annual_columns(books))
        self._add("cumulatives", cumulative_columns(books))
        periods, means = return_periods(books, control), mean_rows(books, control)
        self._rows("return_periods", periods)
        tables = []
        if control.contaminants:
            own = outside_path(control, "contaminant_table") if control.contaminant_table else None
            run.outside(*([own] if own else []))
            path = own or table_path("contaminants")
            self._rows("contaminants", list(contaminants([*means, *periods], read_contaminants(path), control)))
            tables = [table_version(path)]
        found = summary(books, control, means)
        write_json(self._folder / "summary.json", found)
        for note in found["notes"]:
            run.log(note)
        shown = ("model", "fires", "hillslopes_with_ash", "initial_t", "water_t", "wind_t", "transport_t")
        return {
            **{name: found[name] for name in shown},
            "transport_percent": found["transport_percent"],
            "water_t_by_burn_class": {name: row["water_t"] for name, row in found["by_burn_class"].items()},
            "largest_day_water_t": {
                str(row["return_period_years"]): row["ash_t"]
                for row in periods
                if (row["statistic"], row["kind"]) == ("largest_day", "water")
            },
            "reservoir_share_percent": found["reservoir"]["share_percent"],
            "closure_t_ha_max": found["closure_t_ha_max"],
            "notes": found["notes"],
            "tables": tables,
        }

    def _rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self._add(name, {column: [row.get(column) for row in rows] for column in SCHEMAS[name].names})

    def _add(self, name: str, columns: Mapping[str, Any]) -> None:
        schema = SCHEMAS[name]
        if len(columns[schema.names[0]]):
            arrays = [pa.array(columns[column]).cast(schema.field(column).type) for column in schema.names]
            self._writers[name].write_table(pa.table(arrays, schema=schema))
