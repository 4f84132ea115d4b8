"""A raster's grid, and rasters read and written on it: north-up GeoTIFFs with square cells in metres.

Elevations are float64 arrays of shape (rows, cols) with NaN for nodata; masks are uint8 with 0 for nodata.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.errors import RasterioIOError
from rasterio.features import rasterize
from rasterio.transform import Affine
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from weppbatch.disk import DiskFull
from weppbatch.errors import DataError

NODATA = -9999.0


class RasterUnreadable(DataError):
    """A raster that was there is damaged or cut short."""


@dataclass(frozen=True)
class Grid:
    """Where a raster's cells lie; `left_m` and `top_m` are the outer corner of row 0, column 0."""

    crs: str
    left_m: float
    top_m: float
    cell_size_m: float
    rows: int
    cols: int

    @property
    def transform(self) -> Affine:
        """The affine transform from (column, row) to (x, y)."""
        return Affine(self.cell_size_m, 0.0, self.left_m, 0.0, -self.cell_size_m, self.top_m)

    @property
    def bounds_m(self) -> tuple[float, float, float, float]:
        """West, south, east, north, in the grid's CRS."""
        east = self.left_m + self.cols * self.cell_size_m
        return self.left_m, self.top_m - self.rows * self.cell_size_m, east, self.top_m

    @property
    def cell_area_m2(self) -> float:
        """The area of one cell."""
        return self.cell_size_m**2

    def centre(self, row: int, col: int) -> tuple[float, float]:
        """The x and y of a cell's centre."""
        return (
            self.left_m + (col + 0.5) * self.cell_size_m,
            self.top_m - (row + 0.5) * self.cell_size_m,
        )

    def to_json(self) -> dict[str, Any]:
        """The grid as plain values."""
        return asdict(self)

    @classmethod
    def around(
        cls, bounds_m: tuple[float, float, float, float], crs: str, cell_size_m: float, buffer_m: float
    ) -> "Grid":
        """The grid that covers `bounds_m` (west, south, east, north) and a buffer, snapped to whole cells.

        Snapping to multiples of the cell size lets the windows of neighbouring watersheds share their cells.
        """
        west, south, east, north = bounds_m
        first_col = math.floor((west - buffer_m) / cell_size_m)
        last_col = math.ceil((east + buffer_m) / cell_size_m)
        first_row = math.ceil((north + buffer_m) / cell_size_m)
        last_row = math.floor((south - buffer_m) / cell_size_m)
        return cls(
            crs=crs,
            left_m=first_col * cell_size_m,
            top_m=first_row * cell_size_m,
            cell_size_m=cell_size_m,
            rows=first_row - last_row,
            cols=last_col - first_col,
        )


def grid_of(path: Path) -> Grid:
    """The grid of a raster file.

    Raises DataError when the raster can't be read, has no CRS, is rotated, or its cells are not square.
    """
    with _readable(path), rasterio.open(path) as source:
        transform = source.transform
        square = math.isclose(transform.a, -transform.e, rel_tol=1e-6)
        if source.crs is None or transform.b or transform.d or not square:
            raise DataError(f"{path} is not a north-up raster with square cells and a CRS")
        return Grid(source.crs.to_string(), transform.c, transform.f, transform.a, source.height, source.width)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except RasterioIOError as error:
        raise RasterUnreadable(
            f"{path} can't be read: {error.__cause__ or error}",
            hint="check it with gdalinfo -checksum; what a task made is made again by weppbatch run NAME --force",
        ) from error


def is_whole(path: Path) -> bool:
    """Whether a raster's last row can be read: the first thing that is missing of one that was cut short."""
    try:
        with rasterio.open(path) as source:
            source.read(1, window=Window(0, source.height - 1, source.width, 1))
    except RasterioIOError:
        return False
    return True


def read_raster(path: Path) -> npt.NDArray[np.float64]:
    """The first band as float64, shape (rows, cols); nodata, NaN and infinities all become NaN.

    Raises RasterUnreadable when the file is damaged or cut short.
    """
    with _readable(path), rasterio.open(path) as source:
        values: npt.NDArray[np.float64] = source.read(1, out_dtype="float64")
        nodata = source.nodata
    if nodata is not None and not math.isnan(nodata):
        values[values == nodata] = np.nan
    values[~np.isfinite(values)] = np.nan
    return values


def write_raster(path: Path, values: npt.NDArray[Any], grid: Grid, *, nodata: float | None = None) -> None:
    """Write one band as an uncompressed GeoTIFF, which WhiteboxTools reads in every case.

    NaN becomes `nodata` (-9999 for floating-point values unless another is given; 0 for masks). Raises DiskFull
    when not all of it could be written; GDAL itself is silent about what fails as it closes the file.
    """
    floating = np.issubdtype(values.dtype, np.floating)
    if nodata is None:
        nodata = NODATA if floating else 0
    if floating:
        values = np.where(np.isnan(values), nodata, values).astype(values.dtype)
    try:
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=grid.rows,
            width=grid.cols,
            count=1,
            dtype=values.dtype,
            crs=grid.crs,
            transform=grid.transform,
            nodata=nodata,
        ) as target:
            target.write(values, 1)
        written = is_whole(path)
    except RasterioIOError:
        written = False
    if not written:
        raise DiskFull(f"{path} could not be written whole", hint="free some space and run again")


def mask_of(geometry: BaseGeometry, grid: Grid) -> npt.NDArray[np.uint8]:
    """1 where a cell's centre lies in the geometry (in the grid's CRS), else 0; shape (rows, cols)."""
    mask: npt.NDArray[np.uint8] = rasterize(
        [(geometry, 1)], out_shape=(grid.rows, grid.cols), transform=grid.transform, fill=0, dtype="uint8"
    )
    return mask
