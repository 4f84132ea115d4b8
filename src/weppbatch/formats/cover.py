"""A plant cover that stays the same: its values, WEPP's names for them, and what they must satisfy.

Knows the order of the values in a management file (management reads and writes it), no classes of land use.
"""

import math
from dataclasses import dataclass, fields

from weppbatch.formats.text import Token


@dataclass(frozen=True)
class StaticCover:
    """A plant cover that neither grows nor decays, with the state of the ground at the start.

    The first eight fields make the difference between disturbed classes; the defaults are those that WEPPcloud
    and the burned-area templates give every class. WEPP's own names stand in PLANT and INITIAL.
    """

    name: str
    canopy_cover: float
    interrill_cover: float
    rill_cover: float
    plant_height_m: float
    max_lai: float
    rooting_depth_m: float
    random_roughness_m: float
    ridge_height_m: float = 0.05
    max_root_mass_kg_m2: float = 0.2
    dead_root_mass_kg_m2: float = 0.2
    submerged_residue_kg_m2: float = 0.2
    max_live_friction: float = 17.0
    extinction: float = 0.45
    plant_spacing_m: float = 0.5
    stem_diameter_m: float = 0.005
    cutting_height_m: float = 0.3
    bulk_density_g_cm3: float = 1.1
    days_since_disturbance: int = 330
    days_since_harvest: int = 1000
    rain_since_disturbance_mm: float = 400.0
    rill_spacing_m: float = 0.0
    rill_width_m: float = 0.0
    rill_type: int = 1
    canopy_coefficient: float = 14.0
    height_coefficient: float = 3.0
    energy_biomass_ratio: float = 0.0
    base_temperature_c: float = 2.0
    flat_residue_coefficient: float = 5.0
    emergence_degree_days: float = 5.0
    critical_biomass_kg_m2: float = 0.0
    canopy_kept: float = 1.0
    lai_decline_index: float = 0.5
    biomass_kept: float = 1.0
    standing_residue_factor: float = 0.99
    growing_degree_days: float = 0.0
    harvest_index: float = 0.42
    residue_fragility: int = 2
    decay_above_ground: float = 0.0
    decay_roots: float = 0.0
    optimal_temperature_c: float = 20.0
    drought_tolerance: float = 0.1
    root_shoot_ratio: float = 0.33
    senescence_days: int = 90
    max_temperature_c: float = 40.0
    min_temperature_c: float = -40.0
    optimum_yield: float = 0.0
    frost_depth_m: float = 0.0
    snow_depth_m: float = 0.0
    thaw_depth_m: float = 0.0
    secondary_tillage_depth_m: float = 0.0
    primary_tillage_depth_m: float = 0.0


PLANT: tuple[tuple[str, ...], ...] = (
    (
        *("canopy_coefficient", "height_coefficient", "energy_biomass_ratio", "base_temperature_c"),
        *("flat_residue_coefficient", "emergence_degree_days", "critical_biomass_kg_m2", "cutting_height_m"),
        *("canopy_kept", "stem_diameter_m"),
    ),  # bb bbb beinp btemp cf crit critvm cuthgt decfct diam
    (
        *("lai_decline_index", "biomass_kept", "extinction", "standing_residue_factor", "max_live_friction"),
        *("growing_degree_days", "harvest_index", "plant_height_m"),
    ),  # dlai dropfc extnct fact flivmx gddmax hi hmax
    ("residue_fragility",),  # mfocod
    (
        *("decay_above_ground", "decay_roots", "optimal_temperature_c", "drought_tolerance", "plant_spacing_m"),
        *("rooting_depth_m", "root_shoot_ratio", "max_root_mass_kg_m2", "senescence_days", "max_temperature_c"),
    ),  # oratea orater otemp pltol pltsp rdmax rsr rtmmax spriod tmpmax
    ("min_temperature_c", "max_lai", "optimum_yield"),  # tmpmin xmxlai yld
)
"""The lines of a cropland plant after its unit; the comments give WEPP's names."""

INITIAL: tuple[tuple[str, ...], ...] = (
    (
        *("bulk_density_g_cm3", "canopy_cover", "days_since_disturbance", "days_since_harvest"),
        *("frost_depth_m", "interrill_cover"),
    ),  # bdtill cancov daydis dsharv frdp inrcov
    ("",),  # iresd, the plant whose residue lies there
    ("",),  # imngmt, 2 perennial
    ("rain_since_disturbance_mm", "ridge_height_m", "rill_cover", "random_roughness_m", "rill_spacing_m"),
    ("rill_type",),  # rtyp, 1 temporary, 2 permanent; above: rfcum rhinit rilcov rrinit rspace
    (
        *("snow_depth_m", "thaw_depth_m", "secondary_tillage_depth_m", "primary_tillage_depth_m"),
        "rill_width_m",
    ),  # snodpy thdp tillay(1) tillay(2) width
    ("dead_root_mass_kg_m2", "submerged_residue_kg_m2"),  # sumrtm sumsrm
)
"""The lines of a cropland initial condition; nameless values are no part of a cover."""


def values_by_name(rows: tuple[tuple[Token, ...], ...], names: tuple[tuple[str, ...], ...]) -> dict[str, Token]:
    """The values of rows by the names of the fields, however they are spread over lines."""
    values = [value for row in rows for value in row]
    return dict(zip([name for line in names for name in line], values, strict=True))


def check_cover(cover: StaticCover) -> list[str]:
    """What is wrong with a cover, in words; empty when nothing is."""
    problems = []
    for field in fields(cover):
        value = getattr(cover, field.name)
        if field.name == "name":
            if not value.strip() or value.lstrip().startswith("#") or value != value.strip():
                problems.append("the name is empty, begins with # or has blanks around it")
        elif not math.isfinite(value):
            problems.append(f"{field.name}, {value}, is not a finite number")
        elif field.type is int and value != int(value):
            problems.append(f"{field.name}, {value:g}, is not a whole number")
    if problems:
        return problems
    zero_to_one = ("canopy_cover", "interrill_cover", "rill_cover", "canopy_kept", "biomass_kept", "harvest_index")
    problems = [
        f"{name}, {getattr(cover, name):g}, is not between 0 and 1"
        for name in zero_to_one
        if not 0 <= getattr(cover, name) <= 1
    ]
    if cover.plant_height_m <= 0:
        problems.append("plant_height_m is not positive, and WEPP divides by it")
    signed = ("name", "min_temperature_c", "max_temperature_c", "base_temperature_c", "optimal_temperature_c")
    for field in fields(cover):
        if field.name not in signed and getattr(cover, field.name) < 0:
            problems.append(f"{field.name}, {getattr(cover, field.name):g}, is negative")
    if cover.rill_type not in (1, 2) or cover.residue_fragility not in (1, 2):
        problems.append("rill_type (1 temporary, 2 permanent) or residue_fragility (1 fragile, 2 not) is another")
    return problems
