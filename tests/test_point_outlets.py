"""Outlets given as points on real terrain: where they are moved to, what drains there, and what can't be."""

import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import CRS
from shapely.geometry import Point

from terrain_helpers import CRS as UTM
from terrain_helpers import TRUE_OUTLETS, demo_polygons
from weppbatch.crs import WGS84, project
from weppbatch.elevation.choose import choose
from weppbatch.elevation.local import LocalRaster
from weppbatch.files import read_json
from weppbatch.terrain import point_window
from weppbatch.terrain.candidates import OutletOptions
from weppbatch.terrain.grid import Grid, grid_of, read_raster, write_raster
from weppbatch.terrain.point_window import BasinTooLarge, Wanted, prepare_dem_at
from weppbatch.terrain.requested import DrainsNothing, NoChannelInReach, cells_polygon, drained
from weppbatch.terrain.requested_outlet import determine_outlet_at
from weppbatch.terrain.sources import DemIncomplete, DemOptions, FlatTerrain, PolygonOutsideDem
from weppbatch.terrain.whitebox import WhiteboxTools

STONY = Point(TRUE_OUTLETS["Stony Fork"])


def window(
    source: Path,
    point: Point = STONY,
    first_m: float = 2000.0,
    options: DemOptions = DemOptions(),
    outlet: OutletOptions = OutletOptions(),
    said: list[str] | None = None,
):
    wanted = Wanted(point, options, outlet, 1000.0, lambda _: source, (said if said is not None else []).append)
    return prepare_dem_at(Grid.around(point.bounds, UTM, 30.0, first_m), wanted)


@pytest.fixture(scope="module")
def stony(sample_dem: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The window of a creek's outlet, as the task dem leaves it."""
    folder = tmp_path_factory.mktemp("stony")
    elevation_m, grid, _ = window(sample_dem)
    write_raster(folder / "dem.tif", elevation_m, grid)
    return folder


def at(stony: Path, tmp_path: Path, point: Point = STONY, **options: float):
    return determine_outlet_at(stony / "dem.tif", point, tmp_path / "watershed", OutletOptions(**options))


def test_the_basin_is_what_drains_to_the_point_whatever_the_first_window_was(sample_dem: Path) -> None:
    said: list[str] = []
    elevation_m, small, provenance = window(sample_dem, first_m=500.0, said=said)
    assert provenance["window_growths"] > 1 and "it grows to" in said[0]
    assert provenance["notes"] == [] and not provenance["basin_reaches_nodata"]
    again_m, large, _ = window(sample_dem, first_m=5000.0)
    assert small == large
    np.testing.assert_array_equal(elevation_m, again_m)


def test_the_outlet_lies_on_the_nearest_channel_and_its_basin_is_the_watershed(stony: Path, tmp_path: Path) -> None:
    outlet = at(stony, tmp_path)
    assert outlet.method == "requested" and outlet.flags == []
    assert outlet.moved_m == pytest.approx(math.hypot(outlet.x_m - STONY.x, outlet.y_m - STONY.y))
    assert outlet.moved_m < 45.0 and (outlet.requested_x_m, outlet.requested_y_m) == (STONY.x, STONY.y)
    assert outlet.iou is None and outlet.polygon_area_m2 is None
    folder = tmp_path / "watershed"
    grid = grid_of(folder / "bound.tif")
    basin = read_raster(folder / "bound.tif") > 0
    assert outlet.basin_area_m2 == basin.sum() * 900.0
    meant, found = demo_polygons()["Stony Fork"], cells_polygon(basin, grid)
    assert meant.intersection(found).area / meant.union(found).area > 0.85
    outline = read_json(folder / "basin.geojson")["features"][0]
    assert outline["properties"]["area_m2"] == outlet.basin_area_m2
    assert not (folder / "mask.tif").exists() and not (folder / ".outlet").exists()


def test_a_point_far_from_a_channel_is_flagged_or_refused_with_what_would_help(stony: Path, tmp_path: Path) -> None:
    drained(WhiteboxTools(), stony / "dem.tif", tmp_path, STONY, OutletOptions(), print)
    grid, inflows = grid_of(tmp_path / "chnjnt.tif"), read_raster(tmp_path / "chnjnt.tif")
    inside, channels = np.argwhere(read_raster(tmp_path / "floaccum.tif") < 50)[::23], np.argwhere(inflows >= 0)
    away_m = 30.0 * np.hypot(*(inside[:, np.newaxis] - channels[np.newaxis]).transpose(2, 0, 1)).min(axis=1)
    row, col = inside[int(np.flatnonzero((away_m > 180.0) & (away_m < 260.0))[-1])]
    uphill = Point(grid.centre(int(row), int(col)))
    outlet = at(stony, tmp_path, uphill)
    assert outlet.moved_m is not None and outlet.moved_m > 150.0 and "far" in outlet.flags
    with pytest.raises(NoChannelInReach, match="no channel lies within 100 m") as refused:
        at(stony, tmp_path, uphill, outlet_reach_m=100.0)
    hint = str(refused.value.hint)
    assert "move the point" in hint and "watershed.csa_ha" in hint
    reach_m = float(hint.split("watershed.outlet_reach_m=")[1].split()[0])
    assert at(stony, tmp_path, uphill, outlet_reach_m=reach_m).row == outlet.row


def test_a_point_at_a_junction_keeps_all_that_drains_to_it(stony: Path, tmp_path: Path) -> None:
    tools = WhiteboxTools()
    found = drained(tools, stony / "dem.tif", tmp_path, STONY, OutletOptions(), print)
    grid, inflows = grid_of(tmp_path / "chnjnt.tif"), read_raster(tmp_path / "chnjnt.tif")
    row, col = np.argwhere((inflows >= 2) & found.basin)[0]
    junction = Point(grid.centre(int(row), int(col)))
    (tmp_path / "again").mkdir()
    moved = drained(tools, stony / "dem.tif", tmp_path / "again", junction, OutletOptions(), print)
    assert moved.basin[row, col] and inflows[moved.row, moved.col] == 1
    assert moved.basin.sum() > read_raster(tmp_path / "floaccum.tif")[row, col] - 1


def test_where_nearly_nothing_drains_to_is_no_outlet(stony: Path, tmp_path: Path) -> None:
    fine = OutletOptions(csa_ha=0.5, mcl_m=0.0)
    drained(WhiteboxTools(), stony / "dem.tif", tmp_path, STONY, fine, print)
    single = (read_raster(tmp_path / "chnjnt.tif") == 1) & (read_raster(tmp_path / "floaccum.tif") < 20)
    row, col = np.argwhere(single)[0]
    point = Point(grid_of(tmp_path / "chnjnt.tif").centre(int(row), int(col)))
    with pytest.raises(DrainsNothing, match="cells of 30 m drain to the outlet"):
        at(stony, tmp_path, point, csa_ha=0.5, mcl_m=0.0)


def test_a_much_larger_channel_near_by_is_flagged(stony: Path, tmp_path: Path) -> None:
    drained(WhiteboxTools(), stony / "dem.tif", tmp_path, STONY, OutletOptions(), print)
    cells, inflows = read_raster(tmp_path / "floaccum.tif"), read_raster(tmp_path / "chnjnt.tif")
    grid = grid_of(tmp_path / "chnjnt.tif")
    main = np.argwhere((cells > 5000) & (inflows >= 1))
    side = np.argwhere((cells < 300) & (inflows == 1))
    away = np.hypot(*(side[:, np.newaxis] - main[np.newaxis]).transpose(2, 0, 1)).min(axis=1) * 30.0
    row, col = side[int(np.flatnonzero((away > 60.0) & (away < 250.0))[0])]
    outlet = at(stony, tmp_path, Point(grid.centre(int(row), int(col))))
    assert "larger_near" in outlet.flags and (outlet.larger_near_km2 or 0) > outlet.basin_area_m2 / 1e5


def test_a_point_outside_of_the_elevations_is_said_to_be(sample_dem: Path, tmp_path: Path) -> None:
    far = Point(500000.0, 4700000.0)
    grid = Grid.around(far.bounds, UTM, 30.0, 1000.0)
    with pytest.raises(PolygonOutsideDem, match="the outlet"):
        choose([LocalRaster("dem", sample_dem)], far, grid, DemOptions(), print)
    with rasterio.open(sample_dem) as raster:
        east = raster.bounds.right + 0.01
    beside = project(Point(east, 36.3), WGS84, CRS.from_user_input(UTM))
    with pytest.raises(PolygonOutsideDem, match="the outlet"):
        window(sample_dem, beside)


def test_a_basin_without_end_is_refused(sample_dem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BasinTooLarge, match="over 10000"):
        window(sample_dem, first_m=500.0, options=DemOptions(max_window_cells=10_000))
    monkeypatch.setattr(point_window, "MOST_KM2", 0.1)
    with pytest.raises(BasinTooLarge, match=r"more than 0 km2 drain"):
        window(sample_dem, first_m=500.0)


def here(sample_dem: Path, point: Point) -> tuple[int, int]:
    """Row and column of a place in the sample DEM."""
    place = project(point, CRS.from_user_input(UTM), WGS84)
    with rasterio.open(sample_dem) as raster:
        row, col = raster.index(place.x, place.y)
    return int(row), int(col)


def changed(sample_dem: Path, target: Path, change) -> Path:
    with rasterio.open(sample_dem) as raster:
        cells, profile, tags = raster.read(1), raster.profile, raster.tags()
    change(cells, *here(sample_dem, STONY))
    with rasterio.open(target, "w", **profile) as out:
        out.write(cells, 1)
        out.update_tags(**tags)
    return target


def test_holes_and_flats_in_what_drains_to_it_are_refused(sample_dem: Path, tmp_path: Path) -> None:
    def hole(cells: np.ndarray, row: int, col: int) -> None:
        down, across = here(sample_dem, demo_polygons()["Stony Fork"].centroid)
        cells[down - 6 : down + 6, across - 6 : across + 6] = -32768

    def none_here(cells: np.ndarray, row: int, col: int) -> None:
        cells[row - 10 : row + 10, col - 10 : col + 10] = -32768

    with pytest.raises(DemIncomplete, match="holes of"):
        window(changed(sample_dem, tmp_path / "hole.tif", hole))
    with pytest.raises(DemIncomplete, match="no elevation at the outlet"):
        window(changed(sample_dem, tmp_path / "none.tif", none_here))
    with pytest.raises(FlatTerrain, match="basin differ"):
        window(sample_dem, options=DemOptions(min_relief_m=900.0))


def test_a_basin_that_runs_out_of_the_elevations_is_said_to(sample_dem: Path, tmp_path: Path) -> None:
    def cut(cells: np.ndarray, row: int, col: int) -> None:
        down, across = np.indices(cells.shape)
        towards = np.array(here(sample_dem, demo_polygons()["Stony Fork"].centroid)) - (row, col)
        beyond = (down - row) * towards[0] + (across - col) * towards[1]
        cells[beyond > towards @ towards] = -32768

    _, _, provenance = window(changed(sample_dem, tmp_path / "cut.tif", cut))
    assert provenance["basin_reaches_nodata"]
    assert provenance["notes"] == ["the basin reaches cells without elevation; it may be cut off"]
