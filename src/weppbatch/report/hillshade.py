"""A run's relief as a small picture for the map: light from the north-west, on the grid of Web Mercator.

In: an elevation raster in a projected system in metres. Out: WebP (or PNG where GDAL has no WebP) of the raster's
window, in which middle grey is level ground, or none known. Reads nothing else, and is not meant for measuring.
"""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from pyproj import CRS
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.transform import Affine, from_bounds
from rasterio.warp import reproject, transform_bounds

from weppbatch.crs import WGS84
from weppbatch.terrain.grid import Grid, grid_of, read_raster

MERCATOR = CRS.from_epsg(3857)
AZIMUTH_DEG, ALTITUDE_DEG = 315.0, 45.0
LEVEL = float(np.sin(np.radians(ALTITUDE_DEG)))  # how bright level ground is
GREY, CONTRAST = 128, 180.0  # full shadow is grey 1, full light 180
BYTES_A_PIXEL = 0.07  # of WebP, as measured on hills of cells of 30 m
QUALITIES = (60, 30)
LEAST_PIXELS = 24  # of a side


@dataclass(frozen=True)
class Shade:
    """A picture and its bounds in degrees: west, south, east, north."""

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


def hillshade(dem: Path, most_bytes: int) -> Shade | None:
    """The relief of a raster's window in at most so many bytes, as fine as they and its cells allow.

    None when no useful picture is that small. Raises DataError when the raster can't be read.
    """
    grid = grid_of(dem)
    west, south, east, north = bounds = transform_bounds(grid.crs, MERCATOR, *grid.bounds_m)
    bright = horn(read_raster(dem), grid.cell_size_m)
    pixel_m = (east - west) / grid.cols
    pixels = (east - west) * (north - south) / pixel_m**2
    pixel_m *= max(1.0, float(np.sqrt(pixels * BYTES_A_PIXEL / max(most_bytes, 1))))
    for quality in QUALITIES:
        width, height = round((east - west) / pixel_m), round((north - south) / pixel_m)
        if min(width, height) < LEAST_PIXELS:
            return None
        target = from_bounds(*bounds, width, height)
        image, media_type = _encoded(_warped(bright, grid, target, (height, width)), target, quality)
        if len(image) <= most_bytes:
            return Shade(transform_bounds(MERCATOR, WGS84, *bounds), image, media_type)
        pixel_m *= 1.1 * float(np.sqrt(len(image) / most_bytes))
    return None


def _warped(
    bright: npt.NDArray[np.float64], grid: Grid, target: Affine, shape: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """Brightness on another grid, NaN where there is none."""
    warped = np.full(shape, np.nan, dtype="float32")
    reproject(
        bright.astype("float32"),
        warped,
        src_transform=grid.transform,
        src_crs=grid.crs,
        src_nodata=np.nan,
        dst_transform=target,
        dst_crs=MERCATOR,
        dst_nodata=np.nan,
        resampling=Resampling.average if target.a > 2 * grid.cell_size_m else Resampling.bilinear,
    )
    return warped


def _encoded(bright: npt.NDArray[np.float32], target: Affine, quality: int) -> tuple[bytes, str]:
    """The picture and its media type."""
    known = np.where(np.isfinite(bright), bright, LEVEL)
    grey = np.rint(GREY + CONTRAST * (known - LEVEL)).astype("uint8")
    height, width = grey.shape
    # Where the picture lies is told beside it: no file of GDAL's own for that.
    with rasterio.Env(GDAL_PAM_ENABLED="NO") as gdal, MemoryFile() as memory:
        webp = "WEBP" in gdal.drivers()
        driver, bands = ("WEBP", [grey, grey, grey]) if webp else ("PNG", [grey])
        options = {"QUALITY": quality} if webp else {}
        with memory.open(
            driver=driver,
            width=width,
            height=height,
            count=len(bands),
            dtype="uint8",
            transform=target,
            **options,
        ) as picture:
            picture.write(np.stack(bands))
        return bytes(memory.read()), "image/webp" if webp else "image/png"
