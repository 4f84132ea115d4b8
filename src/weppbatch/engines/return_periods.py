"""How large the events of a watershed are that come back every so many years, after Weibull.

In: the daily series at the outlet. Out: rows of the table return_periods. No distribution is fitted: what the
record is too short for is left out.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from weppbatch.engines.years import Years
from weppbatch.hydrology.state import Floats

RETURN_PERIODS_YEARS = (2, 5, 10, 20, 25, 50, 100)
ANNUAL_MAXIMA, COMPLETE = "annual_maxima", "complete"


def return_periods(daily: Mapping[str, Any], years: Years, area_m2: float) -> list[Mapping[str, Any]]:
    """The rows for daily precipitation, runoff, streamflow, peak and sediment; `daily`: columns of outlet_daily."""
    quantities = {
        "precip_mm": daily["precip_mm"],
        "runoff_mm": daily["runoff_m3"] / area_m2 * 1000.0,
        "streamflow_mm": daily["streamflow_mm"],
        "peak_m3_s": daily["peak_m3_s"],
        "sediment_t": daily["sediment_kg"] / 1000.0,
    }
    date = years.date[years.counted]
    rows: list[Mapping[str, Any]] = []
    for quantity, whole in quantities.items():
        series = whole[years.counted]
        for name, (values, dates) in {
            ANNUAL_MAXIMA: annual_maxima(series, date),
            COMPLETE: (series, date),
        }.items():
            for period, value, when in of_series(values, dates, years.averaged):
                rows.append(
                    {
                        "quantity": quantity,
                        "series": name,
                        "return_period_years": period,
                        "value": value,
                        "date": when.astype(object),
                    }
                )
    return rows


def annual_maxima(series: Floats, date: npt.NDArray[np.datetime64]) -> tuple[Floats, npt.NDArray[np.datetime64]]:
    """The largest of each calendar year, with its day."""
    year = date.astype("datetime64[Y]")
    starts = np.flatnonzero(np.append(True, year[1:] != year[:-1]))
    largest = [
        start + int(np.argmax(part)) for start, part in zip(starts, np.split(series, starts[1:]), strict=True)
    ]
    return series[largest], date[largest]


def of_series(
    values: Floats, date: npt.NDArray[np.datetime64], years: int
) -> list[tuple[float, float, np.datetime64]]:
    """Return period, value, and the day of the nearest event, for the periods that the record is long enough for.

    Weibull (1939): the event of rank r among n in `years` years is exceeded with the probability r / (n + 1), and
    so comes back every (n + 1) / r x years / n years. Between ranks the value is interpolated over probability.
    """
    n = values.size
    order = np.argsort(-values, kind="stable")
    found = []
    for period in RETURN_PERIODS_YEARS:
        rank = (n + 1) * years / (n * period)
        if 1.0 <= rank <= n:
            value = np.interp(rank, np.arange(1, n + 1), values[order])
            found.append((float(period), float(value), date[order[round(rank) - 1]]))
    return found
