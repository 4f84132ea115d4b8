"""The map layers of a batch with their results, in WGS84: one GeoPackage with QGIS styles, and a GeoParquet each.

Layers: watersheds, outlets, subcatchments, channels. Gives what a run adds to each, and makes the GeoPackage of
whole GeoParquet files in portions, so that a batch never lies in memory. How they are drawn is decided in `qgis`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry

from weppbatch.report.columns import RUN_SCHEMA
from weppbatch.report.geoparquet import BOX, GEOMETRY
from weppbatch.report.measures import PART_FIGURES, RUN_FIGURES
from weppbatch.report.qgis import styles, write_styles
from weppbatch.report.results import RunResult
from weppbatch.report.tables import Row

PACKAGE = "batch.gpkg"
TYPES: Mapping[str, str] = {
    "watersheds": "MultiPolygon",
    "outlets": "Point",
    "subcatchments": "MultiPolygon",
    "channels": "MultiLineString",
}
PARQUETS = {name: f"geoparquet/{name}.parquet" for name in TYPES}
FILES = (PACKAGE, *PARQUETS.values())
GEOMETRY_NAME = "geom"  # in the GeoPackage
VERSION = "1.2"  # of GeoPackage: what older programs read without a warning
PORTION_ROWS = 10_000
OUTLET_KEYS = (
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
WATERSHED = pa.schema([field for field in RUN_SCHEMA if field.name != "runid"])
OUTLET = pa.schema([RUN_SCHEMA.field(key) for key in OUTLET_KEYS])
LEAST = {"watersheds": WATERSHED, "outlets": OUTLET}  # the columns of a layer without a feature


def with_geometry(table: pa.Table, shapes: Sequence[BaseGeometry], geometry_type: str) -> pa.Table:
    """A table with the geometry of each row, none of them empty, as WKB of a (multipart) type."""
    return table.append_column(GEOMETRY, pa.array(shapely.to_wkb(_as(geometry_type, shapes)), GEOMETRY.type))


def drawn(table: pa.Table, shapes: Mapping[int, BaseGeometry], geometry_type: str) -> pa.Table:
    """The rows of a hillslope or channel table that have a shape, by their topaz_id, with it."""
    ids = [int(topaz_id) for topaz_id in table.column("topaz_id").to_pylist()]
    places = [place for place, topaz_id in enumerate(ids) if topaz_id in shapes]
    rows = table if len(places) == len(ids) else table.take(places)
    return with_geometry(rows, [shapes[ids[place]] for place in places], geometry_type)


def layers_of(result: RunResult, row: Row) -> dict[str, pa.Table]:
    """What a run adds to each layer that it is in: rows without its id, with their geometry."""
    found = {}
    if result.polygon is not None:
        found["watersheds"] = with_geometry(_table(row, WATERSHED), [result.polygon], TYPES["watersheds"])
    if row["outlet_longitude_deg"] is not None:
        place = Point(row["outlet_longitude_deg"], row["outlet_latitude_deg"])
        found["outlets"] = with_geometry(_table(row, OUTLET), [place], TYPES["outlets"])
    for name, table, shapes in (
        ("subcatchments", result.hillslopes, result.subcatchment_shapes),
        ("channels", result.channels, result.channel_shapes),
    ):
        if table is not None:
            found[name] = drawn(table, shapes, TYPES[name])
    return found


def write_package(package: Path, parquets: Mapping[str, Path]) -> None:
    """Write the GeoPackage of all layers from their whole GeoParquet files, with styles for what they hold."""
    package.unlink(missing_ok=True)
    for name, path in parquets.items():
        with pq.ParquetFile(path) as file:
            pyogrio.write_arrow(
                _features(file),
                package,
                layer=name,
                driver="GPKG",
                geometry_name=GEOMETRY_NAME,
                geometry_type=TYPES[name],
                crs="EPSG:4326",
                append=package.exists(),
                dataset_options=None if package.exists() else {"VERSION": VERSION},
            )
    runs, parts = (
        _values(parquets[name], keys)
        for name, keys in (("watersheds", RUN_FIGURES), ("subcatchments", PART_FIGURES))
    )
    write_styles(package, styles(runs, parts))


def _features(file: pq.ParquetFile) -> pa.RecordBatchReader:
    """A GeoParquet file in portions, as the GeoPackage has it: without boxes."""
    columns = [name for name in file.schema_arrow.names if name != BOX.name]
    schema = pa.schema([file.schema_arrow.field(name) for name in columns]).remove_metadata()
    schema = pa.schema([*list(schema)[:-1], schema.field(GEOMETRY.name).with_name(GEOMETRY_NAME)])
    batches = file.iter_batches(PORTION_ROWS, columns=columns)
    return pa.RecordBatchReader.from_batches(
        schema, (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in batches)
    )


def _values(path: Path, keys: Sequence[str]) -> dict[str, list[float]]:
    """All figures that some columns of a file hold, by column."""
    with pq.ParquetFile(path) as file:
        names = [name for name in keys if name in file.schema_arrow.names]
        table = file.read(columns=names)
    arrays = {name: table.column(name).drop_null().to_numpy() for name in names}
    return {name: values[np.isfinite(values)].tolist() for name, values in arrays.items()}


def _table(row: Row, schema: pa.Schema) -> pa.Table:
    """A row as a table, of the columns of a schema."""
    return pa.Table.from_pylist([{name: row[name] for name in schema.names}], schema=schema)


def _as(geometry_type: str, geometries: Sequence[BaseGeometry]) -> npt.NDArray[np.object_]:
    """Geometries as the multipart type of their layer."""
    shapes = np.array(geometries, dtype=object)
    for single, multiple, made in (
        ("Polygon", "MultiPolygon", shapely.multipolygons),
        ("LineString", "MultiLineString", shapely.multilinestrings),
    ):
        if geometry_type == multiple:
            singles = np.array([shape.geom_type == single for shape in shapes], dtype=bool)
            shapes[singles] = made(shapes[singles], indices=np.arange(singles.sum()))
    return shapes
