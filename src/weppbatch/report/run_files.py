"""The files of one run that its page reads, each noted as it is read, so that a section can name where it
comes from.

Reads; knows no section.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from weppbatch.files import read_json


class RunFiles:
    """Reads files of a run's folder; `read`: the names of those that were read, in order."""

    def __init__(self, wd: Path) -> None:
        self.wd = wd
        self.read: dict[str, None] = {}

    def table(self, name: str, columns: Sequence[str] | None = None, filters: Any = None) -> pa.Table:
        """A Parquet table, or some of its columns and rows. Raises OSError, ArrowInvalid, or KeyError for a column
        that it lacks."""
        schema = pq.read_schema(self.wd / name)
        missing = [column for column in columns or () if column not in schema.names]
        if missing:
            raise KeyError(f"{name} has no column {', '.join(missing)}")
        found = pq.read_table(self.wd / name, columns=None if columns is None else list(columns), filters=filters)
        self.read[name] = None
        return found

    def json(self, name: str) -> Any:
        """A JSON file's content. Raises FileNotFoundError and InputError."""
        found = read_json(self.wd / name)
        self.read[name] = None
        return found

    def has(self, name: str) -> bool:
        """Whether the run has a file."""
        return (self.wd / name).exists()
