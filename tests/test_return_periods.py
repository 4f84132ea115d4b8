"""Return periods after Weibull: known ranks, and what a record is too short for."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wepp_watershed import climate, watershed
from weppbatch.engines.embedded import Embedded
from weppbatch.engines.protocol import WatershedOptions
from weppbatch.engines.return_periods import RETURN_PERIODS_YEARS, annual_maxima, of_series, return_periods
from weppbatch.engines.tables import Tables
from weppbatch.engines.years import Years


def days(first, last):
    return np.arange(first, np.datetime64(last) + 1, dtype="datetime64[D]")


def test_the_rank_of_a_return_period_is_weibulls():
    dates = np.array([f"{2000 + year}-02-01" for year in range(9)], dtype="datetime64[D]")
    values = np.array([3.0, 9.0, 1.0, 7.0, 5.0, 8.0, 2.0, 6.0, 4.0])
    found = {period: (value, when) for period, value, when in of_series(values, dates, 9)}
    assert found[10.0] == (9.0, np.datetime64("2001-02-01")), "(9 + 1) / 1: the largest of nine years"
    assert found[5.0] == (8.0, np.datetime64("2005-02-01")), "(9 + 1) / 2"
    assert found[2.0][0] == 5.0, "(9 + 1) / 5"
    assert set(found) == {2.0, 5.0, 10.0}, "nine years know nothing of the twenty-year event"


def test_between_ranks_the_value_is_interpolated():
    values = np.array([10.0, 20.0, 40.0, 30.0])
    dates = days("2000-06-01", "2000-06-04")
    assert of_series(values, dates, 4)[0][:2] == (2.0, 25.0), "rank 2.5 lies between 30 and 20"


def test_each_year_gives_its_largest_day_and_the_complete_series_every_day():
    date = days("2001-12-30", "2002-01-03")
    values, when = annual_maxima(np.array([1.0, 5.0, 2.0, 7.0, 3.0]), date)
    assert values.tolist() == [5.0, 7.0] and when.tolist() == days("2001-12-31", "2002-01-02")[[0, 2]].tolist()


@pytest.fixture
def hundred_years():
    return days("1901-01-01", "2000-12-31")


def rows_of(date, precip, warm_up=0):
    years = Years(date, date >= np.datetime64(f"{1901 + warm_up}-01-01"), 1901, 100, 100 - warm_up)
    other = np.zeros(date.size)
    daily = {
        "precip_mm": precip,
        "runoff_m3": other,
        "streamflow_mm": other,
        "peak_m3_s": other,
        "sediment_kg": other,
    }
    rows = return_periods(daily, years, 1e6)
    return {(row["quantity"], row["series"], row["return_period_years"]): row for row in rows}


def test_a_hundred_years_reach_the_hundred_year_event_in_both_series(hundred_years):
    precip = np.zeros(hundred_years.size)
    for year in range(100):  # two storms a year, of 1000 - year and 500 - year mm
        first = int(np.searchsorted(hundred_years, np.datetime64(f"{1901 + year}-03-01")))
        precip[first], precip[first + 40] = 1000.0 - year, 500.0 - year
    found = rows_of(hundred_years, precip)
    assert {key[2] for key in found} == set(RETURN_PERIODS_YEARS)
    assert found["precip_mm", "annual_maxima", 100.0]["value"] == pytest.approx(1000.0 - 0.01)
    assert found["precip_mm", "annual_maxima", 100.0]["date"].isoformat() == "1901-03-01"
    assert found["precip_mm", "annual_maxima", 2.0]["value"] == pytest.approx(1000.0 - 49.5)
    assert found["precip_mm", "complete", 2.0]["value"] == pytest.approx(1000.0 - 49.0, abs=0.01)
    assert ("sediment_t", "annual_maxima", 2.0) in found, "a quantity that never comes is 0, not left out"


def test_years_of_warm_up_do_not_count(hundred_years):
    precip = np.zeros(hundred_years.size)
    precip[10] = 900.0  # in the first year
    with_it, without = rows_of(hundred_years, precip), rows_of(hundred_years, precip, warm_up=1)
    key = ("precip_mm", "annual_maxima", 50.0)
    assert with_it[key]["value"] == 0.0 and without[key]["value"] == 0.0
    assert with_it["precip_mm", "annual_maxima", 100.0]["value"] > 0
    assert ("precip_mm", "annual_maxima", 100.0) in without, "of 99 years, the largest comes back every 100"
    assert without["precip_mm", "annual_maxima", 100.0]["value"] == 0.0


def test_the_table_agrees_with_the_outlets_days(tmp_path):
    found = watershed(climate(6))
    with Tables(tmp_path) as tables:
        Embedded().run(found, replace(WatershedOptions(), warm_up_years=1), tables)
    table, daily = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("return_periods", "outlet_daily"))
    counted = daily[pd.to_datetime(daily.date).dt.year > 2001]
    row = table[
        (table.quantity == "peak_m3_s") & (table.series == "annual_maxima") & (table.return_period_years == 5)
    ]
    largest = counted.groupby(pd.to_datetime(counted.date).dt.year).peak_m3_s.max().sort_values(ascending=False)
    assert row.value.item() == pytest.approx(largest.iloc[0] * 0.8 + largest.iloc[1] * 0.2)
    assert set(table.quantity) == {"precip_mm", "runoff_mm", "streamflow_mm", "peak_m3_s", "sediment_t"}
