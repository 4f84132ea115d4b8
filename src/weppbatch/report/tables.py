"""The merged tables: one row a run (runs.parquet, runs.csv), all hillslopes, all channels.

Takes run results one by one and writes to the paths it is given. Formats numbers for people too; lays out no page.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from weppbatch.report.results import RunResult, column
from weppbatch.tasks import graph

Row = dict[str, Any]
RUNID = pa.field("runid", pa.string())


@dataclass(frozen=True)
class Column:
    """A column of the runs table: key in files, head and unit on the page, what it means, digits shown."""

    key: str
    label: str
    type: pa.DataType
    help: str
    unit: str = ""
    digits: int | None = None
    on_page: bool = True
    percent: bool = False

    @property
    def page_unit(self) -> str:
        """The unit on the page, where a ratio may stand in percent."""
        return "%" if self.percent else self.unit

    @property
    def numeric(self) -> bool:
        """Whether it is aligned and sorted as a number."""
        return bool(pa.types.is_floating(self.type) or pa.types.is_integer(self.type))


TEXT, REAL, COUNT = pa.string(), pa.float64(), pa.int64()

RUN_COLUMNS: tuple[Column, ...] = (
    Column("runid", "Run", TEXT, "The run's id, made from the feature's attributes by the batch's template"),
    Column("name", "Name", TEXT, "The feature's own name, as its file has it"),
    Column("status", "State", TEXT, "What the run's records show"),
    Column("reason", "Reason", TEXT, "Why it is in this state", on_page=False),
    Column("polygon_area_km2", "Polygon", REAL, "Geodesic area of the polygon that was given", "km²", 2),
    Column("basin_area_km2", "Basin", REAL, "Area that drains to the outlet on the DEM", "km²", 2),
    Column(
        "iou",
        "Overlap",
        REAL,
        "Intersection over union of polygon and basin; 1 is a perfect fit, below 0.70 the outlet is flagged",
        "",
        2,
    ),
    Column("flags", "Flags", TEXT, "Why the outlet should be looked at"),
    Column("outlet_method", "Outlet by", TEXT, "How the outlet was found"),
    Column("conditioning", "Conditioning", TEXT, "How closed depressions were removed", on_page=False),
    Column("hillslopes", "Hillslopes", COUNT, "Number of hillslopes", "", 0),
    Column("channels", "Channels", COUNT, "Number of channel segments", "", 0),
    Column("channel_length_km", "Channel length", REAL, "Total length of all channels", "km", 1),
    Column(
        "hillslope_length_mean_m",
        "Hillslope length",
        REAL,
        "Mean of the hillslopes' representative lengths, after the length policy",
        "m",
        0,
    ),
    Column(
        "hillslope_slope_mean",
        "Hillslope slope",
        REAL,
        "Mean of the hillslopes' slopes, by area",
        "m/m",
        0,
        percent=True,
    ),
    Column("outlet_longitude_deg", "Outlet longitude", REAL, "WGS84", "°", 5),
    Column("outlet_latitude_deg", "Outlet latitude", REAL, "WGS84", "°", 5),
    Column("crs", "CRS", TEXT, "The system the run was worked in", on_page=False),
    Column("cell_size_m", "Cell", REAL, "Side of a cell", "m", 1, on_page=False),
    Column("wall_s", "Time", REAL, "Time of all tasks, one after the other", "s", 1),
    Column("max_rss_mb", "Memory", REAL, "The largest process of all tasks", "MB", 0),
    Column("warnings", "Warnings", TEXT, "What the tasks said beside their results", on_page=False),
    Column("finished_at", "Finished", TEXT, "When the last of its tasks finished (UTC)", on_page=False),
    *(
        Column(f"{task}_s", spec.label, REAL, f"Time of the task {task}", "s", 1, on_page=False)
        for task, spec in graph.TASKS.items()
    ),
)
RUN_SCHEMA = pa.schema([pa.field(column.key, column.type) for column in RUN_COLUMNS])


def run_row(result: RunResult) -> Row:
    """A run's row: every key of RUN_COLUMNS, None where there is no such figure."""
    outlet, dem = result.metrics("outlet"), result.metrics("dem")
    seconds = {f"{task}_s": result.seconds(task) for task in graph.TASKS}
    known = [value for value in seconds.values() if value is not None]
    records = [state.record for task, state in result.state.tasks.items() if result.has(task) and state.record]
    basin_m2 = outlet.get("basin_area_m2")
    row: Row = {
        "runid": result.runid,
        "name": result.name,
        "status": result.state.status,
        "reason": result.state.reason,
        "polygon_area_km2": result.polygon_area_m2 / 1e6,
        "basin_area_km2": None if basin_m2 is None else basin_m2 / 1e6,
        "iou": outlet.get("iou"),
        "flags": "; ".join(result.flags),
        "outlet_method": outlet.get("method"),
        "conditioning": outlet.get("conditioning"),
        "outlet_longitude_deg": outlet.get("longitude_deg"),
        "outlet_latitude_deg": outlet.get("latitude_deg"),
        "crs": result.metrics("extent").get("crs"),
        "cell_size_m": dem.get("cell_size_m"),
        "wall_s": sum(known) if known else None,
        "max_rss_mb": max((record["max_rss_mb"] for record in records), default=None),
        "warnings": "; ".join(result.warnings),
        "finished_at": max((record["finished_at"] for record in records), default=None),
    }
    return dict.fromkeys(RUN_SCHEMA.names) | row | seconds | _shape_figures(result)


def _shape_figures(result: RunResult) -> Row:
    """What hillslopes and channels come to."""
    figures: Row = {}
    if result.hillslopes is not None and result.hillslopes.num_rows:
        area_m2 = column(result.hillslopes, "area_m2")
        figures["hillslopes"] = result.hillslopes.num_rows
        figures["hillslope_length_mean_m"] = float(np.mean(column(result.hillslopes, "length_m")))
        figures["hillslope_slope_mean"] = float(
            np.average(column(result.hillslopes, "slope_scalar"), weights=area_m2)
        )
    if result.channels is not None:
        figures["channels"] = result.channels.num_rows
        figures["channel_length_km"] = float(np.sum(column(result.channels, "length_m"))) / 1000.0
    return figures


def write_runs_parquet(path: Path, rows: Sequence[Row]) -> None:
    """One row a run, with units in the fields' metadata."""
    fields = [
        pa.field(column.key, column.type, metadata={"unit": column.unit, "description": column.help})
        for column in RUN_COLUMNS
    ]
    pq.write_table(pa.Table.from_pylist(list(rows), schema=pa.schema(fields)), path)


def write_runs_csv(path: Path, rows: Sequence[Row]) -> None:
    """The same as CSV (UTF-8); no figure is an empty cell.

    A text that a spreadsheet would take for a formula gets a leading apostrophe.
    """
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, RUN_SCHEMA.names)
        writer.writeheader()
        for row in rows:
            writer.writerow({key: _csv_cell(value) for key, value in row.items()})


def _csv_cell(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return float(f"{value:.10g}") if isinstance(value, float) else value


class MergedTable:
    """A Parquet file to which runs add their tables, each row with its runid; only one run is in memory.

    `schemas`: those of all tables to come; columns are their union, with types that fit all.
    """

    def __init__(self, path: Path, schemas: Iterable[pa.Schema]) -> None:
        self.schema = merged_schema(schemas)
        self._writer = pq.ParquetWriter(path, self.schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def add(self, runid: str, table: pa.Table) -> pa.Table:
        """Append a run's table and return it as it stands in the merged one."""
        merged = with_runid(runid, table, self.schema)
        self._writer.write_table(merged)
        return merged


def merged_schema(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """The union of schemas, with runid before it."""
    return pa.unify_schemas([pa.schema([RUNID]), *schemas], promote_options="permissive")


def with_runid(runid: str, table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A run's table in the merged schema: runid first, columns that it lacks null."""
    columns = []
    for wanted in schema:
        if wanted.name == "runid":
            columns.append(pa.array([runid] * table.num_rows, wanted.type))
        elif wanted.name in table.column_names:
            columns.append(table.column(wanted.name).cast(wanted.type))
        else:
            columns.append(pa.nulls(table.num_rows, wanted.type))
    return pa.table(columns, schema=schema)


def shown(value: object, digits: int | None = None) -> str:
    """A value for people: thousands apart, a fixed number of decimals, '' for nothing."""
    if value is None or value == "" or (isinstance(value, float) and not np.isfinite(value)):
        return ""
    if isinstance(value, int | float) and digits is not None:
        return f"{value:,.{digits}f}".replace("-", "−")
    return str(value)


def shown_seconds(value: float | None) -> str:
    """A duration for people: 0.34 s, 4.2 s, 75 s, 12 min, 3 h 20 min."""
    if value is None:
        return ""
    if value < 1:
        return f"{value:.2f} s"
    if value < 9.95:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def shown_bytes(value: float) -> str:
    """A file size for people, in decimal units."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
