"""How near the outlet step comes to known outlets: `python benchmarks/outlets.py [--json]`.

Prints, a polygon a line and in all, the distance to the true outlet, the overlap of basin and polygon (IoU), and
the flags. The goal: 95 % of the outlets within 250 m or flagged.
"""

import argparse
import json
import math
import shutil
import tempfile
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from imperfect import Kind, KnownBasin, imperfect, known_basins, true_terrain
from weppbatch.errors import DataError
from weppbatch.terrain.grid import Grid, write_raster
from weppbatch.terrain.outlet import OutletOptions, determine_outlet
from weppbatch.terrain.sample import write_sample_dem
from weppbatch.terrain.sources import DemOptions, prepare_dem

CRS = "EPSG:32616"
NEAR_M = 250.0
BUFFER_M = 1000.0
CELL_M = 30.0
LEAST_M2, MOST_M2 = 3e6, 55e6
KINDS: tuple[Kind, ...] = ("confluence", "channel")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=20, help="polygons of each kind in a set (20)")
    parser.add_argument("--sets", type=int, default=4, help="sets, drawn with the seeds 1, 2, ... (4)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(Path(folder), options.each, range(1, options.sets + 1))
    if options.json:
        print(json.dumps({"summary": summary(rows), "polygons": rows}, indent=2))
        return
    for row in rows:
        print(line(row))
    for kind in (*KINDS, None):
        print(
            f"\n{kind or 'all'}:",
            *(f"  {name}: {value:g}" for name, value in summary(rows, kind).items()),
            sep="\n",
        )


def measured(folder: Path, each: int, seeds: Iterable[int]) -> list[dict[str, Any]]:
    """One row a polygon; for every seed `each` above confluences and `each` anywhere on channels."""
    source = folder / "sample.tif"
    write_sample_dem(source)
    terrain = true_terrain(source, CRS, folder)
    rows = []
    for seed, kind in product(seeds, KINDS):
        rng = np.random.default_rng(seed)
        basins = known_basins(terrain, kind, rng, LEAST_M2, MOST_M2)
        for number, basin in zip(range(each), basins, strict=False):
            home = folder / f"{kind}-{seed}-{number}"
            home.mkdir()
            rows.append({"polygon": home.name} | delineated(source, basin, imperfect(basin.polygon, rng), home))
            shutil.rmtree(home)
    return rows


def delineated(source: Path, basin: KnownBasin, polygon: Any, home: Path) -> dict[str, Any]:
    """The outlet step's answer for one polygon beside the truth; the window grows as in the product."""
    row: dict[str, Any] = {"kind": basin.kind, "area_km2": polygon.area / 1e6, "flags": [], "error": None}
    row["polygon_iou"] = polygon.intersection(basin.polygon).area / polygon.union(basin.polygon).area
    start = perf_counter()
    try:
        grid = Grid.around(polygon.bounds, CRS, CELL_M, BUFFER_M)
        elevation_m, grid, _ = prepare_dem(source, polygon, grid, DemOptions())
        write_raster(home / "dem.tif", elevation_m, grid)
        outlet = determine_outlet(home / "dem.tif", polygon, home / "watershed", OutletOptions())
    except DataError as error:  # a refusal is an answer too: nobody takes it for an outlet
        return row | {"error": error.message, "seconds": perf_counter() - start}
    return row | {
        "distance_m": math.hypot(outlet.x_m - basin.x_m, outlet.y_m - basin.y_m),
        "iou": outlet.iou,
        "method": outlet.method,
        "conditioning": outlet.conditioning,
        "flags": outlet.flags,
        "seconds": perf_counter() - start,
    }


def summary(rows: list[dict[str, Any]], kind: Kind | None = None) -> dict[str, float]:
    """The figures over all rows, or those of one kind; shares are of all polygons, 0 to 1."""
    rows = [row for row in rows if kind in (None, row["kind"])]
    found = [row for row in rows if row["error"] is None]
    near = [row for row in found if row["distance_m"] <= NEAR_M]
    doubted = [row for row in rows if row["flags"] or row["error"]]
    either = [row for row in rows if row in near or row in doubted]
    figures = {
        "polygons": len(rows),
        "share_within_250_m": len(near) / len(rows),
        "share_flagged": len(doubted) / len(rows),
        "share_within_or_flagged": len(either) / len(rows),
        "share_refused": 1 - len(found) / len(rows),
        "distance_median_m": median(row["distance_m"] for row in found),
        "iou_median": median(row["iou"] for row in found),
        "iou_min": min(row["iou"] for row in found),
        "iou_of_polygon_and_truth_median": median(row["polygon_iou"] for row in rows),
        "seconds_median": median(row["seconds"] for row in rows),
    }
    return {name: round(float(value), 3) for name, value in figures.items()}


def line(row: dict[str, Any]) -> str:
    """A row as text; '<' marks an outlet that is far off and not flagged."""
    head = f"{row['polygon']:16} {row['area_km2']:5.1f} km2 "
    if row["error"]:
        return f"{head} refused: {row['error']}"
    missed = row["distance_m"] > NEAR_M and not row["flags"]
    return (
        f"{head} {row['distance_m']:5.0f} m  IoU {row['iou']:.3f}  {row['method']:12} {row['conditioning']:18}"
        f"{'<' if missed else ''}{', '.join(row['flags'])}"
    )


if __name__ == "__main__":
    main()
