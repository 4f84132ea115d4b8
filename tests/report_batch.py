"""A small batch for the report's tests: real state, records and tables, without running the terrain's tools."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from shapely.geometry import LineString, Polygon, box, mapping

from weppbatch.batch.geojson import register
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.root import create_batch
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.validation import validate
from weppbatch.errors import WeppbatchError
from weppbatch.files import write_json
from weppbatch.nodb import workspace
from weppbatch.tasks import graph
from weppbatch.tasks.record import Record, TaskFiles, Usage

SIDE_DEG = 0.03
STARTED, FINISHED = "2026-01-31T12:00:00.000Z", "2026-01-31T12:00:03.000Z"


def make_batch(root: Path, names: list[str], name: str = "hills") -> Path:
    """A batch of square watersheds in a row, validated as ws-1, ws-2 ...; one more feature has no geometry."""
    features = [
        {"type": "Feature", "properties": {"HucName": text}, "geometry": mapping(square(place))}
        for place, text in enumerate(names)
    ]
    features.append({"type": "Feature", "id": "<i>void</i>", "properties": {}, "geometry": None})
    path = root / "watersheds.geojson"
    root.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    create_batch(name, "disturbed9002_wbt")
    folder = root / name
    runner = BatchRunner.getInstance(folder)
    register(runner, path, "tester")
    validate(BatchRunner.getInstance(folder), "ws-{one_based_index}")
    return folder


def square(place: int) -> Polygon:
    """The polygon of the watershed at a place, in WGS84."""
    west = -84.4 + place * SIDE_DEG * 1.2
    return box(west, 36.2, west + SIDE_DEG, 36.2 + SIDE_DEG)


def ledger_of(batch: Path) -> Ledger:
    """The batch's ledger as it is now."""
    return Ledger(Plan(batch))


def finish(batch: Path, runid: str, *, flags: tuple[str, ...] = (), hillslopes: int = 3) -> None:
    """Give a run the sentinels of all tasks, and the tables and shapes of its watershed."""
    wd = batch / "runs" / runid
    write_watershed(wd, square(int(runid.split("-")[1]) - 1), hillslopes)
    write_json(
        wd / "dem" / "provenance.json",
        {
            "source": "/data/dem.tif",
            "driver": "GTiff",
            "crs": "EPSG:4326",
            "resolution": [0.1, 0.1],
            "bytes": 1234567,
            "sha256": "d" * 64,
            "vertical_unit": "m",
            "resampling": "cubic",
        },
    )
    for task in graph.TASKS:
        succeed(batch, runid, task, metrics=metrics_of(task, flags), warnings=list(flags))


def metrics_of(task: str, flags: tuple[str, ...]) -> dict[str, Any]:
    """What a task's sentinel says, as the tasks write it."""
    return {
        "extent": {"crs": "EPSG:32616", "rows": 90, "cols": 90, "polygon_area_m2": 9.0e6},
        "dem": {"rows": 90, "cols": 90, "cell_size_m": 30.0},
        "outlet": {
            "method": "find_outlet",
            "conditioning": "breach",
            "iou": 0.912,
            "basin_area_m2": 8.5e6,
            "longitude_deg": -84.4,
            "latitude_deg": 36.2,
            "flags": list(flags),
        },
    }.get(task, {})


def record_of(batch: Path, runid: str, task: str) -> Record:
    """A record of a task that ran three seconds with the settings of today."""
    digest = Plan(batch).digest(task, runid)
    engine = "whitebox 2.4.0" if graph.TASKS[task].engine else ""
    usage = Usage(wall_s=3.0, cpu_s=2.5, max_rss_mb=310.0)
    return Record(
        "batch:hills:now", "77", task, runid, 1, STARTED, "host", 77, digest, engine, FINISHED, usage
    )  # fmt: skip


def succeed(batch: Path, runid: str, task: str, *, metrics: dict[str, Any], warnings: list[str]) -> None:
    """Write a task's sentinel; the controls are really cloned."""
    if task == "clone":
        wd = batch / "runs" / runid
        wd.mkdir(parents=True, exist_ok=True)
        workspace.clone(batch / ".snapshots" / workspace.snapshot(batch), wd, wd)
    files = TaskFiles(batch / "runs" / runid, task)
    record_of(batch, runid, task).write_sentinel(
        files, inputs=[], outputs=[], metrics=metrics, warnings=warnings, degraded=False
    )


def fail(batch: Path, runid: str, task: str, error: WeppbatchError) -> None:
    """Write a task's failure, after sentinels of the tasks before it."""
    for earlier in list(graph.TASKS)[: list(graph.TASKS).index(task)]:
        succeed(batch, runid, earlier, metrics=metrics_of(earlier, ()), warnings=[])
    files = TaskFiles(batch / "runs" / runid, task)
    record_of(batch, runid, task).write_failure(files, error, f"logs/{runid}/{task}.log")


def write_watershed(wd: Path, polygon: Polygon, hillslopes: int) -> None:
    """Hillslopes as vertical strips of a polygon, one channel through its middle."""
    west, south, east, north = polygon.bounds
    width = (east - west) / hillslopes
    strips = [box(west + i * width, south, west + (i + 1) * width, north) for i in range(hillslopes)]
    rows = [
        {
            "topaz_id": 21 + 10 * place,
            "wepp_id": place + 1,
            "channel_topaz_id": 24,
            "position": "top",
            "length_m": 100.0 + 100.0 * place,
            "width_m": 50.0,
            "area_m2": 1.0e4 * (place + 1),
            "slope_scalar": 0.1 * (place + 1),
        }
        for place in range(hillslopes)
    ]
    channel = {"topaz_id": 24, "wepp_id": hillslopes + 1, "order": 2, "length_m": 2500.0, "is_outlet": True}
    (wd / "watershed").mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), wd / "watershed" / "hillslopes.parquet")
    pq.write_table(pa.Table.from_pylist([channel]), wd / "watershed" / "channels.parquet")
    middle = LineString([((west + east) / 2, north), ((west + east) / 2, south)])
    _write_shapes(
        wd / "watershed" / "subcatchments.geojson",
        [(row["topaz_id"], s) for row, s in zip(rows, strips, strict=True)],
    )
    _write_shapes(wd / "watershed" / "channels.geojson", [(24, middle)])


def _write_shapes(path: Path, shapes: list[tuple[int, Any]]) -> None:
    features = [
        {"type": "Feature", "properties": {"topaz_id": topaz_id}, "geometry": mapping(shape)}
        for topaz_id, shape in shapes
    ]
    write_json(path, {"type": "FeatureCollection", "features": features})
