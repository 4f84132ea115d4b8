import csv
import json
from pathlib import Path

import geopandas
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from report_batch import fail, finish, ledger_of, make_batch
from weppbatch.errors import DataError
from weppbatch.report.build import build_report
from weppbatch.report.columns import RUN_SCHEMA
from weppbatch.report.results import short_name
from weppbatch.report.shown import shown, shown_bytes, shown_seconds
from weppbatch.report.tables import Earlier, MergedTable

LAYERS = {"watersheds", "outlets", "subcatchments", "channels"}


@pytest.fixture
def batch(root: Path) -> Path:
    """Three watersheds: ws-1 done, ws-2 failed at its DEM, ws-3 not begun."""
    folder = make_batch(root, ["Cove Creek", "=Titus Creek", "Añasco"])
    finish(folder, "ws-1", flags=("poor_fit",))
    fail(folder, "ws-2", "dem", DataError("no elevations there", hint="add a DEM"))
    return folder


def test_the_runs_table_has_a_row_for_every_run_and_no_figure_it_can_not_trace(batch: Path):
    build_report(ledger_of(batch))
    table = pq.read_table(batch / "report" / "runs.parquet")
    assert table.schema.names == RUN_SCHEMA.names
    done, failed, pending = table.to_pylist()
    assert [row["status"] for row in (done, failed, pending)] == ["succeeded", "failed", "pending"]
    assert (done["hillslopes"], done["channels"], done["channel_length_km"]) == (3, 1, 2.5)
    assert done["hillslope_length_mean_m"] == 200.0
    assert done["hillslope_slope_mean"] == pytest.approx((0.1 * 1 + 0.2 * 2 + 0.3 * 3) / 6)
    assert (done["iou"], done["basin_area_km2"], done["flags"]) == (0.912, 8.5, "poor_fit")
    assert (done["wall_s"], done["outlet_s"], done["max_rss_mb"]) == (15.0, 3.0, 310.0)
    assert failed["reason"] == "dem: no elevations there"
    assert (failed["extent_s"], failed["dem_s"], failed["iou"], failed["hillslopes"]) == (3.0, None, None, None)
    assert pending["polygon_area_km2"] == pytest.approx(9.0, rel=0.1)
    assert pending["wall_s"] is None
    assert table.schema.field("iou").metadata[b"description"].startswith(b"Intersection over union")


def test_the_csv_holds_the_same_and_no_formula(batch: Path):
    build_report(ledger_of(batch))
    with (batch / "report" / "runs.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["runid"] for row in rows] == ["ws-1", "ws-2", "ws-3"]
    assert [row["name"] for row in rows] == ["Cove Creek", "'=Titus Creek", "Añasco"]
    assert rows[0]["hillslope_slope_mean"] == "0.2333333333"
    assert rows[1]["iou"] == ""


def test_merged_tables_carry_the_run_id(batch: Path):
    finish(batch, "ws-3", hillslopes=4)
    build_report(ledger_of(batch))
    hillslopes = pandas.read_parquet(batch / "report" / "hillslopes.parquet")
    assert hillslopes.groupby("runid").size().to_dict() == {"ws-1": 3, "ws-3": 4}
    assert list(hillslopes.columns[:3]) == ["runid", "topaz_id", "wepp_id"]
    channels = pandas.read_parquet(batch / "report" / "channels.parquet")
    assert channels["runid"].tolist() == ["ws-1", "ws-3"]


def test_tables_whose_columns_differ_are_merged_with_nulls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("weppbatch.report.tables.PORTION_ROWS", 1)  # the first is on disk when the second comes
    old = pa.table({"topaz_id": pa.array([22], pa.int32())})
    new = pa.table({"topaz_id": pa.array([23], pa.int64()), "loss_kg": [1.5]})
    with MergedTable(tmp_path / "x.parquet") as merged:
        merged.add("a", old)
        merged.add("b", new)
    assert pq.read_table(tmp_path / "x.parquet").to_pylist() == [
        {"runid": "a", "topaz_id": 22, "loss_kg": None},
        {"runid": "b", "topaz_id": 23, "loss_kg": 1.5},
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]


def test_rows_of_an_earlier_file_come_back_as_they_were_added(tmp_path: Path):
    tables = {
        "a": pa.table({"topaz_id": pa.array([22, 23], pa.int32())}),
        "b": pa.table({"topaz_id": pa.array([24], pa.int64()), "loss_kg": [1.5]}),
        "c": pa.table({"topaz_id": pa.array([], pa.int64())}),
    }
    with MergedTable(tmp_path / "x.parquet") as merged:
        for runid, table in tables.items():
            merged.add(runid, table)
    earlier = Earlier(tmp_path / "x.parquet", merged.schemas, merged.places)
    for runid, table in tables.items():
        found = earlier.rows(runid)
        assert found is not None and found.equals(table) and found.schema.equals(table.schema)
    assert earlier.rows("d") is None
    with MergedTable(tmp_path / "y.parquet", earlier) as again:
        again.keep("a")
        again.keep("d")
    assert pq.read_schema(tmp_path / "y.parquet").names == ["runid", "topaz_id"]


def test_the_geopackage_has_four_layers_in_wgs84_with_results(batch: Path):
    build_report(ledger_of(batch))
    package = batch / "report" / "batch.gpkg"
    assert set(geopandas.list_layers(package)["name"]) == LAYERS | {"layer_styles"}
    layers = {name: geopandas.read_file(package, layer=name) for name in LAYERS}
    assert all(layer.crs.to_epsg() == 4326 for layer in layers.values())
    assert layers["watersheds"]["runid"].tolist() == ["ws-1", "ws-2", "ws-3"]
    assert layers["watersheds"]["iou"].fillna(0).tolist() == [0.912, 0, 0]
    assert layers["outlets"]["flags"].tolist() == ["poor_fit"]
    assert (layers["outlets"].geometry[0].x, layers["outlets"].geometry[0].y) == (-84.4, 36.2)
    assert layers["subcatchments"]["length_m"].tolist() == [100.0, 200.0, 300.0]
    uncovered = layers["watersheds"].geometry[0].symmetric_difference(layers["subcatchments"].union_all())
    assert uncovered.area < 1e-12
    assert layers["channels"]["order"].tolist() == [2]


def test_a_batch_that_never_ran_has_all_files_and_layers(root: Path):
    folder = make_batch(root, ["Cove Creek"])
    build_report(ledger_of(folder))
    report = folder / "report"
    assert len(geopandas.read_file(report / "batch.gpkg", layer="channels")) == 0
    assert set(geopandas.list_layers(report / "batch.gpkg")["name"]) == LAYERS | {"layer_styles"}
    assert pq.read_table(report / "hillslopes.parquet").num_rows == 0
    assert pq.read_table(report / "runs.parquet").num_rows == 1


def test_a_second_report_replaces_the_first_and_leaves_nothing_else(batch: Path):
    build_report(ledger_of(batch))
    before = sorted(path.name for path in (batch / "report").iterdir())
    finish(batch, "ws-3")
    build_report(ledger_of(batch))
    assert sorted(path.name for path in (batch / "report").iterdir()) == before
    assert len(geopandas.read_file(batch / "report" / "batch.gpkg", layer="outlets")) == 2


def test_a_run_whose_table_is_damaged_is_named_and_the_others_are_reported(batch: Path):
    finish(batch, "ws-3")
    (batch / "runs" / "ws-3" / "watershed" / "hillslopes.parquet").write_bytes(b"PAR1 but no more")
    page = build_report(ledger_of(batch)).read_text(encoding="utf-8")
    assert "results of watershed can&#39;t be read" in page
    assert set(pandas.read_parquet(batch / "report" / "hillslopes.parquet")["runid"]) == {"ws-1"}


def test_the_manifest_says_what_made_it(batch: Path):
    build_report(ledger_of(batch))
    manifest = json.loads((batch / "report" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["watersheds"]["feature_count"] == 4
    assert manifest["dems"][0]["sha256"] == "d" * 64
    assert manifest["dems"][0]["runs"] == 1
    assert manifest["versions"]["engine"] == "whitebox 2.4.0"
    assert manifest["settings"]["watershed.csa_ha"] == 10.0
    assert manifest["settings"]["omni.scenarios"] is None
    assert set(manifest["runs"]["ws-1"]["tasks"]) == {"clone", "extent", "dem", "outlet", "watershed"}
    assert manifest["rejected"][0]["id"] == "<i>void</i>"
    files = {entry["name"]: entry for entry in manifest["files"]}
    assert files["batch.gpkg"]["bytes"] == (batch / "report" / "batch.gpkg").stat().st_size
    again = build_report(ledger_of(batch)).parent / "manifest.json"
    assert json.loads(again.read_text(encoding="utf-8"))["digest"] == manifest["digest"]


def test_status_json_is_the_ledger(batch: Path):
    ledger = ledger_of(batch)
    build_report(ledger)
    assert json.loads((batch / "report" / "status.json").read_text(encoding="utf-8")) == ledger.to_json()


def test_numbers_are_written_for_people():
    assert [shown(None), shown(1234.567, 1), shown(-84.5, 2), shown(float("nan"), 1)] == [
        "",
        "1,234.6",
        "−84.50",
        "",
    ]
    assert [shown_seconds(value) for value in (None, 0.034, 4.24, 9.96, 75.4, 720, 12000)] == [
        *("", "0.03 s", "4.2 s", "10 s", "75 s", "12 min", "3 h 20 min"),
    ]
    assert [shown_bytes(value) for value in (999, 341785, 5e9)] == ["999 bytes", "341.8 kB", "5.0 GB"]


def test_only_a_short_text_counts_as_a_name():
    assert short_name({"HucName": "Cove Creek", "name": 7}) == "Cove Creek"
    assert short_name({"NAME": "x" * 61}) == ""
    assert short_name({"Region": "17"}) == ""
