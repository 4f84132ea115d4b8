"""A batch of a polygon and an outlet given as a point: the whole chain, report, exports, doctor, staleness."""

import json
from pathlib import Path

import geopandas
import pandas as pd
import pytest

from conftest import make_batch
from terrain_helpers import TRUE_OUTLETS
from weppbatch.batch.doctor import examine
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.commands.app import main
from weppbatch.files import read_json
from weppbatch.nodb import workspace
from weppbatch.nodb.controls import set_fields
from weppbatch.report.build import build_report
from weppbatch.tasks import graph
from weppbatch.tasks.execute import Job, execute
from weppbatch.terrain.synthetic import write_synthetic_maps

MODEL = ("watershed", "landuse", "soils", "climate", "wepp", "watar")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory, sample_dem: Path, two_watersheds_file: Path) -> Path:
    """A batch of a demo watershed, up to its outlet, and of Stony Fork's outlet, through all tasks."""
    root = tmp_path_factory.mktemp("mixed")
    collection = json.loads(two_watersheds_file.read_text())
    point = geopandas.GeoSeries.from_xy(*[[value] for value in TRUE_OUTLETS["Stony Fork"]], crs="EPSG:32616")
    place = point.to_crs("EPSG:4326").iloc[0]
    outlet = {"type": "Point", "coordinates": [place.x, place.y]}
    feature = {"type": "Feature", "properties": {"HucName": "the gauge"}, "geometry": outlet}
    file = root / "mixed.geojson"
    file.write_text(json.dumps(collection | {"features": [collection["features"][0], feature]}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(root))
        batch = make_batch("mixed", sample_dem, file)
        maps = write_synthetic_maps(sample_dem, batch / "resources" / "synthetic")
        settings = [
            *(f"landuse.landcover={maps.landcover}", f"disturbed.sbs_map={maps.burn_severity}"),
            *(f"soils.soil_map={maps.soil}", f"soils.soil_table={maps.soil_table}"),
            *("climate.station_selection=user", "climate.station_id=ca046006", "climate.years=2"),
        ]
        assert main(["set", "mixed", *settings]) == 0
        assert main(["tasks", "mixed", "--on", ",".join(MODEL)]) == 0
        assert examine(batch) == []
        workspace.snapshot(batch)
        for task in ("clone", *graph.PREPROCESS, *MODEL):
            for runid in ("ws-2",) if task in MODEL else ("ws-1", "ws-2"):
                execute(Job(batch, runid, task, execution="batch:by:hand"))
    return batch


@pytest.fixture
def batch(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, for tests that change settings of `_base` or of a run only through copies."""
    monkeypatch.setenv("WEPPBATCH_ROOT", str(mixed.parent))
    return mixed


def test_validate_says_which_are_outlets(batch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "mixed", "--template", "ws-{one_based_index}"]) == 0
    said = capsys.readouterr().out
    assert [line.split()[-1] for line in said.splitlines() if line.startswith("ws-")][1] == "outlet"
    entries = Plan(batch).entries
    assert entries["ws-2"]["point"] is True and "point" not in entries["ws-1"]


def test_every_task_of_the_outlet_succeeds_and_its_figures_are_those_of_the_basin(batch: Path) -> None:
    ledger = Ledger(Plan(batch))
    assert ledger.runs["ws-2"].status == "succeeded"
    assert ledger.runs["ws-1"].tasks["outlet"].status == "succeeded"
    outlet = read_json(batch / graph.sentinel("ws-2", "outlet"))["metrics"]
    assert outlet["method"] == "requested" and outlet["moved_m"] < 45.0 and outlet["flags"] == []
    hillslopes = pd.read_parquet(batch / "runs" / "ws-2" / "wepp" / "hillslopes.parquet")
    channels = pd.read_parquet(batch / "runs" / "ws-2" / "watershed" / "channels.parquet")
    assert len(hillslopes) > 20 and len(channels) > 7
    areas = pd.read_parquet(batch / "runs" / "ws-2" / "watershed" / "hillslopes.parquet")["area_m2"].sum()
    assert 0.9 * outlet["basin_area_m2"] < areas <= outlet["basin_area_m2"]
    extent = read_json(batch / "runs" / "ws-2" / "extent.json")
    assert extent["polygon"]["type"] == "Point" and extent["polygon_area_m2"] is None


def test_report_and_exports_have_the_basin_in_the_place_of_a_polygon(batch: Path) -> None:
    page = build_report(Ledger(Plan(batch))).read_text()
    assert '"q":[' in page.replace(" ", "")
    runs = pd.read_csv(batch / "report" / "runs.csv").set_index("runid")
    assert pd.isna(runs.loc["ws-2", "polygon_area_km2"]) and pd.isna(runs.loc["ws-2", "iou"])
    assert runs.loc["ws-2", "outlet_moved_m"] < 45.0 and pd.isna(runs.loc["ws-1", "outlet_moved_m"])
    package = batch / "report" / "batch.gpkg"
    watersheds = geopandas.read_file(package, layer="watersheds").set_index("runid")
    flat = watersheds.to_crs("EPSG:32616").area
    assert flat["ws-2"] / 1e6 == pytest.approx(runs.loc["ws-2", "basin_area_km2"], rel=1e-3)
    assert set(geopandas.read_file(package, layer="outlets")["runid"]) == {"ws-1", "ws-2"}
    assert main(["export", "mixed", "ws-2"]) == 0
    assert list((batch / "runs" / "ws-2" / "wepp" / "runs").glob("p[0-9]*.slp"))


def test_what_moves_an_outlet_makes_only_outlets_stale(batch: Path) -> None:
    before = {name: (batch / "_base" / name).read_bytes() for name in ("ron.nodb", "watershed.nodb")}
    for runid in ("ws-1", "ws-2"):
        folder = batch / "runs" / runid
        kept = {name: (folder / name).read_bytes() for name in before}
        set_fields(folder, ["watershed.outlet_reach_m=200", "ron.outlet_buffer_m=4000"])
        tasks = Ledger(Plan(batch)).runs[runid].tasks
        stale = {task for task, state in tasks.items() if state.status == "stale"}
        for name, content in kept.items():
            (folder / name).write_bytes(content)
        assert stale == (set() if runid == "ws-1" else {*graph.PREPROCESS, *MODEL})
        set_fields(folder, ["watershed.csa_ha=9"])
        tasks = Ledger(Plan(batch)).runs[runid].tasks
        assert (tasks["dem"].status == "stale") == (runid == "ws-2") and tasks["outlet"].status == "stale"
        for name, content in kept.items():
            (folder / name).write_bytes(content)


def test_the_doctor_knows_an_outlet_by_its_place_and_then_by_its_basin(batch: Path, tmp_path: Path) -> None:
    from weppbatch.batch.doctor_maps import polygons_of

    known = polygons_of(batch, ["ws-1", "ws-2"])
    assert known["ws-2"].area > 0
    sentinel = batch / graph.sentinel("ws-2", "outlet")
    content = sentinel.read_bytes()
    sentinel.unlink()
    try:
        assert polygons_of(batch, ["ws-2"])["ws-2"].geom_type == "Point"
    finally:
        sentinel.write_bytes(content)
