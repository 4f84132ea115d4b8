"""Storms as steps: the double exponential's published figures, depths that add up, breakpoints."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hydrology_cases as cases
from weppbatch.hydrology import columns as at
from weppbatch.hydrology import storm
from weppbatch.hydrology.shared import Shared
from weppbatch.hydrology.state import EngineOptions


@pytest.mark.parametrize(
    ("ip", "tp", "u", "rise", "fall"), [(2, 0.3, 1.59362, 5.3121, 2.2766), (4, 0.3, 3.92069, 13.069, 5.601)]
)
def test_the_steepness_solves_the_double_exponential(ip, tp, u, rise, fall):
    found = storm.steepness(float(ip))
    assert found == pytest.approx(u, abs=1e-5)
    assert found / tp == pytest.approx(rise, abs=1e-3)
    assert found / (1 - tp) == pytest.approx(fall, abs=1e-3)


def test_the_storm_starts_at_the_published_intensity():
    assert 2.0 * math.exp(-storm.steepness(2.0)) == pytest.approx(0.4064, abs=1e-4)


@pytest.mark.parametrize(("ip", "peak_mm_h"), [(2.0, 15.95), (4.0, 31.44)])
def test_an_inch_in_three_hours_has_the_published_peak_step(ip, peak_mm_h):
    _, rates = storm.storm_steps(25.4, 3.0, 0.3, ip, 10, shortest_h=0.0)
    assert rates.max() == pytest.approx(peak_mm_h, abs=0.01)


@given(
    depth=st.floats(0.1, 400),
    hours=st.floats(0.05, 24),
    tp=st.floats(0, 1),
    ip=st.floats(1, 100),
    steps=st.integers(1, 40),
)
@settings(max_examples=200, deadline=None)
def test_the_steps_carry_the_whole_depth_over_the_whole_duration(depth, hours, tp, ip, steps):
    times, rates = storm.storm_steps(depth, hours, tp, ip, steps)
    assert times[0] == 0.0
    assert times[-1] == hours
    assert (np.diff(times) > 0).all()
    assert (rates * np.diff(times)).sum() == pytest.approx(depth, rel=1e-12)


def test_a_short_storm_has_no_steps_below_five_minutes():
    times, _ = storm.storm_steps(20.0, 0.6, 0.3, 8.0, 10)
    assert np.diff(times).min() >= storm.SHORTEST_STEP_H - 1e-12 or times.size == 2


def test_an_even_storm_is_one_step():
    times, rates = storm.storm_steps(12.0, 6.0, 0.5, 1.0, 10)
    assert list(times) == [0.0, 6.0]
    assert list(rates) == [2.0]


def test_breakpoints_are_scaled_to_the_depth_of_the_day():
    times, depths = np.array([9.0, 10.0, 10.0, 12.0]), np.array([0.0, 4.0, 4.0, 10.0])
    time_h, rate = np.zeros(9), np.zeros(9)
    n = storm.breakpoints(20.0, times, depths, 0, 4, time_h, rate)
    assert n == 2
    assert list(time_h[:3]) == [0.0, 1.0, 3.0]
    assert list(rate[:2]) == [8.0, 6.0]


def test_breakpoints_without_rain_give_no_steps():
    assert storm.breakpoints(5.0, np.array([1.0, 2.0]), np.array([3.0, 3.0]), 0, 2, np.zeros(4), np.zeros(4)) == 0


@pytest.mark.parametrize(
    ("hours", "longest_s"), [(0.5, 60.0), (1.0, 120.0), (2.0, 180.0), (6.0, 300.0), (12.0, 600.0)]
)
def test_steps_are_refined_to_wepp_s_and_keep_their_rain(hours, longest_s):
    time_h, rate_mm_h = np.zeros(400), np.zeros(400)
    time_h[:4] = hours * np.array([0.0, 0.2, 0.3, 1.0])
    rate_mm_h[:3] = 4.0, 30.0, 2.0
    before = (rate_mm_h[:3] * np.diff(time_h[:4])).sum()
    n = storm.refined(time_h, rate_mm_h, 3)
    steps_s = 3600.0 * np.diff(time_h[: n + 1])
    assert (steps_s > 0.0).all()
    assert steps_s.max() <= 1.1 * longest_s + 1e-6
    assert (rate_mm_h[:n] * np.diff(time_h[: n + 1])).sum() == pytest.approx(before)
    assert {4.0, 30.0, 2.0} == set(rate_mm_h[:n])
    assert np.isclose(time_h[: n + 1], hours * 0.2).any()


def test_a_storm_too_fine_to_refine_stays_as_it_is():
    time_h, rate_mm_h = np.linspace(0.0, 24.0, 11), np.full(10, 1.0)
    assert storm.refined(time_h, rate_mm_h, 10) == 10
    assert (rate_mm_h == 1.0).all()


def test_a_run_cuts_each_day_s_storm_into_its_steps():
    days = cases.weather(1)
    shared = Shared(days, EngineOptions())
    wet = np.flatnonzero(days.precip_mm)
    assert wet.size > 50 and (shared.table[days.precip_mm == 0.0, at.STEPS] == 0.0).all()
    for day in wet:
        first, n = shared.table[day, [at.FIRST_STEP, at.STEPS]].astype(int)
        shape = (float(values[day]) for values in (days.precip_mm, days.duration_h, days.tp, days.ip))
        times, rates = storm.storm_steps(*shape, 10)
        assert shared.times_h[first : first + n + 1] == pytest.approx(times)
        assert shared.rates_mm_h[first : first + n] == pytest.approx(rates)
