"""The whole chain on two real watersheds: every task, what makes it stale, and what an unticked box means."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from conftest import make_batch, snakemake
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.commands.app import main
from weppbatch.files import read_json, sha256_of_file
from weppbatch.nodb.controls import CONTROLS
from weppbatch.tasks import graph
from weppbatch.terrain.synthetic import write_synthetic_maps

NEW = ("landuse", "soils", "climate", "wepp", "watar")


@pytest.fixture(scope="module")
def delineated(tmp_path_factory: pytest.TempPathFactory, sample_dem: Path, two_watersheds_file: Path) -> Path:
    """A batch made with the boxes from land use on unticked, run to its hillslopes and channels."""
    root = tmp_path_factory.mktemp("delineated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(root))
        batch = make_batch("two", sample_dem, two_watersheds_file)
        maps = write_synthetic_maps(sample_dem, batch / "resources" / "synthetic")
        settings = [
            *(f"landuse.landcover={maps.landcover}", f"disturbed.sbs_map={maps.burn_severity}"),
            *(f"soils.soil_map={maps.soil}", f"soils.soil_table={maps.soil_table}"),
            *("climate.station_selection=user", "climate.station_id=ca046006", "climate.years=3"),
        ]
        assert main(["set", "two", *settings]) == 0
        assert main(["run", "two", "--cores", "2"]) == 0
    return batch


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, delineated: Path) -> Path:
    """The same batch after the boxes were ticked and it was run again, with what was done before unchanged."""
    root = tmp_path_factory.mktemp("finished")
    batch = Path(shutil.copytree(delineated, root / "two"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(root))
        assert main(["tasks", "two", "--on", ",".join(NEW)]) == 0
        assert states(batch)["ws-1"] == {task: "pending" if task in NEW else "succeeded" for task in graph.TASKS}
        assert main(["run", "two", "--cores", "2"]) == 0
    return batch


@pytest.fixture
def batch(finished: Path, root: Path) -> Path:
    """A copy of the finished batch, for one test to change."""
    root.mkdir()
    return Path(shutil.copytree(finished, root / "two"))


def states(batch: Path) -> dict[str, dict[str, str]]:
    """The status of every task of every run, a flagged outlet counted as a success."""
    ledger = Ledger(Plan(batch))
    return {runid: {task: state.status for task, state in run.tasks.items()} for runid, run in ledger.runs.items()}


def record(batch: Path, runid: str, task: str) -> dict[str, Any]:
    found: dict[str, Any] = read_json(batch / graph.sentinel(runid, task))
    return found


def set_in_run(batch: Path, runid: str, control: str, **values: Any) -> None:
    with CONTROLS[control].getInstance(batch / "runs" / runid).locked() as settings:
        for name, value in values.items():
            setattr(settings, name, value)


def test_a_batch_made_before_the_new_tasks_keeps_what_it_has_and_does_only_them(delineated: Path, finished: Path):
    for runid in ("ws-1", "ws-2"):
        for task in graph.TASKS:
            if task in NEW:
                assert not (delineated / graph.sentinel(runid, task)).exists()
                assert (finished / graph.sentinel(runid, task)).exists()
            else:
                assert record(delineated, runid, task) == record(finished, runid, task)


def test_every_hillslope_channel_and_outlet_has_its_figures(finished: Path):
    for runid in ("ws-1", "ws-2"):
        folder = finished / "runs" / runid
        terrain = pd.read_parquet(folder / "watershed" / "hillslopes.parquet")
        results = pd.read_parquet(folder / "wepp" / "hillslopes.parquet")
        assert sorted(results["topaz_id"]) == sorted(terrain["topaz_id"])
        for column in ("runoff_mm_yr", "soil_loss_t_ha_yr", "sediment_yield_t_yr"):
            assert results[column].notna().all() and (results[column] >= 0).all()
        assert results["closure_mm_max"].max() <= 1e-6
        channels = pd.read_parquet(folder / "wepp" / "channels.parquet")
        assert len(channels) == len(pd.read_parquet(folder / "watershed" / "channels.parquet"))
        assert channels["is_outlet"].sum() == 1
        daily = pd.read_parquet(folder / "wepp" / "outlet_daily.parquet")
        assert len(daily) in (1095, 1096)
        summary = json.loads((folder / "wepp" / "summary.json").read_text())
        outlet = channels[channels["is_outlet"]].iloc[0]
        assert summary["sediment_yield_t_yr"] == pytest.approx(outlet["sediment_yield_t_yr"])
        assert daily["sediment_kg"].sum() / 3000 == pytest.approx(outlet["sediment_yield_t_yr"], rel=1e-6)


def test_the_ash_of_every_hillslope_closes_and_reaches_the_merged_tables(finished: Path):
    runs = pd.read_csv(finished / "report" / "runs.csv").set_index("runid")
    merged = pd.read_parquet(finished / "report" / "hillslopes.parquet").set_index("runid")
    for runid in ("ws-1", "ws-2"):
        folder = finished / "runs" / runid
        metrics = record(finished, runid, "watar")["metrics"]
        fires = pd.read_parquet(folder / "ash" / "hillslope_fires.parquet")
        gone = fires[["water_t_ha", "wind_t_ha", "decomposed_t_ha", "remaining_t_ha"]].sum(axis=1)
        assert (gone - fires["load_t_ha"]).abs().lt(1e-9).all() and metrics["closure_t_ha_max"] < 1e-9
        assert metrics["fires"] == 3
        hillslopes = pd.read_parquet(folder / "ash" / "hillslopes.parquet")
        burned = pd.read_parquet(folder / "landuse" / "landuse.parquet").query("burn_class != 'unburned'")
        assert set(hillslopes.query("ash_load_t_ha > 0")["topaz_id"]) == set(burned["topaz_id"])
        assert len(burned) == metrics["hillslopes_with_ash"]
        assert runs.loc[runid, "ash_transport_t"] == pytest.approx(metrics["transport_t"], abs=1e-6)
        assert sorted(merged.loc[runid, "ash_load_t_ha"]) == sorted(hillslopes["ash_load_t_ha"])
        assert bool(metrics["notes"]) == burned.empty  # a watershed that didn't burn says so


def test_maps_that_are_synthetic_say_so_in_the_records(finished: Path):
    for task in ("landuse", "soils"):
        assert "SYNTHETIC" in json.dumps(record(finished, "ws-1", task)["metrics"])


def test_records_and_manifest_name_every_file_from_outside_with_its_checksum(finished: Path, sample_dem: Path):
    manifest = read_json(finished / "report" / "manifest.json")
    read = {Path(entry["path"]).name: entry for entry in manifest["outside_files"]}
    tasks = {sample_dem.name: ["dem"], "ca046006.par": ["climate"], "landcover.tif": ["landuse"]}
    tasks |= {"burn_severity.tif": ["landuse"], "soil.tif": ["soils"], "soil_textures.csv": ["soils"]}
    assert {name: entry["tasks"] for name, entry in read.items()} == tasks
    for entry in read.values():
        path = Path(entry["path"])
        assert path.is_absolute()
        assert (entry["bytes"], entry["sha256"]) == (path.stat().st_size, sha256_of_file(path))
        assert entry["runs"] == 2
        recorded = {key: entry[key] for key in ("path", "bytes", "sha256")}
        assert recorded in record(finished, "ws-2", entry["tasks"][0])["inputs"]


@pytest.mark.parametrize(
    ("control", "values", "stale"),
    [
        ("landuse", {"covers": {"42": {"canopy": 0.8}}}, {"landuse", "soils", "wepp", "watar"}),
        ("disturbed", {"burn_grass": True}, {"landuse", "soils", "wepp", "watar"}),
        ("soils", {"initial_saturation": 0.5}, {"soils", "wepp", "watar"}),
        ("climate", {"years": 4}, {"climate", "wepp", "watar"}),
        ("wepp", {"pmet_kcb": 1.2}, {"wepp", "watar"}),
        ("ash", {"white_depth_mm": 8.0}, {"watar"}),
        ("ash", {"hillslope_days": True}, {"watar"}),
        ("watershed", {"clip_hillslope_length_m": 200.0}, {"watershed", *NEW}),
        ("omni", {}, set()),
    ],
)
def test_a_changed_setting_makes_stale_what_depends_on_it_and_nothing_else(
    batch: Path, control: str, values: dict[str, Any], stale: set[str]
):
    set_in_run(batch, "ws-1", control, **values)
    found = states(batch)
    assert {task for task, status in found["ws-1"].items() if status == "stale"} == stale
    assert "stale" not in found["ws-2"].values()


def test_an_unticked_task_keeps_its_result_and_what_follows_can_be_redone(batch: Path):
    kept = record(batch, "ws-1", "landuse")
    assert main(["tasks", "two", "--off", "landuse"]) == 0
    set_in_run(batch, "ws-1", "disturbed", burn_grass=True)
    set_in_run(batch, "ws-1", "wepp", pmet_kcb=1.2)
    assert {task for task, status in states(batch)["ws-1"].items() if status == "stale"} == {"wepp", "watar"}
    done = snakemake(batch)
    assert done.returncode == 0, done.stderr
    assert record(batch, "ws-1", "landuse") == kept
    assert states(batch)["ws-1"]["wepp"] == "succeeded"
    assert main(["tasks", "two", "--on", "landuse"]) == 0
    assert states(batch)["ws-1"]["landuse"] == "stale"


def test_the_same_settings_give_the_same_figures(batch: Path):
    tables = [f"wepp/{name}" for name in ("hillslopes", "channels", "outlet_daily", "hillslope_wet_days", "events")]
    tables += [f"ash/{name}" for name in ("hillslopes", "hillslope_fires", "daily", "return_periods")]
    folder = batch / "runs" / "ws-2"
    before = {name: pd.read_parquet(folder / f"{name}.parquet") for name in tables}
    (batch / graph.sentinel("ws-2", "climate")).unlink()
    assert main(["run", "two", "--cores", "2"]) == 0
    for name in tables:
        pd.testing.assert_frame_equal(pd.read_parquet(folder / f"{name}.parquet"), before[name])


def test_a_run_can_be_exported_as_weppbatch_reads_it(batch: Path):
    assert main(["export", "two", "ws-1"]) == 0
    folder = batch / "runs" / "ws-1" / "wepp" / "runs"
    count = record(batch, "ws-1", "wepp")["metrics"]["hillslopes"]
    for suffix in ("slp", "sol", "man", "cli"):
        assert len(list(folder.glob(f"p[0-9]*.{suffix}"))) == count
