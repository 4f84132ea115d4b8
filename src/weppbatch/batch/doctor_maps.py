"""Maps against watersheds: whether a raster covers them, and which classes lie in them.

In: a raster and the polygons of runs. Out: shares and counts by run id. Each raster is opened once; polygons are
moved into its system together. What a share means for a task is decided by the doctor.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from pyproj import CRS
from rasterio.features import geometry_mask
from rasterio.io import DatasetReader
from rasterio.windows import Window
from rasterio.windows import transform as window_transform
from shapely import Point
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from weppbatch.crs import WGS84, transformer
from weppbatch.files import read_json
from weppbatch.tasks.features import RUN_FEATURES
from weppbatch.tasks.record import TaskFiles
from weppbatch.terrain.zonal import MapWithoutCrs

MOST_CELLS = 512  # a side of what is read of a map for one watershed; larger windows are thinned


@dataclass(frozen=True)
class Contents:
    """What a map has in a polygon: cells looked at, and of each value how many."""

    cells: int
    values: Mapping[float, int]

    @property
    def known(self) -> float:
        """The share of the polygon's cells that have a value."""
        return sum(self.values.values()) / self.cells if self.cells else 0.0


def polygons_of(batch: Path, runids: Iterable[str]) -> dict[str, BaseGeometry]:
    """The polygons of runs in WGS84, from the batch's validated watersheds.

    Of an outlet that was given as a point: its basin, or the point while that was not found yet.
    """
    wanted = set(runids)
    found: dict[str, BaseGeometry] = {}
    with (batch / RUN_FEATURES).open(encoding="utf-8") as lines:
        for line in lines:
            feature = json.loads(line)
            runid = feature["runid"]
            if runid in wanted:
                found[runid] = shape(feature["geometry"])
                outline = batch / "runs" / runid / "watershed" / "basin.geojson"
                known = TaskFiles(batch / "runs" / runid, "outlet").sentinel.exists()
                if isinstance(found[runid], Point) and known and outline.exists():
                    found[runid] = shape(read_json(outline)["features"][0]["geometry"])
    return found


def moved(polygons: Mapping[str, BaseGeometry], crs: CRS, west: float) -> dict[str, BaseGeometry]:
    """Polygons in another system; longitudes are counted from `west` on, so that 0 to 360 needs no care."""
    mover = transformer(WGS84, crs.to_wkt())

    def move(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        x, y = mover.transform(xy[:, 0], xy[:, 1])
        return np.column_stack((west + (x - west) % 360.0 if crs.is_geographic else x, y))

    shapes = shapely.transform(np.array(list(polygons.values()), dtype=object), move)
    return dict(zip(polygons, shapes, strict=True))


def share_within(polygon: BaseGeometry, extent: BaseGeometry) -> float:
    """The share of a polygon that lies in an area; of a point 1 or 0."""
    if not np.isfinite(polygon.bounds).all():
        return 0.0
    if isinstance(polygon, Point):
        return float(extent.covers(polygon))
    return float(polygon.intersection(extent).area / polygon.area) if polygon.area else 0.0


class Map:
    """An open raster, and polygons in its system."""

    def __init__(self, raster: DatasetReader, polygons: Mapping[str, BaseGeometry]) -> None:
        self.raster = raster
        west = min(raster.bounds.left, raster.bounds.right)
        self.polygons = moved(polygons, CRS.from_wkt(raster.crs.to_wkt()), west)

    def covered(self) -> dict[str, float]:
        """The share of each polygon that lies within the raster's bounds."""
        extent = shapely.box(*self.raster.bounds)
        return {runid: share_within(polygon, extent) for runid, polygon in self.polygons.items()}

    def points(self) -> frozenset[str]:
        """The runs of which only the outlet is known."""
        return frozenset(runid for runid, polygon in self.polygons.items() if isinstance(polygon, Point))

    def contents(self, runid: str) -> Contents:
        """The values in a polygon; thinned where the window is large. Masked and NaN cells count as unknown."""
        inverse = ~self.raster.transform
        west, south, east, north = self.polygons[runid].bounds
        corners = [inverse @ corner for corner in ((west, north), (east, north), (west, south), (east, south))]
        left = max(0, int(min(col for col, _ in corners)))
        top = max(0, int(min(row for _, row in corners)))
        right = min(self.raster.width, int(max(col for col, _ in corners)) + 1)
        foot = min(self.raster.height, int(max(row for _, row in corners)) + 1)
        if right <= left or foot <= top:
            return Contents(0, {})
        window = Window(left, top, right - left, foot - top)
        rows, cols = min(foot - top, MOST_CELLS), min(right - left, MOST_CELLS)
        cells = self.raster.read(1, window=window, masked=True, out_shape=(rows, cols))
        thinned = window_transform(window, self.raster.transform) @ rasterio.Affine.scale(
            (right - left) / cols, (foot - top) / rows
        )
        inside = geometry_mask(
            [self.polygons[runid]], (rows, cols), thinned, all_touched=rows * cols < 100, invert=True
        )
        held = cells[inside].compressed()
        values, counts = np.unique(held[np.isfinite(held)], return_counts=True)
        return Contents(int(inside.sum()), dict(zip(values.tolist(), counts.tolist(), strict=True)))


def map_of(raster: DatasetReader, path: Path, setting: str, polygons: Mapping[str, BaseGeometry]) -> Map:
    """The map of an open raster. Raises MapWithoutCrs."""
    if raster.crs is None:
        raise MapWithoutCrs(
            f"{path} has no coordinate reference system",
            hint="assign the right one, for instance: gdal_edit.py -a_srs EPSG:4326 FILE",
        )
    return Map(raster, polygons)
