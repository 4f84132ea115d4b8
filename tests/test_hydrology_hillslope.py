"""A hillslope through the years: balances that close, results independent of the machine, physics that holds."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hydrology_cases as cases
from weppbatch.errors import InputProblems
from weppbatch.hydrology.hillslope import EngineOptions, simulate, simulate_many

OPTIONS = EngineOptions()
AS_WEPP = EngineOptions(evapotranspiration="penman", drainage_steps_per_day=1)
WEATHER = cases.weather()
ALL = [cases.hillslope(name, texture) for name in cases.COVERS for texture in cases.TEXTURES]


def daily(result):
    return [
        getattr(result, one.name) for one in fields(result) if isinstance(getattr(result, one.name), np.ndarray)
    ]


def same(left, right):
    return all((a == b).all() for a, b in zip(daily(left), daily(right), strict=True))


def check(result):
    """What holds for every hillslope and day."""
    stored = result.soil_water_mm + result.snow_water_mm + result.canopy_water_mm
    gone = result.runoff_mm + result.lateral_mm + result.percolation_mm + result.et_mm
    assert result.closure_mm <= 1e-6
    assert np.abs(result.precip_mm - gone - np.diff(stored, prepend=stored[0]))[1:].max(initial=0.0) <= 1e-6
    assert np.abs(result.detached_kg - result.deposited_kg - result.sediment_kg).max() == 0.0
    assert (result.peak_m3_s <= result.max_excess_m3_s * (1 + 1e-12)).all()
    assert ((result.peak_m3_s > 0) == (result.runoff_mm > 0)).all()
    assert (result.runoff_duration_s <= 86400.0).all()
    for values in daily(result):
        assert np.isfinite(values).all()
        assert values.min() >= -1e-9


@pytest.mark.parametrize("options", [OPTIONS, AS_WEPP, EngineOptions(evapotranspiration="priestley_taylor")])
def test_water_and_sediment_balance_every_day_on_every_hillslope(options):
    for result in simulate_many(ALL, cases.weather(3, warmth_c=5.0), options):
        check(result)
        assert result.snow_water_mm.max() > 0
        assert result.runoff_mm.sum() > 0


@given(
    length_m=st.floats(0.1, 1500), slopes=st.lists(st.floats(0, 1.5), min_size=2, max_size=6),
    seed=st.integers(0, 99), mean_mm=st.floats(0.5, 60), warmth_c=st.floats(-20, 25),
    deepest_mm=st.floats(60, 3000), ksatadj=st.integers(0, 1),
    kslast=st.sampled_from([None, 0.0, 0.001, 0.1, 50.0]), rough=st.floats(0, 0.2), ksflag=st.integers(0, 1),
    steps=st.sampled_from([1, 4, 24]), leaf_area=st.floats(0, 14), clay=st.floats(0, 60),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_hillslope_under_any_weather_balances(
    length_m, slopes, seed, mean_mm, warmth_c, deepest_mm, ksatadj, kslast, rough, ksflag, steps, leaf_area, clay
):  # fmt: skip
    layers = cases.layers(35.0, clay, depth_mm=np.array([50.0, deepest_mm]))
    soil = cases.soil(layers=layers, ksatadj=ksatadj, kslast_mm_h=kslast, ksflag=ksflag, lkeff_mm_h=0.1)
    one = cases.hillslope(
        length_m=length_m,
        soil=soil,
        cover=cases.cover(random_roughness_m=rough, max_lai=leaf_area),
        distance_fraction=np.linspace(0, 1, len(slopes)),
    )
    one = replace(one, slope=np.array(slopes))
    days = cases.weather(1, seed=seed, mean_mm=mean_mm, warmth_c=warmth_c)
    check(simulate(one, days, EngineOptions(drainage_steps_per_day=steps)))


def test_the_closure_error_is_measured():
    assert 0.0 < simulate(cases.hillslope(), WEATHER, OPTIONS).closure_mm < 1e-9


def test_neither_order_nor_threads_nor_chunks_change_a_result():
    alone = [simulate(one, WEATHER, OPTIONS) for one in ALL]
    for threads in (1, 2, 5):
        for found, expected in zip(simulate_many(ALL, WEATHER, OPTIONS, threads=threads), alone, strict=True):
            assert same(found, expected)
    for found, expected in zip(simulate_many(ALL[::-1], WEATHER, OPTIONS, threads=3), alone[::-1], strict=True):
        assert found.name == expected.name
        assert same(found, expected)
    assert same(next(simulate_many(ALL[3:5], WEATHER, OPTIONS)), alone[3])


def test_two_runs_in_one_process_don_t_disturb_each_other():
    with ThreadPoolExecutor(2) as pool:
        left, right = pool.map(lambda _: list(simulate_many(ALL[:6], WEATHER, OPTIONS, threads=2)), range(2))
    assert all(same(a, b) for a, b in zip(left, right, strict=True))


def test_breaking_off_a_run_leaves_nothing_behind():
    stream = simulate_many(ALL, WEATHER, OPTIONS, threads=2)
    next(stream)
    stream.close()
    assert same(simulate(ALL[0], WEATHER, OPTIONS), next(simulate_many(ALL, WEATHER, OPTIONS)))


def test_no_hillslopes_give_no_results():
    assert list(simulate_many([], WEATHER, OPTIONS)) == []


def test_without_rain_nothing_runs_off():
    result = simulate(cases.hillslope(), cases.dry(WEATHER), OPTIONS)
    check(result)
    assert result.runoff_mm.sum() == result.sediment_kg.sum() == result.peak_m3_s.max() == 0.0


@pytest.mark.parametrize(
    "changes", [{"length_m": 0.1}, {"slope": 0.0}, {"slope": 3.0}, {"width_m": 0.1}, {"length_m": 5000.0}]
)
def test_a_degenerate_hillslope_is_computed(changes):
    check(simulate(cases.hillslope(**changes), WEATHER, OPTIONS))


def test_a_single_day_is_computed():
    one = {
        one.name: getattr(WEATHER, one.name)[:1]
        for one in fields(WEATHER)
        if isinstance(getattr(WEATHER, one.name), np.ndarray)
    }
    check(simulate(cases.hillslope(), replace(WEATHER, **one), OPTIONS))


def test_breakpoints_take_the_place_of_the_double_exponential():
    n = WEATHER.days
    starts = np.arange(n + 1) * 3
    times = np.tile([2.0, 3.0, 6.0], n)
    depths = np.column_stack([np.zeros(n), 0.8 * WEATHER.precip_mm, WEATHER.precip_mm]).ravel()
    given_points = replace(
        WEATHER,
        duration_h=np.zeros(n),
        breakpoint_start=starts,
        breakpoint_time_h=times,
        breakpoint_depth_mm=depths,
    )
    result = simulate(cases.hillslope(), given_points, OPTIONS)
    check(result)
    assert not same(result, simulate(cases.hillslope(), WEATHER, OPTIONS))


def mean_of(one, options=AS_WEPP, days=WEATHER):
    result = simulate(one, days, options)
    return {
        name: getattr(result, name).sum()
        for name in ("runoff_mm", "lateral_mm", "percolation_mm", "et_mm", "sediment_kg")
    }


def test_severity_orders_the_mean_soil_loss():
    days = cases.weather(8, mean_mm=14.0)
    losses = [
        np.mean(
            [mean_of(cases.hillslope(name, texture), OPTIONS, days)["sediment_kg"] for texture in cases.TEXTURES]
        )
        for name in ("forest", "low", "moderate", "high")
    ]
    assert losses == sorted(losses)
    assert losses[3] > 5 * losses[0]


def test_steeper_longer_and_more_erodible_slopes_lose_more():
    base = mean_of(cases.hillslope())["sediment_kg"]
    soil = cases.soil()
    assert base > 0
    assert mean_of(cases.hillslope(slope=0.6))["sediment_kg"] > base
    assert mean_of(cases.hillslope(length_m=300.0))["sediment_kg"] > base
    assert mean_of(cases.hillslope(soil=replace(soil, kr_s_m=2e-4)))["sediment_kg"] > base
    assert mean_of(cases.hillslope(soil=replace(soil, tauc_n_m2=2.0)))["sediment_kg"] < base


def test_ground_cover_reduces_the_loss():
    mulched = cases.cover(interrill_cover=0.7, rill_cover=0.7)
    assert mean_of(cases.hillslope(cover=mulched))["sediment_kg"] < mean_of(cases.hillslope())["sediment_kg"]


def test_a_leakier_bedrock_percolates_more_and_leaves_less_lateral_flow():
    tight, leaky = (
        mean_of(cases.hillslope("forest", soil=cases.soil("forest", kslast_mm_h=k))) for k in (0.001, 0.1)
    )
    assert leaky["percolation_mm"] > tight["percolation_mm"]
    assert leaky["lateral_mm"] < tight["lateral_mm"]


def test_a_higher_crop_coefficient_evaporates_more_and_leaves_less_runoff():
    low, high = (mean_of(cases.hillslope("forest"), EngineOptions(kcb=kcb)) for kcb in (0.65, 1.2))
    assert high["et_mm"] > low["et_mm"]
    assert high["runoff_mm"] <= low["runoff_mm"]


def test_water_repellent_soil_sheds_more():
    wet, repellent = (mean_of(cases.hillslope(soil=cases.soil(ksatadj=k))) for k in (0, 1))
    assert repellent["runoff_mm"] > wet["runoff_mm"]


def test_a_wider_hillslope_yields_in_proportion():
    narrow, wide = (simulate(cases.hillslope(width_m=w), WEATHER, OPTIONS) for w in (20.0, 60.0))
    assert wide.sediment_kg == pytest.approx(3 * narrow.sediment_kg)
    assert (wide.runoff_mm == narrow.runoff_mm).all()


def test_every_problem_of_inputs_and_weather_is_named_at_once():
    bad = cases.hillslope(
        soil=cases.soil(layers=cases.layers(wilting_point=np.array([0.3, 0.13])), kr_s_m=-1.0),
        cover=cases.cover(interrill_cover=1.5, max_lai=float("nan")),
    )
    tmax, rain = WEATHER.tmax_c.copy(), WEATHER.precip_mm.copy()
    tmax[5], rain[7] = np.nan, -1.0
    with pytest.raises(InputProblems) as caught:
        simulate(replace(bad, length_m=-3.0), replace(WEATHER, tmax_c=tmax, precip_mm=rain), OPTIONS)
    said = str(caught.value)
    for words in (
        "length_m is -3.0",
        "wilting point",
        "kr_s_m",
        "interrill_cover",
        "max_lai",
        "2001-01-06",
        "2001-01-08",
    ):
        assert words in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"distance_fraction": np.array([0.0, 0.9])}, "rise from 0 to 1"),
        ({"slope": np.array([0.1, -0.1])}, "must not be negative"),
        ({"slope": np.array([0.1, np.nan])}, "no numbers"),
        ({"width_m": float("inf")}, "width_m"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(changes, words):
    with pytest.raises(InputProblems, match=words):
        simulate(replace(cases.hillslope(), **changes), WEATHER, OPTIONS)


def test_rain_without_a_duration_is_refused():
    with pytest.raises(InputProblems, match="rain without a duration"):
        simulate(cases.hillslope(), replace(WEATHER, duration_h=np.zeros(WEATHER.days)), OPTIONS)


def test_problems_are_told_before_the_first_hillslope_runs():
    with pytest.raises(InputProblems, match="hillslope high loam"):
        simulate_many([cases.hillslope(), cases.hillslope(width_m=-1.0)], WEATHER, OPTIONS)


def test_rills_begin_as_wide_as_the_cover_says_and_narrow_ones_erode_more():
    days = cases.weather(1)
    narrow, wide = (
        simulate(replace(cases.hillslope(), cover=cases.cover("high", rill_width_m=width)), days, EngineOptions())
        for width in (0.01, 0.5)
    )
    assert narrow.sediment_kg.sum() > wide.sediment_kg.sum() > 0.0
