"""The shapes of a batch as the page draws them: simplified, encoded as short texts, and bounded in size.

Takes run results one by one and gives plain values. The exact shapes are in the GeoPackage.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import shapely
from shapely.geometry.base import BaseGeometry

from weppbatch.report.measures import (
    CHANNEL_FIGURES,
    PART_FIGURES,
    RUN_FIGURES,
    SEVERITIES,
    land_kind,
    measures,
)
from weppbatch.report.results import RunResult
from weppbatch.report.tables import Row

BUDGET_BYTES = 3_500_000  # of all runs: with tables and records, 100 runs stay below 5 MB
METRES_A_DEGREE = 111_320.0
VALUE_BYTES = 6  # of a figure, with its comma
LEAST_BYTES = 48  # of a hillslope
LAND_AT = 6 + len(PART_FIGURES)  # in what is told of a hillslope: the number of its land use, then of its texture
FOR_ALL = ("lands", "textures", "figures", "left_out")  # what `drawing` makes something of for the whole batch
TOLERANCES_CELLS = (0.75, 1.5, 3.0)
SCALE = 1e5  # encoded units a degree, 1.1 m


class Sketches:
    """Draws runs, each within its share of the budget; what does not fit is left out and named.

    What `draw` gives rests on the run and its share alone, so that it can be kept for the next build.
    """

    def __init__(self, runs: int) -> None:
        self.share_bytes = BUDGET_BYTES // max(runs, 1)
        self.without_subcatchments: list[str] = []

    def draw(self, result: RunResult, row: Row) -> dict[str, Any]:
        """A run's shapes, with short keys since there are many.

        Polygon or basin `p`, its bounds `b`, the outlet that was given in its place `q`, outlet `o`, whether that
        is flagged `f`, results `v` in the order of RUN_FIGURES, channels `c` by order with their figures `k`,
        hillslopes `s`. For `drawing` alone: land uses and textures of the hillslopes by their numbers in `s`, all
        values of PART_FIGURES, and whether the hillslopes were left out.
        """
        cell_deg = result.cell_size_m / METRES_A_DEGREE
        drawn: dict[str, Any] = {"id": result.runid}
        if result.polygon is not None:
            drawn["p"] = encode(result.polygon.simplify(cell_deg * TOLERANCES_CELLS[0]))
            drawn["b"] = [round(value, 5) for value in result.polygon.bounds]
        if result.requested is not None:
            drawn["q"] = [round(result.requested.x, 5), round(result.requested.y, 5)]
            if result.polygon is None:
                drawn |= {"p": [], "b": [*drawn["q"], *drawn["q"]]}
        outlet = result.metrics("outlet")
        if "longitude_deg" in outlet:
            drawn |= {"o": [outlet["longitude_deg"], outlet["latitude_deg"]], "f": bool(result.flags)}
        if any(row[name] is not None for name in RUN_FIGURES):
            drawn["v"] = [_short(row[name]) for name in RUN_FIGURES]
        return drawn | self._network(result, cell_deg)

    def drawing(self, sketches: Sequence[dict[str, Any]], rows: Sequence[Row]) -> dict[str, Any]:
        """All that the map draws: the runs, the measures that colour them, and the names behind numbers."""
        land: dict[tuple[str, str], int] = {}
        textures: dict[str, int] = {}
        runs = []
        for sketch in sketches:
            lands = [land.setdefault((label, kind), len(land)) for label, kind in sketch["lands"]]
            soils = [textures.setdefault(name, len(textures)) for name in sketch["textures"]]
            parts = [_numbered(_numbered(part, LAND_AT, lands), LAND_AT + 1, soils) for part in sketch.get("s", ())]
            runs.append({key: value for key, value in sketch.items() if key not in FOR_ALL} | {"s": parts})
        self.without_subcatchments = [sketch["id"] for sketch in sketches if sketch["left_out"]]
        figures = {
            name: [value for sketch in sketches for value in sketch["figures"][name]] for name in PART_FIGURES
        }
        return {
            "runs": runs,
            "measures": measures(rows, figures),
            "land": [[label, land_kind(name)] for label, name in land],
            "textures": list(textures),
        }

    def _network(self, result: RunResult, cell_deg: float) -> dict[str, Any]:
        """Channels and hillslopes as finely as the share allows; at worst only the larger channels."""
        hillslopes = result.hillslopes.num_rows if result.hillslopes is not None else 0
        values, common = _part_values(result)
        if hillslopes * LEAST_BYTES <= self.share_bytes:
            for tolerance in TOLERANCES_CELLS:
                channels, lines = draw_channels(result, cell_deg * tolerance)
                parts = draw_subcatchments(result, values, cell_deg * tolerance)
                if _size(channels) + _size(lines) + _size(parts) <= self.share_bytes:
                    return {"c": channels, "k": lines, "s": parts, "left_out": False} | common
        channels, _ = draw_channels(result, cell_deg * TOLERANCES_CELLS[-1])
        while _size(channels) > self.share_bytes:
            del channels[min(channels)]
        return {"c": channels, "s": [], "left_out": True} | common


def _part_values(result: RunResult) -> tuple[dict[int, list[Any]], dict[str, Any]]:
    """What is told of each hillslope, by topaz_id, and the land uses, textures and figures of all.

    Position, area (ha), length (m), slope (%); then, as far as there are any: PART_FIGURES, numbers of land use and
    texture, burn severity from 0 to 3.
    """
    values: dict[int, list[Any]] = {}
    lands: dict[tuple[str, str], int] = {}
    textures: dict[str, int] = {}
    figures: dict[str, list[float]] = {name: [] for name in PART_FIGURES}
    for row in _rows(result.hillslopes):
        for name in PART_FIGURES:
            if row.get(name) is not None:
                figures[name].append(row[name])
        land, texture = (row.get("landuse"), row.get("disturbed_class")), row.get("texture")
        size = [row["position"], round(row["area_m2"] / 1e4, 2), round(row["length_m"])]
        told = [
            *(_short(row.get(name)) for name in PART_FIGURES),
            None if land[1] is None else lands.setdefault((str(land[0]), str(land[1])), len(lands)),
            None if texture is None else textures.setdefault(texture, len(textures)),
            None if row.get("burn_class") is None else SEVERITIES.index(row["burn_class"]),
        ]
        while told and told[-1] is None:
            told.pop()
        values[row["topaz_id"]] = [*size, round(row["slope_scalar"] * 100, 1), *told]
    return values, {"lands": list(lands), "textures": list(textures), "figures": figures}


def draw_channels(result: RunResult, tolerance_deg: float) -> tuple[dict[int, list[str]], dict[int, list[Any]]]:
    """The channels as encoded lines by Strahler order, and beside each line what is told of its channel.

    That is topaz_id and length (m), then CHANNEL_FIGURES when there are results.
    """
    by_order: dict[int, list[str]] = {}
    told: dict[int, list[Any]] = {}
    for row in _rows(result.channels):
        line = result.channel_shapes.get(row["topaz_id"])
        if line is None:
            continue
        encoded = encode(line.simplify(tolerance_deg))
        figures = [_short(row[name]) for name in CHANNEL_FIGURES if row.get(name) is not None]
        by_order.setdefault(int(row["order"]), []).extend(encoded)
        told.setdefault(int(row["order"]), []).extend(
            [row["topaz_id"], round(row["length_m"]), *figures] for _ in encoded
        )
    return by_order, told


def draw_subcatchments(result: RunResult, values: dict[int, list[Any]], tolerance_deg: float) -> list[list[Any]]:
    """The hillslopes that have a shape as rows: encoded rings, topaz_id, and the values given for it."""
    shown = [topaz_id for topaz_id in values if topaz_id in result.subcatchment_shapes]
    shapes = _simplified([result.subcatchment_shapes[topaz_id] for topaz_id in shown], tolerance_deg)
    return [[encode(shape), topaz_id, *values[topaz_id]] for shape, topaz_id in zip(shapes, shown, strict=True)]


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


def _rows(table: pa.Table | None) -> list[dict[str, Any]]:
    return [] if table is None else table.to_pylist()


def _short(value: float | None) -> float | None:
    """A figure with four digits, as the page needs it."""
    return None if value is None else float(f"{value:.4g}")


def _numbered(part: list[Any], at: int, numbers: Sequence[int]) -> list[Any]:
    """A hillslope with another number at a place, where it has one."""
    if len(part) <= at or part[at] is None:
        return part
    return [*part[:at], numbers[part[at]], *part[at + 1 :]]


def _size(drawn: dict[int, list[str]] | dict[int, list[Any]] | list[list[Any]]) -> int:
    """About how many bytes it takes on the page."""
    rows = [row for rows in drawn.values() for row in rows] if isinstance(drawn, dict) else drawn
    return sum(_bytes(row) for row in rows)


def _bytes(value: Any) -> int:
    if isinstance(value, str):
        return len(value) + 4
    return sum(_bytes(part) for part in value) if isinstance(value, list) else VALUE_BYTES
