from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weppbatch.errors import InputProblems
from weppbatch.formats.management import (
    Scenario,
    StaticCover,
    check_cover,
    read_management,
    static_management,
    write_management,
)

ALLOW_FOLDER = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
BURNED = StaticCover("high", 0.05, 0.35, 0.3, 0.2, 2.0, 0.3, 0.06, ridge_height_m=0.07)

TILLED = """98.4
#
# two plants, a fire every year, cutting and grazing
1 # flow elements
2 # years

2 # plants
grass

a second comment

1 # land use
WeppWillSet
14 3 13 2 5 5 0 0.2 0.04 0.01
.25 .15 .9 .99 7 # 0 in the next line
0 .42 .2
2
.0073 .0073 20 .1 .005 .2 .33 .1 30 40
-40 .5 0
shrub
c1
c2
c3
1
any unit
14 3 13 2 5 5 0 0.2 0.04 0.01
.25 .15 .9 .99 7 0 .42 .2
2
.0073 .0073 20 .1 .005 .2 .33 .1 30 40
-40 .5 0
3 # operations
fire
c1
c2
c3
1
0 0 0
11 # residue removal
0 0 0 0 0 0 0
0.9
mulch
c1
c2
c3
1
0 0 0
10
0 0 0 0 0 0 0
1
0.2
tine
c1
c2
c3
1
0.1 0.1 0
3
2
0 0 0 0 0 0 0
1 # initial conditions
start
c1
c2
c3
1
1.1 .9 1000 100 0 1
1
2
1000 .1 1 .1 0
1
0 0 .1 .2 0
.5 .5
1 # surface effects
every year
c1
c2
c3
1
2 # of them
245
1
0
2
250
3
.1
1
1 # contours
along
c1
c2
c3
1
.01 .1 20 1
1 # drainage
drained
c1
c2
c3
1
1 .01 .1 10
3 # years
cut
c1
c2
c3
1
2
1
0
0
2
0
0
244
1.2
1 # cutting
2
200
243
grazed
c1
c2
c3
1
1
0
1
1
2
0
0
0
1.2
2 # grazing
1
10 5 400 .5
100
200
burned
c1
c2
c3
1
1
0
0
0
1 # annual
280
100
.2
2 # burning
290
.5 .5
Manage
c1
c2
c3
1
1
1
2
2 # crops in year 1
1
2
1
3
"""


@st.composite
def covers(draw):
    values = {}
    for field in fields(StaticCover):
        if field.type is int:
            values[field.name] = draw(st.integers(1, 2 if "type" in field.name or "frag" in field.name else 2000))
        elif field.name != "name":
            values[field.name] = draw(st.floats(1e-6, 1))
    name = draw(st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1))
    return StaticCover(name=name, **values)


@ALLOW_FOLDER
@given(cover=covers(), years=st.integers(1, 120), elements=st.integers(1, 3))
def test_what_is_written_reads_the_same(tmp_path, cover, years, elements):
    written = static_management(cover, years, flow_elements=elements)
    write_management(tmp_path / "p.man", written)
    read = read_management(tmp_path / "p.man")
    assert read == written
    assert read.cover == cover
    assert read.years == years == len(read.schedule.crops) / elements


def test_a_management_that_tills_cuts_and_grazes_is_kept_whole(tmp_path):
    (tmp_path / "a.man").write_text(TILLED)
    read = read_management(tmp_path / "a.man")
    assert [scenario.name for scenario in read.plants] == ["grass", "shrub"]
    assert read.plants[0].comments == ("", "a second comment", "")
    assert read.plants[1].rows[0] == ("any unit",)
    assert read.plants[0].rows[2:4] == ((0.25, 0.15, 0.9, 0.99, 7), (0, 0.42, 0.2))
    assert read.operations[2].rows[1:] == ((3,), (2,), (0,) * 7)
    assert read.surface_effects[0].rows[-1] == (1,)
    assert read.schedule.crops == ((1, 2), (3,))
    assert read.cover.canopy_cover == 0.9
    assert read.cover.days_since_harvest == 100
    assert read.cover.name == "shrub"
    write_management(tmp_path / "b.man", read)
    assert read_management(tmp_path / "b.man") == read


def test_a_burned_cover_is_written_in_the_order_that_wepp_reads(tmp_path):
    write_management(tmp_path / "p.man", BURNED, 2)
    text = (tmp_path / "p.man").read_text()
    records = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert records[0] == "98.4"
    # bb bbb beinp btemp cf crit critvm cuthgt decfct diam / dlai dropfc extnct fact flivmx gddmax hi hmax
    assert "14.0 3.0 0.0 2.0 5.0 5.0 0.0 0.3 1.0 0.005" in records
    assert "0.5 1.0 0.45 0.99 17.0 0.0 0.42 0.2" in records
    # oratea orater otemp pltol pltsp rdmax rsr rtmmax spriod tmpmax / tmpmin xmxlai yld
    assert "0.0 0.0 20.0 0.1 0.5 0.3 0.33 0.2 90 40.0" in records
    assert "-40.0 2.0 0.0" in records
    # bdtill cancov daydis dsharv frdp inrcov / rfcum rhinit rilcov rrinit rspace
    assert "1.1 0.05 330 1000 0.0 0.35" in records
    assert "400.0 0.07 0.3 0.06 0.0" in records
    assert (
        records[-8:]
        == ["1 # flow elements", "1 # initial condition", "2 # rotation repeats", "1 # years in rotation"]
        + [
            "1",
            "1",
        ]
        * 2
    )


def test_numbers_of_numpy_and_whole_floats_are_written_as_wepp_needs_them(tmp_path):
    cover = replace(BURNED, canopy_cover=np.float64(0.4), days_since_disturbance=np.float64(300.0))
    write_management(tmp_path / "p.man", cover, 1)
    assert "1.1 0.4 300 1000 0.0 0.35" in (tmp_path / "p.man").read_text()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"canopy_cover": 1.2}, "canopy_cover, 1.2"),
        ({"rill_cover": -0.1}, "rill_cover"),
        ({"interrill_cover": float("nan")}, "interrill_cover, nan"),
        ({"plant_height_m": 0.0}, "plant_height_m"),
        ({"max_lai": -1.0}, "max_lai"),
        ({"senescence_days": 1.5}, "whole number"),
        ({"rill_type": 3}, "rill_type"),
        ({"name": "# hidden"}, "name"),
        ({"name": ""}, "name"),
    ],
)
def test_a_cover_that_cannot_be_is_not_written(tmp_path, change, expected):
    cover = replace(BURNED, **change)
    assert any(expected in text for text in check_cover(cover))
    with pytest.raises(InputProblems, match="makes no management"):
        write_management(tmp_path / "p.man", cover, 10)
    assert not list(tmp_path.iterdir())


def test_a_cover_without_years_is_refused(tmp_path):
    with pytest.raises(ValueError, match="years"):
        write_management(tmp_path / "p.man", BURNED)
    with pytest.raises(InputProblems, match="0 years"):
        write_management(tmp_path / "p.man", BURNED, 0)


def changed(old, new):
    assert TILLED.count(old) >= 1
    return TILLED.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (changed("98.4", "2016.3"), "line 1: version '2016.3'"),
        (changed("1 # land use", "3 # land use"), "only cropland"),
        (changed("14 3 13", "14 three 13"), "line 14: 'three' in 'grass' is not a number"),
        (changed(".1 30 40", ".1 30.5 40"), "'30.5' in 'grass' is not a whole number"),
        (
            changed("2 # crops in year 1\n1\n2", "2 # crops in year 1\n1\n4"),
            "a crop in year 1.* is 4, not between 1 and 3",
        ),
        (changed("2 # of them", "245 # of them"), "is not"),
        (changed("Manage\n", "Manage\nc0\n"), "not a whole number"),
        (TILLED + "1\n", "there is more"),
        (TILLED[: TILLED.index("Manage")], "the file ends where the name of the management should stand"),
        (TILLED.removesuffix("1\n3\n"), "the file ends where the number of crops in year 2"),
        (changed("cut\nc1\nc2\nc3\n1\n2\n", "cut\nc1\nc2\nc3\n1\n9\n"), "grows plant 9 of 2"),
        (changed("1 # flow elements", "2 # flow elements"), "1 flow elements are managed, 2 are announced"),
    ],
)
def test_a_broken_file_is_an_input_error_that_names_the_place(tmp_path, text, expected):
    (tmp_path / "p.man").write_text(text)
    with pytest.raises(InputProblems, match=expected):
        read_management(tmp_path / "p.man")


def test_all_problems_are_named_at_once(tmp_path):
    text = changed("14 3 13", "14 three 13").replace("-40 .5 0", "cold .5 0")
    (tmp_path / "p.man").write_text(text)
    with pytest.raises(InputProblems) as caught:
        read_management(tmp_path / "p.man")
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["line 14", "line 19", "line 30"]


def test_a_scenario_is_what_it_was(tmp_path):
    scenario = static_management(BURNED, 1).plants[0]
    assert isinstance(scenario, Scenario)
    assert scenario.rows[0] == ("WeppWillSet",)
