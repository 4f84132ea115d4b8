"""Elevations behind a URL: a cloud-optimised GeoTIFF, or a template of such tiles. Only the window travels.

A tile is fetched in pieces of its own cells, aligned to its blocks, so that windows that overlap share them. What
is fetched is kept in the cache and served from there without asking again.
"""

import math
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import rasterio
from rasterio.transform import Affine
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from weppbatch.elevation.cache import Cache, Piece, slug
from weppbatch.elevation.http import Client, Missing, shown
from weppbatch.elevation.mosaic import mosaic
from weppbatch.elevation.place import cell_m, lonlat
from weppbatch.elevation.ranged import DamagedTile, RemoteRaster
from weppbatch.elevation.source import Brought, Log, NotCovered, Traffic, WindowTooLarge
from weppbatch.errors import ConfigError
from weppbatch.files import replacing, sha256_of_json
from weppbatch.terrain.grid import Grid

PIECE_CELLS = 512
MARGIN_CELLS = 4
PLACEHOLDERS = ("ns", "NS", "ew", "EW", "lat", "lon", "ns_top", "NS_top", "top")


class BadTemplate(ConfigError):
    """A template of tiles that can't be filled in."""


@dataclass
class RemoteTiles:
    """Tiles of `tile_deg` degrees whose addresses `template` gives, or the one raster at an address.

    What the server has not is asked for once within a `start`.
    """

    spec: str
    template: str
    cache: Cache
    client: Client
    product: str = "raster behind a URL"
    tile_deg: float = 1.0
    nominal_arcsec: float | None = None
    max_bytes: int = 1 << 30
    start: str = ""
    traffic: Traffic = field(init=False)

    def __post_init__(self) -> None:
        self.traffic = self.client.traffic
        names = [name for _, name, _, _ in string.Formatter().parse(self.template) if name is not None]
        unknown = sorted(set(names) - set(PLACEHOLDERS))
        if unknown:
            raise BadTemplate(
                f"{self.spec} has the placeholder {{{unknown[0]}}}", hint=f"there are {', '.join(PLACEHOLDERS)}"
            )
        self.templated = bool(names)

    def bring(self, grid: Grid, log: Log) -> Brought:
        """Fetch the pieces that the window touches and are not in the cache yet."""
        started = monotonic()
        wanted, absent = self._wanted(grid)
        pieces = [piece for tile, url, names in wanted for piece in self._pieces(tile, url, names, log)]
        if not pieces:
            raise NotCovered(
                f"{self.product} has no tile where the watershed is ({', '.join(absent[:4])})",
                hint="list another source behind it: weppbatch add NAME dem FIRST --then SECOND",
            )
        self.traffic.wall_s += monotonic() - started
        path = mosaic([piece.path for piece in pieces], self.cache.folder)
        about = {
            "tiles": [tile for tile, _, _ in wanted],
            "absent_tiles": absent,
            "urls": [shown(url) for _, url, _ in wanted],
            "fetched_at": sorted({str(piece.note["fetched_at"]) for piece in pieces})[-1],
        }
        return Brought(path, about)

    def resolution_m(self, grid: Grid) -> float | None:
        """The nominal cell, or that of a tile already fetched."""
        if self.nominal_arcsec is not None:
            degrees = self.nominal_arcsec / 3600.0
            return cell_m("EPSG:4326", (degrees, degrees), grid)
        header = next(
            (found for tile, _ in self._addresses(lonlat(grid)) if (found := self.cache.header_of(tile))), None
        )
        return (
            None
            if header is None
            else cell_m(header["crs"], (header["transform"][0], -header["transform"][4]), grid)
        )

    def _wanted(self, grid: Grid) -> tuple[list[tuple[str, str, dict[str, Window]]], list[str]]:
        """Tiles with their pieces by name, and the tiles that the server has not; sizes are checked by then."""
        bounds = lonlat(grid)
        wanted, absent, total = [], [], 0
        for tile, url in self._addresses(bounds):
            header = self.cache.header_of(tile) or self._asked_once(tile, url)
            if header is None:
                absent.append(tile)
                continue
            parts = dict(_parts(tile, header, grid))
            total += sum(part.width * part.height for part in parts.values()) * header["itemsize"]
            if parts:
                wanted.append((tile, url, parts))
        if total > self.max_bytes:
            raise WindowTooLarge(
                f"the window needs {total / 1e6:,.0f} MB of {self.product}; "
                f"{self.max_bytes / 1e6:,.0f} are allowed",
                hint="raise ron.max_window_mb, or use a coarser source",
            )
        return wanted, absent

    def _addresses(self, bounds: tuple[float, float, float, float]) -> list[tuple[str, str]]:
        """Name and address of each tile that meets the bounds in degrees."""
        if not self.templated:
            return [(_tile_name(self.template), self.template)]
        size = self.tile_deg
        margin = MARGIN_CELLS * (self.nominal_arcsec or 1.0) / 3600.0
        west, south, east, north = bounds
        found = []
        for row in range(math.floor((south - margin) / size), math.ceil((north + margin) / size)):
            for col in range(math.floor((west - margin) / size), math.ceil((east + margin) / size)):
                url = self._filled(row * size, col * size)
                found.append((_tile_name(url), url))
        return found

    def _filled(self, south: float, west: float) -> str:
        north = south + self.tile_deg

        def whole(value: float) -> Any:
            return abs(int(value)) if value == int(value) else abs(value)

        values = {
            "ns": "s" if south < 0 else "n",
            "ew": "w" if west < 0 else "e",
            "ns_top": "s" if north < 0 else "n",
            "lat": whole(south),
            "lon": whole(west),
            "top": whole(north),
        }
        values |= {"NS": values["ns"].upper(), "EW": values["ew"].upper(), "NS_top": values["ns_top"].upper()}
        try:
            return self.template.format(**values)
        except (ValueError, KeyError, IndexError) as error:
            raise BadTemplate(f"{self.spec} can't be filled in: {error}", hint="such as {lat:02d}") from error

    def addresses(self, grid: Grid) -> list[tuple[str, str]]:
        """Name and address of each tile that a window meets."""
        return self._addresses(lonlat(grid))

    def _asked_once(self, tile: str, url: str) -> dict[str, Any] | None:
        """A tile's grid, or None when the server has no such tile, or had none when this start asked before."""
        if self.cache.is_absent(tile, self.start):
            return None
        try:
            return self._header(url)
        except Missing:
            self.cache.note_absent(tile, self.start)
            return None

    def _header(self, url: str) -> dict[str, Any]:
        """A tile's grid, from its first bytes."""
        with RemoteRaster(self.client, url) as raster:
            if raster.crs is None or raster.transform.b or raster.transform.d:
                raise DamagedTile(f"{shown(url)} has no coordinate reference system, or is rotated")
            high, wide = raster.block_shapes[0]
            return {
                "crs": raster.crs.to_wkt(),
                "transform": list(raster.transform)[:6],
                "size": [raster.width, raster.height],
                "itemsize": np.dtype(raster.dtypes[0]).itemsize,
                "piece": [_piece(wide, raster.width), _piece(high, raster.height)],
            }

    def _pieces(self, tile: str, url: str, parts: dict[str, Window], log: Log) -> list[Piece]:
        """The pieces of a tile: from the cache, or fetched while the tile's lock is held."""
        found = {name: self.cache.find(name) for name in parts}
        if not all(found.values()):
            with self.cache.fetching(tile):
                found = {name: self.cache.find(name) for name in parts}
                lacking = {name: parts[name] for name, piece in found.items() if piece is None}
                if lacking:
                    log(f"fetching {len(lacking)} pieces of {shown(url)}")
                    found |= self._fetch(url, lacking)
        return [piece for piece in found.values() if piece is not None]

    def _fetch(self, url: str, parts: dict[str, Window]) -> dict[str, Piece | None]:
        header = self._header(url)
        fetched: dict[str, Piece | None] = {}
        remote = RemoteRaster(self.client, url)
        with remote as raster:
            for name, window in parts.items():
                cells = raster.read(1, window=window)
                with replacing(self.cache.path(name)) as temporary:
                    profile = {
                        "driver": "GTiff",
                        "width": window.width,
                        "height": window.height,
                        "count": 1,
                        "dtype": raster.dtypes[0],
                        "crs": raster.crs,
                        "transform": raster.window_transform(window),
                        "nodata": raster.nodata,
                        "compress": "deflate",
                    }
                    with rasterio.open(temporary, "w", **profile) as target:
                        target.write(cells, 1)
                        target.scales, target.offsets = raster.scales[:1], raster.offsets[:1]
                        if raster.units[0]:
                            target.units = raster.units[:1]
                        target.update_tags(SOURCE=f"{self.product}, {shown(url)}")
                about = {"url": shown(url), "product": self.product, "header": header}
                fetched[name] = self.cache.seal(name, about | {"version": remote.version.to_json()})
                self.traffic.pieces += 1
        return fetched


def _parts(tile: str, header: dict[str, Any], grid: Grid) -> Iterator[tuple[str, Window]]:
    """The pieces of a tile that a window touches, by name."""
    transform = Affine(*header["transform"])
    width, height = header["size"]
    across, down = header["piece"]
    west, south, east, north = transform_bounds(grid.crs, header["crs"], *grid.bounds_m)
    left, top = ~transform @ (west, north)
    right, bottom = ~transform @ (east, south)
    first_col, last_col = max(math.floor(left) - MARGIN_CELLS, 0), min(math.ceil(right) + MARGIN_CELLS, width)
    first_row, last_row = max(math.floor(top) - MARGIN_CELLS, 0), min(math.ceil(bottom) + MARGIN_CELLS, height)
    if first_col >= last_col or first_row >= last_row:
        return
    for row in range(first_row // down, (last_row - 1) // down + 1):
        for col in range(first_col // across, (last_col - 1) // across + 1):
            x, y = col * across, row * down
            yield f"{tile}_{row}_{col}", Window(x, y, min(across, width - x), min(down, height - y))


def _piece(block: int, length: int) -> int:
    """The side of a piece: whole blocks, about PIECE_CELLS."""
    return min(length, block * max(round(PIECE_CELLS / block), 1))


def _tile_name(url: str) -> str:
    return f"{slug(Path(urlsplit(url).path).stem)[:60]}-{sha256_of_json(url)[:8]}"
