"""GeoParquet files written in portions, so that a large batch never lies in memory.

Takes tables with a geometry a row, in WGS84; gives files after GeoParquet 1.1 with a bounding box a row, by which
readers skip what lies elsewhere. Joins and computes nothing.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from shapely.geometry.base import BaseGeometry

GEOMETRY = "geometry"
SIDES = ("xmin", "ymin", "xmax", "ymax")
BOX = pa.field("bbox", pa.struct([(side, pa.float64()) for side in SIDES]))


class GeoParquetWriter:
    """One file under way: rows of a fixed schema with a geometry of one type each."""

    def __init__(self, path: Path, schema: pa.Schema, geometry_type: str) -> None:
        self._geometry_type = geometry_type
        self._schema = schema.append(BOX).append(pa.field(GEOMETRY, pa.binary()))
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._bounds: npt.NDArray[np.float64] | None = None

    def add(self, table: pa.Table, geometries: Sequence[BaseGeometry]) -> None:
        """Append a row group: the table's rows with the geometry of the same place, none of them empty."""
        if not table.num_rows:
            return
        shapes = np.asarray(geometries, dtype=object)
        boxes = shapely.bounds(shapes)
        sides = [pa.array(boxes[:, place]) for place in range(len(SIDES))]
        columns = [*table.columns, pa.StructArray.from_arrays(sides, SIDES), pa.array(list(shapely.to_wkb(shapes)))]
        self._writer.write_table(pa.table(columns, schema=self._schema))
        known = boxes if self._bounds is None else np.vstack([boxes, self._bounds])
        self._bounds = np.concatenate([known[:, :2].min(axis=0), known[:, 2:].max(axis=0)])

    def close(self) -> None:
        """Write the file's end, with what tells that it is GeoParquet."""
        self._writer.add_key_value_metadata({"geo": json.dumps(self._metadata())})
        self._writer.close()

    def _metadata(self) -> dict[str, Any]:
        # geoparquet.org/releases/v1.1.0; without `crs` it is longitude and latitude in WGS84 (OGC:CRS84).
        column: dict[str, Any] = {
            "encoding": "WKB",
            "geometry_types": [self._geometry_type],
            "covering": {BOX.name: {side: [BOX.name, side] for side in SIDES}},
        }
        if self._bounds is not None:
            column["bbox"] = [float(value) for value in self._bounds]
        return {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
