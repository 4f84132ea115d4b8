"""How well the basin of an outlet given as a point fits the truth: `python benchmarks/points.py [--json]`.

Points lie at known outlets (benchmarks/imperfect.py: another conditioning, cells of 20 m), moved by 0, 50 and 100 m
in a random direction. Prints how far they were moved back, the overlap (IoU) of their basin with the true one, and
the flags.
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
from shapely.geometry import Point

from imperfect import Kind, KnownBasin, known_basins, true_terrain
from weppbatch.errors import DataError
from weppbatch.terrain.grid import Grid, read_raster, write_raster
from weppbatch.terrain.outlet import OutletOptions
from weppbatch.terrain.point_window import Wanted, prepare_dem_at
from weppbatch.terrain.requested import cells_polygon
from weppbatch.terrain.requested_outlet import determine_outlet_at
from weppbatch.terrain.sample import write_sample_dem
from weppbatch.terrain.sources import DemOptions

CRS = "EPSG:32616"
CELL_M, FIRST_M, BUFFER_M = 30.0, 5000.0, 1000.0
LEAST_M2, MOST_M2 = 3e6, 55e6
GOOD_IOU = 0.75
ERRORS_M = (0.0, 50.0, 100.0)
KINDS: tuple[Kind, ...] = ("confluence", "channel")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=20, help="outlets of each kind (20)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = list(measured(Path(folder), options.each, options.seed))
    figures = {f"{error_m:g} m, {kind}": summary(rows, error_m, kind) for error_m, kind in product(ERRORS_M, KINDS)}
    if options.json:
        print(json.dumps({"summary": figures, "points": rows}, indent=2))
        return
    for name, found in figures.items():
        print(f"{name}: " + ", ".join(f"{key} {value:g}" for key, value in found.items()))


def measured(folder: Path, each: int, seed: int) -> Iterable[dict[str, Any]]:
    """One row a point."""
    source = folder / "sample.tif"
    write_sample_dem(source)
    terrain = true_terrain(source, CRS, folder)
    for kind in KINDS:
        rng = np.random.default_rng(seed)
        basins = known_basins(terrain, kind, rng, LEAST_M2, MOST_M2)
        for _, basin in zip(range(each), basins, strict=False):
            for error_m in ERRORS_M:
                angle = rng.uniform(0, 2 * math.pi)
                point = Point(basin.x_m + error_m * math.cos(angle), basin.y_m + error_m * math.sin(angle))
                home = folder / "home"
                home.mkdir()
                yield {"kind": kind, "error_m": error_m} | found_at(source, basin, point, home)
                shutil.rmtree(home)


def found_at(source: Path, basin: KnownBasin, point: Point, home: Path) -> dict[str, Any]:
    """The product's answer for one point beside the truth."""
    row: dict[str, Any] = {"area_km2": basin.polygon.area / 1e6, "flags": [], "error": None}
    start = perf_counter()
    try:
        grid = Grid.around(point.bounds, CRS, CELL_M, FIRST_M)
        wanted = Wanted(point, DemOptions(), OutletOptions(), BUFFER_M, lambda _: source, lambda _: None)
        elevation_m, grid, about = prepare_dem_at(grid, wanted)
        write_raster(home / "dem.tif", elevation_m, grid)
        outlet = determine_outlet_at(home / "dem.tif", point, home / "watershed", OutletOptions())
    except DataError as error:
        return row | {"error": error.message, "seconds": perf_counter() - start}
    shape = cells_polygon(read_raster(home / "watershed" / "bound.tif") > 0, grid)
    return row | {
        "iou": shape.intersection(basin.polygon).area / shape.union(basin.polygon).area,
        "moved_m": outlet.moved_m,
        "flags": outlet.flags,
        "others": [round(other["iou"], 3) for other in outlet.candidates],
        "notes": about["notes"],
        "seconds": perf_counter() - start,
    }


def summary(rows: list[dict[str, Any]], error_m: float, kind: Kind) -> dict[str, float]:
    """The figures of one size of error and one kind of outlet; shares are of all points."""
    rows = [row for row in rows if row["error_m"] == error_m and row["kind"] == kind]
    found = [row for row in rows if row["error"] is None]
    good = [row for row in found if row["iou"] >= GOOD_IOU]
    doubted = [row for row in rows if row["flags"] or row["error"]]
    figures = {
        "points": len(rows),
        "good": len(good) / len(rows),
        "flagged_or_refused": len(doubted) / len(rows),
        "good_or_flagged": sum(row in good or row in doubted for row in rows) / len(rows),
        "moved_median_m": median(row["moved_m"] for row in found),
        "moved_max_m": max(row["moved_m"] for row in found),
        "iou_median": median(row["iou"] for row in found),
        "seconds_median": median(row["seconds"] for row in rows),
    }
    return {name: round(float(value), 3) for name, value in figures.items()}


if __name__ == "__main__":
    main()
