"""Water in the soil's layers: filling, percolation, lateral flow, return flow, uptake by roots and the surface.

The state is each layer's water above the wilting point, in mm. Every function moves water and gives what left the
column, so that nothing is lost; none knows about days or storms.
"""

import math

from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats

ROOT_SHAPE = 3.065  # of the exponential root density in WEPP's uptake (NSERL 10, ch. 5)
FULL = 0.95  # of its room: from there on a layer conducts as when saturated
LEAST_WETTING_MM = 1e-3


@kernel
def relative_conductivity(water: float, upper: float, exponent: float) -> float:
    """The unsaturated share of a layer's conductivity: (water/upper)^B, 1 from 0.95 on, at least 0.002."""
    filled = water / upper
    if filled >= FULL:
        return 1.0
    return max(math.pow(filled, exponent), 0.002)


@kernel
def infiltrate(amount_mm: float, water: Floats, thickness: Floats, foot: Floats, surface_mm: float) -> None:
    """Put water into the layers of the topmost `surface_mm` by their thickness, the rest into the last of them."""
    for i in range(water.size):
        if foot[i] >= surface_mm - 1e-9 or i == water.size - 1:
            water[i] += amount_mm
            return
        part = amount_mm * thickness[i] / surface_mm
        water[i] += part
        amount_mm -= part


@kernel
def percolate(
    hours: float, water: Floats, ice: Floats, capacity: Floats, upper: Floats, ksat: Floats, exponent: Floats,
    base_mm_h: float, hourly: bool,
) -> float:  # fmt: skip
    """Drain what exceeds field capacity downwards, from the bottom up; give what leaves the column (mm).

    A day's pe = (water - fc)(1 - exp(-K day / (water - fc))) sqrt(1 - next layer's saturation) (NSERL 10, ch. 5),
    and of it the hours' part, as WEPP's hourly seepage has it. Ice takes the place of water that would stay.
    `base_mm_h` is the conductivity across the column's foot. `hourly`, the last layer and one above a full one
    conduct as if they were full themselves.
    """
    last = water.size - 1
    out = 0.0
    for i in range(last, -1, -1):
        drainable = water[i] - max(capacity[i] - ice[i], 0.0)
        if drainable <= 0.0:
            continue
        if i == last:
            rate = base_mm_h
            if not hourly:
                rate *= relative_conductivity(water[i] + ice[i], upper[i], exponent[i])
            below = 0.0
        else:
            below = min((water[i + 1] + ice[i + 1]) / upper[i + 1], FULL)
            rate = ksat[i]
            if not (hourly and below >= FULL):
                rate *= relative_conductivity(water[i] + ice[i], upper[i], exponent[i])
        a_day = -drainable * math.expm1(-min(rate * 24.0 / drainable, 50.0)) * math.sqrt(1.0 - below)
        moved = a_day * hours / 24.0
        water[i] -= moved
        if i == last:
            out = moved
        else:
            water[i + 1] += moved
    return out


@kernel
def push_up(water: Floats, ice: Floats, upper: Floats, wetting_mm: float) -> None:
    """Move what a layer can't hold beside its ice into the layer above, from the bottom to the second layer.

    On days without wetting ice pushes nothing up, as in WEPP.
    """
    wets = wetting_mm > LEAST_WETTING_MM
    for i in range(water.size - 1, 0, -1):
        room = max(upper[i] - ice[i], 0.0) if wets else upper[i]
        if water[i] > room:
            water[i - 1] += water[i] - room
            water[i] = room


@kernel
def lateral(
    hours: float, water: Floats, ice: Floats, threshold: Floats, upper: Floats, thickness: Floats,
    lateral_k: Floats, exponent: Floats, sine: float, length_mm: float,
) -> float:  # fmt: skip
    """Subsurface flow out of the hillslope's foot (mm): q = Ho Ke sin(a) / L (Dun et al. 2009).

    A layer drains that holds its threshold or more (field capacity and entrapped air, less its ice). Conductivity
    is weighted by thickness. Water is taken from the top down.
    """
    conductance = 0.0
    for i in range(water.size):
        least, room = max(threshold[i] - ice[i], 0.0), max(upper[i] - ice[i], 0.0)
        if water[i] < least * (1.0 - 1e-9):
            continue
        share = relative_conductivity(water[i], room, exponent[i]) if room > 0.0 else 1.0
        conductance += lateral_k[i] * share * thickness[i]
    if conductance <= 0.0:
        return 0.0
    # Ho x (sum K dz / sum dz) is the sum itself when Ho is the thickness of the draining layers
    wanted = conductance * sine * hours / length_mm
    return take_from_top(wanted, water, ice, threshold)


@kernel
def lateral_by_hour(
    hours: float, water: Floats, ice: Floats, threshold: Floats, upper: Floats, thickness: Floats,
    lateral_k: Floats, sine: float, length_mm: float,
) -> float:  # fmt: skip
    """Subsurface flow out of the hillslope's foot (mm) where seepage is by the hour: only saturated soil drains.

    As `lateral`, but of layers that lie on a full layer or on the base, each as far as it is filled above its
    threshold, and no more than these hold above it.
    """
    conductance, drainable = 0.0, 0.0
    last = water.size - 1
    for i in range(last + 1):
        if i < last and water[i + 1] < upper[i + 1] * (1.0 - 1e-9):
            continue
        drainable += max(water[i] - max(threshold[i] - ice[i], 0.0), 0.0)
        above, span = water[i] - threshold[i], upper[i] - threshold[i]
        if above >= 0.0:
            conductance += lateral_k[i] * thickness[i] * (min(above / span, 1.0) if span > 0.0 else 1.0)
    if conductance <= 0.0:
        return 0.0
    return take_from_top(min(conductance * sine * hours / length_mm, drainable), water, ice, threshold)


@kernel
def take_from_top(wanted_mm: float, water: Floats, ice: Floats, threshold: Floats) -> float:
    """Take what layers hold above their threshold, from the top down; give what was taken (mm)."""
    taken = 0.0
    for i in range(water.size):
        if taken >= wanted_mm:
            break
        part = min(max(water[i] - max(threshold[i] - ice[i], 0.0), 0.0), wanted_mm - taken)
        water[i] -= part
        taken += part
    return taken


@kernel
def evaporate(demand_mm: float, water: Floats, foot: Floats, depth_mm: float) -> float:
    """Take soil evaporation from the topmost `depth_mm`, the uppermost layer first; give what was taken (mm)."""
    left = demand_mm
    top = 0.0
    for i in range(water.size):
        if top >= depth_mm or left <= 0.0:
            break
        share = min(1.0, (depth_mm - top) / (foot[i] - top))
        part = min(water[i] * share, left)
        water[i] -= part
        left -= part
        top = foot[i]
    return demand_mm - left


@kernel
def take_up(demand_mm: float, water: Floats, upper: Floats, foot: Floats, root_mm: float, stress: float) -> float:
    """Take transpiration by an exponential root profile; give what was taken (mm).

    Layers drier than `stress` times their capacity give proportionally less; deeper ones make up for it.
    """
    if demand_mm <= 0.0 or root_mm <= 0.0:
        return 0.0
    whole = -math.expm1(-ROOT_SHAPE)
    taken = 0.0
    for i in range(water.size):
        reach = min(foot[i], root_mm)
        part = demand_mm * -math.expm1(-ROOT_SHAPE * reach / root_mm) / whole - taken
        dry = stress * upper[i]
        if water[i] < dry:
            part *= water[i] / dry
        part = min(max(part, 0.0), water[i])
        water[i] -= part
        taken += part
        if foot[i] >= root_mm:
            break
    return taken
