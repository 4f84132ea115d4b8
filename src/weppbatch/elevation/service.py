"""Elevations from services that are asked for a box in degrees: OpenTopography's globaldem, USGS 3DEP.

Windows are cut into boxes on a fixed grid of degrees, so that those of neighbouring watersheds are fetched once.
"""

import math
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from urllib.parse import urlencode

import rasterio
from rasterio.errors import RasterioError
from rasterio.merge import merge

from weppbatch.elevation.cache import Cache, Piece
from weppbatch.elevation.http import Client, Missing, NotARaster
from weppbatch.elevation.mosaic import mosaic
from weppbatch.elevation.place import cell_m, lonlat
from weppbatch.elevation.source import Bounds, Brought, Log, NotCovered, Traffic, WindowTooLarge
from weppbatch.errors import ConfigError, NetworkError
from weppbatch.files import replacing
from weppbatch.terrain.grid import Grid, is_whole

BOX_DEG = 0.25
MARGIN_ARCSEC = 4.0
KEY = "OPENTOPOGRAPHY_API_KEY"
GLOBALDEM = "https://portal.opentopography.org/API/globaldem"
GLOBALDEM_URL = "WEPPBATCH_OPENTOPOGRAPHY_URL"

Ask = Callable[[Bounds, Path], None]


class NoKey(ConfigError):
    """A service wants a key that the environment does not hold."""


class NoLibrary(ConfigError):
    """A source needs a library that is not installed."""


@dataclass
class BoxService:
    """A service that gives a GeoTIFF for a box (`ask`: west, south, east, north, and where to write)."""

    spec: str
    product: str
    cache: Cache
    ask: Ask
    arcsec: float
    max_bytes: int = 1 << 30
    traffic: Traffic = field(default_factory=Traffic)
    start: str = ""

    def bring(self, grid: Grid, log: Log) -> Brought:
        """Fetch the boxes that the window touches and are not in the cache yet."""
        started = monotonic()
        boxes = self._boxes(lonlat(grid))
        total = len(boxes) * int((BOX_DEG * 3600 / self.arcsec) ** 2) * 4
        if total > self.max_bytes:
            raise WindowTooLarge(
                f"the window needs {total / 1e6:,.0f} MB of {self.product}, "
                f"and {self.max_bytes / 1e6:,.0f} are allowed",
                hint="raise ron.max_window_mb, or use a coarser source",
            )
        pieces, absent = [], []
        for name, bounds in boxes.items():
            if self.cache.is_absent(name, self.start):
                absent.append(name)
                continue
            try:
                pieces.append(self._piece(name, bounds, log))
            except Missing:
                self.cache.note_absent(name, self.start)
                absent.append(name)
        if not pieces:
            raise NotCovered(
                f"{self.product} has nothing where the watershed is",
                hint="list another source behind it: weppbatch add NAME dem FIRST --then SECOND",
            )
        self.traffic.wall_s += monotonic() - started
        about = {
            "tiles": sorted(set(boxes) - set(absent)),
            "absent_tiles": absent,
            "fetched_at": max(str(piece.note["fetched_at"]) for piece in pieces),
        }
        return Brought(mosaic([piece.path for piece in pieces], self.cache.folder), about)

    def resolution_m(self, grid: Grid) -> float | None:
        """The nominal cell."""
        return cell_m("EPSG:4326", (self.arcsec / 3600.0,) * 2, grid)

    def _boxes(self, bounds: Bounds) -> dict[str, Bounds]:
        margin = MARGIN_ARCSEC * self.arcsec / 3600.0
        west, south, east, north = bounds
        boxes = {}
        for row in range(math.floor((south - margin) / BOX_DEG), math.ceil((north + margin) / BOX_DEG)):
            for col in range(math.floor((west - margin) / BOX_DEG), math.ceil((east + margin) / BOX_DEG)):
                x, y = col * BOX_DEG, row * BOX_DEG
                name = f"box{'ns'[y < 0]}{abs(y):05.2f}{'ew'[x < 0]}{abs(x):06.2f}".replace(".", "p")
                # a little wider, so that boxes meet whichever way the service rounds
                boxes[name] = (x - margin, y - margin, x + BOX_DEG + margin, y + BOX_DEG + margin)
        return boxes

    def _piece(self, name: str, bounds: Bounds, log: Log) -> Piece:
        found = self.cache.find(name)
        if found is not None:
            return found
        with self.cache.fetching(name):
            found = self.cache.find(name)
            if found is not None:
                return found
            log(f"fetching {name} of {self.product}")
            with replacing(self.cache.path(name)) as temporary:
                self.ask(bounds, temporary)
                _check(temporary, bounds, self.product)
            self.traffic.pieces += 1
            return self.cache.seal(name, {"product": self.product, "bounds": list(bounds)})


def _check(path: Path, bounds: Bounds, product: str) -> None:
    """Raise NotARaster unless the file is a whole raster that meets the box."""
    try:
        with rasterio.open(path) as raster:
            raster.checksum(1)
            west, south, east, north = bounds
            near = raster.crs is not None and raster.crs.is_geographic
            left, bottom, right, top = raster.bounds
            meets = left < east and right > west and bottom < north and top > south
    except RasterioError as error:
        raise NotARaster(f"{product} sent a damaged raster: {error}", hint="run it again") from error
    if not (near and meets and is_whole(path)):
        raise NotARaster(f"{product} sent a raster of another place than was asked for")


def opentopography(dataset: str, client: Client, limit_bytes: int) -> Ask:
    """OpenTopography's globaldem API. Raises NoKey when the environment has no key."""

    def ask(bounds: Bounds, target: Path) -> None:
        key = os.environ.get(KEY, "")
        if not key:
            raise NoKey(
                f"OpenTopography wants a key, and {KEY} is not set", hint=f"export {KEY}=... before you run"
            )
        west, south, east, north = (f"{value:.6f}" for value in bounds)
        query = {"demtype": dataset, "west": west, "south": south, "east": east, "north": north}
        address = os.environ.get(GLOBALDEM_URL, GLOBALDEM)
        body = client.whole(
            f"{address}?{urlencode(query | {'outputFormat': 'GTiff', 'API_Key': key})}", limit_bytes
        )
        target.write_bytes(body)

    return ask


def seamless_3dep(resolution_m: int) -> Ask:
    """USGS 3DEP by the library seamless-3dep (its static mosaics of 10, 30 and 60 m)."""

    def ask(bounds: Bounds, target: Path) -> None:
        try:
            import seamless_3dep
        except ImportError as error:
            raise NoLibrary(
                "3dep-service:// needs the library seamless-3dep", hint="pip install 'weppbatch[dem]'"
            ) from error
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".3dep-") as folder:
            try:
                parts = seamless_3dep.get_dem(bounds, folder, resolution_m)
                _merged(parts, target)
            except ValueError as error:
                raise Missing(f"3DEP has nothing there: {error}") from error
            except (RasterioError, RuntimeError, OSError) as error:
                raise NetworkError(f"3DEP did not answer as it should: {error}") from error

    return ask


def _merged(parts: list[Path], target: Path) -> None:
    cells, transform = merge(parts)
    with rasterio.open(parts[0]) as first:
        profile = first.profile | {"width": cells.shape[2], "height": cells.shape[1], "transform": transform}
    with rasterio.open(target, "w", **(profile | {"driver": "GTiff", "compress": "deflate"})) as merged:
        merged.write(cells)
