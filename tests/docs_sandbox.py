"""A folder in which the documentation's commands can be run: `/data` as the pages name it, and a batch `myfire`.

Two small real watersheds, maps made from the terrain, few years of weather. Made once; every page gets a copy.
"""

import json
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import rasterio

from observed_weather import write_gridmet
from weppbatch.commands.app import main
from weppbatch.files import shipped
from weppbatch.terrain.synthetic import write_synthetic_maps

NAMES = ("Bruce Creek", "Smoky Creek")
TEMPLATE = "{slug(properties['HucName'])}"
STATION = "ca046006"
PROPERTIES = {"sand": 400.0, "clay": 200.0, "soc": 120.0, "depth": 90.0, "canopy": 70.0}


def write_data(folder: Path, dem: Path) -> None:
    """Everything that pages call /data/..., under those names."""
    folder.mkdir()
    shutil.copy(dem, folder / "dem.tif")
    maps = write_synthetic_maps(dem, folder / "synthetic")
    for name, source in (("nlcd", maps.landcover), ("mukey", maps.soil), ("sbs", maps.burn_severity)):
        shutil.copy(source, folder / f"{name}.tif")
    shutil.copy(maps.soil_table, folder / "horizons.csv")
    with rasterio.open(maps.burn_severity) as severity:
        classes, profile = severity.read(1), severity.profile
    codes = np.array([40, 95, 140, 230], dtype="uint8")
    barc = np.where(classes == profile["nodata"], 0, codes[np.minimum(classes, 3)])
    barc[:4, :8] = np.arange(1, 33).reshape(4, 8)  # a real one has many values
    _write(folder / "barc256.tif", barc.astype("uint8"), profile | {"nodata": 0})
    for name, value in PROPERTIES.items():
        _write(folder / f"{name}.tif", np.full(classes.shape, value, dtype="float32"),
               profile | {"dtype": "float32", "nodata": -9999.0})  # fmt: skip
    _write_survey(folder / "gnatsgo.sqlite")
    (folder / "gridmet").mkdir()
    write_gridmet(folder / "gridmet", 1990, west=-84.6, north=36.6)
    (folder / "wepp").write_text("#!/bin/sh\nexit 1\n")
    (folder / "wepp").chmod(0o755)
    collection = json.loads((shipped("config") / "demo" / "watersheds.geojson").read_text())
    chosen = [feature for feature in collection["features"] if feature["properties"]["HucName"] in NAMES]
    for number, feature in enumerate(chosen):
        feature["properties"] |= {"HUC12": f"05130104010{number}", "Name": feature["properties"]["HucName"]}
    (folder / "watersheds.geojson").write_text(json.dumps(collection | {"features": chosen}))
    unit = chosen[0] | {"properties": {"name": "unit"}}
    (folder / "units.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [unit]}))


def write_surroundings(folder: Path, data: Path) -> None:
    """What lies in the folder of a page's reader: files of the README, the demo's resources, the code."""
    root = Path(__file__).parents[1]
    for name in ("workflow", "profiles", "config", "Makefile", "pyproject.toml"):
        (folder / name).symlink_to(root / name)
    for name in ("watersheds.geojson", "huc12.geojson"):
        shutil.copy(data / "watersheds.geojson", folder / name)
    shutil.copy(data / "barc256.tif", folder / "barc4.tif")
    resources = folder / "batches" / "demo" / "resources"
    (resources / "dem").mkdir(parents=True)
    shutil.copy(data / "dem.tif", resources / "dem" / "srtm-cumberland.tif")
    shutil.copytree(data / "synthetic", resources / "synthetic")
    shutil.copy(data / "watersheds.geojson", resources)


def make_batch(data: Path, *, finished: bool) -> None:
    """The batch `myfire` in ./batches; finished: all tasks are done."""
    say(
        ("create", "myfire"),
        ("add", "myfire", "dem", data / "dem.tif"),
        ("add", "myfire", "watersheds", data / "watersheds.geojson"),
        ("add", "myfire", "sbs", data / "sbs.tif"),
        ("validate", "myfire", "--template", TEMPLATE),
        (
            *("set", "myfire", f"landuse.landcover={data}/nlcd.tif", f"soils.soil_map={data}/mukey.tif"),
            *(f"soils.soil_table={data}/horizons.csv", "climate.years=3"),
            *("climate.station_selection=user", f"climate.station_id={STATION}"),
        ),
    )
    if finished:
        say(("run", "myfire", "--cores", "2"))


def say(*commands: tuple[object, ...]) -> None:
    """Run commands of weppbatch here; each has to succeed."""
    for words in commands:
        assert main([str(word) for word in words]) == 0, words


def _write(path: Path, cells: np.ndarray, profile: dict) -> None:
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(cells, 1)


def _write_survey(path: Path) -> None:
    """One horizon for each of the map's units, as SSURGO has them."""
    with sqlite3.connect(path) as survey:
        survey.execute("create table horizons (mukey text, hzdept_r, hzdepb_r, sandtotal_r, claytotal_r, om_r)")
        rows = [(str(unit), 0, 80, 30 + 10 * unit, 25 - 4 * unit, 3.0) for unit in range(1, 5)]
        survey.executemany("insert into horizons values (?, ?, ?, ?, ?, ?)", rows)
    survey.close()
