"""The outlet step for an outlet given as a point: its channel's cell, basin and rasters, and what is doubtful.

In: a DEM window in metres and a point in its CRS. Out: what `outlet.determine_outlet` leaves for a polygon.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import CRS
from shapely.geometry import Point, mapping

from weppbatch.crs import WGS84, project, transformer
from weppbatch.errors import DataError
from weppbatch.files import replacing, write_json
from weppbatch.terrain.candidates import OutletOptions, overlap_of
from weppbatch.terrain.channels import CONDITIONINGS
from weppbatch.terrain.grid import Grid, grid_of, read_raster
from weppbatch.terrain.outlet import Log, Outlet, basin_raster, rasters_of, scratch_folder
from weppbatch.terrain.overlap import touches_edge
from weppbatch.terrain.requested import Drained, Mask, cells_polygon, drained
from weppbatch.terrain.whitebox import WhiteboxTools


def determine_outlet_at(
    dem: Path, point: Point, folder: Path, options: OutletOptions, log: Log = lambda _: None
) -> Outlet:
    """Move a requested outlet (in the DEM's CRS) to the nearest channel, and leave its rasters in `folder`.

    Writes what `determine_outlet` does for a polygon, but no mask, and basin.geojson, the basin's outline in WGS84.
    Flags: far, larger_near, ambiguous (another conditioning shows another basin), touches_edge, csa_changed.
    Raises as `drained`.
    """
    grid = grid_of(dem)
    folder.mkdir(parents=True, exist_ok=True)
    wbt_log = folder / "wbt.log"
    wbt_log.unlink(missing_ok=True)
    whitebox = WhiteboxTools(wbt_log)
    with scratch_folder(folder) as home:
        found = drained(whitebox, dem, home, point, options, log)
        log(f"the outlet was moved by {found.moved_m:.0f} m to row {found.row}, column {found.col}")
        others = list(_otherwise(whitebox, dem, home, point, options, found.basin, log))
        basin_raster(whitebox, home, (found.row, found.col), ask=True)
        outlet = _describe(found, others, point, grid, home, options)
        for source in (home / "find_outlet.geojson", *rasters_of(home)):
            with replacing(folder / source.name) as temporary:
                source.rename(temporary)
    write_json(folder / "basin.geojson", _outline(found.basin, grid))
    write_json(folder / "outlet.geojson", outlet.to_geojson())
    return outlet


def _describe(
    found: Drained, others: list[dict[str, Any]], point: Point, grid: Grid, home: Path, options: OutletOptions
) -> Outlet:
    """The cell with its place, how far it is from the point, and what is doubtful about it."""
    x_m, y_m = grid.centre(found.row, found.col)
    basin = found.basin
    longitude, latitude = transformer(grid.crs, WGS84).transform(x_m, y_m)
    signs = {
        "far": found.moved_m > options.outlet_far_m,
        "larger_near": found.larger_km2 is not None,
        "ambiguous": any(other["iou"] < options.flag_iou for other in others),
        "touches_edge": touches_edge(basin, np.isfinite(read_raster(home / "relief.tif"))),
        "csa_changed": found.csa_ha != options.csa_ha,
    }
    return Outlet(
        row=found.row,
        col=found.col,
        x_m=x_m,
        y_m=y_m,
        longitude_deg=round(longitude, 7),
        latitude_deg=round(latitude, 7),
        crs=grid.crs,
        method="requested",
        conditioning=options.fill_or_breach,
        iou=None,
        basin_area_m2=float(basin.sum()) * grid.cell_area_m2,
        polygon_area_m2=None,
        csa_ha=found.csa_ha,
        mcl_m=options.mcl_m,
        flags=[name for name, is_so in signs.items() if is_so],
        moved_m=found.moved_m,
        requested_x_m=point.x,
        requested_y_m=point.y,
        larger_near_km2=found.larger_km2,
        candidates=others,
    )


def _otherwise(
    whitebox: WhiteboxTools,
    dem: Path,
    home: Path,
    point: Point,
    options: OutletOptions,
    basin: Mask,
    log: Log,
) -> Iterator[dict[str, Any]]:
    """What drains to the point when depressions are removed in other ways, and how that agrees with a basin."""
    for conditioning in CONDITIONINGS:
        if conditioning == options.fill_or_breach:
            continue
        folder = home / conditioning
        folder.mkdir()
        tried: dict[str, Any] = {"conditioning": conditioning, "method": "requested"}
        try:
            other = drained(whitebox, dem, folder, point, replace(options, fill_or_breach=conditioning), log)
        except DataError as error:
            log(f"{conditioning}: {error.message}")
            yield tried | {"row": None, "col": None, "iou": 0.0}
        else:
            iou = overlap_of(other.basin, basin)
            log(f"{conditioning}: the basin agrees with IoU {iou:.3f}")
            yield tried | {"row": other.row, "col": other.col, "iou": iou}


def _outline(basin: Mask, grid: Grid) -> dict[str, object]:
    """The basin as a FeatureCollection of one feature in WGS84."""
    on_map = project(cells_polygon(basin, grid), CRS.from_user_input(grid.crs), WGS84)
    properties = {"area_m2": float(basin.sum()) * grid.cell_area_m2}
    return {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": properties, "geometry": mapping(on_map)}],
    }
