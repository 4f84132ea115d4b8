"""The map as a browser shows it: colours by any result in either units, choosing, layers, keys, touch, paper."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.chromium import PHONE, Watched, violations
from map_batch import give_terrain
from report_batch import CLASSES, UNBURNED, finish, ledger_of, make_batch, simulate
from weppbatch.report.build import build_report
from weppbatch.report.scales import round_bounds, spread

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = "<img src=x onerror=alert(1)> & \"Creek'"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ws-1 burned and simulated, ws-2 with terrain only and a flag, ws-3 unburned; all with rasters."""
    root = tmp_path_factory.mktemp("map")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(root))
        folder = make_batch(root, [HOSTILE, "Titus Creek", "Añasco"], task="wepp")
        for runid in ("ws-1", "ws-2", "ws-3"):
            finish(folder, runid, flags=("poor_fit",) if runid == "ws-2" else ())
            give_terrain(folder, runid)
        simulate(folder, "ws-1", classes=CLASSES)
        simulate(folder, "ws-3", classes=UNBURNED, times=0.5)
        build_report(ledger_of(folder))
    return folder


@pytest.fixture(scope="module")
def preprocessed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs up to their outlets, one of which is flagged; the third has no basin yet."""
    root = tmp_path_factory.mktemp("preprocessed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(root))
        folder = make_batch(root, ["Cove Creek", "Titus Creek", "Añasco"], task="wepp")
        for runid in ("ws-1", "ws-2", "ws-3"):
            finish(folder, runid, flags=("poor_fit",) if runid == "ws-2" else ())
            give_terrain(folder, runid)
            (folder / "runs" / runid / ".tasks" / "watershed.json").unlink()
        (folder / "runs" / "ws-3" / ".tasks" / "outlet.json").unlink()
        build_report(ledger_of(folder))
    return folder


def classes(page: "Page", kind: str) -> list[str]:
    """The classes of the shapes of a kind, without Leaflet's own, sorted as drawn."""
    found: list[str] = page.evaluate(
        "(kind) => [...document.querySelectorAll(`#map-view path.${kind}`)].map((path) => "
        "[...path.classList].filter((name) => !name.startsWith('leaflet') && name !== kind).join(' '))",
        kind,
    )
    return found


def legend(page: "Page") -> list[str]:
    return [page.locator("#map-legend h4").inner_text(), *page.locator("#map-legend li").all_inner_texts()]


def options(page: "Page") -> list[str]:
    found: list[str] = page.evaluate("[...document.querySelectorAll('#map-by option')].map(({ value }) => value)")
    return found


def choose(page: "Page", runid: str) -> None:
    page.evaluate(
        "(id) => new Promise((done) => { const map = document.getElementById('map-view');"
        "map.addEventListener('map-chosen', done, { once: true }); const pick = document.getElementById('map-run');"
        "pick.value = id; pick.dispatchEvent(new Event('change')); })",
        runid,
    )


def test_watersheds_are_coloured_by_any_result_or_by_state(page_of: Watched, simulated: Path):
    page = page_of(simulated)
    first = options(page)
    assert first[:4] == ["soil_loss_t_ha_yr", "runoff_mm_yr", "sediment_yield_t_ha_yr", "burned_share"]
    assert {"precip_mm_yr", "iou", "hillslopes", "basin_area_km2", "state"} <= set(first)
    assert "outlet_longitude_deg" not in first
    assert sorted(classes(page, "area")) == ["filled earth-0", "filled earth-5", "filled unknown"]
    assert legend(page) == ["Soil loss t/ha/yr", "under 0.5", "0.5 and more", "no result"]
    page.select_option("#map-by", "state")
    assert sorted(classes(page, "area")) == ["pending", "succeeded", "succeeded"]
    assert legend(page) == ["State", "succeeded", "pending"]


def test_the_legend_is_in_the_units_of_the_switch_with_bounds_round_in_them(page_of: Watched, simulated: Path):
    page = page_of(simulated)
    page.evaluate("units.choose('us')")
    assert legend(page) == ["Soil loss ton/ac/yr", "under 0.2", "0.2 and more", "no result"]
    assert page.locator(".leaflet-control-scale").inner_text().split()[1] in ("mi", "ft")
    choose(page, "ws-1")
    page.select_option("#map-by", "length_m")
    assert legend(page)[0] == "Length ft, of hillslopes"


def test_the_page_s_classes_are_those_of_the_qgis_styles(page_of: Watched, simulated: Path):
    values = [0.03, 0.0, 0.2, 0.7, 0.9, 4.0, 5.0, 11.0, 18.0, 90.0, 310.0]
    page = page_of(simulated)
    assert page.evaluate("(values) => roundBounds(spreadOf(values))", values) == round_bounds(values)
    ours, theirs = spread(values), page.evaluate("(values) => spreadOf(values)", values)
    assert theirs == pytest.approx(ours, rel=1e-4)


def test_a_chosen_run_has_its_hillslopes_in_the_colours_asked_for(page_of: Watched, simulated: Path):
    page = page_of(simulated)
    choose(page, "ws-1")
    assert options(page)[:3] == ["soil_loss_t_ha_yr", "sediment_yield_t_ha_yr", "runoff_mm_yr"]
    assert {"land", "burn", "texture", "slope_scalar", "length_m", "area_m2"} <= set(options(page))
    for key, expected in {
        "land": ["filled kind-forest", "filled kind-burned-high", "filled kind-burned-low"],
        "burn": ["filled severity-0", "filled severity-3", "filled severity-1"],
        "texture": ["filled texture-0"] * 3,
        "slope_scalar": ["filled slope-1", "filled slope-2", "filled slope-3"],
        "runoff_mm_yr": ["filled water-3", "filled water-5", "filled water-5"],
    }.items():
        page.select_option("#map-by", key)
        assert classes(page, "part") == expected, key
    assert "forecast" in page.locator("#map-legend").inner_text()
    choose(page, "ws-2")
    assert options(page)[0] == "slope_scalar"
    choose(page, "")
    assert classes(page, "part") == []
    assert page.locator("#map-by").input_value() == "soil_loss_t_ha_yr"


def test_facts_and_tooltips_say_what_a_file_says_as_text(page_of: Watched, simulated: Path):
    page = page_of(simulated, fragment="#run=ws-1")
    facts = page.locator("#map-facts")
    assert facts.locator("h3").inner_text() == "ws-1"
    assert HOSTILE in facts.inner_text()
    assert page.locator("#map-view img[src='x'], #map-facts img").count() == 0
    page.locator("path.part").first.dispatch_event("mouseover")
    lines = page.locator(".map-tip div div").all_inner_texts()
    assert lines[:3] == ["Hillslope 21, top", "Soil loss: 0.4 t/ha/yr", "Sediment yield: 0.2 t/ha/yr"]
    assert "Mixed Forest" in lines and "Soil: loam" in lines
    page.locator("path.touch").first.dispatch_event("mouseover")
    assert "Channel 24, order 2" in page.locator(".map-tip").all_inner_texts()[-1]


def test_a_click_a_select_box_and_an_address_choose_a_run_and_escape_leaves_it(page_of: Watched, simulated: Path):
    page = page_of(simulated)
    page.locator("#map").scroll_into_view_if_needed()
    page.locator("path.area").nth(1).click()
    chosen = page.locator("#map-run").input_value()
    assert chosen.startswith("ws-")
    page.locator("#map-view").focus()
    page.keyboard.press("Escape")
    assert page.locator("#map-run").input_value() == ""
    page.evaluate("location.hash = '#run=ws-3'")
    page.wait_for_selector("path.part")
    assert page.locator("#map-facts h3").inner_text() == "ws-3"


def test_keys_move_and_zoom_and_the_wheel_does_so_only_with_control(page_of: Watched, simulated: Path):
    page = page_of(simulated)
    page.evaluate("document.getElementById('map').scrollIntoView()")
    where = "[mainMap.leaflet.getZoom(), mainMap.leaflet.getCenter().lng]"
    zoom, longitude = page.evaluate(where)
    page.locator("#map-view").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"({where})[1] > {longitude}")
    page.keyboard.press("+")
    page.wait_for_function(f"({where})[0] > {zoom}")
    nearer = page.evaluate(where)[0]
    box = page.locator("#map-view").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, 200)
    page.wait_for_function(f"scrollY > {before}")
    assert page.evaluate(where)[0] == nearer


def test_every_layer_has_a_switch(page_of: Watched, simulated: Path):
    page = page_of(simulated)
    names = page.locator("#map-layers input").evaluate_all("(all) => all.map(({ name }) => name)")
    shapes = {
        "layer-basins": "path.basin",
        "layer-polygons": "path.polygon",
        "layer-windows": "path.window",
        "layer-channels": "path.channel",
        "layer-outlets": "path.outlet",
        "layer-hillshade": "img.leaflet-image-layer",
        "layer-labels": ".map-label",
    }
    assert names == list(shapes)
    for name, selector in shapes.items():
        page.check(f"[name={name}]")
        assert page.locator(f"#map-view {selector}").count() == 3, name
        page.uncheck(f"[name={name}]")
        assert page.locator(f"#map-view {selector}").count() == 0, name


def test_before_a_long_run_outlets_to_be_looked_at_come_first(page_of: Watched, preprocessed: Path):
    page = page_of(preprocessed)
    assert page.locator("#map-by").input_value() == "iou"
    assert legend(page)[0] == "Overlap"
    assert page.locator("#map-facts").inner_text().split("\n")[-3:] == [
        "1 outlet to be looked at",
        "ws-2",
        "poor fit, overlap 0.91",
    ]
    assert page.is_checked("[name=layer-polygons]")
    assert page.locator("path.outlet.flagged").count() == 1
    assert sorted(classes(page, "polygon")) == ["alone", "given", "given"]
    page.locator(".to-check a").click()
    page.wait_for_selector("path.basin.chosen")
    assert "poor fit" in page.locator("#map-facts").inner_text()
    clips = page.locator("img.leaflet-image-layer").evaluate_all(
        "(all) => all.map((one) => one.style.clipPath.length)"
    )
    assert len(clips) == 3 and min(clips) > 0


def test_the_map_has_no_accessibility_fault_light_and_dark(page_of: Watched, simulated: Path):
    for dark in (False, True):
        page = page_of(simulated, dark=dark, fragment="#run=ws-1")
        page.wait_for_selector("path.part")
        assert violations(page, within="#map") == []


def test_on_a_phone_one_finger_scrolls_the_page(page_of: Watched, simulated: Path):
    page = page_of(simulated, size=PHONE)
    style = page.locator("#map-view").evaluate("(map) => getComputedStyle(map).touchAction")
    assert style == "pan-x pan-y"
    box, frame = page.locator("#map-view").bounding_box(), page.locator(".map-frame").bounding_box()
    assert box is not None and frame is not None
    assert 300 < box["width"] <= frame["width"] <= PHONE[0]


def test_on_paper_the_map_is_whole(page_of: Watched, simulated: Path):
    page = page_of(simulated, fragment="#run=ws-1")
    page.wait_for_selector("path.part")
    wide = page.locator("#map-view").evaluate("(map) => map.offsetWidth")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("#map-view").evaluate("(map) => map.offsetWidth") == wide
    assert not page.locator("[name=layer-basins]").is_visible()
    assert page.locator("#map-legend").is_visible()
