"""One hillslope as the compiled day loop needs it: a record of numbers and three small arrays.

Everything that stays the same through the years is computed here once. `HillslopeInput` in; nothing is simulated.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weppbatch.hydrology import columns as at
from weppbatch.hydrology import erosion, friction, growth, infiltration, plants, rotation, sediment, surface, winter
from weppbatch.hydrology import sheets as sheets_water
from weppbatch.hydrology.crop_columns import Growing
from weppbatch.hydrology.pedotransfer import Retention, on_grid, retention
from weppbatch.hydrology.soil_texture import air_entry_kpa, water_contents
from weppbatch.hydrology.state import CoverInput, Floats, HillslopeInput, Layers, SoilInput

SURFACE_MM = 200.0  # WEPP's tilled depth: what infiltrates is put there, and its wetness governs infiltration
LEAST_SLOPE = 1e-6


@dataclass(frozen=True)
class Site:
    """The packed hillslope: a record at.SITE, and arrays.

    `layers` (19 x n), `shapes` (2 x 101), `particles` (3 x 5), `sheets` (13 x m) that may freeze, `sun` (3 x 367);
    `growing` is empty where the cover stays as it is.
    """

    numbers: npt.NDArray[np.void]
    layers: Floats
    shapes: Floats
    particles: Floats
    sheets: Floats
    sun: Floats
    growing: Growing


def layer_table(layers: Layers, kept: Retention, avke_mm_h: float | None) -> Floats:
    """All rows of a soil's layers in mm and mm/h; water counts from the wilting point."""
    thickness = np.diff(layers.depth_mm, prepend=0.0)
    ksat = layers.ksat_mm_h.copy()
    if avke_mm_h is not None:
        ksat[layers.depth_mm <= SURFACE_MM + 1e-6] = avke_mm_h
    upper = (kept.porosity - kept.wilting_point) * thickness
    capacity = (kept.field_capacity - kept.wilting_point) * thickness
    exponent = -2.655 / np.log10(capacity / upper)
    threshold = np.minimum(capacity + kept.air * thickness, upper)
    rows = (thickness, layers.depth_mm, capacity, upper, ksat, exponent, threshold, layers.anisotropy)
    frost = frost_rows(layers)
    logs = np.log(frost[at.SR_CAPACITY - at.HEAT]), np.log(frost[at.SR_POROSITY - at.HEAT])
    return np.vstack([*rows, kept.wilting_point * thickness, *frost, *logs, wetted_shares(layers.depth_mm)])


def wetted_shares(foot_mm: Floats) -> Floats:
    """What share of infiltrating water each layer takes: the surface's by thickness, the last of them the rest."""
    shares = np.diff(np.minimum(foot_mm, SURFACE_MM), prepend=0.0) / SURFACE_MM
    shares[np.flatnonzero(shares)[-1]] += 1.0 - shares.sum()
    return np.asarray(shares)


def frost_rows(layers: Layers) -> list[Floats]:
    """The rows at.HEAT .. SR_KSAT: heat conduction by density, and retention by Saxton & Rawls (2006).

    Organic matter enters as a fraction, as in WEPP's frost routines.
    """
    heat = np.maximum(0.0014139 * 1000.0 * layers.bulk_density_g_cm3 - 1.0588, 0.0)
    columns = []
    for sand, clay, organic in zip(
        layers.sand_pct, layers.clay_pct, layers.organic_matter_pct / 100.0, strict=True
    ):
        found = water_contents(float(sand), float(clay), float(organic))
        drained = math.log(found.field_capacity) - math.log(found.wilting_point)
        b = (math.log(1500.0) - math.log(33.0)) / drained
        entry = air_entry_kpa(float(sand), float(clay), float(organic))
        columns.append((found.field_capacity, found.wilting_point, found.saturation, entry, b, found.ksat_mm_h))
    return [heat, *np.array(columns).T]


def base_conductivity(soil: SoilInput, table: Floats) -> float:
    """Conductivity (mm/h) from the middle of the last layer through the restrictive one, in series."""
    last, thickness = table[at.KSAT, -1], table[at.THICKNESS, -1]
    if soil.kslast_mm_h is None:
        return float(last)
    if soil.kslast_mm_h <= 0.0:
        return 0.0
    below = thickness if soil.restrictive_thickness_mm is None else soil.restrictive_thickness_mm
    return float((thickness + below) / (thickness / last + below / soil.kslast_mm_h))


def erodibility(inputs: HillslopeInput, layers: Layers, kept: Retention, slope: float) -> dict[str, float]:
    """Ki, Kr and critical shear with their factors for roots, cover, roughness and consolidation."""
    soil, cover = inputs.soil, inputs.cover
    live, dead = cover.live_root_kg_m2 * growth.share_150mm(cover.rooting_depth_m), cover.dead_root_kg_m2
    aged = [erosion.consolidation(cover.days_since_disturbance, one) for one in settled_ratios(soil, layers, kept)]
    between = erosion.interrill_factor(
        cover.canopy_cover, cover.plant_height_m, cover.interrill_cover, live, dead, slope, aged[0]
    )
    within = erosion.rill_factor(cover.buried_residue_kg_m2, dead, live, aged[1])
    return {
        "ki": soil.ki_kg_s_m4 * max(between, erosion.LEAST_FACTOR),
        "kr": soil.kr_s_m * max(within, erosion.LEAST_FACTOR),
        "tauc": soil.tauc_n_m2,
        "shear_aged": aged[2],
        "ki_factor": between,
        "kr_factor": within,
    }


def settled_ratios(soil: SoilInput, layers: Layers, kept: Retention) -> tuple[float, float, float]:
    """Ki, Kr and critical shear of the consolidated soil over those of the fresh one."""
    sand, clay = float(layers.sand_pct[0]) / 100.0, float(layers.clay_pct[0]) / 100.0
    organic, rock = float(layers.organic_matter_pct[0]) / 100.0, float(layers.rock_pct[0]) / 100.0
    capacity = float(kept.field_capacity[0])
    return (
        erosion.interrill_ratio(soil.ki_kg_s_m4, sand, organic, capacity),
        erosion.rill_ratio(soil.kr_s_m, 1.0 - sand - clay, capacity, rock),
        erosion.shear_ratio(soil.tauc_n_m2, sand, capacity),
    )


def conductivity_terms(inputs: HillslopeInput, layers: Layers, table: Floats) -> dict[str, float]:
    """What infiltration's conductivity depends on: its base value, cover and crust (NSERL Report 10, ch. 7)."""
    soil, cover = inputs.soil, inputs.cover
    sand, clay = float(layers.sand_pct[0]) / 100.0, float(layers.clay_pct[0]) / 100.0
    density = 1000.0 * float(layers.bulk_density_g_cm3[0])
    front = max(0.147 - 0.15 * sand**2 - 0.0003 * clay * density, 0.00501)
    crust = 0.736 + 0.19 * sand
    crust = max(crust / (1.0 + (45.19 - 46.68 * crust) / (100.0 * front)), 0.2)
    rate = -0.0028 + 0.0113 * sand + 0.125 * clay / max(float(layers.cec_meq_100g[0]), 1e-6)
    sheltered = cover.canopy_cover * math.exp(-0.3358 * cover.plant_height_m / 2.0)
    dry = cover.interrill_cover
    top = table[at.FOOT] <= SURFACE_MM + 1e-6
    return {
        "ke_mm_h": float(table[at.THICKNESS, top].sum() / (table[at.THICKNESS, top] / table[at.KSAT, top]).sum()),
        "ksat_min_mm_h": float(table[at.KSAT].min()),
        "crust": crust,
        "crust_rate": min(max(rate, 1e-4), 1e-2),
        "cover_wet": sheltered + dry - sheltered * dry,
        "cover_dry": dry,
        "perennial": 1.81,
        "ksatadj": float(soil.ksatadj),
        "lkeff_mm_h": soil.lkeff_mm_h,
        "ksflag": float(soil.ksflag),
    }


def evaporation_terms(inputs: HillslopeInput, layers: Layers, kept: Retention, table: Floats) -> dict[str, float]:
    """What evapotranspiration depends on: leaves, litter, roots, and the water they can reach."""
    cover, soil = inputs.cover, inputs.soil
    biomass, residue = cover.live_biomass_kg_m2, cover.residue_kg_m2
    biomass = plants.live_biomass_kg_m2(cover.canopy_cover) if biomass is None else biomass
    residue = plants.residue_kg_m2(cover.interrill_cover) if residue is None else residue
    root_mm = min(1000.0 * cover.rooting_depth_m, float(table[at.FOOT, -1]))
    sand, clay = float(layers.sand_pct[0]) / 100.0, float(layers.clay_pct[0]) / 100.0
    top, capacity, wilting = 100.0, float(kept.field_capacity[0]), float(kept.wilting_point[0])
    tops = table[at.FOOT] - table[at.THICKNESS]
    reached = np.clip((root_mm - tops) / table[at.THICKNESS], 0.0, 1.0)
    return {
        "albedo": soil.albedo,
        "bare_share": math.exp(-0.5 * (residue + 0.1)),
        "leaf_area": cover.max_lai if cover.leaf_area_index is None else cover.leaf_area_index,
        "extinction": cover.light_extinction,
        "height_m": cover.plant_height_m,
        "root_mm": root_mm,
        "stress": min(max(cover.water_stress_fraction, 0.1), 0.4),
        "canopy": cover.canopy_cover,
        "canopy_mm": plants.interception_mm(cover.canopy_cover, biomass),
        "residue_mm": plants.interception_mm(cover.interrill_cover, residue),
        "stage_one_mm": 9.0 * (max(4.165 + 2.456 * sand - 1.703 * clay - 4.0 * sand**2, 3.0) - 3.0) ** 0.42,
        "total_evaporable_mm": top * (capacity - 0.3 * wilting),
        "readily_evaporable_mm": 57.856 * (capacity - wilting) + 0.280,
        "total_available_mm": float((table[at.CAPACITY] * reached).sum()),
    }


def litter_m(cover: CoverInput) -> float:
    """How deep flat residue lies: its mass over a density by the thickness of stems (NSERL Report 10, ch. 3)."""
    residue = cover.residue_kg_m2
    residue = plants.residue_kg_m2(cover.interrill_cover) if residue is None else residue
    return plants.litter_depth_m(residue, cover.stem_diameter_m)


def mean_slope(fraction: Floats, slope: Floats) -> float:
    """The slope from top to foot: the profile's mean, never flatter than 1e-6."""
    return max(float(np.trapezoid(slope, fraction)), LEAST_SLOPE)


def pack(inputs: HillslopeInput, latitude_deg: float, monthly_mean_c: Floats | None = None) -> Site:
    """All that the day loop reads of one hillslope; a rotation needs the station's twelve mean temperatures."""
    soil, cover = inputs.soil, inputs.cover
    layers = on_grid(soil.layers, SURFACE_MM)
    kept = retention(layers)
    table = layer_table(layers, kept, soil.avke_mm_h)
    slope = mean_slope(inputs.distance_fraction, inputs.slope)
    sand, clay = float(layers.sand_pct[0]) / 100.0, float(layers.clay_pct[0]) / 100.0
    fractions, diameters = sediment.class_fractions(sand, clay), sediment.class_diameters_m(clay)
    height = cover.plant_height_m
    most = height if cover.max_plant_height_m is None else cover.max_plant_height_m
    live = friction.live_plants(height, most, cover.max_friction)
    shapes = np.empty((2, erosion.STEPS + 1))
    erosion.flow_shapes(inputs.distance_fraction, inputs.slope, slope, shapes[0], shapes[1])
    values = {
        "length_m": inputs.length_m,
        "width_m": inputs.width_m,
        "mean_slope": slope,
        "sine": math.sin(math.atan(slope)),
        "friction_rill": friction.rill_friction(cover.rill_cover, live),
        "friction_live": live,
        "rill_spacing_m": cover.rill_spacing_m,
        "rill_width_m": min(cover.rill_width_m, cover.rill_spacing_m),
        "litter_m": litter_m(cover),
        "frozen_k_share": 0.5
        if cover.stem_diameter_m > 0.1
        else 1e-5,  # trees keep frozen soil open (Dun et al. 2010)
        "suction_mm": infiltration.suction_mm(float(kept.porosity[0]), sand, clay),
        "porosity_top": float(kept.porosity[0]),
        "capacity_top": float(kept.field_capacity[0]),
        "wilting_top": float(kept.wilting_point[0]),
        "rock_top": float(kept.rock_factor[0]),
        "base_mm_h": base_conductivity(soil, table),
        "initial_saturation": min(soil.initial_saturation, 0.95),
        "roughness_m": cover.random_roughness_m,
        "wear_rate": surface.wear_rate(
            clay, float(layers.organic_matter_pct[0]) / 100.0, cover.buried_residue_kg_m2
        ),
        "loose_kg_m3": 1000.0 * cover.loose_bulk_density_g_cm3,
        "settled_kg_m3": 1000.0 * float(layers.bulk_density_g_cm3[0]),
        "rain_before_m": cover.rain_since_disturbance_mm / 1000.0,
        "days_before": cover.days_since_disturbance,
        "interrill_cover": cover.interrill_cover,
        "clay": clay,
        "velocity_m_s": sediment.deposition_velocity_m_s(sand, clay),
        "sand": sand,
        "shear_most": float(shapes[1].max()),
        **erodibility(inputs, layers, kept, slope),
        **conductivity_terms(inputs, layers, table),
        **evaporation_terms(inputs, layers, kept, table),
    }
    sun = np.zeros((3, winter.DAYS))
    winter.sun_of_slope(latitude_deg, slope, inputs.aspect_deg, sun)
    numbers = np.zeros(1, at.SITE)
    for name in at.FIELDS:
        numbers[name] = values[name]
    return Site(
        numbers,
        np.ascontiguousarray(table),
        shapes,
        np.vstack([fractions, diameters, sediment.fall_velocities_m_s(clay)]),
        sheets_water.sheets_of(table[at.THICKNESS], table[at.WILTING]),
        sun,
        rotation.growing(inputs, layers, settled_ratios(soil, layers, kept), monthly_mean_c),
    )
