"""How much of two cores a start puts to use: `python benchmarks/efficiency.py [--years N] [--cores N] [--json]`.

Eight watersheds of the demo, each twice, with the demo's maps and enough years of weather that the tasks take
minutes. Efficiency is the CPU time of all tasks, their children's included, over cores x wall time, from the first
task's start to the last one's end. Measured twice: largest watershed first, as every start does it, and in the
order of the file (for that, the batch's state is made to say that all have the same area).
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import mapping, shape

from scale import called, read_time, sentinels
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.demo import STATION
from weppbatch.files import replacing, shipped
from weppbatch.terrain.sample import write_sample_dem
from weppbatch.terrain.synthetic import write_synthetic_maps

WATERSHEDS = 8
NUDGE_DEG = 2e-5  # a watershed's second copy lies 2 m aside
LEAST_CPU_S = 300.0


@dataclass(frozen=True)
class Used:
    """What the tasks of one start used, and how long they took together."""

    cpu_s: float
    wall_s: float

    def efficiency(self, cores: int) -> float:
        """The share of the cores' time that tasks used."""
        return self.cpu_s / (cores * self.wall_s)


def main() -> None:
    options = argparse.ArgumentParser(description="How much of two cores a start puts to use.")
    options.add_argument("--years", type=int, default=140, help="years of weather")
    options.add_argument("--cores", type=int, default=2)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="efficiency-") as name:
        root = Path(name)
        os.environ["WEPPBATCH_ROOT"] = str(root / "batches")
        prepare(root, "warm-up", 1, years=2)  # compiled kernels are kept on the disk
        called("run", "warm-up")
        largest_first = measure(root, "largest-first", given.years, given.cores)
        file_order = measure(root, "file-order", given.years, given.cores, same_area=True)
    if given.json:
        figures = {"efficiency": largest_first, "file_order_efficiency": file_order}
        print(json.dumps({name: round(used.efficiency(given.cores), 3) for name, used in figures.items()}))
        return
    print(f"{2 * WATERSHEDS} watersheds, {given.years} years, {given.cores} cores:")
    for words, used in (("largest first", largest_first), ("file order", file_order)):
        print(f"  {words:14} {used.cpu_s:6.0f} CPU s in {used.wall_s:6.0f} s: {used.efficiency(given.cores):.3f}")


def measure(root: Path, name: str, years: int, cores: int, *, same_area: bool = False) -> Used:
    """Run a batch of its own, and sum up its tasks."""
    batch = prepare(root, name, WATERSHEDS, years=years)
    if same_area:
        with BatchRunner.getInstance(batch).locked() as runner:
            for entry in runner.template_validation["runs"]:
                entry["area_m2"] = 1e7
    called("run", name, "--cores", str(cores))
    records = list(sentinels(batch))
    first = min(read_time(record["started_at"]) for record in records)
    last = max(read_time(record["finished_at"]) for record in records)
    used = Used(sum(record["cpu_s"] for record in records), (last - first).total_seconds())
    if used.cpu_s < LEAST_CPU_S:
        print(f"the tasks took {used.cpu_s:.0f} CPU seconds, few to judge by: raise --years", file=sys.stderr)
    return used


def prepare(root: Path, name: str, watersheds: int, *, years: int) -> Path:
    """A batch of so many watersheds of the demo, each twice, ready to run."""
    batch = root / "batches" / name
    called("create", name)
    terrain = batch / "resources" / "dem" / "srtm-cumberland.tif"
    with replacing(terrain) as temporary:
        write_sample_dem(temporary)
    called("add", name, "dem", str(terrain))
    maps = write_synthetic_maps(terrain, batch / "resources" / "synthetic")
    called(
        *("set", name, f"landuse.landcover={maps.landcover}", f"disturbed.sbs_map={maps.burn_severity}"),
        *(f"soils.soil_map={maps.soil}", f"soils.soil_table={maps.soil_table}"),
        *("climate.station_selection=user", f"climate.station_id={STATION}", f"climate.years={years}"),
    )
    path = root / f"{name}.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(twice(watersheds))}))
    called("add", name, "watersheds", str(path))
    called("validate", name, "--template", "{zfill(one_based_index, 2)}-{slug(properties['HucName'])}")
    return batch


def twice(watersheds: int) -> Iterator[dict[str, Any]]:
    """The first watersheds of the demo, then the same again a little aside."""
    collection = json.loads((shipped("config") / "demo" / "watersheds.geojson").read_text())
    usable = [feature for feature in collection["features"] if feature["properties"].get("area_km2")]
    for copy in range(2):
        for feature in usable[:watersheds]:
            moved = shapely.affinity.translate(shape(feature["geometry"]), copy * NUDGE_DEG)
            yield {"type": "Feature", "properties": feature["properties"], "geometry": mapping(moved)}


if __name__ == "__main__":
    main()
