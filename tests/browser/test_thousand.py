"""A thousand watersheds on one page: drawn, scrolled and filtered."""

import os
from pathlib import Path

import pytest

from browser.chromium import PHONE, Watched, too_wide
from report_batch import finish, make_batch, simulate
from weppbatch.batch.ledger import fold
from weppbatch.report.build import build_report

pytestmark = pytest.mark.skipif(
    "WEPPBATCH_TEST_BROWSER" not in os.environ, reason="takes a minute: make test-browser"
)
RUNS = 1000


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thousand runs, the first twenty with results."""
    root = tmp_path_factory.mktemp("thousand")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(root))
        folder = make_batch(root, [f"Creek {number}" for number in range(RUNS)], task="wepp")
        for number in range(1, 21):
            finish(folder, f"ws-{number}")
            simulate(folder, f"ws-{number}", times=number)
        build_report(fold(folder))
    return folder


def test_it_opens_and_every_run_can_be_found(page_of: Watched, batch: Path):
    page = page_of(batch)
    rows = page.locator("#matrix-table .tabulator-row")
    assert 0 < rows.count() < RUNS / 2  # what is out of sight is not drawn
    assert page.locator("#map-view path.area").count() == RUNS
    page.locator("#matrix-table .tabulator-tableholder").evaluate("one => { one.scrollTop = one.scrollHeight; }")
    page.locator('#matrix-table [data-run="ws-1000"]').first.wait_for()
    page.fill("#filter-matrix", "ws-777")
    assert rows.count() == 1
    page.fill("#filter-results", "ws-777")
    assert page.locator("#matches-results").inner_text().startswith("1 of")
    page.locator('#overview .tile[data-state="succeeded"]').click()
    page.fill("#filter-matrix", "")
    assert page.locator("#matches-matrix").inner_text().startswith("20 of")


def test_it_fits_a_phone(page_of: Watched, batch: Path):
    assert too_wide(page_of(batch, size=PHONE)) == []
