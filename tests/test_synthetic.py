"""The demonstration's maps on the demonstration's terrain."""

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from parameter_run import write_map
from weppbatch.tasks.parameters import land_covers
from weppbatch.tasks.soil_survey import SoilSurvey
from weppbatch.terrain.burn_severity import SEVERITIES
from weppbatch.terrain.synthetic import NODATA, SOIL_TEXTURES, write_synthetic_maps


@pytest.fixture(scope="module")
def maps(sample_dem, tmp_path_factory):
    return write_synthetic_maps(sample_dem, tmp_path_factory.mktemp("maps"))


def band(path):
    with rasterio.open(path) as source:
        return source.read(1)


def test_the_maps_lie_on_the_terrains_cells_and_say_that_they_are_synthetic(maps, sample_dem):
    with rasterio.open(sample_dem) as terrain:
        place = terrain.crs, terrain.transform, terrain.shape
    for path in (maps.landcover, maps.soil, maps.burn_severity):
        with rasterio.open(path) as source:
            assert (source.crs, source.transform, source.shape) == place
            assert "SYNTHETIC" in source.tags() and "not observed" in source.tags()["SOURCE"]
            assert len(source.tags()["RULE"]) > 50
    assert "SYNTHETIC" in maps.soil_table.read_text()


def test_every_class_occurs_and_the_tables_know_it(maps):
    landcover = set(np.unique(band(maps.landcover)))
    assert landcover == {41, 42, 43, 52, 71, 81}
    assert landcover <= land_covers().keys()
    assert set(np.unique(band(maps.soil))) == set(SOIL_TEXTURES)
    assert set(np.unique(band(maps.burn_severity))) == set(range(len(SEVERITIES)))
    survey = SoilSurvey(maps.soil_table)
    assert {code: survey.texture_of(code) for code in SOIL_TEXTURES} == {
        code: (texture, []) for code, texture in SOIL_TEXTURES.items()
    }


def test_the_same_terrain_gives_the_same_bytes(maps, sample_dem, tmp_path):
    again = write_synthetic_maps(sample_dem, tmp_path)
    for name in ("landcover", "soil", "soil_table", "burn_severity"):
        assert getattr(again, name).read_bytes() == getattr(maps, name).read_bytes()


def cone(crs, cell, folder):
    """A cone of 45 % slope, steeper than any valley, with a nodata corner."""
    row, col = np.indices((101, 101))
    elevation_m = 3000.0 - 0.40 * 30.0 * np.hypot(row - 50, col - 50)
    elevation_m[:10, :10] = -9999
    transform = Affine(cell, 0, -84.0 if cell < 1 else 740_000.0, 0, -cell, 0.03 if cell < 1 else 4_020_000.0)
    path = write_map(folder / "cone.tif", elevation_m.astype("float32"), crs=crs, transform=transform, nodata=-9999)
    return write_synthetic_maps(path, folder)


@pytest.mark.parametrize(("crs", "cell"), [("EPSG:32616", 30.0), ("EPSG:4326", 30.0 / 111_320.0)])
def test_land_cover_follows_aspect_and_fire_the_slopes_to_the_south(crs, cell, tmp_path):
    maps = cone(crs, cell, tmp_path)
    landcover, burned = band(maps.landcover), band(maps.burn_severity)
    assert landcover[10, 50] == 41  # a slope to the north
    assert landcover[95, 50] == 42 and landcover[75, 50] == 52  # to the south, low and high
    assert landcover[75, 85] == 43 or landcover[50, 90] == 43  # to the east
    assert burned[75, 50] > burned[25, 50] > 0  # the same height, to the south and to the north
    assert burned[0, 50] == 0
    assert landcover[0, 0] == burned[0, 0] == band(maps.soil)[0, 0] == NODATA
