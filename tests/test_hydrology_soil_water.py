"""Water in the soil, evapotranspiration and pedotransfer: nothing is lost, known figures come out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hydrology_cases as cases
from weppbatch.hydrology import columns as at
from weppbatch.hydrology import drainage, pedotransfer, plants, soil_water, surface
from weppbatch.hydrology import evapotranspiration as et

UPPER = np.array([30.0, 30.0, 50.0])
CAPACITY = np.array([12.0, 12.0, 20.0])
KSAT = np.array([40.0, 40.0, 10.0])
FOOT = np.array([100.0, 200.0, 400.0])
THICKNESS = np.diff(FOOT, prepend=0.0)
DRY = np.zeros(3)  # no ice
EXPONENT = -2.655 / np.log10(CAPACITY / UPPER)
waters = st.lists(st.floats(0, 1), min_size=3, max_size=3).map(lambda shares: UPPER * np.array(shares))


@given(waters, st.floats(0.1, 24), st.floats(0, 50), st.booleans())
@settings(max_examples=200, deadline=None)
def test_percolation_moves_water_and_loses_none(water, hours, base, hourly):
    before = water.sum()
    out = soil_water.percolate(hours, water, DRY, CAPACITY, UPPER, KSAT, EXPONENT, base, hourly)
    assert out >= 0
    assert (water >= 0).all()
    assert water.sum() + out == pytest.approx(before, abs=1e-9)


@given(st.floats(1e-12, 60.0))
@settings(max_examples=200, deadline=None)
def test_the_share_that_drains_is_exact_where_little_and_where_all_of_it_does(ratio):
    assert soil_water.drained_share(ratio) == pytest.approx(-np.expm1(-ratio), rel=1e-13)


def test_soil_at_rest_drains_nothing_and_a_nanometre_more_stays():
    for above, rests in ((0.0, True), (0.5e-6, True), (1e-3, False)):
        water = CAPACITY + above
        before = water.copy()
        soil_water.percolate(1.0, water, DRY, CAPACITY, UPPER, KSAT, EXPONENT, 10.0, True)
        assert soil_water.at_rest(before, CAPACITY) == rests == (water == before).all()


def test_nothing_percolates_below_field_capacity():
    water = CAPACITY.copy()
    assert soil_water.percolate(24.0, water, DRY, CAPACITY, UPPER, KSAT, EXPONENT, 10.0, True) == 0.0
    assert (water == CAPACITY).all()


@given(waters, st.floats(0.1, 24), st.floats(0.01, 0.8), st.floats(1.0, 400.0), st.booleans())
@settings(max_examples=200, deadline=None)
def test_lateral_flow_takes_only_what_lies_above_the_threshold(water, hours, sine, length_m, hourly):
    before = water.copy()
    soil = (CAPACITY, UPPER, THICKNESS, 10.0 * KSAT)
    if hourly:
        out = soil_water.lateral_by_hour(hours, water, CAPACITY, *soil, sine, 1000.0 * length_m)
    else:
        out = soil_water.lateral(hours, water, *soil, EXPONENT, sine, 1000.0 * length_m)
    assert water.sum() + out == pytest.approx(before.sum(), abs=1e-9)
    assert (water >= np.minimum(before, CAPACITY) - 1e-12).all()


def test_lateral_flow_of_a_full_profile_is_dun_s():
    water = UPPER.copy()
    expected = (KSAT * THICKNESS).sum() * 0.5 / 1e5
    out = soil_water.lateral(1.0, water, CAPACITY, UPPER, THICKNESS, KSAT, EXPONENT, 0.5, 1e5)
    assert out == pytest.approx(expected)
    out = soil_water.lateral_by_hour(1.0, UPPER.copy(), CAPACITY, CAPACITY, UPPER, THICKNESS, KSAT, 0.5, 1e5)
    assert out == pytest.approx(expected)


def test_by_the_hour_only_soil_that_lies_on_full_soil_drains():
    water = np.array([25.0, 25.0, 40.0])
    out = soil_water.lateral_by_hour(1.0, water, CAPACITY, CAPACITY, UPPER, THICKNESS, KSAT, 0.5, 1e5)
    share = (40.0 - CAPACITY[2]) / (UPPER[2] - CAPACITY[2])
    assert out == pytest.approx(KSAT[2] * THICKNESS[2] * share * 0.5 / 1e5)


def test_an_hour_percolates_its_part_of_the_day_s_seepage():
    day, hour = np.array([25.0, 5.0, 5.0]), np.array([25.0, 5.0, 5.0])
    soil_water.percolate(24.0, day, DRY, CAPACITY, UPPER, KSAT, EXPONENT, 0.0, True)
    soil_water.percolate(1.0, hour, DRY, CAPACITY, UPPER, KSAT, EXPONENT, 0.0, True)
    assert 25.0 - hour[0] == pytest.approx((25.0 - day[0]) / 24.0)


def test_by_the_hour_soil_above_full_soil_conducts_as_if_full():
    found = []
    for hourly in (True, False):
        water = np.array([15.0, UPPER[1], 10.0])
        before = water[0]
        soil_water.percolate(1.0, water, DRY, CAPACITY, UPPER, np.full(3, 0.5), EXPONENT, 0.0, hourly)
        found.append(before - water[0])
    assert found[0] > 5.0 * found[1] > 0.0


def test_an_overfull_layer_pushes_water_up():
    water = np.array([10.0, 30.0, 80.0])
    soil_water.push_up(water, UPPER)
    assert list(water) == [40.0, 30.0, 50.0]


def test_ice_pushes_water_up_only_on_days_that_wet_the_soil():
    ice = np.array([0.0, 25.0, 0.0])
    dry_day, wet_day = np.array([10.0, 20.0, 10.0]), np.array([10.0, 20.0, 10.0])
    layers, now = np.zeros((at.WETTED + 1, 3)), np.zeros((at.NOW_ROWS, 3))
    layers[at.UPPER] = UPPER
    soil_water.beside_ice(layers, ice, now)
    soil_water.push_up(dry_day, drainage.room_of(layers, now, 0.0))
    soil_water.push_up(wet_day, drainage.room_of(layers, now, 5.0))
    assert list(dry_day) == [10.0, 20.0, 10.0]
    assert list(wet_day) == [25.0, 5.0, 10.0]


@given(waters, st.floats(0, 30), st.floats(1, 400), st.floats(0.1, 0.4))
@settings(max_examples=200, deadline=None)
def test_plants_take_what_there_is_and_no_more_than_they_ask(water, demand, root_mm, stress):
    before = water.sum()
    taken = soil_water.take_up(demand, water, UPPER, FOOT, root_mm, stress)
    assert -1e-12 <= taken <= demand + 1e-9
    assert (water >= 0).all()
    assert water.sum() + taken == pytest.approx(before, abs=1e-9)


def test_soil_evaporation_reaches_no_deeper_than_a_hundred_millimetres():
    water = UPPER.copy()
    assert soil_water.evaporate(1e3, water, np.array([50.0, 200.0, 400.0]), 100.0) == pytest.approx(30.0 + 10.0)
    assert water[2] == UPPER[2]


def test_the_reference_evapotranspiration_matches_fao_s_uccle_example():
    # Allen et al. 1998, example 18: Brussels, 6 July: 3.88 mm/day; wind 2.78 m/s at 10 m, 100 m above the sea
    dew = 11.7  # actual vapour pressure 1.409 kPa is that of 12.06 degrees; 1.374 that of 11.7
    potential = et.extraterrestrial_ly(50.8, 187.0)
    assert potential / 23.9 == pytest.approx(41.09, rel=0.02)
    clear = (0.75 + 2e-5 * 100.0) * potential
    assert et.fao56_mm(21.5, 12.3, dew + 0.36, 22.07 * 23.9, clear, 2.78, 100.0) == pytest.approx(3.88, abs=0.1)


@given(
    st.floats(-40, 45),
    st.floats(0, 25),
    st.floats(0, 900),
    st.floats(0, 15),
    st.integers(1, 366),
    st.floats(-65, 65),
)
@settings(max_examples=300, deadline=None)
def test_every_reference_is_finite_and_not_negative(tmin, spread, radiation, wind, day, latitude):
    tmax = tmin + spread
    potential = et.extraterrestrial_ly(latitude, float(day))
    terms = et.penman_terms(0.5 * (tmin + tmax), tmin - 1.0, radiation, potential, wind, 500.0)
    found = (
        et.fao56_mm(tmax, tmin, tmin - 1.0, radiation, potential, wind, 500.0),
        et.penman_mm(*terms, 0.2),
        et.priestley_taylor_mm(0.5 * (tmin + tmax), radiation, 0.2),
    )
    assert np.isfinite(found).all()
    assert min(found) >= 0.0


def test_bare_soil_dries_with_the_root_of_time():
    s1, s2, days, amounts = 0.0, 0.0, 0.0, []
    for _ in range(12):
        amount, s1, s2, days = et.ritchie(5.0, 0.0, 6.0, s1, s2, days)
        amounts.append(amount)
    assert amounts[0] == 5.0
    assert amounts[2:] == sorted(amounts[2:], reverse=True)
    # of the 10 mm of two days 4 exceed stage one; 0.6 of them are taken as stage two's beginning, at 3.5 t^0.5
    begun = (2.4 / 3.5) ** 2
    assert sum(amounts[2:]) == pytest.approx(3.5 * (begun + 10) ** 0.5 - 2.4)


def test_missing_soil_values_are_estimated_and_given_ones_kept():
    nothing = np.full(2, np.nan)
    found = pedotransfer.completed(
        cases.layers(bulk_density_g_cm3=nothing, field_capacity=nothing, wilting_point=nothing, ksat_mm_h=nothing)
    )
    assert (found.bulk_density_g_cm3 > 1.0).all()
    assert (found.wilting_point < found.field_capacity).all()
    assert (found.ksat_mm_h > 0).all()
    assert (pedotransfer.completed(cases.layers()).field_capacity == cases.layers().field_capacity).all()


@pytest.mark.parametrize(
    ("depth", "expected"),
    [(150, [100, 200]), (200, [100, 200]), (300, [100, 200, 300]), (950, [100, 200, 400, 600, 950])],
)
def test_layers_are_put_on_wepp_s_grid(depth, expected):
    found = pedotransfer.regridded(cases.layers(depth_mm=np.array([depth / 2, float(depth)])))
    assert list(found.depth_mm) == expected
    assert np.isfinite(found.ksat_mm_h).all()


def test_conductivity_averages_harmonically_over_a_step():
    found = pedotransfer.regridded(cases.layers(depth_mm=np.array([100.0, 400.0])))
    assert found.ksat_mm_h[0] == pytest.approx(2 / (1 / 40 + 1 / 20))
    assert found.ksat_mm_h[2] == pytest.approx(20.0)
    assert found.ksat_mm_h[0] * found.anisotropy[0] == pytest.approx((400 + 20) / 2)


def test_field_capacity_stays_below_the_porosity():
    kept = pedotransfer.retention(pedotransfer.completed(cases.layers(field_capacity=np.array([0.6, 0.6]))))
    assert (kept.wilting_point < kept.field_capacity).all()
    assert (kept.field_capacity <= 0.83 * kept.porosity + 1e-12).all()


def test_static_plants_follow_their_canopy():
    forest = plants.static_plants(0.9, 14.0, 20.0)
    assert forest.biomass_kg_m2 == pytest.approx(0.16447, abs=1e-5)
    assert forest.leaf_area_index == pytest.approx(11.86, abs=0.05)
    assert plants.static_plants(0.0, 2.0, 0.3).leaf_area_index == 0.0
    assert plants.interception_mm(1.0, 5.0) == pytest.approx(2.63, abs=0.01)


def test_rain_wears_the_roughness_of_a_loose_soil():
    rates = [
        surface.worn_roughness_m(0.06, surface.wear_rate(0.18, 0.05, 0.2), rain) for rain in (0.0, 0.4, 5.0, 500.0)
    ]
    assert rates[0] == 0.06
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == surface.SMOOTHEST_M
    assert surface.settling_density_kg_m3(1100.0, 1300.0, 0.1, 1e3, 1e6) == pytest.approx(1300.0, abs=0.01)
