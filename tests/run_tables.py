"""The tables that a finished run's own page reads, small and with a water balance that closes by construction."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from report_batch import simulate, succeed
from weppbatch.engines.schemas import SCHEMAS
from weppbatch.files import write_json

FIRST, YEARS, WARM_UP, AREA_M2 = date(2001, 1, 1), 4, 1, 2.0e6
OUTLET = 24


def days() -> pa.Table:
    """Four years of days: random rain and flows; what is left goes into the soil."""
    chance = np.random.default_rng(8)
    date_ = np.arange(np.datetime64(FIRST), np.datetime64(date(FIRST.year + YEARS, 1, 1)))
    count, mm = date_.size, AREA_M2 / 1000.0
    precip = np.where(chance.random(count) < 0.2, chance.gamma(1.0, 12.0, count), 0.0)
    et, deep = chance.random(count) * 2.0, np.full(count, 0.02)
    runoff, lateral, channels = 0.3 * np.maximum(precip - 10.0, 0.0), 0.05 * precip, 0.001 * precip
    baseflow = np.full(count, 0.1)
    streamflow = runoff + lateral + baseflow + channels
    soil = 500.0 + np.cumsum(precip - et - deep - streamflow)
    columns = dict.fromkeys(SCHEMAS["outlet_daily"].names[1:], np.zeros(count)) | {
        "precip_mm": precip,
        "et_mm": et,
        "deep_loss_mm": deep,
        "soil_water_mm": soil,
        "runoff_m3": runoff * mm,
        "lateral_m3": lateral * mm,
        "baseflow_m3": baseflow * mm,
        "rain_on_channels_m3": channels * mm,
        "streamflow_m3": streamflow * mm,
        "streamflow_mm": streamflow,
        "peak_m3_s": runoff,
        "sediment_kg": 100.0 * runoff**1.5,
    }
    return pa.table({"date": date_, **columns}).cast(SCHEMAS["outlet_daily"])


def events(daily: pa.Table) -> pa.Table:
    """The outlet's days of runoff, and one large event of a hillslope that is none of the outlet's."""
    rows = [
        {"kind": "channel", "topaz_id": OUTLET, "date": row["date"], "precip_mm": row["precip_mm"]}
        | {"runoff_mm": row["runoff_m3"] / AREA_M2 * 1000.0, "runoff_m3": row["runoff_m3"]}
        | {"peak_m3_s": row["peak_m3_s"], "sediment_kg": row["sediment_kg"]}
        for row in daily.to_pylist()
        if row["runoff_m3"] > 0
    ]
    rows.append({"kind": "hillslope", "topaz_id": 21, "date": FIRST, "sediment_kg": 1e9})
    names = SCHEMAS["events"].names
    columns = {name: [row.get(name) for row in rows] for name in names}
    columns["kind"] = pa.array(columns["kind"]).dictionary_encode().cast(SCHEMAS["events"].field("kind").type)
    return pa.table(columns, schema=SCHEMAS["events"])


def complete(batch: Path, runid: str) -> pa.Table:
    """Give a run with terrain all that its page can show of WEPP; returns its days."""
    simulate(batch, runid)
    wd = batch / "runs" / runid
    daily = days()
    pq.write_table(daily, wd / "wepp" / "outlet_daily.parquet")
    pq.write_table(events(daily), wd / "wepp" / "events.parquet")
    channels = pq.read_table(wd / "wepp" / "channels.parquet")
    at = channels.schema.get_field_index("is_outlet")
    pq.write_table(channels.set_column(at, "is_outlet", pa.array([True])), wd / "wepp" / "channels.parquet")
    periods = [
        {"quantity": quantity, "series": series, "return_period_years": years, "value": value * years}
        | {"date": FIRST}
        for quantity, value in {"peak_m3_s": 3.26, "runoff_mm": 7.5, "sediment_t": 11.5}.items()
        for series in ("annual_maxima", "complete")
        for years in (2.0, 5.0)
    ]
    pq.write_table(pa.Table.from_pylist(periods, SCHEMAS["return_periods"]), wd / "wepp" / "return_periods.parquet")
    summary = {"area_ha": AREA_M2 / 1e4, "years": YEARS, "averaged_years": YEARS - WARM_UP, "closure_mm_max": 3e-9}
    write_json(wd / "wepp" / "summary.json", summary)
    return daily


def compare(batch: Path, runid: str) -> None:
    """Give a run two scenarios, of which the second rests on the first."""
    wd = batch / "runs" / runid
    values = {"base": (4.0, None), "uniform_high": (8.0, "base"), "mulch_60_uniform_high": (2.0, "uniform_high")}
    rows = [
        {"scenario": name, "key": key, "value": value, "unit": "t/ha/yr", "rests_on": rests_on}
        | {"difference_percent": 100.0 * (value - 4.0) / 4.0 if rests_on else None}
        | {"effect_percent": 100.0 * (value - values[rests_on][0]) / values[rests_on][0] if rests_on else None}
        for name, (value, rests_on) in values.items()
        for key in ("sediment_yield_t_ha_yr", "runoff_mm_yr")
    ]
    (wd / "omni").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), wd / "omni" / "scenarios.parquet")
    succeed(batch, runid, "omni", metrics={}, warnings=[])
