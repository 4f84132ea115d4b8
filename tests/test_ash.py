"""The ash model: mass, the published events, both forms of transport, wind, and the degenerate cases."""

from dataclasses import replace

import numpy as np
import pytest

from weppbatch.errors import EngineError
from weppbatch.hydrology.ash import (
    AshLayers,
    AshOptions,
    AshWeather,
    blown_shares,
    daily_sums,
    traced,
    transport,
)

DAYS = 730
SRIVASTAVA, WATANABE = AshOptions(), AshOptions(model="watanabe_dynamic")


def layers(load_t_ha, white, *, slope=0.3, area_ha=2.0, group=3):
    loads = np.atleast_1d(np.asarray(load_t_ha, dtype=float))
    count = loads.size
    return AshLayers(
        loads,
        np.broadcast_to(white, count).copy(),
        np.broadcast_to(float(slope), count).copy(),
        np.broadcast_to(float(area_ha), count).copy(),
        np.full(count, group),
    )


def weather(hillslopes=1, *, seed=None, days=DAYS, wind=0.0):
    """Dry days, or with a seed rain, snow and runoff at random."""
    nothing = np.zeros((hillslopes, days))
    if seed is None:
        return AshWeather(nothing, nothing.copy(), nothing.copy(), np.full(days, wind))
    draw = np.random.default_rng(seed)
    water = np.where(draw.random(nothing.shape) < 0.3, draw.gamma(0.7, 12.0, nothing.shape), 0.0)
    runoff = np.where(draw.random(nothing.shape) < 0.3, water * draw.random(nothing.shape), 0.0)
    snow = np.where(draw.random(nothing.shape) < 0.2, 30.0, 0.0)
    return AshWeather(water, runoff, snow, draw.gamma(2.0, 2.0, days))


def one_event(runoff_mm, *, day=10, infiltration_mm=1.0):
    found = weather()
    found.runoff_mm[0, day], found.rain_melt_mm[0, day] = runoff_mm, runoff_mm + infiltration_mm
    return found


def follow(given, found_weather, options=SRIVASTAVA, fires=(0,), days=365):
    sums = daily_sums(len(fires), days, 4)
    return transport(given, found_weather, np.array(fires), days, options, sums), sums


@pytest.mark.parametrize("model", ["srivastava", "watanabe_dynamic"])
def test_mass_closes_for_every_hillslope_fire_and_day(model):
    options = AshOptions(model=model, wind_transport=True)
    given = layers([0.0, 3.0, 11.0, 15.5, 93.0, 400.0] * 3, [False] * 9 + [True] * 9)
    storms, fires = weather(18, seed=4), np.array([0, 200, 500, 729])
    found, sums = follow(given, storms, options, fires, DAYS)
    gone = found.water_t_ha + found.wind_t_ha + found.decomposed_t_ha
    assert np.abs(given.load_t_ha[:, None] - gone - found.remaining_t_ha).max() < 1e-9
    assert found.closure_t_ha < 1e-9 and found.remaining_t_ha.min() >= 0.0
    assert sums.sum() == pytest.approx((gone * given.area_ha[:, None]).sum(), rel=1e-12)
    for hillslope in (2, 7, 16):
        for number, fire in enumerate(fires.tolist()):
            every = traced(given, storms, hillslope, fire, DAYS, options)
            left = every["water_t_ha"] + every["wind_t_ha"] + every["decomposed_t_ha"]
            missing = given.load_t_ha[hillslope] - left.cumsum() - every["remaining_t_ha"]
            assert np.abs(missing).max() < 1e-9
            assert min(every[name].min() for name in ("water_t_ha", "wind_t_ha", "decomposed_t_ha")) >= 0.0
            assert every["cumulative_water_t_ha"][-1] == found.water_t_ha[hillslope, number]
            assert len(every["water_t_ha"]) == found.days[hillslope, number]
    assert found.wind_t_ha.sum() > 0 and found.water_t_ha.sum() > 0


def test_a_thick_layer_needs_the_large_event_of_the_laboratory_and_a_thin_one_the_small():
    # A 30 mm layer of white ash is almost all removed by 44 mm of runoff, one of 10 mm by 22 mm.
    thick, thin = layers(30 * 3.1, True), layers(10 * 3.1, True)
    for given, runoff_mm in ((thick, 44.0), (thin, 22.0)):
        found, _ = follow(given, one_event(runoff_mm))
        assert found.water_t_ha[0, 0] > 0.95 * given.load_t_ha[0]
    held, _ = follow(thick, one_event(22.0))  # what 30 mm of ash hold, nothing runs over
    assert held.water_t_ha[0, 0] < 0.05 * thick.load_t_ha[0]


def test_only_runoff_beyond_the_pores_carries_ash_at_the_coefficient_of_the_day():
    given, storm = layers(11.0, False), one_event(8.0, infiltration_mm=100.0)
    every = traced(given, storm, 0, 0, 365, SRIVASTAVA)
    fresh = np.exp(-0.005 * 100.0)
    density = 0.62 + (0.22 - 0.62) * fresh
    ash_runoff = 8.0 - 5.0 * (1 - density / 1.2)
    assert every["density_g_cm3"][9] == pytest.approx(density)
    assert every["ash_runoff_mm"][9] == pytest.approx(ash_runoff)
    water = ash_runoff * (0.9 * fresh + 0.1)
    assert every["water_t_ha"][9] == pytest.approx(water)
    assert every["decomposed_t_ha"][9] == pytest.approx((11.0 - water) * (1 - np.exp(-1.8e-4 * 100.0)))
    assert every["water_t_ha"][:9].sum() == 0.0


def test_the_dynamic_form_depends_on_slope_and_never_takes_all():
    storm = one_event(40.0)
    taken = [follow(layers(11.0, False, slope=slope), storm, WATANABE)[0].water_t_ha[0, 0] for slope in (0.05, 0.6)]
    every = traced(layers(11.0, False, slope=0.6), storm, 0, 0, 365, WATANABE)
    assert 0 < taken[0] < taken[1] < 11.0
    ash_runoff = every["ash_runoff_mm"][9]
    movable = 11.0 - 10 * 0.22 * 1.0
    rate = np.exp(14.33) * (9810 * 0.6 * ash_runoff / 1000) ** 0.22 * 0.065**5.85 * movable**-0.36
    assert every["water_t_ha"][9] == pytest.approx(movable * (1 - np.exp(-rate * ash_runoff)))
    assert follow(layers(11.0, False, slope=0.0), storm, WATANABE)[0].water_t_ha[0, 0] == 0.0


def test_wind_blows_only_on_dry_days_without_snow_and_only_when_it_is_stronger_than_before():
    options = replace(SRIVASTAVA, wind_transport=True)
    calm = weather()
    calm.wind_m_s[[5, 6, 7, 8, 9]] = 5.5, 4.3, 5.5, 7.1, 9.4
    calm.snow_mm[0, 8] = 1.0
    calm.runoff_mm[0, 9], calm.rain_melt_mm[0, 9] = 0.1, 1.0
    every = traced(layers(11.0, False), calm, 0, 0, 365, options)
    assert np.flatnonzero(every["wind_t_ha"]).tolist() == [4]
    assert every["wind_t_ha"][4] == pytest.approx(0.86 * 11.0)
    assert follow(layers(11.0, False), calm)[0].wind_t_ha.sum() == 0.0


def test_shares_of_the_wind_are_between_their_points_and_black_ash_flies_first():
    black, white = blown_shares(np.array([0.0, 3.2, 3.3, 3.45, 45.9, 80.0]))
    assert black.tolist() == pytest.approx([0, 0, 0.02, 0.15, 0.984, 0.984])
    assert white.tolist() == pytest.approx([0, 0, 0, 0.0025, 0.855, 0.855])


def test_nothing_moves_on_the_day_of_the_fire_and_the_record_goes_round():
    given = layers(31.0, True)
    assert follow(given, one_event(30.0, day=10), fires=(10,), days=300)[0].water_t_ha[0, 0] == 0.0
    found, sums = follow(given, one_event(30.0, day=10), fires=(700,), days=365)
    assert found.water_t_ha[0, 0] > 25.0
    assert np.flatnonzero(sums[0, :, 3, 0]).tolist() == [DAYS - 700 + 10 - 1]
    assert sums[0, :, 3, 0].sum() == pytest.approx(2.0 * found.water_t_ha[0, 0])


@pytest.mark.parametrize("options", [SRIVASTAVA, replace(WATANABE, wind_transport=True)])
def test_no_water_no_wind_and_no_ash_are_no_trouble(options):
    found, sums = follow(layers([0.0, 11.0, 0.5], False), weather(3), options)
    assert sums.sum() == 0.0 and found.remaining_t_ha[:, 0].tolist() == [0.0, 11.0, 0.5]
    assert found.days[:, 0].tolist() == [0, 365, 0]  # nothing to move, nothing that moves it, too thin to move
    nobody, _ = follow(layers([], False), weather(0), options)
    assert nobody.water_t_ha.shape == (0, 1)


def test_ash_as_dense_as_it_gets_has_the_final_erodibility_only_after_infiltration():
    options = replace(SRIVASTAVA, final_density_g_cm3=0.31)
    found, _ = follow(layers(31.0, True), one_event(20.0), options)
    assert np.isfinite(found.water_t_ha).all() and found.water_t_ha[0, 0] == pytest.approx(31.0)


def test_hillslopes_and_fires_do_not_know_of_each_other():
    given, storms = layers([5.0, 20.0, 60.0], [False, True, True]), weather(3, seed=2)
    together, _ = follow(given, storms, fires=(3, 400))
    for row in range(3):
        alone = given.take(np.array([row]))
        part = AshWeather(
            *(s[[row]] for s in (storms.rain_melt_mm, storms.runoff_mm, storms.snow_mm)), storms.wind_m_s
        )
        single, _ = follow(alone, part, fires=(400,))
        assert single.water_t_ha[0, 0] == together.water_t_ha[row, 1]


@pytest.mark.parametrize("name", ["rain_melt_mm", "runoff_mm", "snow_mm", "wind_m_s"])
def test_what_is_no_number_is_refused(name):
    storms = weather(1, seed=1)
    getattr(storms, name)[..., 50] = np.nan
    with pytest.raises(EngineError, match="no number"):
        follow(layers(11.0, False), storms)
