"""Task extent: the watershed's polygon, or its outlet, becomes a window in a projected system.

Reads the run's feature; writes `watershed.geojson` (WGS84) and `extent.json` (CRS, window, polygon or point).
"""

import json
from typing import Any

from pyproj import CRS
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from weppbatch.crs import WGS84, project, projected_metres, utm_epsg
from weppbatch.errors import DataError
from weppbatch.files import write_json
from weppbatch.nodb.ron import Ron
from weppbatch.tasks.features import feature_of, is_point
from weppbatch.tasks.run import Metrics, Run
from weppbatch.terrain.grid import Grid


def run(run: Run) -> Metrics:
    """Project the polygon or point, buffer its bounds, and snap the window to whole cells."""
    ron = run.control(Ron)
    feature = feature_of(run.batch, run.runid)
    polygon_wgs84 = shape(feature["geometry"])
    crs = target_crs(ron.target_crs, polygon_wgs84)
    polygon = project(polygon_wgs84, WGS84, crs)
    buffer_m = ron.outlet_buffer_m if is_point(feature) else ron.buffer_m
    grid = Grid.around(polygon.bounds, crs.to_string(), ron.cell_size_m, buffer_m)
    if grid.rows * grid.cols > ron.max_window_cells:
        raise DataError(
            f"the window of {run.runid} has {grid.rows} x {grid.cols} cells, over {ron.max_window_cells}",
            hint="raise ron.cell_size_m or ron.max_window_cells, or split the watershed",
        )
    write_json(run.output("watershed.geojson"), _user_feature(feature))
    write_json(
        run.output("extent.json"),
        {
            "crs": crs.to_string(),
            "grid": grid.to_json(),
            "bounds_m": list(grid.bounds_m),
            "buffer_m": buffer_m,
            "polygon": mapping(polygon),
            "polygon_area_m2": None if is_point(feature) else polygon.area,
            "feature_sha256": feature["sha256"],
        },
    )
    metrics: Metrics = {"crs": crs.to_string(), "rows": grid.rows, "cols": grid.cols}
    return metrics if is_point(feature) else metrics | {"polygon_area_m2": round(polygon.area, 1)}


def target_crs(setting: str, polygon_wgs84: BaseGeometry) -> CRS:
    """The system to work in: `utm` (the zone of the polygon's inner point) or what the setting names."""
    if setting.lower() != "utm":
        return projected_metres(setting)
    inside = polygon_wgs84.representative_point()
    return CRS.from_epsg(utm_epsg(inside.x, inside.y))


def _user_feature(feature: dict[str, Any]) -> dict[str, Any]:
    """The feature as a collection that QGIS opens, with the run id among the properties."""
    properties = feature["properties"] | {"runid": feature["runid"]}
    geometry = json.loads(json.dumps(feature["geometry"]))
    return {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": properties, "geometry": geometry}],
    }
