"""Bytes fetched for 50 overlapping windows from tiles behind a URL, with the batch's store and without it.

`python benchmarks/dem_cache.py`: a server on loopback, tiles of SYNTHETIC terrain laid out as GLO-30's are
(a degree, 3,600 x 3,600 cells of float32, blocks of 1,024, deflate). Prints one line a case.
"""

import sys
import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

from weppbatch.crs import transformer
from weppbatch.elevation.catalog import source_of
from weppbatch.terrain.grid import Grid

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
serving = import_module("dem_server").serving

WINDOWS = 50
SIDE_M = 12_000.0  # a watershed of some 70 km2 with its buffer
CRS = "EPSG:32616"


def main() -> None:
    """Make the tiles, bring every window twice, and say what travelled."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "served")
        folder.mkdir()
        for south in (35, 36):
            _tile(folder / f"n{south}w085.tif", south, -85)
        total = sum(path.stat().st_size for path in folder.iterdir())
        print(f"tiles on the server: 2, {total / 1e6:.1f} MB")
        for case in ("with the store", "without"):
            with serving(folder) as server:
                spec = f"{server.url}/{{ns}}{{lat:02d}}{{ew}}{{lon:03d}}.tif#arcsec=1&requests_per_s=10000"
                for number, grid in enumerate(_windows()):
                    store = Path(name, case, "" if case == "with the store" else str(number))
                    source_of(spec, folder, store, 1 << 30).bring(grid, lambda _: None)
                asked = sum(server.requests.values())
                print(f"{WINDOWS} windows {case}: {server.bytes / 1e6:.1f} MB in {asked} requests")


def _tile(path: Path, south: int, west: int) -> None:
    size = 3600
    y, x = np.mgrid[0:size, 0:size] / size
    rough = np.random.default_rng(south).normal(0.0, 1.0, (size, size))
    heights = (500 + 300 * np.sin(9 * x) * np.cos(7 * y) + rough).astype("float32")
    profile = {"driver": "GTiff", "width": size, "height": size, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    tiled = {"tiled": True, "blockxsize": 1024, "blockysize": 1024, "compress": "deflate", "predictor": 3}
    place = {"transform": from_origin(west, south + 1, 1 / size, 1 / size)}
    with rasterio.open(path, "w", **profile, **tiled, **place) as target:
        target.write(heights, 1)


def _windows() -> list[Grid]:
    chance = np.random.default_rng(1)
    x, y = transformer("EPSG:4326", CRS).transform(-84.5, 36.0)
    corners = chance.uniform(-15_000, 15_000, (WINDOWS, 2)) + np.array([x, y])
    return [Grid.around((a, b, a + SIDE_M, b + SIDE_M), CRS, 30.0, 0.0) for a, b in corners]


if __name__ == "__main__":
    main()
