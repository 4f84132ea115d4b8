"""Peak and volume of a storm's runoff at the hillslope's foot, from the rates of excess.

The kinematic wave's approximate solution (NSERL Report 10, ch. 4) with exponent 1.5. Lengths in m, rates in m/s.
"""

import math

from weppbatch.hydrology.compiled import kernel
from weppbatch.hydrology.state import Floats

EXPONENT = 1.5
LEAST_PEAK_M_S = 3.63e-8
DAY_S = 86400.0


@kernel
def depression_storage_mm(roughness_m: float, slope: float) -> float:
    """What the surface's hollows hold (Onstad 1984), at least 0."""
    return max(1000.0 * (0.112 * roughness_m + 3.1 * roughness_m**2 - 1.2 * roughness_m * slope), 0.0)


@kernel
def relative_equilibrium_time(length_m: float, alpha: float, mean_m_s: float, duration_s: float) -> float:
    """t* = te / D, with te the time to kinematic equilibrium under the mean excess."""
    equilibrium_s = math.pow(length_m / (alpha * math.pow(mean_m_s, EXPONENT - 1.0)), 1.0 / EXPONENT)
    return equilibrium_s / duration_s


@kernel
def share_after_recession(infiltration_m_s: float, mean_m_s: float, t_star: float) -> float:
    """What recession infiltration leaves of a runoff that never reaches equilibrium (t* >= 1); 1 otherwise."""
    if t_star < 1.0 or infiltration_m_s <= 0.0:
        return 1.0
    f_star = infiltration_m_s / mean_m_s
    limit = math.pow((f_star + 1.0) / f_star, 1.0 / EXPONENT)
    if t_star >= limit:
        return (f_star + 1.0) / f_star / (EXPONENT + 1.0) * math.pow(t_star, -EXPONENT)
    return 1.0 - EXPONENT / (EXPONENT + 1.0) * t_star / limit


@kernel
def peak_m_s(
    runoff_m: float, duration_s: float, sharpest_m_s: float, max_rate_m_s: float, length_m: float, alpha: float
) -> float:
    """The peak of runoff from excess of a duration and a sharpest rate; never above the `max_rate_m_s`."""
    mean = runoff_m / duration_s
    t_star = relative_equilibrium_time(length_m, alpha, mean, duration_s)
    v_star = mean / sharpest_m_s
    if t_star >= 1.0:
        q_star = math.pow(t_star, -EXPONENT)
    elif v_star >= 1.0:
        q_star = 1.0
    else:
        short = 0.6 * (1.0 - v_star)
        critical = (1.0 - math.sqrt(max(1.0 - 4.0 * short * v_star, 0.0))) / (2.0 * short)
        q_star = 1.0 / t_star if t_star > critical else 1.0 / v_star - short / v_star * t_star
    return min(max(mean * q_star, LEAST_PEAK_M_S), max_rate_m_s)


@kernel
def travelled_m(start: int, into_s: float, end: int, time_h: Floats, rate_m_s: Floats, alpha: float) -> float:
    """How far a wave goes that leaves the top `into_s` seconds into a step, until the end of a later one."""
    depth = raised = way = 0.0
    for i in range(start, end):
        seconds = 3600.0 * (time_h[i + 1] - time_h[i]) - (into_s if i == start else 0.0)
        before, depth = raised, depth + rate_m_s[i] * seconds
        if rate_m_s[i] > 0.0:
            raised = depth * math.sqrt(depth)  # to the power of EXPONENT
            way += alpha * (raised - before) / rate_m_s[i]
        else:
            way += alpha * EXPONENT * math.sqrt(depth) * seconds
    return way


@kernel
def routed_peak_m_s(time_h: Floats, rate_m_s: Floats, n: int, length_m: float, alpha: float) -> float:
    """The highest outflow of a kinematic wave down a plane, by its characteristics (NSERL Report 10, ch. 4).

    At the end of each step: the depth at the foot is what fell on the wave that arrives then, since it left the top
    or, if it began below, since the excess began. Waves don't overtake each other, so that the one that arrives
    later left later.
    """
    most = 0.0
    low = 0
    for end in range(1, n + 1):
        if rate_m_s[end - 1] <= 0.0:
            continue
        high = end
        if travelled_m(0, 0.0, end, time_h, rate_m_s, alpha) <= length_m:
            high = 0
        while high - low > 1:
            middle = (low + high) // 2
            if travelled_m(middle, 0.0, end, time_h, rate_m_s, alpha) > length_m:
                low = middle
            else:
                high = middle
        depth = 0.0
        for i in range(high, end):
            depth += rate_m_s[i] * 3600.0 * (time_h[i + 1] - time_h[i])
        if high > 0:
            seconds = 3600.0 * (time_h[low + 1] - time_h[low])
            if outflow_m_s(depth + rate_m_s[low] * seconds, length_m, alpha) <= most:
                continue
            near, far = 0.0, seconds
            for _ in range(30):
                into = 0.5 * (near + far)
                if travelled_m(low, into, end, time_h, rate_m_s, alpha) > length_m:
                    near = into
                else:
                    far = into
            depth += rate_m_s[low] * (seconds - far)
        most = max(most, outflow_m_s(depth, length_m, alpha))
    return most


@kernel
def outflow_m_s(depth_m: float, length_m: float, alpha: float) -> float:
    """Outflow of a depth at the foot, over the plane's length."""
    return alpha * math.pow(depth_m, EXPONENT) / length_m


@kernel
def effective_duration_s(runoff_m: float, peak: float) -> float:
    """The duration of steady runoff at the peak that carries the same volume, at most a day."""
    return min(runoff_m / peak, DAY_S)
