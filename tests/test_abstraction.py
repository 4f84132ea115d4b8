"""The abstraction against a plain walk along every flow path of a real basin, and its degenerate cases."""

import json
import math
import shutil
from statistics import median

import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, shape

from real_terrain import creek_cell, first_band, hills_dem, hills_window, make_basin, make_channels
from weppbatch.errors import ConfigError, DataError
from weppbatch.terrain.abstraction import (
    AbstractionOptions,
    abstract_watershed,
    channel_width_m,
    fitted_length,
)
from weppbatch.terrain.basin import read_basin
from weppbatch.terrain.grid import grid_of, write_raster
from weppbatch.terrain.profiles import flow_paths, hillslope_profile, simplified
from weppbatch.terrain.subcatchments import delineate_subcatchments, read_network

STEPS = {1: (-1, 1), 2: (0, 1), 4: (1, 1), 8: (1, 0), 16: (1, -1), 32: (0, -1), 64: (-1, -1), 128: (-1, 0)}
CELL_M = 30.0
UNCLIPPED = AbstractionOptions(clip_hillslopes=False, min_hillslope_length_m=0.001)


@pytest.fixture(scope="module")
def creek(tmp_path_factory):
    """A real basin of 3 km2, labelled."""
    folder = tmp_path_factory.mktemp("creek")
    elevation_m, grid = hills_window(hills_dem(folder))
    make_channels(elevation_m, grid, folder)
    make_basin(folder, *creek_cell(grid))
    delineate_subcatchments(folder, folder)
    return folder


@pytest.fixture
def copied(creek, tmp_path):
    """The basin's own copy, for a test that changes it."""
    return shutil.copytree(creek, tmp_path / "creek")


def tables(folder, out, options=UNCLIPPED):
    """Abstract and read back: hillslopes and channels by topaz_id, and the slopes."""
    abstract_watershed(folder, out, options)
    hillslopes, channels, slopes = (
        pd.read_parquet(out / f"{name}.parquet") for name in ("hillslopes", "channels", "slopes")
    )
    return hillslopes.set_index("topaz_id"), channels.set_index("topaz_id"), slopes


def change(folder, name, edit):
    """Edit one raster of a folder in place."""
    values = first_band(folder / f"{name}.tif")
    values[~np.isfinite(values)] = 0
    edit(values)
    write_raster(folder / f"{name}.tif", values, grid_of(folder / "bound.tif"), nodata=-9999)


def walk(folder):
    """Every cell's path as a list of (length, slope) steps, by label: no sums, no sorting, no sharing."""
    label, relief, flovec, bound = (
        first_band(folder / f"{name}.tif") for name in ("subwta", "relief", "flovec", "bound")
    )
    paths = {}
    for row, col in np.argwhere(bound == 1):
        own, cell, steps = label[row, col], (row, col), []
        while label[cell] == own and bound[cell] == 1:
            move = STEPS[int(flovec[cell])]
            below = cell[0] + move[0], cell[1] + move[1]
            if bound[below] != 1:
                break
            length = CELL_M * math.hypot(*move)
            steps.append((length, (relief[cell] - relief[below]) / length))
            cell = below
        paths.setdefault(int(own), {})[int(row), int(col)] = steps
    return paths


def slope_at(path, distance):
    """A path's slope at a distance from its foot, linear between cells."""
    if distance > sum(length for length, _ in path) + 1e-6:
        return None
    below, below_slope = 0.0, path[-1][1]
    for length, slope in reversed(path):
        if distance <= below + length + 1e-6:
            return below_slope + (slope - below_slope) * min((distance - below) / length, 1.0)
        below, below_slope = below + length, slope
    return None


def brute_profile(paths, points):
    """Weighted mean slopes from top to foot, path by path."""
    longest = max(sum(length for length, _ in path) for path in paths)
    slopes = []
    for i in range(points):
        over = under = 0.0
        for path in paths:
            slope = slope_at(path, longest * i / (points - 1))
            if slope is not None:
                weight = sum(length for length, _ in path) * len(path) * CELL_M**2
                over += weight * (slope if slope >= 0.00005 else 0.001)
                under += weight
        slopes.append(over / under)
    return slopes[::-1]


def check_against_the_walk(folder, out):
    """Compare every hillslope's size and profile with the plain walk's."""
    hillslopes, channels, _ = tables(folder, out)
    paths = walk(folder)
    basin = read_basin(folder, folder / "subwta.tif")
    found = flow_paths(basin)
    assert set(hillslopes.index) | set(channels.index) == set(paths)
    for topaz_id, row in hillslopes.iterrows():
        own = paths[topaz_id]
        lengths = {cell: sum(length for length, _ in path) for cell, path in own.items()}
        if topaz_id % 10 == 1:
            expected = median(lengths[cell] for cell in sources(folder, own))
        else:
            expected = len(own) * CELL_M**2 / channels.loc[row.channel_topaz_id, "length_m"]
        assert row.length_m == pytest.approx(expected, rel=1e-12)
        assert row.area_m2 == len(own) * CELL_M**2
        assert row.width_m * row.length_m == pytest.approx(row.area_m2, rel=1e-12)
        cells = np.array([basin.index(*cell) for cell in own], dtype=np.int32)
        points = max(len(path) for path in own.values()) + 2
        _, slopes = hillslope_profile(basin, found, cells, points)
        np.testing.assert_allclose(slopes, brute_profile(list(own.values()), points), rtol=1e-9)


def sources(folder, own):
    """The cells of a hillslope into which no other cell of it drains."""
    flovec = first_band(folder / "flovec.tif")
    below = {(cell[0] + STEPS[int(flovec[cell])][0], cell[1] + STEPS[int(flovec[cell])][1]) for cell in own}
    return [cell for cell in own if cell not in below]


def test_every_hillslope_equals_a_plain_walk_along_all_of_its_paths(creek, tmp_path):
    check_against_the_walk(creek, tmp_path)


def test_cells_labelled_with_the_next_link_s_hillslope_are_walked_to_the_channel_they_reach(copied, tmp_path):
    labels = first_band(copied / "subwta.tif")
    flovec = first_band(copied / "flovec.tif")
    strays = [
        (row, col)
        for row, col in np.argwhere(labels == 92)
        if labels[row + STEPS[int(flovec[row, col])][0], col + STEPS[int(flovec[row, col])][1]] == 94
    ]
    assert len(strays) >= 3

    def relabel(values):
        for cell in strays[:3]:
            values[cell] = 72

    change(copied, "subwta", relabel)
    check_against_the_walk(copied, tmp_path)


def test_areas_of_hillslopes_and_channels_add_up_to_the_basin_exactly(creek, tmp_path):
    hillslopes, channels, _ = tables(creek, tmp_path, AbstractionOptions())
    cells = int((first_band(creek / "bound.tif") == 1).sum())
    assert hillslopes.area_m2.sum() + channels.area_m2.sum() == cells * CELL_M**2
    assert channels.loc[24, "drainage_area_m2"] == cells * CELL_M**2
    np.testing.assert_allclose(hillslopes.length_m * hillslopes.width_m, hillslopes.area_m2, rtol=1e-12)


def test_channels_agree_with_the_tool_s_table_and_drain_to_the_outlet(creek, tmp_path):
    _, channels, _ = tables(creek, tmp_path)
    accumulated = first_band(creek / "floaccum.tif")
    for link in read_network(creek / "netw.tsv"):
        row = channels.loc[link.topaz_id]
        assert row.length_m == pytest.approx(link.length_m, abs=5e-4)
        assert row.order == link.order
        for above in link.inflow_topaz_ids:
            assert channels.loc[above, "downstream_topaz_id"] == link.topaz_id
            assert channels.loc[above, "wepp_id"] < row.wepp_id
            assert channels.loc[above, "drainage_area_m2"] < row.drainage_area_m2
        assert row.drainage_area_m2 <= accumulated[link.bottom] * CELL_M**2
    assert channels.index[channels.is_outlet].tolist() == [24]
    assert channels.downstream_topaz_id.isna().sum() == 1


def test_wepp_numbers_run_through_hillslopes_then_channels(creek, tmp_path):
    hillslopes, channels, slopes = tables(creek, tmp_path)
    numbers = [*hillslopes.wepp_id, *channels.wepp_id]
    assert numbers == list(range(1, len(numbers) + 1))
    assert channels.wepp_id[24] == len(numbers)
    assert slopes.wepp_id.unique().tolist() == numbers


def test_a_hillslope_s_aspect_is_the_mean_direction_of_its_cells_gradients(creek, tmp_path):
    hillslopes, _, _ = tables(creek, tmp_path)
    labels, relief = first_band(creek / "subwta.tif"), first_band(creek / "relief.tif")
    weights = np.array([1.0, 2.0, 1.0])
    for topaz_id, row in hillslopes.iterrows():
        east = north = 0.0
        for r, c in np.argwhere(labels == topaz_id):
            near = relief[r - 1 : r + 2, c - 1 : c + 2]
            to_east = weights @ (near[:, 0] - near[:, 2])
            to_north = weights @ (near[2] - near[0])
            east += to_east / math.hypot(to_east, to_north)
            north += to_north / math.hypot(to_east, to_north)
        assert row.aspect_deg == pytest.approx(math.degrees(math.atan2(east, north)) % 360.0, abs=1e-6)
        off = (row.aspect_deg - row.direction_deg + 180) % 360 - 180
        assert abs(off) < 120


def test_a_channel_faces_as_it_flows(creek, tmp_path):
    _, channels, _ = tables(creek, tmp_path)
    off = (channels.aspect_deg - channels.direction_deg + 180) % 360 - 180
    assert off.abs().max() < 6
    assert channels.aspect_deg.between(0, 360, inclusive="left").all()


def test_profiles_run_from_top_to_foot_within_their_limits(creek, tmp_path):
    hillslopes, channels, slopes = tables(creek, tmp_path, AbstractionOptions(profile_max_points=6))
    for (_, _), profile in slopes.groupby(["kind", "topaz_id"]):
        assert profile.distance_fraction.iloc[[0, -1]].tolist() == [0.0, 1.0]
        assert (np.diff(profile.distance_fraction) > 0).all()
        assert 2 <= len(profile) <= 6
        assert (profile.slope > 0).all()
    for topaz_id, row in pd.concat([hillslopes, channels]).iterrows():
        profile = slopes[slopes.topaz_id == topaz_id]
        mean = np.trapezoid(profile.slope, profile.distance_fraction)
        assert mean == pytest.approx(row.slope_scalar, rel=0.35)


def test_douglas_peucker_keeps_every_point_within_a_hundredth(creek):
    basin = read_basin(creek, creek / "subwta.tif")
    cells = np.flatnonzero(basin.label == 73).astype(np.int32)
    profile = hillslope_profile(basin, flow_paths(basin), cells, 40)
    fractions, slopes = simplified(profile, 99)
    assert len(fractions) < 40
    line = LineString(np.column_stack([fractions, slopes]))
    assert max(line.distance(Point(point)) for point in zip(*profile, strict=True)) < 0.01 + 1e-9


def test_long_hillslopes_are_clipped_and_short_ones_lengthened_with_their_area_kept(creek, tmp_path):
    measured, _, _ = tables(creek, tmp_path / "measured")
    fitted, _, _ = tables(creek, tmp_path / "fitted", AbstractionOptions())
    assert set(fitted.length_policy) == {"as measured", "clipped", "lengthened"}
    assert fitted.length_m.between(CELL_M, 300.0).all()
    assert (fitted.area_m2 == measured.area_m2).all()
    np.testing.assert_allclose(fitted.width_m * fitted.length_m, measured.area_m2, rtol=1e-12)
    same = fitted.length_policy == "as measured"
    assert (fitted.length_m[same] == measured.length_m[same]).all()
    assert (fitted.measured_length_m == measured.length_m).all()


def test_lengths_that_contradict_each_other_are_a_configuration_error():
    options = AbstractionOptions(min_hillslope_length_m=400.0)
    with pytest.raises(ConfigError, match="at least 400 m and at most 300 m"):
        fitted_length(100.0, 30.0, options)


def test_channel_widths_follow_the_rocky_mountain_curve_or_the_order():
    assert channel_width_m(1e6, 3, True) == pytest.approx(1.24)
    assert channel_width_m(10e6, 3, True) == pytest.approx(1.24 * 10**0.435)
    assert channel_width_m(1.0, 1, True) == 0.01
    assert [channel_width_m(1e6, order, False) for order in (1, 2, 3, 4, 5, 6, 7, 8, 12)] == [
        1,
        2,
        2,
        3,
        3,
        3,
        4,
        4,
        4,
    ]


def test_a_basin_with_one_channel_has_three_hillslopes(copied, tmp_path):
    link = next(link for link in read_network(copied / "netw.tsv") if link.topaz_id == 94)
    labels = first_band(copied / "subwta.tif")
    accumulated = first_band(copied / "floaccum.tif")
    row, col = max(np.argwhere(labels == 94).tolist(), key=lambda cell: accumulated[tuple(cell)])
    make_basin(copied, row, col)
    delineate_subcatchments(copied, copied)
    hillslopes, channels, _ = tables(copied, tmp_path)
    assert channels.index.tolist() == [24]
    assert hillslopes.index.tolist() == [21, 22, 23]
    assert bool(channels.is_headwater[24]) and bool(channels.is_outlet[24])
    assert channels.length_m[24] < link.length_m
    check_against_the_walk(copied, tmp_path)


def test_a_channel_of_one_cell_at_the_outlet_is_one_cell_long(copied, tmp_path):
    spring = next(link for link in read_network(copied / "netw.tsv") if link.topaz_id == 94).top
    make_basin(copied, *spring)
    delineate_subcatchments(copied, copied)
    hillslopes, channels, slopes = tables(copied, tmp_path)
    assert channels.area_m2[24] == CELL_M**2
    assert channels.length_m[24] == CELL_M
    assert slopes[slopes.topaz_id == 24].slope.tolist() == [0.001, 0.001]
    assert (
        hillslopes.area_m2.sum() + channels.area_m2.sum()
        == (first_band(copied / "bound.tif") == 1).sum() * CELL_M**2
    )
    check_against_the_walk(copied, tmp_path)


def test_flat_channels_get_a_slope_and_stop_nothing(copied, tmp_path):
    labels = first_band(copied / "subwta.tif")

    def flatten(relief):
        relief[(labels > 0) & (labels % 10 == 4)] = 500.0

    change(copied, "relief", flatten)
    _, channels, slopes = tables(copied, tmp_path)
    assert (channels.slope_scalar == 0.001).all()
    assert (slopes[slopes.kind == "channel"].slope == 0.001).all()


def test_a_hillslope_of_one_cell_is_a_rectangle_like_any_other(copied, tmp_path):
    cells = np.argwhere(first_band(copied / "subwta.tif") == 42)

    def shrink(values):
        for cell in cells[1:]:
            values[tuple(cell)] = 52

    change(copied, "subwta", shrink)
    hillslopes, channels, slopes = tables(copied, tmp_path)
    assert hillslopes.area_m2[42] == CELL_M**2
    assert hillslopes.length_m[42] == pytest.approx(CELL_M**2 / channels.length_m[44])
    assert (slopes[slopes.topaz_id == 42].slope > 0).all()
    check_against_the_walk(copied, tmp_path)


def test_a_raster_and_a_table_of_different_networks_are_refused(copied, tmp_path):
    def drop(values):
        values[values == 94] = 92

    change(copied, "subwta", drop)
    with pytest.raises(DataError, match="disagree on the channels 94"):
        abstract_watershed(copied, tmp_path, AbstractionOptions())


def test_a_basin_cell_without_a_label_is_refused(copied, tmp_path):
    def forget(values):
        values[tuple(np.argwhere(values == 92)[0])] = np.nan

    labels = first_band(copied / "subwta.tif")
    forget(labels)
    write_raster(copied / "subwta.tif", labels, grid_of(copied / "bound.tif"))
    with pytest.raises(DataError, match=r"subwta\.tif has no value in some cells of the basin"):
        abstract_watershed(copied, tmp_path, AbstractionOptions())


def test_outlines_are_valid_and_lie_where_the_cells_lie(creek, tmp_path):
    hillslopes, channels, _ = tables(creek, tmp_path)
    polygons = json.loads((tmp_path / "subcatchments.geojson").read_text())["features"]
    lines = json.loads((tmp_path / "channels.geojson").read_text())["features"]
    assert [f["properties"]["topaz_id"] for f in polygons] == hillslopes.index.tolist()
    assert [f["properties"]["topaz_id"] for f in lines] == channels.index.tolist()
    square_metres = 111_132 * 111_320 * math.cos(math.radians(36.32))
    for feature in polygons:
        polygon = shape(feature["geometry"])
        assert polygon.is_valid
        assert polygon.area * square_metres == pytest.approx(feature["properties"]["area_m2"], rel=0.01)
    for feature in lines:
        line = shape(feature["geometry"])
        assert len(line.coords) >= 2
        below = feature["properties"]["downstream_topaz_id"]
        if below is not None:
            start = next(shape(f["geometry"]).coords[0] for f in lines if f["properties"]["topaz_id"] == below)
            assert line.coords[-1] == start


def test_abstracting_twice_writes_the_same_bytes(creek, tmp_path):
    for name in ("one", "two"):
        abstract_watershed(creek, tmp_path / name, AbstractionOptions())
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
