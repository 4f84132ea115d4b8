"""A run's maps as Cloud Optimized GeoTIFFs, to hand out: elevation, subcatchments, and results painted on them.

Takes a run result and a folder; writes one file a map, on the run's own grid. Computes no result.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import rasterio

from weppbatch import __version__
from weppbatch.files import replacing
from weppbatch.report.results import RunResult, column
from weppbatch.terrain.grid import NODATA, grid_of, read_raster

TILE_CELLS = 512
LABELS = "watershed/subwta.tif"
# Of a hillslope's results: those that are painted, with their units.
PAINTED: Mapping[str, tuple[str, str]] = {
    "soil_loss_t_ha_yr": ("Mean soil loss", "t/ha/yr"),
    "sediment_yield_t_ha_yr": ("Mean sediment yield", "t/ha/yr"),
    "runoff_mm_yr": ("Mean surface runoff", "mm/yr"),
    "ash_transport_t_ha": ("Ash moved in the first year", "t/ha"),
    "slope_scalar": ("Mean slope of the hillslope", "m/m"),
}


@dataclass(frozen=True)
class RasterMap:
    """One map of a run: its file's name without the ending, the cells, and what they mean."""

    name: str
    values: npt.NDArray[Any]
    nodata: float
    label: str
    unit: str = ""


def write_rasters(result: RunResult, folder: Path) -> list[Path]:
    """Write what maps there are of a run into a folder and give their paths; none without a DEM.

    Raises RasterUnreadable (DataError) when the run's own rasters are damaged, DiskFull as any writer.
    """
    written = []
    for kind, source in _maps(result):
        path = folder / f"{kind.name}.tif"
        with replacing(path) as temporary:
            _write(temporary, kind, source, result.runid)
        written.append(path)
    return written


def _maps(result: RunResult) -> Iterable[tuple[RasterMap, Path]]:
    """The maps of a run, each with the raster whose grid it has."""
    dem = result.wd / "dem" / "dem.tif"
    if result.shows("dem"):
        elevation = np.where(np.isnan(values := read_raster(dem)), NODATA, values).astype("float32")
        yield RasterMap("elevation", elevation, NODATA, "Elevation", "m"), dem
    if result.hillslopes is None:
        return
    path = result.wd / LABELS
    labels = np.nan_to_num(read_raster(path), nan=0).astype("int32")
    yield RasterMap("subcatchments", labels, 0, "topaz_id of hillslopes and channels"), path
    for name, (label, unit) in PAINTED.items():
        if name in result.hillslopes.column_names:
            yield RasterMap(name, painted(labels, result.hillslopes, name), NODATA, label, unit), path


def painted(labels: npt.NDArray[np.int32], hillslopes: pa.Table, name: str) -> npt.NDArray[np.float32]:
    """A hillslope's value on each of its cells; nodata on channels, outside, and where there is no value."""
    by_id = np.full(int(labels.max()) + 1, NODATA, dtype="float32")
    ids = np.asarray(hillslopes.column("topaz_id").to_numpy(), dtype=int)
    values = np.nan_to_num(column(hillslopes, name), nan=NODATA)
    there = ids < len(by_id)
    by_id[ids[there]] = values[there]
    by_id[0] = NODATA
    return by_id[labels]


def _write(path: Path, kind: RasterMap, source: Path, runid: str) -> None:
    grid = grid_of(source)
    whole = np.issubdtype(kind.values.dtype, np.integer)
    with rasterio.open(
        path,
        "w",
        driver="COG",
        height=grid.rows,
        width=grid.cols,
        count=1,
        dtype=kind.values.dtype,
        crs=grid.crs,
        transform=grid.transform,
        nodata=kind.nodata,
        compress="DEFLATE",
        predictor="YES",
        blocksize=TILE_CELLS,
        overview_resampling="NEAREST" if whole or kind.name != "elevation" else "AVERAGE",
    ) as target:
        target.write(kind.values, 1)
        target.set_band_description(1, kind.label)
        target.units = (kind.unit,)
        target.update_tags(run=runid, software=f"weppbatch {__version__}")
