"""What of a storm infiltrates and what runs off: Green-Ampt Mein-Larson in steps of constant rate.

In: rates of water reaching the soil, the effective conductivity and the matric potential term. Out: the rate of
excess in each step. Saturation of the whole profile is the water balance's part, not this module's.
"""

import math

from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats

LEAST_CONDUCTIVITY_MM_H = 1e-7
NO_SUCTION_MM = 1e-9
LEAST_EXCESS_MM = 0.1  # less of it, in a step or in a storm, infiltrates after all, as in WEPP


@kernel
def suction_mm(porosity: float, sand: float, clay: float) -> float:
    """Wetting-front suction in mm (Rawls & Brakensiek 1983), 10 to 500; sand and clay as fractions."""
    s2, c2, p2 = sand * sand, clay * clay, porosity * porosity
    exponent = 6.531 - 7.326 * porosity + 15.83 * c2 + 3.809 * p2 + 3.44 * sand * clay - 4.984 * sand * porosity
    exponent += p2 * (16.08 * s2 + 16.02 * c2) - 13.6 * s2 * clay - porosity * (34.79 * c2 + 7.99 * s2)
    return min(max(10.0 * math.exp(exponent), 10.0), 500.0)


@kernel
def hydrophobic_conductivity(ksat_mm_h: float, saturation: float, fc: float, wp: float, least_mm_h: float) -> float:
    """Ks s^(2 l + 3) of a burned, water-repellent soil (Saxton & Rawls 2006), at least `least_mm_h`.

    l is the slope of the retention curve between 1500 and 33 kPa.
    """
    least = min(least_mm_h, ksat_mm_h)
    if fc <= wp or wp <= 0.0:
        return ksat_mm_h
    slope = (math.log(fc) - math.log(wp)) / (math.log(1500.0) - math.log(33.0))
    return max(ksat_mm_h * math.pow(min(max(saturation, 0.0), 1.0), 2.0 * slope + 3.0), least)


@kernel
def recovering_conductivity(ksat_mm_h: float, saturation: float, factor: float, recovery: float) -> float:
    """The older rule (soil files 9001): from Ks / factor when dry, exponentially to Ks when wet."""
    least = ksat_mm_h / factor
    return least + (ksat_mm_h - least) * math.expm1(saturation / recovery) / math.expm1(1.0 / recovery)


@kernel
def ponded(start_mm: float, hours: float, ke_mm_h: float, ns_mm: float) -> float:
    """Cumulative infiltration after `hours` of ponding from `start_mm`, by Newton to 1e-10 mm.

    F2 - F1 - Ns ln((Ns + F2) / (Ns + F1)) = Ke dt; the left side is convex, so Newton from above never overshoots.
    """
    supply = ke_mm_h * hours
    if ns_mm <= NO_SUCTION_MM:
        return start_mm + supply
    # y - a ln(1 + y/a) >= y^2 / (2 (a + y)) with a = Ns + F1 >= Ns: the root can't lie above this
    guess = start_mm + supply + math.sqrt(supply * (supply + 2.0 * (ns_mm + start_mm)))
    if guess <= 0.0:
        return start_mm
    for _ in range(60):
        residual = guess - start_mm - ns_mm * math.log1p((guess - start_mm) / (ns_mm + start_mm)) - supply
        step = residual * (ns_mm + guess) / guess
        guess -= step
        if abs(step) < 1e-11 * (1.0 + guess):
            break
    return max(guess, start_mm + supply)


@kernel
def step_infiltration(start_mm: float, rate_mm_h: float, hours: float, ke_mm_h: float, ns_mm: float) -> float:
    """Infiltration (mm) of one step of constant rate, from `start_mm` infiltrated before (Mein & Larson 1973).

    Ponding begins when Ke (1 + Ns / F) falls to the rate: at F = Ke Ns / (rate - Ke).
    """
    offered = rate_mm_h * hours
    if rate_mm_h <= ke_mm_h:
        return offered
    at_ponding = ke_mm_h * ns_mm / (rate_mm_h - ke_mm_h)
    if start_mm + offered <= at_ponding:
        return offered
    start_ponded, left = start_mm, hours
    if at_ponding > start_mm:
        start_ponded = at_ponding
        left = hours - (at_ponding - start_mm) / rate_mm_h
    return min(offered, ponded(start_ponded, left, ke_mm_h, ns_mm) - start_mm)


@kernel
def excess(
    time_h: Floats,
    rate_mm_h: Floats,
    n: int,
    ke_mm_h: float,
    ns_mm: float,
    storage_mm: float,
    refill_mm_h: float,
    depression_mm: float,
    excess_mm_h: Floats,
) -> tuple[float, float, int]:
    """Fill `excess_mm_h` (n) with rates of runoff; give the runoff (mm), the last rate of infiltration (mm/h), and
    how often water began to pond.

    Infiltration never exceeds the free storage near the surface, which drains at `refill_mm_h`. The first of the
    excess fills the depressions, whose water infiltrates when the rate allows, or after the storm. Ponding begins
    and goes on only with LEAST_EXCESS_MM in a step; less infiltrates.
    """
    ke_mm_h = max(ke_mm_h, LEAST_CONDUCTIVITY_MM_H)
    infiltrated = 0.0
    stored = 0.0
    runoff = 0.0
    last_rate = 0.0
    ponds = False
    pondings = 0
    for i in range(n):
        hours = time_h[i + 1] - time_h[i]
        storage_mm += refill_mm_h * hours
        room = max(storage_mm - infiltrated, 0.0)
        offered = rate_mm_h[i] * hours
        taken = step_infiltration(infiltrated, rate_mm_h[i], hours, ke_mm_h, ns_mm)
        if ponds:
            ponds = offered - taken >= LEAST_EXCESS_MM
        elif rate_mm_h[i] > ke_mm_h:
            at_ponding = ke_mm_h * ns_mm / (rate_mm_h[i] - ke_mm_h)
            ponds = infiltrated + offered - at_ponding > LEAST_EXCESS_MM
            pondings += int(ponds)
        taken = min(taken if ponds else offered, room)
        surplus = offered - taken
        if surplus <= 1e-12 and stored > 0.0:
            surplus = 0.0
            both = step_infiltration(infiltrated, (offered + stored) / hours, hours, ke_mm_h, ns_mm)
            drained = min(max(min(both, room) - taken, 0.0), stored)
            stored -= drained
            taken += drained
        kept = min(surplus, depression_mm - stored)
        stored += kept
        infiltrated += taken
        excess_mm_h[i] = (surplus - kept) / hours
        if excess_mm_h[i] > 1e-9:
            runoff += surplus - kept
            last_rate = taken / hours
        else:
            excess_mm_h[i] = 0.0
    return runoff, last_rate, pondings
