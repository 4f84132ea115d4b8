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
LEAST_THAW_MM = 1.0  # of a sheet in an hour
SETTLING_H = 3  # between two looks at how water moves in soil that was frozen yesterday; WEPP looks every hour
NO_DEGREES = 0.01  # a surface closer to 0 than this neither freezes nor melts


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
    wet = content(sheets, j)
    return float(max((0.5096 + 7.4493 * wet - 8.7484 * wet**2) * layers[at.HEAT, int(sheets[at.OF_LAYER, j])], 0.0))


@kernel
def temperature_c(settings: Floats, day_of_year: float, depth_m: float) -> float:
    """Soil temperature at a depth: the year's wave of air temperature, damped and late."""
    angle = 2.0 * math.pi / 365.0 * (day_of_year - settings[at.GROUND_SHIFT])
    late = depth_m / DAMPING_M
    return float(settings[at.GROUND_MEAN] + settings[at.GROUND_SWING] * math.exp(-late) * math.sin(angle - late))


@kernel
def know_below(
    layers: Floats, sheets: Floats, settings: Floats, day_of_year: float, front: int, state: Floats
) -> None:
    """Keep in the state the soil's temperature a metre below a front, and the resistance from the next sheet there.

    Both stay until the front moves, water settles or the day changes.
    """
    depth = 0.0
    for j in range(front):
        depth += sheets[at.HEIGHT, j] / 1000.0
    resistance = 0.0
    below = sheets[at.HEIGHT, front] / 1000.0
    for j in range(front + 1, sheets.shape[1]):
        if below >= 1.0:
            break
        conductivity = unfrozen_w_mk(layers, sheets, j)
        if conductivity > 0.0:
            resistance += sheets[at.HEIGHT, j] / (1000.0 * conductivity)
        below += sheets[at.HEIGHT, j] / 1000.0
    state[at.HEAT_FROM] = front + 1.0
    state[at.BELOW_C] = temperature_c(settings, day_of_year, depth + 1.0)
    state[at.BELOW_M2K_W] = resistance


@kernel
def from_below_w_m2(
    layers: Floats, sheets: Floats, settings: Floats, day_of_year: float, front: int, state: Floats
) -> float:
    """Heat that rises to a freezing front from the soil a metre below it."""
    if state[at.HEAT_FROM] != front + 1.0:
        know_below(layers, sheets, settings, day_of_year, front, state)
    warm, resistance = state[at.BELOW_C], state[at.BELOW_M2K_W]
    if warm <= 0.0:
        return 0.0
    conductivity = unfrozen_w_mk(layers, sheets, front)
    if conductivity > 0.0:
        resistance += sheets[at.HEIGHT, front] / (1000.0 * conductivity)
    return float(warm / resistance if resistance > 0.0 else 0.2 * warm)


@kernel
def note_frost(sheets: Floats, reach: int, state: Floats) -> None:
    """Keep in the state where the topmost `reach` sheets have ice (none lies deeper) and what is thawed above it.

    Each time that more than 10 mm have thawed anew counts as a cycle.
    """
    first = last = -1
    front = reach
    depth = down = thawed = 0.0
    for j in range(reach):
        height, frozen = sheets[at.HEIGHT, j], sheets[at.FROZEN, j]
        down += height
        if frozen > 0.0:
            if first < 0:
                first = j
                thawed = down - height + (height - frozen if sheets[at.FROM_TOP, j] > 0.0 else 0.0)
            last = j
            depth = down if sheets[at.FROM_TOP, j] > 0.0 else down - height + frozen
        if front == reach and frozen < height:
            front = j
    state[at.ICE_FROM], state[at.ICE_TO], state[at.FULL_TO] = first + 1.0, last + 1.0, front
    state[at.FROST], state[at.THAWED] = depth, thawed
    if thawed > 10.0:
        state[at.CYCLES] += 1.0 - state[at.WAS_THAWED]
        state[at.WAS_THAWED] = 1.0
    else:
        state[at.WAS_THAWED] = 0.0


@kernel
def freeze(
    layers: Floats, sheets: Floats, surface_c: float, resistance: float, rising: float, front: int,
    frozen_mm: float, alone: bool,
) -> int:  # fmt: skip
    """Freeze an hour long from the front down: cold beyond the rising heat (W/m2) turns water to ice.

    Where the front is not `alone`, the rising heat melts ice below it and doesn't reach it; but only cold that
    exceeds it freezes anything, as in WEPP. Gives how many of the topmost sheets may have ice then.
    """
    left = refreeze_top(sheets, surface_c, resistance)
    if frozen_mm < 1.0:
        conductivity = unfrozen_w_mk(layers, sheets, front)
        conductivity = conductivity if conductivity > 0.0 else FROZEN_UPPER_W_MK
        resistance += sheets[at.HEIGHT, front] / 4000.0 / conductivity
    for j in range(front, sheets.shape[1]):
        height, frozen = sheets[at.HEIGHT, j], sheets[at.FROZEN, j]
        taken = -surface_c / (resistance + frozen_m2k_w(frozen_mm))
        if taken <= rising or left <= 1.0:
            return int(j)
        if alone:
            taken -= rising
        needed = FUSION_J_MM * (sheets[at.LIQUID, j] + sheets[at.DRY, j] * (height - frozen))
        share = min(taken * left / needed, 1.0) if needed > 0.0 else 1.0
        moved = share * sheets[at.LIQUID, j]
        sheets[at.LIQUID, j] -= moved
        sheets[at.ICE, j] += moved
        grown = share * (height - frozen)
        sheets[at.FROZEN, j] = height if share >= 1.0 else frozen + grown
        sheets[at.FROM_TOP, j] = 0.0
        if share < 1.0:
            return int(j + 1)
        left -= max(needed / taken, 1.0)
        frozen_mm += height
    return int(sheets.shape[1])


@kernel
def fusion_j_m2(sheets: Floats, j: int) -> float:
    """The heat that a sheet's ice takes to melt, what melts within it not counted."""
    return float(FUSION_J_MM * (sheets[at.ICE, j] + sheets[at.DRY, j] * sheets[at.FROZEN, j]))


@kernel
def refreeze_top(sheets: Floats, surface_c: float, insulation: float) -> float:
    """Freeze what has melted within the topmost sheet again; give the seconds of the hour that are left."""
    if sheets[at.MELTED, 0] <= 0.0:
        return HOUR_S
    cold = -surface_c / (insulation + frozen_m2k_w(sheets[at.HEIGHT, 0]))
    needed = sheets[at.MELTED, 0] * fusion_j_m2(sheets, 0)
    if needed > cold * HOUR_S:
        sheets[at.MELTED, 0] *= 1.0 - cold * HOUR_S / needed
        return 0.0
    sheets[at.MELTED, 0] = 0.0
    return float(HOUR_S - needed / cold)


@kernel
def melt_sheet(sheets: Floats, j: int, heat_j: float, least_mm: float) -> float:
    """Melt a sheet's ice with an amount of heat (J/m2); give what heat is left.

    What would thaw less than `least_mm` of the sheet melts within it, which stays frozen ground, as in WEPP.
    """
    needed = (1.0 - sheets[at.MELTED, j]) * fusion_j_m2(sheets, j)
    share = min(heat_j / needed, 1.0) if needed > 0.0 else 1.0
    if share < 1.0 and share * sheets[at.FROZEN, j] < least_mm:
        sheets[at.MELTED, j] += share * (1.0 - sheets[at.MELTED, j])
        return 0.0
    if share >= 1.0:
        sheets[at.MELTED, j] = 0.0
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
        resistance += sheets[at.HEIGHT, j] / (1000.0 * (conductivity if conductivity > 0.0 else FROZEN_UPPER_W_MK))
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
        frozen = sheets[at.FROZEN, j]
        after = melt_sheet(sheets, j, flux * seconds, LEAST_THAW_MM)
        if sheets[at.FROZEN, j] < frozen:
            sheets[at.FROM_TOP, j] = 1.0 if sheets[at.FROZEN, j] > 0.0 else 0.0
        if after <= 0.0:
            return
        seconds = after / flux
        conductivity = unfrozen_w_mk(layers, sheets, j)
        resistance += sheets[at.HEIGHT, j] / (1000.0 * (conductivity if conductivity > 0.0 else FROZEN_UPPER_W_MK))


@kernel
def melt_from_below(sheets: Floats, flux_w_m2: float, reach: int) -> None:
    """Melt an hour long from the last sheet with ice up; the topmost `reach` may have some."""
    heat = flux_w_m2 * HOUR_S
    for j in range(reach - 1, -1, -1):
        if heat <= 0.0:
            return
        if sheets[at.FROZEN, j] > 0.0:
            heat = melt_sheet(sheets, j, heat, 0.0)
            if sheets[at.FROZEN, j] > 0.0:
                sheets[at.FROM_TOP, j] = 0.0


@kernel
def frost_hour(
    site: Any, layers: Floats, sheets: Floats, settings: Floats, day_of_year: float, surface_c: float,
    insulation: float, state: Floats,
) -> bool:  # fmt: skip
    """One hour of a soil that is or may be frozen, under a surface of a temperature; whether there is frost.

    `insulation` is the resistance of snow and litter; the state says where ice is and hears it.
    """
    first, last, front = int(state[at.ICE_FROM]) - 1, int(state[at.ICE_TO]) - 1, int(state[at.FULL_TO])
    if abs(surface_c) < NO_DEGREES:
        surface_c = 0.0
    if first < 0 and surface_c >= 0.0:
        return False
    reach = last + 1
    rising = from_below_w_m2(layers, sheets, settings, day_of_year, max(last, 0), state)
    if surface_c < 0.0:
        alone = last < front or (last == front and state[at.THAWED] <= 1.0)
        frozen_mm = 0.0
        for j in range(front):
            frozen_mm += sheets[at.HEIGHT, j]
        least = max(frozen_mm, sheets[at.HEIGHT, 0] / 2.0)
        losing = -surface_c / (insulation + frozen_m2k_w(least)) - (rising if alone else 0.0)
        if losing <= 0.0 and first < 0:
            return False
        if losing > 0.0 and front < sheets.shape[1]:
            frozen_to = freeze(layers, sheets, surface_c, insulation, rising, front, frozen_mm, alone)
            reach = max(reach, frozen_to)
        elif alone and last >= 0:
            melt_from_below(sheets, -losing, reach)
        if not alone:
            melt_from_below(sheets, rising, reach)
    else:
        if surface_c > 0.0:
            melt_from_above(layers, sheets, surface_c, insulation, first, last)
        melt_from_below(sheets, rising, reach)
    note_frost(sheets, reach, state)
    return True
