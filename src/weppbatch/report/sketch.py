"""The shapes of a batch as the page draws them: simplified, encoded as short texts, and bounded in size.

Takes run results one by one and gives plain values. The exact shapes are in the GeoPackage.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from weppbatch.report.results import RunResult

BUDGET_BYTES = 3_500_000  # of all runs: with tables and records, 100 runs stay below 5 MB
METRES_A_DEGREE = 111_320.0
ROW_BYTES = 32  # of a hillslope beside its outline
LEAST_BYTES = ROW_BYTES + 16
TOLERANCES_CELLS = (0.75, 1.5, 3.0)
SCALE = 1e5  # encoded units a degree, 1.1 m


class Sketches:
    """Draws runs, each within its share of the budget; what does not fit is left out and counted."""

    def __init__(self, runs: int) -> None:
        self.share_bytes = BUDGET_BYTES // max(runs, 1)
        self.without_subcatchments: list[str] = []

    def draw(self, result: RunResult) -> dict[str, Any]:
        """A run's shapes, with short keys since there are many.

        Polygon `p`, its bounds `b`, outlet `o`, whether that is flagged `f`, channels `c` by order, hillslopes `s`.
        """
        cell_deg = result.cell_size_m / METRES_A_DEGREE
        drawn: dict[str, Any] = {"id": result.runid}
        if result.polygon is not None:
            drawn["p"] = encode(result.polygon.simplify(cell_deg * TOLERANCES_CELLS[0]))
            drawn["b"] = [round(value, 5) for value in result.polygon.bounds]
        outlet = result.metrics("outlet")
        if "longitude_deg" in outlet:
            drawn |= {"o": [outlet["longitude_deg"], outlet["latitude_deg"]], "f": bool(result.flags)}
        return drawn | self._network(result, cell_deg)

    def _network(self, result: RunResult, cell_deg: float) -> dict[str, Any]:
        """Channels and hillslopes as finely as the share allows; at worst only the larger channels."""
        hillslopes = result.hillslopes.num_rows if result.hillslopes is not None else 0
        if hillslopes * LEAST_BYTES <= self.share_bytes:
            for tolerance in TOLERANCES_CELLS:
                channels = draw_channels(result, cell_deg * tolerance)
                parts = draw_subcatchments(result, cell_deg * tolerance)
                if _size(channels) + _size(parts) <= self.share_bytes:
                    return {"c": channels, "s": parts}
        self.without_subcatchments.append(result.runid)
        channels = draw_channels(result, cell_deg * TOLERANCES_CELLS[-1])
        while _size(channels) > self.share_bytes:
            del channels[min(channels)]
        return {"c": channels, "s": []}


def draw_channels(result: RunResult, tolerance_deg: float) -> dict[int, list[str]]:
    """The channels as encoded lines, by Strahler order."""
    by_order: dict[int, list[str]] = {}
    if result.channels is None:
        return by_order
    ids, orders = (result.channels.column(name).to_pylist() for name in ("topaz_id", "order"))
    for topaz_id, order in zip(ids, orders, strict=True):
        line = result.channel_shapes.get(topaz_id)
        if line is not None:
            by_order.setdefault(int(order), []).extend(encode(line.simplify(tolerance_deg)))
    return by_order


def draw_subcatchments(result: RunResult, tolerance_deg: float) -> list[list[Any]]:
    """The hillslopes as rows: encoded rings, topaz_id, position, area (ha), length (m), slope (%)."""
    if result.hillslopes is None:
        return []
    names = ("topaz_id", "position", "area_m2", "length_m", "slope_scalar")
    rows = zip(*(result.hillslopes.column(name).to_pylist() for name in names), strict=True)
    shown = [row for row in rows if row[0] in result.subcatchment_shapes]
    shapes = _simplified([result.subcatchment_shapes[row[0]] for row in shown], tolerance_deg)
    return [
        [encode(shape), topaz_id, position, round(area_m2 / 1e4, 2), round(length_m), round(slope * 100, 1)]
        for shape, (topaz_id, position, area_m2, length_m, slope) in zip(shapes, shown, strict=True)
    ]


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


def _simplified(shapes: Sequence[BaseGeometry], tolerance_deg: float) -> list[BaseGeometry]:
    """Neighbouring polygons simplified along their common edges, so that no gaps open between them."""
    if not shapes:
        return []
    simplified: list[BaseGeometry] = list(shapely.coverage_simplify(list(shapes), tolerance_deg))
    return simplified


def _size(drawn: dict[int, list[str]] | list[list[Any]]) -> int:
    """About how many bytes it takes on the page."""
    if isinstance(drawn, dict):
        return sum(len(line) + 4 for lines in drawn.values() for line in lines)
    return sum(sum(len(ring) + 4 for ring in row[0]) + ROW_BYTES for row in drawn)
