"""What a scenario makes of a run's land use: another fire or none, a prescribed fire, thinning, mulch.

In: the land use of the run, or of the scenario that one rests on. Out: the scenario's own, with the same columns,
and `treatment` and `soil_class` beside them. Where each figure comes from is told in docs/tasks/omni.md.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from weppbatch.files import replacing
from weppbatch.nodb.disturbed import Disturbed
from weppbatch.nodb.omni import Scenario
from weppbatch.tasks.chain import FOLDER
from weppbatch.tasks.landuse import TABLE, Maps, burning, cover, keys_of
from weppbatch.tasks.parameters import COVER_COLUMNS, ClassCover, class_covers, land_covers
from weppbatch.tasks.run import Run
from weppbatch.terrain.burn_severity import SEVERITIES
from weppbatch.terrain.zonal import read_zones

SEVERITY_OF = {
    "uniform_low": "low",
    "uniform_moderate": "moderate",
    "uniform_high": "high",
    "undisturbed": "unburned",
}
# Thinned forest is young forest but for its covers: wepppy's Thinning_*.man against its Young_Forest.man, and one
# row for both in disturbed_land_soil_lookup.csv. The keys are WEPPcloud's, by canopy and ground cover.
THINNED_AS = "young forest"
THINNED = "forest thinning"
THINNING_KEYS: Mapping[tuple[int, int], int] = {
    **{(40, 93): 115, (40, 90): 116, (40, 85): 117, (40, 75): 124},
    **{(65, 93): 128, (65, 90): 127, (65, 85): 126, (65, 75): 125},
}
TONS_AN_ACRE: Mapping[int, float] = {15: 0.5, 30: 1.0, 60: 2.0}


def scenario_landuse(run: Run, scenario: Scenario, base: str) -> dict[str, Any]:
    """Write the scenario's land use; returns how many hillslopes were treated, and their share of the area.

    base: the scenario that it rests on, '' for the run itself.
    """
    hillslopes = pd.read_parquet(run.input("watershed/hillslopes.parquet")).set_index("topaz_id")
    own = pd.read_parquet(run.input(TABLE))
    if scenario.kind in (*SEVERITY_OF, "sbs_map"):
        table = _burned(run, own, SEVERITY_OF.get(scenario.kind))
        treated = np.zeros(len(table), dtype=bool)
    else:
        table = pd.read_parquet(run.input(f"{FOLDER}/{base}/{TABLE}")) if base else own.copy()
        severity = (table if scenario.kind == "mulch" else own)["burn_class"]
        chosen = within_filters(scenario, hillslopes.loc[table["topaz_id"], "slope_scalar"].to_numpy(), severity)
        table["soil_class"] = table["disturbed_class"]
        treat = {"prescribed_fire": _prescribed_fire, "thinning": _thinning, "mulch": _mulch}[scenario.kind]
        treated = treat(run, table, scenario, chosen)
    table["soil_class"] = table["disturbed_class"] if "soil_class" not in table else table["soil_class"]
    table["treatment"] = np.where(treated, scenario.name, "")
    with replacing(run.output(TABLE)) as temporary:
        table.to_parquet(temporary, index=False)
    area = hillslopes.loc[table["topaz_id"], "area_m2"].to_numpy()
    return {"treated": int(treated.sum()), "treated_share": round(float(area[treated].sum() / area.sum()), 4)}


def _burned(run: Run, own: pd.DataFrame, severity: str | None) -> pd.DataFrame:
    """The land use after a fire of one severity everywhere, after none, or (None) after that of the map."""
    zones = read_zones(run.input("watershed/subwta.tif"), own["topaz_id"].tolist())
    table = own.set_index("topaz_id").loc[list(zones.topaz_ids)].reset_index()
    if severity is not None:
        table["burn_class"], table["burn_share"] = severity, 1.0
    cover(run, table, zones, keys_of(run), Maps(run))
    return own[["topaz_id"]].merge(table, on="topaz_id", validate="one_to_one")[list(own.columns)]


def within_filters(scenario: Scenario, slope: np.ndarray, severity: "pd.Series[str]") -> np.ndarray:
    """The hillslopes that the scenario's filters leave: by slope (m/m) and by burn severity."""
    percent = 100.0 * slope
    chosen = np.ones(len(percent), dtype=bool)
    if scenario.min_slope_percent is not None:
        chosen &= percent >= scenario.min_slope_percent
    if scenario.max_slope_percent is not None:
        chosen &= percent <= scenario.max_slope_percent
    if scenario.burn_severities:
        chosen &= severity.map(SEVERITIES.index).isin(scenario.burn_severities).to_numpy()
    return chosen


def _prescribed_fire(run: Run, table: pd.DataFrame, scenario: Scenario, chosen: np.ndarray) -> np.ndarray:
    """Cover and soil after a prescribed fire, where there grows what burns."""
    covers = class_covers()
    by_class = {one.disturbed_class: one for one in land_covers().values()}
    kinds = table["disturbed_class"].map(lambda name: covers[name].burns_as)
    treated: np.ndarray = chosen & kinds.isin(burning(run.control(Disturbed))).to_numpy()
    for kind in kinds[treated].unique():
        rows = treated & (kinds == kind).to_numpy()
        after = by_class[f"{kind} prescribed fire"]
        _set(table, rows, after.key, after.label, after.disturbed_class, covers[after.disturbed_class])
        table.loc[rows, "soil_class"] = after.disturbed_class
    return treated


def _thinning(run: Run, table: pd.DataFrame, scenario: Scenario, chosen: np.ndarray) -> np.ndarray:
    """Cover and soil of a forest that was thinned."""
    covers = class_covers()
    forest = table["disturbed_class"].map(lambda name: covers[name].burns_as == "forest").to_numpy(bool)
    treated: np.ndarray = chosen & forest
    canopy, ground = scenario.canopy_percent or 0, scenario.ground_cover_percent or 0
    label = f"Forest, thinned to {canopy} % canopy and {ground} % ground cover"
    _set(table, treated, THINNING_KEYS[canopy, ground], label, THINNED, covers[THINNED_AS])
    table.loc[treated, "soil_class"] = THINNED_AS
    table.loc[treated, "canopy_cover"] = canopy / 100.0
    table.loc[treated, ["interrill_cover", "rill_cover"]] = ground / 100.0
    return treated


def _mulch(run: Run, table: pd.DataFrame, scenario: Scenario, chosen: np.ndarray) -> np.ndarray:
    """Ground cover under mulch on what burned; the soil stays that of the fire."""
    treated = chosen & table["disturbed_class"].str.endswith(" fire").to_numpy(bool)
    tons = TONS_AN_ACRE[scenario.mulch_percent or 0]
    for column in ("interrill_cover", "rill_cover"):
        table.loc[treated, column] = mulched(table.loc[treated, column].to_numpy(), tons)
    table.loc[treated, "label"] = table.loc[treated, "label"] + f", mulch {tons:g} tons an acre"
    return treated


def mulched(cover: np.ndarray, tons_an_acre: float) -> np.ndarray:
    """Ground cover (0 to 1) after straw mulch, by what was covered before.

    100 - (100 - G) / (1 + (0.847 m)^1.737) percent: wepppy, nodb/mods/treatments/README.md (2026).
    """
    left: np.ndarray = (1.0 - cover) / (1.0 + (0.847 * tons_an_acre) ** 1.737)
    covered: np.ndarray = 1.0 - left
    return covered


def _set(table: pd.DataFrame, rows: np.ndarray, key: int, label: str, name: str, plants: ClassCover) -> None:
    """Give rows another land use."""
    table.loc[rows, "landuse_key"] = key
    table.loc[rows, "label"] = label
    table.loc[rows, "disturbed_class"] = name
    for column in COVER_COLUMNS:
        table.loc[rows, column] = plants.values[column]
