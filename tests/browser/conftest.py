"""Real reports of real batches in a browser. `page_of(batch)` opens one and fails on whatever goes wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.chromium import Watched, chromium
from report_batch import CLASSES, UNBURNED, fail, finish, make_batch, simulate
from weppbatch.batch.ledger import fold
from weppbatch.batch.runner import BatchRunner
from weppbatch.errors import DataError
from weppbatch.nodb.controls import set_fields
from weppbatch.report.build import build_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOSTILE = [
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(2)>",
    "</script><!--<script>",
    "{{ 7 * 7 }} & sons",
]


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A headless Chromium; tests are skipped without it."""
    with chromium() as found:
        yield found


@pytest.fixture
def page_of(browser: "Browser") -> Iterator[Watched]:
    """Opens the report of a batch (its folder), a file or an address in a window: see `Watched`.

    The test fails when a page had an error, said one on its console, or asked for anything outside of itself.
    """
    watched = Watched(browser)
    yield watched
    watched.close()
    assert not watched.faults, watched.faults


@pytest.fixture(scope="session")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hostile names and a report.

    ws-1 terrain with a flag, ws-2 failed, ws-3 excluded, ws-4 not begun, ws-5 and ws-6 with results (ws-6 twice as
    large and unburned), ws-7 stale.
    """
    root = tmp_path_factory.mktemp("shown")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(root))
        folder = make_batch(root, [*HOSTILE, "Cove Creek", "Titus Creek", "Añasco"], task="wepp")
        finish(folder, "ws-1", flags=("poor_fit",))
        fail(folder, "ws-2", "dem", DataError("no <b>elevations</b>\nthere", hint="add </script> a DEM"))
        BatchRunner.getInstance(folder).exclude("ws-3", "<img src=x onerror=alert(3)> too small")
        for runid, classes, times in (("ws-5", CLASSES, 1.0), ("ws-6", UNBURNED, 2.0), ("ws-7", CLASSES, 0.5)):
            finish(folder, runid)
            simulate(folder, runid, classes=classes, times=times)
        set_fields(folder / "runs" / "ws-7", ["watershed.csa_ha=5"])
        (folder / "logs" / "ws-2").mkdir(parents=True, exist_ok=True)
        (folder / "logs" / "ws-2" / "dem.log").write_text("what the task said\n")
        build_report(fold(folder))
    return folder
