"""Darcy-Weisbach friction of rills and of the ground between them (NSERL Report 10, ch. 10, cropland)."""

import math

from weppbatch.hydrology.compiled import kernel

GRAVITY = 9.81
INTERRILL_SOIL = 4.07
RILL_SOIL = 1.11
FULL_COVER = 0.999


@kernel
def live_plants(height_m: float, max_height_m: float, max_friction: float) -> float:
    """Friction of standing plants: by their share of the full height."""
    return max_friction * min(height_m / max_height_m, 1.0) if max_height_m > 0.0 else 0.0


@kernel
def rill_friction(rill_cover: float, live: float) -> float:
    """Friction in a rill: soil, cover, plants."""
    return RILL_SOIL + 4.5 * math.pow(min(rill_cover, FULL_COVER), 1.5544) + live


@kernel
def interrill_friction(
    interrill_cover: float, roughness_m: float, initial_roughness_m: float, live: float
) -> float:
    """Friction between rills: random roughness (at least the bare soil's), cover, plants."""
    start = math.exp(3.024 - 5.042 * math.exp(-161.0 * initial_roughness_m))
    left = min(roughness_m / initial_roughness_m, 1.0) if initial_roughness_m > 0.0 else 0.0
    form = max(0.5 * math.pow(start, 1.128) * math.exp(-3.088 * (1.0 - left)), INTERRILL_SOIL)
    return form + 14.5 * math.pow(min(interrill_cover, FULL_COVER), 1.5544) + live


@kernel
def combined_friction(interrill: float, rill: float, rill_width_m: float, rill_spacing_m: float) -> float:
    """Friction of the whole surface: rills weigh by the share of the width they take."""
    share = min(rill_width_m / rill_spacing_m, 1.0)
    return interrill + share * (rill - interrill)


@kernel
def kinematic_coefficient(slope: float, friction: float) -> float:
    """The alpha of q = alpha h^1.5, in m^0.5/s: sqrt(8 g S / f)."""
    return math.sqrt(8.0 * GRAVITY * max(slope, 1e-6) / friction)
