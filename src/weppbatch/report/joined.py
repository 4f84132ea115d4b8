"""Which tables of a run make up its merged ones, and their join on topaz_id.

Terrain comes first and gives the rows; land use, soils and results add columns. Nothing is computed here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from weppbatch.engines.schemas import SCHEMAS

KEY = "topaz_id"


@dataclass(frozen=True)
class Part:
    """A table of a run: the task that writes it, its file, and its columns by the name they get; None: all."""

    task: str
    file: str
    columns: Mapping[str, str] | None = None

    def read(self, wd: Path) -> pa.Table:
        """The table with its key and the columns that it adds. Raises OSError, ArrowInvalid or KeyError."""
        with pq.ParquetFile(wd / self.file) as file:
            if self.columns is None:
                return file.read(use_threads=False)  # a thread costs more than such a table
            missing = {KEY, *self.columns} - set(file.schema_arrow.names)
            if missing:
                raise KeyError(f"{self.file} has no {', '.join(sorted(missing))}")
            table = file.read(columns=[KEY, *self.columns], use_threads=False)
        return table.select([KEY, *self.columns]).rename_columns([KEY, *self.columns.values()])


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


HILLSLOPES: Sequence[Part] = (
    Part("watershed", "watershed/hillslopes.parquet"),
    Part(
        "landuse",
        "landuse/landuse.parquet",
        _same("landcover_key", "landuse_key", "disturbed_class", "burn_class", "burn_share")
        | {"label": "landuse", "dominant_share": "landuse_dominant_share"}
        | _same("canopy_cover", "interrill_cover", "rill_cover"),
    ),
    Part(
        "soils",
        "soils/soils.parquet",
        _same("soil_key", "map_unit", "texture", "ki_kg_s_m4", "kr_s_m", "tauc_n_m2", "avke_mm_h", "ksatadj")
        | _same("lkeff_mm_h", "kslast_mm_h")
        | {"depth_mm": "soil_depth_mm", "dominant_share": "soil_dominant_share"},
    ),
    Part(
        "wepp",
        "wepp/hillslopes.parquet",
        _same(*SCHEMAS["hillslopes"].names[SCHEMAS["hillslopes"].names.index("precip_mm_yr") :]),
    ),
    Part(
        "watar",
        "ash/hillslopes.parquet",
        _same("ash_type", "ash_depth_mm", "ash_load_t_ha", "ash_water_t_ha", "ash_wind_t_ha", "ash_transport_t_ha")
        | _same("ash_decomposed_t_ha", "ash_remaining_t_ha", "ash_largest_year_t_ha", "ash_largest_day_t_ha"),
    ),
)
CHANNELS: Sequence[Part] = (
    Part("watershed", "watershed/channels.parquet"),
    Part(
        "wepp",
        "wepp/channels.parquet",
        _same(*SCHEMAS["channels"].names[SCHEMAS["channels"].names.index("drained_area_m2") :]),
    ),
)

# The tables of scenarios, by their names in the report; rows of all runs, joined with nothing.
SCENARIOS: Mapping[str, Part] = {
    "scenarios.parquet": Part("omni", "omni/scenarios.parquet"),
    "scenario_hillslopes.parquet": Part("omni", "omni/hillslope_summaries.parquet"),
    "contrasts.parquet": Part("omni", "omni/contrasts.parquet"),
    "ranking.parquet": Part("omni", "omni/ranking.parquet"),
}


def joined(table: pa.Table, others: Iterable[pa.Table]) -> pa.Table:
    """A table with the columns of others beside its own, row by row with the same key; null where they lack it."""
    ids = table.column(KEY)
    for other in others:
        keys = other.column(KEY)
        rows = other if keys.equals(ids) else other.take(pc.index_in(ids, keys.cast(ids.type)))
        for name in other.column_names:
            if name not in table.column_names:
                table = table.append_column(other.schema.field(name), rows.column(name))
    return table
