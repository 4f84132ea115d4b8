"""The report of a batch with land use, soils, weather and results: its tables, its layers and its page."""

import json
from pathlib import Path

import geopandas
import pandas
import pyarrow.parquet as pq
import pytest

from report_batch import CLASSES, UNBURNED, finish, ledger_of, make_batch, make_simulated, simulate
from report_page import Elements
from weppbatch.files import write_json
from weppbatch.report.build import build_report
from weppbatch.report.overview import BURNED_NOTE, conductivity
from weppbatch.report.results import outdated
from weppbatch.report.shown import Text, shown_short


@pytest.fixture
def batch(root: Path) -> Path:
    return make_simulated(root)


def page_of(batch: Path) -> str:
    return build_report(ledger_of(batch)).read_text(encoding="utf-8")


def test_the_runs_table_has_the_results_of_every_task_with_units(batch: Path):
    build_report(ledger_of(batch))
    table = pq.read_table(batch / "report" / "runs.parquet")
    first, second, third = table.to_pylist()
    assert [row["status"] for row in (first, second, third)] == ["succeeded", "pending", "succeeded"]
    assert (first["precip_mm_yr"], first["runoff_mm_yr"], first["soil_loss_t_ha_yr"]) == (900.0, 60.0, 0.8)
    assert (first["sediment_yield_t_yr"], third["sediment_yield_t_yr"]) == (120.0, 60.0)
    assert (first["station"], first["station_distance_km"], first["years"]) == ("MT <i>WILSON</i>", 3063.5, 30)
    assert (first["engine"], first["closure_mm_max"]) == ("embedded 1.0", 3e-9)
    assert {second[key] for key in ("soil_loss_t_ha_yr", "station", "burned_share", "kslast_mm_h")} == {None}
    assert table.schema.field("soil_loss_t_ha_yr").metadata[b"unit"] == b"t/ha/yr"
    assert not [
        name for name in table.schema.names if name.endswith("_yr") and "_mm_" not in name and "_t_" not in name
    ]


def test_shares_of_a_run_are_by_area_and_not_by_number(batch: Path):
    """Hillslopes of 1, 2 and 3 ha: forest, high and low severity; the first has another kslast."""
    build_report(ledger_of(batch))
    first, _, third = pq.read_table(batch / "report" / "runs.parquet").to_pylist()
    assert (first["dominant_class"], first["dominant_class_share"]) == ("forest low sev fire", 0.5)
    assert first["burned_share"] == pytest.approx(5 / 6)
    assert first["high_severity_share"] == pytest.approx(2 / 6)
    assert (third["burned_share"], third["dominant_class"]) == (0.0, "forest")
    assert (first["kslast_mm_h"], first["kslast_mm_h_min"], first["kslast_mm_h_max"]) == (0.01, 0.001, 0.01)
    assert (first["dominant_texture"], first["synthetic"]) == ("loam", "landuse")


def test_hillslopes_carry_land_use_soil_and_results_joined_by_their_id(batch: Path):
    build_report(ledger_of(batch))
    table = pandas.read_parquet(batch / "report" / "hillslopes.parquet")
    assert table.columns.is_unique
    first = table[table["runid"] == "ws-1"]
    assert first["topaz_id"].tolist() == [21, 31, 41]
    assert first["soil_loss_t_ha_yr"].tolist() == pytest.approx([0.4, 0.8, 1.2])
    assert first["disturbed_class"].tolist() == [name for name, _, _ in CLASSES]
    assert first["landuse"].tolist() == [label for _, label, _ in CLASSES]
    assert first["kslast_mm_h"].tolist() == [0.001, 0.01, 0.01]
    assert first[["landuse_dominant_share", "soil_dominant_share"]].iloc[0].tolist() == [0.9, 0.8]
    assert table[table["runid"] == "ws-2"][["soil_loss_t_ha_yr", "landuse", "texture"]].isna().all(axis=None)
    channels = pandas.read_parquet(batch / "report" / "channels.parquet")
    assert channels["streamflow_mm_yr"].fillna(0).tolist() == [350.0, 0.0, 350.0]
    assert channels["order"].tolist() == [2, 2, 2]


def test_a_batch_without_results_has_the_tables_of_its_terrain_only(root: Path):
    folder = make_batch(root, ["Cove Creek"])
    finish(folder, "ws-1")
    page = page_of(folder)
    hillslopes = pq.read_schema(folder / "report" / "hillslopes.parquet").names
    assert hillslopes == ["runid", *pq.read_schema(folder / "runs/ws-1/watershed/hillslopes.parquet").names]
    assert 'name="view"' not in page
    assert 'class="caveats"' not in page
    assert 'class="spreads"' not in page
    assert "kslast" not in Elements(page[: page.index("<nav")]).words


def test_the_layers_of_the_geopackage_carry_the_results(batch: Path):
    build_report(ledger_of(batch))
    read = {
        name: geopandas.read_file(batch / "report" / "batch.gpkg", layer=name)
        for name in ("watersheds", "subcatchments", "channels")
    }
    assert read["watersheds"]["soil_loss_t_ha_yr"].fillna(-1).tolist() == [0.8, -1, 0.4]
    burned = read["subcatchments"].query("burn_class == 'high'")
    assert burned[["runid", "runoff_mm_yr", "landuse"]].to_numpy().tolist() == [
        ["ws-1", 60.0, "Forest High Severity Fire"]
    ]
    assert read["channels"].query("runid == 'ws-1'")["sediment_yield_t_yr"].tolist() == [120.0]


def test_a_damaged_table_of_results_is_named_and_the_terrain_is_still_reported(batch: Path):
    (batch / "runs" / "ws-3" / "wepp" / "hillslopes.parquet").write_bytes(b"PAR1 but no more")
    assert "results of wepp can&#39;t be read" in page_of(batch)
    table = pandas.read_parquet(batch / "report" / "hillslopes.parquet").query("runid == 'ws-3'")
    assert len(table) == 3
    assert table["soil_loss_t_ha_yr"].isna().all()
    assert table["landuse"].tolist() == ["Mixed Forest"] * 3


def test_results_that_rest_on_an_earlier_land_use_are_left_out_and_said(batch: Path):
    simulate(batch, "ws-1")
    record = batch / "runs" / "ws-1" / ".tasks" / "landuse.json"
    content = json.loads(record.read_text(encoding="utf-8"))
    content["outputs"][0]["sha256"] = "0" * 64
    record.write_text(json.dumps(content), encoding="utf-8")
    page = page_of(batch)
    assert "results of WEPP are left out: they rest on files that were made again since" in page
    row = pq.read_table(batch / "report" / "runs.parquet").to_pylist()[0]
    assert (row["soil_loss_t_ha_yr"], row["dominant_class"]) == (None, "forest low sev fire")
    table = pandas.read_parquet(batch / "report" / "hillslopes.parquet").query("runid == 'ws-1'")
    assert table["soil_loss_t_ha_yr"].isna().all()


def test_results_whose_input_has_no_record_any_more_are_left_out_and_those_of_a_failed_repeat_stay(batch: Path):
    tasks = batch / "runs" / "ws-1" / ".tasks"
    kept = json.loads((tasks / "landuse.json").read_text(encoding="utf-8"))
    write_json(tasks / "landuse.failed.json", kept | {"status": "failed", "category": "data", "message": "no map"})
    assert outdated(batch / "runs" / "ws-1", ledger_of(batch).runs["ws-1"]) == frozenset()
    (tasks / "landuse.failed.json").unlink()
    (tasks / "landuse.json").unlink()
    assert outdated(batch / "runs" / "ws-1", ledger_of(batch).runs["ws-1"]) == {"wepp"}
    assert "results of WEPP are left out: they rest on files" in page_of(batch)


def test_one_year_of_weather_is_said_in_the_singular(root: Path):
    folder = make_batch(root, ["Cove Creek"], task="wepp")
    finish(folder, "ws-1")
    simulate(folder, "ws-1")
    record = folder / "runs" / "ws-1" / ".tasks" / "climate.json"
    record.write_text(record.read_text(encoding="utf-8").replace('"years": 30', '"years": 1'))
    assert "1 year generated from the statistics of" in Elements(page_of(folder)).words


def test_the_page_says_what_limits_the_figures_where_they_stand(batch: Path):
    page = page_of(batch)
    text = Elements(page).words
    assert f"1 of 2 watersheds has burned slopes. {BURNED_NOTE}" in text
    results = page.index('<section id="results"')
    assert BURNED_NOTE in Elements(page[results : page.index("</section>", results)]).words
    assert "The maps behind land use of 2 watersheds are marked as synthetic" in text
    assert (
        "30 years generated from the statistics of MT <i>WILSON</i> (ca046006), 3,064 km away and 837 m higher, "
        "for 2 watersheds." in text
    )
    assert "other climate" not in text[: text.index("Provenance Inputs")]
    assert "The largest miss of any day’s water balance is 3e-09 mm." in text
    assert "kslast 0.01 mm/h (0.001 to 0.01 in all)" in Elements(page[: page.index("<nav")]).words
    assert "SYNTHETIC land <b>cover</b>; 2 runs" in text
    assert "<b>cover</b>" not in page


def test_a_batch_without_fire_or_synthetic_maps_has_no_such_sentence(root: Path):
    folder = make_batch(root, ["Cove Creek"], task="wepp")
    finish(folder, "ws-1")
    simulate(folder, "ws-1", classes=UNBURNED)
    record = folder / "runs" / "ws-1" / ".tasks" / "landuse.json"
    record.write_text(record.read_text(encoding="utf-8").replace('"synthetic": true', '"synthetic": false'))
    page = page_of(folder)
    words = Elements(page[: page.index('<script type="application/json"')]).words
    assert "forecast" not in words
    assert "marked as synthetic" not in words


def test_the_overview_gives_means_by_area_and_the_range(batch: Path):
    page = page_of(batch)
    overview = Elements(page[: page.index('<section id="map"')]).words
    assert "Soil loss on hillslopes 0.6 t/ha/yr mean by area" in overview
    assert "0.4 to 0.8" in overview
    assert "180 t/yr in all" in overview
    assert page.count('<rect class="bar"') == 8


def test_ten_simulated_runs_take_little_more_than_the_libraries(root: Path):
    folder = make_batch(root, [f"Creek {place}" for place in range(10)], task="wepp")
    for place in range(10):
        finish(folder, f"ws-{place + 1}", hillslopes=200)
        simulate(folder, f"ws-{place + 1}")
    assert build_report(ledger_of(folder)).stat().st_size < 1_800_000


def test_numbers_have_three_digits_that_count():
    assert [shown_short(value) for value in (1240.4, 848.2, 1.524, 0.00361, 0.5, 0, 3.0)] == [
        *("1,240", "848", "1.52", "0.00361", "0.5", "0", "3"),
    ]


def test_kslast_of_a_batch_names_the_value_of_most_watersheds():
    row = {"kslast_mm_h": 0.01, "kslast_mm_h_min": 0.01, "kslast_mm_h_max": 0.01}
    other = {"kslast_mm_h": 0.1, "kslast_mm_h_min": 0.00036, "kslast_mm_h_max": 0.1}
    assert told(conductivity([row, row])) == "0.01 mm/h"
    assert told(conductivity([row, other, row])) == "0.01 mm/h (0.00036 to 0.1 in all)"
    assert told(conductivity([dict.fromkeys(row)])) == ""


def told(parts: Text) -> str:
    return "".join(map(str, parts))
