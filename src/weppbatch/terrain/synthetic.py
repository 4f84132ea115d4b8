"""Maps for a demonstration: land cover, soil and burn severity that follow the terrain by a stated rule.

In: any elevation raster. Out: three rasters on its cells and a soil table, each marked as SYNTHETIC. None of it was
observed: the maps show how the batch works, not how the place is.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio

from weppbatch.files import replacing, write_text

Array = npt.NDArray[np.float64]
Classes = npt.NDArray[np.uint8]

NODATA = 255
NOTICE = "SYNTHETIC, made from the terrain by a rule, for demonstration only; not observed"
METRES_PER_DEGREE = 111_320.0

LANDCOVER_RULE = (
    "81 pasture: slope under 3 % in the lowest 5 % of the ground; 71 grassland: slope under 6 % in the lowest "
    "30 %; 52 shrub: facing south (135 to 225 degrees), steeper than 25 %, in the upper half; 41 deciduous forest: "
    "facing north (315 to 45 degrees) or in the highest 15 %; 42 evergreen forest: facing south otherwise; "
    "43 mixed forest: the rest"
)
SOIL_RULE = (
    "1 silt loam: slope under 10 % in the lowest 35 % of the ground; 4 sand loam: the highest 25 %, or slope over "
    "45 %; 3 clay loam: slope under 25 % otherwise; 2 loam: the rest"
)
BURN_RULE = (
    "a fire within 0.38 of the map's width around its highest cell, the edge a tenth nearer on slopes to the north "
    "and a tenth farther on slopes to the south; inside, the index slope/60 % (at most 1) + (1 - cos(aspect))/2 + "
    "rank of the elevation: 3 high from 1.9, 2 moderate from 1.3, 1 low below; 0 unburned outside"
)
SOIL_TEXTURES = {1: "silt loam", 2: "loam", 3: "clay loam", 4: "sand loam"}


@dataclass(frozen=True)
class SyntheticMaps:
    """Where the maps were written, and the table that gives each soil code its texture."""

    landcover: Path
    soil: Path
    soil_table: Path
    burn_severity: Path


@dataclass(frozen=True)
class _Terrain:
    """Slope (m/m), aspect (degrees from north, the direction that a cell faces), rank of elevation 0 to 1, and the
    distance from the highest cell as a share of the map's width; NaN where there is no elevation."""

    slope: Array
    aspect_deg: Array
    rank: Array
    from_top: Array


def write_synthetic_maps(dem: Path, folder: Path) -> SyntheticMaps:
    """Write landcover.tif (NLCD keys), soil.tif (1 to 4), soil_textures.csv and burn_severity.tif (0 to 3).

    The same terrain gives the same maps. The elevations are smoothed over 5 x 5 cells first, so that classes come
    in patches.
    """
    folder.mkdir(parents=True, exist_ok=True)
    terrain = _terrain(dem)
    maps = SyntheticMaps(
        *(folder / name for name in ("landcover.tif", "soil.tif", "soil_textures.csv", "burn_severity.tif"))
    )
    for path, classes, rule in (
        (maps.landcover, _landcover(terrain), LANDCOVER_RULE),
        (maps.soil, _soil(terrain), SOIL_RULE),
        (maps.burn_severity, _burn_severity(terrain), BURN_RULE),
    ):
        _write(path, dem, np.where(np.isnan(terrain.rank), NODATA, classes).astype(np.uint8), rule)
    rows = [f"{code},{texture}" for code, texture in SOIL_TEXTURES.items()]
    write_text(maps.soil_table, "\n".join([f"# {NOTICE}", "mukey,texture", *rows]) + "\n")
    return maps


def _landcover(terrain: _Terrain) -> Classes:
    """NLCD keys."""
    south, north = _facing(terrain, 180.0), _facing(terrain, 0.0)
    return _first(
        (81, (terrain.slope < 0.03) & (terrain.rank < 0.05)),
        (71, (terrain.slope < 0.06) & (terrain.rank < 0.30)),
        (52, south & (terrain.slope > 0.25) & (terrain.rank > 0.5)),
        (41, north | (terrain.rank > 0.85)),
        (42, south),
        otherwise=43,
    )


def _soil(terrain: _Terrain) -> Classes:
    """Codes of SOIL_TEXTURES."""
    return _first(
        (1, (terrain.slope < 0.10) & (terrain.rank < 0.35)),
        (4, (terrain.rank > 0.75) | (terrain.slope > 0.45)),
        (3, terrain.slope < 0.25),
        otherwise=2,
    )


def _burn_severity(terrain: _Terrain) -> Classes:
    """0 to 3."""
    southward = (1.0 - np.cos(np.radians(terrain.aspect_deg))) / 2.0
    index = np.minimum(terrain.slope / 0.6, 1.0) + southward + terrain.rank
    outside = terrain.from_top > 0.38 * (0.9 + 0.2 * southward)
    return _first((0, outside), (3, index >= 1.9), (2, index >= 1.3), otherwise=1)


def _first(*cases: tuple[int, npt.NDArray[np.bool_]], otherwise: int) -> Classes:
    """The class of the first case that holds in each cell."""
    return np.select([holds for _, holds in cases], [code for code, _ in cases], otherwise).astype(np.uint8)


def _facing(terrain: _Terrain, direction_deg: float) -> npt.NDArray[np.bool_]:
    """Cells that face within 45 degrees of a direction."""
    apart = (terrain.aspect_deg - direction_deg + 180.0) % 360.0 - 180.0
    return np.abs(apart) <= 45.0


def _terrain(dem: Path) -> _Terrain:
    """Slope, aspect and ranks of an elevation raster, geographic or projected in metres."""
    with rasterio.open(dem) as source:
        elevation_m = source.read(1, masked=True, out_dtype="float64").filled(np.nan)
        step_x, step_y = abs(source.transform.a), abs(source.transform.e)
        rows = np.arange(source.height)
        if source.crs.is_geographic:
            latitude = np.radians(source.transform.f + (rows + 0.5) * source.transform.e)
            dx_m = (step_x * METRES_PER_DEGREE * np.cos(latitude))[:, None]
            dy_m = step_y * METRES_PER_DEGREE
        else:
            dx_m, dy_m = np.full((source.height, 1), step_x), step_y
    smooth_m = _smoothed(elevation_m)
    down_rows, down_cols = np.gradient(smooth_m)
    east, north = -down_cols / dx_m, down_rows / dy_m  # the direction of fall: towards which a cell faces
    known = np.isfinite(smooth_m)
    rank = np.full(smooth_m.shape, np.nan)
    rank[known] = np.argsort(np.argsort(smooth_m[known], kind="stable"), kind="stable") / max(known.sum() - 1, 1)
    top_row, top_col = np.unravel_index(np.nanargmax(smooth_m), smooth_m.shape)
    row, col = np.indices(smooth_m.shape)
    mid_dx_m = float(dx_m.mean())
    from_top = np.hypot((row - top_row) * dy_m, (col - top_col) * mid_dx_m) / (smooth_m.shape[1] * mid_dx_m)
    return _Terrain(np.hypot(east, north), np.degrees(np.arctan2(east, north)) % 360.0, rank, from_top)


def _smoothed(values: Array, reach: int = 2) -> Array:
    """The mean of the known cells of the square around each known cell."""
    known = np.isfinite(values)
    total, count = np.zeros(values.shape), np.zeros(values.shape)
    padded, flags = np.pad(np.where(known, values, 0.0), reach), np.pad(known, reach)
    rows, cols = values.shape
    for down in range(2 * reach + 1):
        for right in range(2 * reach + 1):
            total += padded[down : down + rows, right : right + cols]
            count += flags[down : down + rows, right : right + cols]
    return np.where(known, total / np.maximum(count, 1), np.nan)


def _write(path: Path, dem: Path, classes: Classes, rule: str) -> None:
    """A GeoTIFF on the cells of the elevation raster, with what it is in its tags."""
    with rasterio.open(dem) as source:
        place = {"crs": source.crs, "transform": source.transform, "height": source.height, "width": source.width}
    with (
        replacing(path) as temporary,
        rasterio.open(
            temporary, "w", driver="GTiff", count=1, dtype="uint8", nodata=NODATA, compress="deflate", **place
        ) as target,
    ):
        target.write(classes, 1)
        target.update_tags(SYNTHETIC=NOTICE, SOURCE=NOTICE, RULE=rule)
