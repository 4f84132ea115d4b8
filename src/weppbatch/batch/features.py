"""Checks the features of a GeoJSON collection one by one: repaired where it is safe, else rejected with reasons.

Takes the parsed collection and its CRS, gives one FeatureCheck a feature with its polygon or outlet in WGS84. It
reads and writes no file, and knows nothing of run ids.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pyproj import CRS
from shapely import Point, Polygon

from weppbatch.batch.polygons import FeatureLimits, UnusableGeometry, geodesic_area_m2, watershed_geometry
from weppbatch.files import sha256_of_json

_ID_ATTRIBUTES = ("id", "fid", "name")  # what to call a feature that has no `id` member


@dataclass(frozen=True)
class FeatureCheck:
    """One feature as found: `reasons` say why it was rejected, `notes` what was repaired or left out.

    `geometry` is a valid polygon without holes, or an outlet's point, in WGS84 degrees (None when rejected for its
    geometry); `area_m2` is geodesic, None of a point; `sha256` is that of the geometry and CRS as given,
    before any repair.
    """

    index: int
    id: str | None
    accepted: bool
    reasons: list[str]
    notes: list[str]
    geometry: Polygon | Point | None
    properties: dict[str, Any]
    area_m2: float | None
    sha256: str

    @property
    def label(self) -> str:
        """The feature by index and id, for messages: feature 3 (id 'OR-12')."""
        return f"feature {self.index}" + (f" (id '{self.id}')" if self.id is not None else "")


@dataclass
class _Seen:
    """The usable features so far: index by `id` member and by checksum of the geometry."""

    ids: dict[str, int] = field(default_factory=dict)
    geometries: dict[str, int] = field(default_factory=dict)


def check_features(collection: dict[str, Any], crs: CRS, limits: FeatureLimits | None = None) -> list[FeatureCheck]:
    """Check every feature of a FeatureCollection whose coordinates are x, y (longitude, latitude) in `crs`.

    Nothing is raised for a bad feature: it comes back with `accepted` False and all its reasons.
    """
    seen = _Seen()
    limits = limits or FeatureLimits()
    return [
        _check_feature(index, feature, crs, limits, seen) for index, feature in enumerate(collection["features"])
    ]


def _check_feature(index: int, feature: object, crs: CRS, limits: FeatureLimits, seen: _Seen) -> FeatureCheck:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return FeatureCheck(index, None, False, ["is not a GeoJSON Feature"], [], None, {}, None, "")
    reasons: list[str] = []
    notes: list[str] = []
    properties = feature.get("properties")
    if not isinstance(properties, dict | None):
        reasons.append("its properties are not an object")
        properties = None
    properties = properties or {}
    sha256 = sha256_of_json({"geometry": feature.get("geometry"), "crs": crs.to_string()})

    shape, area_m2 = None, None
    try:
        shape = watershed_geometry(feature.get("geometry"), crs, limits, notes)
    except UnusableGeometry as unusable:
        reasons.append(str(unusable))
    else:
        if isinstance(shape, Polygon):
            area_m2 = geodesic_area_m2(shape)
            reasons.extend(_area_reasons(area_m2, limits))
    reasons.extend(_duplicate_reasons(feature.get("id"), sha256 if shape else "", seen))
    if not reasons:  # only a usable feature makes a later one a duplicate
        seen.ids[str(feature.get("id"))] = index
        seen.geometries[sha256] = index
    identity = feature_id(feature.get("id"), properties)
    return FeatureCheck(index, identity, not reasons, reasons, notes, shape, properties, area_m2, sha256)


def feature_id(member: object, properties: dict[str, Any]) -> str | None:
    """What to call a feature: its `id` member, else an attribute called id, fid or name, else one like HucName."""
    lowered = {key.lower(): value for key, value in properties.items()}
    like_names = (value for key, value in lowered.items() if key.endswith("name"))
    candidates = (member, *(lowered.get(name) for name in _ID_ATTRIBUTES), *like_names)
    return next((str(value) for value in candidates if isinstance(value, str | int | float)), None)


def _area_reasons(area_m2: float, limits: FeatureLimits) -> Iterator[str]:
    if area_m2 < limits.min_area_m2:
        yield f"too small: {area_m2:,.0f} m2, the least is {limits.min_area_m2:,.0f} m2 (25 cells of 30 m)"
    if area_m2 > limits.max_area_m2:
        yield f"too large: {area_m2 / 1e6:,.0f} km2, the most is {limits.max_area_m2 / 1e6:,.0f} km2"


def _duplicate_reasons(member: object, geometry: str, seen: _Seen) -> Iterator[str]:
    if member is not None and str(member) in seen.ids:
        yield f"duplicate id: '{member}' is also the id of feature {seen.ids[str(member)]}"
    if geometry in seen.geometries:
        yield f"duplicate geometry: the same as that of feature {seen.geometries[geometry]}"
