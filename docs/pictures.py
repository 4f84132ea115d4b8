"""Makes the pictures of the documentation from a finished batch's report: `python docs/pictures.py [BATCH]`.

Needs Chromium and playwright (the extra `browser`); writes docs/pictures/*.png, each of 150 kB at most. The batch's
report has to be there, with the page of one run: `weppbatch report demo --runs stony-fork`.
"""

import argparse
import io
import os
import shutil
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Page, sync_playwright

PICTURES = Path(__file__).parent / "pictures"
BATCH = "demo"
MOST_BYTES = 150_000
WIDTH, HEIGHT = 1120, 940
COLOURS = (256, 128, 64, 32)


class Shot(NamedTuple):
    """A picture: its name, the part of the page, and how much of it is shown at most (pixels)."""

    name: str
    part: str
    height: int = 760


SHOTS = (
    Shot("overview", "#overview"),
    Shot("map", "#map", 900),
    Shot("matrix", "#matrix"),
    Shot("results", "#results"),
)
RUN_SHOTS = (Shot("hydrograph", "#flow"),)


def main() -> None:
    """Take all pictures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("batch", nargs="?", default=BATCH)
    root = Path(os.environ.get("WEPPBATCH_ROOT") or "batches")
    report = (root / options.parse_args().batch / "report" / "index.html").resolve(strict=True)
    PICTURES.mkdir(exist_ok=True)
    (run_page,) = sorted((report.parent / "runs").glob("*.html"))[:1]  # weppbatch report demo --runs stony-fork
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        for file, shots in ((report, SHOTS), (run_page, RUN_SHOTS)):
            page.goto(file.as_uri())
            page.wait_for_load_state("networkidle")
            for shot in shots:
                path = PICTURES / f"{shot.name}.png"
                path.write_bytes(small(take(page, shot)))
                print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
        browser.close()


def take(page: Page, shot: Shot) -> bytes:
    """The upper part of a section of the page, as PNG."""
    part = page.locator(shot.part)
    part.scroll_into_view_if_needed()
    page.evaluate("part => document.querySelector(part).scrollIntoView()", shot.part)
    page.wait_for_timeout(1500)  # maps and charts draw themselves
    box = part.bounding_box()
    assert box is not None, f"the report has no part {shot.part}"
    clip = {"x": 0, "y": max(box["y"], 0), "width": WIDTH, "height": min(box["height"], shot.height)}
    return page.screenshot(clip=clip, full_page=False)  # type: ignore[arg-type]


def small(png: bytes) -> bytes:
    """The same picture with as many colours as fit into MOST_BYTES."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in COLOURS:
        packed = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
        if packed.tell() <= MOST_BYTES:
            break
    return packed.getvalue()


if __name__ == "__main__":
    main()
