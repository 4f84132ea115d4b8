"""Plants that grow and residue that decays: figures by hand, and a few days of the real WEPP (2024.204)."""

import math
from pathlib import Path

import numpy as np
import pytest

from hydrology_cases import hillslope, weather
from weppbatch.engines.inputs import cover_input
from weppbatch.engines.rotation import rotation_input
from weppbatch.formats.management import read_management
from weppbatch.formats.rotation import rotation_of
from weppbatch.hydrology import columns as at
from weppbatch.hydrology import crop_columns as of
from weppbatch.hydrology import cropping, growth, plant_day, residue
from weppbatch.hydrology.day_loop import OUTPUTS, run
from weppbatch.hydrology.hillslope import EngineOptions, simulate
from weppbatch.hydrology.rotation import growing, season_heat, switches
from weppbatch.hydrology.shared import Shared
from weppbatch.hydrology.site import pack

CARRIED = Path(__file__).parents[1] / "benchmarks" / "data" / "agreement" / "managements"
CORN = Path(__file__).parent / "data" / "managements" / "corn.man"
OPTIONS = EngineOptions(evapotranspiration="penman", drainage_steps_per_day=1)


def management(name):
    """A carried management, or corn."""
    return read_management(CORN if name == "corn" else CARRIED / f"{name}_21yr.man")


def rotation(name):
    """A management's tables."""
    return rotation_input(rotation_of(management(name)))


def sown(name):
    """A hillslope of burned soil with a management."""
    return hillslope(slope=0.15, cover=cover_input(management(name).cover), rotation=rotation(name))


def state(name):
    """What the days of growth begin with, and the first crop."""
    inputs = sown(name)
    found = growing(inputs, inputs.soil.layers, (0.2, 0.2, 2.0), np.full(12, 9.0))
    return found, found.crops[int(found.years[0, 0])]


def after(inputs, days, until):
    """The hillslope's record and what grows, after the first days."""
    shared = Shared(days, OPTIONS)
    site = pack(inputs, shared.latitude_deg, shared.monthly_mean_c)
    out = np.empty((len(OUTPUTS), until))
    run(
        site.numbers, site.layers, site.shapes, site.particles, site.sheets, site.sun, shared.table[:until],
        shared.times_h, shared.rates_mm_h, shared.settings, site.growing, out,
    )  # fmt: skip
    return site.numbers[0], site.growing, dict(zip(OUTPUTS, out, strict=True))


def test_a_day_of_growth_follows_light_leaves_and_the_lesser_stress():
    light = 0.02092 * 500.0 * (1.0 - math.exp(-0.65 * 2.05))
    assert growth.potential_growth(35.0, 500.0, 0.65, 2.0) == pytest.approx(35.0e-4 * light)
    assert growth.heat_units(14.0, 10.0) == 4.0 and growth.heat_units(8.0, 10.0) == 0.0
    assert growth.temperature_stress(7.5, 10.0, 25.0) == pytest.approx(math.sin(math.pi / 4.0))
    assert growth.leaf_area(of.PERENNIAL, False, 9.0, 0.1, 0.0) == pytest.approx(
        0.9 / (0.1 + 0.2756 * math.exp(-1.36))
    )


def test_plants_are_as_big_as_their_canopy_says():
    found, crop = state("dw_tree20")
    now, plant = found.now, found.plants[0]
    assert now[of.BIOMASS] == pytest.approx(-math.log(0.1) / 14.0)
    assert now[of.HEIGHT] == pytest.approx(5.0 * (1.0 - math.exp(-3.0 * now[of.BIOMASS])))
    assert now[of.ROOTS] == 0.5 and now[of.ROOTED] == 0.8  # the soil ends above the plant's 2 m
    before = now[of.BIOMASS]
    fell, begins = growth.grow(plant, crop, 12.0, 400.0, 120.0, 1.0, 0.8, now)
    heat = math.sin(0.5 * math.pi * 10.0 / 18.0)
    light = 0.02092 * 400.0 * (1.0 - math.exp(-0.9 * (leaves(before) + 0.05)))
    assert now[of.BIOMASS] - before == pytest.approx(150.0e-4 * light * heat)
    assert (fell, begins) == (0.0, False)


def leaves(biomass):
    """The leaf area of the carried tree."""
    return 6.0 * biomass / (biomass + 0.2756 * math.exp(-13.6 * biomass))


def test_drought_stops_growth_and_a_full_height_too():
    found, crop = state("dw_tree20")
    before = found.now.copy()
    growth.grow(found.plants[0], crop, 12.0, 400.0, 120.0, 0.0, 0.8, found.now)
    assert found.now[of.BIOMASS] == before[of.BIOMASS]
    found.now[of.HEIGHT] = 5.0
    growth.grow(found.plants[0], crop, 12.0, 400.0, 120.0, 1.0, 0.8, found.now)
    assert found.now[of.BIOMASS] == before[of.BIOMASS]


def test_cold_makes_shoots_standing_residue_and_they_start_anew():
    found, crop = state("dw_tree20")
    alive = found.now[of.BIOMASS]
    frozen = (-1.0, 100.0, -0.1, 3.0)
    cropping.perennial_day(found.plants, crop, found.cuts, frozen, 10.0, 1.0, 0.8, found.now, found.pools)
    assert found.now[of.STANDING] == pytest.approx(alive)
    assert found.now[of.BIOMASS] == found.now[of.CANOPY] == 0.0 and found.now[of.ROOTS] == 0.5
    warm = (12.0, 300.0, 4.0, 20.0)
    for day in (11.0, 12.0):
        cropping.perennial_day(found.plants, crop, found.cuts, warm, day, 1.0, 0.8, found.now, found.pools)
    assert 0.0 < found.now[of.BIOMASS] < 0.1


def test_residue_decays_fastest_when_warm_and_moist():
    assert residue.decay_conditions(33.0, 4.0, 0.3, 0.5) == (pytest.approx(1.0), pytest.approx(1.0))
    assert residue.decay_conditions(33.0, 1.0, 0.15, 0.5) == (pytest.approx(0.25), pytest.approx(0.5))
    assert residue.decay_conditions(-0.1, 9.0, 0.3, 0.5)[0] == 0.0
    assert residue.decay_conditions(-7.0, 9.0, 0.3, 0.5) == (0.0, 0.0)
    at_ten = 16.1**2 * (2.0 * 1528.81 - 16.1**2) / 1528.81**2
    assert residue.decay_conditions(10.0, 9.0, 0.3, 0.5)[0] == pytest.approx(at_ten)


def test_cover_follows_the_mass_that_lies_and_the_stems_that_stand():
    found, _ = state("brome")
    assert found.pools[of.ON_GROUND, 0] == pytest.approx(-math.log(0.5) / 5.0)
    found.now[of.STANDING] = 10.0
    stems = 0.25 * math.pi * 0.0022**2 / 0.006**2
    assert residue.covered(found.now, found.pools)[1] == pytest.approx(0.5 + stems)


def test_burying_leaves_a_share_of_the_cover():
    left = residue.left_after_burial(0.2, 5.0, 0.35)
    assert 1.0 - math.exp(-5.0 * left) == pytest.approx(0.65 * (1.0 - math.exp(-1.0)))
    assert residue.left_after_burial(0.2, 0.0, 0.5) == 0.2


def test_a_fallow_has_no_live_roots_and_no_leaves():
    site, found, out = after(sown("baer30"), weather(1), 200)
    assert found.now[of.ROOTS] == 0.0 and site["leaf_area"] == 0.0 and site["perennial"] == 1.0
    assert site["interrill_cover"] == pytest.approx(0.3, abs=1e-6)
    assert out["transpiration_mm"].sum() == 0.0


def test_a_burn_leaves_a_tenth_of_the_litter_and_the_next_plants_come_up():
    days = weather(1)
    inputs = sown("dw_highfire_yr")
    _, before, _ = after(inputs, days, 243)
    _, burned, _ = after(inputs, days, 245)
    flat = before.pools[of.ON_GROUND].sum()
    assert burned.now[of.TAKEN] - before.now[of.TAKEN] > 0.88 * flat
    assert burned.now[of.BIOMASS] == 0.0 and burned.now[of.ROOTS] == 0.0
    assert burned.pools[of.DEAD_ROOTS, 0] > 0.0 and burned.now[of.TURN] == 1.0
    _, later, _ = after(inputs, days, 330)
    assert later.now[of.BIOMASS] > 0.0


@pytest.mark.parametrize("name", ["dw_highfire_yr", "dw_lowfire_yr", "dw_tree20", "brome", "corn"])
def test_biomass_above_the_roots_closes(name):
    days = weather(3, warmth_c=12.0)
    inputs = sown(name)
    start = growing(inputs, inputs.soil.layers, (0.2, 0.2, 2.0), np.full(12, 9.0))
    _, end, _ = after(inputs, days, days.days)

    def held(one):
        lying = one.pools[of.ON_GROUND].sum() + one.pools[of.BURIED].sum()
        return one.now[of.BIOMASS] + one.now[of.STANDING] + lying

    now = end.now
    assert now[of.GROWN] > 0.1 and now[of.DECAYED] > 0.1
    assert held(start) + now[of.GROWN] + now[of.BROUGHT] - now[of.DECAYED] - now[of.TAKEN] == pytest.approx(
        held(end)
    )


def test_corn_grows_ripens_is_brought_in_and_ploughed_under():
    days = weather(1, warmth_c=15.0)
    inputs = sown("corn")
    _, summer, _ = after(inputs, days, 230)
    _, ripe, _ = after(inputs, days, 287)
    _, stubble, _ = after(inputs, days, 295)
    site, ploughed, _ = after(inputs, days, 300)
    assert 0.3 < summer.now[of.BIOMASS] < 2.0 and summer.now[of.CANOPY] > 0.5
    assert ripe.now[of.CANOPY] < summer.now[of.CANOPY]
    assert stubble.now[of.BIOMASS] == 0.0 and stubble.now[of.TAKEN] > 0.2 * ripe.now[of.PEAK]
    assert ploughed.pools[of.BURIED, 0] > 0.1 > stubble.pools[of.BURIED, 0]
    assert site["roughness_m"] == 0.05 and ploughed.now[of.DISTURBED_DAYS] == 0.0


def test_heat_and_turns_of_crops_follow_the_climate_and_the_dates():
    crop = np.zeros(of.CROP_COLUMNS)
    crop[of.KIND] = of.PERENNIAL
    assert season_heat(crop, 2.0, np.full(12, 12.0)) == 3650.0
    crop[[of.KIND, of.PLANTED, of.HARVESTED]] = of.ANNUAL, 10, 19
    assert season_heat(crop, 2.0, np.full(12, 12.0)) == 100.0
    assert switches(rotation("dw_lowfire_yr"))[0].tolist() == [244.0, 0.0]


def test_growing_plants_keep_the_water_closed_and_repeat():
    days = weather(2)
    for name in ("brome", "dw_lowfire_yr"):
        first, again = (simulate(sown(name), days, EngineOptions()) for _ in range(2))
        assert first.closure_mm < 1e-6
        assert np.array_equal(first.sediment_kg, again.sediment_kg)


def test_without_a_rotation_nothing_of_growth_is_touched():
    inputs = hillslope()
    site = pack(inputs, 44.0, np.full(12, 9.0))
    assert site.growing.plants.size == 0
    assert not site.growing.now.any() and not site.growing.pools.any()


def test_grazing_and_cutting_take_what_they_should():
    found, crop = state("brome")
    now, plant = found.now, found.plants[0]
    now[of.BIOMASS] = 0.5
    growth.shape_up(plant, of.PERENNIAL, False, now)
    cycle = np.zeros(of.CUT_COLUMNS)
    cycle[[of.ANIMALS, of.FIELD_M2, of.WEIGHT_KG, of.DIGESTIBLE]] = 10.0, 5000.0, 400.0, 0.5
    cropping.graze(plant, crop, cycle, now)
    eaten = 0.1 * 400.0**0.75 / 0.5 * 10.0 / 5000.0
    assert now[of.BIOMASS] == pytest.approx(0.5 - eaten) and now[of.TAKEN] == pytest.approx(eaten)
    cropping.cut(plant, crop, now)
    assert now[of.HEIGHT] == pytest.approx(plant[of.CUT_HEIGHT])
    assert now[of.HEAT] == pytest.approx(plant[of.HEAT_SUM] * now[of.LEAVES] / plant[of.MOST_LEAVES])


def test_perennials_open_the_soil_as_their_roots_grow():
    found, crop = state("dw_highfire_yr")
    second = found.crops[1]
    assert plant_day.infiltrable(crop, found.plants[1], found.now) == 1.81
    found.now[of.ROOTS] = 0.02
    assert plant_day.infiltrable(second, found.plants[1], found.now) == pytest.approx(1.0 + 1.62 * 0.02 / 0.1)
    crop[of.KIND] = of.FALLOW
    assert plant_day.infiltrable(crop, found.plants[1], found.now) == 1.0


def test_tillage_loosens_roughens_and_forgets_the_rain():
    site = np.zeros(1, at.SITE)[0]
    site["loose_kg_m3"], site["settled_kg_m3"], site["clay"] = 1100.0, 1300.0, 0.2
    memory = np.zeros(at.STATES)
    memory[[at.RAIN, at.DAYS, at.ROUGHNESS, at.SETTLED, at.RILL_WIDTH]] = 5.0, 9000.0, 0.006, 1.0, 0.2
    found, _ = state("corn")
    found.now[of.DISTURBED_DAYS] = 100.0
    half = found.tillage[1].copy()
    half[of.DISTURBED] = 0.5
    plant_day.disturb(site, half, memory, found)
    assert site["loose_kg_m3"] == pytest.approx(1300.0 - 0.5 * (1300.0 - 0.667 * 1300.0), abs=0.5)
    assert memory[at.ROUGHNESS] == site["roughness_m"] == pytest.approx(0.5 * 0.05 + 0.5 * 0.006)
    assert memory[at.RAIN] == memory[at.DAYS] == memory[at.SETTLED] == memory[at.RILL_WIDTH] == 0.0
    assert found.now[of.DISTURBED_DAYS] == 50.0 and found.ground[of.RIDGE_M] == 0.075
