"""What the page says of ash: what runoff delivers by burn class, and on the largest day by return period.

Takes the rows of the runs table; gives plain values. No markup here.
"""

from collections.abc import Mapping, Sequence

from weppbatch.report.scenarios import MOST_ROWS, Cell
from weppbatch.report.shown import shown_short
from weppbatch.report.tables import Row

BY_CLASS: Mapping[str, str] = {
    "ash_low_t": "low severity",
    "ash_moderate_t": "moderate",
    "ash_high_t": "high severity",
}
BY_PERIOD: Mapping[str, str] = {
    "ash_day_2yr_t": "2 years",
    "ash_day_10yr_t": "10 years",
    "ash_day_25yr_t": "25 years",
}


def ash_rows(rows: Sequence[Row]) -> list[tuple[str, list[Cell | None]]]:
    """By run with ash, of the first MOST_ROWS, and first for all: a cell for each burn class and return period.

    Bars are in percent of the largest of the group in the row. Days of return periods differ from watershed to
    watershed, so that all have no sum.
    """
    having = [row for row in rows if row["ash_initial_t"]]
    found = [(str(row["runid"]), [*_cells(row, BY_CLASS), *_cells(row, BY_PERIOD)]) for row in having[:MOST_ROWS]]
    if len(having) > 1:
        sums = {key: sum(row[key] or 0.0 for row in having) for key in BY_CLASS}
        found.insert(0, ("", [*_cells(sums, BY_CLASS), *([None] * len(BY_PERIOD))]))
    return found


def _cells(row: Mapping[str, float | None], keys: Mapping[str, str]) -> list[Cell | None]:
    values = [row[key] for key in keys]
    most = max((value for value in values if value is not None), default=0.0) or 1.0
    return [
        None if value is None else Cell(shown_short(value), round(100.0 * value / most, 1), "") for value in values
    ]
