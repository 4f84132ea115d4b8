"""What a polygon or a DEM can do to the outlet step, each on a small real window, each with its remedy.

The rows of sources (outside, holes, units) and of geometries (multipart, self-intersection) have their own tests.
"""

from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from terrain_helpers import TRUE_OUTLETS, demo_polygons, sample_window
from weppbatch.terrain.channels import NoChannels, TooManyInflows, channel_network, condition, route
from weppbatch.terrain.grid import Grid, grid_of, read_raster, write_raster
from weppbatch.terrain.outlet import (
    NoOutletFound,
    Outlet,
    OutletOptions,
    PolygonLeavesWindow,
    PolygonTooSmall,
    determine_outlet,
)
from weppbatch.terrain.whitebox import WhiteboxTools

NAME = "Montgomery Fork"


@pytest.fixture(scope="module")
def polygon() -> BaseGeometry:
    return demo_polygons()[NAME]


@pytest.fixture(scope="module")
def window(sample_dem: Path, polygon: BaseGeometry) -> tuple[np.ndarray, Grid]:
    return sample_window(sample_dem, polygon)


def outlet_of(elevation_m: np.ndarray, grid: Grid, polygon: BaseGeometry, folder: Path, **options: float) -> Outlet:
    write_raster(folder / "dem.tif", elevation_m, grid)
    return determine_outlet(folder / "dem.tif", polygon, folder / "watershed", OutletOptions(**options))


def disc(grid: Grid, centre: Point, radius_m: float) -> np.ndarray:
    rows, cols = np.indices((grid.rows, grid.cols))
    x_m = grid.left_m + (cols + 0.5) * grid.cell_size_m
    y_m = grid.top_m - (rows + 0.5) * grid.cell_size_m
    return np.hypot(x_m - centre.x, y_m - centre.y) <= radius_m


def test_a_closed_basin_of_80_m_is_drained(window, polygon, tmp_path: Path) -> None:
    elevation_m, grid = window
    pit = disc(grid, polygon.representative_point(), 300.0)
    outlet = outlet_of(np.where(pit, elevation_m - 80.0, elevation_m), grid, polygon, tmp_path)
    assert outlet.iou >= 0.75 and "poor_fit" not in outlet.flags


def test_a_lake_is_drained_without_a_trench(window, polygon, tmp_path: Path) -> None:
    elevation_m, grid = window
    lake = disc(grid, polygon.representative_point(), 400.0)
    level_m = float(np.median(elevation_m[lake]))
    outlet = outlet_of(np.where(lake, level_m, elevation_m), grid, polygon, tmp_path)
    assert outlet.iou >= 0.75
    relief = read_raster(tmp_path / "watershed" / "relief.tif")
    inner = disc(grid, polygon.representative_point(), 300.0)
    # With the tool's own increment the channel through the lake would be metres deep.
    assert np.abs(relief[inner] - level_m).max() < 0.1


def test_flat_ground_is_no_silent_success(window, polygon, tmp_path: Path) -> None:
    elevation_m, grid = window
    with pytest.raises(NoOutletFound, match=r"overlaps the polygon by 0\.\d\d only"):
        outlet_of(np.full_like(elevation_m, 300.0), grid, polygon, tmp_path)


def test_a_polygon_of_a_few_cells_is_too_small(window, polygon, tmp_path: Path) -> None:
    few = polygon.representative_point().buffer(60.0)
    with pytest.raises(PolygonTooSmall, match=r"covers 1\d cells of 30 m"):
        outlet_of(*window, few, tmp_path)


def test_a_polygon_between_cell_centres_is_too_small(window, polygon, tmp_path: Path) -> None:
    _, grid = window
    x_m, y_m = grid.centre(60, 60)
    with pytest.raises(PolygonTooSmall, match="covers 0 cells"):
        outlet_of(*window, box(x_m + 2, y_m + 2, x_m + 20, y_m + 20), tmp_path)


def test_an_empty_polygon_is_too_small(window, tmp_path: Path) -> None:
    with pytest.raises(PolygonTooSmall, match="empty"):
        outlet_of(*window, Polygon(), tmp_path)


def test_a_polygon_that_fills_the_window_needs_a_buffer(window, tmp_path: Path) -> None:
    _, grid = window
    with pytest.raises(PolygonLeavesWindow) as caught:
        outlet_of(*window, box(*grid.bounds_m), tmp_path)
    assert caught.value.hint is not None and "buffer" in caught.value.hint


def test_a_polygon_elsewhere_than_the_dem_is_named(window, polygon, tmp_path: Path) -> None:
    away = Polygon([(x_m + 50_000.0, y_m) for x_m, y_m in polygon.exterior.coords])
    with pytest.raises(PolygonLeavesWindow):
        outlet_of(*window, away, tmp_path)


def test_a_basin_cut_by_the_windows_edge_is_flagged(sample_dem: Path, polygon, tmp_path: Path) -> None:
    # The lower half of the watershed as the polygon, and a window that ends just above it.
    x_m, y_m = TRUE_OUTLETS[NAME]
    near = polygon.intersection(Point(x_m, y_m).buffer(1700.0))
    elevation_m, grid = sample_window(sample_dem, near, buffer_m=60.0)
    outlet = outlet_of(elevation_m, grid, near, tmp_path)
    assert "touches_edge" in outlet.flags


def test_a_basin_beside_missing_elevations_is_flagged(window, polygon, tmp_path: Path) -> None:
    elevation_m, grid = window
    hole = disc(grid, polygon.representative_point(), 100.0)
    outlet = outlet_of(np.where(hole, np.nan, elevation_m), grid, polygon, tmp_path)
    assert "touches_edge" in outlet.flags


def test_a_polygon_smaller_than_the_critical_source_area_gets_a_smaller_one(
    window, polygon, tmp_path: Path
) -> None:
    outlet = outlet_of(*window, polygon, tmp_path, csa_ha=2000.0)
    assert outlet.csa_ha < 2000.0 and "csa_changed" in outlet.flags
    assert outlet.iou >= 0.75


def test_a_network_without_any_channel_is_an_error_that_names_the_area(window, tmp_path: Path) -> None:
    write_raster(tmp_path / "dem.tif", *window)
    tools = WhiteboxTools()
    condition(
        tools, tmp_path / "dem.tif", tmp_path / "relief.tif", "fill", blc_dist_m=1000.0, flat_increment_m=0.0001
    )
    route(tools, tmp_path / "relief.tif", tmp_path / "flovec.tif", tmp_path / "floaccum.tif")
    with pytest.raises(NoChannels, match="ha") as caught:
        channel_network(tools, tmp_path, csa_ha=1e6, mcl_m=100.0, max_junctions=3, log=print)
    assert caught.value.hint is not None and "csa_ha" in caught.value.hint


def test_a_channel_length_that_no_channel_reaches_is_cut_to_the_watersheds_size(
    window, polygon, tmp_path: Path
) -> None:
    outlet = outlet_of(*window, polygon, tmp_path, mcl_m=9000.0)
    assert outlet.mcl_m < 9000.0 and "mcl_changed" in outlet.flags
    assert outlet.iou >= 0.75


def test_more_channels_at_a_junction_than_can_be_numbered_raise_the_critical_source_area(
    window, polygon, tmp_path: Path
) -> None:
    outlet = outlet_of(*window, polygon, tmp_path, csa_ha=0.05, mcl_m=0.0)
    assert np.nanmax(read_raster(tmp_path / "watershed" / "chnjnt.tif")) == 3
    assert outlet.csa_ha > 0.05 and outlet.flags == ["csa_changed"]


def test_an_area_that_leaves_too_many_channels_at_a_junction_is_named(window, polygon, tmp_path: Path) -> None:
    with pytest.raises(TooManyInflows, match="more than 3 channels") as caught:
        outlet_of(*window, polygon, tmp_path, csa_ha=0.01, mcl_m=0.0)
    assert caught.value.hint is not None and "csa_ha" in caught.value.hint


def test_another_watersheds_polygon_does_not_pass(window, polygon, tmp_path: Path) -> None:
    # A strip along a ridge: no channel drains it.
    elevation_m, grid = window
    row, col = np.unravel_index(np.nanargmax(elevation_m[20:-20, 20:-20]), (grid.rows - 40, grid.cols - 40))
    x_m, y_m = grid.centre(int(row) + 20, int(col) + 20)
    with pytest.raises(NoOutletFound, match="IoU"):
        outlet_of(elevation_m, grid, Point(x_m, y_m).buffer(250.0), tmp_path)


def test_cells_of_another_size_are_fine(sample_dem: Path, polygon, tmp_path: Path) -> None:
    elevation_m, grid = sample_window(sample_dem, polygon)
    coarse = Grid(grid.crs, grid.left_m, grid.top_m, 60.0, grid.rows // 2, grid.cols // 2)
    thinned = elevation_m[: coarse.rows * 2 : 2, : coarse.cols * 2 : 2]
    outlet = outlet_of(thinned, coarse, polygon, tmp_path)
    assert outlet.iou >= 0.7 and grid_of(tmp_path / "watershed" / "bound.tif") == coarse
