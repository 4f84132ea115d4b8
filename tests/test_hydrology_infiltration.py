"""Infiltration: Green-Ampt's figures, hydrophobic soil, water that is neither lost nor made."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weppbatch.hydrology import infiltration


def excess(rates, hours, ke, ns, *, storage=1e9, refill=0.0, depression=0.0):
    times = np.concatenate([[0.0], np.cumsum(hours)])
    out = np.zeros(len(rates))
    depth, _, _ = infiltration.excess(times, np.array(rates), len(rates), ke, ns, storage, refill, depression, out)
    return depth, out


@pytest.mark.parametrize(("hours", "expected"), [(1.0, 29.3241), (2.0, 47.2419)])
def test_a_steady_storm_infiltrates_as_mein_and_larson_say(hours, expected):
    assert infiltration.step_infiltration(0.0, 40.0, hours, 10.0, 30.0) == pytest.approx(expected, abs=1e-4)


def test_ponding_begins_at_ten_millimetres_after_fifteen_minutes():
    before, after = (infiltration.step_infiltration(0.0, 40.0, 0.25 + dt, 10.0, 30.0) for dt in (0.0, 0.01))
    assert before == pytest.approx(10.0, abs=1e-9)
    assert after < 40.0 * 0.26


def test_runoff_of_the_steady_storm_is_what_did_not_infiltrate():
    depth, _ = excess([40.0], [1.0], 10.0, 30.0)
    assert depth == pytest.approx(10.6759, abs=1e-4)


def test_cutting_a_storm_into_steps_changes_nothing():
    whole, _ = excess([40.0], [1.0], 10.0, 30.0)
    parts, _ = excess([40.0] * 12, [1 / 12] * 12, 10.0, 30.0)
    assert parts == pytest.approx(whole, abs=1e-8)


@given(st.floats(0, 200), st.floats(1e-4, 24), st.floats(1e-3, 200), st.floats(0, 500))
@settings(max_examples=300, deadline=None)
def test_ponded_infiltration_solves_its_equation(start, hours, ke, ns):
    end = infiltration.ponded(start, hours, ke, ns)
    residual = end - start - (ns * math.log1p((end - start) / (ns + start)) if ns > 1e-9 else 0.0) - ke * hours
    assert abs(residual) < 1e-7 * (1 + end)


@given(
    st.lists(st.tuples(st.floats(0, 150), st.floats(0.02, 3)), min_size=1, max_size=12),
    st.floats(0.01, 80),
    st.floats(0, 200),
    st.floats(0, 60),
    st.floats(0, 5),
)
@settings(max_examples=300, deadline=None)
def test_no_step_runs_off_more_than_falls_and_the_rates_carry_the_depth(steps, ke, ns, storage, depression):
    rates, hours = zip(*steps, strict=True)
    depth, out = excess(rates, hours, ke, ns, storage=storage, refill=0.1, depression=depression)
    assert (out >= 0).all()
    assert (out <= np.array(rates) * (1 + 1e-12)).all()
    assert depth == pytest.approx((out * np.array(hours)).sum(), abs=1e-9)


def test_a_full_soil_sheds_what_does_not_drain():
    depth, _ = excess([20.0], [2.0], 100.0, 50.0, storage=5.0, refill=1.0)
    assert depth == pytest.approx(40.0 - 5.0 - 2.0)


def test_hollows_hold_the_first_of_the_excess():
    without, _ = excess([40.0], [1.0], 10.0, 30.0)
    with_hollows, _ = excess([40.0], [1.0], 10.0, 30.0, depression=3.0)
    assert without - with_hollows == pytest.approx(3.0, abs=1e-9)


@pytest.mark.parametrize(
    ("s", "expected"), [(0.3, 0.2615), (0.5, 1.4577), (0.65, 3.5227), (0.8, 7.0821), (1.0, 15.0)]
)
def test_water_repellent_soil_conducts_as_saxton_and_rawls_say(s, expected):
    assert infiltration.hydrophobic_conductivity(15.0, s, 0.26, 0.13, 0.0) == pytest.approx(expected, abs=1e-4)


def test_water_repellent_soil_never_conducts_less_than_its_least():
    assert infiltration.hydrophobic_conductivity(15.0, 0.1, 0.26, 0.13, 1.0) == 1.0


@pytest.mark.parametrize(("s", "expected"), [(0.0, 0.15), (0.5, 2.5092), (1.0, 15.0)])
def test_the_older_rule_recovers_exponentially(s, expected):
    assert infiltration.recovering_conductivity(15.0, s, 100.0, 0.3) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("sand", "clay"), [(0.30, 0.30), (0.42, 0.18), (0.65, 0.08), (0.25, 0.15)])
def test_the_suction_of_the_four_textures_is_as_published(sand, clay):
    assert 80.0 < infiltration.suction_mm(0.46, sand, clay) < 345.0


def test_less_than_a_tenth_of_a_millimetre_of_excess_in_a_step_infiltrates():
    # drizzle of 0.09 mm a step on ground as good as closed; then 0.4 mm a step
    depth, out = excess([0.54] * 30, [1 / 6] * 30, 1e-4, 0.0)
    assert (out[::2] == 0.0).all()
    depth, out = excess([2.4] * 30, [1 / 6] * 30, 1e-4, 0.0)
    assert depth == pytest.approx(30 * 0.4, rel=0.01)


def test_ponding_is_counted_whenever_it_begins():
    times, out = np.arange(7.0), np.zeros(6)
    rates = np.array([20.0, 20.0, 0.0, 0.0, 20.0, 20.0])
    depth, _, pondings = infiltration.excess(times, rates, 6, 2.0, 1.0, 1e9, 0.0, 0.0, out)
    assert pondings == 2
    assert depth > 50.0
