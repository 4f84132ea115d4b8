"""Sediment: classes, transport capacity, factors of erodibility and the continuity equation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weppbatch.hydrology import erosion, sediment


def capacity(shear, sand, clay):
    return sediment.transport_capacity(
        shear, sediment.class_fractions(sand, clay), sediment.class_diameters_m(clay), sand
    )


def test_a_loam_splits_into_the_published_classes():
    assert sediment.class_fractions(0.42, 0.18) == pytest.approx([0.0468, 0.076, 0.324, 0.3975, 0.1557], abs=1e-4)


@given(st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=200, deadline=None)
def test_class_fractions_are_positive_and_sum_to_one(sand, share):
    fractions = sediment.class_fractions(sand, (1 - sand) * share)
    assert (fractions > 0).all()
    assert fractions.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("sand", "clay", "expected"),
    [
        (0.42, 0.18, (0.00799, 0.0308, 0.1035, 0.4813, 1.584, 5.132)),
        (0.65, 0.08, (0.0022, 0.0089, 0.0304, 0.1345, 0.4146, 1.276)),
    ],
)
def test_transport_capacity_is_as_published(sand, clay, expected):
    found = [capacity(shear, sand, clay) for shear in (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)]
    assert found == pytest.approx(expected, rel=0.02)


def test_fine_particles_settle_by_stokes_and_coarse_ones_slower():
    assert sediment.fall_velocity_m_s(2.65, 1e-5) == pytest.approx(1e-10 * 1.65 * 9.81 / 18e-6)
    assert 0.01 < sediment.fall_velocity_m_s(2.65, 2e-4) < 2e-4**2 * 1.65 * 9.81 / 18e-6


@pytest.mark.parametrize(
    ("roughness", "share"), [(0.04, 0.19), (0.02, 0.54), (0.0496, 0.0), (0.06, 0.0), (0.1, 0.0)]
)
def test_interrill_delivery_falls_with_roughness_as_published(roughness, share):
    fractions, velocities = sediment.class_fractions(0.42, 0.18), sediment.fall_velocities_m_s(0.18)
    assert sediment.interrill_delivery(roughness, fractions, velocities) == pytest.approx(share, abs=0.01)


def test_critical_shear_is_doubled_for_nearly_all_disturbed_soils():
    for tauc, sand, fc in ((0.5, 0.25, 0.29), (1.0, 0.42, 0.26), (2.0, 0.65, 0.18), (1.5, 0.25, 0.28)):
        aged = erosion.consolidation(330.0, erosion.shear_ratio(tauc, sand, fc))
        assert erosion.shear_factor(0.06, aged, 1.0) == 2.0


def test_roots_and_buried_residue_protect_the_rill():
    assert erosion.rill_factor(0.2, 0.2, 0.1, 1.0) == pytest.approx(math.exp(-0.08 - 0.44 - 0.35))
    assert erosion.rill_factor(0.2, 0.2, 0.1, 0.5) == pytest.approx(0.5 * math.exp(-0.08 - 0.44 - 0.35))


def test_canopy_without_height_shelters_by_its_cover():
    bare, sheltered = (erosion.interrill_factor(c, 0.0, 0.0, 0.0, 0.0, 0.3, 1.0) for c in (0.0, 0.4))
    assert sheltered == pytest.approx(0.6 * bare)


def test_continuity_under_constant_shear_matches_the_exact_load():
    ones = np.ones(erosion.STEPS + 1)
    load, detached, deposited = erosion.continuity(2.0, 0.5, 0.3, 1.0, 1.0, ones, ones)
    assert load == pytest.approx(1.3 * (1 - math.exp(-1.0)), abs=1e-12)
    # the load passes the capacity at 1 only beyond the foot, so nothing settles
    assert (detached, deposited) == (pytest.approx(load), 0.0)


def shapes(fraction, slope):
    carrying, shear = np.empty(erosion.STEPS + 1), np.empty(erosion.STEPS + 1)
    mean = float(np.trapezoid(slope, fraction))
    erosion.flow_shapes(np.array(fraction), np.array(slope), mean, carrying, shear)
    return carrying, shear


def test_a_flat_foot_lets_sediment_settle():
    load, detached, deposited = erosion.continuity(
        3.0, 0.2, 0.0, 5.0, 1.0, *shapes([0.0, 0.6, 0.7, 1.0], [0.3, 0.3, 0.01, 0.01])
    )
    assert deposited > 0.2 * detached
    assert load == pytest.approx(detached - deposited, abs=1e-12)


@given(
    st.floats(0, 50), st.floats(0, 2), st.floats(0, 5), st.floats(0, 1e5), st.floats(0.2, 2),
    st.lists(st.floats(0, 1.5), min_size=2, max_size=8),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_what_is_detached_less_what_settles_leaves_the_foot(eta, threshold, lateral, phi, ratio, slopes):
    fraction = np.linspace(0, 1, len(slopes))
    if np.trapezoid(slopes, fraction) < 1e-3:
        return
    load, detached, deposited = erosion.continuity(eta, threshold, lateral, phi, ratio, *shapes(fraction, slopes))
    assert load >= 0
    assert detached >= 0
    assert deposited >= 0
    assert load == pytest.approx(detached - deposited, abs=1e-9 * (1 + detached))


def test_shear_falls_with_friction_and_grows_with_flow_and_slope():
    def shear(flow, slope, f):
        return erosion.rill_shear_pa(flow, erosion.rill_width_m(flow, 1.0), slope, f)

    assert shear(1e-3, 0.4, 20.0) < shear(1e-3, 0.4, 10.0)
    assert shear(1e-4, 0.4, 20.0) < shear(1e-3, 0.4, 20.0)
    assert shear(1e-3, 0.1, 20.0) < shear(1e-3, 0.4, 20.0)


def test_a_rill_s_depth_is_normal_for_its_flow():
    flow, slope, f = 2e-3, 0.3, 18.8
    width = erosion.rill_width_m(flow, 1.0)
    radius = erosion.rill_shear_pa(flow, width, slope, f) * f / 1.11 / 9807.0 / math.sin(math.atan(slope))
    depth = radius * width / (width - 2 * radius)
    assert math.sqrt(8 * 9.81 * radius * slope / f) * width * depth == pytest.approx(flow, rel=1e-3)
