"""A small batch for the report's tests: real state, records and tables, without running the terrain's tools."""

import json
from collections.abc import Sequence
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
from weppbatch.engines.schemas import SCHEMAS
from weppbatch.engines.tables import Tables
from weppbatch.errors import WeppbatchError
from weppbatch.files import write_json
from weppbatch.nodb import workspace
from weppbatch.tasks import graph
from weppbatch.tasks.record import Record, TaskFiles, Usage, file_entries

SIDE_DEG = 0.03
TERRAIN = ("clone", "extent", "dem", "outlet", "watershed")
# What the hillslopes of a run with results are covered by, one after the other.
CLASSES = (
    ("forest", "Mixed Forest", "unburned"),
    ("forest high sev fire", "Forest High Severity Fire", "high"),
    ("forest low sev fire", "Forest Low Severity Fire", "low"),
)
UNBURNED = CLASSES[:1]
STARTED, FINISHED = "2026-01-31T12:00:00.000Z", "2026-01-31T12:00:03.000Z"


def make_batch(root: Path, names: list[str], name: str = "hills", task: str = "watershed") -> Path:
    """A batch of square watersheds in a row, validated as ws-1, ws-2 ...; one more feature has no geometry.

    Its checklist asks for a task and what that rests on.
    """
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
    BatchRunner.getInstance(folder).update_tasks(
        {each: each == task for each in graph.CHECKLIST if each in graph.TASKS}
    )
    return folder


def make_simulated(root: Path) -> Path:
    """ws-1 burned and simulated, ws-2 with terrain only, ws-3 unburned and simulated with half of the figures."""
    folder = make_batch(root, ["Cove Creek", "Titus Creek", "Añasco"], task="wepp")
    for runid in ("ws-1", "ws-2", "ws-3"):
        finish(folder, runid)
    simulate(folder, "ws-1")
    simulate(folder, "ws-3", classes=UNBURNED, times=0.5)
    return folder


def square(place: int) -> Polygon:
    """The polygon of the watershed at a place, in WGS84."""
    west = -84.4 + place * SIDE_DEG * 1.2
    return box(west, 36.2, west + SIDE_DEG, 36.2 + SIDE_DEG)


def ledger_of(batch: Path) -> Ledger:
    """The batch's ledger as it is now."""
    return Ledger(Plan(batch))


def finish(batch: Path, runid: str, *, flags: tuple[str, ...] = (), hillslopes: int = 3) -> None:
    """Give a run the sentinels of the terrain's tasks, and the tables and shapes of its watershed."""
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
    for task in TERRAIN:
        succeed(batch, runid, task, metrics=metrics_of(task, flags), warnings=list(flags))


def simulate(
    batch: Path, runid: str, *, classes: Sequence[tuple[str, str, str]] = CLASSES, times: float = 1.0
) -> None:
    """Give a run with terrain the tables and sentinels of land use, soils, climate and WEPP.

    Its hillslope number i (from 1) loses 0.4 i t/ha/yr and has 30 i mm/yr of runoff, `times` a factor.
    """
    wd = batch / "runs" / runid
    terrain = pq.read_table(wd / "watershed" / "hillslopes.parquet").to_pylist()
    covers = [classes[place % len(classes)] for place in range(len(terrain))]
    write_inputs(wd, terrain, covers)
    write_results(wd, terrain, times)
    for task, files in {
        "landuse": ["landuse/landuse.parquet"],
        "soils": ["soils/soils.parquet"],
        "climate": [],
        "wepp": ["wepp/hillslopes.parquet", "wepp/channels.parquet"],
    }.items():
        inputs = ["landuse/landuse.parquet", "soils/soils.parquet"] if task == "wepp" else []
        metrics = results_of(task, times)
        warnings = ["the station is 3064 km away: an other climate"] if task == "climate" else []
        succeed(batch, runid, task, metrics=metrics, warnings=warnings, inputs=inputs, outputs=files)


def results_of(task: str, times: float) -> dict[str, Any]:
    """What the sentinels of land use, soils, climate and WEPP say."""
    return {
        "landuse": {
            "synthetic": True,
            "maps": {"landcover": "SYNTHETIC land <b>cover</b>"},
            "tables": ["covers.csv 1"],
        },
        "soils": {"synthetic": False, "maps": {"soil_map": "survey.tif"}, "tables": ["soil_parameters.csv 1"]},
        "climate": {
            "source": "generated",
            "station": "MT <i>WILSON</i>",
            "station_id": "ca046006",
            "distance_km": 3063.5,
            "watershed_above_station_m": -837.2,
            "years": 30,
        },
        "wepp": {
            "engine": "embedded 1.0",
            "precip_mm_yr": 900.0,
            "et_mm_yr": 500.0,
            "runoff_mm_yr": 60.0 * times,
            "streamflow_mm_yr": 350.0,
            "soil_loss_t_ha_yr": 0.8 * times,
            "sediment_yield_t_yr": 120.0 * times,
            "sediment_yield_t_ha_yr": 0.0004 * times,
            "sediment_delivery_ratio": 0.5,
            "largest_peak_m3_s": 12.5,
            "closure_mm_max": 3e-9,
            "years": 30,
            "averaged_years": 30,
        },
    }[task]


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


def succeed(
    batch: Path,
    runid: str,
    task: str,
    *,
    metrics: dict[str, Any],
    warnings: list[str],
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> None:
    """Write a task's sentinel with the checksums of files that it read and made; the controls are really cloned."""
    if task == "clone":
        wd = batch / "runs" / runid
        wd.mkdir(parents=True, exist_ok=True)
        workspace.clone(batch / ".snapshots" / workspace.snapshot(batch), wd, wd)
    files = TaskFiles(batch / "runs" / runid, task)
    read, made = file_entries(files.wd, list(inputs)), file_entries(files.wd, list(outputs))
    record_of(batch, runid, task).write_sentinel(
        files, inputs=read, outputs=made, metrics=metrics, warnings=warnings, degraded=False
    )


def fail(batch: Path, runid: str, task: str, error: WeppbatchError) -> None:
    """Write a task's failure, after sentinels of the tasks before it."""
    for earlier in TERRAIN[: TERRAIN.index(task)]:
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


def write_inputs(wd: Path, terrain: list[dict[str, Any]], covers: Sequence[tuple[str, str, str]]) -> None:
    """The tables of land use and soils, with columns that the tasks of that name write."""
    ids = [{"topaz_id": row["topaz_id"], "wepp_id": row["wepp_id"]} for row in terrain]
    cover = {
        "canopy_cover": 0.4,
        "interrill_cover": 0.3,
        "rill_cover": 0.3,
        "burn_share": 1.0,
        "dominant_share": 0.9,
    }
    landuse = [
        own
        | cover
        | {"disturbed_class": kind, "label": label, "burn_class": burn, "landuse_key": 1, "landcover_key": 43}
        for own, (kind, label, burn) in zip(ids, covers, strict=True)
    ]
    numbers = ("ki_kg_s_m4", "kr_s_m", "tauc_n_m2", "avke_mm_h", "lkeff_mm_h", "depth_mm")
    soil = {"soil_key": "3-loam", "map_unit": "3", "texture": "loam", "ksatadj": 0, "dominant_share": 0.8}
    soils = [
        own | soil | dict.fromkeys(numbers, 1.0) | {"kslast_mm_h": 0.001 if place == 0 else 0.01}
        for place, own in enumerate(ids)
    ]
    for name, rows in (("landuse", landuse), ("soils", soils)):
        (wd / name).mkdir(exist_ok=True)
        # The order of rows is not the terrain's: tables are joined by their ids.
        pq.write_table(pa.Table.from_pylist(rows[::-1]), wd / name / f"{name}.parquet")


def write_results(wd: Path, terrain: list[dict[str, Any]], times: float) -> None:
    """The tables of WEPP by their real writer."""
    hillslopes = [
        dict.fromkeys(SCHEMAS["hillslopes"].names, None)
        | {key: row[key] for key in ("topaz_id", "wepp_id", "area_m2")}
        | {"soil_loss_t_ha_yr": 0.4 * number * times, "runoff_mm_yr": 30.0 * number * times}
        | {"sediment_yield_t_ha_yr": 0.2 * number * times}
        for number, row in enumerate(terrain, 1)
    ]
    channel = dict.fromkeys(SCHEMAS["channels"].names, None) | {
        "topaz_id": 24,
        "streamflow_mm_yr": 350.0,
        "largest_peak_m3_s": 12.5,
        "sediment_yield_t_yr": 120.0 * times,
    }
    with Tables(wd / "wepp") as tables:
        tables.rows("hillslopes", hillslopes[::-1])
        tables.rows("channels", [channel])


def _write_shapes(path: Path, shapes: list[tuple[int, Any]]) -> None:
    features = [
        {"type": "Feature", "properties": {"topaz_id": topaz_id}, "geometry": mapping(shape)}
        for topaz_id, shape in shapes
    ]
    write_json(path, {"type": "FeatureCollection", "features": features})
