"""A run's relief as a small picture for the map: light from the north-west, on the grid of Web Mercator.

In: an elevation raster in a projected system in metres, and the area around which it is wanted. Out: WebP (or PNG
where GDAL has no WebP) in which middle grey is level ground and what lies far from the area is clear. Reads nothing
else, and is not meant for measuring.
"""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from pyproj import CRS
from rasterio.enums import Resampling
from rasterio.features import rasterize
from rasterio.io import MemoryFile
from rasterio.transform import Affine, from_bounds
from rasterio.warp import reproject, transform_bounds
from shapely.geometry.base import BaseGeometry

from weppbatch.crs import WGS84, project
from weppbatch.terrain.grid import grid_of, read_raster

MERCATOR = CRS.from_epsg(3857)
AZIMUTH_DEG, ALTITUDE_DEG = 315.0, 45.0
LEVEL = float(np.sin(np.radians(ALTITUDE_DEG)))  # how bright level ground is
GREY, CONTRAST = 128, 180.0  # full shadow is grey 1, full light 181
MARGIN_CELLS, FADES = 16, 8  # around the area, and in how many steps it fades there
BYTES_A_PIXEL = 0.07  # of WebP, as measured on hills of cells of 30 m
QUALITIES = (60, 30)
LEAST_PIXELS = 12  # of a side


@dataclass(frozen=True)
class Shade:
    """A picture with alpha and its bounds in degrees: west, south, east, north."""

    bounds_deg: tuple[float, float, float, float]
    image: bytes
    media_type: str

    def to_json(self) -> dict[str, Any]:
        """The bounds `b`, and the picture as an address of its own, `u`."""
        text = base64.b64encode(self.image).decode("ascii")
        return {"b": [round(value, 6) for value in self.bounds_deg], "u": f"data:{self.media_type};base64,{text}"}


def horn(
    elevation_m: npt.NDArray[np.float64],
    cell_size_m: float,
    azimuth_deg: float = AZIMUTH_DEG,
    altitude_deg: float = ALTITUDE_DEG,
) -> npt.NDArray[np.float64]:
    """How bright each cell is, from 0 to 1; shape (rows, cols), rows from the north; NaN beside NaN.

    Slopes are weighted differences over the eight neighbours (Horn 1981, Hill shading and the reflectance map,
    Proc. IEEE 69); the light is Lambert's, from `azimuth_deg` clockwise from north, `altitude_deg` above ground.
    """
    z = np.pad(elevation_m, 1, mode="edge")
    west, east = (z[:-2, side] + 2 * z[1:-1, side] + z[2:, side] for side in (slice(None, -2), slice(2, None)))
    north, south = (z[side, :-2] + 2 * z[side, 1:-1] + z[side, 2:] for side in (slice(None, -2), slice(2, None)))
    to_east, to_north = (east - west) / (8 * cell_size_m), (north - south) / (8 * cell_size_m)
    azimuth, altitude = np.radians(azimuth_deg), np.radians(altitude_deg)
    toward = to_east * np.sin(azimuth) + to_north * np.cos(azimuth)
    bright = (np.sin(altitude) - np.cos(altitude) * toward) / np.sqrt(1 + to_east**2 + to_north**2)
    shaded: npt.NDArray[np.float64] = np.maximum(bright, 0.0)
    return shaded


def hillshade(dem: Path, area: BaseGeometry | None, most_bytes: int) -> Shade | None:
    """The relief around an area (WGS84; None: the whole window) in at most so many bytes, as fine as they allow.

    None when no useful picture is that small. Raises DataError when the raster can't be read.
    """
    grid = grid_of(dem)
    bounds = transform_bounds(grid.crs, MERCATOR, *grid.bounds_m)
    stretch = (bounds[2] - bounds[0]) / (grid.cols * grid.cell_size_m)
    bright = horn(read_raster(dem), grid.cell_size_m)
    if area is not None:
        area = project(area, WGS84, MERCATOR)
        bounds = _around(area, bounds, MARGIN_CELLS * grid.cell_size_m * stretch)
    size_m = np.array([bounds[2] - bounds[0], bounds[3] - bounds[1]])
    finest = size_m / (grid.cell_size_m * stretch)
    share = min(1.0, float(np.sqrt(most_bytes / (BYTES_A_PIXEL * finest.prod()))))
    for quality in QUALITIES:
        width, height = (max(round(side * share), 1) for side in finest)
        if min(width, height) < LEAST_PIXELS:
            return None
        target = from_bounds(*bounds, width, height)
        warped = _warped(bright, grid.transform, grid.crs, target, (height, width))
        margin_m = MARGIN_CELLS * grid.cell_size_m * stretch
        image, media_type = _encoded(warped, _fade(area, margin_m, target, warped.shape), quality)
        if len(image) <= most_bytes:
            return Shade(transform_bounds(MERCATOR, WGS84, *bounds), image, media_type)
        share *= 0.9 * float(np.sqrt(most_bytes / len(image)))
    return None


def _around(
    area: BaseGeometry, bounds: tuple[float, float, float, float], margin_m: float
) -> tuple[float, float, float, float]:
    """The part of the bounds that holds the area and its margin."""
    west, south, east, north = area.bounds
    return (
        max(bounds[0], west - margin_m),
        max(bounds[1], south - margin_m),
        min(bounds[2], east + margin_m),
        min(bounds[3], north + margin_m),
    )


def _warped(
    bright: npt.NDArray[np.float64], source: Affine, crs: str, target: Affine, shape: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """Brightness on another grid, NaN where there is none."""
    warped = np.full(shape, np.nan, dtype="float32")
    coarser = target.a > 1.5 * source.a
    reproject(
        bright.astype("float32"),
        warped,
        src_transform=source,
        src_crs=crs,
        src_nodata=np.nan,
        dst_transform=target,
        dst_crs=MERCATOR,
        dst_nodata=np.nan,
        resampling=Resampling.average if coarser else Resampling.bilinear,
    )
    return warped


def _fade(
    area: BaseGeometry | None, margin_m: float, target: Affine, shape: tuple[int, int]
) -> npt.NDArray[np.uint8]:
    """Alpha: full within the area, less and less in its margin, none beyond it."""
    if area is None:
        return np.full(shape, 255, dtype="uint8")
    outline = area.simplify(margin_m / 8)  # buffers of every cell's corner would take ten times as long
    steps = [
        (shapely.buffer(outline, margin_m * (FADES - step) / FADES, quad_segs=2), round(255 * (step + 1) / FADES))
        for step in range(FADES)
    ]
    alpha: npt.NDArray[np.uint8] = rasterize(steps, out_shape=shape, transform=target, dtype="uint8")
    return alpha


def _encoded(bright: npt.NDArray[np.float32], alpha: npt.NDArray[np.uint8], quality: int) -> tuple[bytes, str]:
    """The picture and its media type."""
    known = np.isfinite(bright)
    grey = np.where(known, GREY + CONTRAST * (np.where(known, bright, 0.0) - LEVEL), GREY).astype("uint8")
    grey[alpha == 0] = GREY
    alpha = np.where(known, alpha, 0).astype("uint8")
    with rasterio.Env() as gdal:
        webp = "WEBP" in gdal.drivers()
    bands = [grey, grey, grey, alpha] if webp else [grey, alpha]
    options = {"driver": "WEBP", "QUALITY": quality} if webp else {"driver": "PNG", "ZLEVEL": 9}
    height, width = grey.shape
    with MemoryFile() as memory:
        with memory.open(width=width, height=height, count=len(bands), dtype="uint8", **options) as picture:
            picture.write(np.stack(bands))
        return bytes(memory.read()), "image/webp" if webp else "image/png"
