"""The task wepp: from a run's tables to its results, with the figures that a sentinel shows."""

import json
import math

import pandas as pd
import pytest

from wepp_watershed import climate, watershed, write_tables
from weppbatch.engines.case import CLIMATE, TABLES
from weppbatch.engines.tables import FILES
from weppbatch.errors import ConfigError, DataError
from weppbatch.nodb.controls import set_fields
from weppbatch.nodb.wepp import Wepp
from weppbatch.tasks import wepp
from weppbatch.tasks.run import Run


@pytest.fixture
def run(tmp_path):
    wd = tmp_path / "runs" / "w1"
    write_tables(watershed(climate(2)), wd)
    Wepp(wd=str(wd)).dump()
    return Run(batch=tmp_path, runid="w1", scratch=tmp_path / "scratch", log=lambda _: None)


def test_the_task_writes_its_tables_and_shows_the_figures_that_matter(run):
    metrics = wepp.run(run)
    made = sorted(path.relative_to(run.scratch).as_posix() for path in run.scratch.rglob("*") if path.is_file())
    assert made == sorted([*(f"wepp/{name}" for name in FILES), "wepp/summary.json"])
    assert sorted(run.inputs) == sorted([*TABLES, CLIMATE])
    summary = json.loads((run.scratch / "wepp/summary.json").read_text())
    for name in ("precip_mm_yr", "runoff_mm_yr", "streamflow_mm_yr", "soil_loss_t_ha_yr", "sediment_yield_t_yr"):
        assert metrics[name] == summary[name] and math.isfinite(metrics[name])
    assert (metrics["years"], metrics["hillslopes"], metrics["engine"]) == (2, 7, "embedded 1.2")
    assert metrics["closure_mm_max"] < 1e-6
    hillslopes = pd.read_parquet(run.scratch / "wepp/hillslopes.parquet")
    assert not hillslopes.isna().any().any()
    assert hillslopes.wepp_id.is_unique and set(hillslopes.topaz_id) == {22, 23, 31, 32, 33, 42, 43}


def test_the_same_inputs_give_the_same_bytes(run):
    wepp.run(run)
    first = {name: (run.scratch / "wepp" / name).read_bytes() for name in FILES}
    wepp.run(run)
    assert first == {name: (run.scratch / "wepp" / name).read_bytes() for name in FILES}


def test_a_setting_that_the_engine_does_not_know_is_refused_before_anything_is_made(run):
    with pytest.raises(ConfigError, match="tcr"):
        set_fields(run.wd, ["wepp.tcr=yes"])
    with run.control(Wepp).locked() as control:
        control.tcr = True
    with pytest.raises(ConfigError, match="tcr"):
        wepp.run(run)
    assert not run.scratch.exists()


def test_a_missing_table_is_named(run):
    (run.wd / "soils/layers.parquet").unlink()
    with pytest.raises(DataError, match=r"soils/layers\.parquet"):
        wepp.run(run)


def test_all_outflow_shares_together_cannot_exceed_one():
    with pytest.raises(ValueError, match="together must not exceed 1"):
        Wepp(wd="", bfcoeff_per_day=0.6, dscoeff_per_day=0.6)
