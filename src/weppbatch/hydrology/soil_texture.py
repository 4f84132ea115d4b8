"""What a soil's texture and organic matter tell: its simple class, water contents, conductivity, erodibility.

Percentages come in, figures in the units of their names go out; published equations, nothing fitted here.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

TEXTURES = ("clay loam", "loam", "sand loam", "silt loam")
PARTICLE_DENSITY_G_CM3 = 2.65
MIN_CONDUCTIVITY_MM_H = 0.01  # ours: the equation of conductivity can turn negative
DEFAULT_DENSITY_G_CM3 = {"sand": 1.6, "silt": 1.4, "clay": 1.2}


@dataclass(frozen=True)
class WaterContents:
    """Volume fractions at 1500 kPa, 33 kPa and saturation, and the conductivity at saturation."""

    wilting_point: float
    field_capacity: float
    saturation: float
    ksat_mm_h: float


def simple_texture(sand_pct: float, clay_pct: float) -> str:
    """One of the four textures of Disturbed WEPP (rules of M. E. Miller, as in WEPPcloud).

    The rules leave gaps, of which sandy clay is the largest; what falls into one gets the class whose rule is met
    nearest by, in percent of sand and clay.
    """
    found = _by_rule(sand_pct, clay_pct)
    if found is not None:
        return found
    return min(_points_by_rule(), key=lambda point: math.hypot(point[0] - sand_pct, point[1] - clay_pct))[2]


def _by_rule(sand: float, clay: float) -> str | None:
    """The first rule that is met, in WEPPcloud's order."""
    both = clay + sand
    if both <= 50 and (clay <= 27 or sand <= 20):
        return "silt loam"
    if 6 <= clay <= 27 and 50 < both <= 72 and sand <= 52:
        return "loam"
    if sand >= 50 and (sand > 52 or (both > 50 and clay < 6)):
        return "sand loam"
    if (both > 72 and sand < 50) or (clay > 27 and 20 < sand <= 45) or (sand <= 20 and both > 50):
        return "clay loam"
    return None


@lru_cache(maxsize=1)
def _points_by_rule() -> tuple[tuple[int, int, str], ...]:
    """Whole percentages of sand and clay that meet a rule, with its class."""
    points = ((sand, clay, _by_rule(sand, clay)) for sand in range(101) for clay in range(101 - sand))
    return tuple((sand, clay, name) for sand, clay, name in points if name is not None)


def default_bulk_density_g_cm3(sand_pct: float, clay_pct: float) -> float:
    """WEPPcloud's default where a soil survey has none: 1.6, 1.4, 1.2 g/cm3 weighted by sand, silt, clay."""
    parts = {"sand": sand_pct, "silt": 100.0 - sand_pct - clay_pct, "clay": clay_pct}
    return sum(DEFAULT_DENSITY_G_CM3[name] * share for name, share in parts.items()) / 100.0


def water_contents(sand_pct: float, clay_pct: float, organic_matter_pct: float) -> WaterContents:
    """Saxton & Rawls 2006 (SSSAJ 70:1569), equations 1 to 5, 15 and 16, at the density that goes with the texture.

    Fitted to organic matter up to 8 % and clay up to 60 %; more is taken as these.
    """
    sand, clay = sand_pct / 100.0, min(clay_pct, 60.0) / 100.0
    om = min(organic_matter_pct, 8.0)
    first = -0.024 * sand + 0.487 * clay + 0.006 * om
    first += 0.005 * sand * om - 0.013 * clay * om + 0.068 * sand * clay + 0.031
    wilting_point = first + 0.14 * first - 0.02
    first = -0.251 * sand + 0.195 * clay + 0.011 * om
    first += 0.006 * sand * om - 0.027 * clay * om + 0.452 * sand * clay + 0.299
    field_capacity = first + 1.283 * first**2 - 0.374 * first - 0.015
    first = 0.278 * sand + 0.034 * clay + 0.022 * om
    first += -0.018 * sand * om - 0.027 * clay * om - 0.584 * sand * clay + 0.078
    drainable = first + 0.636 * first - 0.107
    saturation = field_capacity + drainable - 0.097 * sand + 0.043
    wilting_point = max(wilting_point, 0.005)  # the equation turns negative on pure sand
    field_capacity = max(field_capacity, wilting_point + 0.01)
    pore_index = (math.log(field_capacity) - math.log(wilting_point)) / (math.log(1500.0) - math.log(33.0))
    ksat_mm_h = 1930.0 * max(saturation - field_capacity, 0.01) ** (3.0 - pore_index)
    return WaterContents(wilting_point, field_capacity, saturation, ksat_mm_h)


def air_entry_kpa(sand_pct: float, clay_pct: float, organic_matter_pct: float) -> float:
    """Tension at which air enters (Saxton & Rawls 2006, equation 4), not negative."""
    sand, clay = sand_pct / 100.0, clay_pct / 100.0
    first = 0.278 * sand + 0.034 * clay + 0.022 * organic_matter_pct
    first += -0.018 * sand * organic_matter_pct - 0.027 * clay * organic_matter_pct - 0.584 * sand * clay + 0.078
    drainable = first + 0.636 * first - 0.107
    found = -21.67 * sand - 27.93 * clay - 81.97 * drainable + 71.12 * sand * drainable
    found += 8.29 * clay * drainable + 14.05 * sand * clay + 27.16
    return max(found + 0.02 * found**2 - 0.113 * found - 0.70, 0.0)


@dataclass(frozen=True)
class Erodibility:
    """Interrill and rill erodibility, critical shear, and effective conductivity of a tilled soil."""

    ki_kg_s_m4: float
    kr_s_m: float
    tauc_n_m2: float
    avke_mm_h: float


def cropland_erodibility(
    sand_pct: float, clay_pct: float, very_fine_sand_pct: float, organic_matter_pct: float, cec_meq_100g: float
) -> Erodibility:
    """Baseline values of the WEPP User Summary (Flanagan & Livingston 1995) for cropland.

    Very fine sand counts up to 40 %, clay up to 40 % (from 10 % for interrill erodibility of fine soils), organic
    matter from 0.35 %, and the conductivity's cation exchange capacity from 1 meq/100g.
    """
    vfs = min(very_fine_sand_pct, 40.0)
    if sand_pct >= 30.0:
        ki = 2.728e6 + 1.921e5 * vfs
        kr = 0.00197 + 0.0003 * vfs + 0.03863 * math.exp(-1.84 * max(organic_matter_pct, 0.35))
        tauc = 2.67 + 0.065 * min(clay_pct, 40.0) - 0.058 * vfs
    else:
        ki = 6.054e6 - 55_130.0 * max(clay_pct, 10.0)
        kr = 0.0069 + 0.134 * math.exp(-0.2 * max(clay_pct, 10.0))
        tauc = 3.5
    if clay_pct <= 40.0:
        avke = -0.265 + 0.0086 * sand_pct**1.8 + 11.46 * max(cec_meq_100g, 1.0) ** -0.75
    else:
        avke = 0.0066 * math.exp(244.0 / clay_pct)
    return Erodibility(ki, kr, tauc, max(avke, MIN_CONDUCTIVITY_MM_H))


def albedo(organic_matter_pct: float) -> float:
    """Albedo of the bare dry surface, 0.6 exp(-0.4 OM), as WEPPcloud computes it."""
    return 0.6 * math.exp(-0.4 * organic_matter_pct)
