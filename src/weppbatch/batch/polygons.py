"""One GeoJSON geometry as what a run begins with: a valid polygon without holes, or an outlet's point, in WGS84.

Takes parsed JSON and its CRS; polygons are repaired where it is safe. Raises UnusableGeometry with the reason when
no repair is. It knows nothing of features, files or areas too small.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import shapely
from pyproj import CRS, Geod
from shapely import Point, Polygon
from shapely.geometry.base import BaseGeometry

from weppbatch.crs import WGS84, project, utm_epsg

Shape = TypeVar("Shape", bound=BaseGeometry)

_GEOD = Geod(ellps="WGS84")
_FARTHEST = 1e9  # no CRS has coordinates beyond this; also catches NaN, infinities and endless integers
_SIMPLIFY_M = 1.0  # takes out the vertices that closing gaps adds; far below a cell
_UTM_SOUTH_DEG, _UTM_NORTH_DEG = -80.0, 84.0


@dataclass(frozen=True)
class FeatureLimits:
    """What counts as a watershed: area bounds in m2, the cell (m) whose gaps are closed, and how much of a
    multipart's area its largest part must hold for the rest to be left out."""

    min_area_m2: float = 25 * 30.0**2
    max_area_m2: float = 2_000e6
    cell_size_m: float = 30.0
    main_part_share: float = 0.95


class UnusableGeometry(Exception):
    """A geometry that no repair can make a watershed; the text is the reason."""


def watershed_geometry(geometry: object, crs: CRS, limits: FeatureLimits, notes: list[str]) -> Polygon | Point:
    """The watershed's polygon, or the point where it drains, in WGS84; raises UnusableGeometry."""
    if isinstance(geometry, dict) and geometry.get("type") in ("Point", "MultiPoint"):
        return _outlet_point(geometry, crs)
    return watershed_polygon(geometry, crs, limits, notes)


def _outlet_point(geometry: dict[str, Any], crs: CRS) -> Point:
    """The place of a Point, or of a MultiPoint of one."""
    coordinates = geometry.get("coordinates")
    if geometry["type"] == "MultiPoint":
        if not isinstance(coordinates, list) or len(coordinates) != 1:
            raise UnusableGeometry("a MultiPoint of several places, or of none: give each outlet its own feature")
        coordinates = coordinates[0]
    if coordinates == []:
        raise UnusableGeometry("empty geometry")
    place = _position(coordinates)
    _check_range([[place]], crs)
    return _to_wgs84(Point(place), crs)


def watershed_polygon(geometry: object, crs: CRS, limits: FeatureLimits, notes: list[str]) -> Polygon:
    """The geometry as one valid polygon without holes, in WGS84; raises UnusableGeometry when there is none."""
    rings = [
        (_closed_ring(part[0], notes), [_closed_ring(hole, notes) for hole in part[1:]])
        for part in _parts(geometry)
    ]
    _check_range([ring for shell, holes in rings for ring in (shell, *holes)], crs)
    shells = [_to_wgs84(Polygon(shell), crs) for shell, _ in rings]
    _note_holes([_to_wgs84(Polygon(hole), crs) for _, holes in rings for hole in holes], notes)

    sound = [part for shell in shells for part in _repaired(shell, notes)]
    merged = _without_holes(shapely.union_all(sound))
    if not merged:
        raise UnusableGeometry("its polygon has no area")
    polygon = merged[0] if len(merged) == 1 else _one_of_many(merged, limits, notes)
    if len(shells) > 1 and len(merged) == 1:
        notes.append(f"{len(shells)} parts that touch were merged")
    oriented: Polygon = shapely.orient_polygons(polygon)  # RFC 7946 3.1.6
    return oriented


def _parts(geometry: object) -> list[list[Any]]:
    """The parts of a (Multi)Polygon as lists of rings, the shell first."""
    if geometry is None:
        raise UnusableGeometry("null geometry")
    if not isinstance(geometry, dict):
        raise UnusableGeometry("its geometry is not an object")
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        raise UnusableGeometry(f"wrong geometry type: {kind}, not Polygon, MultiPolygon or Point")
    listed = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(listed, list) or not all(isinstance(part, list) for part in listed):
        raise UnusableGeometry("its coordinates are not lists of rings")
    parts = [part for part in listed if isinstance(part, list) and part]
    if not parts:
        raise UnusableGeometry("empty geometry")
    return parts


def _closed_ring(ring: object, notes: list[str]) -> list[tuple[float, float]]:
    """A ring as (x, y) pairs, its last equal to its first; heights are dropped."""
    if not isinstance(ring, list):
        raise UnusableGeometry("a ring is not a list of positions")
    pairs = [_position(position) for position in ring]
    if pairs and pairs[0] != pairs[-1]:
        pairs.append(pairs[0])
        if "an open ring was closed" not in notes:
            notes.append("an open ring was closed")
    if len(set(pairs)) < 3:
        raise UnusableGeometry("empty geometry" if not pairs else "a ring has fewer than three corners")
    return pairs


def _position(position: object) -> tuple[float, float]:
    """A position as x and y."""
    if not isinstance(position, list) or len(position) < 2:
        raise UnusableGeometry("a position is not a list of at least two numbers")
    if not all(type(value) in (int, float) and abs(value) < _FARTHEST for value in position[:2]):
        raise UnusableGeometry(f"a position is not two finite numbers: {str(position[:2])[:60]}")
    return float(position[0]), float(position[1])


def _check_range(rings: Sequence[Sequence[tuple[float, float]]], crs: CRS) -> None:
    """Refuse degrees that are no place, or look swapped; projected coordinates are judged after projection."""
    if not crs.is_geographic:
        return
    xs = [x for ring in rings for x, _ in ring]
    ys = [y for ring in rings for _, y in ring]
    west, south, east, north = min(xs), min(ys), max(xs), max(ys)
    seen = f"longitudes {west:g} to {east:g}, latitudes {south:g} to {north:g}"
    if south < _UTM_SOUTH_DEG or north > _UTM_NORTH_DEG:
        if max(map(abs, ys)) <= 180 and max(map(abs, xs)) <= _UTM_NORTH_DEG:
            raise UnusableGeometry(f"longitude and latitude look swapped: {seen}")
        raise UnusableGeometry(f"coordinates out of range: {seen}")
    if west < -180 or east > 180:
        raise UnusableGeometry(f"coordinates out of range: {seen}")
    if east - west > 180:
        raise UnusableGeometry(f"it crosses the antimeridian, which is not supported: {seen}")


@lru_cache(maxsize=8)
def _is_wgs84(crs: CRS) -> bool:
    return bool(crs.equals(WGS84, ignore_axis_order=True))


def _to_wgs84(shape: Shape, crs: CRS) -> Shape:
    moved = shape if _is_wgs84(crs) else project(shape, crs, WGS84)
    west, south, east, north = moved.bounds
    if not (-180 <= west <= east <= 180 and _UTM_SOUTH_DEG <= south <= north <= _UTM_NORTH_DEG):
        raise UnusableGeometry(f"coordinates out of the range of {crs.to_string()}")
    if east - west > 180:
        raise UnusableGeometry("it crosses the antimeridian, which is not supported")
    return moved


def _note_holes(holes: Sequence[Polygon], notes: list[str]) -> None:
    if holes:
        area_km2 = sum(geodesic_area_m2(hole) for hole in holes) / 1e6
        many = "a hole" if len(holes) == 1 else f"{len(holes)} holes"
        notes.append(f"{many} of {area_km2:.3f} km2 filled")


def _repaired(shell: Polygon, notes: list[str]) -> list[Polygon]:
    """The shell's valid polygon parts; buffer(0) would lose half of a bowtie, make_valid keeps all of it."""
    if shell.is_valid:
        return [shell]
    where = shapely.is_valid_reason(shell).replace("[", " near ").rstrip("]")
    where = re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.7g}", where)
    parts = _without_holes(shapely.make_valid(shell))
    if parts:
        notes.append(f"invalid outline repaired ({where[:1].lower()}{where[1:]})")
    return parts


def _without_holes(geometry: shapely.Geometry) -> list[Polygon]:
    """The polygons of any geometry, holes filled, merged where they then overlap; largest first."""
    polygons = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon) and not part.is_empty]
    filled = shapely.union_all([Polygon(part.exterior) for part in polygons])
    parts = [part for part in shapely.get_parts(filled) if isinstance(part, Polygon) and part.area > 0]
    return sorted(parts, key=lambda part: part.area, reverse=True)


def _one_of_many(parts: Sequence[Polygon], limits: FeatureLimits, notes: list[str]) -> Polygon:
    """One polygon from separate parts: gaps of about a cell closed, else the largest if it is nearly all."""
    centre = shapely.MultiPolygon(parts).centroid
    utm = CRS.from_epsg(utm_epsg(centre.x, centre.y))
    flat = shapely.union_all([project(part, WGS84, utm) for part in parts])
    reach_m = limits.cell_size_m
    # with round joins, since mitred ones give back parts that meet in a point as they were
    closed = flat.buffer(reach_m).buffer(-reach_m).simplify(_SIMPLIFY_M)
    back = [project(part, utm, WGS84) for part in _without_holes(closed)]
    joined = _without_holes(shapely.union_all([shapely.make_valid(part) for part in back]))
    if len(joined) == 1:
        notes.append(f"{len(parts)} parts joined across gaps of up to {2 * reach_m:g} m")
        return joined[0]
    share = joined[0].area / sum(part.area for part in joined)
    if share < limits.main_part_share:
        raise UnusableGeometry(
            f"{len(joined)} separate parts, the largest with {share:.0%} of the area: "
            "give each watershed its own feature"
        )
    small = "a small separate part" if len(joined) == 2 else f"{len(joined) - 1} small separate parts"
    notes.append(f"{small} left out, {1 - share:.1%} of the area")
    return joined[0]


def geodesic_area_m2(polygon: Polygon) -> float:
    """The area on the WGS84 ellipsoid of a polygon in degrees."""
    area_m2, _ = _GEOD.geometry_area_perimeter(polygon)
    return abs(float(area_m2))
