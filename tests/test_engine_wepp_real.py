"""Both engines on one watershed, with a real WEPP: run where WEPP_EXE names one."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wepp_watershed import climate, watershed, write_tables
from weppbatch.engines.embedded import Embedded
from weppbatch.engines.export import export_watershed
from weppbatch.engines.protocol import WatershedOptions
from weppbatch.engines.schemas import SCHEMAS
from weppbatch.engines.tables import FILES, Tables
from weppbatch.engines.wepp_settings import WeppSettings
from weppbatch.engines.weppexe import WeppExe
from weppbatch.nodb.wepp import Wepp
from weppbatch.tasks import wepp as task
from weppbatch.tasks.run import Run

pytestmark = [
    pytest.mark.wepp,
    pytest.mark.skipif("WEPP_EXE" not in os.environ, reason="WEPP_EXE names no WEPP executable"),
]
YEARS = 6
AGREEMENT = {
    "runoff_mm_yr": {"rel": 0.03},
    "et_mm_yr": {"rel": 0.02},
    "lateral_mm_yr": {"rel": 0.05},
    "percolation_mm_yr": {"rel": 0.05, "abs": 2.0},
    "sediment_yield_t_yr": {"rel": 0.15},
}
"""How far a hillslope's figures may lie from real WEPP's."""


@pytest.fixture(scope="module", params=["unburned", "burned"])
def both(request, tmp_path_factory):
    """The summaries and folders of both engines. Burned soils are as WEPP reads them, without `ksatadj`."""
    found = watershed(climate(YEARS), burned=request.param == "burned")
    found = replace(found, hillslopes=tuple(replace(one, ksatadj=0, lkeff_mm_h=0.0) for one in found.hillslopes))
    root = tmp_path_factory.mktemp("both")
    engines = {
        "wepp": WeppExe(Path(os.environ["WEPP_EXE"]), root / "runs", WeppSettings()),
        "embedded": Embedded(),
    }
    options = WatershedOptions(warm_up_years=1)
    results = {}
    for name, engine in engines.items():
        with Tables(root / name) as tables:
            results[name] = (engine.run(found, options, tables, threads=2), root / name)
    return results


def table(both, engine, name):
    return pd.read_parquet(both[engine][1] / f"{name}.parquet")


def test_both_write_the_same_tables_with_the_same_rows(both):
    for name in FILES:
        real, own = (pd.read_parquet(both[engine][1] / name) for engine in ("wepp", "embedded"))
        assert list(real.columns) == list(own.columns) == SCHEMAS[Path(name).stem].names
    for name in ("hillslopes", "channels"):
        real, own = (set(table(both, engine, name).topaz_id) for engine in ("wepp", "embedded"))
        assert real == own
    assert (table(both, "wepp", "outlet_daily").date == table(both, "embedded", "outlet_daily").date).all()


def test_both_agree_on_what_falls_and_on_what_leaves_the_watershed(both):
    real, own = both["wepp"][0], both["embedded"][0]
    assert real["engine"].startswith("wepp ") and real["averaged_years"] == YEARS - 1
    assert real["precip_mm_yr"] == pytest.approx(own["precip_mm_yr"], abs=0.2)
    assert real["streamflow_mm_yr"] == pytest.approx(own["streamflow_mm_yr"], rel=0.05)
    assert set(own) <= set(real)


def test_both_agree_on_the_water_and_the_sediment_of_every_hillslope(both):
    real, own = (table(both, engine, "hillslopes").set_index("topaz_id").sort_index() for engine in both)
    for column, within in AGREEMENT.items():
        assert own[column].to_numpy() == pytest.approx(real[column].to_numpy(), **within), column


def test_both_agree_on_how_soil_and_plants_share_evapotranspiration(both):
    real, own = both["wepp"][0], both["embedded"][0]
    # WEPP counts what leaves catch as transpiration and what litter catches as evaporation
    plants = own["transpiration_mm_yr"], own["transpiration_mm_yr"] + own["interception_mm_yr"]
    assert 0.97 * plants[0] < real["transpiration_mm_yr"] < 1.03 * plants[1]
    soil = own["soil_evaporation_mm_yr"], own["soil_evaporation_mm_yr"] + own["interception_mm_yr"]
    assert 0.95 * soil[0] < real["soil_evaporation_mm_yr"] < 1.05 * soil[1]


def test_wepps_own_figures_close_as_far_as_they_are_printed(both):
    found = both["wepp"][0]
    assert abs(found["closure_mm_yr"]) < 0.02 * found["precip_mm_yr"]
    daily = table(both, "wepp", "outlet_daily")
    assert np.isfinite(daily.drop(columns="date").dropna(axis=1)).all().all()
    counted = daily[pd.to_datetime(daily.date).dt.year > 2001]
    assert counted.streamflow_mm.sum() / (YEARS - 1) == pytest.approx(found["streamflow_mm_yr"])
    channels = table(both, "wepp", "channels")
    outlet = channels[channels.is_outlet].iloc[0]
    whole = counted.runoff_m3.sum() + counted.lateral_m3.sum()
    assert outlet.runoff_m3_yr + outlet.lateral_m3_yr == pytest.approx(whole / (YEARS - 1), rel=1e-3)


def test_an_export_runs_in_real_wepp_as_it_is(tmp_path):
    found = watershed(climate(2))
    export_watershed(found, tmp_path / "runs")
    for name in (*(f"p{hillslope.wepp_id}" for hillslope in found.hillslopes), "pw0"):
        with (tmp_path / "runs" / f"{name}.run").open() as answers:
            said = subprocess.run(
                [os.environ["WEPP_EXE"]], stdin=answers, cwd=tmp_path / "runs", capture_output=True, check=True
            ).stdout
        assert b"SUCCESSFULLY" in said, name
    assert "Channel    3" in (tmp_path / "runs/loss_pw0.txt").read_text()


@pytest.mark.parametrize("kept", [False, True])
def test_the_task_leaves_its_inputs_and_when_asked_wepps_own_outputs(tmp_path, kept):
    wd = tmp_path / "runs" / "w1"
    write_tables(watershed(climate(2)), wd)
    Wepp(wd=str(wd), engine="wepp", keep_text_files=kept, frost=True, channel_routing="muskingum_cunge").dump()
    run = Run(batch=tmp_path, runid="w1", scratch=tmp_path / "scratch", log=lambda _: None)
    metrics = task.run(run)
    left = {path.name for path in (run.scratch / "wepp/runs").iterdir()}
    assert {"p1.sol", "pw0.str", "frost.txt", "chan.inp"} <= left
    assert ("H1.wat.txt" in left, "pw0.out" in left, "runout" in left) == (kept, kept, kept)
    assert os.environ["WEPP_EXE"] in run.inputs and metrics["engine"].startswith("wepp ")
    assert json.loads((run.scratch / "wepp/summary.json").read_text())["years"] == 2
