"""The tables: sorted, filtered, opened by pointer and by keys, given as CSV."""

import csv
import io
from pathlib import Path

from browser.chromium import Watched


def shown(page, table: str) -> list[str]:
    """The run ids of the rows of a table, in their order."""
    return page.eval_on_selector_all(
        f"{table} .tabulator-row",
        "rows => rows.map(row => row.querySelector('[tabulator-field=runid] a').textContent)",
    )


def test_the_matrix_is_sorted_by_a_click_and_filtered_by_id_state_size_and_task(page_of: Watched, batch: Path):
    page = page_of(batch)
    every = [f"ws-{number}" for number in range(1, 8)]
    assert shown(page, "#matrix-table") == every
    page.locator("#matrix-table .tabulator-col[tabulator-field=runid] button").click()
    assert shown(page, "#matrix-table") == every[::-1]
    page.fill("#filter-matrix", "ws-5")
    assert shown(page, "#matrix-table") == ["ws-5"]
    page.locator("#clear-matrix").click()
    page.locator('#matrix .chip[data-state="failed"]').click()
    assert shown(page, "#matrix-table") == ["ws-2"]
    assert page.locator("#matches-matrix").inner_text() == "1 of 7 runs"
    page.locator("#clear-matrix").click()
    page.select_option("#filter-task", "outlet")
    page.select_option("#filter-status", "warned")
    assert shown(page, "#matrix-table") == ["ws-1"]
    page.locator("#clear-matrix").click()
    page.fill("#size-from", "8.7")
    assert set(shown(page, "#matrix-table")) < set(every)
    page.locator("#clear-matrix").click()
    assert set(shown(page, "#matrix-table")) == set(every)


def test_a_cell_opens_its_record_and_the_focus_comes_back(page_of: Watched, batch: Path):
    page = page_of(batch)
    cell = page.locator('#matrix-table button[data-run="ws-5"][data-task="wepp"]')
    cell.click()
    record = page.locator("#record")
    assert "ws-5" in page.locator("#record-head").inner_text()
    assert "3.0 s" in record.inner_text() and "310 MB" in record.inner_text()
    page.keyboard.press("Escape")
    assert not record.is_visible()
    page.locator('#matrix-table button[data-run="ws-5"][data-task="wepp"]:focus').wait_for()


def test_the_matrix_is_used_by_the_keyboard_alone(page_of: Watched, batch: Path):
    page = page_of(batch)
    page.focus("#filter-matrix")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("Boolean(document.activeElement.closest('#matrix-table .tabulator-row'))"):
            break
    else:
        raise AssertionError("no cell takes the focus")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    for _ in range(20):
        page.keyboard.press("ArrowRight")
        if page.evaluate("document.activeElement.dataset.task") == "dem":
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#record-head").inner_text() == "DEM of ws-2"
    page.keyboard.press("Escape")
    page.locator('#matrix-table button[data-run="ws-2"][data-task="dem"]:focus').wait_for()


def test_results_are_ranked_and_change_with_the_view(page_of: Watched, batch: Path):
    page = page_of(batch)
    head = page.locator('#results-table .tabulator-col[tabulator-field="runoff_mm_yr"] button')
    head.click()
    first = shown(page, "#results-table")[0]
    head.click()
    assert first == "ws-6" and shown(page, "#results-table")[0] != "ws-6"


def test_the_csv_has_what_the_table_shows_in_its_order(page_of: Watched, batch: Path, tmp_path: Path):
    page = page_of(batch)
    page.locator('#results-table .tabulator-col[tabulator-field="runoff_mm_yr"] button').click()
    with page.expect_download() as found:
        page.get_by_role("button", name="CSV").first.click()
    found.value.save_as(tmp_path / "x.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "x.csv").read_text(encoding="utf-8-sig"))))
    assert "Run" in rows[0][0] or "Run" in rows[0][1]
    at = next(place for place, head in enumerate(rows[0]) if head.startswith("Run") and "off" not in head)
    assert [row[at] for row in rows[1:]] == shown(page, "#results-table")
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "@")]
