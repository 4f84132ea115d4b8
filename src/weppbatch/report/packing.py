"""Shapes and tables as short texts for a page's script: lines in an encoding, and JSON packed by zlib.

Knows nothing of what they mean; how they are read back stands in `templates/page/shapes.js`.
"""

import base64
import json
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

SCALE = 1e5  # encoded units a degree, 1.1 m
GROUPS = 6  # of five bits: enough for a step around the earth


def packed(value: Any) -> str:
    """Plain values as JSON, in zlib's format (RFC 1950), in base64: about two fifths of the JSON's length."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


def encode(geometry: BaseGeometry) -> list[str]:
    """Each ring or line of a geometry in Google's polyline encoding, 1e-5 degrees, latitude first."""
    return encode_all([geometry])[0]


def encode_all(geometries: Iterable[BaseGeometry]) -> list[list[str]]:
    """The same for many polygons, or many lines, at once: of each its exteriors and holes, or its lines."""
    given = list(geometries)
    parts, owners = shapely.get_parts(np.array(given, dtype=object), return_index=True)
    kinds = shapely.get_type_id(parts)
    polygons = kinds == shapely.GeometryType.POLYGON
    if polygons.any():
        lines, places = shapely.get_rings(parts[polygons], return_index=True)
        owners = owners[polygons][places]
    else:
        linear = kinds == shapely.GeometryType.LINESTRING
        lines, owners = parts[linear], owners[linear]
    found: list[list[str]] = [[] for _ in given]
    for owner, text in zip(owners, _encode_lines(lines), strict=True):
        if text:
            found[owner].append(text)
    return found


def _encode_lines(lines: npt.NDArray[np.object_]) -> list[str]:
    # developers.google.com/maps/documentation/utilities/polylinealgorithm
    coordinates, line_of = shapely.get_coordinates(lines, return_index=True)
    units = np.rint(coordinates[:, ::-1] * SCALE).astype(np.int64)
    steps = np.diff(units, axis=0, prepend=0)
    first = np.diff(line_of, prepend=-1) != 0
    steps[first] = units[first]
    values = ((steps << 1) ^ (steps >> 63)).ravel()  # the sign goes into the lowest bit
    left = values[:, None] >> (5 * np.arange(GROUPS))  # what is left of a value from each group of five bits on
    more = np.column_stack([left[:, 1:] > 0, np.zeros(len(values), dtype=bool)])
    characters = ((left & 0x1F) | (more * 0x20)) + 63
    there = np.column_stack([np.ones(len(values), dtype=bool), more[:, :-1]])
    text = characters[there].astype(np.uint8).tobytes().decode("ascii")
    lengths = np.bincount(np.repeat(line_of, 2), there.sum(axis=1), len(lines)).astype(int)
    ends = np.cumsum(lengths).tolist()
    return [text[end - length : end] for end, length in zip(ends, lengths.tolist(), strict=True)]
