"""The merged tables: one row a run (runs.parquet, runs.csv), all hillslopes, all channels.

Takes rows and run results one by one and writes to the paths it is given. Finds no figures and lays out no page.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
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

    Its columns are the union of those of all tables, with types that fit all. `places` tells where each run's rows
    are, and as what: `schemas` holds the tables' own. `earlier`: the file of an earlier build, to take rows from.
    `least`: columns that are there in any case.
    """

    def __init__(self, path: Path, earlier: "Earlier | None" = None, least: pa.Schema | None = None) -> None:
        self.path, self.earlier = path, earlier
        self.schema = pa.schema([RUNID, *(least or ())])
        self.schemas: list[pa.Schema] = []
        self.places: dict[str, Place] = {}
        self._writer: pq.ParquetWriter | None = None
        self._groups = 0
        self._portion: list[tuple[str, pa.Table, int]] = []
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._flush()
            writer = self._open()
            writer.add_key_value_metadata(self.metadata())
            writer.close()
        elif self._writer is not None:
            self._writer.close()

    def add(self, runid: str, table: pa.Table) -> None:
        """Append a run's table."""
        table = table.replace_schema_metadata()
        if table.schema not in self.schemas:
            self.schemas.append(table.schema)
            self.schema = merged_schema([self.schema, table.schema])
        number = self.schemas.index(table.schema)
        self.places[runid] = Place(number, self._groups, self._rows, table.num_rows)
        self._portion.append((runid, table, number))
        self._rows += table.num_rows
        if self._rows >= PORTION_ROWS:
            self._flush()

    def keep(self, runid: str) -> None:
        """Append the rows that a run has in the earlier file, where it has any."""
        table = self.earlier.rows(runid) if self.earlier else None
        if table is not None:
            self.add(runid, table)

    def portion(self, table: pa.Table) -> pa.Table:
        """What is written for a portion of the merged table; the same columns at every call."""
        return table

    def metadata(self) -> dict[str, str]:
        """What the file says of itself, once all is written."""
        return {}

    def _open(self) -> pq.ParquetWriter:
        """The writer for the schema as it is now; what was written under a smaller one is written again."""
        wanted = self.portion(self.schema.empty_table()).schema
        if self._writer is not None and self._writer.schema.equals(wanted):
            return self._writer
        narrow = self.path.with_name(f"{self.path.name}.narrow")
        if self._writer is not None:
            self._writer.close()
            self.path.rename(narrow)
        self._writer = pq.ParquetWriter(self.path, wanted, compression="zstd")
        if narrow.exists():
            try:
                with pq.ParquetFile(narrow) as file:
                    for group in range(file.num_row_groups):
                        self._writer.write_table(fitted(file.read_row_group(group), wanted))
            finally:
                narrow.unlink()
        return self._writer

    def _flush(self) -> None:
        """Write a row group: one for each run would make a large file slow to open."""
        if not self._rows:
            self._portion = []
            return
        tables = []
        for _, group in groupby(self._portion, key=itemgetter(2)):
            runids, own, _ = zip(*group, strict=True)
            names = pa.array(runids).take(pa.array(np.repeat(range(len(own)), [part.num_rows for part in own])))
            tables.append(fitted(pa.concat_tables(own).add_column(0, RUNID, names), self.schema))
        self._open().write_table(self.portion(pa.concat_tables(tables)), row_group_size=self._rows)
        self._portion, self._rows = [], 0
        self._groups += 1


class Place(NamedTuple):
    """Where a run's rows lie in a merged file: the number of their own schema, row group, first row, rows."""

    schema: int
    group: int
    first: int
    rows: int


class Earlier:
    """The merged file of an earlier build, whose rows of a run are given as that run added them."""

    def __init__(self, path: Path, schemas: Sequence[pa.Schema], places: Mapping[str, Place]) -> None:
        self.path, self.schemas, self.places = path, schemas, places
        self._group: tuple[int, pa.Table] | None = None

    def rows(self, runid: str) -> pa.Table | None:
        """The rows of a run, None when it has none. Fast when runs are asked for in the order of the file."""
        place = self.places.get(runid)
        if place is None:
            return None
        wanted = self.schemas[place.schema]
        if not place.rows:
            return wanted.empty_table()
        if self._group is None or self._group[0] != place.group:
            with pq.ParquetFile(self.path) as file:
                self._group = place.group, file.read_row_group(place.group)
        return fitted(self._group[1].slice(place.first, place.rows), wanted)


def merged_schema(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """The union of schemas, with types that fit all."""
    return pa.unify_schemas(list(schemas), promote_options="permissive")


def fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with the columns of a schema: those that it lacks null, those that the schema lacks left out."""
    if table.schema.equals(schema):
        return table
    own = set(table.column_names)
    columns = [
        table.column(field.name).cast(field.type) if field.name in own else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
