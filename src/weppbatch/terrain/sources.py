"""Elevations from a file: any raster GDAL reads, cleaned, in metres, on the grid that was asked for.

In: a DEM file, a polygon and a grid. Out: float64 elevations with NaN for nodata, checked inside the polygon, and
where they came from. It conditions nothing for flow, and downloads nothing.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import rasterio
from pyproj import CRS
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.warp import Resampling, reproject
from rasterio.windows import Window
from rasterio.windows import bounds as window_bounds
from shapely.geometry.base import BaseGeometry

from weppbatch.errors import DataError, InputError
from weppbatch.terrain.grid import Grid, mask_of
from weppbatch.terrain.native import bounds_in, read_native, window_on
from weppbatch.terrain.provenance import provenance_of
from weppbatch.terrain.window import basin_runs_out, enclosed_holes, fill_small_holes, widened

Elevations = npt.NDArray[np.float64]
Bounds = tuple[float, float, float, float]
VerticalUnit = Literal["m", "ft", "us-ft"]

METRES = {"m": 1.0, "ft": 0.3048, "us-ft": 1200.0 / 3937.0}
UNIT_NAMES = {
    "m": "m", "metre": "m", "meter": "m", "metres": "m", "meters": "m",
    "ft": "ft", "foot": "ft", "feet": "ft",
    "us-ft": "us-ft", "us survey foot": "us-ft", "ussft": "us-ft", "ftus": "us-ft",
}  # fmt: skip
MAX_GROWTHS = 3


class DemUnreadable(DataError):
    """The elevation source is missing, broken, or no raster."""


class DemWithoutCrs(InputError):
    """The elevation source doesn't say where it lies."""


class DemUnitContradicts(InputError):
    """The elevation source states another vertical unit than the setting."""


class PolygonOutsideDem(DataError):
    """The watershed lies outside the elevation source."""


class DemIncomplete(DataError):
    """Elevations are missing inside the watershed."""


class ImplausibleElevation(DataError):
    """Elevations inside the watershed can't be ground heights on Earth."""


class FlatTerrain(DataError):
    """The watershed has no relief from which flow could be told."""


@dataclass(frozen=True)
class DemOptions:
    """How a source is read and what is demanded of it."""

    vertical_unit: VerticalUnit = "m"
    """Unit of the source's elevations: metre, international foot, US survey foot."""
    resampling: Literal["cubic", "bilinear", "nearest"] = "cubic"
    """How elevations are interpolated onto the grid."""
    elevation_min_m: float = -450.0
    """Lower values are taken as nodata; the lowest shore on Earth lies at -430 m."""
    elevation_max_m: float = 9000.0
    """Higher values are taken as nodata."""
    min_valid_fraction: float = 0.99
    """Share of the polygon's cells that must have an elevation."""
    max_hole_cells: int = 100
    """Holes of up to this many cells are interpolated."""
    min_relief_m: float = 2.0
    """Range of elevations inside the polygon below which it counts as flat."""
    max_window_cells: int = 8192 * 8192
    """Cells beyond which a window does not grow."""


def prepare_dem(
    source: Path,
    polygon: BaseGeometry,
    grid: Grid,
    options: DemOptions,
    log: Callable[[str], None] = lambda _: None,
    *,
    locate: Callable[[Grid], Path] | None = None,
) -> tuple[Elevations, Grid, dict[str, Any]]:
    """The elevations that a watershed's delineation needs, the grid they lie on, and their provenance.

    `locate` gives the file for a window, where that depends on the window.
    `polygon` is in the grid's CRS. Small holes are interpolated; the grid grows (its buffer doubled, at most three
    times) while the polygon's basin reaches the window's edge. All that was mended is said in provenance["notes"].
    Raises the errors of `read_window`, and PolygonOutsideDem, DemIncomplete, ImplausibleElevation or FlatTerrain.
    """
    for growth in range(MAX_GROWTHS + 1):
        source = locate(grid) if locate else source
        raw_m, provenance = read_window(source, grid, options, must_meet=polygon)
        notes: list[str] = provenance["notes"]
        elevation_m, filled = fill_small_holes(raw_m, options.max_hole_cells)
        if filled:
            notes.append(f"{filled} cells in holes of the DEM were interpolated")
        _check_inside(elevation_m, mask_of(polygon, grid).astype(bool), options, source, notes)
        at_edge, at_nodata = basin_runs_out(elevation_m, grid, polygon)
        wider = widened(grid, polygon)
        if not at_edge or growth == MAX_GROWTHS or wider.rows * wider.cols > options.max_window_cells:
            break
        grid = wider
        log(f"the basin reaches the window's edge: the window grows to {grid.rows} x {grid.cols} cells")
    if at_edge or at_nodata:
        where = "the edge of the window" if at_edge else "cells without elevation"
        notes.append(f"the basin reaches {where}; it may be cut off")
    return elevation_m, grid, provenance | {"window_growths": growth, "basin_reaches_nodata": at_nodata}


def read_window(
    source: Path, grid: Grid, options: DemOptions, *, must_meet: BaseGeometry | None = None
) -> tuple[Elevations, dict[str, Any]]:
    """A source's elevations on `grid`, in metres, float64 of shape (rows, cols), NaN for nodata; and provenance.

    NaN, infinities, masked cells, values outside the plausible range and zeros that only fill space all become
    nodata before anything is interpolated, for a resampled -9999 can't be told from ground any more.
    Raises DemUnreadable, DemWithoutCrs, DemUnitContradicts, or PolygonOutsideDem when the source does not meet
    the grid (or `must_meet`, a geometry in the grid's CRS), which is tested before anything is read.
    """
    with _opened(source) as raster:
        if raster.crs is None:
            raise DemWithoutCrs(
                f"{source} has no coordinate reference system",
                hint="assign the right one, for instance: gdal_edit.py -a_srs EPSG:4326 FILE",
            )
        _check_unit(source, raster, options.vertical_unit)
        if must_meet is not None:
            _window_or_raise(source, raster, grid.crs, must_meet.bounds)
        window, ahead_deg = _window_or_raise(source, raster, grid.crs, grid.bounds_m)
        native = read_native(
            raster,
            window,
            ahead_deg,
            thinning=_thinning(window, grid),
            metres=METRES[options.vertical_unit],
            plausible_m=(options.elevation_min_m, options.elevation_max_m),
        )
        provenance = provenance_of(source, raster, window_bounds(window, raster.transform))
        elevation_m = np.full((grid.rows, grid.cols), np.nan)
        reproject(
            native.elevation_m,
            elevation_m,
            src_transform=native.transform,
            src_crs=raster.crs,
            src_nodata=np.nan,
            dst_transform=grid.transform,
            dst_crs=grid.crs,
            dst_nodata=np.nan,
            resampling=Resampling[options.resampling],
        )
    how = {"vertical_unit": options.vertical_unit, "resampling": options.resampling, "notes": native.notes}
    return elevation_m, provenance | how


@contextmanager
def _opened(path: Path) -> Iterator[DatasetReader]:
    """The open raster; whatever GDAL or the disk can't do with it becomes DemUnreadable."""
    if not path.is_file():
        raise DemUnreadable(
            f"the elevation source {path} is not there",
            hint="weppbatch add NAME dem FILE, then weppbatch push NAME for runs that are cloned already",
        )
    try:
        with rasterio.open(path) as raster:
            yield raster
    except (RasterioError, OSError) as error:
        raise DemUnreadable(
            f"the elevation source {path} can't be read: {error.__cause__ or error}",
            hint="check it with gdalinfo -checksum; a VRT needs all of its parts",
        ) from error


def _check_unit(path: Path, raster: DatasetReader, setting: VerticalUnit) -> None:
    """Raise DemUnitContradicts when the band, a tag or the CRS states another vertical unit."""
    vertical = [axis.unit_name for axis in CRS.from_wkt(raster.crs.to_wkt()).axis_info[2:]]
    for stated in (raster.units[0], raster.tags().get("VERTICAL_UNIT"), *vertical):
        unit = UNIT_NAMES.get(str(stated).strip().lower())
        if unit is not None and unit != setting:
            raise DemUnitContradicts(
                f"{path} states elevations in {stated}, but ron.dem_vertical_unit says {setting}",
                hint=f"set ron.dem_vertical_unit={unit}, or correct the file",
            )


def _window_or_raise(path: Path, raster: DatasetReader, crs: str, bounds_m: Bounds) -> tuple[Window, float]:
    """The raster's window for bounds in `crs`; PolygonOutsideDem, with both extents, when they don't meet."""
    xs, ys = bounds_in(raster, crs, bounds_m)
    found = window_on(raster, xs, ys)
    if found is None:
        what = "the outlet" if bounds_m[0] == bounds_m[2] else "the watershed"
        west, south, east, north = raster.bounds
        raise PolygonOutsideDem(
            f"{what} (x {xs.min():.6g} to {xs.max():.6g}, y {ys.min():.6g} to {ys.max():.6g}) lies outside "
            f"{path} (x {west:.6g} to {east:.6g}, y {south:.6g} to {north:.6g}, {raster.crs.to_string()})",
            hint="add a DEM that covers it; check that longitude and latitude are not swapped",
        )
    return found


def _thinning(window: Window, grid: Grid) -> int:
    """How many native cells on a side to average into one first: at most half a target cell."""
    per_target = math.sqrt(window.width * window.height / (grid.rows * grid.cols))
    return max(int(per_target / 2.0), 1)


def _check_inside(
    elevation_m: Elevations,
    inside: npt.NDArray[np.bool_],
    options: DemOptions,
    source: Path,
    notes: list[str],
) -> None:
    """Raise when the polygon's own cells can't be delineated: none, incomplete, implausible, or flat."""
    cells = int(inside.sum())
    if cells == 0:
        raise DataError("the watershed covers no cell of the grid", hint="set a smaller ron.cell_size_m")
    known = elevation_m[inside & np.isfinite(elevation_m)]
    dropped = [note for note in notes if "taken as nodata" in note]
    if known.size < options.min_valid_fraction * cells:
        message = f"{source} has elevations for {known.size / cells:.2%} of the watershed's {cells} cells"
        if dropped:
            raise ImplausibleElevation(
                f"{message}; {'; '.join(dropped)}",
                hint="check ron.dem_vertical_unit, the elevation bounds, and the file's nodata value",
            )
        raise DemIncomplete(
            f"{message}; {options.min_valid_fraction:.0%} are needed",
            hint="add a DEM that covers the watershed, or a mosaic (gdalbuildvrt) of several",
        )
    holes = enclosed_holes(elevation_m, inside) if known.size < cells else []
    if holes:
        raise DemIncomplete(
            f"{source} has holes of {', '.join(map(str, holes))} cells inside the watershed",
            hint=f"fill them (gdal_fillnodata.py), or raise ron.max_hole_cells (now {options.max_hole_cells})",
        )
    relief_m = float(known.max() - known.min())
    if relief_m < options.min_relief_m:
        raise FlatTerrain(
            f"elevations inside the watershed differ by {relief_m:.2f} m only, from {known.min():.2f} m",
            hint=f"check the DEM, or lower ron.min_relief_m (now {options.min_relief_m:g} m)",
        )
