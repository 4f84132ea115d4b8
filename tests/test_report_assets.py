import hashlib
import re

import pytest

from weppbatch.report.assets import VENDOR, assets_of, vendored
from weppbatch.report.units import US_UNITS


@pytest.mark.parametrize("name", sorted(vendored()))
def test_a_vendored_library_is_as_it_was_released_and_brings_its_licence(name: str):
    about = vendored()[name]
    assert {"LICENSE", *about["scripts"], *about["styles"]} == set(about["sha256"])
    assert {path.name for path in (VENDOR / name).iterdir()} == set(about["sha256"])
    for file, digest in about["sha256"].items():
        assert hashlib.sha256((VENDOR / name / file).read_bytes()).hexdigest() == digest
    assert about["version"] in (VENDOR / name / about["scripts"][0]).read_text(encoding="utf-8")[:400]


def test_a_page_carries_its_libraries_with_their_licences_and_asks_for_no_file():
    page = assets_of(vendored(), ["report.css"], ["page/core.js"])
    text = "\n".join([*page.styles, *page.scripts])
    assert len(page.scripts) == len(vendored()) + 1
    assert all((VENDOR / name / "LICENSE").read_text().strip() in text for name in vendored())
    assert "sourceMappingURL" not in text and "url(images" not in text
    assert "</script" not in text.lower() and "</style" not in text.lower()


def test_only_the_page_s_own_scripts_may_run():
    page = assets_of(["d3"], [], ["page/core.js"])
    allowed = re.search(r"script-src ([^;]*);", page.policy)
    assert allowed is not None and allowed[1].count("sha256-") == 2
    assert "unsafe" not in allowed[1] and "default-src 'none'" in page.policy


def test_a_depth_in_inches_and_an_area_yield_in_tons_an_acre_are_as_published():
    inch, factor, offset = US_UNITS["mm"]
    assert (inch, round(25.4 * factor + offset, 6)) == ("in", 1.0)
    assert round(1 * US_UNITS["t/ha"][1], 4) == 0.4461  # NRCS, National Agronomy Manual: 1 t/ha is 0.446 ton/ac
    assert US_UNITS["°C"][1:] == (1.8, 32.0)
