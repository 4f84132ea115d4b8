"""What a soil file leaves out: bulk density, water retention and conductivity from texture (NSERL 10, ch. 7).

Layers in, layers without NaN out; and the corrections for rock and entrapped air that the water balance works with.
Fractions inside, percent only in `Layers`.
"""

from dataclasses import dataclass, replace

import numpy as np

from weppbatch.hydrology.state import Floats, Layers

PARTICLE_DENSITY = 2650.0
MAX_FIELD_CAPACITY = 0.83  # of the porosity


@dataclass(frozen=True)
class Retention:
    """Volume fractions the water balance works with, an array each: corrected for rock and entrapped air."""

    porosity: Floats
    field_capacity: Floats
    wilting_point: Floats
    air: Floats
    rock_factor: Floats


def cation_ratio(layers: Layers, thickness_mm: Floats) -> Floats:
    """Cation exchange capacity of the clay itself over its mass, 0.15 to 0.65."""
    clay = layers.clay_pct / 100.0
    mineral = layers.cec_meq_100g - layers.organic_matter_pct / 100.0 * (142.0 + 170.0 * thickness_mm / 1000.0)
    ratio = np.where(clay > 0.0, mineral / np.maximum(100.0 * clay, 1e-9), 0.0)
    return np.clip(ratio, 0.15, 0.65)


def completed(layers: Layers) -> Layers:
    """The layers with every NaN of bulk density, wilting point, field capacity and conductivity estimated."""
    sand, clay = layers.sand_pct / 100.0, layers.clay_pct / 100.0
    organic = layers.organic_matter_pct / 100.0
    ratio = cation_ratio(layers, np.diff(layers.depth_mm, prepend=0.0))
    density = 1.5138 + 0.25 * sand - 13.0 * sand * organic - 6.0 * clay * organic - 0.48 * clay * ratio
    density = filled(layers.bulk_density_g_cm3, np.clip(density, 1.0, 1.8))
    wilting = 0.00217 + 0.383 * clay - 0.5 * clay**2 * sand**2 + 0.265 * clay * ratio**2
    wilting = filled(layers.wilting_point, wilting + (0.108 * clay - 0.06 * clay**2) * density**2)
    capacity = filled(layers.field_capacity, 0.2391 - 0.19 * sand + 2.1 * organic + 0.72 * wilting)
    return replace(
        layers,
        bulk_density_g_cm3=density,
        wilting_point=wilting,
        field_capacity=np.maximum(capacity, wilting),
        ksat_mm_h=filled(layers.ksat_mm_h, conductivity_mm_h(sand, clay, density)),
    )


def filled(values: Floats, estimates: Floats) -> Floats:
    """The values, with an estimate where there is none (NaN)."""
    return np.where(np.isnan(values), estimates, values)


def conductivity_mm_h(sand: Floats, clay: Floats, density: Floats) -> Floats:
    """Saturated conductivity of a subsoil from texture and bulk density (NSERL 10, ch. 7, after Jones 1983)."""
    lower, upper = 1.15 + 0.445 * sand, 1.50 + 0.5 * sand
    b = (np.log(0.112 * lower) - np.log(8.0 * upper)) / (lower - upper)
    a = np.log(0.0112 * lower) - b * lower
    stress = 0.1 + 0.9 * density / (density + np.exp(a + b * density))
    coarse = 100.0 - 100.0 * clay
    return np.maximum(12.7 * coarse * stress / (coarse + np.exp(11.45 - 0.097 * coarse)), 0.07)


def retention(layers: Layers) -> Retention:
    """Porosity less entrapped air, field capacity and wilting point less rock, kept apart from one another.

    Field capacity stays below 0.83 of the porosity, as in WEPP, and the wilting point shrinks with it.
    """
    sand, clay = layers.sand_pct / 100.0, layers.clay_pct / 100.0
    organic, rock = layers.organic_matter_pct / 100.0, np.clip(layers.rock_pct / 100.0, 0.0, 0.5)
    density = 1000.0 * layers.bulk_density_g_cm3
    ratio = cation_ratio(layers, np.diff(layers.depth_mm, prepend=0.0))
    air = 3.80 + 1.9 * clay**2 - 3.365 * sand + 12.6 * ratio * clay + 100.0 * organic * (sand / 2.0) ** 2
    air = np.clip(air / 100.0, 0.0, 0.5)
    porosity = (PARTICLE_DENSITY - density) / PARTICLE_DENSITY * (1.0 - air)
    factor = 1.0 - rock * density / (rock * density + PARTICLE_DENSITY * (1.0 - rock))
    capacity, wilting = layers.field_capacity * factor, layers.wilting_point * factor
    shrink = np.minimum(MAX_FIELD_CAPACITY * porosity / np.maximum(capacity, 1e-9), 1.0)
    capacity, wilting = np.maximum(capacity * shrink, 0.01), np.maximum(wilting * shrink, 0.005)
    return Retention(porosity, capacity, np.minimum(wilting, 0.98 * capacity), air, factor)


def on_grid(layers: Layers, surface_mm: float) -> Layers:
    """The layers on WEPP's grid without NaN.

    What no layer has is estimated on the grid, for the estimates depend on the thickness, as in WEPP; what only
    some layers lack is estimated before.
    """
    columns = [getattr(layers, name) for name in Layers.__dataclass_fields__]
    some = any(np.isnan(values).any() and not np.isnan(values).all() for values in columns)
    return completed(regridded(completed(layers) if some else layers, surface_mm))


def regridded(
    layers: Layers, surface_mm: float = 200.0, step_mm: float = 200.0, deepest_mm: float = 1800.0
) -> Layers:
    """The layers on WEPP's own grid: 0-100 and 100-200 mm with equal properties, then steps of 200 mm.

    A soil thinner than 200 mm is taken as 200 mm, one deeper than 1,800 mm ends there; the last step takes what a
    whole number of steps leaves over. Conductivity averages harmonically, all else by thickness.
    """
    bottom = min(max(float(layers.depth_mm[-1]), surface_mm), deepest_mm)
    count = max(int(round((bottom - surface_mm) / step_mm, 6)), 0)
    feet = surface_mm + step_mm * np.arange(count + 1)
    feet[-1] = bottom if count else surface_mm
    if not count and bottom > surface_mm:
        feet = np.array([surface_mm, bottom])
    tops = np.concatenate([[0.0], feet[:-1]])
    own_feet = layers.depth_mm.copy()
    own_feet[-1] = max(own_feet[-1], feet[-1])
    own_tops = np.concatenate([[0.0], own_feet[:-1]])
    overlap = np.minimum(feet[:, None], own_feet) - np.maximum(tops[:, None], own_tops)
    weight = np.maximum(overlap, 0.0)
    weight /= weight.sum(axis=1, keepdims=True)
    mean = {name: weight @ getattr(layers, name) for name in Layers.__dataclass_fields__ if name != "depth_mm"}
    mean["ksat_mm_h"] = 1.0 / (weight @ (1.0 / layers.ksat_mm_h))
    across = (weight @ (layers.ksat_mm_h * layers.anisotropy)) / mean["ksat_mm_h"]
    mean["anisotropy"] = np.where(np.isnan(across), mean["anisotropy"], across)
    twice = {name: np.concatenate([values[:1], values]) for name, values in mean.items()}
    return Layers(depth_mm=np.concatenate([[surface_mm / 2.0], feet]), **twice)
