"""The outlet step on real hills: known outlets, what it leaves behind, and how it chooses."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import Point, box

from terrain_helpers import TRUE_OUTLETS, demo_polygons, sample_window
from weppbatch.errors import InputError
from weppbatch.files import shipped
from weppbatch.terrain.grid import grid_of, mask_of, read_raster, write_raster
from weppbatch.terrain.outlet import (
    EmptyMask,
    FlowLeavesWindow,
    Outlet,
    OutletOptions,
    determine_outlet,
    find_outlet,
)
from weppbatch.terrain.overlap import basin_of

LEFT = {
    *(f"{name}.tif" for name in ("relief", "flovec", "floaccum", "netful", "chnjnt", "bound", "mask")),
    "find_outlet.geojson",
    "outlet.geojson",
    "wbt.log",
}
Delineate = Callable[..., tuple[Outlet, Path]]


@pytest.fixture(scope="module")
def delineate(sample_dem: Path, tmp_path_factory: pytest.TempPathFactory) -> Delineate:
    """Runs the outlet step on one of the demo's watersheds; the same call gives the same result again."""
    done: dict[object, tuple[Outlet, Path]] = {}

    def run(name: str, options: OutletOptions = OutletOptions()) -> tuple[Outlet, Path]:
        if (name, options) not in done:
            folder = tmp_path_factory.mktemp("outlet")
            polygon = demo_polygons()[name]
            write_raster(folder / "dem.tif", *sample_window(sample_dem, polygon))
            done[name, options] = (
                determine_outlet(folder / "dem.tif", polygon, folder / "watershed", options),
                folder / "watershed",
            )
        return done[name, options]

    return run


@pytest.mark.parametrize("name", TRUE_OUTLETS)
def test_a_known_outlet_is_found_within_250_m(name: str, delineate: Delineate) -> None:
    outlet, _ = delineate(name)
    x_m, y_m = TRUE_OUTLETS[name]
    assert math.hypot(outlet.x_m - x_m, outlet.y_m - y_m) <= 250.0
    assert outlet.iou >= 0.75
    assert outlet.flags == []


def test_the_folder_holds_the_chosen_variant_and_no_scratch(delineate: Delineate) -> None:
    _, folder = delineate("Montgomery Fork")
    assert {path.name for path in folder.iterdir()} == LEFT
    assert "-r=FindOutlet" in (folder / "wbt.log").read_text()


def test_bound_is_the_basin_of_the_outlet_in_the_same_rasters(delineate: Delineate) -> None:
    outlet, folder = delineate("Ollis Creek")
    bound = read_raster(folder / "bound.tif") > 0
    basin = basin_of(read_raster(folder / "flovec.tif"), outlet.row, outlet.col)
    assert np.array_equal(bound, basin)
    assert outlet.basin_area_m2 == basin.sum() * 900.0
    mask = read_raster(folder / "mask.tif") > 0
    assert outlet.iou == pytest.approx((mask & basin).sum() / (mask | basin).sum())
    assert read_raster(folder / "chnjnt.tif")[outlet.row, outlet.col] == 1


def test_the_outlet_is_written_in_wgs84_and_read_back_the_same(delineate: Delineate) -> None:
    outlet, folder = delineate("Montgomery Fork")
    collection = json.loads((folder / "outlet.geojson").read_text())
    longitude, latitude = collection["features"][0]["geometry"]["coordinates"]
    assert -84.5 < longitude < -84.0 and 36.1 < latitude < 36.5
    assert collection["features"][0]["properties"]["epsg"] == 32616
    assert Outlet.from_geojson(collection) == outlet
    assert grid_of(folder / "flovec.tif").centre(outlet.row, outlet.col) == (outlet.x_m, outlet.y_m)


def test_another_geojson_is_no_outlet() -> None:
    with pytest.raises(InputError, match="no outlet"):
        Outlet.from_geojson({"type": "FeatureCollection", "features": []})


def test_when_find_outlet_stops_too_early_the_best_overlap_is_taken(delineate: Delineate) -> None:
    outlet, folder = delineate("Stony Fork")
    walked, best = outlet.candidates
    assert (walked["method"], best["method"], outlet.method) == ("find_outlet", "overlap", "overlap")
    assert walked["iou"] < 0.75 <= best["iou"] == pytest.approx(outlet.iou)
    point = json.loads((folder / "find_outlet.geojson").read_text())["features"][0]["properties"]
    assert (point["row"], point["column"], point["start_mode"]) == (outlet.row, outlet.col, "requested")


def test_when_both_choices_are_poor_another_conditioning_is_tried_and_the_best_kept(delineate: Delineate) -> None:
    outlet, _ = delineate("Ollis Creek")
    poor = [one["iou"] for one in outlet.candidates if one["conditioning"] == "breach"]
    assert max(poor) < 0.75 <= outlet.iou
    assert outlet.conditioning == "breach_least_cost"


def test_a_basin_that_fits_worse_than_the_limit_is_flagged(delineate: Delineate) -> None:
    outlet, _ = delineate("Montgomery Fork", OutletOptions(flag_iou=0.99))
    assert outlet.flags == ["poor_fit"]


def test_choices_far_apart_are_flagged_as_ambiguous(sample_dem: Path, tmp_path: Path) -> None:
    # 300 m too wide everywhere: the walk goes on into the next valley before it leaves the polygon.
    polygon = demo_polygons()["Montgomery Fork"].buffer(300.0)
    write_raster(tmp_path / "dem.tif", *sample_window(sample_dem, polygon))
    outlet = determine_outlet(tmp_path / "dem.tif", polygon, tmp_path, OutletOptions())
    assert "ambiguous" in outlet.flags


@pytest.mark.parametrize("conditioning", ["breach", "fill", "breach_least_cost"])
def test_each_conditioning_drains_every_cell_to_the_edge(conditioning: str, delineate: Delineate) -> None:
    outlet, folder = delineate("Montgomery Fork", OutletOptions(fill_or_breach=conditioning))
    assert outlet.conditioning == conditioning
    pointers = read_raster(folder / "flovec.tif")
    assert (pointers[1:-1, 1:-1] > 0).all()


def test_what_a_killed_process_left_is_no_hindrance(sample_dem: Path, tmp_path: Path) -> None:
    polygon = demo_polygons()["Montgomery Fork"]
    write_raster(tmp_path / "dem.tif", *sample_window(sample_dem, polygon))
    (tmp_path / "watershed" / ".outlet" / "breach").mkdir(parents=True)
    (tmp_path / "watershed" / "bound.tif").write_text("half")
    determine_outlet(tmp_path / "dem.tif", polygon, tmp_path / "watershed", OutletOptions())
    assert {path.name for path in (tmp_path / "watershed").iterdir()} == LEFT


def test_find_outlet_returns_the_point_and_passes_on_what_the_tool_prints(
    delineate: Delineate, tmp_path: Path
) -> None:
    _, folder = delineate("Montgomery Fork")
    lines: list[str] = []
    point = find_outlet(
        folder / "flovec.tif",
        folder / "netful.tif",
        folder / "mask.tif",
        tmp_path / "o.geojson",
        False,
        lines.append,
    )
    assert {"row", "column", "easting", "northing"} <= set(point)
    assert (tmp_path / "o.geojson").exists()


def test_find_outlet_names_an_empty_mask(delineate: Delineate, tmp_path: Path) -> None:
    _, folder = delineate("Montgomery Fork")
    grid = grid_of(folder / "flovec.tif")
    write_raster(tmp_path / "mask.tif", mask_of(Point(0, 0).buffer(10), grid), grid)
    with pytest.raises(EmptyMask) as caught:
        find_outlet(folder / "flovec.tif", folder / "netful.tif", tmp_path / "mask.tif", tmp_path / "o.geojson")
    assert caught.value.hint is not None


def test_find_outlet_names_a_path_that_leaves_the_window(delineate: Delineate, tmp_path: Path) -> None:
    _, folder = delineate("Montgomery Fork")
    grid = grid_of(folder / "flovec.tif")
    write_raster(tmp_path / "mask.tif", mask_of(box(*grid.bounds_m), grid), grid)
    with pytest.raises(FlowLeavesWindow, match="invalid D8 pointer"):
        find_outlet(folder / "flovec.tif", folder / "netful.tif", tmp_path / "mask.tif", tmp_path / "o.geojson")


def test_the_demo_has_ten_good_watersheds_and_two_that_can_not_be_used() -> None:
    features = json.loads((shipped("config") / "demo" / "watersheds.geojson").read_text())["features"]
    good = [feature for feature in features if (feature["geometry"] or {}).get("type") == "Polygon"]
    assert (len(good), len(features)) == (10, 12)
    assert all(3.0 <= feature["properties"]["area_km2"] <= 40.0 for feature in good)
    assert len({feature["properties"]["HucName"] for feature in features}) == 12
