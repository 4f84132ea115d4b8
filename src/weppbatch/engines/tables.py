"""The result tables that every engine writes: their columns, and a writer that streams each to one Parquet file.

Rows come in element by element and leave memory by row group. What the figures mean is said in
docs/watershed-engine.md; nothing is computed here.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from weppbatch.files import replacing

ROWS_IN_A_GROUP = 65_536


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


def _floats(*names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names, pa.float64())


SCHEMAS: Mapping[str, pa.Schema] = {
    "hillslopes": _schema(
        topaz_id=pa.int64(),
        wepp_id=pa.int64(),
        channel_topaz_id=pa.int64(),
        position=pa.string(),
        disturbed_class=pa.string(),
        burn_class=pa.string(),
        soil_key=pa.string(),
        texture=pa.string(),
        kslast_mm_h=pa.float64(),
        **_floats(
            "area_m2",
            "precip_mm_yr",
            "runoff_mm_yr",
            "lateral_mm_yr",
            "percolation_mm_yr",
            "transpiration_mm_yr",
            "soil_evaporation_mm_yr",
            "snow_evaporation_mm_yr",
            "interception_mm_yr",
            "et_mm_yr",
            "storage_change_mm_yr",
            "runoff_events_yr",
            "largest_peak_m3_s",
            "soil_loss_t_yr",
            "soil_loss_t_ha_yr",
            "deposition_t_yr",
            "sediment_yield_t_yr",
            "sediment_yield_t_ha_yr",
            "closure_mm_max",
        ),
    ),
    "channels": _schema(
        topaz_id=pa.int64(),
        wepp_id=pa.int64(),
        order=pa.int64(),
        downstream_topaz_id=pa.int64(),
        is_outlet=pa.bool_(),
        **_floats(
            "length_m",
            "width_m",
            "drained_area_m2",
            "runoff_m3_yr",
            "lateral_m3_yr",
            "baseflow_m3_yr",
            "rain_m3_yr",
            "streamflow_m3_yr",
            "streamflow_mm_yr",
            "transmission_loss_m3_yr",
            "deep_loss_m3_yr",
            "runoff_events_yr",
            "largest_peak_m3_s",
            "sediment_in_t_yr",
            "detached_t_yr",
            "deposited_t_yr",
            "sediment_yield_t_yr",
            "sediment_yield_t_ha_yr",
        ),
    ),
    "outlet_daily": _schema(
        date=pa.date32(),
        **_floats(
            "precip_mm",
            "rain_melt_mm",
            "transpiration_mm",
            "soil_evaporation_mm",
            "snow_evaporation_mm",
            "interception_mm",
            "et_mm",
            "percolation_mm",
            "soil_water_mm",
            "snow_water_mm",
            "canopy_water_mm",
            "groundwater_mm",
            "deep_loss_mm",
            "runoff_m3",
            "lateral_m3",
            "baseflow_m3",
            "rain_on_channels_m3",
            "transmission_loss_m3",
            "streamflow_m3",
            "streamflow_mm",
            "peak_m3_s",
            "hillslope_sediment_kg",
            "channel_detached_kg",
            "channel_deposited_kg",
            "sediment_kg",
            "clay_kg",
            "silt_kg",
            "small_aggregates_kg",
            "large_aggregates_kg",
            "sand_kg",
        ),
    ),
    "hillslope_water": _schema(  # a long table: seven digits are enough, as in the next
        topaz_id=pa.int32(),
        date=pa.date32(),
        **dict.fromkeys(("rain_melt_mm", "runoff_mm", "soil_water_mm", "snow_water_mm"), pa.float32()),
    ),
    "events": _schema(
        kind=pa.dictionary(pa.int8(), pa.string()),
        topaz_id=pa.int32(),
        wepp_id=pa.int32(),
        date=pa.date32(),
        **dict.fromkeys(
            (
                "precip_mm",
                "runoff_mm",
                "runoff_m3",
                "peak_m3_s",
                "duration_s",
                "detached_kg",
                "deposited_kg",
                "sediment_kg",
            ),
            pa.float32(),
        ),
    ),
}
FILES = tuple(f"{name}.parquet" for name in SCHEMAS)


class Tables:
    """A context in which the tables are written; they appear, whole, when it ends without an error."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, list[pa.Table]] = {name: [] for name in SCHEMAS}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for name, schema in SCHEMAS.items():
                path = stack.enter_context(replacing(self._folder / f"{name}.parquet"))
                writer = pq.ParquetWriter(path, schema, compression="zstd")
                self._writers[name] = stack.enter_context(writer)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            for name in SCHEMAS:
                self._flush(name)
        self._stack.__exit__(kind, error, trace)

    def rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows of plain values; every column must be there."""
        schema = SCHEMAS[name]
        columns = {column: [row[column] for row in rows] for column in schema.names}
        self._add(name, pa.table(columns, schema=schema))

    def columns(self, name: str, columns: Mapping[str, Any]) -> None:
        """Add many rows as arrays by column; every column must be there."""
        schema = SCHEMAS[name]
        self._add(name, pa.table([pa.array(columns[c]).cast(schema.field(c).type) for c in schema.names], schema))

    def _add(self, name: str, table: pa.Table) -> None:
        self._waiting[name].append(table)
        if sum(part.num_rows for part in self._waiting[name]) >= ROWS_IN_A_GROUP:
            self._flush(name)

    def _flush(self, name: str) -> None:
        if self._waiting[name]:
            self._writers[name].write_table(pa.concat_tables(self._waiting[name]).combine_chunks())
            self._waiting[name] = []
