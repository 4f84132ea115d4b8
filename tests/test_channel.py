"""Channels and groundwater: peaks, what the bed gives and keeps, what it drinks, and that nothing is lost."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weppbatch.hydrology.channel import (
    Channel,
    ChannelOptions,
    Flow,
    Inflow,
    creams_peak_m3_s,
    duration_of,
    route,
    transmission_loss_m3,
)
from weppbatch.hydrology.channel_sediment import Grains, Sediment, capacity_by_class, normal_depth_m
from weppbatch.hydrology.groundwater import GroundwaterOptions, linear_store
from weppbatch.hydrology.sediment import class_diameters_m, class_fractions, transport_capacity

LOAM = Sediment.of(0.42, 0.18)
STEEP = Channel(
    name="24",
    length_m=500.0,
    width_m=1.5,
    distance_fraction=np.array([0.0, 0.5, 1.0]),
    slope=np.array([0.2, 0.15, 0.1]),
    drained_m2=5e5,
    path_length_m=900.0,
    path_drop_m=130.0,
)
FLAT = replace(STEEP, slope=np.array([1e-4, 1e-4, 1e-4]), path_drop_m=0.1)


def flow(runoff_m3, *, hours=2.0, sediment_kg=0.0, lateral_m3=0.0):
    """A flow of some days, with peaks that last some hours and sediment in all five classes alike."""
    made = Flow.none(len(runoff_m3))
    made.runoff_m3 += runoff_m3
    made.peak_m3_s += made.runoff_m3 / (hours * 3600.0)
    made.lateral_m3 += lateral_m3
    made.sediment_kg += np.where(made.runoff_m3 > 0, sediment_kg, 0.0)[:, None] / 5.0
    return made


def routed(head, side=None, channel=STEEP, options=ChannelOptions()):
    inflow = Inflow(head, side or Flow.none(head.runoff_m3.size))
    lost = transmission_loss_m3(inflow.joined(), channel, options)
    return route(inflow, channel, LOAM, options, lost)


@pytest.mark.parametrize(
    ("volume_m3", "path_slope", "peak_m3_s"),
    [
        (764.23, 46 / 700, 0.43535),
        (1666.12, 36 / 650, 0.84217),
        (4268.65, 36 / 650, 1.93003),
        (3656.46, 46 / 700, 1.73025),
        (26569.33, 36 / 650, 9.6727),
        (4.11, 36 / 650, 0.00423),
    ],
)
def test_the_peak_is_what_wepp_itself_prints(volume_m3, path_slope, peak_m3_s):
    # WEPP 2024.204: events at the outlet of 24 ha, reached by two branches (fall over length) that take turns
    assert creams_peak_m3_s(np.array([volume_m3]), 240_000.0, path_slope)[0] == pytest.approx(peak_m3_s, rel=2e-3)


def test_the_capacity_of_all_classes_is_that_of_the_hillslopes():
    fractions, diameters = class_fractions(0.42, 0.18), class_diameters_m(0.18)
    for shear, known in ((0.5, 0.00799), (1, 0.0308), (2, 0.1035), (5, 0.4813), (10, 1.584), (20, 5.132)):
        capacity = np.zeros(5)
        capacity_by_class(shear, Grains(diameters, fractions, fractions), fractions, capacity)
        assert capacity.sum() == pytest.approx(known, rel=1e-2)
        assert capacity.sum() == pytest.approx(transport_capacity(shear, fractions, diameters, 0.42), rel=1e-9)


@pytest.mark.parametrize(("discharge", "width", "slope"), [(0.001, 0.5, 0.3), (2.0, 2.0, 0.01), (50.0, 0.3, 1e-6)])
def test_the_depth_gives_back_the_discharge(discharge, width, slope):
    depth = normal_depth_m(discharge, width, 0.04, slope)
    area = width * depth
    radius = area / (width + 2 * depth)
    assert area * radius ** (2 / 3) * slope**0.5 / 0.04 == pytest.approx(discharge, rel=1e-6)


def test_a_peak_never_exceeds_what_came_in_and_never_falls_below_the_days_mean():
    head = flow(np.array([10.0, 5000.0, 0.0, 300.0]), hours=20.0)
    foot = routed(head, options=ChannelOptions(avke_mm_h=0.0)).flow
    assert (foot.peak_m3_s <= head.peak_m3_s * (1 + 1e-12)).all()
    assert (foot.peak_m3_s >= foot.runoff_m3 / 86_400.0).all()
    assert foot.peak_m3_s[2] == 0.0
    level = replace(STEEP, path_drop_m=1e-12)
    flood = routed(flow(np.array([1e9])), channel=level, options=ChannelOptions(avke_mm_h=0.0)).flow
    assert flood.peak_m3_s[0] == pytest.approx(1e9 / 86_400.0), "the regression would let it last for days"


def test_what_grows_in_a_channel_takes_shear_from_its_bed():
    head = flow(np.array([2000.0]))
    bare, grown = (routed(head, options=ChannelOptions(manning_vegetated=n)).detached_kg[0] for n in (0.03, 0.3))
    assert bare > 1.5 * grown


def test_a_steep_channel_is_cut_and_a_flat_one_fills_up():
    head = flow(np.array([2000.0]), sediment_kg=1000.0)
    steep, flat = routed(head), routed(head, channel=FLAT)
    assert steep.detached_kg[0] > 0 and steep.flow.sediment_kg.sum() > 1000.0
    assert flat.detached_kg[0] == 0 and flat.flow.sediment_kg.sum() < 1000.0
    settled = 1.0 - flat.flow.sediment_kg[0] / 200.0
    assert settled[3] > 0.9 and settled[4] > 0.9, "large aggregates and sand settle"
    assert settled[0] < 0.05, "clay stays in the water"


def test_a_bed_is_cut_only_above_its_critical_shear_and_in_proportion_to_its_erodibility():
    head = flow(np.array([2000.0]))
    cut = [routed(head, options=ChannelOptions(erodibility_s_m=k)).detached_kg[0] for k in (1e-6, 2e-6)]
    assert cut[1] == pytest.approx(2 * cut[0], rel=1e-2), "far below the capacity"
    assert routed(head, options=ChannelOptions(critical_shear_n_m2=500.0)).detached_kg[0] == 0.0
    soft = routed(head, options=ChannelOptions(erodibility_s_m=1.0))
    assert np.isfinite(soft.detached_kg).all(), "the capacity of the flow ends it"


def test_sediment_that_comes_without_runoff_stays_in_the_channel():
    head = flow(np.array([0.0, 0.0]), lateral_m3=50.0)
    head.sediment_kg[1] = 3.0
    foot = routed(head)
    assert foot.deposited_kg.tolist() == [0.0, 15.0]
    assert foot.flow.sediment_kg.sum() == 0.0


def test_a_dry_bed_drinks_and_a_wet_one_does_not():
    volume = np.array([1.0, 500.0])
    dry, wet = routed(flow(volume)), routed(flow(volume, lateral_m3=1.0))
    # 10 mm/h on 500 m x 1.5 m for 2 h is 15 m3
    assert dry.transmission_loss_m3 == pytest.approx([1.0, 15.0])
    assert dry.flow.runoff_m3 == pytest.approx([0.0, 485.0])
    assert wet.transmission_loss_m3.tolist() == [0.0, 0.0]


def test_a_channel_without_any_water_is_legal():
    foot = routed(Flow.none(3))
    assert foot.flow.streamflow_m3.tolist() == [0.0, 0.0, 0.0]
    assert foot.detached_kg.tolist() == foot.deposited_kg.tolist() == [0.0, 0.0, 0.0]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(1e-6, 1.0),
    st.floats(0.01, 30.0),
    st.floats(0.0, 1.0),
    st.floats(1e-9, 1e-2),
)
def test_no_water_and_no_sediment_is_lost_in_any_channel(seed, slope, width, lateral, erodibility):
    chance = np.random.default_rng(seed)
    head, side = (
        flow(
            np.where(chance.random(20) < 0.5, 10.0 ** chance.uniform(-6, 6, 20), 0.0),
            hours=10.0 ** chance.uniform(-1, 1.3),
            sediment_kg=10.0 ** chance.uniform(-3, 6),
            lateral_m3=lateral,
        )
        for _ in range(2)
    )
    channel = replace(STEEP, slope=slope * chance.uniform(0.5, 2.0, 3), width_m=width)
    foot = routed(head, side, channel, ChannelOptions(erodibility_s_m=erodibility))
    came_m3, came_kg = head.runoff_m3 + side.runoff_m3, (head.sediment_kg + side.sediment_kg).sum(axis=1)
    assert foot.flow.runoff_m3 + foot.transmission_loss_m3 == pytest.approx(came_m3, rel=1e-12)
    left_kg = foot.flow.sediment_kg.sum(axis=1)
    assert left_kg + foot.deposited_kg == pytest.approx(came_kg + foot.detached_kg, rel=1e-9, abs=1e-9)
    assert (foot.flow.sediment_kg >= 0).all() and (foot.flow.runoff_m3 >= 0).all()
    assert (foot.flow.peak_m3_s <= (head.peak_m3_s + side.peak_m3_s) * (1 + 1e-9)).all()


def test_flows_that_meet_add_up():
    one, other = flow(np.array([1.0, 2.0]), sediment_kg=5.0), flow(np.array([3.0, 0.0]), lateral_m3=4.0)
    both = Inflow(one, other).joined()
    assert both.runoff_m3.tolist() == [4.0, 2.0] and both.lateral_m3.tolist() == [4.0, 4.0]
    assert both.streamflow_m3.tolist() == [8.0, 6.0] and both.sediment_kg.sum() == pytest.approx(10.0)
    assert one.runoff_m3.tolist() == [1.0, 2.0], "the parts stay as they were"


def test_a_volume_lasts_a_day_at_most():
    assert duration_of(np.array([10.0, 86_400.0, 0.0]), np.array([1.0, 0.5, 0.0])).tolist() == [10.0, 86_400.0, 0.0]


def test_groundwater_drains_by_a_fixed_share_and_closes():
    recharge = np.array([0.0, 100.0, 0.0, 0.0])
    options = GroundwaterOptions(initial_mm=200.0, baseflow_per_day=0.04, deep_loss_per_day=0.01)
    stored = linear_store(recharge, 10_000.0, options)
    assert stored.initial_m3 == 2000.0
    assert stored.baseflow_m3[:2] == pytest.approx([80.0, (1900.0 + 100.0) * 0.04])
    before = np.r_[stored.initial_m3, stored.storage_m3[:-1]]
    assert before + recharge == pytest.approx(stored.storage_m3 + stored.baseflow_m3 + stored.deep_loss_m3)


def test_the_baseflow_coefficient_only_reshapes_what_percolates():
    recharge = np.zeros(3000)
    recharge[:100] = 5.0
    quick, slow = (
        linear_store(recharge, 1e4, GroundwaterOptions(baseflow_per_day=share)).baseflow_m3 for share in (0.1, 0.01)
    )
    assert quick.sum() == pytest.approx(500.0) and slow.sum() == pytest.approx(500.0)
    assert quick.max() > 5 * slow[:10].max()


def test_without_baseflow_percolation_is_lost_to_depth():
    stored = linear_store(np.array([3.0, 4.0]), 1e4, GroundwaterOptions(enabled=False, initial_mm=200.0))
    assert stored.deep_loss_m3.tolist() == [3.0, 4.0]
    assert stored.baseflow_m3.sum() == stored.storage_m3.sum() == stored.initial_m3 == 0.0
