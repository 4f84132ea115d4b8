"""Elevations on this machine: a raster, a mosaic (VRT), or a folder of tiles."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import rasterio
from pyproj import CRS
from rasterio.errors import RasterioError
from rasterio.warp import transform_bounds

from weppbatch.elevation.mosaic import describe, mosaic, same_grid
from weppbatch.elevation.place import cell_m
from weppbatch.elevation.source import Bounds, Brought, Log, NotCovered, Traffic
from weppbatch.errors import InputError
from weppbatch.terrain.grid import Grid

SUFFIXES = (".tif", ".tiff", ".img", ".hgt", ".vrt", ".asc", ".dem", ".bil")


class UnusableFolder(InputError):
    """A folder of tiles without usable tiles."""


@dataclass
class LocalRaster:
    """A raster or mosaic that GDAL opens where it lies."""

    spec: str
    path: Path
    product: str = "local raster"
    traffic: Traffic = field(default_factory=Traffic)

    def bring(self, grid: Grid, log: Log) -> Brought:
        """The file itself; whether it covers the window is seen when it is read."""
        return Brought(self.path, {})

    def resolution_m(self, grid: Grid) -> float | None:
        """The side of its cells; None when it can't be opened."""
        try:
            with rasterio.open(self.path) as raster:
                return cell_m(raster.crs, raster.res, grid) if raster.crs else None
        except RasterioError:
            return None


@dataclass
class TileFolder:
    """A folder of rasters that lie side by side; `store` is where mosaics of them are written."""

    spec: str
    folder: Path
    store: Path
    product: str = "folder of tiles"
    traffic: Traffic = field(default_factory=Traffic)

    def bring(self, grid: Grid, log: Log) -> Brought:
        """A mosaic of the tiles that meet the window. Raises NotCovered, UnusableFolder."""
        found = [tile for tile in _tiles(self.folder, _stamp(self.folder)) if _meets(tile, grid)]
        if not found:
            raise NotCovered(
                f"no tile in {self.folder} lies where the watershed is", hint="add the tiles that cover it"
            )
        differing = [tile for tile in found if not same_grid(found[0], tile)]
        if differing:
            raise UnusableFolder(
                f"{differing[0]['path']} and {found[0]['path']} differ in system or cell size",
                hint="put tiles of one kind in a folder, and list the folders in order of preference",
            )
        paths = [Path(tile["path"]) for tile in found]
        return Brought(mosaic(paths, self.store), {"tiles": [path.name for path in paths]})

    def resolution_m(self, grid: Grid) -> float | None:
        """The side of its first tile's cells; None for an empty folder."""
        tiles = _tiles(self.folder, _stamp(self.folder))
        return cell_m(tiles[0]["crs"], (tiles[0]["transform"].a, -tiles[0]["transform"].e), grid) if tiles else None


def extents(path: Path) -> tuple[CRS, float, list[Bounds]]:
    """System, western edge and bounds of a raster, or of the tiles of a folder that share the first one's system.

    Raises UnusableFolder.
    """
    if path.is_dir():
        tiles = _tiles(path, _stamp(path))
    else:
        try:
            tiles = [describe(path)]
        except (RasterioError, AttributeError) as error:
            raise UnusableFolder(
                f"the elevation source {path} can't be used: {error}", hint="check it with gdalinfo"
            ) from error
    boxes = [tuple(tile["bounds"]) for tile in tiles if tile["crs"] == tiles[0]["crs"]]
    return CRS.from_wkt(tiles[0]["crs"]), min(box[0] for box in boxes), boxes


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    if not folder.is_dir():
        raise UnusableFolder(f"the elevation source {folder} is not there", hint="correct the setting ron.dem")
    members = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    return tuple((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in members)


@lru_cache(maxsize=8)
def _tiles(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> list[dict[str, Any]]:
    """Where each tile lies. Raises UnusableFolder naming one that can't be read or has no system."""
    tiles = []
    for name, _, _ in stamp:
        try:
            tiles.append(describe(folder / name))
        except (RasterioError, AttributeError) as error:
            raise UnusableFolder(
                f"the tile {folder / name} can't be used: {error}", hint="check it with gdalinfo, or take it out"
            ) from error
    if not tiles:
        raise UnusableFolder(f"{folder} holds no rasters ({', '.join(SUFFIXES)})")
    return tiles


def _meets(tile: dict[str, Any], grid: Grid) -> bool:
    west, south, east, north = transform_bounds(grid.crs, tile["crs"], *grid.bounds_m)
    left, bottom, right, top = tile["bounds"]
    margin = 4 * tile["transform"].a
    return bool(left < east + margin and right > west - margin and bottom < north + margin and top > south - margin)
