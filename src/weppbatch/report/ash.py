"""What the page says of ash: what runoff delivers by burn class, and on the largest day by return period.

Takes the rows of the runs table; gives plain values. No markup here.
"""

from collections.abc import Mapping, Sequence

from weppbatch.report.shown import Quantity
from weppbatch.report.tables import Row

BY_CLASS: Mapping[str, str] = {
    "ash_low_t": "low severity",
    "ash_moderate_t": "moderate severity",
    "ash_high_t": "high severity",
}
BY_PERIOD: Mapping[str, str] = {
    "ash_day_2yr_t": "2 years",
    "ash_day_10yr_t": "10 years",
    "ash_day_25yr_t": "25 years",
}


def ash_sums(rows: Sequence[Row]) -> list[tuple[str, Quantity]]:
    """By burn class, what runoff delivers in all watersheds with ash; none without any.

    Days of return periods differ from watershed to watershed, so that they have no sum.
    """
    having = [row for row in rows if row["ash_initial_t"]]
    if not having:
        return []
    return [(label, Quantity(sum(row[key] or 0.0 for row in having), "t")) for key, label in BY_CLASS.items()]
