"""The network of channels, and reading a run's tables into it."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wepp_watershed import channel, climate, hillslope, watershed, write_tables
from weppbatch.engines.case import read_watershed
from weppbatch.errors import DataError


@pytest.fixture(scope="module")
def weather():
    return climate(1)


@pytest.fixture
def wd(tmp_path, weather):
    write_tables(watershed(weather), tmp_path)
    return tmp_path


def change(path, edit):
    rows = pq.read_table(path).to_pylist()
    pq.write_table(pa.Table.from_pylist(edit(rows)), path)


def test_every_channel_comes_after_those_that_flow_into_it(weather):
    found = watershed(weather)
    ids = [link.topaz_id for link in found.downstream_order]
    assert sorted(ids) == [24, 34, 44] and ids[-1] == 24
    links = (*found.channels, channel(54, 11, 34), channel(64, 12, 34), channel(74, 13, 54))
    ids = [link.topaz_id for link in replace(found, channels=links).downstream_order]
    for link in links:
        if link.downstream_topaz_id:
            assert ids.index(link.topaz_id) < ids.index(link.downstream_topaz_id)
    assert ids.index(74) == ids.index(54) - 1, "a branch is finished before the next begins"


def test_what_lies_above_a_channel_adds_up_to_the_whole_watershed(weather):
    found = watershed(weather)
    above = found.above[24]
    assert above.area_m2 == pytest.approx(found.area_m2)
    assert above.path_length_m == pytest.approx(400.0 + 300.0)
    assert above.path_drop_m == pytest.approx(400.0 * 0.04 + 300.0 * 0.08)


@pytest.mark.parametrize(
    ("links", "said"),
    [
        ((channel(24, 1, None), channel(34, 2, None)), "2 channels"),
        ((channel(24, 1, 34), channel(34, 2, 24)), "0 channels"),
        ((channel(24, 1, None), channel(34, 2, 44), channel(44, 3, 34)), "channels 34, 44 never reach the outlet"),
        ((channel(24, 1, None), channel(34, 2, 94)), "channel 34 flows into 94"),
    ],
)
def test_a_network_that_is_no_tree_is_refused(weather, links, said):
    with pytest.raises(DataError, match=said):
        _ = replace(watershed(weather), channels=links, hillslopes=()).downstream_order


def test_a_hillslope_without_a_channel_is_refused(weather):
    found = watershed(weather)
    with pytest.raises(DataError, match="hillslope 92 drains into no channel"):
        _ = replace(found, hillslopes=(*found.hillslopes, hillslope(92, 8))).sides


def test_tables_read_back_as_the_watershed_that_they_came_from(wd, weather):
    for table in ("watershed/slopes", "soils/layers", "soils/soils", "landuse/landuse"):
        change(wd / f"{table}.parquet", lambda rows: rows[::-1])
    found, made = read_watershed("w1", wd.joinpath), watershed(weather)
    assert found.hillslopes == made.hillslopes
    assert found.channels == made.channels
    assert found.climate.days == weather.days
    assert found.basin_area_m2 == pytest.approx(made.hillslope_area_m2 + 30_000.0)


def test_all_that_does_not_fit_together_is_named_at_once(wd):
    change(wd / "landuse/landuse.parquet", lambda rows: [row for row in rows if row["topaz_id"] != 22])
    change(wd / "soils/soils.parquet", lambda rows: [row for row in rows if row["topaz_id"] not in (22, 31)])
    change(wd / "watershed/slopes.parquet", lambda rows: [row for row in rows if row["topaz_id"] not in (34, 42)])
    with pytest.raises(DataError) as caught:
        read_watershed("w1", wd.joinpath)
    for said in (
        "hillslope 22 has no land use",
        "hillslope 22 has no soil",
        "hillslope 31 has no soil",
        "hillslope 42 has no slope profile",
        "channel 34 has no slope profile",
    ):
        assert said in str(caught.value)


def test_a_soil_that_cannot_be_is_refused_with_its_hillslopes(wd):
    change(wd / "soils/layers.parquet", lambda rows: [row | {"wilting_point": 0.5} for row in rows])
    with pytest.raises(DataError, match=r"hillslope 22: soil loam-burned: layer 1: the wilting point"):
        read_watershed("w1", wd.joinpath)
    change(wd / "soils/layers.parquet", lambda rows: [row | {"soil_key": "other"} for row in rows])
    with pytest.raises(DataError, match="soil loam-burned has no layers"):
        read_watershed("w1", wd.joinpath)
