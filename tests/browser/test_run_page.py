"""A run's own page, the part on time and the charts of the results, as a browser shows them."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.chromium import LAPTOP, PHONE, Watched, too_wide, violations
from report_batch import UNBURNED, finish, ledger_of, make_batch, simulate
from run_tables import compare, complete
from weppbatch.report.build import build_report
from weppbatch.report.run_pages import write_run_pages

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = "</script><img src=x onerror=alert(1)>"
CHARTS = ("flow", "flow-all", "years", "months", "events", "period-peak_m3_s", "shares", "scenarios")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ws-1 with all that a page can show, ws-2 with terrain only, ws-3 with half of ws-1's figures."""
    root = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(root))
        folder = make_batch(root, [HOSTILE, "Titus Creek", "Añasco"], task="wepp")
        for runid in ("ws-1", "ws-2", "ws-3"):
            finish(folder, runid)
        complete(folder, "ws-1")
        compare(folder, "ws-1")
        simulate(folder, "ws-3", classes=UNBURNED, times=0.5)
        write_run_pages(ledger_of(folder), ["ws-1", "ws-2"])
        build_report(ledger_of(folder))
    return folder


def run_file(batch: Path, runid: str) -> Path:
    return batch / "report" / "runs" / f"{runid}.html"


def label(page: "Page", chart: str) -> str:
    """What a chart says to who does not see it."""
    return page.locator(f"#chart-{chart} svg[role=img]").first.get_attribute("aria-label") or ""


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("runid", ["ws-1", "ws-2"])
def test_a_run_s_page_is_accessible_light_and_dark(page_of: Watched, simulated: Path, runid: str, dark: bool):
    assert "\n".join(violations(page_of(run_file(simulated, runid), dark=dark))) == ""


@pytest.mark.parametrize("size", [LAPTOP, PHONE])
def test_every_chart_is_drawn_says_what_it_shows_and_fits(page_of: Watched, simulated: Path, size: tuple[int, int]):
    page = page_of(run_file(simulated, "ws-1"), size=size)
    for chart in CHARTS:
        assert len(label(page, chart)) > 30, chart
    assert too_wide(page) == []


def test_the_stretch_of_the_hydrograph_is_chosen_by_year_by_step_and_by_dragging(page_of: Watched, simulated: Path):
    page = page_of(run_file(simulated, "ws-1"))
    page.select_option("#flow-stretch", label="2002")
    assert label(page, "flow").startswith("Rain and outflow at the outlet, 1 Jan 2002 to 31 Dec 2002")
    page.click("#flow-after")
    assert "1 Jan 2003 to 31 Dec 2003" in label(page, "flow")
    page.check("#flow-log")
    assert "1 Jan 2003" in label(page, "flow")
    page.select_option("#flow-stretch", value="all")
    assert "1 Jan 2001 to 31 Dec 2004" in label(page, "flow")
    page.locator("#chart-flow-all").scroll_into_view_if_needed()
    box = page.locator("#chart-flow-all .overlay").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 12, steps=4)
    page.mouse.up()
    assert re.search(r", \d+ (Dec|Jan) 200[23] to \d+ (Dec|Jan) 200[34];", label(page, "flow"))
    assert page.locator("#flow-stretch").input_value() == "own"


def test_all_figures_and_charts_change_with_the_units_and_back(page_of: Watched, simulated: Path):
    page = page_of(run_file(simulated, "ws-1"))
    before = page.locator("main").inner_text()
    page.select_option("#unit-switch", "us")
    text = page.locator("main").inner_text()
    assert "ton/ac/yr" in text and "ft³/s" in text and "t/ha/yr" not in text.replace("Sediment yield, t/ha/yr", "")
    assert " in of rain and snow" in label(page, "years")
    page.select_option("#unit-switch", "metric")
    assert page.locator("main").inner_text() == before


def test_a_page_without_results_says_why_in_every_section(page_of: Watched, simulated: Path):
    page = page_of(run_file(simulated, "ws-2"))
    assert page.locator("p.missing").count() >= 7
    assert page.locator(".chart").count() == 0


def test_on_paper_the_charts_stay_and_the_controls_go(page_of: Watched, simulated: Path):
    page = page_of(run_file(simulated, "ws-1"), printed=True)
    assert page.locator("#chart-flow svg").first.is_visible()
    assert not page.locator("#flow-stretch").is_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_time_and_charts_of_the_report_are_accessible(page_of: Watched, simulated: Path, dark: bool):
    page = page_of(simulated, dark=dark)
    assert violations(page, within="#time") == []
    assert violations(page, within="#charts") == []


def test_the_timeline_is_zoomed_and_a_task_leads_to_its_run(page_of: Watched, simulated: Path):
    page = page_of(simulated)
    whole = page.locator("#time-lanes").get_attribute("aria-label")
    page.click("[data-time=in]")
    assert page.locator("#time-lanes").get_attribute("aria-label") != whole
    page.click("[data-time=all]")
    assert page.locator("#time-lanes").get_attribute("aria-label") == whole
    page.locator("#time-lanes").click(position={"x": 300, "y": 5})
    assert re.search(r"#run=ws-\d$", page.url)


def test_results_are_ranked_and_set_against_each_other(page_of: Watched, simulated: Path):
    page = page_of(simulated)
    page.select_option("#rank-by", label="Soil loss")
    assert label(page, "ranked").startswith("Soil loss of 2 runs, ranked: from 0.8 t/ha/yr of ws-1 to 0.4 t/ha/yr")
    page.select_option("#unit-switch", "us")
    assert "ton/ac/yr of ws-1" in label(page, "ranked")
    page.select_option("#scatter-x", label="Surface runoff")
    page.select_option("#scatter-y", label="Soil loss")
    page.check("#scatter-log")
    assert label(page, "scatter").startswith("Soil loss against Surface runoff of 2 runs")
    bar = page.locator("#chart-ranked rect[height]").first
    bar.hover()
    bar.click()
    assert page.url.endswith("#run=ws-1")
