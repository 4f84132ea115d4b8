"""The report's page as a whole: it opens without a fault at every size, light, dark and printed; axe passes it."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from browser.chromium import LAPTOP, PHONE, Watched, too_wide, violations
from browser.conftest import HOSTILE

PARTS = ("overview", "map", "matrix", "results", "time", "provenance")


@pytest.mark.parametrize("size", [LAPTOP, PHONE])
@pytest.mark.parametrize("dark", [False, True])
def test_it_opens_without_a_fault_and_nothing_is_wider_than_the_screen(
    page_of: Watched, batch: Path, size: tuple[int, int], dark: bool
):
    page = page_of(batch, size=size, dark=dark)
    assert page.locator("h1").inner_text() == "hills"
    for part in PARTS:
        assert page.locator(f"#{part}").is_visible(), part
    assert too_wide(page) == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("part", ["header", "nav", *(f"#{part}" for part in PARTS)])
def test_axe_finds_no_violation(page_of: Watched, batch: Path, part: str, dark: bool):
    page = page_of(batch, dark=dark, fragment="#run=ws-5" if part == "#map" else "")
    page.wait_for_timeout(300)
    assert violations(page, within=part) == []


def test_axe_finds_no_violation_on_a_phone_nor_in_a_record(page_of: Watched, batch: Path):
    page = page_of(batch, size=PHONE)
    assert violations(page) == []
    page.locator('button[data-run="ws-2"][data-task="dem"]').first.click()
    assert page.locator("#record").is_visible()
    assert violations(page, within="#record") == []


def test_it_prints_whole(page_of: Watched, batch: Path, tmp_path: Path):
    page = page_of(batch)
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    content = (tmp_path / "report.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 3


def test_every_link_leads_to_a_file_that_is_there_or_to_a_place_on_the_page(page_of: Watched, batch: Path):
    page = page_of(batch)
    links = page.eval_on_selector_all(
        "a[href]:not([role=button])", "links => links.map(link => link.getAttribute('href'))"
    )
    assert {"runs.csv", "batch.gpkg", "manifest.json", "../logs/ws-2/dem.log", "#results"} <= set(links)
    ids = set(page.eval_on_selector_all("[id]", "all => all.map(one => one.id)"))
    runs = {f"ws-{number}" for number in range(1, 8)}
    for link in links:
        if link.startswith("#run="):
            assert unquote(link[5:]) in runs, link
        elif link.startswith("#"):
            assert link[1:] in ids, link
        else:
            assert (batch / "report" / unquote(link)).exists(), link


def test_hostile_names_and_messages_stay_text(page_of: Watched, batch: Path):
    page = page_of(batch)
    for name in HOSTILE[:2]:
        assert page.get_by_text(name).count() > 0, name
    page.fill("#filter-matrix", "onerror=alert(2)")
    assert page.locator("#matrix-table .tabulator-row").count() == 1
    page.locator('button[data-run="ws-2"][data-task="dem"]').first.click()
    record = page.locator("#record").inner_text()
    assert "no <b>elevations</b>" in record and "add </script> a DEM" in record
    assert page.locator("#record b, #record img, #record script").count() == 0
    assert page.locator("img, iframe, object, embed, link").count() == 0
    assert page.evaluate("document.scripts.length") == len(
        re.findall(r"<script[ >]", (batch / "report" / "index.html").read_text().split('id="data"')[0])
    ) + len(re.findall(r"\n<script>", (batch / "report" / "index.html").read_text()))


def test_the_units_switch_changes_heads_and_figures_and_is_remembered(page_of: Watched, batch: Path):
    page = page_of(batch)
    table = page.locator("#results-table")
    assert "t/ha/yr" in table.inner_text() and "ton/ac/yr" not in table.inner_text()
    metric = page.locator("#overview .spreads b").first.inner_text()
    page.select_option("#unit-switch", "us")
    table.get_by_text("ton/ac/yr").first.wait_for()
    assert page.locator("#overview .spreads b").first.inner_text() != metric
    page.reload()
    assert page.input_value("#unit-switch") == "us"
    assert "ton/ac/yr" in page.locator("#results-table").inner_text()


def test_the_theme_can_be_chosen(page_of: Watched, batch: Path):
    page = page_of(batch)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.select_option("#theme-switch", "dark")
    assert page.evaluate(ground) != light
    page.select_option("#theme-switch", "light")
    assert page.evaluate(ground) == light
