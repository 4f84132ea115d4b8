"""Snow, soil frost and the hours of a winter day: no water is lost, cold freezes and warmth melts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hydrology_cases as cases
from weppbatch.hydrology import columns as at
from weppbatch.hydrology import erosion, frost, snow, winter
from weppbatch.hydrology import sheets as sheets_water
from weppbatch.hydrology.hillslope import simulate
from weppbatch.hydrology.site import pack as packed
from weppbatch.hydrology.state import EngineOptions

LIKE_WEPP = EngineOptions(evapotranspiration="penman", drainage_steps_per_day=1)
SETTINGS = np.zeros(14)
SETTINGS[[at.GROUND_MEAN, at.GROUND_SWING, at.GROUND_SHIFT]] = 6.0, 12.0, 110.0


def ground(wet=0.6):
    """A hillslope's record, layers, sheets, water and state, every layer filled to a share of what it holds."""
    site = packed(cases.hillslope(), 44.2, np.full(12, 8.0))
    water = wet * site.layers[at.UPPER]
    sheets = site.sheets.copy()
    sheets_water.spread(site.layers, sheets, water, True)
    return site.numbers[0], site.layers, sheets, water, np.zeros(at.STATES)


def hours(surface_c, count, found, pack_mm=0.0, options=SETTINGS):
    site, layers, sheets, _, state = found
    insulation = frost.insulation_m2k_w(site, pack_mm, 200.0, frost.THINNEST_M)
    for _ in range(count):
        frost.frost_hour(site, layers, sheets, options, 20.0, surface_c, insulation, state)
    return sheets[at.FROZEN].sum()


def in_soil(found):
    return found[2][at.LIQUID].sum() + found[2][at.ICE].sum()


def test_sheets_fill_their_layers():
    for thickness in ([100.0, 100.0], [100.0, 100.0, 200.0, 95.0]):
        sheets = sheets_water.sheets_of(np.array(thickness), 0.1 * np.array(thickness))
        sums = np.bincount(sheets[at.OF_LAYER].astype(int), sheets[at.HEIGHT])
        assert sums == pytest.approx(np.array(thickness))
        assert sheets[at.HEIGHT].max() <= 20.0


@given(st.lists(st.floats(-15.0, 10.0), min_size=1, max_size=60), st.floats(0.05, 1.0), st.floats(0.0, 100.0))
@settings(max_examples=60, deadline=None)
def test_frost_moves_water_and_loses_none(surface, wet, pack_mm):
    found = ground(wet)
    before = in_soil(found)
    for degrees in surface:
        hours(degrees, 2, found, pack_mm)
        sheets = found[2]
        assert in_soil(found) == pytest.approx(before, abs=1e-9)
        assert (sheets[at.LIQUID] >= -1e-12).all() and (sheets[at.ICE] >= -1e-12).all()
        assert (sheets[at.FROZEN] >= 0.0).all() and (sheets[at.FROZEN] <= sheets[at.HEIGHT] + 1e-9).all()


def test_cold_freezes_the_deeper_the_longer_and_snow_keeps_it_out():
    found = ground()
    depths = [hours(-6.0, 24, found) for _ in range(3)]
    assert 10.0 < depths[0] < depths[1] < depths[2] < 400.0
    assert hours(-6.0, 72, ground(), pack_mm=60.0) < 0.3 * depths[2]


def test_frost_goes_by_the_heat_that_freezes_its_water():
    # Stefan: with little heat from below, L w dz/dt = k dT / z, so z = sqrt(2 k T t / (L w)) (mm)
    found = ground()
    site, sheets = found[0], found[2]
    cold = SETTINGS.copy()
    cold[at.GROUND_MEAN] = -20.0
    wet = sheets_water.content(sheets, 0)
    hours(-5.0, 48, found, options=cold)
    resistance = frost.insulation_m2k_w(site, 0.0, 200.0, frost.THINNEST_M) * frost.FROZEN_UPPER_W_MK
    wanted = np.sqrt(resistance**2 + 2 * 1.75 * 5.0 * 48 * 3600 / (3.35e8 * wet)) - resistance
    assert sheets[at.FROZEN].sum() == pytest.approx(1000.0 * wanted, rel=0.12)


def test_warmth_melts_what_was_frozen_from_above_and_below():
    found = ground()
    assert hours(-6.0, 48, found) > 0.0
    state = found[4]
    hours(4.0, 12, found)
    assert state[at.THAWED] > 5.0 and state[at.FROST] > state[at.THAWED]
    assert hours(4.0, 24 * 20, found) == 0.0
    assert found[2][at.ICE].sum() == 0.0


def test_less_than_a_millimetre_melted_in_an_hour_leaves_frozen_ground():
    found = ground()
    hours(-6.0, 48, found)
    sheets = found[2]
    frozen, whole = sheets[at.FROZEN, 0], frost.fusion_j_m2(sheets, 0)
    assert frost.melt_sheet(sheets, 0, 0.08 * whole, 1.0) == 0.0
    assert sheets[at.FROZEN, 0] == frozen == 10.0 and sheets[at.MELTED, 0] == pytest.approx(0.08)
    # cold makes up for what melted before it freezes anything else
    cold = 0.04 * whole / 3600.0 * (0.01 / 1.75)
    assert frost.refreeze_top(sheets, -cold, 0.0) == 0.0
    assert sheets[at.MELTED, 0] == pytest.approx(0.04)
    frost.melt_sheet(sheets, 0, 0.5 * whole, 1.0)
    assert sheets[at.FROZEN, 0] == pytest.approx(10.0 * (1.0 - 0.5 / 0.96))


def test_cold_that_rising_heat_outweighs_freezes_no_thawed_ground():
    found = ground()
    hours(-6.0, 48, found)
    hours(4.0, 6, found)
    layers, sheets = found[1], found[2]
    front = int(found[4][at.FULL_TO])
    before = sheets[at.FROZEN].copy()
    frost.freeze(layers, sheets, -0.5, 0.2, 30.0, front, 0.0, False)
    assert np.array_equal(sheets[at.FROZEN], before)
    frost.freeze(layers, sheets, -0.5, 0.2, 1.0, front, 0.0, False)
    assert sheets[at.FROZEN].sum() > before.sum()


def test_ice_closes_the_soil_but_less_under_trees():
    site, layers, sheets, _, state = found = ground(0.95)
    now = np.zeros((at.NOW_ROWS, layers.shape[1]))
    sheets_water.conduct(site, layers, sheets, 0, now)
    assert now[at.SERIES_K] == pytest.approx(layers[at.KSAT])
    assert now[at.LATERAL_K] == pytest.approx(layers[at.KSAT] * layers[at.ANISOTROPY])
    hours(-8.0, 48, found)
    sheets_water.conduct(site, layers, sheets, int(state[at.ICE_TO]), now)
    assert now[at.SERIES_K, 0] < 0.01 * layers[at.KSAT, 0]
    site["frozen_k_share"] = 0.5
    sheets_water.conduct(site, layers, sheets, int(state[at.ICE_TO]), now)
    assert 0.4 * layers[at.KSAT, 0] < now[at.SERIES_K, 0] < layers[at.KSAT, 0]


def test_a_frozen_winter_runs_off_more_and_closes():
    cold = cases.weather(3, warmth_c=1.0)
    slope = cases.hillslope("low", "silt loam", slope=0.05)
    with_frost, without = (simulate(slope, cold, replace(LIKE_WEPP, frost=on)) for on in (True, False))
    assert with_frost.closure_mm < 1e-6 and without.closure_mm < 1e-6
    assert with_frost.runoff_mm.sum() > 1.03 * without.runoff_mm.sum()
    assert (with_frost.peak_m3_s <= with_frost.max_excess_m3_s * (1 + 1e-12)).all()


@given(st.floats(-15.0, 8.0), st.floats(0.02, 0.6), st.sampled_from(["forest", "low", "high"]), st.integers(1, 50))
@settings(max_examples=15, deadline=None)
def test_every_winter_closes(warmth_c, slope, name, seed):
    days = cases.weather(1, warmth_c=warmth_c, seed=seed)
    for options in (LIKE_WEPP, EngineOptions()):
        result = simulate(cases.hillslope(name, "loam", slope=slope), days, options)
        assert result.closure_mm < 1e-6
        assert result.detached_kg - result.deposited_kg == pytest.approx(result.sediment_kg)


def test_thaw_weakens_wet_soil_only():
    wet, drier, dry = (erosion.thaw_factors(kpa, 5.0) for kpa in (1.0, 9.0, 20.0))
    assert wet[1] == pytest.approx(2.0 * 0.933) and wet[2] == pytest.approx(0.875)
    assert wet[1] > drier[1] > 1.0 and dry[1:] == (1.0, 1.0)
    assert 1.0 < dry[0] < drier[0] < wet[0]


def snow_days(tmax, tmin, precip, days=30, pack=0.0):
    """The pack and the water that left it, day by day."""
    site, layers, sheets, water, state = ground()
    sun = packed(cases.hillslope(), 44.2, np.full(12, 8.0)).sun
    ice, hourly, out = np.zeros(water.size), np.zeros(24), []
    state[at.PACK], state[at.DENSITY] = pack, 100.0
    options = SETTINGS.copy()
    options[[at.NEW_DENSITY, at.SETTLED_DENSITY, at.LATITUDE, at.FROST_ON]] = 100.0, 250.0, 44.2, 1.0
    weather = np.zeros(at.WEATHER_COLUMNS)
    weather[[at.TMAX, at.TMIN, at.TDEW, at.WIND, at.RADIATION]] = tmax, tmin, tmin - 1.0, 2.0, 250.0
    weather[at.DURATION], weather[at.CLOUD], weather[at.BEAM_SHARE] = 6.0, 0.5, 0.3
    weather[at.SUN_SHARE + 6 : at.SUN_SHARE + 18] = 1.0 / 12.0
    for day in range(days):
        weather[at.DAY_OF_YEAR] = 20.0 + day
        before, held, fallen = state[at.PACK], water.sum() + ice.sum(), precip if day < 3 else 0.0
        winter.winter_day(site, layers, sheets, sun, weather, options, fallen, water, ice, state, hourly)
        assert hourly.sum() + state[at.PACK] == pytest.approx(before + fallen, abs=1e-9)
        assert water.sum() + ice.sum() == pytest.approx(held, abs=1e-9)
        assert (hourly >= 0).all() and state[at.PACK] >= 0
        assert 0 < state[at.DENSITY] <= 522 or state[at.PACK] == 0
        out.append((state[at.PACK], hourly.sum()))
    return out


def test_snow_falls_in_the_cold_and_stays():
    assert snow_days(-3.0, -9.0, 10.0)[-1] == (pytest.approx(30.0), 0.0)


def test_snow_of_the_cold_melts_away_in_the_warmth():
    assert snow_days(12.0, 2.0, 0.0, pack=30.0)[-1] == (0.0, 0.0)


@given(st.floats(-30, 20), st.floats(0, 20), st.floats(0, 24))
@settings(max_examples=50, deadline=None)
def test_no_snow_is_lost_whatever_the_weather(tmin, spread, precip):
    snow_days(tmin + spread, tmin, precip)


def test_a_light_pack_keeps_rain_until_it_is_dense():
    assert snow.melt_of_pack(20.0, 100.0, 0.0, 5.0) == (25.0, pytest.approx(125.0), 0.0)
    pack, density, out = snow.melt_of_pack(20.0, 340.0, 0.0, 5.0)
    assert (pack + out, density) == (pytest.approx(25.0), pytest.approx(350.0))


def test_an_hour_without_sun_wind_or_warmth_melts_nothing():
    assert snow.melt_mm(0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0) == 0.0


def test_a_southern_slope_gets_more_winter_sun_than_a_northern_one():
    found = {}
    for aspect in (0.0, 90.0, 180.0, 270.0):
        sun = np.zeros((3, winter.DAYS))
        winter.sun_of_slope(45.0, 0.4, aspect, sun)
        found[aspect] = sun[at.SLOPE_LY, 15] / sun[at.LEVEL_LY, 15]
    assert found[180.0] > 1.5 > 1.0 > found[0.0]
    assert found[90.0] == pytest.approx(found[270.0], rel=0.02)


def test_the_hours_of_a_day_add_up_and_peak_in_the_afternoon():
    sun = np.zeros((3, winter.DAYS))
    winter.sun_of_slope(45.0, 0.0, 0.0, sun)
    for day in (15, 100, 200):
        shares = [winter.hour_share(45.0, float(day), hour, sun[at.LEVEL_LY, day]) for hour in range(1, 25)]
        assert sum(shares) == pytest.approx(1.0, abs=0.03)
    degrees = [winter.hour_temperature_c(hour, -5.0, 5.0, 5.0) for hour in range(1, 25)]
    assert int(np.argmax(degrees)) in (13, 14) and max(degrees) == pytest.approx(5.0, abs=0.1)


def test_the_year_s_wave_goes_through_the_months():
    middles = 15.0 + 30.5 * np.arange(12)
    months = 5.0 + 10.0 * np.sin(2 * np.pi / 365 * (middles - 110.0))
    mean, swing, shift = winter.ground_wave(months)
    assert (mean, shift) == (pytest.approx(5.0, abs=0.1), pytest.approx(110.0, abs=1.0))
    assert swing == pytest.approx(10.0, rel=0.05)
