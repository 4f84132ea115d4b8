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
def content(layers: Floats, sheets: Floats, j: int) -> float:
    """Volumetric water content of a sheet's unfrozen part."""
    k = int(sheets[at.OF_LAYER, j])
    wilting = layers[at.WILTING, k] / layers[at.THICKNESS, k]
    room = sheets[at.HEIGHT, j] - sheets[at.FROZEN, j]
    return float(wilting + sheets[at.LIQUID, j] / room if room > NONE_MM else wilting)


@kernel
def potential_and_conductivity(layers: Floats, k: int, wet: float) -> tuple[float, float]:
    """Matric potential (m, negative) and conductivity (mm/h) of unfrozen soil (Saxton & Rawls 2006)."""
    capacity, most, b = layers[at.SR_CAPACITY, k], layers[at.SR_POROSITY, k], layers[at.SR_B, k]
    if wet < capacity:
        kpa = 1500.0 if wet < layers[at.SR_WILTING, k] else min(33.0 * math.pow(capacity / wet, b), 1500.0)
    elif wet >= most:
        kpa = 0.0
    else:
        kpa = 33.0 - (33.0 - layers[at.SR_ENTRY, k]) * (wet - capacity) / (most - capacity)
    conductivity = layers[at.SR_KSAT, k] * math.pow(min(wet / most, 1.0), 3.0 + 2.0 * b)
    return -kpa / 10.0, conductivity


@kernel
def know(layers: Floats, sheets: Floats, j: int) -> float:
    """A sheet's content, after computing its potential and conductivity again if it has changed enough to tell."""
    wet = content(layers, sheets, j)
    if abs(wet - sheets[at.KNOWN_WET, j]) > TELLING_CONTENT:
        sheets[at.KNOWN_WET, j] = wet
        sheets[at.POTENTIAL_M, j], sheets[at.CONDUCTS, j] = potential_and_conductivity(
            layers, int(sheets[at.OF_LAYER, j]), wet
        )
    return wet


@kernel
def settle(layers: Floats, sheets: Floats, hours: float) -> None:
    """Move liquid water for hours between neighbouring sheets without ice (Darcy), never past their balance."""
    for j in range(sheets.shape[1] - 1):
        if sheets[at.FROZEN, j] > 0.0 or sheets[at.FROZEN, j + 1] > 0.0:
            continue
        upper, lower = know(layers, sheets, j), know(layers, sheets, j + 1)
        height = sheets[at.HEIGHT, j]
        gradient = 1.0 + (sheets[at.POTENTIAL_M, j] - sheets[at.POTENTIAL_M, j + 1]) / height * 1000.0
        flux = 0.25 * hours * (sheets[at.CONDUCTS, j] + sheets[at.CONDUCTS, j + 1]) * gradient
        balance = (upper - lower) / (1.0 / height + 1.0 / sheets[at.HEIGHT, j + 1])
        if flux >= 0.0:
            moved = min(min(flux, sheets[at.LIQUID, j]), max(balance, 0.0))
        else:
            moved = -min(min(-flux, sheets[at.LIQUID, j + 1]), max(-balance, 0.0))
        sheets[at.LIQUID, j] -= moved
        sheets[at.LIQUID, j + 1] += moved


@kernel
def spread(layers: Floats, sheets: Floats, water: Floats, fresh: bool) -> None:
    """Let the sheets' liquid add up to the layers' again after a day of rain and drying; evenly if `fresh`."""
    held = np.zeros(water.size)
    for j in range(sheets.shape[1]):
        held[int(sheets[at.OF_LAYER, j])] += sheets[at.LIQUID, j]
    for j in range(sheets.shape[1]):
        k = int(sheets[at.OF_LAYER, j])
        part = sheets[at.HEIGHT, j] / layers[at.THICKNESS, k]
        if fresh or held[k] <= 0.0:
            sheets[at.LIQUID, j] = water[k] * part
        elif water[k] < held[k]:
            sheets[at.LIQUID, j] *= water[k] / held[k]
        else:
            sheets[at.LIQUID, j] += (water[k] - held[k]) * part


@kernel
def gather(sheets: Floats, water: Floats, ice: Floats) -> None:
    """Sum the sheets up into the layers' water and ice."""
    water[:] = 0.0
    ice[:] = 0.0
    for j in range(sheets.shape[1]):
        k = int(sheets[at.OF_LAYER, j])
        water[k] += sheets[at.LIQUID, j]
        ice[k] += sheets[at.ICE, j]


@kernel
def conduct(site: Any, layers: Floats, sheets: Floats, now: Floats) -> None:
    """Fill what layers conduct downslope (mean) and down (in series) beside their ice, and how much is frozen."""
    now[:] = 0.0
    for j in range(sheets.shape[1]):
        k = int(sheets[at.OF_LAYER, j])
        height, frozen = sheets[at.HEIGHT, j], sheets[at.FROZEN, j]
        now[at.ICE_DEPTH, k] += frozen
        conductivity = layers[at.KSAT, k]
        all_ice = sheets[at.ICE, j] + layers[at.WILTING, k] / layers[at.THICKNESS, k] * frozen
        if all_ice > TELLING_ICE_MM:
            pores = layers[at.SR_POROSITY, k] - all_ice / height
            least = site.frozen_k_share * conductivity
            conductivity = least
            if pores > 0.01:
                conductivity = max(potential_and_conductivity(layers, k, pores)[1], least)
        share = height / layers[at.THICKNESS, k]
        now[at.LATERAL_K, k] += conductivity * share * layers[at.ANISOTROPY, k]
        now[at.SERIES_K, k] += share / conductivity
    now[at.SERIES_K] = 1.0 / now[at.SERIES_K]


def sheets_of(thickness_mm: Floats) -> Floats:
    """The sheets of a soil's layers, without ice: ten to a layer of 100 or 200 mm, as many as fit into the last."""
    columns = []
    for k, thickness in enumerate(thickness_mm):
        sheet = (100.0 if k < 2 else 200.0) / SHEETS
        count = SHEETS if k < thickness_mm.size - 1 else max(math.ceil(thickness / sheet - 1e-9), 1)
        columns += [(k, thickness / count)] * count
    sheets = np.zeros((at.SHEET_ROWS, len(columns)))
    sheets[at.OF_LAYER], sheets[at.HEIGHT] = np.array(columns).T
    sheets[at.KNOWN_WET] = -1.0
    return sheets
