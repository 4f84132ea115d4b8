"""Real terrain for tests: hills in Tennessee and basins in them, delineated by the real tools."""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.features import shapes
from shapely.geometry import box, shape

from weppbatch.files import write_json
from weppbatch.terrain.channels import channel_network, condition, route
from weppbatch.terrain.grid import Grid, grid_of, write_raster
from weppbatch.terrain.overlap import basin_of
from weppbatch.terrain.sample import write_sample_dem
from weppbatch.terrain.sources import DemOptions, read_window
from weppbatch.terrain.whitebox import WhiteboxTools

CRS = "EPSG:32616"
HILLS = box(742000, 4020000, 746000, 4024000)
CREEK = (744045.0, 4022385.0)  # where a creek of 3.0 km2 leaves the hills


def hills_dem(folder: Path) -> Path:
    """The sample DEM as it ships: int16 metres, 3 arc-seconds."""
    path = folder / "hills.tif"
    write_sample_dem(path)
    return path


def hills_window(source: Path) -> tuple[np.ndarray, Grid]:
    """Elevations of a window in the hills, 30 m cells in UTM."""
    grid = Grid.around(HILLS.bounds, CRS, 30.0, 1500.0)
    return read_window(source, grid, DemOptions())[0], grid


def make_channels(elevation_m: np.ndarray, grid: Grid, folder: Path, csa_ha: float = 10.0) -> None:
    """relief, flovec, floaccum, netful and chnjnt .tif."""
    folder.mkdir(exist_ok=True)
    tools = WhiteboxTools(folder / "wbt.log")
    write_raster(folder / "dem.tif", elevation_m, grid)
    condition(tools, folder / "dem.tif", folder / "relief.tif", "breach", blc_dist_m=0.0, flat_increment_m=0.0001)
    route(tools, folder / "relief.tif", folder / "flovec.tif", folder / "floaccum.tif")
    channel_network(tools, folder, csa_ha=csa_ha, mcl_m=100.0, max_junctions=3, log=print)


def make_basin(folder: Path, row: int, col: int) -> np.ndarray:
    """bound.tif and outlet.geojson of the basin of a cell, as the outlet step leaves them; returns the basin."""
    basin = basin_of(first_band(folder / "flovec.tif"), row, col)
    write_raster(folder / "bound.tif", basin.astype(np.int32), grid_of(folder / "flovec.tif"))
    properties = {"row": row, "col": col}
    write_json(folder / "outlet.geojson", {"features": [{"properties": properties}]})
    return basin


def creek_cell(grid: Grid) -> tuple[int, int]:
    """Row and column of the creek's outlet."""
    return int((grid.top_m - CREEK[1]) // grid.cell_size_m), int((CREEK[0] - grid.left_m) // grid.cell_size_m)


def outline(basin: np.ndarray, grid: Grid):
    """A basin's cells as one polygon."""
    parts = [shape(part) for part, _ in shapes(basin.astype(np.uint8), mask=basin, transform=grid.transform)]
    return max(parts, key=lambda part: part.area)


def first_band(path: Path) -> np.ndarray:
    """The raw first band."""
    with rasterio.open(path) as source:
        return source.read(1)
