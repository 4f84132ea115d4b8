import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely import Point, Polygon

from weppbatch.batch.features import FeatureCheck, check_features
from weppbatch.batch.geojson import load_geojson
from weppbatch.batch.polygons import FeatureLimits, geodesic_area_m2
from weppbatch.crs import WGS84

DATA = Path(__file__).parent / "data" / "batch_runner"
SQUARE_KM2 = 8.968554  # 0.03 x 0.03 degrees at 36.3 north


def checks_of(name: str) -> list[FeatureCheck]:
    loaded = load_geojson(DATA / f"{name}.geojson")
    return check_features(loaded.data, loaded.crs)


def only(name: str) -> FeatureCheck:
    (check,) = checks_of(name)
    return check


def square(west: float = -84.3, south: float = 36.3, side: float = 0.03) -> list[list[float]]:
    east, north = west + side, south + side
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def check_geometry(geometry: object, **members: object) -> FeatureCheck:
    feature = {"type": "Feature", "properties": {}, "geometry": geometry, **members}
    (check,) = check_features({"features": [feature]}, WGS84)
    return check


def test_a_sound_polygon_is_accepted_without_a_word() -> None:
    check = only("small_square")
    assert (check.accepted, check.reasons, check.notes) == (True, [], [])
    assert check.area_m2 == pytest.approx(SQUARE_KM2 * 1e6, rel=1e-4)
    assert check.id == "Wolf Creek"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("null_geometry", "null geometry"),
        ("empty_geometry", "empty geometry"),
        ("linestring", "wrong geometry type: LineString"),
        ("swapped", "longitude and latitude look swapped"),
        ("out_of_range", "coordinates out of range"),
        ("antimeridian", "antimeridian"),
        ("too_small", "too small"),
        ("too_large", "too large"),
        ("multipart_apart", "2 separate parts, the largest with 50%"),
    ],
)
def test_what_is_no_watershed_is_rejected_with_its_reason(name: str, reason: str) -> None:
    check = only(name)
    assert not check.accepted
    assert len(check.reasons) == 1
    assert reason in check.reasons[0]


def test_a_point_is_taken_as_the_watersheds_outlet() -> None:
    check = only("point")
    assert check.accepted and isinstance(check.geometry, Point) and check.area_m2 is None
    one = check_geometry({"type": "MultiPoint", "coordinates": [[-84.3, 36.3, 400.0]]})
    assert one.accepted and one.geometry == Point(-84.3, 36.3)
    utm = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [740410.0, 4017790.0]}}
    (moved,) = check_features({"features": [utm]}, CRS.from_epsg(32616))
    assert moved.geometry is not None and moved.geometry.distance(Point(-84.3235, 36.2752)) < 1e-3


@pytest.mark.parametrize(
    ("geometry", "reason"),
    [
        ({"type": "Point", "coordinates": []}, "empty geometry"),
        ({"type": "Point", "coordinates": [36.3, "x"]}, "not two finite numbers"),
        ({"type": "Point", "coordinates": [36.3, -94.3]}, "look swapped"),
        ({"type": "Point", "coordinates": [740410.0, 4017790.0]}, "out of range"),
        ({"type": "MultiPoint", "coordinates": [[-84.3, 36.3], [-84.2, 36.3]]}, "its own feature"),
    ],
)
def test_a_point_that_is_no_place_is_rejected(geometry: dict[str, Any], reason: str) -> None:
    check = check_geometry(geometry)
    assert not check.accepted and reason in check.reasons[0]


def test_the_same_outlet_twice_is_one_watershed() -> None:
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [-84.3, 36.3]}}
    _, second = check_features({"features": [feature, feature]}, WGS84)
    assert "duplicate geometry" in second.reasons[0]


def test_a_bowtie_is_repaired_with_both_its_halves_and_said() -> None:
    check = only("bowtie")
    assert check.accepted
    assert "self-intersection near -84.285 36.315" in check.notes[0]
    assert check.geometry is not None and check.geometry.is_valid
    assert check.area_m2 == pytest.approx(SQUARE_KM2 / 2 * 1e6, rel=0.002)


def test_a_gap_of_a_cell_between_parts_is_closed() -> None:
    check = only("multipart_gap")
    assert check.accepted
    assert check.notes == ["2 parts joined across gaps of up to 60 m"]
    assert isinstance(check.geometry, Polygon)
    assert check.area_m2 is not None and check.area_m2 > 2 * SQUARE_KM2 * 1e6


def test_a_crumb_beside_the_watershed_is_left_out() -> None:
    check = only("multipart_crumb")
    assert check.accepted
    assert check.notes == ["a small separate part left out, 1.0% of the area"]


def test_a_hole_is_filled_and_its_area_said() -> None:
    check = only("hole")
    assert check.notes == ["a hole of 0.997 km2 filled"]
    assert check.area_m2 == pytest.approx(SQUARE_KM2 * 1e6, rel=1e-4)


def test_projected_coordinates_come_back_in_degrees() -> None:
    plain, projected = only("small_square"), only("utm")
    assert plain.geometry is not None and projected.geometry is not None
    assert plain.geometry.hausdorff_distance(projected.geometry) < 1e-6
    assert plain.sha256 != projected.sha256


def test_a_later_feature_with_the_same_id_is_rejected() -> None:
    first, second, third = checks_of("duplicate_ids")
    assert first.accepted and third.accepted
    assert second.reasons == ["duplicate id: 'a' is also the id of feature 0"]


def test_a_feature_that_was_rejected_makes_no_other_a_duplicate() -> None:
    features = [
        {"type": "Feature", "id": 1, "properties": {}, "geometry": None},
        {
            "type": "Feature",
            "id": 1,
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [square()]},
        },
    ]
    assert [check.accepted for check in check_features({"features": features}, WGS84)] == [False, True]


def test_the_same_polygon_twice_is_one_watershed() -> None:
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [square()]}}
    _, second = check_features({"features": [feature, feature]}, WGS84)
    assert second.reasons == ["duplicate geometry: the same as that of feature 0"]


def test_all_that_is_wrong_with_a_feature_is_named() -> None:
    features = [
        {"type": "Feature", "id": 7, "properties": {}, "geometry": {"type": "Polygon", "coordinates": [square()]}},
        {"type": "Feature", "id": 7, "properties": 3, "geometry": None},
    ]
    _, bad = check_features({"features": features}, WGS84)
    assert len(bad.reasons) == 3


def test_an_open_ring_is_closed_and_heights_are_dropped() -> None:
    ring = [[x, y, 300.0] for x, y in square()[:-1]]
    check = check_geometry({"type": "Polygon", "coordinates": [ring]})
    assert check.accepted
    assert check.notes == ["an open ring was closed"]
    assert check.geometry is not None and not check.geometry.has_z


def test_parts_that_touch_are_merged() -> None:
    parts = [[square()], [square(-84.27)]]
    check = check_geometry({"type": "MultiPolygon", "coordinates": parts})
    assert check.accepted
    assert check.notes == ["2 parts that touch were merged"]


def test_an_unchanged_feature_is_known_by_its_checksum() -> None:
    geometry = {"type": "Polygon", "coordinates": [square()]}
    moved = {"type": "Polygon", "coordinates": [square(-84.2999)]}
    assert check_geometry(geometry).sha256 == check_geometry(geometry, properties={"a": 1}).sha256
    assert check_geometry(geometry).sha256 != check_geometry(moved).sha256


def test_the_limits_can_be_set() -> None:
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [square()]}}
    limits = FeatureLimits(max_area_m2=1e6)
    (check,) = check_features({"features": [feature]}, WGS84, limits)
    assert check.reasons == ["too large: 9 km2, the most is 1 km2"]


def test_the_area_agrees_with_an_equal_area_projection() -> None:
    from pyproj import Transformer
    from shapely import transform

    polygon = Polygon(square())
    albers = Transformer.from_crs(WGS84, CRS.from_epsg(5070), always_xy=True)
    flat = transform(polygon, albers.transform, interleaved=False)
    assert geodesic_area_m2(polygon) == pytest.approx(flat.area, rel=1e-4)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
positions = st.lists(st.floats(-200, 200) | json_values, max_size=3)
parts = st.lists(st.lists(positions, max_size=6), max_size=2)


@settings(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["Polygon", "MultiPolygon", "Point", None]),
            "coordinates": parts | st.lists(parts, max_size=2) | json_values,
        }
    )
    | json_values
)
def test_no_geometry_whatever_raises(geometry: object) -> None:
    check = check_geometry(geometry)
    assert check.accepted == (not check.reasons)
    assert json.dumps(check.reasons + check.notes)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-84.4, -84.1), st.floats(36.2, 36.4)), min_size=3, max_size=12))
def test_whatever_is_accepted_is_one_valid_polygon_without_holes(corners: list[tuple[float, float]]) -> None:
    check = check_geometry({"type": "Polygon", "coordinates": [[list(corner) for corner in corners]]})
    if check.accepted:
        assert isinstance(check.geometry, Polygon)
        assert check.geometry.is_valid and not check.geometry.interiors
        assert check.geometry.exterior.is_ccw
