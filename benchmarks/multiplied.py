"""A finished batch made larger: each of its runs many times, moved to a place of its own on the map.

In: a batch whose runs are done. Out: another one of as many runs as wanted, complete as the ledger judges it; large
files are hard links to those of the first. For benchmarks of what reads results; nothing is computed.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from weppbatch.batch.geojson import register
from weppbatch.batch.ledger import fold
from weppbatch.batch.plan import Plan
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.validation import validate
from weppbatch.files import read_json, sha256_of_file, write_json
from weppbatch.nodb import workspace
from weppbatch.tasks.features import RUN_FEATURES

STATE = ("_base", "resources", "batch_runner.nodb")
MOVED = ("subcatchments.geojson", "channels.geojson", "outlet.geojson", "basin.geojson")
STEP_DEG = 0.45  # the demo's watersheds lie within a square of this side
ACROSS = 10  # such squares side by side
WHERE = ("features", "geometry", "geometries", "coordinates")


def multiplied(source: Path, runs: int, target: Path) -> Path:
    """Make a batch of so many runs in a new folder out of a finished one; returns the folder."""
    target.mkdir(parents=True)
    for name in STATE:
        copy = shutil.copytree if (source / name).is_dir() else shutil.copy2
        copy(source / name, target / name)
    lines = (source / RUN_FEATURES).read_text(encoding="utf-8").splitlines()
    features = {str(feature["runid"]): feature for feature in map(json.loads, lines)}
    done = sorted(path.name for path in (source / "runs").iterdir() if path.name in features)
    copies = {f"{done[place % len(done)]}-{place // len(done)}": place for place in range(runs)}
    path = target.parent / f"{target.name}.geojson"
    collection = [
        {
            "type": "Feature",
            "properties": features[done[place % len(done)]]["properties"] | {"copy": runid},
            "geometry": moved(features[done[place % len(done)]]["geometry"], place // len(done)),
        }
        for runid, place in copies.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": collection}), encoding="utf-8")
    register(BatchRunner.getInstance(target), path, "benchmark")
    validate(BatchRunner.getInstance(target), "{properties['copy']}")
    snapshot = target / workspace.SNAPSHOTS / workspace.snapshot(target)
    plan = Plan(target)
    for runid, place in copies.items():
        _copy_run(plan, snapshot, source / "runs" / done[place % len(done)], runid, place // len(done))
    fold(target)
    return target


def moved(value: Any, times: int) -> Any:
    """GeoJSON, or coordinates, as many steps away; other members as they are."""
    if isinstance(value, dict):
        return {name: moved(part, times) if name in WHERE else part for name, part in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], int | float):
        x, y, *rest = value
        return [round(x + STEP_DEG * (times % ACROSS), 7), round(y + STEP_DEG * (times // ACROSS), 7), *rest]
    return [moved(part, times) for part in value] if isinstance(value, list) else value


def _copy_run(plan: Plan, snapshot: Path, run: Path, runid: str, times: int) -> None:
    """One run: links, its own controls, moved shapes, and records that tell of all that."""
    wd = plan.folder / "runs" / runid
    shutil.copytree(run, wd, copy_function=os.link, ignore=shutil.ignore_patterns("*.nodb", "*.lock", ".tasks"))
    changed = {path.name: path for path in workspace.clone(snapshot, wd, wd)}
    for name in MOVED:
        if (run / "watershed" / name).exists():
            content = moved(read_json(run / "watershed" / name), times)
            (wd / "watershed" / name).unlink()
            (wd / "watershed" / name).write_text(json.dumps(content), encoding="utf-8")
            changed[f"watershed/{name}"] = wd / "watershed" / name
    known = {name: {"bytes": path.stat().st_size, "sha256": sha256_of_file(path)} for name, path in changed.items()}
    for path in sorted((run / ".tasks").glob("*.json"), key=lambda path: path.stat().st_mtime_ns):
        record = read_json(path) | {"runid": runid}
        for entry in (*record["inputs"], *record["outputs"]):
            entry.update(known.get(entry["path"], {}))
        if path.stem == "extent":
            record["config_sha256"] = plan.digest("extent", runid)
        if path.stem == "outlet":
            _move_outlet(record["metrics"], times)
        write_json(wd / ".tasks" / path.name, record)


def _move_outlet(metrics: dict[str, Any], times: int) -> None:
    longitude_deg, latitude_deg = moved([metrics["longitude_deg"], metrics["latitude_deg"]], times)
    metrics |= {"longitude_deg": longitude_deg, "latitude_deg": latitude_deg}
