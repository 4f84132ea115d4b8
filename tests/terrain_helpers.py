"""Windows of the sample terrain around the demo's watersheds, whose true outlets are known."""

from pathlib import Path

import geopandas
import numpy as np
from shapely.geometry.base import BaseGeometry

from weppbatch.files import shipped
from weppbatch.terrain.grid import Grid
from weppbatch.terrain.sources import DemOptions, read_window

CRS = "EPSG:32616"
# As `python benchmarks/demo_watersheds.py` prints them: drained on other cells with another conditioning.
TRUE_OUTLETS = {
    "Montgomery Fork": (738310.0, 4023670.0),
    "Big Creek": (753210.0, 4028970.0),
    "Ollis Creek": (756130.0, 4024170.0),
    "Stony Fork": (740410.0, 4017790.0),
    "Ligias Fork": (751930.0, 4008110.0),
}


def demo_polygons() -> dict[str, BaseGeometry]:
    """The demo's usable watersheds by name, in UTM."""
    frame = geopandas.read_file(shipped("config") / "demo" / "watersheds.geojson")
    usable = frame[frame.geom_type == "Polygon"].to_crs(CRS)
    return dict(zip(usable["HucName"], usable.geometry, strict=True))


def sample_window(source: Path, polygon: BaseGeometry, buffer_m: float = 1000.0) -> tuple[np.ndarray, Grid]:
    """Elevations around a polygon, on cells of 30 m."""
    grid = Grid.around(polygon.bounds, CRS, 30.0, buffer_m)
    return read_window(source, grid, DemOptions())[0], grid
