"""Which value of a map every hillslope has: any raster, in any projection, on the watershed's own grid.

In: the raster of subcatchments and a map. Out: the map's value at each cell of each hillslope (nearest neighbour),
and per hillslope the most frequent class, by exact count, or the mean. What a class means is not known here.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from weppbatch.crs import transformer
from weppbatch.errors import DataError, InputError
from weppbatch.terrain.grid import Grid, grid_of, read_raster
from weppbatch.terrain.provenance import files_read

Values = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CHUNK_CELLS = 1_000_000
MANY_CLASSES = 256


class MapUnreadable(InputError):
    """The map is missing, broken, or no raster."""


class MapWithoutCrs(InputError):
    """The map doesn't say where it lies."""


class MapNotClasses(InputError):
    """A map of classes has values that are not whole numbers."""


class MapMissesWatershed(DataError):
    """The watershed lies outside the map, or hillslopes of it lie where the map has no data."""


@dataclass(frozen=True)
class Zones:
    """The cells of a watershed's hillslopes: `zone` says of each to which of `topaz_ids` (ascending) it belongs."""

    grid: Grid
    topaz_ids: Ints
    zone: Ints
    row: Ints
    col: Ints

    @property
    def cells(self) -> Ints:
        """How many cells each hillslope has."""
        return np.bincount(self.zone, minlength=self.topaz_ids.size)


@dataclass(frozen=True)
class Sampled:
    """A map's value at each cell of `Zones`, NaN where it has none, what it says of itself, and the files read."""

    values: Values
    source: str
    synthetic: bool
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Dominant:
    """Per hillslope, in the order of `Zones.topaz_ids`: the most frequent class (of equally frequent ones the
    lowest; NaN where the map has none), its share of the hillslope's cells, and the share that has any class."""

    value: Values
    share: Values
    known_share: Values


def read_zones(subcatchments: Path, topaz_ids: Sequence[int]) -> Zones:
    """The cells of the hillslopes `topaz_ids` in a raster of TOPAZ ids.

    Raises DataError naming the hillslopes that have no cell.
    """
    ids = np.unique(np.asarray(topaz_ids, dtype=np.int64))
    labels = np.nan_to_num(read_raster(subcatchments)).astype(np.int64)
    row, col = np.nonzero(np.isin(labels, ids))
    zone = np.searchsorted(ids, labels[row, col])
    empty = ids[np.bincount(zone, minlength=ids.size) == 0]
    if empty.size:
        raise DataError(f"{subcatchments} has no cell of the hillslopes {', '.join(map(str, empty[:10]))}")
    return Zones(grid_of(subcatchments), ids, zone, row, col)


def sample(path: Path, zones: Zones, setting: str) -> Sampled:
    """The first band's value under the centre of every cell, without interpolation.

    `setting` names the map in messages. Masked, NaN and infinite cells, and cells outside the map, are NaN.
    Raises MapUnreadable, MapWithoutCrs, or MapMissesWatershed when not one cell lies within the map.
    """
    with opened(path, setting) as raster:
        if raster.crs is None:
            raise MapWithoutCrs(
                f"{path} ({setting}) has no coordinate reference system",
                hint="assign the right one, for instance: gdal_edit.py -a_srs EPSG:4326 FILE",
            )
        row, col = _cells_in(raster, zones)
        inside = (row >= 0) & (row < raster.height) & (col >= 0) & (col < raster.width)
        if not inside.any():
            raise MapMissesWatershed(
                _outside(path, setting, raster, zones), hint=f"give a map that covers it, or correct {setting}"
            )
        top, left = int(row[inside].min()), int(col[inside].min())
        height, width = int(row[inside].max()) - top + 1, int(col[inside].max()) - left + 1
        window = Window(left, top, width, height)
        found = raster.read(1, window=window, masked=True)
        values = np.full(zones.zone.size, np.nan)
        cells = found[row[inside] - top, col[inside] - left]
        values[inside] = np.where(np.ma.getmaskarray(cells), np.nan, cells.data.astype(np.float64))
        tags = raster.tags()
        read = files_read(path, raster, raster.window_bounds(window))
    values[~np.isfinite(values)] = np.nan
    return Sampled(values, tags.get("SOURCE", ""), "SYNTHETIC" in tags, tuple(read))


def dominant(values: Values, zones: Zones) -> Dominant:
    """The most frequent class of each hillslope; cells without a class don't vote."""
    known = np.isfinite(values)
    classes, code = np.unique(values[known], return_inverse=True)
    zone = zones.zone[known]
    count = zones.topaz_ids.size
    if not classes.size:
        return Dominant(np.full(count, np.nan), np.zeros(count), np.zeros(count))
    votes = np.bincount(zone * classes.size + code, minlength=count * classes.size).reshape(count, classes.size)
    winner = votes.argmax(axis=1)
    any_vote = votes.sum(axis=1)
    return Dominant(
        value=np.where(any_vote > 0, classes[winner], np.nan),
        share=votes.max(axis=1) / zones.cells,
        known_share=any_vote / zones.cells,
    )


def mean(values: Values, zones: Zones) -> Values:
    """The mean of each hillslope's known cells, NaN where none is known."""
    known = np.isfinite(values)
    count = np.bincount(zones.zone[known], minlength=zones.topaz_ids.size)
    total = np.bincount(zones.zone[known], weights=values[known], minlength=zones.topaz_ids.size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def median(values: Values, zones: Zones) -> Values:
    """The median of each hillslope's known cells, NaN where none is known."""
    known = np.isfinite(values)
    order = np.lexsort((values[known], zones.zone[known]))
    ranked = values[known][order]
    count = np.bincount(zones.zone[known], minlength=zones.topaz_ids.size)
    first = np.cumsum(count) - count
    if not ranked.size:
        return np.full(count.size, np.nan)
    low, high = (ranked[np.clip(first + middle, 0, ranked.size - 1)] for middle in ((count - 1) // 2, count // 2))
    return np.where(count > 0, (low + high) / 2.0, np.nan)


def check_whole(values: Values, path: Path, setting: str) -> None:
    """Raise MapNotClasses when a map of classes has fractions."""
    odd = np.unique(values[np.isfinite(values) & (values != np.round(values))])
    if odd.size:
        raise MapNotClasses(
            f"{path} ({setting}) is no map of classes: it has values such as {shown(odd)}",
            hint="give a raster of whole numbers, resampled with nearest neighbour only",
        )


def shown(values: Iterable[float], most: int = 5) -> str:
    """The first few of some values, for a message."""
    first = list(islice(values, most + 1))
    return ", ".join(f"{value:g}" for value in first[:most]) + (", ..." if len(first) > most else "")


def named(topaz_ids: Ints, rows: npt.NDArray[np.bool_]) -> str:
    """How many hillslopes `rows` selects, and the TOPAZ ids of the first, for a message."""
    ids = topaz_ids[rows]
    return f"{ids.size} hillslope{'s' if ids.size > 1 else ''} ({shown(ids.tolist(), 8)})"


def without_data(values: Values, zones: Zones, rows: npt.NDArray[np.bool_]) -> str:
    """That a map has no data on the hillslopes that `rows` selects: on how many cells, and which they are."""
    cells = int(np.isnan(values[rows[zones.zone]]).sum())
    return f"the map has no data there: {cells} of {zones.cells[rows].sum()} cells, {named(zones.topaz_ids, rows)}"


def distinct_values(path: Path, setting: str, limit: int = MANY_CLASSES) -> list[float]:
    """The distinct values of a whole map, ascending, without nodata; at most about `limit`, then it stops reading.

    Raises MapUnreadable.
    """
    found: set[float] = set()
    with opened(path, setting) as raster:
        for _, window in raster.block_windows(1):
            cells = raster.read(1, window=window, masked=True).compressed()
            found.update(np.unique(cells[np.isfinite(cells)]).tolist())
            if len(found) > limit:
                break
    return sorted(found)


@contextmanager
def opened(path: Path, setting: str) -> Iterator[DatasetReader]:
    """The open raster; whatever GDAL or the disk can't do with it becomes MapUnreadable."""
    if not path.is_file():
        raise MapUnreadable(f"the map {path} is not there", hint=f"correct the setting {setting}")
    try:
        with rasterio.open(path) as raster:
            yield raster
    except (RasterioError, OSError) as error:
        raise MapUnreadable(
            f"the map {path} ({setting}) can't be read: {error.__cause__ or error}",
            hint="check it with gdalinfo -checksum",
        ) from error


def _cells_in(raster: DatasetReader, zones: Zones) -> tuple[Ints, Ints]:
    """Row and column in a map of the cells' centres; -1 where they can't be projected.

    Longitudes are counted from the map's western edge on, so that a map from 0 to 360 or one across the
    antimeridian needs no care.
    """
    grid, mover = zones.grid, transformer(zones.grid.crs, raster.crs.to_wkt())
    inverse = ~raster.transform
    rows, cols = np.empty(zones.zone.size, dtype=np.int64), np.empty(zones.zone.size, dtype=np.int64)
    for start in range(0, zones.zone.size, CHUNK_CELLS):
        part = slice(start, start + CHUNK_CELLS)
        x = grid.left_m + (zones.col[part] + 0.5) * grid.cell_size_m
        y = grid.top_m - (zones.row[part] + 0.5) * grid.cell_size_m
        xs, ys = mover.transform(x, y)
        if raster.crs.is_geographic:
            west = min(raster.bounds.left, raster.bounds.right)
            xs = west + (xs - west) % 360.0
        col, row = inverse @ (xs, ys)
        lost = ~(np.isfinite(row) & np.isfinite(col))
        rows[part] = np.where(lost, -1, np.floor(np.where(lost, 0, row)))
        cols[part] = np.where(lost, -1, np.floor(np.where(lost, 0, col)))
    return rows, cols


def _outside(path: Path, setting: str, raster: DatasetReader, zones: Zones) -> str:
    """The message that a map misses the watershed, with where both lie."""
    grid = zones.grid
    x = grid.left_m + (np.array([zones.col.min(), zones.col.max()]) + 0.5) * grid.cell_size_m
    y = grid.top_m - (np.array([zones.row.max(), zones.row.min()]) + 0.5) * grid.cell_size_m
    xs, ys = transformer(grid.crs, raster.crs.to_wkt()).transform(x, y)
    west, south, east, north = raster.bounds
    where = f"x {xs[0]:.6g} to {xs[1]:.6g}, y {ys[0]:.6g} to {ys[1]:.6g}" if math.isfinite(xs[0]) else "elsewhere"
    return (
        f"the watershed ({where}) lies outside {path} ({setting}; x {west:.6g} to {east:.6g}, "
        f"y {south:.6g} to {north:.6g}, {raster.crs.to_string()})"
    )
