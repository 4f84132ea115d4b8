"""A run of four hillslopes on a grid of 30 m cells, as the chain leaves it, and maps for it."""

from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine

from weppbatch.nodb.controls import set_fields
from weppbatch.nodb.workspace import base_configs, scaffold
from weppbatch.tasks.run import Run
from weppbatch.terrain.grid import Grid

GRID = Grid("EPSG:32616", 740_000.0, 4_020_000.0, 30.0, 20, 20)
IDS = (22, 23, 31, 33)


def labels() -> np.ndarray:
    """Four hillslopes of 100 cells less a channel (24) of one column, in a basin with a rim outside."""
    found = np.full((20, 20), -np.inf, dtype=np.float32)
    found[1:10, 1:10], found[1:10, 10:19] = 22, 23
    found[10:19, 1:10], found[10:19, 10:19] = 31, 33
    found[:, 10] = np.where(np.isfinite(found[:, 10]), 24, -np.inf)
    return found


def write_map(path: Path, values: np.ndarray, *, crs="EPSG:32616", transform=GRID.transform, nodata=None, **tags):
    """A raster as a user might have it."""
    values = np.asarray(values)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=values.shape[0],
        width=values.shape[1],
        count=1,
        dtype=values.dtype,
        crs=CRS.from_user_input(crs) if crs else None,
        transform=transform,
        nodata=nodata,
    ) as target:
        target.write(values, 1)
        target.update_tags(**tags)
    return path


def quarters(north_west, north_east, south_west, south_east, dtype="uint8") -> np.ndarray:
    """A map with one value for each of the hillslopes 22, 23, 31, 33."""
    found = np.empty((20, 20), dtype=dtype)
    found[:10, :10], found[:10, 10:], found[10:, :10], found[10:, 10:] = (
        north_west,
        north_east,
        south_west,
        south_east,
    )
    return found


def make_run(folder: Path) -> Run:
    """The run, with all controls at their defaults."""
    batch = folder / "batch"
    (batch / "_base").mkdir(parents=True)
    wd = batch / "runs" / "creek"
    scaffold(wd, base_configs()["disturbed9002_wbt"])
    (wd / "watershed").mkdir()
    write_map(wd / "watershed" / "subwta.tif", labels(), nodata=-np.inf)
    areas = [float((labels() == topaz_id).sum()) * 900.0 for topaz_id in IDS]
    frame = pd.DataFrame({"topaz_id": IDS, "wepp_id": [1, 2, 3, 4], "area_m2": areas})
    frame.to_parquet(wd / "watershed" / "hillslopes.parquet")
    return Run(batch=batch, runid="creek", scratch=wd, log=lambda message: None)


def fresh(run: Run, *assignments: str) -> Run:
    """The run with fields set, as its next task sees it."""
    set_fields(run.wd, assignments)
    return Run(batch=run.batch, runid=run.runid, scratch=run.wd, log=run.log)


SHIFTED = Affine.translation(740_000.0 + 40 * 30.0, 4_020_000.0) @ Affine.scale(30.0, -30.0)
