"""A basin's hillslopes and channels as tables and as outlines on the map.

In: a `Basin` and the rows that the abstraction measured. Out: Parquet files, and GeoJSON in WGS84 (RFC 7946). It
measures nothing.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from rasterio.features import shapes
from shapely.geometry import MultiPolygon, Polygon, mapping
from shapely.geometry.base import BaseGeometry

from weppbatch.files import replacing, write_text
from weppbatch.terrain.basin import Basin

Row = dict[str, Any]

DEGREE_DECIMALS = 7  # about a centimetre
NOT_IN_TABLES = ("cells",)


def write_table(path: Path, rows: list[Row]) -> None:
    """Write rows of plain values as Parquet, without the columns that only serve the outlines."""
    kept = [{name: value for name, value in row.items() if name not in NOT_IN_TABLES} for row in rows]
    table = pa.Table.from_pylist(kept)
    for index, field in enumerate(table.schema):
        if pa.types.is_null(field.type):  # a single channel has none below: the column's type is still a number
            table = table.set_column(index, field.name, table.column(index).cast(pa.int64()))
    with replacing(path) as temporary:
        pq.write_table(table, temporary)


def write_outlines(folder: Path, basin: Basin, hillslopes: list[Row], channels: list[Row]) -> None:
    """Write subcatchments.geojson (hillslopes as polygons) and channels.geojson (lines from top to bottom)."""
    polygons = _polygons(basin)
    _write(
        folder / "subcatchments.geojson",
        [(row, mapping(polygons[row["topaz_id"]])) for row in hillslopes],
    )
    _write(folder / "channels.geojson", [(row, _line(basin, row["cells"])) for row in channels])


def _polygons(basin: Basin) -> dict[int, BaseGeometry]:
    """Each label's cells as one polygon or multipolygon; neighbours share their corners exactly."""
    label = basin.label.reshape(basin.grid.rows, basin.grid.cols)
    parts: dict[int, list[Polygon]] = {}
    for outline, topaz_id in shapes(label, mask=(label > 0) & (label % 10 != 4)):
        parts.setdefault(int(topaz_id), []).append(Polygon(outline["coordinates"][0], outline["coordinates"][1:]))
    joined = {
        topaz_id: pieces[0] if len(pieces) == 1 else MultiPolygon(pieces) for topaz_id, pieces in parts.items()
    }
    geometries = np.array(list(joined.values()), dtype=object)
    on_map = shapely.transform(geometries, lambda corners: _lonlat(basin, corners[:, 1], corners[:, 0]))
    return dict(zip(joined, shapely.orient_polygons(on_map, exterior_cw=False), strict=True))


def _line(basin: Basin, cells: list[int]) -> Row:
    """A line through the centres of cells; a single cell becomes a line across it."""
    rows, cols = np.divmod(np.array(cells), basin.grid.cols)
    rows, cols = rows + 0.5, cols + 0.5
    if len(cells) == 1:
        rows, cols = np.repeat(rows, 2), np.array([cols[0] - 0.5, cols[0] + 0.5])
    return {"type": "LineString", "coordinates": _lonlat(basin, rows, cols).tolist()}


def _lonlat(basin: Basin, rows: Any, cols: Any) -> Any:
    return np.round(basin.lonlat(rows, cols), DEGREE_DECIMALS)


def _write(path: Path, features: list[tuple[Row, Row]]) -> None:
    """Write a FeatureCollection whose properties are the table's columns."""
    collection = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {name: value for name, value in row.items() if name not in NOT_IN_TABLES},
                "geometry": geometry,
            }
            for row, geometry in features
        ],
    }
    write_text(path, json.dumps(collection, allow_nan=False, separators=(",", ":")) + "\n")
