"""Water in a soil that is divided into thin sheets: how it settles, what ice leaves of its conductivity.

Liquid water and ice of the sheets in; both by layer, and what the layers conduct, out. Freezing is `frost`'s part.
"""

import math
from typing import Any

import numpy as np

from weppbatch.hydrology import columns as at
from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats

NONE_MM = 1e-6
SHEETS = 10  # to a layer of 100 or 200 mm
TELLING_CONTENT = 1e-4  # a change of volumetric content that changes what the soil conducts
TELLING_ICE_MM = 1.0  # a sheet with less ice conducts as if it had none


@kernel
def content(sheets: Floats, j: int) -> float:
    """Volumetric water content of a sheet's unfrozen part."""
    room = sheets[at.HEIGHT, j] - sheets[at.FROZEN, j]
    dry = sheets[at.DRY, j]
    return float(dry + sheets[at.LIQUID, j] / room if room > NONE_MM else dry)


@kernel
def potential_and_conductivity(layers: Floats, k: int, wet: float) -> tuple[float, float]:
    """Matric potential (m, negative) and conductivity (mm/h) of unfrozen soil (Saxton & Rawls 2006)."""
    capacity, most, b = layers[at.SR_CAPACITY, k], layers[at.SR_POROSITY, k], layers[at.SR_B, k]
    log_wet = math.log(wet)  # for both powers, in the time of one
    if wet < capacity:
        kpa = 1500.0
        if wet >= layers[at.SR_WILTING, k]:
            kpa = min(33.0 * math.exp(b * (layers[at.LOG_CAPACITY, k] - log_wet)), 1500.0)
    elif wet >= most:
        kpa = 0.0
    else:
        kpa = 33.0 - (33.0 - layers[at.SR_ENTRY, k]) * (wet - capacity) / (most - capacity)
    conductivity = layers[at.SR_KSAT, k] * math.exp(
        (3.0 + 2.0 * b) * min(log_wet - layers[at.LOG_POROSITY, k], 0.0)
    )
    return -kpa / 10.0, conductivity


@kernel
def know(layers: Floats, sheets: Floats, j: int) -> float:
    """The content of a sheet without ice; potential and conductivity follow if it has changed enough to tell."""
    wet = sheets[at.DRY, j] + sheets[at.LIQUID, j] * sheets[at.PER_MM, j]
    if abs(wet - sheets[at.KNOWN_WET, j]) > TELLING_CONTENT:
        sheets[at.KNOWN_WET, j] = wet
        sheets[at.POTENTIAL_M, j], sheets[at.CONDUCTS, j] = potential_and_conductivity(
            layers, int(sheets[at.OF_LAYER, j]), wet
        )
    return float(wet)


@kernel
def settle(layers: Floats, sheets: Floats, hours: float) -> None:
    """Move liquid water for hours between neighbouring sheets without ice (Darcy), never past their balance."""
    each = 0.25 * hours
    for j in range(sheets.shape[1] - 1):
        if sheets[at.FROZEN, j] > 0.0 or sheets[at.FROZEN, j + 1] > 0.0:
            continue
        upper, lower = know(layers, sheets, j), know(layers, sheets, j + 1)
        falls_m = sheets[at.POTENTIAL_M, j] - sheets[at.POTENTIAL_M, j + 1]
        gradient = 1.0 + falls_m * 1000.0 * sheets[at.PER_MM, j]
        flux = each * (sheets[at.CONDUCTS, j] + sheets[at.CONDUCTS, j + 1]) * gradient
        balance = (upper - lower) * sheets[at.PAIR_MM, j]
        if flux >= 0.0:
            moved = min(min(flux, sheets[at.LIQUID, j]), max(balance, 0.0))
        else:
            moved = -min(min(-flux, sheets[at.LIQUID, j + 1]), max(-balance, 0.0))
        sheets[at.LIQUID, j] -= moved
        sheets[at.LIQUID, j + 1] += moved


@kernel
def end_of(k: int, layers: int, sheets: Floats) -> int:
    """One past a layer's last sheet: all layers but the lowest have as many."""
    return (k + 1) * SHEETS if k < layers - 1 else sheets.shape[1]


@kernel
def spread(layers: Floats, sheets: Floats, water: Floats, fresh: bool) -> None:
    """Let the sheets' liquid add up to the layers' again after a day of rain and drying; evenly if `fresh`."""
    start = 0
    for k in range(water.size):
        end = end_of(k, water.size, sheets)
        part = sheets[at.HEIGHT, start] / layers[at.THICKNESS, k]
        held = 0.0
        for j in range(start, end):
            held += sheets[at.LIQUID, j]
        if fresh or held <= 0.0:
            sheets[at.LIQUID, start:end] = water[k] * part
        elif water[k] < held:
            sheets[at.LIQUID, start:end] *= water[k] / held
        else:
            sheets[at.LIQUID, start:end] += (water[k] - held) * part
        start = end


@kernel
def gather(sheets: Floats, water: Floats, ice: Floats) -> None:
    """Sum the sheets up into the layers' water and ice."""
    start = 0
    for k in range(water.size):
        end = end_of(k, water.size, sheets)
        liquid = frozen = 0.0
        for j in range(start, end):
            liquid += sheets[at.LIQUID, j]
            frozen += sheets[at.ICE, j]
        water[k], ice[k] = liquid, frozen
        start = end


@kernel
def conduct(site: Any, layers: Floats, sheets: Floats, ice_to: int, now: Floats) -> None:
    """Fill what layers conduct downslope (mean) and down (in series) beside their ice, and how much is frozen.

    The topmost `ice_to` sheets may have ice, none below them does.
    """
    start = 0
    for k in range(layers.shape[1]):
        end = end_of(k, layers.shape[1], sheets)
        open_mm_h = layers[at.KSAT, k]
        if start >= ice_to:
            now[at.ICE_DEPTH, k] = 0.0
            now[at.LATERAL_K, k], now[at.SERIES_K, k] = open_mm_h * layers[at.ANISOTROPY, k], open_mm_h
        else:
            depth = across = along = 0.0
            for j in range(start, end):
                depth += sheets[at.FROZEN, j]
                conductivity = beside_ice_mm_h(site, layers, sheets, j, k)
                share = sheets[at.HEIGHT, j] / layers[at.THICKNESS, k]
                across += conductivity * share
                along += share / conductivity
            now[at.ICE_DEPTH, k] = depth
            now[at.LATERAL_K, k], now[at.SERIES_K, k] = across * layers[at.ANISOTROPY, k], 1.0 / along
        start = end


@kernel
def beside_ice_mm_h(site: Any, layers: Floats, sheets: Floats, j: int, k: int) -> float:
    """What a sheet conducts beside its ice."""
    conductivity = layers[at.KSAT, k]
    all_ice = sheets[at.ICE, j] + sheets[at.DRY, j] * sheets[at.FROZEN, j]
    if all_ice <= TELLING_ICE_MM:
        return float(conductivity)
    pores = layers[at.SR_POROSITY, k] - all_ice / sheets[at.HEIGHT, j]
    least = site.frozen_k_share * conductivity
    if pores <= 0.01:
        return float(least)
    return float(max(potential_and_conductivity(layers, k, pores)[1], least))


def sheets_of(thickness_mm: Floats, wilting_mm: Floats) -> Floats:
    """The sheets of a soil's layers, without ice: ten to a layer of 100 or 200 mm, as many as fit into the last."""
    columns = []
    for k, thickness in enumerate(thickness_mm):
        sheet = (100.0 if k < 2 else 200.0) / SHEETS
        count = SHEETS if k < thickness_mm.size - 1 else max(math.ceil(thickness / sheet - 1e-9), 1)
        columns += [(k, thickness / count)] * count
    sheets = np.zeros((at.SHEET_ROWS, len(columns)))
    sheets[at.OF_LAYER], sheets[at.HEIGHT] = np.array(columns).T
    sheets[at.KNOWN_WET] = -1.0
    sheets[at.DRY] = (wilting_mm / thickness_mm)[sheets[at.OF_LAYER].astype(int)]
    sheets[at.PER_MM] = 1.0 / sheets[at.HEIGHT]
    sheets[at.PAIR_MM, :-1] = 1.0 / (sheets[at.PER_MM, :-1] + sheets[at.PER_MM, 1:])
    return sheets
