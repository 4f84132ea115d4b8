"""Real terrain for tests: hills in Tennessee, a basin in them, and its delineation, made by the real tools."""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.features import shapes
from shapely.geometry import box, shape

from weppbatch.terrain.channels import channel_network, condition, route
from weppbatch.terrain.grid import Grid, read_raster, write_raster
from weppbatch.terrain.overlap import basin_of, best_overlap
from weppbatch.terrain.sample import write_sample_dem
from weppbatch.terrain.sources import DemOptions, read_window
from weppbatch.terrain.whitebox import WhiteboxTools

CRS = "EPSG:32616"
HILLS = box(742000, 4020000, 746000, 4024000)


def hills_dem(folder: Path) -> Path:
    """The sample DEM as it ships: int16 metres, 3 arc-seconds."""
    path = folder / "hills.tif"
    write_sample_dem(path)
    return path


def hills_window(source: Path, *, cell_size_m: float = 30.0):
    """A window of the hills: elevations and grid."""
    grid = Grid.around(HILLS.bounds, CRS, cell_size_m, 1500.0)
    return read_window(source, grid, DemOptions())[0], grid


def delineate(elevation_m, grid, folder: Path, polygon, *, csa_ha: float = 10.0) -> None:
    """The rasters that the outlet step leaves for the basin that fits `polygon` best."""
    tools = WhiteboxTools(folder / "wbt.log")
    write_raster(folder / "dem.tif", elevation_m, grid)
    condition(tools, folder / "dem.tif", folder / "relief.tif", "breach", blc_dist_m=0.0, flat_increment_m=0.0001)
    route(tools, folder / "relief.tif", folder / "flovec.tif", folder / "floaccum.tif")
    channel_network(tools, folder, csa_ha=csa_ha, mcl_m=100.0, max_junctions=3, log=print)
