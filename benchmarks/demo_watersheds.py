"""Makes config/demo/watersheds.geojson: `python benchmarks/demo_watersheds.py`.

Ten watersheds of the demo's terrain with boundaries as imperfect as mapped ones, each delineated here to see that
it works, and two features that are bad on purpose. The same seed gives the same file.
"""

import tempfile
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely
from shapely.geometry import mapping

from imperfect import KnownBasin, imperfect, known_basins, true_terrain
from outlets import CRS, delineated
from weppbatch.files import shipped, write_json
from weppbatch.terrain.sample import write_sample_dem

SEED = 11
LEAST_M2, MOST_M2 = 3e6, 40e6
WANTED = 10
# Creeks of the Cumberland Mountains and about where they run (longitude, latitude); each names the nearest basin.
CREEKS = {
    "Stinking Creek": (-84.24, 36.42),
    "Hickory Creek": (-84.17, 36.43),
    "Big Creek": (-84.15, 36.38),
    "Ollis Creek": (-84.20, 36.36),
    "Titus Creek": (-84.13, 36.41),
    "Cove Creek": (-84.24, 36.28),
    "Stony Fork": (-84.29, 36.29),
    "Beech Fork": (-84.29, 36.23),
    "Ligias Fork": (-84.31, 36.19),
    "Smoky Creek": (-84.37, 36.25),
    "Montgomery Fork": (-84.37, 36.33),
    "Buffalo Creek": (-84.38, 36.38),
    "Straight Fork": (-84.35, 36.41),
    "Coal Creek": (-84.17, 36.22),
    "Bruce Creek": (-84.20, 36.33),
    "Elk Fork Creek": (-84.29, 36.43),
}
FIRST_HUC_NUMBER = 51301040101


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        chosen = watersheds(Path(folder))
    geographic = list(geopandas.GeoSeries(chosen, crs=CRS).to_crs("EPSG:4326"))
    names = named(geographic)
    features = [
        feature(number, name, polygon, boundary.area / 1e6)
        for number, (name, polygon, boundary) in enumerate(zip(names, geographic, chosen, strict=True), start=1)
    ]
    # Two far ends of the map as one watershed: no outlet drains both, and neither part is nearly all of it.
    parts = [
        shapely.Point(polygon.centroid).buffer(0.01, quad_segs=4) for polygon in (geographic[0], geographic[-1])
    ]
    features.append(feature(WANTED + 1, "Twin Hollows", shapely.MultiPolygon(parts), None))
    features.append(feature(WANTED + 2, "Lost Branch", None, None))
    path = shipped("config") / "demo" / "watersheds.geojson"
    write_json(path, {"type": "FeatureCollection", "name": "watersheds", "features": features})
    print(f"{path}: {len(features)} features")


def watersheds(folder: Path) -> list[shapely.Polygon]:
    """Ten boundaries that don't overlap much and that the outlet step delineates well and without a flag."""
    source = folder / "sample.tif"
    write_sample_dem(source)
    terrain = true_terrain(source, CRS, folder)
    rng = np.random.default_rng(SEED)
    chosen: list[shapely.Polygon] = []
    for basin in known_basins(terrain, "confluence", rng, LEAST_M2, MOST_M2):
        boundary = shapely.simplify(imperfect(basin.polygon, rng), 10.0)
        apart = all(boundary.intersection(other).area < 0.02 * boundary.area for other in chosen)
        if apart and LEAST_M2 <= boundary.area <= MOST_M2 and delineates_well(source, basin, boundary, folder):
            chosen.append(boundary)
        if len(chosen) == WANTED:
            return sorted(chosen, key=lambda polygon: -float(polygon.centroid.y))
    raise SystemExit(f"only {len(chosen)} watersheds of {WANTED}; try another seed")


def delineates_well(source: Path, basin: KnownBasin, boundary: shapely.Polygon, folder: Path) -> bool:
    """Whether the outlet step finds the true outlet of a boundary and nothing doubtful."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        row = delineated(source, basin, boundary, Path(home))
    good = not row["flags"] and row["error"] is None and row["iou"] >= 0.75 and row["distance_m"] < 250.0
    if good:
        print(f"{row['area_km2']:5.1f} km2, outlet {basin.x_m:.0f} {basin.y_m:.0f}, {row['distance_m']:.0f} m off")
    return good


def named(polygons: list[shapely.Polygon]) -> list[str]:
    """A name for each polygon, the closest pairs of creek and polygon first."""
    pairs = sorted(
        (polygon.centroid.distance(shapely.Point(place)), index, creek)
        for index, polygon in enumerate(polygons)
        for creek, place in CREEKS.items()
    )
    names: dict[int, str] = {}
    for _, index, creek in pairs:
        if index not in names and creek not in names.values():
            names[index] = creek
    return [names[index] for index in range(len(polygons))]


def feature(number: int, name: str, polygon: Any, area_km2: float | None) -> dict[str, Any]:
    """A GeoJSON feature with the attributes of a hydrologic unit; coordinates to about 0.1 m."""
    return {
        "type": "Feature",
        "id": number,
        "properties": {
            "HucName": name,
            "HucNumber": FIRST_HUC_NUMBER + number - 1,
            "State": "TN",
            "area_km2": None if area_km2 is None else round(area_km2, 2),
        },
        "geometry": None if polygon is None else mapping(shapely.set_precision(polygon, 1e-6)),
    }


if __name__ == "__main__":
    main()
