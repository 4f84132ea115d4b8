"""The map layers of a batch with their results, in WGS84: one GeoPackage with QGIS styles, and a GeoParquet each.

Layers: watersheds, outlets, subcatchments, channels. Features are appended in portions, so that a large batch never
lies in memory. How they are drawn is decided in `qgis`.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from weppbatch.files import replacing
from weppbatch.report.columns import RUN_SCHEMA
from weppbatch.report.geoparquet import GeoParquetWriter
from weppbatch.report.measures import PART_FIGURES, RUN_FIGURES
from weppbatch.report.qgis import styles, write_styles
from weppbatch.report.results import RunResult
from weppbatch.report.tables import Row

PACKAGE = "batch.gpkg"
LAYERS = ("watersheds", "outlets", "subcatchments", "channels")
FILES = (PACKAGE, *(f"geoparquet/{name}.parquet" for name in LAYERS))
GEOMETRY = pa.field("geom", pa.binary())
VERSION = "1.2"  # of GeoPackage: what older programs read without a warning
PORTION_ROWS = 10_000
OUTLET_KEYS = (
    "runid",
    "name",
    "status",
    "iou",
    "flags",
    "outlet_method",
    "conditioning",
    "polygon_area_km2",
    "basin_area_km2",
    "outlet_longitude_deg",
    "outlet_latitude_deg",
)


class Layer:
    """One layer: rows of a fixed schema with a geometry each, written in portions to both of its files.

    `values`: what the columns named by `keep` have held so far.
    """

    def __init__(
        self,
        package: Path,
        parquet: Path,
        name: str,
        geometry_type: str,
        schema: pa.Schema,
        keep: Sequence[str] = (),
    ) -> None:
        self.path, self.name, self.geometry_type = package, name, geometry_type
        self.schema = schema.remove_metadata()
        self.values: dict[str, list[float]] = {key: [] for key in keep if key in schema.names}
        self._parquet = GeoParquetWriter(parquet, self.schema, geometry_type)
        self._portions: list[tuple[pa.Table, list[BaseGeometry]]] = []
        self._created = False

    def add(self, table: pa.Table, geometries: Sequence[BaseGeometry]) -> None:
        """Append features: the table's rows with the geometry of the same place, which may not be empty."""
        shapes = [_as(self.geometry_type, geometry) for geometry in geometries]
        for key, known in self.values.items():
            values = table.column(key).drop_null().to_numpy()
            known.extend(values[np.isfinite(values)].tolist())
        self._portions.append((table.cast(self.schema), shapes))
        if sum(portion.num_rows for portion, _ in self._portions) >= PORTION_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what was added; the first time it makes the layer, features or not."""
        if not self._portions and self._created:
            return
        table = pa.concat_tables([self.schema.empty_table(), *(portion for portion, _ in self._portions)])
        shapes = [shape for _, portion in self._portions for shape in portion]
        wkb = pa.array(list(shapely.to_wkb(shapes)) if shapes else [], pa.binary())
        pyogrio.write_arrow(
            table.append_column(GEOMETRY, wkb),
            self.path,
            layer=self.name,
            driver="GPKG",
            geometry_name=GEOMETRY.name,
            geometry_type=self.geometry_type,
            crs="EPSG:4326",
            append=self._created or self.path.exists(),
            dataset_options=None if self.path.exists() else {"VERSION": VERSION},
        )
        self._parquet.add(table, shapes)
        self._created = True
        self._portions = []

    def close(self) -> None:
        """Write the rest, and the end of the GeoParquet."""
        self.flush()
        self._parquet.close()


class BatchLayers:
    """The four layers of a batch in a folder's FILES, which are replaced together once all is written."""

    def __init__(self, folder: Path, hillslopes: pa.Schema, channels: pa.Schema) -> None:
        self._files = ExitStack()
        package, *parquets = (self._files.enter_context(replacing(folder / name)) for name in FILES)
        package.unlink(missing_ok=True)
        outlets = pa.schema([RUN_SCHEMA.field(key) for key in OUTLET_KEYS])
        self.package = package
        self._polygons: list[tuple[Row, BaseGeometry]] = []
        self._places: list[tuple[Row, BaseGeometry]] = []
        self.watersheds = Layer(package, parquets[0], "watersheds", "MultiPolygon", RUN_SCHEMA, RUN_FIGURES)
        self.outlets = Layer(package, parquets[1], "outlets", "Point", outlets)
        self.subcatchments = Layer(package, parquets[2], "subcatchments", "MultiPolygon", hillslopes, PART_FIGURES)
        self.channels = Layer(package, parquets[3], "channels", "MultiLineString", channels)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._files.__exit__(kind, error, trace)
            return
        with self._files:
            for layer, rows in ((self.watersheds, self._polygons), (self.outlets, self._places)):
                table = pa.Table.from_pylist(
                    [{key: row[key] for key in layer.schema.names} for row, _ in rows], schema=layer.schema
                )
                layer.add(table, [shape for _, shape in rows])
            for layer in (self.watersheds, self.outlets, self.subcatchments, self.channels):
                layer.close()
            write_styles(self.package, styles(self.watersheds.values, self.subcatchments.values))

    def add_run(self, result: RunResult, row: Row) -> None:
        """Add a run's polygon with its row, and its outlet when it has one."""
        if result.polygon is not None:
            self._polygons.append((row, result.polygon))
        if row["outlet_longitude_deg"] is not None:
            place = Point(row["outlet_longitude_deg"], row["outlet_latitude_deg"])
            self._places.append((row, place))

    @staticmethod
    def add_parts(layer: Layer, table: pa.Table, shapes: Mapping[int, BaseGeometry]) -> None:
        """Add the rows of a hillslope or channel table that have a shape, by their topaz_id."""
        ids = [int(topaz_id) for topaz_id in table.column("topaz_id").to_pylist()]
        drawn = [place for place, topaz_id in enumerate(ids) if topaz_id in shapes]
        layer.add(table.take(drawn), [shapes[ids[place]] for place in drawn])


def _as(geometry_type: str, geometry: BaseGeometry) -> BaseGeometry:
    """A geometry as the multipart type of its layer."""
    if geometry_type == "MultiPolygon" and isinstance(geometry, Polygon):
        return MultiPolygon([geometry])
    if geometry_type == "MultiLineString" and isinstance(geometry, LineString):
        return MultiLineString([geometry])
    return geometry
