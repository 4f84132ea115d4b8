"""A day's rain as a few steps of constant intensity, from its depth, duration and peak.

The double exponential of CLIGEN and WEPP (NSERL Report 10, ch. 2): intensity rises to `ip` times the mean at the
fraction `tp` of the duration and falls again. Snow melt is not spread here.
"""

import math

import numpy as np

from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats

MAX_PEAK = 60.0  # beyond this WEPP's own disaggregation is cut off too
CONSTANT_PEAK = 1.001
SHORTEST_STEP_H = 5.0 / 60.0  # as in WEPP


@kernel
def steepness(ip: float) -> float:
    """The u > 0 of 1 - exp(-u) = u / ip, for ip > 1, by Newton to 1e-12."""
    u = min(ip, 2.0 * (ip - 1.0))  # ip = u / (1 - exp(-u)) is more than u and than 1 + u / 2: never below the root
    for _ in range(50):
        fallen = -math.expm1(-u)
        step = (fallen - u / ip) / (1.0 - fallen - 1.0 / ip)
        u -= step
        if abs(step) <= 1e-12 * u:
            break
    return u


@kernel
def time_of_share(share: float, tp: float, ip: float, u: float) -> float:
    """When (fraction of the duration) a share of the depth has fallen; the inverse of the cumulative storm."""
    if share <= 0.0:
        return 0.0
    if share >= 1.0:
        return 1.0
    if share <= tp:
        rise = u / tp
        return math.log1p(rise / (ip * math.exp(-u)) * share) / rise
    fall = u / (1.0 - tp)
    return min(1.0, tp - math.log1p(-fall / ip * (share - tp)) / fall)


@kernel
def disaggregate(
    depth_mm: float, duration_h: float, tp: float, ip: float, steps: int, shortest_h: float, time_h: Floats,
    rate_mm_h: Floats,
) -> int:  # fmt: skip
    """Fill `time_h` (n + 1) and `rate_mm_h` (n) with steps of equal depth; give n, at most `steps`.

    Where a step would be shorter than `shortest_h`, there are fewer and longer ones. The depths sum to `depth_mm`.
    """
    time_h[0] = 0.0
    if ip <= CONSTANT_PEAK or steps < 2:
        time_h[1] = duration_h
        rate_mm_h[0] = depth_mm / duration_h
        return 1
    ip = min(ip, MAX_PEAK)
    tp = min(max(tp, 0.01), 0.99)
    u = steepness(ip)
    n = steps
    while n > 1:
        shortest = duration_h
        for i in range(1, n + 1):
            time_h[i] = duration_h * time_of_share(i / n, tp, ip, u)
            shortest = min(shortest, time_h[i] - time_h[i - 1])
        if shortest >= shortest_h and shortest > 0.0:
            break
        n -= 1
    time_h[n] = duration_h
    for i in range(n):
        rate_mm_h[i] = depth_mm / n / (time_h[i + 1] - time_h[i])
    return n


@kernel
def breakpoints(
    depth_mm: float, times_h: Floats, depths_mm: Floats, first: int, last: int, time_h: Floats, rate_mm_h: Floats
) -> int:
    """Steps between a day's breakpoints (cumulative depths) `first` to `last`, scaled to the day's depth.

    Gives their number: 0 when the points hold no rain.
    """
    time_h[0] = 0.0
    n = 0
    fallen = depths_mm[last - 1] - depths_mm[first]
    if fallen <= 0.0:
        return 0
    for i in range(first + 1, last):
        length = times_h[i] - times_h[i - 1]
        if length <= 0.0:
            continue
        time_h[n + 1] = time_h[n] + length
        rate_mm_h[n] = (depths_mm[i] - depths_mm[i - 1]) * depth_mm / fallen / length
        n += 1
    return n


@kernel
def refined(time_h: Floats, rate_mm_h: Floats, n: int) -> int:
    """Divide steps, in place, to WEPP's time step for the storm (1 to 10 minutes); give their new number."""
    seconds = 3600.0 * (time_h[n] - time_h[0])
    step_h = 600.0 / 3600.0
    for longest, step_s in ((1800.0, 60.0), (3600.0, 120.0), (7200.0, 180.0), (21600.0, 300.0)):
        if seconds <= longest:
            step_h = step_s / 3600.0
            break
    total = 0
    for i in range(n):
        total += max(math.ceil((time_h[i + 1] - time_h[i]) / step_h - 0.1), 1)
    if total >= rate_mm_h.size:
        return n
    at_end = total
    for i in range(n - 1, -1, -1):
        start, end, rate = time_h[i], time_h[i + 1], rate_mm_h[i]
        parts = max(math.ceil((end - start) / step_h - 0.1), 1)
        for k in range(parts):
            time_h[at_end - k] = end - (end - start) * k / parts
            rate_mm_h[at_end - 1 - k] = rate
        at_end -= parts
    return total


@kernel
def kinetic_energy_j_m2(time_h: Floats, rate_mm_h: Floats, n: int) -> float:
    """Energy of the rain: 3.812 + 0.3796 ln(i) by intensity i in m/h, at most 76.5 mm/h (NSERL 10, ch. 7)."""
    total = 0.0
    for i in range(n):
        rate_m_h = min(rate_mm_h[i] / 1000.0, 0.0765)
        if rate_m_h > 0.0:
            total += max(0.0, (3.812 + 0.3796 * math.log(rate_m_h)) * rate_m_h * (time_h[i + 1] - time_h[i]))
    return total * 1e4


@kernel
def wet_part(time_h: Floats, rate_mm_h: Floats, n: int) -> tuple[float, float]:
    """Hours with a positive rate and the highest rate (mm/h)."""
    hours = 0.0
    most = 0.0
    for i in range(n):
        if rate_mm_h[i] > 0.0:
            hours += time_h[i + 1] - time_h[i]
            most = max(most, rate_mm_h[i])
    return hours, most


@kernel
def rain_intensity(time_h: Floats, rain_mm_h: Floats, excess_mm_h: Floats, n: int) -> float:
    """The mean rate (mm/h) of rain over the steps with excess."""
    hours = 0.0
    depth = 0.0
    for i in range(n):
        if excess_mm_h[i] > 0.0:
            hours += time_h[i + 1] - time_h[i]
            depth += rain_mm_h[i] * (time_h[i + 1] - time_h[i])
    return depth / hours if hours > 0.0 else 0.0


def storm_steps(
    depth_mm: float, duration_h: float, tp: float, ip: float, steps: int, shortest_h: float = SHORTEST_STEP_H
) -> tuple[Floats, Floats]:
    """`disaggregate` with arrays of its own: times (n + 1, h) and rates (n, mm/h)."""
    time_h, rate_mm_h = np.zeros(steps + 1), np.zeros(steps)
    n = disaggregate(depth_mm, duration_h, tp, ip, steps, shortest_h, time_h, rate_mm_h)
    return time_h[: n + 1], rate_mm_h[:n]
