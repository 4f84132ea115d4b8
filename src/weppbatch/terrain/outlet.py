"""A watershed's outlet: the channel cell whose basin is what the polygon means.

In: a DEM window in metres and a polygon in its CRS. Out: the conditioned rasters, the outlet and its basin, with
what was tried and what is doubtful. It neither reads elevation sources nor labels subcatchments.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from weppbatch.crs import WGS84, transformer
from weppbatch.errors import DataError, InputError
from weppbatch.files import replacing, write_json
from weppbatch.terrain.candidates import Method, OutletOptions, Search, overlap_of, search
from weppbatch.terrain.channels import CONDITIONINGS, Conditioning
from weppbatch.terrain.grid import Grid, grid_of, mask_of, read_raster, write_raster
from weppbatch.terrain.overlap import touches_edge
from weppbatch.terrain.pour_point import EmptyMask, FlowLeavesWindow, NoOutletFound, find_outlet
from weppbatch.terrain.whitebox import WhiteboxTools

__all__ = [
    "EmptyMask",
    "FlowLeavesWindow",
    "NoOutletFound",
    "Outlet",
    "OutletOptions",
    "PolygonLeavesWindow",
    "PolygonTooSmall",
    "determine_outlet",
    "find_outlet",
]

RASTERS = ("relief", "flovec", "floaccum", "netful", "chnjnt", "bound")
MIN_CELLS = 25  # of a polygon; with fewer the basin found has nothing to do with it
MIN_IOU = 0.4  # below it the basin is another one; on flat ground the best of all cells reaches 0.33 by chance

Log = Callable[[str], None]


class PolygonTooSmall(DataError):
    """The polygon covers too few cells."""


class PolygonLeavesWindow(DataError):
    """The polygon reaches the edge of the DEM's window, so its outlet may lie outside."""


@dataclass(frozen=True)
class Outlet:
    """The outlet that was chosen, and on what grounds."""

    row: int
    col: int
    x_m: float
    y_m: float
    longitude_deg: float
    latitude_deg: float
    crs: str
    method: Method
    conditioning: Conditioning
    iou: float | None
    """Overlap of the outlet's basin with the polygon: intersection over union, 0 to 1; None without a polygon."""
    basin_area_m2: float
    polygon_area_m2: float | None
    csa_ha: float
    """Critical source area of the network used."""
    mcl_m: float
    """Minimum channel length of the network used."""
    flags: list[str] = field(default_factory=list)
    """poor_fit, touches_edge, ambiguous; csa_changed and mcl_changed when they are not as asked for; of a requested
    outlet far and larger_near."""
    candidates: list[dict[str, Any]] = field(default_factory=list)
    """All that was tried: conditioning, method, row, col, iou."""
    moved_m: float | None = None
    """How far a requested outlet was moved, to the middle of its cell."""
    requested_x_m: float | None = None
    requested_y_m: float | None = None
    larger_near_km2: float | None = None
    """What a channel within reach of it drains, when that is ten times as much or more."""

    def to_geojson(self) -> dict[str, Any]:
        """A FeatureCollection of one Point: WGS84 coordinates, all else as properties."""
        return {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [self.longitude_deg, self.latitude_deg]},
                    "properties": asdict(self) | {"epsg": CRS.from_user_input(self.crs).to_epsg()},
                }
            ],
        }

    @classmethod
    def from_geojson(cls, collection: dict[str, Any]) -> "Outlet":
        """The inverse of `to_geojson`; raises InputError when it is something else."""
        try:
            properties = collection["features"][0]["properties"]
            return cls(**{item.name: properties[item.name] for item in fields(cls) if item.name in properties})
        except (KeyError, IndexError, TypeError) as error:
            raise InputError(f"this is no outlet that weppbatch wrote: {error!r}") from error


def determine_outlet(
    dem: Path, polygon: BaseGeometry, folder: Path, options: OutletOptions, log: Log = lambda _: None
) -> Outlet:
    """Find the outlet of `polygon` (in the DEM's CRS) and leave the rasters that lead to it in `folder`.

    FindOutlet's cell is taken when its basin overlaps the polygon by `retry_iou`; else the channel cell that
    maximises the overlap; when that is poor too, the other conditionings are tried and the best overlap is kept.
    Writes relief, flovec, floaccum, netful, chnjnt, bound and mask (.tif), find_outlet.geojson (as the tool left
    it for the cell used, in the DEM's CRS), outlet.geojson and wbt.log.
    Raises PolygonTooSmall, PolygonLeavesWindow, NoOutletFound, NoChannels, TooManyInflows, WhiteboxFailed.
    """
    grid = grid_of(dem)
    mask = mask_of(polygon, grid)
    _check_polygon(polygon, int(mask.sum()), grid)
    folder.mkdir(parents=True, exist_ok=True)
    wbt_log = folder / "wbt.log"
    wbt_log.unlink(missing_ok=True)
    whitebox = WhiteboxTools(wbt_log)
    with scratch_folder(folder) as scratch:
        mask_path = scratch / "mask.tif"
        write_raster(mask_path, mask, grid)
        searches: list[Search] = []
        for conditioning in sorted(CONDITIONINGS, key=lambda name: name != options.fill_or_breach):
            home = scratch / conditioning
            home.mkdir()
            found = search(whitebox, dem, mask_path, home, conditioning, options, log)
            searches.append(found)
            log(f"{conditioning}: {found.chosen.method} fits the polygon with IoU {found.chosen.iou:.3f}")
            if found.chosen.iou >= options.retry_iou:
                break
        best = max(searches, key=lambda one: one.chosen.iou)
        if best.chosen.iou < MIN_IOU:
            raise NoOutletFound(
                f"the best basin overlaps the polygon by {best.chosen.iou:.2f} only (IoU; {MIN_IOU} is the least) "
                f"of {sum(len(one.candidates) for one in searches)} candidates",
                hint="check that polygon and DEM show the same place, and that the polygon is a whole watershed, "
                "not the lower part of a larger one; on flat ground a finer DEM may help",
            )
        cell = (best.chosen.row, best.chosen.col)
        basin = basin_raster(whitebox, best.folder, cell, ask=best.chosen.method == "overlap")
        outlet = _describe(best, searches, basin, mask, polygon, grid, options)
        for source in (mask_path, best.folder / "find_outlet.geojson", *rasters_of(best.folder)):
            with replacing(folder / source.name) as temporary:
                source.rename(temporary)
    write_json(folder / "outlet.geojson", outlet.to_geojson())
    return outlet


def _check_polygon(polygon: BaseGeometry, cells: int, grid: Grid) -> None:
    """Raise unless the polygon covers enough cells and lies within the window, with a cell to spare."""
    if polygon.is_empty or polygon.area == 0:
        raise PolygonTooSmall(f"the geometry is an empty or flat {polygon.geom_type}", hint="give a polygon")
    west, south, east, north = grid.bounds_m
    left, bottom, right, top = polygon.bounds
    if min(left - west, bottom - south, east - right, north - top) < grid.cell_size_m:
        raise PolygonLeavesWindow(
            f"the polygon (x {left:.0f} to {right:.0f}, y {bottom:.0f} to {top:.0f}) reaches the edge of the DEM's "
            f"window (x {west:.0f} to {east:.0f}, y {south:.0f} to {north:.0f})",
            hint="use a larger ron.buffer_m",
        )
    if cells < MIN_CELLS:
        raise PolygonTooSmall(
            f"the polygon covers {cells} cells of {grid.cell_size_m:g} m; {MIN_CELLS} are the least",
            hint="use smaller cells (ron.cell_size_m) with a finer DEM, or leave this watershed out",
        )


@contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """An empty folder on the same file system, for the variants that are not chosen; gone afterwards."""
    scratch = folder / ".outlet"
    shutil.rmtree(scratch, ignore_errors=True)  # of a killed process
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def rasters_of(folder: Path) -> list[Path]:
    """The rasters that lead to an outlet and stay."""
    return [folder / f"{name}.tif" for name in RASTERS]


def basin_raster(whitebox: WhiteboxTools, home: Path, cell: tuple[int, int], *, ask: bool) -> npt.NDArray[np.bool_]:
    """Write bound.tif, the basin of a cell, and with `ask` find_outlet.geojson, which else names that cell already.

    Raises NoOutletFound when the tool does not keep the cell it is given.
    """
    point = home / "find_outlet.geojson"
    flovec, bound = home / "flovec.tif", home / "bound.tif"
    if ask:
        at = find_outlet(flovec, home / "netful.tif", None, point, requested_row_col=cell, whitebox=whitebox)
        if (at["row"], at["column"]) != cell:
            raise NoOutletFound(f"FindOutlet moved the requested cell {cell} to {at['row'], at['column']}")
    whitebox.run("Watershed", [bound], d8_pntr=flovec, pour_pts=point, output=bound)
    return read_raster(bound) > 0


def _describe(
    best: Search,
    searches: Sequence[Search],
    basin: npt.NDArray[np.bool_],
    mask: npt.NDArray[np.uint8],
    polygon: BaseGeometry,
    grid: Grid,
    options: OutletOptions,
) -> Outlet:
    """The chosen cell with its place, its basin's fit and what is doubtful about it."""
    x_m, y_m = grid.centre(best.chosen.row, best.chosen.col)
    longitude, latitude = transformer(grid.crs, WGS84).transform(x_m, y_m)
    iou = overlap_of(basin, mask)
    known = np.isfinite(read_raster(best.folder / "relief.tif"))
    signs = {
        "poor_fit": iou < options.flag_iou,
        "touches_edge": touches_edge(basin, known),
        "ambiguous": best.ambiguous,
        "csa_changed": best.csa_ha != options.csa_ha,
        "mcl_changed": best.mcl_m != options.mcl_m,
    }
    return Outlet(
        row=best.chosen.row,
        col=best.chosen.col,
        x_m=x_m,
        y_m=y_m,
        longitude_deg=round(longitude, 7),
        latitude_deg=round(latitude, 7),
        crs=grid.crs,
        method=best.chosen.method,
        conditioning=best.chosen.conditioning,
        iou=iou,
        basin_area_m2=float(basin.sum()) * grid.cell_area_m2,
        polygon_area_m2=float(polygon.area),
        csa_ha=best.csa_ha,
        mcl_m=best.mcl_m,
        flags=[name for name, is_so in signs.items() if is_so],
        candidates=[asdict(candidate) for one in searches for candidate in one.candidates],
    )
