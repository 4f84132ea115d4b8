import re
from pathlib import Path

import pytest

from report_batch import fail, finish, ledger_of, make_batch
from report_page import CHROMIUM, Elements, data_of, in_chromium, record_of, rows_of, with_script
from weppbatch import __version__
from weppbatch.batch.ledger import fold
from weppbatch.batch.runner import BatchRunner
from weppbatch.errors import DataError
from weppbatch.nodb.controls import set_fields
from weppbatch.report.build import build_report
from weppbatch.report.page import LIBRARIES

HOSTILE = [
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(2)>",
    "</script><!--<script>",
    "{{ 7 * 7 }} & sons",
]


@pytest.fixture
def batch(root: Path) -> Path:
    """Hostile names: ws-1 done with a flag, ws-2 failed, ws-3 excluded, ws-4 not begun; one feature rejected."""
    folder = make_batch(root, HOSTILE)
    finish(folder, "ws-1", flags=("poor_fit",))
    fail(folder, "ws-2", "dem", DataError("no <b>elevations</b>\nthere", hint="add </script> a DEM"))
    BatchRunner.getInstance(folder).exclude("ws-3", "<img src=x onerror=alert(3)> too small")
    return folder


def page_of(batch: Path) -> str:
    return build_report(fold(batch)).read_text(encoding="utf-8")


def test_the_report_names_every_state_and_every_reason(batch: Path):
    text = Elements(page_of(batch)).words
    assert "1 of 4 watersheds complete" in text
    assert "no <b>elevations</b> there" in text
    assert "What to do: add </script> a DEM" in text
    assert "logs/ws-2/dem.log" in text
    assert "<img src=x onerror=alert(3)> too small" in text
    assert "feature 4 (id <i>void</i>)" in text
    assert "null geometry" in text
    assert "overlaps the polygon badly (0.91 of 1)" in text
    assert "pending ws-4 not done yet" in text


def test_what_a_user_s_file_says_stays_text(batch: Path):
    html = page_of(batch)
    page = Elements(html)
    names = [name for name, _ in page.tags]
    assert names.count("script") == 1 + len(LIBRARIES) + 1
    assert not {"img", "iframe", "object", "link", "i"} & set(names)
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    data = data_of(html)
    assert [row["name"] for row in rows_of(data)] == HOSTILE
    own = html[html.index("<body>") : html.index('<script type="application/json"')]
    assert not re.search(r"<(script|img)", own) and "<b>elevations" not in own and "49 & sons" not in own


def test_the_data_are_json_that_can_not_end_their_script(batch: Path):
    html = page_of(batch)
    assert not re.search("[<>&']", Elements(html).scripts[0])
    data = data_of(html)
    assert [run["id"] for run in data["map"]["runs"]] == ["ws-1", "ws-2", "ws-3", "ws-4"]
    failed, done = record_of(data, "ws-2", "dem"), record_of(data, "ws-1", "outlet")
    assert failed is not None and done is not None
    assert (failed["status"], failed["message"]) == ("failed", "no <b>elevations</b>\nthere")
    assert (failed["hint"], failed["log"]) == ("add </script> a DEM", "logs/ws-2/dem.log")
    assert failed["traceback"].startswith("weppbatch.errors.DataError") or "DataError" in failed["traceback"]
    assert (done["status"], done["warnings"], done["wall_s"]) == ("succeeded", ["poor_fit"], 3)
    assert (done["metrics"]["iou"], done["versions"]) == (0.912, f"weppbatch {__version__} · whitebox 2.4.0")
    assert record_of(data, "ws-3", "dem") is None


def test_the_page_is_one_file_that_asks_nobody_for_anything(batch: Path):
    html = page_of(batch)
    page = Elements(html)
    policy = page.values("meta", "content")[0]
    assert policy is not None and policy.startswith("default-src 'none'")
    assert not page.values("script", "src")
    links = [link for link in page.values("a", "href") if link]
    assert not [link for link in links if re.match(r"(https?:)?//", link)]
    outside = {link for link in links if not link.startswith("#")}
    assert {"runs.csv", "runs.parquet", "batch.gpkg", "manifest.json", "../logs/ws-2/dem.log"} <= outside
    styles = "".join(re.findall(r"<style>(.*?)</style>", html, re.S))
    assert styles and not re.search(r"url\((?!\"data:|#)|@import", styles)


def test_settings_that_were_changed_are_shown_with_their_default_and_runs_that_differ_are_named(batch: Path):
    set_fields(batch / "_base", ["watershed.csa_ha=5"])
    text = Elements(page_of(batch)).words
    assert "watershed.csa_ha 5.0 default 10.0" in text
    assert "Runs with settings of their own watershed.csa_ha 10.0 ws-1" in text
    assert "Drift Runs with other settings than the base: watershed.csa_ha 10.0 in 2 runs: ws-1, ws-2" in text


def test_a_batch_where_nothing_ran_has_a_page(root: Path):
    text = Elements(page_of(make_batch(root, ["Cove Creek"]))).words
    assert "0 of 1 watersheds complete" in text
    assert "Not started yet" in text
    assert "Elevation none read yet" in text


def test_a_stale_run_keeps_its_figures_and_says_why(batch: Path):
    set_fields(batch / "runs" / "ws-1", ["watershed.csa_ha=5"])
    html = page_of(batch)
    assert "outlet: its settings, or a file that they name, changed" in Elements(html).words
    assert rows_of(data_of(html))[0]["basin_area_km2"] == 8.5


def test_ten_runs_take_little_more_than_the_libraries(root: Path):
    folder = make_batch(root, [f"Creek {place}" for place in range(10)])
    for place in range(10):
        finish(folder, f"ws-{place + 1}", hillslopes=200)
    assert build_report(ledger_of(folder)).stat().st_size < 1_600_000


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_chromium_draws_map_and_tables_without_an_error(batch: Path, tmp_path: Path):
    page = build_report(fold(batch))
    dom, console = in_chromium(page.as_uri() + "#run=ws-1", tmp_path)
    assert not console
    assert re.findall(r'class="part filled (slope-\d) ', dom) == ["slope-1", "slope-2", "slope-3"]
    assert 'class="channel order-2 chosen"' in dom
    assert 'class="outlet flagged chosen"' in dom
    assert re.search(r'id="map-facts"[^>]*><h3[^>]*>ws-1</h3>', dom)
    assert dom.count("<script") == 1 + len(LIBRARIES) + 1
    labels = Elements(dom).values("button", "aria-label")
    assert "Outlet of ws-1: succeeded, 3.0 s, with warnings" in labels
    assert "DEM of ws-2: failed, 3.0 s" in labels
    assert "Watershed of ws-4: pending" in labels
    assert not [label for label in labels if label and "ws-3" in label]


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_chromium_sorts_filters_and_shows_hostile_names_as_text(batch: Path, tmp_path: Path):
    html = build_report(fold(batch)).read_text(encoding="utf-8")
    acts = """setTimeout(() => {
      const one = (selector) => document.querySelector(selector);
      const all = (selector) => [...document.querySelectorAll(selector)];
      const ids = (table) => all(`#${table} .tabulator-row .run a`).map((link) => link.dataset.run).join();
      const type = (id, text) => { one("#" + id).value = text; one("#" + id).dispatchEvent(new Event("input")); };
      const said = [];
      one("#results-table [tabulator-field=runid] .head").click();
      one("#results-table [tabulator-field=runid] .head").click();
      said.push(ids("results-table"));
      type("filter-results", "SONS pending");
      said.push(ids("results-table"), one("#matches-results").textContent);
      one("#overview [data-state=failed]").click();
      said.push(ids("matrix-table"), one("#matches-matrix").textContent);
      one("#clear-matrix").click();
      one("#filter-task").value = "dem";
      type("filter-status", "unfinished");
      said.push(ids("matrix-table"));
      one("button[data-run=ws-2][data-task=dem]").click();
      said.push(one("#record").open);
      document.title = said.join(" | ");
      type("filter-results", "");
    }, 300);"""
    copy = with_script(html, acts, tmp_path)
    dom, console = in_chromium(copy.as_uri(), tmp_path)
    assert not console
    assert "<title>ws-4,ws-3,ws-2,ws-1 | ws-4 | 1 of 4 | ws-2 | 1 of 4 runs | ws-2,ws-4 | true</title>" in dom
    record = dom[dom.index('<div id="record-body">') : dom.index('<div id="tip"')]
    assert "no &lt;b&gt;elevations&lt;/b&gt;\nthere" in record
    assert "add &lt;/script&gt; a DEM" in record
    assert "DataError" in record
    body = re.sub(r"<script.*?</script>", "", dom[dom.index("<body>") :], flags=re.S)
    assert not re.search(r"<(img|script)[ >]", body)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body
