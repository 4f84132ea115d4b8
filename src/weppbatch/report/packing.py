"""Shapes and tables as short texts for a page's script: lines in an encoding, and JSON packed by zlib.

Knows nothing of what they mean; how they are read back stands in `templates/page/shapes.js`.
"""

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from shapely.geometry.base import BaseGeometry

SCALE = 1e5  # encoded units a degree, 1.1 m


def packed(value: Any) -> str:
    """Plain values as JSON, in zlib's format (RFC 1950), in base64: about two fifths of the JSON's length."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


def encode(geometry: BaseGeometry) -> list[str]:
    """Each ring or line of a geometry in Google's polyline encoding, 1e-5 degrees, latitude first."""
    return [_encode_line(part.coords) for part in _lines(geometry)]


def _lines(geometry: BaseGeometry) -> Iterable[BaseGeometry]:
    """The lines a geometry consists of: exteriors, holes, line strings."""
    for part in getattr(geometry, "geoms", [geometry]):
        if part.geom_type == "Polygon" and not part.is_empty:
            yield part.exterior
            yield from part.interiors
        elif part.geom_type == "LineString" and not part.is_empty:
            yield part


def _encode_line(coordinates: Iterable[Sequence[float]]) -> str:
    # developers.google.com/maps/documentation/utilities/polylinealgorithm
    text: list[str] = []
    before = (0, 0)
    for longitude, latitude, *_ in coordinates:
        place = (round(latitude * SCALE), round(longitude * SCALE))
        for value, last in zip(place, before, strict=True):
            bits = (value - last) << 1
            bits = ~bits if value < last else bits
            while bits >= 0x20:
                text.append(chr((0x20 | (bits & 0x1F)) + 63))
                bits >>= 5
            text.append(chr(bits + 63))
        before = place
    return "".join(text)
