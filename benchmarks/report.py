"""What the report costs as batches grow: `python benchmarks/report.py [--runs N,N] [--batch FOLDER] [--json]`.

Batches with the results of the demo's ten watersheds, each many times at places of its own (`multiplied`). Without
`--batch` the demo is run first, in a temporary folder (some minutes).

first_s    the report built for the first time: every run is read
again_s    built again with nothing changed
one_s      built again after one run changed
page_mb    index.html
beside_mb  all other files of the report together
loaded_s   until Chromium has read the page (DOMContentLoaded)
shown_s    until its tables and its map are there and the page answers
heap_mb    what its scripts hold then

Each build is a process of its own, with its imports. The last three need Playwright and Chromium, which
`make test-browser` sees to, and are the median of three.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, sleep, time
from typing import Any

from multiplied import multiplied

COLUMNS = ("first_s", "again_s", "one_s", "page_mb", "beside_mb", "loaded_s", "shown_s", "heap_mb")
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIMES = 3
SETTLED_S = 5.0  # files that changed just now are read again, so that none is missed
BUILD = """
import sys
from pathlib import Path
from weppbatch.batch.ledger import fold
from weppbatch.report.build import build_report
build_report(fold(Path(sys.argv[1])))
"""


def main() -> None:
    options = argparse.ArgumentParser(description="What the report costs as batches grow.")
    options.add_argument("--runs", default="10,100,1000", help="sizes of the batches, commas between")
    options.add_argument("--batch", type=Path, help="a finished batch to multiply, in place of the demo")
    options.add_argument("--json", action="store_true", help="the figures as JSON, by number of runs")
    given = options.parse_args()
    found: dict[str, dict[str, float | None]] = {}
    with tempfile.TemporaryDirectory(prefix="report-") as root, chromium() as browser:
        source = given.batch.resolve() if given.batch else demo(Path(root))
        for runs in map(int, given.runs.split(",")):
            batch = multiplied(source, runs, Path(root, "batches", f"of-{runs}"))
            found[str(runs)] = (
                built(batch) | sizes(batch / "report") | opened(browser, batch / "report" / "index.html")
            )
            shutil.rmtree(batch)
            if not given.json:
                print(json.dumps({str(runs): found[str(runs)]}), file=sys.stderr, flush=True)
    if given.json:
        print(json.dumps(found))
        return
    print("| runs | " + " | ".join(COLUMNS) + " |\n" + "|---" * (1 + len(COLUMNS)) + "|")
    for size, figures in found.items():
        cells = ("–" if figures[name] is None else f"{figures[name]:.3g}" for name in COLUMNS)
        print(f"| {size} | " + " | ".join(cells) + " |")


def demo(root: Path) -> Path:
    """The demo, run."""
    words = [sys.executable, "-m", "weppbatch.client", "demo"]
    subprocess.run(words, env=os.environ | {"WEPPBATCH_ROOT": str(root)}, stdout=sys.stderr, check=True)
    return root / "demo"


def built(batch: Path) -> dict[str, float | None]:
    """Seconds of three builds of a batch's report."""
    rest(batch)
    shutil.rmtree(batch / ".cache", ignore_errors=True)
    first_s, again_s = build_s(batch), build_s(batch)
    record = next((batch / "runs").iterdir()) / ".tasks" / "wepp.json"
    os.utime(record, (time() - SETTLED_S, time() - SETTLED_S))
    return {"first_s": first_s, "again_s": again_s, "one_s": build_s(batch)}


def rest(batch: Path) -> None:
    """Let the newest file of any run be older than what a look takes for settled."""
    newest_s = max(path.stat().st_mtime for path in batch.glob("runs/*/.tasks"))
    sleep(max(0.0, SETTLED_S - (time() - newest_s)))


def build_s(batch: Path) -> float:
    """Seconds of a build in a process of its own."""
    began = perf_counter()
    subprocess.run([sys.executable, "-c", BUILD, str(batch)], check=True)
    return perf_counter() - began


def sizes(report: Path) -> dict[str, float | None]:
    """Megabytes of the page, and of what lies beside it."""
    page = (report / "index.html").stat().st_size
    whole = sum(path.stat().st_size for path in report.rglob("*") if path.is_file())
    return {"page_mb": page / 1e6, "beside_mb": (whole - page) / 1e6}


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium; None where Playwright or any Chromium is missing."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        yield None
        return
    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, CHROMIUMS)), None) or playwright.chromium.executable_path
        if not Path(path).exists():
            yield None
            return
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser: Any, page: Path) -> dict[str, float | None]:
    """Seconds until the page is there, and what its scripts hold (MB)."""
    if browser is None:
        return dict.fromkeys(("loaded_s", "shown_s", "heap_mb"))
    seen = [_opened_once(browser, page) for _ in range(TIMES)]
    return {name: median(one[name] for one in seen) for name in ("loaded_s", "shown_s", "heap_mb")}


def _opened_once(browser: Any, page: Path) -> dict[str, float]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    tab.set_default_timeout(120_000)
    tab.goto(page.as_uri(), wait_until="commit")
    for what in ("#map-view path.area", "#matrix-table .tabulator-row", "#results-table .tabulator-row"):
        tab.locator(what).first.wait_for(state="attached")
    shown_ms = tab.evaluate("new Promise(done => requestAnimationFrame(() => done(performance.now())))")
    loaded_ms = tab.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    heap = tab.evaluate("performance.memory.usedJSHeapSize")
    context.close()
    return {"loaded_s": loaded_ms / 1000, "shown_s": shown_ms / 1000, "heap_mb": heap / 1e6}


if __name__ == "__main__":
    main()
