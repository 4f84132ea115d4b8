"""What the report's map gets: shapes within a budget, windows and basins, hillshades, classes for its colours."""

import base64
import json
import re
import zlib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile
from shapely.geometry import LineString

from map_batch import CELL_M, RISE, give_terrain, place_of
from report_batch import UNBURNED, finish, ledger_of, make_batch, simulate
from weppbatch.files import write_json
from weppbatch.report.assets import TEMPLATES
from weppbatch.report.build import build_report
from weppbatch.report.extents import extents_of
from weppbatch.report.figures import run_row
from weppbatch.report.hillshade import CONTRAST, GREY, LEVEL, hillshade, horn
from weppbatch.report.measures import land_kind
from weppbatch.report.packing import encode
from weppbatch.report.results import Features, RunResult, read_result
from weppbatch.report.scales import round_bounds, spread
from weppbatch.report.sketch import FOR_ALL, MOST_SHADED, SHAPES_BYTES, Sketches
from weppbatch.terrain.grid import write_raster

STYLES = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "page/map.css"))


@pytest.fixture
def batch(root: Path) -> Path:
    """ws-1 burned and simulated, ws-2 with terrain only and a flag, ws-3 unburned with half of the figures."""
    folder = make_batch(root, ["Cove Creek", "Titus Creek", "Añasco"], task="wepp")
    for runid in ("ws-1", "ws-2", "ws-3"):
        finish(folder, runid, flags=("poor_fit",) if runid == "ws-2" else ())
        give_terrain(folder, runid)
    simulate(folder, "ws-1")
    simulate(folder, "ws-3", classes=UNBURNED, times=0.5)
    return folder


def result_of(batch: Path, runid: str) -> RunResult:
    return read_result(ledger_of(batch), Features(batch), runid)


def drawn_by(sketches: Sketches, batch: Path, runid: str) -> dict:
    result = result_of(batch, runid)
    return sketches.draw(result, run_row(result))


def unpacked(text: str) -> dict:
    return json.loads(zlib.decompress(base64.b64decode(text)))


# --- shapes ---


def test_a_run_is_drawn_with_its_polygon_basin_window_outlet_and_flags(batch: Path):
    drawn = drawn_by(Sketches(3), batch, "ws-2")
    assert set(drawn) == {"id", *"pawbofihcnz", *FOR_ALL}
    assert (drawn["o"], drawn["f"], drawn["i"], drawn["n"]) == ([-84.4, 36.2], ["poor_fit"], 0.912, 3)
    assert [round(value, 5) for value in place_of("ws-2").bounds] == drawn["b"]
    assert len(drawn["p"]) == len(drawn["a"]) == len(drawn["w"]) == 1
    assert list(drawn["c"]) == [2]


def test_all_that_is_told_of_hillslopes_and_channels_is_packed(batch: Path):
    sketches = Sketches(3)
    sketch = drawn_by(sketches, batch, "ws-1")
    details = unpacked(sketch["z"])
    assert details["values"] == {
        "topaz_id": [21, 31, 41],
        "position": ["top", "top", "top"],
        "soil_loss_t_ha_yr": [0.4, 0.8, 1.2],
        "sediment_yield_t_ha_yr": [0.2, 0.4, 0.6],
        "runoff_mm_yr": [30, 60, 90],
        "slope_scalar": [0.1, 0.2, 0.3],
        "length_m": [100, 200, 300],
        "area_m2": [1, 2, 3],
        "land": [0, 1, 2],
        "texture": [0, 0, 0],
        "burn": [0, 3, 1],
    }
    assert details["channels"] == {"2": [[24, 2500, None, 350, 12.5, 120]]}
    assert [len(rings) for rings in details["rings"]] == [1, 1, 1]
    drawing = sketches.drawing([sketch])
    assert (drawing["runs"][0]["l"], drawing["runs"][0]["t"]) == ([0, 1, 2], [0])
    assert set(FOR_ALL).isdisjoint(drawing["runs"][0])
    assert drawing["land"][1] == ["Forest High Severity Fire", "burned-high"]
    parts = {measure["key"]: measure for measure in drawing["parts"]}
    assert parts["soil_loss_t_ha_yr"]["spread"][::6] == [0.4, 1.2]
    assert parts["area_m2"]["unit"] == "ha"
    assert (parts["slope_scalar"]["percent"], parts["slope_scalar"]["bounds"][0]) == (True, 0.1)
    assert "ash_transport_t_ha" not in parts  # no hillslope has it


def test_neighbours_stay_neighbours_when_they_are_simplified(batch: Path):
    rings = unpacked(drawn_by(Sketches(3), batch, "ws-1")["z"])["rings"]
    assert len({place for (ring,) in rings for place in decoded(ring)}) == 8  # three strips share two sides


def decoded(line: str) -> list[tuple[int, int]]:
    """Google's polyline encoding read back, in units of 1e-5 degrees."""
    values, value, shift = [], 0, 0
    for character in line:
        bits = ord(character) - 63
        value |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            values.append(~(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    steps = np.array(values).reshape(-1, 2).cumsum(axis=0)
    return [tuple(place) for place in steps.tolist()]


def test_lines_are_encoded_as_google_documents_it():
    line = LineString([(-120.2, 38.5), (-120.95, 40.7), (-126.453, 43.252)])
    assert encode(line) == ["_p~iF~ps|U_ulLnnqC_mqNvxq`@"]
    assert decoded(encode(line)[0])[-1] == (4325200, -12645300)


def test_a_run_too_large_for_its_share_is_drawn_without_hillslopes_and_named(batch: Path):
    crowded = Sketches(SHAPES_BYTES // 320)
    drawn = drawn_by(crowded, batch, "ws-1")
    assert "z" not in drawn
    assert crowded.drawing([drawn])["runs"][0]["n"] == 3
    assert crowded.without_hillslopes == ["ws-1"]
    assert "z" in drawn_by(Sketches(100), batch, "ws-1")


def test_runs_keep_within_the_budgets_and_a_larger_one_has_a_larger_share(
    batch: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("weppbatch.report.sketch.SHAPES_BYTES", 15_000)
    monkeypatch.setattr("weppbatch.report.sketch.SHADES_BYTES", 3_000)
    finish(batch, "ws-1", hillslopes=300)
    simulate(batch, "ws-1")
    assert "z" not in drawn_by(Sketches(3), batch, "ws-1")
    sketches = Sketches(3, {"ws-1": 9.0, "ws-2": 1.0, "ws-3": 1.0})
    runs = sketches.drawing([drawn_by(sketches, batch, runid) for runid in ("ws-1", "ws-2", "ws-3")])["runs"]
    assert 0 < sum(_bytes(run.pop("h", "")) for run in runs) <= 3_000
    assert sum(_bytes(run) for run in runs) <= 15_000
    assert all("z" in run for run in runs)
    assert sketches.without_hillslopes == []


def _bytes(drawn: object) -> int:
    return len(json.dumps(drawn, separators=(",", ":")))


# --- windows and basins ---


def test_the_basin_and_the_window_are_those_of_the_grid(batch: Path):
    found = extents_of(result_of(batch, "ws-1"))
    assert found.basin is not None and found.window is not None
    polygon = place_of("ws-1")
    assert found.window.contains(polygon) and polygon.contains(found.basin)
    assert 0.75 < found.basin.area / polygon.area < 0.9


def test_before_the_outlet_there_is_a_window_and_no_basin(batch: Path):
    wd = batch / "runs" / "ws-2"
    for task in ("watershed", "outlet"):
        (wd / ".tasks" / f"{task}.json").unlink()
    grown = extents_of(result_of(batch, "ws-2"))
    assert grown.basin is None and grown.window is not None
    (wd / ".tasks" / "dem.json").unlink()
    extent = json.loads((wd / "extent.json").read_text(encoding="utf-8"))
    west, south, east, north = extent["bounds_m"]
    write_json(wd / "extent.json", extent | {"bounds_m": [west, south, (west + east) / 2, north]})
    half = extents_of(result_of(batch, "ws-2")).window
    assert half is not None and half.area == pytest.approx(grown.window.area / 2, rel=0.02)
    drawn = drawn_by(Sketches(3), batch, "ws-2")
    assert {"a", "o", "c", "h"}.isdisjoint(drawn) and {"p", "w"} <= set(drawn)


def test_a_damaged_raster_is_named_and_the_run_is_still_drawn(batch: Path):
    (batch / "runs" / "ws-1" / "watershed" / "bound.tif").write_bytes(b"II*\0 but no more")
    (batch / "runs" / "ws-1" / "dem" / "dem.tif").write_bytes(b"II*\0 but no more")
    result = result_of(batch, "ws-1")
    drawn = Sketches(3).draw(result, run_row(result))
    assert "p" in drawn and {"a", "h"}.isdisjoint(drawn)
    assert [problem.split(":")[0] for problem in result.problems] == [
        "the window or the basin can't be read",
        "no hillshade",
    ]


def test_a_batch_without_rasters_has_a_map(root: Path):
    folder = make_batch(root, ["Cove Creek"])
    finish(folder, "ws-1")
    page = build_report(ledger_of(folder)).read_text(encoding="utf-8")
    assert "can&#39;t be read" not in page


# --- hillshade ---


@pytest.mark.parametrize(("to_east", "to_north"), [(0.0, 0.0), (0.3, 0.0), (-0.5, 0.2), (0.4, -0.9), (-1.0, 1.0)])
def test_the_shade_of_a_plane_is_what_horn_s_formula_gives(to_east: float, to_north: float):
    rows, cols = np.mgrid[0:9, 0:9] * 10.0
    shade = horn(100.0 + to_east * cols - to_north * rows, 10.0)[1:-1, 1:-1]
    slope, uphill = np.arctan(np.hypot(to_east, to_north)), np.arctan2(to_east, to_north)
    zenith, light = np.radians(90.0 - 45.0), np.radians(315.0)
    aspect = uphill + np.pi  # where it faces, clockwise from north
    expected = np.cos(zenith) * np.cos(slope) + np.sin(zenith) * np.sin(slope) * np.cos(light - aspect)
    assert shade == pytest.approx(np.full((7, 7), max(expected, 0.0)), abs=1e-12)


def test_what_faces_the_light_is_bright_and_what_turns_away_is_dark():
    rows, cols = np.mgrid[0:5, 0:5] * 30.0
    assert horn(rows + cols, 30.0)[2, 2] > 0.97  # falls to the north-west, 55 degrees steep
    assert horn(-rows - cols, 30.0)[2, 2] == 0.0
    assert horn(np.zeros((5, 5)), 30.0)[2, 2] == pytest.approx(LEVEL)


def test_the_picture_of_a_dem_has_the_shade_of_its_slope(batch: Path):
    dem = batch / "runs" / "ws-1" / "dem" / "dem.tif"
    shade = hillshade(dem, 20_000)
    assert shade is not None
    facing = (np.sin(np.pi / 4) + np.cos(np.pi / 4) * RISE) / np.sqrt(1 + RISE**2)  # north-west, to the light
    grey = pixels(shade.image)
    middle = grey[len(grey) // 4 : -len(grey) // 4, grey.shape[1] // 4 : -grey.shape[1] // 4]
    assert middle.mean() == pytest.approx(GREY + CONTRAST * (facing - LEVEL), abs=2)
    window = extents_of(result_of(batch, "ws-1")).window
    assert window is not None
    assert shade.bounds_deg == pytest.approx(window.bounds, abs=CELL_M / 111_320)
    assert len(shade.image) <= 20_000
    assert shade.to_json()["u"].startswith("data:image/")


def test_a_hillshade_is_coarser_where_there_is_less_room_and_none_where_there_is_none(batch: Path):
    dem = batch / "runs" / "ws-1" / "dem" / "dem.tif"
    with rasterio.open(dem, "r+") as raster:
        rough = raster.read(1) + np.random.default_rng(1).normal(0, 40, raster.shape)
        raster.write(rough, 1)
    fine, coarse = hillshade(dem, 50_000), hillshade(dem, 3_000)
    assert fine is not None and coarse is not None
    assert len(coarse.image) <= 3_000 < len(fine.image)
    assert pixels(coarse.image).size < pixels(fine.image).size / 2
    assert hillshade(dem, 60) is None


def test_where_no_elevation_is_known_the_picture_is_level(batch: Path):
    grid = give_terrain(batch, "ws-1")
    dem = batch / "runs" / "ws-1" / "dem" / "dem.tif"
    rows, cols = np.mgrid[0 : grid.rows, 0 : grid.cols]
    write_raster(dem, np.where(cols < grid.cols // 2, np.nan, 500.0 + 12.0 * (rows + cols)), grid)
    shade = hillshade(dem, 20_000)
    assert shade is not None
    grey = pixels(shade.image)
    row = grey[grey.shape[0] // 2]
    assert abs(int(row[grey.shape[1] // 4]) - GREY) <= 2
    assert abs(int(row[3 * grey.shape[1] // 4]) - GREY) > 20


def pixels(image: bytes) -> np.ndarray:
    with MemoryFile(image) as memory, memory.open() as picture:
        return picture.read(1)


def test_of_very_many_runs_there_are_no_hillshades(batch: Path):
    many = Sketches(MOST_SHADED + 1)
    assert "h" not in drawn_by(many, batch, "ws-1")
    assert many.drawing([])["shaded"] is False


# --- classes and colours ---


def test_classes_have_round_bounds_with_values_on_both_sides():
    assert round_bounds([0.05, 0.2, 0.4, 0.9, 1.1, 1.6, 3, 8]) == [0.2, 0.5, 1.0, 2.0, 5.0]
    assert round_bounds([0.0, 0.0, 0.31, 0.32]) == [0.2]
    assert round_bounds([]) == round_bounds([None, float("nan")]) == round_bounds([0.0, 0.0]) == []
    assert round_bounds([3.0, 3.0]) == []


def test_the_spread_of_values_has_their_ends_and_quantiles_of_the_positive_ones():
    assert spread([None, 0.0, 1.0, 2.0, 3.0, float("nan")]) == [0.0, 1.3, 1.7, 2.2, 2.6, 2.9, 3.0]
    assert spread([None]) == spread([0.0, 0.0]) == []


def test_a_class_is_of_the_kind_that_fire_made_of_it():
    assert land_kind("forest") == land_kind("young forest") == "forest"
    assert land_kind("shrub high sev fire") == "burned-high"
    assert land_kind("grass prescribed fire") == "burned-prescribed"
    assert land_kind("agriculture crops") == "crops"
    assert land_kind("heath of a user's own") == "other"


# Machado, Oliveira & Fernandes 2009, full severity: what is left of a colour with each kind of colour vision.
VISIONS = {
    "usual": np.eye(3),
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


@pytest.mark.parametrize("vision", VISIONS)
def test_colours_are_told_apart_with_any_colour_vision(vision: str):
    """Lab distances: 2 is just seen side by side."""
    kinds = declared(r"\.kind-[\w-]+ \{ --fill: (#\w{6})")
    severities = declared(r"\.severity-\d \{ --fill: (#\w{6})")
    textures = declared(r"\.texture-\d \{ --fill: (#\w{6})")
    assert (len(kinds), len(severities), len(textures)) == (12, 4, 8)
    for group in (kinds, severities, textures):
        assert min(apart(a, b, vision) for a, b in combinations(group, 2)) > 12
    for ramp in ("earth", "water", "slope"):
        colours = declared(rf"--{ramp}-\d: (#\w{{6}})")
        for scheme in (colours[:6], colours[6:12]):
            assert min(apart(a, b, vision) for a, b in combinations(scheme, 2)) > 6


def declared(pattern: str) -> list[str]:
    return re.findall(pattern, STYLES)


def apart(one: str, other: str, vision: str) -> float:
    return float(np.linalg.norm(lab(one, vision) - lab(other, vision)))


def lab(colour: str, vision: str) -> np.ndarray:
    """CIE Lab (D65) of an sRGB colour as it is seen."""
    srgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(VISIONS[vision]) @ linear, 0, 1)
    xyz = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]]) @ seen
    root = np.cbrt(xyz / (0.9505, 1.0, 1.0888))
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])
