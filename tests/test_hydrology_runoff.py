"""Peaks, friction and hollows: the published figures, and a peak that never exceeds its cause."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weppbatch.hydrology import friction, runoff

MM_H = 1 / 3.6e6


def peak_mm_h(depth_mm, hours, most_mm_h, length_m, slope, f):
    alpha = friction.kinematic_coefficient(slope, f)
    return (
        runoff.peak_m_s(depth_mm / 1000, hours * 3600, most_mm_h * MM_H, most_mm_h * MM_H, length_m, alpha) / MM_H
    )


def test_a_varied_storm_on_a_hundred_metres_has_the_published_peak_and_duration():
    peak = peak_mm_h(17.5, 75 / 60, 40.0, 100.0, 0.3, 10.0)
    assert peak == pytest.approx(36.43, abs=0.01)
    assert runoff.effective_duration_s(0.0175, peak * MM_H) == pytest.approx(1729, abs=1)


def test_a_gentle_storm_on_a_long_slope_has_the_published_peak():
    assert peak_mm_h(6.0, 2.0, 4.0, 300.0, 0.43, 25.0) == pytest.approx(3.641, abs=0.001)


@given(
    st.floats(1e-3, 300),
    st.floats(0.05, 24),
    st.floats(1, 20),
    st.floats(0.1, 1000),
    st.floats(0, 2),
    st.floats(1.11, 80),
)
@settings(max_examples=400, deadline=None)
def test_no_peak_exceeds_the_highest_rate_of_excess(depth_mm, hours, peakiness, length_m, slope, f):
    most = depth_mm / hours * peakiness
    peak = peak_mm_h(depth_mm, hours, most, length_m, slope, f)
    assert 0.0 < peak <= most * (1 + 1e-12)
    assert math.isfinite(peak)


@pytest.mark.parametrize(("cover", "f"), [(1.00, 22.6), (0.85, 21.6), (0.60, 20.1), (0.30, 18.8)])
def test_rill_friction_of_the_four_severities_is_as_published(cover, f):
    rill = friction.rill_friction(cover, friction.live_plants(1.0, 1.0, 17.0))
    assert rill == pytest.approx(f, abs=0.1)


@pytest.mark.parametrize(("cover", "share"), [(1.00, 0.049), (0.85, 0.051), (0.60, 0.055), (0.30, 0.059)])
def test_the_share_of_shear_on_the_soil_is_as_published(cover, share):
    assert friction.RILL_SOIL / friction.rill_friction(cover, 17.0) == pytest.approx(share, abs=0.0006)


def test_rough_ground_between_rills_has_friction_fifteen():
    assert friction.interrill_friction(0.0, 0.06, 0.06, 0.0) == pytest.approx(15.0, abs=0.3)


def test_smooth_ground_has_the_bare_soil_s_friction():
    assert friction.interrill_friction(0.0, 0.0, 0.0, 0.0) == friction.INTERRILL_SOIL


def test_steep_ground_holds_no_water_in_hollows():
    assert runoff.depression_storage_mm(0.06, 0.43) == 0.0
    assert runoff.depression_storage_mm(0.06, 0.05) == pytest.approx(14.28, abs=0.01)


def test_recession_infiltration_leaves_part_of_a_runoff_below_equilibrium():
    assert runoff.share_after_recession(1e-6, 1e-6, 0.5) == 1.0
    shares = [runoff.share_after_recession(1e-6, 1e-6, t) for t in (1.0, 1.3, 1.6, 2.0, 4.0)]
    assert shares == sorted(shares, reverse=True)
    assert 0.0 < shares[-1] < shares[0] < 1.0


def test_recession_s_two_branches_meet():
    limit = 2.0 ** (2 / 3)
    left, right = (runoff.share_after_recession(1e-6, 1e-6, limit + d) for d in (-1e-9, 1e-9))
    assert left == pytest.approx(right, abs=1e-6)


def routed_mm_h(rates_mm_h, hours, length_m, alpha):
    times = np.concatenate([[0.0], np.cumsum(hours)])
    rates = np.array(rates_mm_h) * MM_H
    return runoff.routed_peak_m_s(times, rates, len(rates), length_m, alpha) / MM_H


def test_a_steady_excess_that_lasts_reaches_equilibrium():
    assert routed_mm_h([20.0] * 6, [0.5] * 6, 50.0, 5.0) == pytest.approx(20.0, rel=1e-6)


def test_a_short_excess_rises_with_the_kinematic_wave():
    # before equilibrium the foot holds all that fell: q = alpha (i t)^1.5
    alpha, seconds, rate = 2.0, 300.0, 30.0 * MM_H
    expected = alpha * (rate * seconds) ** 1.5 / 200.0 / MM_H
    assert expected < 30.0
    assert routed_mm_h([30.0], [seconds / 3600.0], 200.0, alpha) == pytest.approx(expected)


def test_a_gap_lets_the_first_wave_run_down_before_the_second_comes():
    alone = routed_mm_h([0.0, 30.0], [2.0, 0.1], 100.0, 3.0)
    late = routed_mm_h([30.0, 0.0, 30.0], [0.1, 48.0, 0.1], 100.0, 3.0)
    soon = routed_mm_h([30.0, 0.0, 30.0], [0.1, 0.01, 0.1], 100.0, 3.0)
    assert alone <= late < 1.1 * alone
    assert soon > 1.5 * alone


@given(st.lists(st.floats(0.0, 80.0), min_size=1, max_size=12), st.floats(20.0, 400.0), st.floats(1.0, 20.0))
@settings(max_examples=100, deadline=None)
def test_no_routed_peak_exceeds_the_highest_rate_of_excess(rates, length_m, alpha):
    found = routed_mm_h(rates, [0.2] * len(rates), length_m, alpha)
    assert 0.0 <= found <= max(rates) * (1.0 + 1e-6)
