"""The shapes of a batch as its page draws them: simplified, packed, and bounded in size.

Takes run results one by one and gives plain values. The exact shapes are in the GeoPackage.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import shapely

from weppbatch.errors import DataError
from weppbatch.report.extents import DEM, Extents, extents_of
from weppbatch.report.hillshade import hillshade
from weppbatch.report.measures import (
    CHANNEL_MEASURES,
    PART_MEASURES,
    SEVERITIES,
    WORDS,
    described,
    land_kind,
)
from weppbatch.report.packing import encode, packed
from weppbatch.report.results import RunResult
from weppbatch.report.scales import spread
from weppbatch.report.tables import Row

# Of all runs: with the libraries, tables and records, 100 runs stay below 5 MB.
SHAPES_BYTES, SHADES_BYTES = 2_000_000, 1_000_000
MOST_SHADED = 300  # of more runs a hillshade each would be a blur, and take longer than the rest of the report
METRES_A_DEGREE = 111_320.0
TOLERANCES_CELLS = (0.75, 1.5, 3.0)
FINE_CELLS = 0.25
EQUAL = 0.3  # of the budget is shared out equally, the rest by area
FOR_ALL = ("lands", "textures", "values")  # of a sketch: what `drawing` makes something of for the whole batch


class Sketches:
    """Draws runs, each within its share of the budget. What `draw` gives rests on the run and its share alone, so
    that it can be kept for the next build; `drawing` makes one of all.

    runs: how many there will be; areas_m2: of their polygons, by run id, None where there is none; fine: with every
    bend of their shapes, for the page of a run. `without_hillslopes`: the runs whose hillslopes did not fit.
    """

    def __init__(
        self, runs: int, areas_m2: Mapping[str, float | None] | None = None, *, fine: bool = False
    ) -> None:
        self.runs, self.fine = max(runs, 1), fine
        self.without_hillslopes: list[str] = []
        known = {runid: area_m2 for runid, area_m2 in (areas_m2 or {}).items() if area_m2}
        self._areas_m2, self._whole_m2 = known, sum(known.values())

    @property
    def rests_on(self) -> tuple[int, float]:
        """What shares rest on beside a run's own area."""
        return self.runs, self._whole_m2

    def _share(self, runid: str) -> float:
        """A run's part of the budget: more for a larger one, which has more hillslopes."""
        equal = 1 / self.runs
        by_area = self._areas_m2[runid] / self._whole_m2 if runid in self._areas_m2 else equal
        return EQUAL * equal + (1 - EQUAL) * min(by_area, 1.0)

    def draw(self, result: RunResult, row: Row) -> dict[str, Any]:
        """A run's shapes, with short keys since there are many; what there is not has no key.

        Polygon as given `p`, basin found `a`, window `w`: encoded rings; bounds of these `b`; outlet `o`, and as it
        was given `q`: longitude, latitude; flags of the outlet `f`, overlap `i`; channels `c`: encoded lines by
        order; number of hillslopes `n`; picture of the relief `h`; all that is shown of a chosen run, packed, `z`.
        For `drawing`: land uses `lands` and textures, by their numbers in `z`, and the `values` of PART_MEASURES.
        """
        share = self._share(result.runid)
        drawn = {"id": result.runid} | self._outlines(result, extents_of(result)) | _outlet(result, row)
        drawn |= self._network(result, int(SHAPES_BYTES * share) - _size(drawn))
        return drawn | self._relief(result, int(SHADES_BYTES * share))

    def drawing(self, sketches: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """All that the map draws: the runs, what colours their hillslopes, and the names behind numbers.

        A run's own numbers of land uses and textures become those of the batch by its lists `l` and `t`.
        """
        land: dict[tuple[str, str], int] = {}
        textures: dict[str, int] = {}
        values: dict[str, list[float]] = {name: [] for name in PART_MEASURES}
        runs = []
        for sketch in sketches:
            run = {key: value for key, value in sketch.items() if key not in FOR_ALL}
            if "z" in run:
                run["l"] = [land.setdefault((label, name), len(land)) for label, name in sketch["lands"]]
                run["t"] = [textures.setdefault(name, len(textures)) for name in sketch["textures"]]
            for name, known in sketch.get("values", {}).items():
                values[name] += known
            runs.append(run)
        self.without_hillslopes = [sketch["id"] for sketch in sketches if "n" in sketch and "z" not in sketch]
        return {
            "runs": runs,
            "parts": [
                described(PART_MEASURES[name]) | {"spread": spread(known)}
                for name, known in values.items()
                if known
            ],
            "channels": [described(measure) for measure in CHANNEL_MEASURES.values()],
            "land": [[label, land_kind(name)] for label, name in land],
            "textures": list(textures),
            "words": WORDS,
            "shaded": self.runs <= MOST_SHADED,
        }

    def _outlines(self, result: RunResult, extents: Extents) -> dict[str, Any]:
        tolerance = self._tolerances(result)[0]
        shapes = {"a": extents.basin, "w": extents.window}
        if result.requested is None:
            shapes["p"] = result.polygon
        elif extents.basin is None:
            shapes["a"] = result.polygon
        known = {key: shape for key, shape in shapes.items() if shape is not None and not shape.is_empty}
        drawn: dict[str, Any] = {key: encode(shape.simplify(tolerance)) for key, shape in known.items()}
        places = [shape for key, shape in known.items() if key != "w"] or list(known.values())
        if result.requested is not None:
            drawn["q"] = [round(result.requested.x, 5), round(result.requested.y, 5)]
            places.append(result.requested)
        if places:
            drawn["b"] = [round(value, 5) for value in shapely.total_bounds(places).tolist()]
        return drawn

    def _network(self, result: RunResult, share_bytes: int) -> dict[str, Any]:
        """Channels and hillslopes as finely as the share allows; at worst only the larger channels."""
        if result.hillslopes is None:
            return {}
        values, common = _part_values(result)
        count = {"n": result.hillslopes.num_rows}
        for tolerance in self._tolerances(result):
            lines, told = draw_channels(result, tolerance)
            rings = draw_hillslopes(result, values["topaz_id"], tolerance)
            drawn = count | {"c": lines, "z": packed({"rings": rings, "values": values, "channels": told})}
            if _size(drawn) <= share_bytes:
                return drawn | common
        while lines and _size(lines) > share_bytes:
            del lines[min(lines)]
        return count | {"c": lines} | common

    def _relief(self, result: RunResult, share_bytes: int) -> dict[str, Any]:
        """The picture of a run's relief, where it has elevations and there is room."""
        dem = result.wd / DEM
        if self.runs > MOST_SHADED or not result.shows("dem") or not dem.exists():
            return {}
        try:
            shade = hillshade(dem, share_bytes * 3 // 4 - 100)  # in base64
        except DataError as error:
            result.problems.append(f"no hillshade: {error}")
            return {}
        return {} if shade is None else {"h": shade.to_json()}

    def _tolerances(self, result: RunResult) -> list[float]:
        """How far lines may lie from where they were, in degrees, finest first."""
        cells = (FINE_CELLS, *TOLERANCES_CELLS) if self.fine else TOLERANCES_CELLS
        return [tolerance * result.cell_size_m / METRES_A_DEGREE for tolerance in cells]


def _outlet(result: RunResult, row: Row) -> dict[str, Any]:
    outlet = result.metrics("outlet")
    if "longitude_deg" not in outlet:
        return {}
    told = {"o": [outlet["longitude_deg"], outlet["latitude_deg"]], "f": result.flags, "i": row["iou"]}
    return {key: value for key, value in told.items() if value not in (None, [])}


def _part_values(result: RunResult) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """What is told of the hillslopes that have a shape, by column; numbers stand for land uses and textures.

    And what these numbers mean in this run, with the figures of PART_MEASURES that there are.
    """
    rows = [row for row in _rows(result.hillslopes) if row["topaz_id"] in result.subcatchment_shapes]
    values: dict[str, list[Any]] = {
        "topaz_id": [row["topaz_id"] for row in rows],
        "position": [row["position"] for row in rows],
    }
    lands: dict[tuple[str, str], int] = {}
    textures: dict[str, int] = {}
    for name, measure in PART_MEASURES.items():
        values[name] = [_short(measure.of(row)) for row in rows]
    figures = {name: [value for value in values[name] if value is not None] for name in PART_MEASURES}
    classes = [(row.get("landuse"), row.get("disturbed_class")) for row in rows]
    values["land"] = [
        None if name is None else lands.setdefault((str(label), str(name)), len(lands)) for label, name in classes
    ]
    values["texture"] = [
        None if row.get("texture") is None else textures.setdefault(row["texture"], len(textures)) for row in rows
    ]
    burns = [row.get("burn_class") for row in rows]
    values["burn"] = [None if burn is None else SEVERITIES.index(burn) for burn in burns]
    filled = {name: column for name, column in values.items() if any(value is not None for value in column)}
    return {"topaz_id": values["topaz_id"]} | filled, {
        "lands": list(lands),
        "textures": list(textures),
        "values": {name: known for name, known in figures.items() if known},
    }


def draw_channels(result: RunResult, tolerance_deg: float) -> tuple[dict[int, list[str]], dict[int, list[Any]]]:
    """The channels as encoded lines by Strahler order, and beside each line what is told of its channel.

    That is topaz_id, then CHANNEL_MEASURES.
    """
    by_order: dict[int, list[str]] = {}
    told: dict[int, list[Any]] = {}
    for row in _rows(result.channels):
        line = result.channel_shapes.get(row["topaz_id"])
        if line is None:
            continue
        encoded = encode(line.simplify(tolerance_deg))
        figures = [_short(measure.of(row)) for measure in CHANNEL_MEASURES.values()]
        by_order.setdefault(int(row["order"]), []).extend(encoded)
        told.setdefault(int(row["order"]), []).extend([row["topaz_id"], *figures] for _ in encoded)
    return by_order, told


def draw_hillslopes(result: RunResult, topaz_ids: Sequence[int], tolerance_deg: float) -> list[list[str]]:
    """The encoded rings of each hillslope, simplified along their common edges, so that no gaps open."""
    if not topaz_ids:
        return []
    shapes = [result.subcatchment_shapes[topaz_id] for topaz_id in topaz_ids]
    return [encode(shape) for shape in shapely.coverage_simplify(shapes, tolerance_deg)]


def _rows(table: pa.Table | None) -> list[dict[str, Any]]:
    return [] if table is None else table.to_pylist()


def _short(value: float | None) -> float | None:
    """A figure with four digits, as the page needs it; whole ones without a point."""
    if value is None:
        return None
    short = float(f"{value:.4g}")
    return int(short) if short.is_integer() else short


def _size(drawn: Any) -> int:
    """How many bytes it takes on the page."""
    return len(json.dumps(drawn, separators=(",", ":")))
