"""The whole chain on two real watersheds: every task, what makes it stale, and what an unticked box means."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from conftest import make_batch, snakemake
from weppbatch.batch.clean import leftovers
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.commands.app import main
from weppbatch.files import read_json, sha256_of_file, write_json
from weppbatch.nodb.controls import CONTROLS
from weppbatch.nodb.omni import Contrast, Scenario
from weppbatch.tasks import graph
from weppbatch.terrain.synthetic import write_synthetic_maps

NEW = ("landuse", "soils", "climate", "wepp", "watar", "omni")
SCENARIO = "omni.undisturbed"  # what a burned batch is compared with unless scenarios are chosen
CHAIN = graph.chain(("undisturbed",)).tasks
LAST = {"watar", SCENARIO, "omni"}
PAIR = {"treated": "mulch_60_uniform_high", "control": "uniform_high"}
KINDS = [
    *(Scenario(kind=f"uniform_{severity}") for severity in ("low", "moderate", "high")),
    *(Scenario(kind=kind) for kind in ("undisturbed", "sbs_map", "prescribed_fire")),
    Scenario(kind="thinning", canopy_percent=65, ground_cover_percent=93),
    *(Scenario(kind="mulch", mulch_percent=label, base_scenario="uniform_high") for label in (15, 60)),
]


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
    for path in batch.glob("*/**/omni.nodb"):  # as versions left it that did nothing with scenarios
        content = read_json(path)
        content["py/state"] |= {"state_version": 1, "scenarios": []}
        write_json(path, content)
    return batch


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, delineated: Path) -> Path:
    """The same batch after the boxes were ticked and it was run again, with what was done before unchanged."""
    root = tmp_path_factory.mktemp("finished")
    batch = Path(shutil.copytree(delineated, root / "two"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(root))
        assert main(["tasks", "two", "--on", ",".join(NEW)]) == 0
        new = {*NEW, SCENARIO}
        assert states(batch)["ws-1"] == {task: "pending" if task in new else "succeeded" for task in CHAIN}
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
        for task in CHAIN:
            if task in (*NEW, SCENARIO):
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
    tasks |= {"burn_severity.tif": ["landuse"], "soil.tif": ["soils", SCENARIO]}
    tasks |= {"soil_textures.csv": ["soils", SCENARIO]}
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
        ("landuse", {"covers": {"42": {"canopy": 0.8}}}, {"landuse", "soils", "wepp", *LAST}),
        ("disturbed", {"burn_grass": True}, {"landuse", "soils", "wepp", *LAST}),
        ("soils", {"initial_saturation": 0.5}, {"soils", "wepp", *LAST}),
        ("climate", {"years": 4}, {"climate", "wepp", *LAST}),
        ("wepp", {"pmet_kcb": 1.2}, {"wepp", *LAST}),
        ("ash", {"white_depth_mm": 8.0}, {"watar"}),
        ("ash", {"hillslope_days": True}, {"watar"}),
        ("watershed", {"clip_hillslope_length_m": 200.0}, {"watershed", *NEW, SCENARIO}),
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


def planned(batch: Path) -> dict[str, int]:
    """The jobs that plain Snakemake would do, by rule."""
    done = snakemake(batch, "-n", "--quiet", "rules")
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE)
    return {rule: int(count) for rule, count in found if rule not in ("all", "total")}


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory, finished: Path) -> Path:
    """The finished batch with all kinds of scenarios in one run, one of which failed at first."""
    root = tmp_path_factory.mktemp("compared")
    batch = Path(shutil.copytree(finished, root / "two"))
    contrasts = [Contrast(share_percent=share, **PAIR) for share in (100, 50)]
    set_in_run(batch, "ws-2", "wepp", hillslope_daily=True)
    set_in_run(batch, "ws-2", "omni", scenarios=KINDS, contrasts=contrasts)
    in_the_way = batch / "runs" / "ws-2" / graph.FOLDER / "uniform_low" / "soils"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("no folder")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(root))
        assert main(["run", "two", "--cores", "2"]) == 1
        found = states(batch)["ws-2"]
        assert [task for task, status in found.items() if status not in ("succeeded", "degraded")] == [
            *("omni.uniform_low", "omni"),  # it fails alone, and only the comparison waits for it
        ]
        in_the_way.unlink()
        assert main(["retry", "two", "--cores", "2"]) == 0
    return batch


def test_scenarios_use_the_terrain_and_weather_of_their_run_and_differ_as_they_should(compared: Path):
    folder = compared / "runs" / "ws-2"
    made = {path.name for path in (folder / graph.FOLDER / "uniform_low").iterdir()}
    assert made == {"landuse", "soils", "wepp", "scenario.json"}
    table = pd.read_parquet(folder / "omni" / "scenarios.parquet").set_index(["scenario", "key"])
    loss = table["value"].xs("soil_loss_t_ha_yr", level="key")
    assert loss["undisturbed"] == loss["base"] == loss["sbs_map"]  # it lies outside the fire
    assert loss["undisturbed"] < loss["thinning_65_93"] < loss["prescribed_fire"] < loss["uniform_high"]
    assert loss["uniform_low"] < loss["uniform_moderate"] < loss["uniform_high"]
    assert (
        loss["undisturbed"] < loss["mulch_60_uniform_high"] < loss["mulch_15_uniform_high"] < loss["uniform_high"]
    )
    effect = table.loc["mulch_60_uniform_high", "soil_loss_t_ha_yr"]
    assert effect["rests_on"] == "uniform_high"
    assert effect["effect"] == pytest.approx(loss["mulch_60_uniform_high"] - loss["uniform_high"])
    assert effect["difference_percent"] == pytest.approx(100 * (effect["value"] / loss["base"] - 1))
    merged = pd.read_parquet(compared / "report" / "scenarios.parquet")
    assert set(merged["runid"]) == {"ws-1", "ws-2"} and len(merged.query("runid == 'ws-2'")) == len(table)
    page = (compared / "report" / "index.html").read_text()
    assert "of uniform high" in page and "first 50 % of sediment_yield" in page


def test_a_contrast_equals_its_scenario_when_all_is_treated_and_lies_between_when_half_is(compared: Path):
    folder = compared / "runs" / "ws-2" / "omni"
    values = pd.read_parquet(folder / "scenarios.parquet").set_index(["scenario", "key"])["value"]
    contrasts = pd.read_parquet(folder / "contrasts.parquet").set_index(["contrast", "key"])["value"]
    whole, half = (Contrast(share_percent=share, **PAIR).name for share in (100, 50))
    for key in ("sediment_yield_t_yr", "streamflow_m3_yr", "largest_peak_m3_s"):
        assert contrasts[whole, key] == pytest.approx(values[PAIR["treated"], key], rel=1e-6)
    key = "sediment_yield_t_yr"
    sediment = [values[PAIR["treated"], key], contrasts[half, key], values[PAIR["control"], key]]
    assert sediment == sorted(sediment) and len(set(sediment)) == 3


def test_a_changed_scenario_is_made_with_its_comparison_and_a_dropped_one_costs_the_comparison_alone(
    compared: Path, root: Path
):
    root.mkdir()
    batch = Path(shutil.copytree(compared, root / "two"))
    low, *others = KINDS
    set_in_run(batch, "ws-2", "omni", scenarios=others)
    assert planned(batch) == {"omni": 1}
    more = others[-1].model_copy(update={"mulch_percent": 30})
    set_in_run(batch, "ws-2", "omni", scenarios=[*others[:-1], more, low])  # uniform_low is there already
    assert planned(batch) == {"scenario": 1, "omni": 1}
    names = ["mulch_60_uniform_high", "omni.mulch_60_uniform_high.json"]
    assert [one.path.name for one in leftovers(batch) if one.kind == "scenarios"] == names


def test_an_unticked_task_keeps_its_result_and_what_follows_can_be_redone(batch: Path):
    kept = record(batch, "ws-1", "landuse")
    assert main(["tasks", "two", "--off", "landuse"]) == 0
    set_in_run(batch, "ws-1", "disturbed", burn_grass=True)
    set_in_run(batch, "ws-1", "wepp", pmet_kcb=1.2)
    assert {task for task, status in states(batch)["ws-1"].items() if status == "stale"} == {"wepp", *LAST}
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
