"""A FeatureCollection parsed from the bytes of a GeoJSON file, with the CRS of its coordinates.

RFC 7946 with the `crs` member of GeoJSON 2008. Whether a single feature can be used is for features.py to say;
files, sizes and extensions are for geojson.py.
"""

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from weppbatch.crs import WGS84
from weppbatch.errors import InputError

OTHER_FORMATS = "convert it first, for example: ogr2ogr -f GeoJSON -t_srs EPSG:4326 watersheds.geojson FILE"


class NotAFeatureCollection(InputError):
    """The file is not a GeoJSON FeatureCollection with at least one feature."""


class CrsMismatch(InputError):
    """The coordinates can't be in the CRS that the file declares, or that would have to be assumed."""


@dataclass(frozen=True)
class LoadedCollection:
    """A parsed FeatureCollection with the CRS of its coordinates; `declared` is False when WGS84 was assumed."""

    data: dict[str, Any]
    crs: CRS
    declared: bool

    @property
    def features(self) -> list[Any]:
        """The features, as parsed."""
        features: list[Any] = self.data["features"]
        return features

    @property
    def epsg(self) -> int | None:
        """The CRS's EPSG code, None where it has none."""
        return 4326 if self.crs.equals(WGS84, ignore_axis_order=True) else self.crs.to_epsg()


def parse_geojson(content: bytes, name: str) -> LoadedCollection:
    """A GeoJSON file's content as a collection with its CRS; `name` is for messages. Raises as load_geojson."""
    try:
        data = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant)
        json.dumps(data, ensure_ascii=False).encode()  # half a surrogate pair could not be written again
    except (ValueError, RecursionError) as error:
        shown = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        hint = _hint_on(content, shown)
        raise InputError(f"{name} is not valid JSON: {shown}", hint=hint) from error
    _check_collection(data, name)
    declared = _declared_crs(data.get("crs"), name)
    crs = declared or WGS84
    _check_coordinates_suit(data["features"], crs, declared is not None, name)
    return LoadedCollection(data, crs, declared is not None)


def _hint_on(content: bytes, shown: str) -> str | None:
    """What to do about a file that is no JSON, where it can be told from its first bytes or the parser's words."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content[:100]:
        return "it looks like UTF-16; save it as UTF-8"
    return "a file with one feature a line is not a FeatureCollection" if "Extra data" in shown else None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _check_collection(data: object, name: str) -> None:
    if isinstance(data, dict) and "geometryType" in data:
        raise NotAFeatureCollection(
            f"{name} holds features as Esri's services give them, not a GeoJSON FeatureCollection",
            hint="ask the service for f=geojson, or convert it: ogr2ogr -t_srs EPSG:4326 watersheds.geojson "
            + name,
        )
    kind = data.get("type") if isinstance(data, dict) else None
    if not isinstance(data, dict) or kind != "FeatureCollection":
        what = f"a {kind}" if isinstance(kind, str) else "something else"
        hint = OTHER_FORMATS if kind == "Topology" else "wrap it in a FeatureCollection (RFC 7946, 3.3)"
        raise NotAFeatureCollection(f"{name} holds {what}, not a GeoJSON FeatureCollection", hint=hint)
    features = data.get("features")
    if not isinstance(features, list):
        raise NotAFeatureCollection(f"{name} has no list of features")
    if not features:
        raise NotAFeatureCollection(f"{name} has no features")


def _declared_crs(member: object, name: str) -> CRS | None:
    """The CRS of a `crs` member (GeoJSON 2008; RFC 7946 has none and means WGS84), None where there is none."""
    if member is None:
        return None
    properties = member.get("properties") if isinstance(member, dict) else None
    text = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(text, str):
        raise InputError(f"the crs member of {name} has no name", hint='write "name": "EPSG:4326" or leave it out')
    try:
        crs = CRS.from_user_input(text)
    except CRSError as error:
        raise InputError(
            f"{name} declares a coordinate reference system that PROJ does not know: '{text[:80]}'",
            hint="declare it as urn:ogc:def:crs:EPSG::<code>",
        ) from error
    if not (crs.is_geographic or crs.is_projected):
        raise InputError(f"{name} declares '{text[:80]}', which is neither geographic nor projected")
    return crs


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < 1e300


def _first_positions(features: list[Any]) -> Iterator[tuple[float, float]]:
    """The first position of each feature that has one, however deep it lies."""
    for feature in features:
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        place = geometry.get("coordinates") if isinstance(geometry, dict) else None
        while isinstance(place, list) and place and isinstance(place[0], list):
            place = place[0]
        if isinstance(place, list) and len(place) >= 2 and all(_is_number(value) for value in place[:2]):
            yield place[0], place[1]


def _check_coordinates_suit(features: list[Any], crs: CRS, declared: bool, name: str) -> None:
    """Refuse a file most of whose features lie where coordinates of this CRS can't, instead of each alone."""
    places = list(_first_positions(features))
    as_degrees = [(x, y) for x, y in places if abs(x) <= 360 and abs(y) <= 90]
    swapped = [(x, y) for x, y in places if abs(x) <= 90 < abs(y) <= 180]
    if not places:
        return
    if crs.is_geographic and 2 * (len(as_degrees) + len(swapped)) < len(places):
        x, y = next(place for place in places if place not in as_degrees)
        if declared:
            raise CrsMismatch(
                f"{name} declares {crs.to_string()}, but coordinates such as {x:.10g}, {y:.10g} are not degrees",
                hint="declare the system that they are in, for example urn:ogc:def:crs:EPSG::32610",
            )
        raise CrsMismatch(
            f"{name} declares no coordinate reference system, and {x:.10g}, {y:.10g} are not degrees",
            hint=OTHER_FORMATS,
        )
    if crs.is_projected and len(as_degrees) == len(places):
        x, y = places[0]
        raise CrsMismatch(
            f"{name} declares {crs.to_string()} ({crs.name}), but coordinates such as {x:.10g}, {y:.10g} "
            "look like degrees",
            hint="remove the crs member if they are WGS84 longitudes and latitudes",
        )
