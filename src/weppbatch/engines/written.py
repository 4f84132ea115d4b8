"""What both engines write alike: a hillslope as it is ready, and the outlet at the end."""

import numpy as np

from weppbatch.engines.account import Account
from weppbatch.engines.return_periods import return_periods
from weppbatch.engines.rows import hillslope_row
from weppbatch.engines.schemas import DAILY, DAILY_COLUMNS
from weppbatch.engines.tables import Tables
from weppbatch.engines.watershed import Hillslope
from weppbatch.engines.wet_days import wet_days
from weppbatch.hydrology.channel import Flow
from weppbatch.hydrology.state import HillslopeResult


def write_hillslope(tables: Tables, account: Account, hillslope: Hillslope, result: HillslopeResult) -> None:
    """A hillslope's row, entered into the sums by land use, its wet days, and all days when they are asked for."""
    row = hillslope_row(hillslope, result, account.years)
    account.by_land_use.add(row)
    tables.rows("hillslopes", [row])
    tables.columns("hillslope_wet_days", wet_days(hillslope, result, account.years))
    if tables.daily:
        days = account.years.date.size
        tables.columns(
            DAILY,
            {
                "topaz_id": np.full(days, hillslope.topaz_id, dtype=np.int32),
                "wepp_id": np.full(days, hillslope.wepp_id, dtype=np.int32),
                "date": account.years.date,
                **{name: getattr(result, name) for name in DAILY_COLUMNS},
            },
        )


def write_outlet(tables: Tables, account: Account, outlet: Flow) -> None:
    """The outlet's days, and how often its events come back."""
    daily = account.daily(outlet)
    tables.columns("outlet_daily", daily)
    tables.rows("return_periods", return_periods(daily, account.years, account.watershed.area_m2))
