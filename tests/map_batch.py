"""Rasters for the runs of `report_batch`: elevations, basin and window, as the terrain's tasks leave them."""

from pathlib import Path

import numpy as np
from pyproj import CRS
from shapely.geometry import Polygon, mapping

from report_batch import square
from weppbatch.crs import WGS84, project, utm_epsg
from weppbatch.files import write_json
from weppbatch.terrain.grid import Grid, mask_of, write_raster

CELL_M, BUFFER_M, RISE = 30.0, 600.0, 0.3


def place_of(runid: str) -> Polygon:
    """The polygon of a run of `make_batch`."""
    return square(int(runid.split("-")[1]) - 1)


def give_terrain(batch: Path, runid: str) -> Grid:
    """Give a run extent.json, a DEM that rises by RISE to the south-east, and a basin 150 m within its polygon."""
    wd = batch / "runs" / runid
    polygon = place_of(runid)
    crs = CRS.from_epsg(utm_epsg(polygon.centroid.x, polygon.centroid.y))
    projected = project(polygon, WGS84, crs)
    grid = Grid.around(projected.bounds, crs.to_string(), CELL_M, BUFFER_M)
    for folder in ("dem", "watershed"):
        (wd / folder).mkdir(parents=True, exist_ok=True)
    write_json(wd / "extent.json", {"crs": grid.crs, "bounds_m": grid.bounds_m, "polygon": mapping(projected)})
    rows, cols = np.mgrid[0 : grid.rows, 0 : grid.cols]
    write_raster(wd / "dem" / "dem.tif", 500.0 + RISE * CELL_M * (rows + cols) / np.sqrt(2), grid)
    inside = mask_of(projected.buffer(-150.0), grid).astype("int32")
    write_raster(wd / "watershed" / "bound.tif", np.where(inside == 1, 1, -32768), grid, nodata=-32768)
    return grid
