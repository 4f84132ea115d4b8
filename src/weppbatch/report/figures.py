"""The figures of one run: its row of the runs table, from records and tables.

Takes a run result; gives every key of RUN_COLUMNS, None where there is no such figure. Formats nothing.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from weppbatch.engines.return_periods import ANNUAL_MAXIMA
from weppbatch.report.columns import PEAK_PERIODS_YEARS, RUN_SCHEMA
from weppbatch.report.results import CANT_READ, RunResult, column
from weppbatch.tasks import graph

Figures = dict[str, Any]
WEPP_KEYS = (
    *("precip_mm_yr", "et_mm_yr", "runoff_mm_yr", "streamflow_mm_yr", "largest_peak_m3_s"),
    *("soil_loss_t_ha_yr", "sediment_yield_t_yr", "sediment_yield_t_ha_yr", "sediment_delivery_ratio"),
    *("closure_mm_max", "averaged_years", "engine"),
)


ASH_KEYS = {
    "ash_initial_t": "initial_t",
    "ash_transport_t": "transport_t",
    "ash_transport_percent": "transport_percent",
    "ash_wind_t": "wind_t",
    "ash_reservoir_percent": "reservoir_share_percent",
}


def run_row(result: RunResult) -> Figures:
    """A run's row."""
    row = dict.fromkeys(RUN_SCHEMA.names) | {
        "runid": result.runid,
        "name": result.name,
        "status": result.state.status,
        "reason": result.state.reason,
        "polygon_area_km2": None if result.polygon_area_m2 is None else result.polygon_area_m2 / 1e6,
        "flags": "; ".join(result.flags),
        "warnings": "; ".join(result.warnings),
        "crs": result.metrics("extent").get("crs"),
        "cell_size_m": result.metrics("dem").get("cell_size_m"),
        "synthetic": "; ".join(task for task in graph.TASKS if is_synthetic(result, task)),
    }
    wepp = result.metrics("wepp")
    row |= {key: wepp.get(key) for key in WEPP_KEYS}
    row |= _peaks(result)
    return row | _ash(result) | _outlet(result) | _shapes(result) | _land(result) | _weather(result) | _work(result)


def is_synthetic(result: RunResult, task: str) -> bool:
    """Whether a task says that a map it read is synthetic."""
    if not result.shows(task):
        return False
    record = result.state.tasks[task].record or {}
    told = any("synthetic" in str(line).lower() for line in record.get("warnings", []))
    return told or bool(result.metrics(task).get("synthetic"))


def burned(disturbed_class: str) -> bool:
    """Whether a disturbed class is one after a fire."""
    return disturbed_class.endswith(" fire")


def _outlet(result: RunResult) -> Figures:
    outlet = result.metrics("outlet")
    basin_m2 = outlet.get("basin_area_m2")
    return {
        "basin_area_km2": None if basin_m2 is None else basin_m2 / 1e6,
        "iou": outlet.get("iou"),
        "outlet_method": outlet.get("method"),
        "conditioning": outlet.get("conditioning"),
        "outlet_moved_m": outlet.get("moved_m"),
        "outlet_longitude_deg": outlet.get("longitude_deg"),
        "outlet_latitude_deg": outlet.get("latitude_deg"),
    }


def _shapes(result: RunResult) -> Figures:
    """What hillslopes and channels come to."""
    figures: Figures = {}
    if result.hillslopes is not None and result.hillslopes.num_rows:
        area_m2 = column(result.hillslopes, "area_m2")
        figures["hillslopes"] = result.hillslopes.num_rows
        figures["hillslope_length_mean_m"] = float(np.mean(column(result.hillslopes, "length_m")))
        figures["hillslope_slope_mean"] = float(
            np.average(column(result.hillslopes, "slope_scalar"), weights=area_m2)
        )
    if result.channels is not None:
        figures["channels"] = result.channels.num_rows
        figures["channel_length_km"] = float(np.sum(column(result.channels, "length_m"))) / 1000.0
    return figures


def _land(result: RunResult) -> Figures:
    """What grows, what burned and what lies below, by the hillslopes' area."""
    figures: Figures = {}
    classes = shares(result, "disturbed_class")
    if classes:
        main = next(iter(classes))
        fires = {name: share for name, share in classes.items() if burned(str(name))}
        figures = {
            "dominant_class": main,
            "dominant_class_share": classes[main],
            "burned_share": sum(fires.values()),
            "high_severity_share": sum(share for name, share in fires.items() if "high sev" in name),
        }
    textures, conductivities = shares(result, "texture"), shares(result, "kslast_mm_h")
    if textures:
        figures["dominant_texture"] = next(iter(textures))
    if conductivities:
        figures["kslast_mm_h"] = next(iter(conductivities))
        figures |= {"kslast_mm_h_min": min(conductivities), "kslast_mm_h_max": max(conductivities)}
    return figures


def shares(result: RunResult, name: str) -> Mapping[Any, float]:
    """The share of the hillslopes' area that each value of a column has, largest first; empty without it."""
    table = result.hillslopes
    if table is None or name not in table.column_names:
        return {}
    areas: dict[Any, float] = {}
    for value, area_m2 in zip(table.column(name).to_pylist(), column(table, "area_m2"), strict=True):
        if value is not None:
            areas[value] = areas.get(value, 0.0) + float(area_m2)
    whole = sum(areas.values())
    return {value: areas[value] / whole for value in sorted(areas, key=lambda value: (-areas[value], str(value)))}


def _weather(result: RunResult) -> Figures:
    climate = result.metrics("climate")
    return {
        "station": climate.get("station"),
        "station_id": climate.get("station_id"),
        "station_distance_km": climate.get("distance_km"),
        "above_station_m": climate.get("watershed_above_station_m"),
        "weather": climate.get("source"),
        "years": climate.get("years"),
    }


def _peaks(result: RunResult) -> Figures:
    """Peak flows by return period, as far as the record is long enough; a table that can't be read is a problem."""
    path = result.wd / "wepp" / "return_periods.parquet"
    if not result.shows("wepp") or not path.exists():
        return {}
    try:
        rows = pq.read_table(path, columns=["quantity", "series", "return_period_years", "value"]).to_pylist()
    except CANT_READ as error:
        result.problems.append(f"peaks by return period can't be read: {error}")
        return {}
    found = {
        row["return_period_years"]: row["value"]
        for row in rows
        if row["quantity"] == "peak_m3_s" and row["series"] == ANNUAL_MAXIMA
    }
    return {f"peak_{years}yr_m3_s": found.get(years) for years in PEAK_PERIODS_YEARS}


def _ash(result: RunResult) -> Figures:
    """What becomes of the ash, by burn class and by return period."""
    ash = result.metrics("watar")
    by_class, by_period = ash.get("water_t_by_burn_class", {}), ash.get("largest_day_water_t", {})
    return {
        **{key: ash.get(name) for key, name in ASH_KEYS.items()},
        **{f"ash_{name}_t": by_class.get(name) for name in ("low", "moderate", "high")},
        **{f"ash_day_{years}yr_t": by_period.get(str(years)) for years in (2, 10, 25)},
    }


def _work(result: RunResult) -> Figures:
    """Time and memory of the tasks that are done."""
    seconds = {f"{task}_s": result.seconds(task) for task in graph.TASKS}
    scenarios = [result.seconds(task) for task in result.state.tasks if graph.scenario_of(task)]
    in_scenarios = [value for value in scenarios if value is not None]
    known = [*(value for value in seconds.values() if value is not None), *in_scenarios]
    records = [state.record for task, state in result.state.tasks.items() if result.has(task) and state.record]
    return {
        "wall_s": sum(known) if known else None,
        "max_rss_mb": max((record["max_rss_mb"] for record in records), default=None),
        "finished_at": max((record["finished_at"] for record in records), default=None),
        **seconds,
        "scenarios_s": sum(in_scenarios) if in_scenarios else None,
    }
