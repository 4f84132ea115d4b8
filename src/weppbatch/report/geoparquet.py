"""GeoParquet files written in portions, so that a large batch never lies in memory.

Takes tables with a geometry a row (WKB, in WGS84); gives files after GeoParquet 1.1 with a bounding box a row, by
which readers skip what lies elsewhere. Joins and computes nothing.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from weppbatch.report.tables import Earlier, MergedTable

GEOMETRY = pa.field("geometry", pa.binary())
SIDES = ("xmin", "ymin", "xmax", "ymax")
BOX = pa.field("bbox", pa.struct([(side, pa.float64()) for side in SIDES]))


class GeoTable(MergedTable):
    """A merged table whose rows have a geometry of one type each, none of them empty, in the column `geometry`."""

    def __init__(
        self, path: Path, geometry_type: str, earlier: Earlier | None = None, least: pa.Schema | None = None
    ) -> None:
        super().__init__(path, earlier, least)
        self.geometry_type = geometry_type
        self._bounds: npt.NDArray[np.float64] | None = None

    def portion(self, table: pa.Table) -> pa.Table:
        """The rows with their boxes, and both at the end."""
        if GEOMETRY.name not in table.column_names:  # of a layer that has no feature yet
            table = table.append_column(GEOMETRY, pa.array([], GEOMETRY.type))
        shapes = table.column(GEOMETRY.name)
        boxes = shapely.bounds(shapely.from_wkb(shapes.to_numpy()))
        sides = [pa.array(boxes[:, place]) for place in range(len(SIDES))]
        table = table.drop_columns([GEOMETRY.name])
        table = table.append_column(BOX, pa.StructArray.from_arrays(sides, SIDES)).append_column(GEOMETRY, shapes)
        if table.num_rows:
            known = boxes if self._bounds is None else np.vstack([boxes, self._bounds])
            self._bounds = np.concatenate([known[:, :2].min(axis=0), known[:, 2:].max(axis=0)])
        return table

    def metadata(self) -> dict[str, str]:
        """What tells that it is GeoParquet."""
        # geoparquet.org/releases/v1.1.0; without `crs` it is longitude and latitude in WGS84 (OGC:CRS84).
        column: dict[str, Any] = {
            "encoding": "WKB",
            "geometry_types": [self.geometry_type],
            "covering": {BOX.name: {side: [BOX.name, side] for side in SIDES}},
        }
        if self._bounds is not None:
            column["bbox"] = [float(value) for value in self._bounds]
        return {
            "geo": json.dumps(
                {"version": "1.1.0", "primary_column": GEOMETRY.name, "columns": {GEOMETRY.name: column}}
            )
        }
