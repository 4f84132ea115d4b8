"""Static plants as WEPP derives them from a canopy cover: biomass, leaf area, height; what leaves and litter catch.

For managements without growth, whose canopy at the start fixes all else; what grows is in `growth`.
"""

import math
from dataclasses import dataclass

from weppbatch.hydrology.compiled import kernel

COVER_PER_BIOMASS = 14.0  # m2/kg: canopy = 1 - exp(-14 biomass) in all disturbed managements
HEIGHT_PER_BIOMASS = 3.0
COVER_PER_RESIDUE = 5.0  # m2/kg, flat residue
FULL_COVER = 0.999
MOST_INTERCEPTING_KG_M2 = 0.8


@dataclass(frozen=True)
class StaticPlants:
    """What a canopy cover means in biomass (kg/m2), leaf area index and height (m)."""

    biomass_kg_m2: float
    leaf_area_index: float
    height_m: float


def static_plants(canopy_cover: float, max_lai: float, max_height_m: float) -> StaticPlants:
    """The plants of a perennial that doesn't grow (NSERL Report 10, ch. 8)."""
    biomass = live_biomass_kg_m2(canopy_cover)
    leaf_area = max_lai * biomass / (biomass + 0.2756 * math.exp(-13.6 * biomass)) if biomass > 0.0 else 0.0
    return StaticPlants(biomass, leaf_area, max_height_m * -math.expm1(-HEIGHT_PER_BIOMASS * biomass))


def live_biomass_kg_m2(canopy_cover: float) -> float:
    """Biomass that shades a fraction of the ground."""
    return -math.log(1.0 - min(canopy_cover, FULL_COVER)) / COVER_PER_BIOMASS


def residue_kg_m2(ground_cover: float) -> float:
    """Flat residue that covers a fraction of the ground."""
    return -math.log(1.0 - min(ground_cover, FULL_COVER)) / COVER_PER_RESIDUE


@kernel
def interception_mm(cover: float, mass_kg_m2: float) -> float:
    """The most water that plants or litter hold (Savabi & Stott 1994), counting mass up to 0.8 kg/m2."""
    kg_ha = 1e4 * min(mass_kg_m2, MOST_INTERCEPTING_KG_M2)
    return max(cover * (0.000627 * kg_ha - 3.73349e-8 * kg_ha**2), 0.0)


@kernel
def litter_depth_m(residue_kg_m2: float, stem_m: float) -> float:
    """How deep flat residue lies: its mass over a density by the thickness of stems (NSERL Report 10, ch. 3)."""
    return residue_kg_m2 / (100.0 * (0.3 if 0.001 <= stem_m < 0.007 else 0.174 if 0.03 <= stem_m <= 0.06 else 0.6))
