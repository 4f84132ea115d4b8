"""Where a soil survey's rows come from: CSV, Parquet, or SQLite with the tables of SSURGO and gNATSGO.

In: a file, and the map units that are wanted. Out: rows of text by column, those of the map units. What they mean
is for soil_survey to say.
"""

import sqlite3
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from weppbatch.errors import InputError
from weppbatch.tasks.tables import Cells, read_cells

PARQUET = (".parquet", ".pq")
SQLITE = (".sqlite", ".sqlite3", ".db", ".gpkg")
MANY = 500  # map units of one query; SQLite takes at least 999 parameters


def survey_cells(path: Path, mukeys: Collection[int] | None = None) -> Cells:
    """The rows of a table, as text; a null is empty. Of Parquet and SQLite the first row counts as line 1.

    Of SQLite only those of `mukeys` are read, which a survey of a country has millions of. Raises InputError.
    """
    suffix = path.suffix.lower()
    if suffix not in (*PARQUET, *SQLITE):
        return read_cells(path)
    if not path.is_file():
        raise InputError(f"the table {path} is not there")
    try:
        records = _of_sqlite(path, mukeys) if suffix in SQLITE else pd.read_parquet(path).to_dict("records")
    except (OSError, ValueError, sqlite3.Error) as error:
        raise InputError(f"the table {path} can't be read: {error}", hint="save it as Parquet or CSV") from error
    return [
        (number, {str(name): "" if pd.isna(value) else str(value).strip() for name, value in row.items()})
        for number, row in enumerate(records, 1)
    ]


def _of_sqlite(path: Path, mukeys: Collection[int] | None) -> list[dict[Any, Any]]:
    """The rows of a table with all columns, or of component and chorizon, with mapunit's names, joined.

    Raises InputError when it has neither.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        names = [
            row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        ]
        tables = {name.lower(): _columns(connection, name) for name in names}
        flat = [name for name, has in tables.items() if "mukey" in has and has & {"hzdepb_r", "texture"}]
        if flat:
            source = f'SELECT * FROM "{flat[0]}" AS c'
        elif {"component", "chorizon"} <= tables.keys():
            name = "m.muname" if "muname" in tables.get("mapunit", ()) else "''"
            units = "LEFT JOIN mapunit AS m ON m.mukey = c.mukey" if name != "''" else ""
            source = (
                f"SELECT h.*, c.mukey, c.cokey, c.comppct_r, {name} AS muname FROM component AS c "
                f"JOIN chorizon AS h ON h.cokey = c.cokey {units}"
            )
        else:
            raise InputError(
                f"{path} has no tables component and chorizon, and none with mukey and hzdepb_r",
                hint=f"it has {', '.join(sorted(tables)) or 'no table at all'}",
            )
        wanted = None if mukeys is None else sorted(mukeys)
        parts = [None] if wanted is None else [wanted[i : i + MANY] for i in range(0, len(wanted), MANY)]
        found = []
        for part in parts:
            where = "" if part is None else f" WHERE c.mukey IN ({', '.join('?' * len(part))})"
            found += connection.execute(source + where, part or []).fetchall()
    finally:
        connection.close()
    return [{key.lower(): row[key] for key in row.keys()} for row in found]  # noqa: SIM118 (a Row's values iterate)


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    """The names of a table's columns, in small letters."""
    return {row["name"].lower() for row in connection.execute(f'PRAGMA table_info("{table}")')}
