"""Values of maps by hillslope, against a plain loop over cells."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from rasterio.transform import Affine

from parameter_run import GRID, IDS, SHIFTED, labels, quarters, write_map
from weppbatch.errors import DataError
from weppbatch.terrain.burn_severity import NotBurnSeverity, read_burn_severity
from weppbatch.terrain.zonal import (
    MapMissesWatershed,
    MapNotClasses,
    MapUnreadable,
    MapWithoutCrs,
    check_whole,
    distinct_values,
    dominant,
    mean,
    read_zones,
    sample,
)

WEST, NORTH = Transformer.from_crs(32616, 4326, always_xy=True).transform(GRID.left_m, GRID.top_m)


@pytest.fixture
def zones(tmp_path):
    return read_zones(write_map(tmp_path / "subwta.tif", labels(), nodata=-np.inf), IDS)


def in_degrees(values, path, *, west=WEST - 0.002, north=NORTH + 0.002, step=0.0004, **options):
    """A map on cells of its own in WGS84 that covers the grid."""
    transform = Affine(step, 0, west, 0, -step, north)
    return write_map(path, values, crs="EPSG:4326", transform=transform, **options)


def test_every_hillslope_has_its_cells_and_the_channel_has_none(zones):
    assert dict(zip(zones.topaz_ids, zones.cells, strict=True)) == {22: 81, 23: 72, 31: 81, 33: 72}


def test_a_hillslope_without_a_cell_is_an_error(tmp_path):
    path = write_map(tmp_path / "subwta.tif", labels(), nodata=-np.inf)
    with pytest.raises(DataError, match="no cell of the hillslopes 41"):
        read_zones(path, [*IDS, 41])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    step=st.floats(0.0001, 0.002),
    east=st.floats(-0.003, 0.003),
    holes=st.floats(0, 0.9),
)
def test_the_dominant_class_is_what_a_count_of_cells_gives_whatever_the_maps_grid(
    zones, tmp_path, seed, step, east, holes
):
    random = np.random.default_rng(seed)
    values = random.integers(1, 6, (40, 40)).astype("uint8")
    values[random.random((40, 40)) < holes] = 0
    path = in_degrees(values, tmp_path / "map.tif", west=WEST + east, step=step, nodata=0)
    to_degrees = Transformer.from_crs(32616, 4326, always_xy=True)
    votes = {topaz_id: Counter() for topaz_id in IDS}
    for row, col in np.argwhere(np.isin(labels(), IDS)):
        x, y = to_degrees.transform(*GRID.centre(row, col))
        map_row, map_col = int((NORTH + 0.002 - y) // step), int((x - WEST - east) // step)
        if 0 <= map_row < 40 and 0 <= map_col < 40 and values[map_row, map_col]:
            votes[int(labels()[row, col])][int(values[map_row, map_col])] += 1
    try:
        found = dominant(sample(path, zones, "a map").values, zones)
    except MapMissesWatershed:
        assert not any(counted.total() for counted in votes.values())
        return
    for index, topaz_id in enumerate(IDS):
        counted = votes[topaz_id]
        if not counted:
            assert np.isnan(found.value[index]) and found.share[index] == found.known_share[index] == 0
            continue
        most = max(counted.values())
        assert found.value[index] == min(key for key, count in counted.items() if count == most)
        assert found.share[index] == most / zones.cells[index]
        assert found.known_share[index] == counted.total() / zones.cells[index]


def test_of_equally_frequent_classes_the_lowest_is_taken(zones):
    values = np.where(np.arange(zones.zone.size) % 2, 52.0, 41.0)
    values[zones.zone == 0] = np.tile([52.0, 41.0, np.nan], 27)
    assert dominant(values, zones).value[0] == 41


def test_the_mean_leaves_out_unknown_cells(zones):
    values = np.where(zones.zone == 0, np.nan, 10.0)
    values[np.flatnonzero(zones.zone == 1)[:36]] = 20.0
    assert np.array_equal(mean(values, zones), [np.nan, 15.0, 10.0, 10.0], equal_nan=True)


def test_nodata_nan_and_infinity_are_unknown(zones, tmp_path):
    values = quarters(-9999, np.nan, np.inf, 7, dtype="float32")
    found = sample(write_map(tmp_path / "map.tif", values, nodata=-9999), zones, "a map").values
    assert set(zones.topaz_ids[zones.zone[np.isfinite(found)]]) == {33}


def test_map_unit_keys_of_seven_digits_survive(zones, tmp_path):
    values = quarters(3_412_877, 3_412_878, 1, 2, dtype="int32")
    found = dominant(sample(write_map(tmp_path / "map.tif", values), zones, "a map").values, zones)
    assert found.value.tolist() == [3_412_877, 3_412_878, 1, 2]


def test_a_map_that_counts_longitudes_to_360_is_read_where_it_lies(zones, tmp_path):
    values = np.arange(1600, dtype="uint16").reshape(40, 40)
    here = in_degrees(values, tmp_path / "here.tif")
    far = in_degrees(values, tmp_path / "far.tif", west=WEST - 0.002 + 360.0)
    assert np.array_equal(sample(here, zones, "a map").values, sample(far, zones, "a map").values)


def test_a_south_up_map_is_read_where_it_lies(zones, tmp_path):
    values = quarters(1, 2, 3, 4)
    up = Affine(30.0, 0, GRID.left_m, 0, 30.0, GRID.top_m - 600.0)
    found = sample(write_map(tmp_path / "map.tif", values[::-1], transform=up), zones, "a map").values
    assert dominant(found, zones).value.tolist() == [1, 2, 3, 4]


def test_a_map_that_misses_the_watershed_is_an_error_with_both_places(zones, tmp_path):
    path = write_map(tmp_path / "map.tif", quarters(1, 1, 1, 1), transform=SHIFTED)
    with pytest.raises(MapMissesWatershed, match=r"740045 to 740555.*landuse\.landcover; x 741200 to 741800"):
        sample(path, zones, "landuse.landcover")


def test_a_map_without_a_crs_and_one_that_is_no_raster_are_errors(zones, tmp_path):
    with pytest.raises(MapWithoutCrs, match="no coordinate reference system"):
        sample(write_map(tmp_path / "map.tif", quarters(1, 1, 1, 1), crs=None), zones, "a map")
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(MapUnreadable, match="can't be read"):
        sample(tmp_path / "text.tif", zones, "a map")
    with pytest.raises(MapUnreadable, match="is not there"):
        sample(tmp_path / "nothing.tif", zones, "a map")


def test_a_map_of_fractions_is_no_map_of_classes(tmp_path):
    with pytest.raises(MapNotClasses, match=r"such as 0\.5"):
        check_whole(np.array([1.0, np.nan, 0.5]), tmp_path / "map.tif", "landuse.landcover")


def test_the_distinct_values_of_a_whole_map_leave_out_nodata(tmp_path):
    path = write_map(tmp_path / "map.tif", quarters(3, 1, 9, 1), nodata=9)
    assert distinct_values(path, "a map") == [1, 3]


@pytest.mark.parametrize("offset", [0, 130])
def test_both_codings_of_burn_severity_are_read(zones, tmp_path, offset):
    path = write_map(tmp_path / "sbs.tif", quarters(0, 1, 2, 3) + offset)
    found = read_burn_severity(path, zones, "disturbed.sbs_map")
    assert dominant(found.classes, zones).value.tolist() == [0, 1, 2, 3]
    assert not found.notes


def test_burn_nodata_is_unburned_and_said(zones, tmp_path):
    path = write_map(tmp_path / "sbs.tif", quarters(9, 1, 2, 3), nodata=9)
    found = read_burn_severity(path, zones, "disturbed.sbs_map")
    assert dominant(found.classes, zones).value.tolist() == [0, 1, 2, 3]
    assert any("26.5% of the hillslopes' cells" in note for note in found.notes)
    assert any("no class 0" in note for note in found.notes)


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        (quarters(1, 2, 3, 4), "classes 1 to 4"),
        (quarters(0, 2, 3, 4), "classes 1 to 4"),
        (quarters(0, 1, 3, 255), "255 looks like nodata"),
        (quarters(0, 1, 2, 133), "nodata|mixes"),
        (quarters(0, 1, 132, 133), "mixes the codings"),
        (quarters(42, 41, 52, 71), "recode it"),
        (np.arange(400, dtype="uint16").reshape(20, 20) % 200, "BARC256"),
        (quarters(-0.1, 0.2, 0.4, 0.7, dtype="float32"), "dNBR"),
        (quarters(-100, 200, 400, 700, dtype="int16"), "dNBR"),
    ],
)
def test_other_codings_are_refused_with_what_they_look_like(zones, tmp_path, values, hint):
    with pytest.raises(NotBurnSeverity) as caught:
        read_burn_severity(write_map(tmp_path / "sbs.tif", values), zones, "disturbed.sbs_map")
    assert any(part in str(caught.value.hint) for part in hint.split("|"))


def test_the_whole_burn_map_is_looked_at_not_only_the_watershed(zones, tmp_path):
    values = np.zeros((20, 20), dtype="uint8")
    values[0, 0] = 4  # outside of the basin
    with pytest.raises(NotBurnSeverity):
        read_burn_severity(write_map(tmp_path / "sbs.tif", values), zones, "disturbed.sbs_map")


def test_a_watershed_outside_the_burn_map_is_unburned_only_when_that_is_said(zones, tmp_path):
    path = write_map(tmp_path / "sbs.tif", quarters(0, 1, 2, 3), transform=SHIFTED)
    with pytest.raises(MapMissesWatershed) as caught:
        read_burn_severity(path, zones, "disturbed.sbs_map")
    assert "outside_sbs=unburned" in str(caught.value.hint)
    found = read_burn_severity(path, zones, "disturbed.sbs_map", "unburned")
    assert not found.classes.any() and "outside" in found.notes[0]
