"""Grids and rasters."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from shapely.geometry import box

from weppbatch.errors import DataError
from weppbatch.terrain.grid import Grid, grid_of, mask_of, read_raster, write_raster

GRID = Grid("EPSG:32616", 700_020.0, 4_030_020.0, 30.0, 4, 5)


def test_a_window_is_snapped_to_whole_cells_and_holds_its_buffer():
    grid = Grid.around((700_001.0, 4_000_001.0, 700_100.0, 4_000_095.0), "EPSG:32616", 30.0, 1000.0)
    west, south, east, north = grid.bounds_m
    assert all(value % 30 == 0 for value in grid.bounds_m)
    assert west <= 699_001 and south <= 3_999_001 and east >= 701_100 and north >= 4_001_095
    assert east - west < 2099 + 60


def test_two_overlapping_windows_share_their_cells():
    one = Grid.around((0.0, 0.0, 100.0, 100.0), "EPSG:32616", 30.0, 10.0)
    two = Grid.around((77.0, 55.0, 300.0, 200.0), "EPSG:32616", 30.0, 10.0)
    assert (one.left_m - two.left_m) % 30 == 0
    assert (one.top_m - two.top_m) % 30 == 0


def test_writing_then_reading_gives_the_same_values_and_grid(tmp_path: Path):
    values = np.arange(20, dtype=float).reshape(4, 5)
    values[1, 2] = np.nan
    write_raster(tmp_path / "a.tif", values, GRID)
    np.testing.assert_array_equal(read_raster(tmp_path / "a.tif"), values)
    assert grid_of(tmp_path / "a.tif") == GRID


def test_infinities_and_every_kind_of_nodata_read_as_nan(tmp_path: Path):
    values = np.array([[np.inf, -9999.0, 1.0, -np.inf, np.nan]] * 4)
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", height=4, width=5, count=1, dtype="float64", nodata=-9999.0
    ) as target:
        target.write(values, 1)
    assert np.isnan(read_raster(tmp_path / "a.tif")).sum() == 16


def test_a_mask_holds_the_cells_whose_centre_lies_inside():
    west, south, _, _ = GRID.bounds_m
    mask = mask_of(box(west, south, west + 60, south + 44), GRID)
    assert mask.sum() == 2
    assert mask[3, :2].all()


@pytest.mark.parametrize("transform", [Affine(30, 0, 0, 0, -20, 0), Affine(30, 5, 0, 5, -30, 0)])
def test_a_raster_that_is_rotated_or_not_square_is_refused(tmp_path: Path, transform: Affine):
    with rasterio.open(
        tmp_path / "a.tif",
        "w",
        driver="GTiff",
        height=4,
        width=5,
        count=1,
        dtype="float64",
        crs="EPSG:32616",
        transform=transform,
    ) as target:
        target.write(np.zeros((4, 5)), 1)
    with pytest.raises(DataError, match="square cells"):
        grid_of(tmp_path / "a.tif")
