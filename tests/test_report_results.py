"""The report of a batch with land use, soils, weather and results: its tables, its layers and its page."""

import json
import re
from itertools import combinations
from pathlib import Path

import geopandas
import numpy as np
import pandas
import pyarrow.parquet as pq
import pytest

from report_batch import CLASSES, UNBURNED, finish, ledger_of, make_batch, simulate
from report_page import CHROMIUM, Elements, in_chromium, with_script
from weppbatch.files import write_json
from weppbatch.report.assets import TEMPLATES
from weppbatch.report.build import build_report
from weppbatch.report.columns import RUN_COLUMNS
from weppbatch.report.measures import land_kind
from weppbatch.report.overview import BURNED_NOTE, conductivity
from weppbatch.report.page import views_of
from weppbatch.report.results import outdated
from weppbatch.report.scales import round_bounds
from weppbatch.report.shown import shown_short

COLOURS = (TEMPLATES / "report.css").read_text(encoding="utf-8")


@pytest.fixture
def batch(root: Path) -> Path:
    """ws-1 burned and simulated, ws-2 with terrain only, ws-3 unburned and simulated with half of the figures."""
    folder = make_batch(root, ["Cove Creek", "Titus Creek", "Añasco"], task="wepp")
    for runid in ("ws-1", "ws-2", "ws-3"):
        finish(folder, runid)
    simulate(folder, "ws-1")
    simulate(folder, "ws-3", classes=UNBURNED, times=0.5)
    return folder


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


def test_the_table_of_results_is_parted_into_views_and_shows_no_small_figure_as_zero(batch: Path):
    page = page_of(batch)
    views = Elements(page).values("input", "value")
    assert views == ["results", "inputs", "terrain", "work", "all"]
    table = page[page.index('id="table"') : page.index("</table>", page.index('id="table"'))]
    assert ">&lt;0.001</td>" in table
    assert "in-results" in table[: table.index("</thead>")]
    own = [column for column in RUN_COLUMNS if column.views[:1] == ("terrain",)]
    assert views_of(own) == {}


def test_what_the_map_gets_is_short_and_in_classes(batch: Path):
    scripts = Elements(page_of(batch)).scripts
    data = json.loads(scripts[0])["map"]
    first, second, _ = data["runs"]
    assert [row[1:] for row in first["s"]] == [
        [21, "top", 1.0, 100, 10.0, 0.4, 30.0, 0.2, 0, 0, 0],
        [31, "top", 2.0, 200, 20.0, 0.8, 60.0, 0.4, 1, 0, 3],
        [41, "top", 3.0, 300, 30.0, 1.2, 90.0, 0.6, 2, 0, 1],
    ]
    assert data["land"][1] == ["Forest High Severity Fire", "burned-high"]
    assert first["k"] == {"2": [[24, 2500, 350.0, 12.5, 120.0]]}
    assert first["v"] == [0.8, 60.0, 0.0004, 0.8333]
    assert "v" not in second
    assert data["measures"]["part"][0]["bounds"] == [0.5, 1.0]


def test_ten_simulated_runs_take_little_more_than_the_libraries(root: Path):
    folder = make_batch(root, [f"Creek {place}" for place in range(10)], task="wepp")
    for place in range(10):
        finish(folder, f"ws-{place + 1}", hillslopes=200)
        simulate(folder, f"ws-{place + 1}")
    assert build_report(ledger_of(folder)).stat().st_size < 1_800_000


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_chromium_colours_watersheds_and_hillslopes_by_what_is_chosen(batch: Path, tmp_path: Path):
    acts = """
      const one = (selector) => document.querySelector(selector), by = one("#by"), said = [];
      const all = (selector) => [...document.querySelectorAll(selector)];
      const classes = (layer) => said.push(all(`.${layer} path`).map((path) => path.getAttribute("class")).join());
      const options = () => said.push([...by.options].map((option) => option.value).join());
      const pick = (key) => { by.value = key; by.dispatchEvent(new Event("change")); };
      const shown = (key) => said.push(getComputedStyle(one(`th[data-key=${key}]`)).display);
      const legend = () => said.push(one("#legend h4").textContent);
      options(); classes("polygons"); legend();
      pick("state"); classes("polygons");
      batchMap.choose("ws-1"); options(); classes("parts"); legend();
      for (const key of ["runoff_mm_yr", "land", "burn", "slope"]) { pick(key); classes("parts"); }
      said.push(one(".parts path").tip.join("; "), one(".touch path").tip.join("; "));
      batchMap.choose("ws-2"); options(); classes("parts");
      one("input[value=terrain]").click(); shown("soil_loss_t_ha_yr"); shown("iou");
      document.title = said.join(" | ");
    """
    copy = with_script(page_of(batch), acts, tmp_path)
    dom, console = in_chromium(copy.as_uri(), tmp_path)
    assert not console
    said = dom[dom.index("<title>") + 7 : dom.index("</title>")].split(" | ")
    assert said == [
        *("soil_loss_t_ha_yr,runoff_mm_yr,sediment_yield_t_ha_yr,burned_share,state",),
        *("filled earth-5,filled unknown,filled earth-0", "Soil loss t/ha/yr"),
        "succeeded,pending,succeeded",
        *("soil_loss_t_ha_yr,runoff_mm_yr,sediment_yield_t_ha_yr,slope,land,burn",),
        *("filled earth-0,filled earth-3,filled earth-5", "Soil loss t/ha/yr, of hillslopes"),
        "filled water-3,filled water-5,filled water-5",
        "filled kind-forest,filled kind-burned-high,filled kind-burned-low",
        "filled severity-0,filled severity-3,filled severity-1",
        "slope-1,slope-2,slope-3",
        "Hillslope 21, top; Soil loss: 0.4 t/ha/yr; Sediment yield: 0.2 t/ha/yr; Surface runoff: 30 mm/yr; "
        "Mixed Forest; loam; 1 ha; 100 m long; slope 10 %",
        "Channel 24, order 2; 2,500 m long; Streamflow: 350 mm/yr; Largest peak: 12.5 m³/s; "
        "Sediment yield: 120 t/yr",
        *("slope", "slope-1,slope-2,slope-3"),
        *("none", "table-cell"),
    ]


def test_classes_have_round_bounds_with_values_on_both_sides():
    assert round_bounds([0.05, 0.2, 0.4, 0.9, 1.1, 1.6, 3, 8]) == [0.2, 0.5, 1.0, 2.0, 5.0]
    assert round_bounds([0.0, 0.0, 0.31, 0.32]) == [0.2]
    assert round_bounds([]) == round_bounds([None, float("nan")]) == round_bounds([0.0, 0.0]) == []
    assert round_bounds([3.0, 3.0]) == []


def test_a_class_is_of_the_kind_that_fire_made_of_it():
    assert land_kind("forest") == land_kind("young forest") == "forest"
    assert land_kind("shrub high sev fire") == "burned-high"
    assert land_kind("grass prescribed fire") == "burned-prescribed"
    assert land_kind("agriculture crops") == "crops"
    assert land_kind("heath of a user's own") == "other"


def test_numbers_have_three_digits_that_count():
    assert [shown_short(value) for value in (1240.4, 848.2, 1.524, 0.00361, 0.5, 0, 3.0)] == [
        *("1,240", "848", "1.52", "0.00361", "0.5", "0", "3"),
    ]


def test_kslast_of_a_batch_names_the_value_of_most_watersheds():
    row = {"kslast_mm_h": 0.01, "kslast_mm_h_min": 0.01, "kslast_mm_h_max": 0.01}
    other = {"kslast_mm_h": 0.1, "kslast_mm_h_min": 0.00036, "kslast_mm_h_max": 0.1}
    assert conductivity([row, row]) == "0.01 mm/h"
    assert conductivity([row, other, row]) == "0.01 mm/h (0.00036 to 0.1 in all)"
    assert conductivity([dict.fromkeys(row)]) == ""


# Machado, Oliveira & Fernandes 2009, full severity: what is left of a colour with each kind of colour vision.
VISIONS = {
    "usual": np.eye(3),
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


@pytest.mark.parametrize("vision", VISIONS)
def test_colours_are_told_apart_with_any_colour_vision(vision: str):
    """Lab distances: 2 is just seen side by side."""
    kinds = declared(r"\.kind-[\w-]+ \{ --fill: (#\w{6})")
    severities = declared(r"\.severity-\d \{ --fill: (#\w{6})")
    assert (len(kinds), len(severities)) == (12, 4)
    for group in (kinds, severities):
        assert min(apart(a, b, vision) for a, b in combinations(group, 2)) > 12
    for ramp in ("earth", "water", "slope"):
        colours = declared(rf"--{ramp}-\d: (#\w{{6}})")
        for scheme in (colours[:6], colours[6:]):
            assert min(apart(a, b, vision) for a, b in combinations(scheme, 2)) > 6


def declared(pattern: str) -> list[str]:
    return re.findall(pattern, COLOURS)


def apart(one: str, other: str, vision: str) -> float:
    return float(np.linalg.norm(lab(one, vision) - lab(other, vision)))


def lab(colour: str, vision: str) -> np.ndarray:
    """CIE Lab (D65) of an sRGB colour as it is seen."""
    srgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(VISIONS[vision]) @ linear, 0, 1)
    xyz = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]]) @ seen
    root = np.cbrt(xyz / (0.9505, 1.0, 1.0888))
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])
