"""The report live: what the server pushes is on the page at once, as text, and a newer report loses no place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from browser.chromium import PHONE, Watched, too_wide, violations
from report_batch import fail, finish, ledger_of, make_batch, succeed
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.undertaking import Undertaking
from weppbatch.errors import DataError
from weppbatch.lock import holding
from weppbatch.report.build import build_report
from weppbatch.report.live.server import LiveServer

HOSTILE = "</script><img src=x onerror=alert(1)>"
EXECUTION = "batch:hills:1"


@pytest.fixture
def batch(root: Path) -> Path:
    """ws-1 done, ws-2 failed with a hostile message, ws-3 not begun; and a report."""
    folder = make_batch(root, ["Cove Creek", "Titus Creek", "Añasco"])
    finish(folder, "ws-1")
    fail(folder, "ws-2", "dem", DataError(HOSTILE, hint="<b>another</b> DEM"))
    build_report(ledger_of(folder))
    (folder / "logs" / "ws-2").mkdir(parents=True)
    (folder / "logs" / "ws-2" / "dem.log").write_text("what the task said\n")
    return folder


@pytest.fixture
def server(batch: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveServer]:
    """Serving it, with looks in quick succession."""
    monkeypatch.setattr("weppbatch.report.live.fresh.LOWEST", 0)
    served = LiveServer(batch, look_s=0.1, report_s=0.1)
    thread = Thread(target=served.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield served
    served.shutdown()
    thread.join()
    served.close()


@contextmanager
def running(batch: Path) -> Iterator[None]:
    """A start that has ws-1, ws-2 and the first tasks of ws-3 to do."""
    with holding(batch / ".lock", execution=EXECUTION, purpose="run"):
        jobs = {"ws-1": ("clone", "extent"), "ws-2": ("dem",), "ws-3": ("clone", "extent", "dem")}
        Undertaking.write(batch, EXECUTION, jobs)
        os.utime(batch / ".start.json", (1e9, 1e9))
        yield


def test_a_file_shows_nothing_live(page_of: Watched, batch: Path):
    assert not page_of(batch).locator("#live").is_visible()


def test_the_served_report_says_what_runs_and_what_failed_as_text(
    page_of: Watched, batch: Path, server: LiveServer
):
    server.hub.report._due = float("inf")  # no new report in this test
    with running(batch):
        page = page_of(server.url)
        page.get_by_text(f"{EXECUTION} runs for").wait_for()
        assert page.url.endswith("/report/index.html")
        assert page.locator("#live-link").inner_text() == "live"
        assert page.locator("#live-count").inner_text() == "2 of 6 tasks, 1 of 3 runs done, 1 failed"
        failed = page.locator("#live-failed li")
        assert HOSTILE in failed.inner_text() and "<b>another</b> DEM" in failed.inner_text()
        assert page.locator("img").count() == 0
        page.locator("#live-tasks summary").click()
        with page.expect_navigation():
            failed.locator("a").click()
        assert "what the task said" in page.inner_text("body")


def test_states_change_on_the_page_as_they_change_on_the_disk(page_of: Watched, batch: Path, server: LiveServer):
    server.hub.report._due = float("inf")
    with running(batch):
        page = page_of(server.url)
        page.get_by_text(f"{EXECUTION} runs for").wait_for()
        cell = page.locator('#matrix-table button[data-run="ws-3"][data-task="clone"]')
        assert cell.inner_text() == "pending"
        assert page.locator('#overview [data-state="pending"]').is_visible()
        succeed(batch, "ws-3", "clone", metrics={}, warnings=[])
        page.locator('#matrix-table button.succeeded[data-run="ws-3"][data-task="clone"]').wait_for()
        fail(batch, "ws-3", "extent", DataError("no extent here"))
        page.locator('#matrix-table button.failed[data-run="ws-3"][data-task="extent"]').wait_for()
        page.locator("#live-failed").get_by_text("no extent here").wait_for()
        assert page.locator('#overview [data-state="failed"] b').inner_text() == "2"
        for part in ("#overview", "#matrix"):
            assert not page.locator(f'{part} [data-state="pending"]').is_visible()
        assert page.get_by_role("heading", name="1 of 3 watersheds complete").is_visible()
        BatchRunner.getInstance(batch).exclude("ws-1", "a reservoir")  # which is looked at when the start has ended
    page.get_by_text("has ended").wait_for()
    page.get_by_role("heading", name="0 of 3 watersheds complete").wait_for()
    assert page.locator('#overview [data-state="excluded"]').is_visible()


def test_a_newer_report_is_offered_and_the_place_is_kept(page_of: Watched, batch: Path, server: LiveServer):
    os.utime(batch / "report" / "index.html", (1e9, 1e9))
    page = page_of(server.url)
    page.fill("#filter-matrix", "ws-1")
    page.locator("#live-newer button").wait_for()
    page.evaluate("scrollTo(0, 700)")
    with page.expect_navigation():
        page.locator("#live-newer button").evaluate("button => button.click()")
    page.locator("#matches-matrix").get_by_text("1 of 3 runs").wait_for()
    assert page.input_value("#filter-matrix") == "ws-1"
    page.wait_for_timeout(200)  # the next frame scrolls
    assert page.evaluate("scrollY") > 600
    assert page.locator("#matrix-table .tabulator-row").count() == 1
    page.get_by_text("nothing runs").wait_for()
    assert not page.locator("#live-newer").is_visible()


def test_a_runs_page_is_made_when_its_link_is_followed(page_of: Watched, server: LiveServer):
    page = page_of(server.url)
    with page.expect_navigation():
        page.locator('#matrix-table a[href="runs/ws-1.html"]').first.click()
    assert "ws-1" in page.locator("h1").inner_text()


@pytest.mark.parametrize("dark", [False, True])
def test_the_live_part_fits_a_phone_and_has_no_violations(
    page_of: Watched, batch: Path, server: LiveServer, dark: bool
):
    server.hub.report._due = float("inf")
    with running(batch):
        page = page_of(server.url, size=PHONE, dark=dark)
        page.get_by_text(f"{EXECUTION} runs for").wait_for()
        page.locator("#live-tasks summary").click()
        assert too_wide(page) == []
        assert violations(page, within="#live") == []
