"""Task omni: a run's scenarios side by side with the run itself, as long tables.

Reads what the task wepp and the tasks of the scenarios made; simulates nothing. Legal without any scenario.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from weppbatch.files import read_json, replacing, write_json
from weppbatch.nodb.disturbed import Disturbed
from weppbatch.nodb.omni import Omni
from weppbatch.nodb.scenario_names import BASE, base_of
from weppbatch.tasks.chain import FOLDER, chain, scenario_of
from weppbatch.tasks.contrasts import Contrasts, ranking
from weppbatch.tasks.run import Metrics, Run

KEYS: Mapping[str, str] = {
    "precip_mm_yr": "mm/yr",
    "runoff_mm_yr": "mm/yr",
    "lateral_mm_yr": "mm/yr",
    "baseflow_mm_yr": "mm/yr",
    "percolation_mm_yr": "mm/yr",
    "et_mm_yr": "mm/yr",
    "streamflow_mm_yr": "mm/yr",
    "streamflow_m3_yr": "m³/yr",
    "runoff_days_yr": "days/yr",
    "largest_peak_m3_s": "m³/s",
    "soil_loss_t_yr": "t/yr",
    "soil_loss_t_ha_yr": "t/ha/yr",
    "hillslope_yield_t_yr": "t/yr",
    "channel_detached_t_yr": "t/yr",
    "channel_deposited_t_yr": "t/yr",
    "sediment_yield_t_yr": "t/yr",
    "sediment_yield_t_ha_yr": "t/ha/yr",
    "sediment_delivery_ratio": "1",
}
SHOWN = ("runoff_mm_yr", "largest_peak_m3_s", "soil_loss_t_ha_yr", "sediment_yield_t_yr", "sediment_yield_t_ha_yr")
OF_HILLSLOPES = (
    *("runoff_mm_yr", "lateral_mm_yr", "et_mm_yr", "soil_loss_t_yr", "soil_loss_t_ha_yr"),
    *("sediment_yield_t_yr", "sediment_yield_t_ha_yr"),
)
SCENARIOS_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("scenario", "key")),
        ("value", pa.float64()),
        ("unit", pa.string()),
        *((name, pa.float64()) for name in ("difference", "difference_percent")),
        ("rests_on", pa.string()),
        *((name, pa.float64()) for name in ("effect", "effect_percent")),
    ]
)
"""difference: against the run itself; effect: against what the scenario rests on."""


def run(run: Run) -> Metrics:
    """Put the scenarios beside each other, the run itself first."""
    burned = bool(run.control(Disturbed).sbs_map)
    names = [scenario_of(task) for task in chain(run.control(Omni).names(burned=burned)).tasks if scenario_of(task)]
    folders = {BASE: "wepp"} | {name: f"{FOLDER}/{name}/wepp" for name in names}
    values = {name: read_json(run.input(f"{folder}/summary.json")) for name, folder in folders.items()}
    rows = [row for name in folders for row in _rows(name, _rests_on(name, folders), values)]
    columns = {name: [row[name] for row in rows] for name in SCENARIOS_SCHEMA.names}
    with replacing(run.output("omni/scenarios.parquet")) as temporary:
        pq.write_table(pa.table(columns, schema=SCENARIOS_SCHEMA), temporary)
    hillslopes = _hillslopes(run, folders)
    pairs = {name: str(_rests_on(name, folders)) for name in folders if name != BASE}
    contrasts, treated = Contrasts(run, folders).tables()
    for name, table in {
        "hillslope_summaries": hillslopes,
        "ranking": ranking(hillslopes, pairs),
        "contrasts": contrasts,
        "contrast_hillslopes": treated,
    }.items():
        with replacing(run.output(f"omni/{name}.parquet")) as temporary:
            table.to_parquet(temporary, index=False)
    shown = {
        name: {"rests_on": _rests_on(name, folders)} | {key: values[name][key] for key in SHOWN} for name in folders
    }
    yields = contrasts[contrasts["key"] == "sediment_yield_t_yr"].astype(object)
    routed = yields.where(yields.notna(), None).to_dict("records")
    write_json(run.output("omni/summary.json"), {"scenarios": shown, "contrasts": routed})
    return {"scenarios": shown, "contrasts": routed}


def _rests_on(name: str, there: Mapping[str, str]) -> str | None:
    """What a scenario is to be measured by: the scenario that it rests on, else the run itself."""
    if name == BASE:
        return None
    base = base_of(name)
    return base if base in there else BASE


def _rows(name: str, rests_on: str | None, values: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """A scenario's figures in the long form, with what sets them off."""
    for key, unit in KEYS.items():
        value = values[name][key]
        row = {"scenario": name, "key": key, "value": value, "unit": unit, "rests_on": rests_on}
        for column, other in (("difference", BASE), ("effect", rests_on)):
            less = None if other is None else values[other][key]
            row |= dict(zip((column, f"{column}_percent"), _change(value, less), strict=True))
        yield row


def _change(value: float | None, other: float | None) -> tuple[float | None, float | None]:
    """How much more a value is than another, and in percent of that."""
    if value is None or other is None:
        return None, None
    return value - other, 100.0 * (value - other) / other if other else None


def _hillslopes(run: Run, folders: Mapping[str, str]) -> pd.DataFrame:
    """The figures of every hillslope in every scenario, with what sets them off from the run itself."""
    columns = ["topaz_id", "wepp_id", "disturbed_class", "burn_class", "area_m2", *OF_HILLSLOPES]
    base = pd.read_parquet(run.input(f"{folders[BASE]}/hillslopes.parquet"), columns=columns)
    parts = []
    for name, folder in folders.items():
        part = base if name == BASE else pd.read_parquet(run.input(f"{folder}/hillslopes.parquet"), columns=columns)
        part = part.set_index("topaz_id").loc[base["topaz_id"]].reset_index()
        part.insert(0, "scenario", name)
        for key in ("runoff_mm_yr", "soil_loss_t_yr", "sediment_yield_t_yr"):
            part[f"{key}_difference"] = part[key] - base[key]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
