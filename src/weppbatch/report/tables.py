"""The merged tables: one row a run (runs.parquet, runs.csv), all hillslopes, all channels.

Takes rows and run results one by one and writes to the paths it is given. Finds no figures and lays out no page.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from weppbatch.report.columns import RUN_COLUMNS, RUN_SCHEMA

Row = Mapping[str, Any]
RUNID = pa.field("runid", pa.string())
PORTION_ROWS = 50_000


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
    """A Parquet file to which runs add their tables, each row with its runid; only a portion is in memory.

    `schemas`: those of all tables to come; columns are their union, with types that fit all.
    """

    def __init__(self, path: Path, schemas: Iterable[pa.Schema]) -> None:
        self.schema = merged_schema(schemas)
        self._writer = pq.ParquetWriter(path, self.schema)
        self._portions: list[pa.Table] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flush()
        self._writer.close()

    def add(self, runid: str, table: pa.Table) -> pa.Table:
        """Append a run's table and return it as it stands in the merged one."""
        merged = with_runid(runid, table, self.schema)
        self._portions.append(merged)
        if sum(portion.num_rows for portion in self._portions) >= PORTION_ROWS:
            self._flush()
        return merged

    def _flush(self) -> None:
        """Write a row group: one for each run would make a large file slow to open."""
        if self._portions:
            self._writer.write_table(pa.concat_tables(self._portions))
        self._portions = []


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
