"""What the air would take from soil and plants by FAO-56's dual coefficients: figures worked by hand."""

import math

import numpy as np
import pytest

import hydrology_cases as cases
from weppbatch.hydrology import columns as at
from weppbatch.hydrology import demand
from weppbatch.hydrology.site import pack

REFERENCE = 5.0


def demands(*, wetting=0.0, share=0.5, caught=0.0, kcb=0.95, rawp=0.8, **cover):
    """Litter, soil and plant demand on a calm day (2 m/s, 45 % humidity) on soil filled to a share."""
    site = pack(cases.hillslope(cover=cases.cover(**cover)), 44.2)
    weather, settings = np.zeros(at.WEATHER_COLUMNS), np.zeros(13)
    weather[at.REFERENCE], weather[at.TMAX] = REFERENCE, 25.0
    weather[at.WIND] = 2.0 / (4.87 / math.log(67.8 * 10.0 - 5.42))
    weather[at.TDEW] = dew_point(0.45, 25.0)
    settings[at.KCB], settings[at.RAWP] = kcb, rawp
    water = share * site.layers[at.UPPER]
    return demand.fao56_demand(
        site.numbers[0], site.layers, water, weather, settings, wetting, caught
    ), site.numbers[0]


def dew_point(humidity, celsius):
    found = math.log(humidity) + 17.27 * celsius / (celsius + 237.3)
    return 237.3 * found / (17.27 - found)


def test_leaves_divide_the_coefficient_between_plants_and_soil():
    (litter, _, plants), site = demands(leaf_area_index=2.0, share=0.95)
    through = math.exp(-0.45 * 2.0)
    assert litter == pytest.approx(REFERENCE * 0.95 * through)
    assert plants == pytest.approx(REFERENCE * 0.95 * (1.0 - through))
    assert site["leaf_area"] == 2.0


def test_wet_bare_soil_evaporates_by_the_coefficient_of_its_cover():
    (litter, soil, plants), site = demands(leaf_area_index=0.0, share=0.95)
    assert plants == 0.0
    assert litter == pytest.approx(1.2 * REFERENCE)
    assert soil == pytest.approx(site["bare_share"] * 1.2 * REFERENCE)


def test_rain_wets_a_dry_surface_for_the_day():
    (_, dry, _), _ = demands(leaf_area_index=0.0, share=0.0)
    (_, wet, _), _ = demands(leaf_area_index=0.0, share=0.0, wetting=20.0)
    assert 0.0 < dry < 0.7 * wet


def test_dry_roots_transpire_less_and_a_larger_readily_available_part_helps_them():
    (_, _, wet), _ = demands(share=0.9, leaf_area_index=2.0)
    (_, _, dry), _ = demands(share=0.0, leaf_area_index=2.0, rawp=0.1)
    (_, _, better), _ = demands(share=0.0, leaf_area_index=2.0, rawp=0.4)
    assert dry < better < wet
