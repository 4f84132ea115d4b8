"""Freezing and thawing of the soil, hour by hour, and what ice leaves of its conductivity (Dun et al. 2010).

The layers are divided into thin sheets. Heat flows through snow, litter and frozen soil to the cold surface and up
from the unfrozen soil below; what the one takes beyond the other freezes water at the front, what warmth brings
melts ice from above or from below. Water only moves between a sheet's liquid and ice and to drier sheets.
"""

import math
from typing import Any

from weppbatch.hydrology import columns as at
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.sheets import NONE_MM, content
from weppbatch.hydrology.state import Floats

FUSION_J_MM = 3.35e5  # J/m2 to freeze a millimetre of water
FROZEN_UPPER_W_MK, FROZEN_LOWER_W_MK = 1.75, 2.1  # frozen soil within and below the tilled 200 mm
LITTER_W_MK = 0.05
THINNEST_M = 1e-3  # litter that keeps the frost away
TILLED_MM = 200.0
DAMPING_M = 2.0  # of the annual wave of soil temperature
HOUR_S = 3600.0
SETTLING_H = 3  # between two looks at how water moves in soil that was frozen yesterday; WEPP looks every hour


@kernel
def snow_w_mk(density: float) -> float:
    """Thermal conductivity of snow of a density in kg/m3 (Sturm et al. 1997)."""
    g_cm3 = density / 1000.0
    return 0.023 + 0.234 * g_cm3 if density < 156.0 else 0.138 - 1.01 * g_cm3 + 3.233 * g_cm3**2


@kernel
def insulation_m2k_w(site: Any, pack_mm: float, density: float, thinnest_m: float) -> float:
    """Thermal resistance of snow and of litter of some thickness."""
    total = 0.0
    if pack_mm > NONE_MM and pack_mm / density > 1e-3:
        total += pack_mm / density / snow_w_mk(density)
    if site.litter_m > thinnest_m:
        total += site.litter_m / LITTER_W_MK
    return float(total)


@kernel
def frozen_m2k_w(depth_mm: float) -> float:
    """Thermal resistance of soil frozen from the surface down to a depth."""
    upper = min(depth_mm, TILLED_MM)
    return (upper / FROZEN_UPPER_W_MK + (depth_mm - upper) / FROZEN_LOWER_W_MK) / 1000.0


@kernel
def unfrozen_w_mk(layers: Floats, sheets: Floats, j: int) -> float:
    """Thermal conductivity of a sheet's unfrozen soil by wetness and density; 0 where the equation gives none."""
    wet = content(layers, sheets, j)
    return float(max((0.5096 + 7.4493 * wet - 8.7484 * wet**2) * layers[at.HEAT, int(sheets[at.OF_LAYER, j])], 0.0))


@kernel
def temperature_c(settings: Floats, day_of_year: float, depth_m: float) -> float:
    """Soil temperature at a depth: the year's wave of air temperature, damped and late."""
    angle = 2.0 * math.pi / 365.0 * (day_of_year - settings[at.GROUND_SHIFT])
    late = depth_m / DAMPING_M
    return float(settings[at.GROUND_MEAN] + settings[at.GROUND_SWING] * math.exp(-late) * math.sin(angle - late))


@kernel
def from_below_w_m2(layers: Floats, sheets: Floats, settings: Floats, day_of_year: float, front: int) -> float:
    """Heat that rises to a freezing front from the soil a metre below it."""
    depth = 0.0
    for j in range(front):
        depth += sheets[at.HEIGHT, j] / 1000.0
    warm = temperature_c(settings, day_of_year, depth + 1.0)
    if warm <= 0.0:
        return 0.0
    resistance = 0.0
    below = 0.0
    for j in range(min(front, sheets.shape[1] - 1), sheets.shape[1]):
        conductivity = unfrozen_w_mk(layers, sheets, j)
        if conductivity > 0.0:
            resistance += sheets[at.HEIGHT, j] / 1000.0 / conductivity
        below += sheets[at.HEIGHT, j] / 1000.0
        if below >= 1.0:
            break
    return warm / resistance if resistance > 0.0 else 0.2 * warm


@kernel
def shape(sheets: Floats) -> tuple[int, int, int, float]:
    """First and last sheet with ice (-1 without), the first that is not full of it, and the mm thawed above it."""
    first = last = -1
    front = sheets.shape[1]
    thawed = 0.0
    for j in range(sheets.shape[1]):
        frozen = sheets[at.FROZEN, j]
        if frozen > 0.0:
            if first < 0:
                first = j
                if sheets[at.FROM_TOP, j] > 0.0:
                    thawed += sheets[at.HEIGHT, j] - frozen
            last = j
        elif first < 0:
            thawed += sheets[at.HEIGHT, j]
        if front == sheets.shape[1] and frozen < sheets[at.HEIGHT, j]:
            front = j
    return first, last, front, thawed if first >= 0 else 0.0


@kernel
def freeze(
    layers: Floats, sheets: Floats, surface_c: float, resistance: float, rising: float, front: int, frozen_mm: float
) -> None:
    """Freeze an hour long from the front down: cold beyond the rising heat (W/m2) turns water to ice."""
    left = HOUR_S
    if frozen_mm < 1.0:
        conductivity = unfrozen_w_mk(layers, sheets, front)
        conductivity = conductivity if conductivity > 0.0 else FROZEN_UPPER_W_MK
        resistance += sheets[at.HEIGHT, front] / 4000.0 / conductivity
    for j in range(front, sheets.shape[1]):
        height, frozen = sheets[at.HEIGHT, j], sheets[at.FROZEN, j]
        taken = -surface_c / (resistance + frozen_m2k_w(frozen_mm)) - rising
        if taken <= 0.0 or left <= 1.0:
            return
        k = int(sheets[at.OF_LAYER, j])
        wilting = layers[at.WILTING, k] / layers[at.THICKNESS, k]
        needed = FUSION_J_MM * (sheets[at.LIQUID, j] + wilting * (height - frozen))
        share = min(taken * left / needed, 1.0) if needed > 0.0 else 1.0
        moved = share * sheets[at.LIQUID, j]
        sheets[at.LIQUID, j] -= moved
        sheets[at.ICE, j] += moved
        grown = share * (height - frozen)
        sheets[at.FROZEN, j] = height if share >= 1.0 else frozen + grown
        sheets[at.FROM_TOP, j] = 0.0
        if share < 1.0:
            return
        left -= max(needed / taken, 1.0)
        frozen_mm += height


@kernel
def melt_sheet(layers: Floats, sheets: Floats, j: int, heat_j: float) -> float:
    """Melt a sheet's ice with an amount of heat (J/m2); give what heat is left."""
    k = int(sheets[at.OF_LAYER, j])
    wilting = layers[at.WILTING, k] / layers[at.THICKNESS, k]
    needed = FUSION_J_MM * (sheets[at.ICE, j] + wilting * sheets[at.FROZEN, j])
    share = min(heat_j / needed, 1.0) if needed > 0.0 else 1.0
    moved = sheets[at.ICE, j] if share >= 1.0 else share * sheets[at.ICE, j]
    sheets[at.ICE, j] -= moved
    sheets[at.LIQUID, j] += moved
    sheets[at.FROZEN, j] = 0.0 if share >= 1.0 else (1.0 - share) * sheets[at.FROZEN, j]
    return float(max(heat_j - needed, 0.0))


@kernel
def melt_from_above(layers: Floats, sheets: Floats, surface_c: float, litter: float, first: int, last: int) -> None:
    """Melt an hour long from the first sheet with ice down, warmth coming through litter and thawed soil."""
    resistance = litter
    for j in range(first):
        conductivity = unfrozen_w_mk(layers, sheets, j)
        resistance += sheets[at.HEIGHT, j] / 1000.0 / (conductivity if conductivity > 0.0 else FROZEN_UPPER_W_MK)
    if sheets[at.FROM_TOP, first] > 0.0:
        gone = (sheets[at.HEIGHT, first] - sheets[at.FROZEN, first]) / 1000.0
        conductivity = unfrozen_w_mk(layers, sheets, first)
        resistance += gone / (conductivity if conductivity > 0.0 else FROZEN_UPPER_W_MK)
    resistance = max(resistance, litter + sheets[at.HEIGHT, 0] / 2000.0 / FROZEN_UPPER_W_MK)
    seconds = HOUR_S
    for j in range(first, last + 1):
        if sheets[at.FROZEN, j] <= 0.0:
            continue
        flux = surface_c / resistance
        before = flux * seconds
        after = melt_sheet(layers, sheets, j, before)
        sheets[at.FROM_TOP, j] = 1.0 if sheets[at.FROZEN, j] > 0.0 else 0.0
        if after <= 0.0:
            return
        seconds = after / flux
        conductivity = unfrozen_w_mk(layers, sheets, j)
        resistance += sheets[at.HEIGHT, j] / 1000.0 / (conductivity if conductivity > 0.0 else FROZEN_UPPER_W_MK)


@kernel
def melt_from_below(layers: Floats, sheets: Floats, flux_w_m2: float) -> None:
    """Melt an hour long from the last sheet with ice up."""
    heat = flux_w_m2 * HOUR_S
    for j in range(sheets.shape[1] - 1, -1, -1):
        if heat <= 0.0:
            return
        if sheets[at.FROZEN, j] > 0.0:
            heat = melt_sheet(layers, sheets, j, heat)
            if sheets[at.FROZEN, j] > 0.0:
                sheets[at.FROM_TOP, j] = 0.0


@kernel
def frost_hour(
    site: Any, layers: Floats, sheets: Floats, settings: Floats, day_of_year: float, surface_c: float,
    pack_mm: float, density: float,
) -> bool:  # fmt: skip
    """One hour of a soil that is or may be frozen, under a surface of a temperature; whether there is frost."""
    first, last, front, thawed = shape(sheets)
    if abs(surface_c) < 0.01:
        surface_c = 0.0
    if first < 0 and surface_c >= 0.0:
        return False
    insulation = insulation_m2k_w(site, pack_mm, density, THINNEST_M)
    lowest = last if last >= 0 else 0
    rising = from_below_w_m2(layers, sheets, settings, day_of_year, lowest)
    if surface_c < 0.0:
        alone = last < front or (last == front and thawed <= 1.0)
        frozen_mm = 0.0
        for j in range(min(front, sheets.shape[1])):
            frozen_mm += sheets[at.HEIGHT, j]
        least = max(frozen_mm, sheets[at.HEIGHT, 0] / 2.0)
        losing = -surface_c / (insulation + frozen_m2k_w(least)) - (rising if alone else 0.0)
        if losing <= 0.0 and first < 0:
            return False
        if losing > 0.0 and front < sheets.shape[1]:
            freeze(layers, sheets, surface_c, insulation, rising if alone else 0.0, front, frozen_mm)
        elif alone and last >= 0:
            melt_from_below(layers, sheets, -losing)
        if not alone:
            melt_from_below(layers, sheets, rising)
    else:
        if surface_c > 0.0:
            melt_from_above(layers, sheets, surface_c, insulation, first, last)
        melt_from_below(layers, sheets, rising)
    return True
