"""The GeoPackage of a batch: watersheds, outlets, subcatchments and channels with their results, in WGS84.

Features are appended in portions, so that a large batch never lies in memory. Styles and other formats are not
made here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyogrio
import shapely
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from weppbatch.report.columns import RUN_SCHEMA
from weppbatch.report.results import RunResult
from weppbatch.report.tables import Row

GEOMETRY = pa.field("geom", pa.binary())
PORTION_ROWS = 2000
OUTLET_KEYS = (
    "runid",
    "name",
    "status",
    "iou",
    "flags",
    "outlet_method",
    "outlet_moved_m",
    "conditioning",
    "polygon_area_km2",
    "basin_area_km2",
    "outlet_longitude_deg",
    "outlet_latitude_deg",
)


class Layer:
    """One layer: rows of a fixed schema with a geometry each, written in portions."""

    def __init__(self, path: Path, name: str, geometry_type: str, schema: pa.Schema) -> None:
        self.path, self.name, self.geometry_type = path, name, geometry_type
        self.schema = schema.remove_metadata()
        self._portions: list[pa.Table] = []
        self._created = False

    def add(self, table: pa.Table, geometries: Sequence[BaseGeometry]) -> None:
        """Append features: the table's rows with the geometry of the same place, which may not be empty."""
        wkb = shapely.to_wkb([_as(self.geometry_type, geometry) for geometry in geometries])
        self._portions.append(table.cast(self.schema).append_column(GEOMETRY, pa.array(list(wkb), pa.binary())))
        if sum(portion.num_rows for portion in self._portions) >= PORTION_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what was added; the first time it makes the layer, features or not."""
        schema = self.schema.append(GEOMETRY)
        table = pa.concat_tables(self._portions) if self._portions else schema.empty_table()
        if self._portions or not self._created:
            pyogrio.write_arrow(
                table,
                self.path,
                layer=self.name,
                driver="GPKG",
                geometry_name=GEOMETRY.name,
                geometry_type=self.geometry_type,
                crs="EPSG:4326",
                append=self._created or self.path.exists(),
            )
        self._created = True
        self._portions = []


class BatchGeoPackage:
    """The four layers of a batch, in a file that must not exist yet."""

    def __init__(self, path: Path, hillslopes: pa.Schema, channels: pa.Schema) -> None:
        outlets = pa.schema([RUN_SCHEMA.field(key) for key in OUTLET_KEYS])
        self.watersheds = Layer(path, "watersheds", "MultiPolygon", RUN_SCHEMA)
        self.outlets = Layer(path, "outlets", "Point", outlets)
        self.subcatchments = Layer(path, "subcatchments", "MultiPolygon", hillslopes)
        self.channels = Layer(path, "channels", "MultiLineString", channels)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            for layer in (self.watersheds, self.outlets, self.subcatchments, self.channels):
                layer.flush()

    def add_run(self, result: RunResult, row: Row) -> None:
        """Add a run's polygon with its row, and its outlet when it has one."""
        if result.polygon is not None:
            self.watersheds.add(_one_row(row, self.watersheds.schema), [result.polygon])
        if row["outlet_longitude_deg"] is not None:
            place = Point(row["outlet_longitude_deg"], row["outlet_latitude_deg"])
            self.outlets.add(_one_row(row, self.outlets.schema), [place])

    @staticmethod
    def add_parts(layer: Layer, table: pa.Table, shapes: Mapping[int, BaseGeometry]) -> None:
        """Add the rows of a hillslope or channel table that have a shape, by their topaz_id."""
        ids = [int(topaz_id) for topaz_id in table.column("topaz_id").to_pylist()]
        drawn = [place for place, topaz_id in enumerate(ids) if topaz_id in shapes]
        layer.add(table.take(drawn), [shapes[ids[place]] for place in drawn])


def _one_row(row: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([{key: row[key] for key in schema.names}], schema=schema)


def _as(geometry_type: str, geometry: BaseGeometry) -> BaseGeometry:
    """A geometry as the multipart type of its layer."""
    if geometry_type == "MultiPolygon" and isinstance(geometry, Polygon):
        return MultiPolygon([geometry])
    if geometry_type == "MultiLineString" and isinstance(geometry, LineString):
        return MultiLineString([geometry])
    return geometry
