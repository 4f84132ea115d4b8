"""Elevation sources as they come: what is mended, what is refused, and what is said."""

from itertools import pairwise

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from rasterio.warp import Resampling, calculate_default_transform, reproject
from shapely import affinity
from shapely.geometry import box

from real_terrain import CREEK, CRS, creek_cell, hills_dem, hills_window, make_basin, make_channels, outline
from weppbatch.errors import DataError
from weppbatch.files import sha256_of_file
from weppbatch.terrain.grid import Grid
from weppbatch.terrain.sources import (
    DemIncomplete,
    DemOptions,
    DemUnitContradicts,
    DemUnreadable,
    DemWithoutCrs,
    FlatTerrain,
    ImplausibleElevation,
    PolygonOutsideDem,
    prepare_dem,
    read_window,
)

OPTIONS = DemOptions()


@pytest.fixture(scope="module")
def hills(tmp_path_factory):
    """The sample DEM's file."""
    return hills_dem(tmp_path_factory.mktemp("dem"))


@pytest.fixture(scope="module")
def creek(hills, tmp_path_factory):
    """The outline of a real basin of 3 km2, in UTM."""
    folder = tmp_path_factory.mktemp("creek")
    elevation_m, grid = hills_window(hills)
    make_channels(elevation_m, grid, folder)
    return outline(make_basin(folder, *creek_cell(grid)), grid)


@pytest.fixture(scope="module")
def window(creek):
    """The grid around the creek with a buffer of 600 m."""
    return Grid.around(creek.bounds, CRS, 30.0, 600.0)


@pytest.fixture(scope="module")
def clean(hills, window):
    """The elevations that every damaged copy should come back to."""
    return read_window(hills, window, OPTIONS)[0]


@pytest.fixture
def rewrite(hills, tmp_path):
    """Write a changed copy of the DEM: `edit` changes the cells, keywords the profile, `tags` the tags."""

    def write(edit=None, *, name="changed.tif", dtype="float32", tags=None, unit=None, **profile):
        with rasterio.open(hills) as source:
            values, kept = source.read(1).astype(dtype), source.profile
        if edit is not None:
            values = edit(values)
        kept |= {"dtype": values.dtype, "height": values.shape[0], "width": values.shape[1]} | profile
        with rasterio.open(tmp_path / name, "w", **kept) as target:
            target.write(values, 1)
            target.update_tags(**(tags or {}))
            if unit:
                target.units = (unit,)
        return tmp_path / name

    return write


def cells_at(hills, x_m, y_m, radius):
    """Rows and columns of the DEM within some cells of a place in UTM."""
    with rasterio.open(hills) as source:
        (lon,), (lat,) = rasterio.warp.transform(CRS, source.crs, [x_m], [y_m])
        row, col = source.index(lon, lat)
    return slice(row - radius, row + radius + 1), slice(col - radius, col + radius + 1)


def put(where, value):
    """An edit that writes one value into some cells."""

    def edit(values):
        values[where] = value
        return values

    return edit


def test_a_plain_dem_is_projected_and_its_provenance_told(hills, creek, window, clean):
    elevation_m, grid, provenance = prepare_dem(hills, creek, window, OPTIONS, lambda _: None)
    assert grid == window
    assert elevation_m.dtype == np.float64
    assert np.array_equal(elevation_m, clean)
    assert 450 < elevation_m.min() < elevation_m.max() < 1100
    with rasterio.open(hills) as source:
        (lon,), (lat,) = rasterio.warp.transform(CRS, source.crs, [CREEK[0]], [CREEK[1]])
        near = next(source.sample([(lon, lat)]))[0]
    assert abs(elevation_m[creek_cell(grid)] - near) < 15
    assert provenance["sha256"] == sha256_of_file(hills)
    assert provenance["bytes"] == hills.stat().st_size
    assert provenance["source_tag"].startswith("SRTM")
    told = {name: provenance[name] for name in ("driver", "crs", "vertical_unit", "resampling", "notes")}
    assert told == {
        "driver": "GTiff", "crs": "EPSG:4326", "vertical_unit": "m", "resampling": "cubic", "notes": [],
    }  # fmt: skip
    assert provenance["window_growths"] == 0


def test_a_watershed_elsewhere_is_refused_before_anything_is_read(mosaic, creek):
    for tile in mosaic.parent.glob("tile*.tif"):
        tile.unlink()
    away = affinity.translate(creek, xoff=200_000.0)
    grid = Grid.around(away.bounds, CRS, 30.0, 1000.0)
    with pytest.raises(PolygonOutsideDem, match=r"lies outside .*mosaic\.vrt .*EPSG:4326") as raised:
        prepare_dem(mosaic, away, grid, OPTIONS)
    assert "swapped" in raised.value.hint
    with pytest.raises(PolygonOutsideDem):
        read_window(mosaic, grid, OPTIONS)


def test_a_polygon_beside_the_dem_is_outside_even_when_its_window_meets_it(rewrite, creek, window):
    with rasterio.open(rewrite(dtype="int16")) as source:
        (west,), _ = rasterio.warp.transform(CRS, source.crs, [creek.bounds[2] + 300.0], [creek.centroid.y])
        cut = int((west - source.bounds.left) / source.res[0])
        shifted = source.transform @ Affine.translation(cut, 0)
    east = rewrite(lambda values: values[:, cut:], dtype="int16", transform=shifted)
    with pytest.raises(PolygonOutsideDem):
        prepare_dem(east, creek, window, OPTIONS)


@pytest.mark.parametrize(("share", "accepted"), [(0.75, False), (0.40, False), (0.998, True)])
def test_a_watershed_partly_outside_the_dem_needs_ninety_nine_percent(
    rewrite, hills, creek, window, share, accepted
):
    west, south, east, north = creek.bounds
    edge = next(
        x
        for x in np.arange(west, east, 10.0)
        if creek.intersection(box(west, south, x, north)).area >= share * creek.area
    )
    _, cols = cells_at(hills, edge, creek.centroid.y, 0)
    west = rewrite(lambda values: values[:, : cols.stop], dtype="int16")
    if accepted:
        notes = prepare_dem(west, creek, window, OPTIONS)[2]["notes"]
        assert any("cells without elevation" in note for note in notes)
    else:
        with pytest.raises(DemIncomplete, match=r"has elevations for \d\d\.\d\d% of the watershed's \d+ cells"):
            prepare_dem(west, creek, window, OPTIONS)


@pytest.mark.parametrize(
    ("value", "profile"),
    [
        (np.nan, {"nodata": -9999.0}),
        (np.inf, {"nodata": -9999.0}),
        (-9999.0, {"nodata": -9999.0}),
        (-9999.0, {"nodata": None}),
        (-32768, {"nodata": -32768, "dtype": "int16"}),
        (-32768, {"nodata": None, "dtype": "int16"}),
        (np.float32(-3.4028235e38), {"nodata": -3.4028234663852886e38}),
        (np.float32(-3.4028235e38), {"nodata": None}),
        (0.0, {"nodata": None}),
        (0, {"nodata": -32768, "dtype": "int16"}),
    ],
)
def test_every_way_to_say_nodata_becomes_nan_and_spoils_no_neighbour(rewrite, hills, window, clean, value, profile):
    corner = cells_at(hills, window.left_m, window.top_m, 20)
    elevation_m, provenance = read_window(rewrite(put(corner, value), **profile), window, OPTIONS)
    missing = np.isnan(elevation_m)
    assert 1000 < missing.sum() < missing.size / 2
    near = np.abs(elevation_m - clean)[~missing]
    assert (near < 1e-3).mean() > 0.95
    assert near.max() < 30.0
    declared = (profile["nodata"] is not None and value != 0) or not np.isfinite(value)
    assert bool(provenance["notes"]) == (not declared)


def test_a_coast_at_sea_level_is_no_nodata(rewrite, window):
    def drown(values):
        return np.maximum(values - 700.0, 0.0)

    elevation_m, provenance = read_window(rewrite(drown), window, OPTIONS)
    assert not np.isnan(elevation_m).any()
    assert provenance["notes"] == []


@pytest.mark.parametrize("value", [-9999.0, 0.0, 12000.0])
def test_implausible_elevations_in_the_watershed_are_named_with_the_remedy(rewrite, hills, creek, window, value):
    where = cells_at(hills, creek.centroid.x, creek.centroid.y, 8)
    with pytest.raises(ImplausibleElevation, match="were taken as nodata") as raised:
        prepare_dem(rewrite(put(where, value), nodata=None), creek, window, OPTIONS)
    assert "nodata value" in raised.value.hint


def test_elevations_in_feet_taken_as_metres_are_implausible_on_a_high_mountain(rewrite, creek, window):
    with pytest.raises(ImplausibleElevation, match="outside -450 to 9000 m") as raised:
        prepare_dem(rewrite(lambda values: values / 0.3048 + 8000.0), creek, window, OPTIONS)
    assert "vertical_unit" in raised.value.hint


@pytest.mark.parametrize(("unit", "metres"), [("ft", 0.3048), ("us-ft", 1200 / 3937)])
def test_feet_become_metres(rewrite, window, clean, unit, metres):
    elevation_m, provenance = read_window(
        rewrite(lambda values: values / metres, dtype="float64"), window, DemOptions(vertical_unit=unit)
    )
    np.testing.assert_allclose(elevation_m, clean, rtol=0, atol=1e-6)
    assert provenance["vertical_unit"] == unit


def test_a_file_that_states_another_unit_is_refused(rewrite, window):
    for changed in (
        rewrite(unit="US survey foot"),
        rewrite(tags={"VERTICAL_UNIT": "us-ft"}),
        rewrite(crs="EPSG:4326+6360"),
    ):
        if changed is not None:
            with pytest.raises(DemUnitContradicts, match=r"ron\.dem_vertical_unit says m") as raised:
                read_window(changed, window, OPTIONS)
            assert "ron.dem_vertical_unit=us-ft" in raised.value.hint


def test_scale_and_offset_of_the_band_are_applied(rewrite, window, clean):
    centimetres = rewrite(lambda values: ((values - 500) * 10).astype("int16"), dtype="int16")
    with rasterio.open(centimetres, "r+") as target:
        target.scales, target.offsets = (0.1,), (500.0,)
    np.testing.assert_allclose(read_window(centimetres, window, OPTIONS)[0], clean, atol=1e-6)


def test_a_small_hole_is_interpolated_and_said_and_no_other_cell_changes(rewrite, hills, creek, window, clean):
    hole = rewrite(put(cells_at(hills, creek.centroid.x, creek.centroid.y, 1), np.nan))
    elevation_m, _, provenance = prepare_dem(hole, creek, window, OPTIONS)
    assert any("cells in holes of the DEM were interpolated" in note for note in provenance["notes"])
    raw_m = read_window(hole, window, OPTIONS)[0]
    kept = ~np.isnan(raw_m)
    assert np.array_equal(elevation_m[kept], raw_m[kept])
    filled = ~kept
    assert 4 < filled.sum() <= 100
    assert np.abs(elevation_m - clean)[filled].max() < 60.0
    assert elevation_m[filled].min() > clean[filled].min() - 60.0


def test_nodata_on_the_outlet_is_filled_when_small(rewrite, hills, creek, window):
    hole = rewrite(put(cells_at(hills, *CREEK, 1), -32768), dtype="int16")
    elevation_m, grid, provenance = prepare_dem(hole, creek, window, OPTIONS)
    assert np.isfinite(elevation_m[creek_cell(grid)])
    assert "interpolated" in provenance["notes"][0]


def test_a_large_hole_in_the_watershed_is_a_clear_failure(rewrite, hills, creek, window):
    hole = rewrite(put(cells_at(hills, creek.centroid.x, creek.centroid.y, 3), np.nan))
    options = DemOptions(min_valid_fraction=0.5)
    with pytest.raises(DemIncomplete, match=r"has holes of \d{3} cells inside the watershed") as raised:
        prepare_dem(hole, creek, window, options)
    assert "max_hole_cells (now 100)" in raised.value.hint
    with pytest.raises(DemIncomplete, match="has elevations for"):
        prepare_dem(hole, creek, window, OPTIONS)
    assert prepare_dem(hole, creek, window, DemOptions(max_hole_cells=1000))[2]["notes"]


@pytest.mark.parametrize("undulation_m", [0.0, 1.5])
def test_flat_terrain_is_refused_by_its_relief(rewrite, creek, window, undulation_m):
    def flatten(values):
        return 300.0 + undulation_m * (values - values.min()) / np.ptp(values)

    with pytest.raises(FlatTerrain, match=r"differ by \d\.\d\d m only"):
        prepare_dem(rewrite(flatten), creek, window, OPTIONS)


def test_a_basin_cut_by_the_window_makes_the_window_grow(hills, creek):
    inner = creek.buffer(-150.0)
    tight = Grid.around(inner.bounds, CRS, 30.0, 30.0)
    said = []
    elevation_m, grid, provenance = prepare_dem(hills, inner, tight, OPTIONS, said.append)
    assert 1 <= provenance["window_growths"] <= 3
    assert elevation_m.shape == (grid.rows, grid.cols)
    assert grid.rows > tight.rows
    assert ((grid.left_m - tight.left_m) / 30.0).is_integer()
    assert sum("the window grows" in line for line in said) == provenance["window_growths"]


def test_growing_ends_after_three_times_and_says_that_the_basin_may_be_cut(hills, creek):
    west, south, east, north = creek.bounds
    lower = creek.intersection(box(west, south, east, south + 0.45 * (north - south)))
    tight = Grid.around(lower.bounds, CRS, 30.0, 0.0)
    _, grid, provenance = prepare_dem(hills, lower, tight, OPTIONS)
    assert provenance["window_growths"] == 3
    assert grid.rows == tight.rows + 2 * (10 + 10 + 20)
    assert provenance["notes"] == ["the basin reaches the edge of the window; it may be cut off"]


@pytest.mark.parametrize("crs", ["EPSG:32617", "EPSG:5070", "EPSG:3857"])
def test_a_source_in_any_system_gives_the_same_ground(hills, window, clean, tmp_path, crs):
    with rasterio.open(hills) as source:
        transform, width, height = calculate_default_transform(
            source.crs, crs, source.width, source.height, *source.bounds
        )
        profile = source.profile | {"crs": crs, "transform": transform, "width": width, "height": height}
        with rasterio.open(tmp_path / "other.tif", "w", **profile) as target:
            reproject(
                rasterio.band(source, 1), rasterio.band(target, 1), resampling=Resampling.cubic, dst_nodata=-32768
            )
    elevation_m, provenance = read_window(tmp_path / "other.tif", window, OPTIONS)
    assert provenance["crs"] == crs
    assert not np.isnan(elevation_m).any()
    assert np.abs(elevation_m - clean).mean() < 3.0


def test_longitudes_from_0_to_360_and_rows_from_south_to_north_are_understood(rewrite, hills, window, clean):
    with rasterio.open(hills) as source:
        east, up = source.transform, source.bounds.bottom
    ahead = rewrite(dtype="int16", transform=Affine.translation(360.0, 0.0) @ east, name="ahead.tif")
    flipped = rewrite(
        lambda values: values[::-1],
        dtype="int16",
        transform=Affine(east.a, 0, east.c, 0, -east.e, up),
        name="flipped.tif",
    )
    for path in (ahead, flipped):
        np.testing.assert_allclose(read_window(path, window, OPTIONS)[0], clean, atol=0.05)


def test_a_much_finer_source_is_averaged_and_its_nodata_left_out(hills, window, clean, tmp_path):
    with rasterio.open(hills) as source:
        fine = np.full((2400, 2700), np.nan)
        transform = Affine(4.0, 0, window.left_m - 500.0, 0, -4.0, window.top_m + 500.0)
        reproject(
            rasterio.band(source, 1),
            fine,
            dst_transform=transform,
            dst_crs=CRS,
            dst_nodata=np.nan,
            resampling=Resampling.cubic,
        )
    chance = np.random.default_rng(1)
    fine += chance.normal(0.0, 2.0, fine.shape)
    fine[chance.random(fine.shape) < 0.05] = -9999.0
    with rasterio.open(
        tmp_path / "fine.tif",
        "w",
        driver="GTiff",
        dtype="float32",
        count=1,
        height=2400,
        width=2700,
        crs=CRS,
        transform=transform,
    ) as target:
        target.write(fine.astype("float32"), 1)
    elevation_m, provenance = read_window(tmp_path / "fine.tif", window, OPTIONS)
    assert not np.isnan(elevation_m).any()
    assert np.abs(elevation_m - clean).mean() < 1.5
    assert "outside -450 to 9000 m were taken as nodata" in provenance["notes"][0]


def write_vrt(path, parts):
    """A mosaic of rasters side by side, each of (file, first column, columns)."""
    with rasterio.open(parts[0][0]) as source:
        height, transform = source.height, source.transform.to_gdal()
    width = sum(columns for _, _, columns in parts)
    sources = "".join(
        f'<SimpleSource><SourceFilename relativeToVRT="1">{part.name}</SourceFilename><SourceBand>1</SourceBand>'
        f'<SrcRect xOff="0" yOff="0" xSize="{columns}" ySize="{height}"/>'
        f'<DstRect xOff="{first}" yOff="0" xSize="{columns}" ySize="{height}"/></SimpleSource>'
        for part, first, columns in parts
    )
    path.write_text(
        f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}"><SRS>EPSG:4326</SRS>'
        f"<GeoTransform>{', '.join(map(str, transform))}</GeoTransform>"
        f'<VRTRasterBand dataType="Int16" band="1"><NoDataValue>-32768</NoDataValue>{sources}'
        "</VRTRasterBand></VRTDataset>"
    )


@pytest.fixture
def mosaic(rewrite, hills, window, tmp_path):
    """A VRT of three tiles; the window lies in the first two."""
    with rasterio.open(hills) as source:
        transform, columns = source.transform, source.width
        (lon,), _ = rasterio.warp.transform(
            CRS, source.crs, [window.centre(0, window.cols // 2)[0]], [window.top_m]
        )
        cut = source.index(lon, source.bounds.top)[1]
    bounds = [0, cut, cut + 150, columns]
    parts = []
    for number, (first, last) in enumerate(pairwise(bounds)):
        part = rewrite(
            lambda values, first=first, last=last: values[:, first:last],
            dtype="int16",
            name=f"tile{number}.tif",
            transform=transform @ Affine.translation(first, 0),
        )
        parts.append((part, first, last - first))
    write_vrt(tmp_path / "mosaic.vrt", parts)
    return tmp_path / "mosaic.vrt"


def test_a_mosaic_reads_like_one_raster_and_names_the_tiles_it_used(mosaic, window, clean):
    elevation_m, provenance = read_window(mosaic, window, OPTIONS)
    np.testing.assert_allclose(elevation_m, clean, atol=1e-9)
    assert provenance["driver"] == "VRT"
    assert [part["source"].rsplit("/", 1)[1] for part in provenance["parts"]] == ["tile0.tif", "tile1.tif"]
    before = provenance["sha256"]
    with rasterio.open(mosaic.with_name("tile0.tif"), "r+") as tile:
        tile.write(tile.read(1) + np.int16(1), 1)
    assert read_window(mosaic, window, OPTIONS)[1]["sha256"] != before


def test_a_mosaic_with_a_missing_tile_is_unreadable(mosaic, window):
    mosaic.with_name("tile1.tif").unlink()
    with pytest.raises(DemUnreadable, match=r"tile1\.tif") as raised:
        read_window(mosaic, window, OPTIONS)
    assert "all of its parts" in raised.value.hint


def test_missing_broken_and_foreign_files_are_clear_errors(hills, window, tmp_path):
    with pytest.raises(DemUnreadable, match=r"nowhere\.tif is not there"):
        read_window(tmp_path / "nowhere.tif", window, OPTIONS)
    with pytest.raises(DemUnreadable, match="is not there"):
        read_window(tmp_path, window, OPTIONS)
    foreign = tmp_path / "notes.tif"
    foreign.write_text("elevations to follow\n")
    with pytest.raises(DemUnreadable, match="can't be read"):
        read_window(foreign, window, OPTIONS)
    truncated = tmp_path / "truncated.tif"
    truncated.write_bytes(hills.read_bytes()[:60_000])
    with pytest.raises(DemUnreadable, match="can't be read"):
        read_window(truncated, window, OPTIONS)


def test_a_source_without_a_reference_system_is_refused(rewrite, window):
    with pytest.raises(DemWithoutCrs, match="has no coordinate reference system") as raised:
        read_window(rewrite(crs=None), window, OPTIONS)
    assert "gdal_edit.py -a_srs" in raised.value.hint


def test_a_polygon_smaller_than_a_cell_is_refused(hills, window, creek):
    with pytest.raises(DataError, match="covers no cell"):
        prepare_dem(hills, creek.centroid.buffer(0.01), window, OPTIONS)
