"""Writes the result tables of a watershed: each streams to one Parquet file.

Rows come in element by element and leave memory by row group. What the figures mean is said in
docs/watershed-engine.md; nothing is computed here. `hillslope_daily` is written only when it is asked for.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from weppbatch.engines.schemas import DAILY, SCHEMAS
from weppbatch.files import replacing

ROWS_IN_A_GROUP = 65_536
ROWS_AT_ONCE = 1000  # of rows of plain values, which are dear to convert one by one
# Daily figures repeat little but their zeros: a dictionary costs time and saves nothing.
DAILY_ENCODING: Mapping[str, Any] = {"compression": "lz4", "use_dictionary": ["topaz_id", "wepp_id"]}


FILES = tuple(f"{name}.parquet" for name in SCHEMAS if name != DAILY)


class Tables:
    """A context in which the tables are written; they appear, whole, when it ends without an error.

    `daily`: whether every hillslope's days are written too.
    """

    def __init__(self, folder: Path, *, daily: bool = False) -> None:
        self.daily = daily
        self._folder = folder
        self._stack = ExitStack()
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._names = tuple(name for name in SCHEMAS if daily or name != DAILY)
        self._rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in self._names}
        self._waiting: dict[str, list[pa.Table]] = {name: [] for name in self._names}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for name in self._names:
                path = stack.enter_context(replacing(self._folder / f"{name}.parquet"))
                how = DAILY_ENCODING if name == DAILY else {"compression": "zstd"}
                writer = pq.ParquetWriter(path, SCHEMAS[name], **how)
                self._writers[name] = stack.enter_context(writer)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            for name in self._names:
                self._flush(name)
        self._stack.__exit__(kind, error, trace)

    def rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows of plain values; every column must be there."""
        self._rows[name] += rows
        if len(self._rows[name]) >= ROWS_AT_ONCE:
            self._take_rows(name)

    def _take_rows(self, name: str) -> None:
        """Make a table of the rows that came since the last."""
        rows, schema = self._rows[name], SCHEMAS[name]
        self._rows[name] = []
        if rows:
            columns = {column: [row[column] for row in rows] for column in schema.names}
            self._add(name, pa.table(columns, schema=schema))

    def columns(self, name: str, columns: Mapping[str, Any]) -> None:
        """Add many rows as arrays by column; every column must be there, of its own type or one that converts."""
        schema = SCHEMAS[name]
        self._add(name, pa.table([_array(columns[field.name], field.type) for field in schema], schema))

    def _add(self, name: str, table: pa.Table) -> None:
        self._waiting[name].append(table)
        if sum(part.num_rows for part in self._waiting[name]) >= ROWS_IN_A_GROUP:
            self._write(name)

    def _flush(self, name: str) -> None:
        self._take_rows(name)
        self._write(name)

    def _write(self, name: str) -> None:
        if self._waiting[name]:
            self._writers[name].write_table(pa.concat_tables(self._waiting[name]).combine_chunks())
            self._waiting[name] = []


def _array(values: Any, type_: pa.DataType) -> pa.Array:
    """An Arrow array of a type; NumPy converts numbers faster than Arrow casts them."""
    if isinstance(values, pa.Array):
        return values
    if pa.types.is_floating(type_) and isinstance(values, np.ndarray) and values.dtype.kind == "f":
        return pa.array(values.astype(type_.to_pandas_dtype(), copy=False))
    return pa.array(values).cast(type_)
