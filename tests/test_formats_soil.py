from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weppbatch.errors import InputError, InputProblems
from weppbatch.formats.soil import Soil, SoilLayer, check_soil, read_soil, read_soils, write_soil

ALLOW_FOLDER = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TOP = SoilLayer(200.0, 45.0, 20.0, 5.0, 20.0, 20.0, 1.1, 50.0, 10.0, 0.26, 0.13)
DEEP = replace(TOP, depth_mm=800.0, ksat_mm_h=100.0, anisotropy=1.0)
LOAM = Soil("Forest loam", "loam", (TOP, DEEP), 0.1, 0.75, 4e5, 3e-5, 1.0, 50.0, 0, True, 0.01, 10_000.0)

words = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x85\x1c\x1d\x1e\x0b\x0c\u2028\u2029\0"))


def finite(low, high):
    return st.floats(low, high, allow_nan=False)


@st.composite
def soils(draw, version):
    rich = version == "7778"
    layers = []
    for depth in sorted(draw(st.lists(finite(1, 5000), min_size=1, max_size=10, unique=True))):
        clay = draw(finite(0, 50))
        wilting = draw(finite(0, 0.5))
        extra = {
            "bulk_density_g_cm3": draw(finite(0.1, 2)),
            "ksat_mm_h": draw(finite(1e-6, 1e4)),
            "anisotropy": draw(finite(0.1, 100)),
            "field_capacity": draw(finite(wilting, 1)),
            "wilting_point": wilting,
        }
        plain = [draw(finite(0, 50)), clay, draw(finite(0, 20)), draw(finite(0, 100)), draw(finite(0, 100))]
        layers.append(SoilLayer(depth, *plain, **(extra if rich else {})))
    return Soil(
        *(draw(words), draw(words), tuple(layers), draw(finite(0, 1)), draw(finite(0, 1))),
        *(draw(finite(0, 1e8)), draw(finite(0, 1)), draw(finite(0, 1000))),
        avke_mm_h=draw(finite(0.01, 1e3) | st.none() if rich else finite(0.01, 1e3)),
        ksflag=0,
        restrictive=draw(st.booleans()),
        kslast_mm_h=draw(finite(0, 100)),
        restrictive_thickness_mm=draw(finite(0, 1e5)) if rich else None,
        restrictive_anisotropy=None if rich else draw(finite(0, 100)),
    )


@ALLOW_FOLDER
@given(
    written=st.one_of(
        *(st.tuples(st.lists(soils(v), min_size=1, max_size=3), st.just(v)) for v in ("7778", "2006.2"))
    )
)
def test_what_is_written_reads_the_same(tmp_path, written):
    soil_list, version = written
    write_soil(tmp_path / "p.sol", soil_list, version=version)
    assert read_soils(tmp_path / "p.sol") == soil_list


def test_a_name_with_an_apostrophe_a_hash_and_a_comma_survives(tmp_path):
    soil = replace(LOAM, name="Smith's soil, #3 'wet'", texture="")
    write_soil(tmp_path / "p.sol", soil)
    assert read_soil(tmp_path / "p.sol") == soil


def test_version_7777_is_read(tmp_path):
    (tmp_path / "p.sol").write_text(
        "7777\nany comment\n1 0\n'a' 'loam' 1 0.1 0.5 400000 2e-5 1.0\n"
        "200 1.1 50 0.26 0.13 45 20 5 20 20\n1 25.0 3.6e-5\n"
    )
    soil = read_soil(tmp_path / "p.sol")
    assert soil.layers == (replace(TOP, anisotropy=None),)
    assert (soil.restrictive_anisotropy, soil.kslast_mm_h, soil.avke_mm_h) == (25.0, 3.6e-5, None)


def test_version_7778_gives_wepp_no_conductivity_on_the_name_line_and_2006_does(tmp_path):
    write_soil(tmp_path / "a.sol", LOAM)
    lines = (tmp_path / "a.sol").read_text().splitlines()
    assert lines[:3] == ["7778", "soil", "1 0"]
    assert lines[3] == "# avke_mm_h 50.0"
    assert lines[4] == "'Forest loam' 'loam' 2 0.1 0.75 400000.0 3e-05 1.0"
    assert lines[5] == "200.0 1.1 50.0 10.0 0.26 0.13 45.0 20.0 5.0 20.0 20.0"
    assert lines[7] == "1 10000.0 0.01"
    write_soil(tmp_path / "b.sol", LOAM, version="2006.2")
    lines = (tmp_path / "b.sol").read_text().splitlines()
    assert lines[3] == "'Forest loam' 'loam' 2 0.1 0.75 400000.0 3e-05 1.0 50.0"
    assert lines[4] == "200.0 45.0 20.0 5.0 20.0 20.0"
    assert lines[6] == "1 25.0 0.01"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"field_capacity": 0.1}, "the wilting point, 0.13, is above field capacity, 0.1"),
        ({"field_capacity": 1.2}, "field capacity, 1.2"),
        ({"wilting_point": -0.1}, "wilting point, -0.1"),
        ({"ksat_mm_h": 0.0}, "not positive"),
        ({"depth_mm": 0.0}, "its depth, 0 mm"),
        ({"sand_pct": -5.0}, "sand (%), -5"),
        ({"sand_pct": 90.0}, "add up to 110 %"),
        ({"clay_pct": float("nan")}, "clay (%), nan"),
        ({"rock_pct": 101.0}, "rock (%)"),
        ({"bulk_density_g_cm3": float("inf")}, "bulk density"),
        ({"anisotropy": 0.0}, "anisotropy"),
    ],
)
def test_a_layer_that_cannot_be_is_named(tmp_path, change, expected):
    soil = replace(LOAM, layers=(replace(TOP, **change), DEEP))
    problems = check_soil(soil)
    assert any(text.startswith("layer 1: ") and expected in text for text in problems)
    with pytest.raises(InputProblems):
        write_soil(tmp_path / "p.sol", soil)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"layers": (DEEP, TOP)}, "layer 2: its depth, 200 mm, is not below the one above, 800 mm"),
        ({"layers": ()}, "0 layers"),
        ({"avke_mm_h": 0.0}, "effective conductivity"),
        ({"avke_mm_h": float("nan")}, "effective conductivity"),
        ({"initial_saturation": 1.1}, "initial saturation"),
        ({"ki_kg_s_m4": -1.0}, "interrill"),
        ({"kr_s_m": float("nan")}, "rill erodibility"),
        ({"kslast_mm_h": -0.1}, "below the layers"),
        ({"ksflag": 2}, "ksflag"),
    ],
)
def test_a_soil_that_cannot_be_is_named(change, expected):
    assert not check_soil(LOAM)
    assert any(expected in text for text in check_soil(replace(LOAM, **change)))


def test_a_version_that_needs_more_than_the_soil_has_is_not_written(tmp_path):
    bare = SoilLayer(400.0, 45.0, 20.0, 5.0, 20.0, 20.0)
    with pytest.raises(InputProblems, match="layer 1 has no bulk_density_g_cm3, ksat_mm_h"):
        write_soil(tmp_path / "p.sol", replace(LOAM, layers=(bare,)))
    with pytest.raises(InputProblems, match="no avke_mm_h"):
        write_soil(tmp_path / "p.sol", replace(LOAM, avke_mm_h=None), version="2006.2")
    with pytest.raises(InputProblems, match="begins with #"):
        write_soil(tmp_path / "p.sol", replace(LOAM, comment="# skipped by WEPP"))
    with pytest.raises(InputError, match="line break"):
        write_soil(tmp_path / "p.sol", replace(LOAM, name="two\nlines"))


def test_all_problems_are_named_at_once_with_their_lines(tmp_path):
    (tmp_path / "p.sol").write_text(
        "2006.2\ncomment\n1 1\n'a' 'loam' 2 0.1 1.5 1e999 *** 1.0 50\n"
        "200 -45 20 5 20 20\n\n100 45 loamy 5 20 20\n1 25 0.00036\n"
    )
    with pytest.raises(InputProblems) as caught:
        read_soil(tmp_path / "p.sol")
    text = "\n".join(caught.value.problems)
    assert "line 4: '1e999' is not a number" in text
    assert "line 4: '***' is not a number" in text
    assert "line 7: layer 2: 'loamy' is not a number" in text
    assert "initial saturation, 1.5" in text
    assert "sand (%), -45" in text
    assert "its depth, 100 mm" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9002\nc\n1 0\n", "version '9002'"),
        ("2006.2\nc\n1 1\n'a' 'b' 3 .1 .5 1 1 1 1\n200 45 20 5 20 20\n", "the file ends"),
        ("2006.2\nc\n0 1\n", "not between 1 and 100"),
        ("2006.2\nc\n1 1\n'a' 'b' x .1 .5 1 1 1 1\n", "'x' is not a number of layers"),
        ("2006.2\nc\n1 1\n'a' 'b' 1 .1 .5 1 1 1 1\n200 45 20 5 20 20\n1 25 0.1\n9 9 9\n", "line 7: there is more"),
    ],
)
def test_a_truncated_or_foreign_file_is_an_input_error(tmp_path, text, expected):
    (tmp_path / "p.sol").write_text(text)
    with pytest.raises(InputProblems, match=expected):
        read_soil(tmp_path / "p.sol")


def test_several_soils_are_no_single_one(tmp_path):
    write_soil(tmp_path / "p.sol", [LOAM, LOAM])
    assert read_soils(tmp_path / "p.sol") == [LOAM, LOAM]
    with pytest.raises(InputError, match="2 soils"):
        read_soil(tmp_path / "p.sol")
