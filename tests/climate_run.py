"""A run as the task climate meets it: two hillslopes around a place, and a climate control."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from weppbatch.nodb.climate import Climate
from weppbatch.tasks.run import Run

NEAR_MT_WILSON = (-118.3, 34.4, 1400.0)
NewRun = Callable[..., Run]


@pytest.fixture
def new_run(tmp_path: Path) -> NewRun:
    """Makes a run with two hillslopes around a place and a climate control with the given settings."""

    def make(runid: str = "ws-1", place: tuple[float, float, float] = NEAR_MT_WILSON, **fields: Any) -> Run:
        batch = tmp_path / "batch"
        wd = batch / "runs" / runid
        (wd / "watershed").mkdir(parents=True, exist_ok=True)
        (batch / "_base").mkdir(exist_ok=True)
        longitude_deg, latitude_deg, elevation_m = place
        table = {
            "area_m2": [3000.0, 1000.0],
            "centroid_longitude_deg": [longitude_deg - 0.01, longitude_deg + 0.03],
            "centroid_latitude_deg": [latitude_deg + 0.01, latitude_deg - 0.03],
            "elevation_m": [elevation_m + 10.0, elevation_m - 30.0],
        }
        pq.write_table(pa.table(table), wd / "watershed" / "hillslopes.parquet")
        Climate(**({"wd": str(wd), "years": 3} | fields)).write_to(wd)
        scratch = tmp_path / "scratch" / runid
        shutil.rmtree(scratch, ignore_errors=True)
        return Run(batch=batch, runid=runid, scratch=scratch, log=lambda _: None)

    return make
