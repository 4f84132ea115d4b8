"""A raster's own cells where a grid lies, cleaned of everything that is no ground height.

In: an open raster, bounds in any CRS, plausible elevations. Out: float64 metres with NaN for nodata, on the
raster's own cells. It projects nothing and judges nothing.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rasterio.enums import Resampling
from rasterio.io import DatasetReader
from rasterio.transform import Affine
from rasterio.windows import Window

from weppbatch.crs import transformer

Elevations = npt.NDArray[np.float64]
Bounds = tuple[float, float, float, float]

# Zeros beside cells this much higher are a filler, not a coast (the median of all such steps is compared).
ZERO_CLIFF_M = 50.0
MARGIN_CELLS = 4
STRIP_CELLS = 4_000_000
SAMPLE_CELLS = 2_000


@dataclass
class Native:
    """Cells as read: `transform` maps (column, row) to the raster's CRS, longitudes as the target has them."""

    elevation_m: Elevations
    transform: Affine
    notes: list[str]


def bounds_in(raster: DatasetReader, crs: str, bounds_m: Bounds) -> tuple[npt.NDArray[np.float64], ...]:
    """The x and y, in the raster's CRS, of points along the bounds (west, south, east, north in `crs`).

    Longitudes run on across the antimeridian. Points that can't be projected are infinite.
    """
    west, south, east, north = bounds_m
    along = np.linspace(0.0, 1.0, 21)
    x = np.concatenate([west + (east - west) * along] * 2 + [np.full(21, west), np.full(21, east)])
    y = np.concatenate([np.full(21, south), np.full(21, north)] + [south + (north - south) * along] * 2)
    xs, ys = transformer(crs, raster.crs.to_wkt()).transform(x, y)
    if raster.crs.is_geographic:
        xs = xs[0] + (xs - xs[0] + 180.0) % 360.0 - 180.0
    return xs, ys


def window_on(raster: DatasetReader, xs: Elevations, ys: Elevations) -> tuple[Window, float] | None:
    """The raster's window around the points, with a margin, and by how many degrees its longitudes are ahead.

    None when they don't meet. A global raster may count longitudes from 0 to 360.
    """
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        return None
    for ahead_deg in (0.0, 360.0, -360.0) if raster.crs.is_geographic else (0.0,):
        cols, rows = ~raster.transform @ (xs + ahead_deg, ys)
        left, right = math.floor(cols.min()), math.ceil(cols.max())
        top, bottom = math.floor(rows.min()), math.ceil(rows.max())
        if left < raster.width and right > 0 and top < raster.height and bottom > 0:
            left, top = max(left - MARGIN_CELLS, 0), max(top - MARGIN_CELLS, 0)
            right, bottom = min(right + MARGIN_CELLS, raster.width), min(bottom + MARGIN_CELLS, raster.height)
            return Window(left, top, right - left, bottom - top), ahead_deg
    return None


def read_native(
    raster: DatasetReader,
    window: Window,
    ahead_deg: float,
    *,
    thinning: int,
    metres: float,
    plausible_m: tuple[float, float],
) -> Native:
    """The window's first band in metres; masked, NaN, infinite and implausible cells and filler zeros are NaN.

    `metres` is the length of the file's vertical unit; the band's scale and offset are applied first. With
    `thinning` above 1, means of thinning x thinning cells, read in strips so that 1 m lidar fits in memory.
    """
    rows, cols = math.ceil(window.height / thinning), math.ceil(window.width / thinning)
    drop_zeros = _zeros_are_filler(raster, window, metres)
    elevation_m = np.empty((rows, cols))
    counts: dict[str, int] = {}
    strip = max(STRIP_CELLS // (int(window.width) * thinning), 1)
    for top in range(0, rows, strip):
        offset = top * thinning
        height = min(strip * thinning, int(window.height) - offset)
        part = Window(window.col_off, window.row_off + offset, window.width, height)
        cells = _in_metres(raster, part, metres)
        _drop_implausible(cells, plausible_m, drop_zeros, counts)
        elevation_m[top : top + strip] = _block_means(cells, thinning)
    transform = Affine.translation(-ahead_deg, 0.0) @ raster.window_transform(window) @ Affine.scale(thinning)
    return Native(elevation_m, transform, [f"{n} {what} were taken as nodata" for what, n in counts.items()])


def _in_metres(
    raster: DatasetReader, window: Window, metres: float, shape: tuple[int, int] | None = None
) -> Elevations:
    """Cells of the first band with scale, offset and unit applied, NaN where the file says that it has no data."""
    raw = raster.read(
        1, window=window, out_shape=shape, masked=True, out_dtype="float64", resampling=Resampling.nearest
    )
    scaled: Elevations = (raw.filled(np.nan) * raster.scales[0] + raster.offsets[0]) * metres
    scaled[np.isinf(scaled)] = np.nan
    return scaled


def _zeros_are_filler(raster: DatasetReader, window: Window, metres: float) -> bool:
    """Whether cells of exactly 0 are an undeclared nodata value: cliffs of 50 m all around them are no coast."""
    step = max(math.ceil(max(window.height, window.width) / SAMPLE_CELLS), 1)
    shape = math.ceil(window.height / step), math.ceil(window.width / step)
    sample = _in_metres(raster, window, metres, shape)
    steps = []
    for one, other in ((sample[1:], sample[:-1]), (sample[:, 1:], sample[:, :-1])):
        for zero, beside in ((one, other), (other, one)):
            steps.append(np.abs(beside[(zero == 0) & (beside != 0) & np.isfinite(beside)]))
    cliffs = np.concatenate(steps)
    return cliffs.size > 0 and float(np.median(cliffs)) > ZERO_CLIFF_M


def _drop_implausible(
    cells: Elevations, plausible_m: tuple[float, float], drop_zeros: bool, counts: dict[str, int]
) -> None:
    """Put NaN where a cell can't be ground, and count by reason."""
    lowest_m, highest_m = plausible_m
    reasons = {
        f"cells outside {lowest_m:g} to {highest_m:g} m": (cells < lowest_m) | (cells > highest_m),
        "cells of 0 m beside cliffs": (cells == 0) & drop_zeros,
    }
    for reason, implausible in reasons.items():
        if implausible.any():
            counts[reason] = counts.get(reason, 0) + int(implausible.sum())
            cells[implausible] = np.nan


def _block_means(cells: Elevations, size: int) -> Elevations:
    """Means of the known cells of size x size blocks, NaN where fewer than half are known; edges are padded."""
    if size == 1:
        return cells
    rows, cols = (math.ceil(length / size) for length in cells.shape)
    padded = np.pad(
        cells, ((0, rows * size - cells.shape[0]), (0, cols * size - cells.shape[1])), constant_values=np.nan
    )
    blocks = padded.reshape(rows, size, cols, size)
    known = np.isfinite(blocks).sum(axis=(1, 3))
    means: Elevations = np.nansum(blocks, axis=(1, 3)) / np.maximum(known, 1)
    means[2 * known < size * size] = np.nan
    return means
