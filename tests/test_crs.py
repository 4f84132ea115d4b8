"""Coordinate systems as users write them."""

import pytest

from weppbatch.crs import projected_metres, utm_epsg
from weppbatch.errors import ConfigError


@pytest.mark.parametrize(
    ("longitude_deg", "latitude_deg", "epsg"),
    [(-84.2, 36.3, 32616), (151.2, -33.9, 32756), (179.999, 10, 32660), (-180, 10, 32601), (180, -10, 32701)],
)
def test_the_utm_zone_of_a_place(longitude_deg: float, latitude_deg: float, epsg: int):
    assert utm_epsg(longitude_deg, latitude_deg) == epsg


def test_a_code_a_bare_number_and_a_name_all_work():
    assert projected_metres("EPSG:5070").to_epsg() == 5070
    assert projected_metres("32616").to_epsg() == 32616


@pytest.mark.parametrize("text", ["EPSG:4326", "EPSG:2225", "EPSG:999999", "utm 16"])
def test_a_geographic_system_one_in_feet_and_nonsense_are_refused(text: str):
    with pytest.raises(ConfigError):
        projected_metres(text)
