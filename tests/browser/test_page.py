"""The report's page as a whole: it opens without a fault, at every size, light, dark and printed."""

from pathlib import Path

import pytest

from browser.chromium import LAPTOP, PHONE, Watched, too_wide


@pytest.mark.parametrize("size", [LAPTOP, PHONE])
@pytest.mark.parametrize("dark", [False, True])
def test_it_opens_without_a_fault_and_nothing_is_wider_than_the_screen(
    page_of: Watched, batch: Path, size: tuple[int, int], dark: bool
):
    page = page_of(batch, size=size, dark=dark)
    assert page.locator("h1").inner_text() == "hills"
    assert too_wide(page) == []


def test_it_prints(page_of: Watched, batch: Path, tmp_path: Path):
    page = page_of(batch, printed=True)
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").stat().st_size > 10_000
