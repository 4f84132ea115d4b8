"""Particle classes of eroded sediment, their settling, and how much flow can carry (Yalin).

Soil texture and shear stress in, fractions, velocities and capacity out; nothing here erodes anything.
"""

import math

import numpy as np

from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats

GRAVITY = 9.81
WATER_DENSITY = 1000.0
VISCOSITY_M2_S = 1e-6
CLASSES = 5  # clay, silt, small aggregates, large aggregates, sand
GRAVITIES = np.array([2.60, 2.65, 1.80, 1.60, 2.65])
LEAST_FRACTION = 1e-4

# critical shear against particle Reynolds number (Shields, as tabulated in NSERL Report 10, ch. 11)
SHIELDS_REYNOLDS = np.log(np.array([1.0, 2.0, 4.0, 8.0, 12.0, 100.0, 400.0, 1000.0]))
SHIELDS_CRITICAL = np.log(np.array([0.0772, 0.0579, 0.04, 0.035, 0.034, 0.045, 0.055, 0.057]))
# drag of a sphere: ln Re against ln(Cd Re^2 / 8 * 8), from 0.001 to 100,000
DRAG_REYNOLDS = np.array([-6.90775, -4.60517, -2.30258, 0.0, 2.30258, 4.60517, 6.90775, 9.21034, 11.51292])
DRAG_NUMBER = np.array([-4.50986, -1.51413, 0.78846, 3.12676, 6.04025, 9.30565, 13.08154, 17.50439, 22.29188])


@kernel
def class_diameters_m(clay: float) -> Floats:
    """Diameters of the five classes for a soil's clay fraction (Foster, Young & Neibling 1985)."""
    small = 0.03 if clay <= 0.25 else min(0.2 * (clay - 0.25) + 0.03, 0.1)
    large = 0.3 if clay <= 0.15 else 2.0 * clay
    return np.array([0.002, 0.010, small, large, 0.200]) / 1000.0


@kernel
def class_fractions(sand: float, clay: float) -> Floats:
    """Fractions of the five classes in detached sediment (Foster, Young & Neibling 1985); they sum to 1."""
    silt = max(1.0 - sand - clay, 0.0)
    if clay <= 0.25:
        small = 1.8 * clay
    elif clay <= 0.5:
        small = 0.45 - 0.6 * (clay - 0.25)
    else:
        small = 0.6 * clay
    primary_silt = silt - small
    if primary_silt <= 0.0:
        primary_silt = LEAST_FRACTION
        small = silt - primary_silt
    whole = np.array([0.26 * clay, primary_silt, small, 0.0, sand * (1.0 - clay) ** 5])
    fractions: Floats = np.maximum(whole, LEAST_FRACTION)
    fractions[3] = max(1.0 - (fractions.sum() - fractions[3]), LEAST_FRACTION)
    fractions /= fractions.sum()
    return fractions


@kernel
def fall_velocity_m_s(gravity: float, diameter_m: float) -> float:
    """Terminal velocity in still water: Stokes for fine particles, a sphere's drag curve for coarse ones."""
    number = (gravity - 1.0) * GRAVITY * diameter_m**3 / VISCOSITY_M2_S**2 * 8.0 / 6.0
    if number < 0.024:
        return diameter_m**2 * (gravity - 1.0) * GRAVITY / (18.0 * VISCOSITY_M2_S)
    reynolds = math.exp(np.interp(math.log(number), DRAG_NUMBER, DRAG_REYNOLDS))
    return float(reynolds * VISCOSITY_M2_S / diameter_m)


@kernel
def fall_velocities_m_s(clay: float) -> Floats:
    """Terminal velocities of the five classes."""
    diameters = class_diameters_m(clay)
    velocities = np.empty(CLASSES)
    for k in range(CLASSES):
        velocities[k] = fall_velocity_m_s(GRAVITIES[k], diameters[k])
    return velocities


@kernel
def deposition_velocity_m_s(sand: float, clay: float) -> float:
    """The velocity of the mean particle (geometric, of the three finest classes) that deposition works with."""
    fractions, diameters = class_fractions(sand, clay), class_diameters_m(clay)
    whole = fractions[:3].sum()
    diameter = math.exp((fractions[:3] * np.log(diameters[:3])).sum() / whole)
    gravity = math.exp((fractions[:3] * np.log(GRAVITIES[:3])).sum() / whole)
    return fall_velocity_m_s(gravity, diameter)


@kernel
def shields(reynolds: float) -> float:
    """Critical dimensionless shear: log-log between the table's points and beyond them."""
    x = math.log(reynolds)
    k = 1
    while k < SHIELDS_REYNOLDS.size - 1 and x > SHIELDS_REYNOLDS[k]:
        k += 1
    slope = (SHIELDS_CRITICAL[k] - SHIELDS_CRITICAL[k - 1]) / (SHIELDS_REYNOLDS[k] - SHIELDS_REYNOLDS[k - 1])
    return math.exp(SHIELDS_CRITICAL[k - 1] + slope * (x - SHIELDS_REYNOLDS[k - 1]))


@kernel
def transport_capacity(shear_pa: float, fractions: Floats, diameters_m: Floats, sand: float) -> float:
    """Yalin's capacity in kg/s per metre of flow width, summed over the classes (NSERL Report 10, ch. 11)."""
    velocity = math.sqrt(shear_pa / WATER_DENSITY)
    excess = np.zeros(CLASSES)
    load = np.zeros(CLASSES)
    total = 0.0
    for k in range(CLASSES):
        gravity = GRAVITIES[k]
        critical = shields(velocity * diameters_m[k] / VISCOSITY_M2_S)
        ratio = velocity**2 / ((gravity - 1.0) * GRAVITY * diameters_m[k] * critical) - 1.0
        if ratio > 0.0:
            sigma = 2.45 * ratio * gravity**-0.4 * math.sqrt(critical)
            excess[k] = ratio
            load[k] = 0.635 * ratio * (1.0 - math.log1p(sigma) / sigma) * gravity * diameters_m[k]
            total += ratio
    if total <= 0.0:
        return 0.0
    capacity = (load * excess / total * fractions * CLASSES).sum() * velocity * WATER_DENSITY
    if sand > 0.5:
        capacity *= max(0.3 + 0.7 * math.exp(-12.52 * (sand - 0.5)), 0.3)
    return float(capacity)


@kernel
def interrill_delivery(roughness_m: float, fractions: Floats, velocities_m_s: Floats) -> float:
    """The share of interrill sediment that reaches a rill: the rougher, the less; none from 0.0496 m on."""
    smooth = min(max(1.14 - 23.0 * roughness_m, 0.0), 1.0)
    total = 0.0
    for k in range(CLASSES):
        v = velocities_m_s[k]
        if v < 0.01:
            share = math.exp(0.0672 + 659.0 * v) * smooth ** (0.1286 + 2209.0 * v) if smooth > 0.0 else 0.0
        else:
            share = 2.5 * smooth - 1.5
        total += fractions[k] * min(max(share, 0.0), 1.0)
    return total
