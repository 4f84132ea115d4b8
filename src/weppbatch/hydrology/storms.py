"""The shape of each wet day's storm: how long it lasts, when it peaks, and how sharply, as CLIGEN 5.3 draws them.

In: daily depths, monthly station statistics and uniform numbers. Out: duration, time to peak and peak intensity in
the terms of a .cli file. What the storm does on a hillslope is not known here.

Source: CLIGEN 5.32.3 (USDA-ARS, public domain), with the revision of B. Yu, Trans. ASAE 43(5), 2000.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MM_PER_IN = 25.4
DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
HALF_HOUR = 0.02083
"""Half an hour as a share of a day: the smallest share of a day's rain that its wettest half hour can hold."""
SHAPE = 6.28
"""Exponent of the density from which the share of the wettest half hour is drawn."""
PEAK_LIMIT_MM_H = (180.34, 154.94, 307.34, 330.2)
"""The largest peak intensity by the station's storm type, 1 to 4."""
LONGEST_H = 24.0
LOWEST_IP = 1.01
EARLIEST_TP, LATEST_TP = 0.01, 0.99


def wet_share(p_wet_after_wet: Floats, p_wet_after_dry: Floats) -> Floats:
    """The long-run share of wet days of a two-state Markov chain."""
    return p_wet_after_dry / np.maximum(1.0 - p_wet_after_wet + p_wet_after_dry, 1e-9)


def half_hour_share(
    mx_half_hour_in_h: Floats, wet_mean_in: Floats, p_wet_after_wet: Floats, p_wet_after_dry: Floats
) -> Floats:
    """The share of a wet day's depth that falls in its wettest half hour, for each month (arrays of 12).

    The station's largest half-hour intensity (inch/h) is smoothed over three months and reduced from the month's
    largest to that of an ordinary wet day, by the number of wet days expected. Shares above 1 occur in months with
    hardly a wet day; CLIGEN keeps them and so do we.
    """
    depth = 0.5 * mx_half_hour_in_h
    smooth = (np.roll(depth, 1) + depth + np.roll(depth, -1)) / 3.0
    wet_days = np.where(p_wet_after_dry > 0, DAYS * wet_share(p_wet_after_wet, p_wet_after_dry), 0.0006944)
    with np.errstate(divide="ignore"):
        reduction = 1.0 / np.log(wet_days + 0.5)
    reduction = np.where((reduction > 0) & (reduction <= 1), reduction, 1.0)
    return reduction * smooth / np.maximum(wet_mean_in, 0.001)


def alpha(share: Floats, depth_in: Floats, uniform: Floats) -> Floats:
    """A drawn share of the day's depth in its wettest half hour, between 0.02083 and 1.

    `share` is its monthly level, `depth_in` the day's depth (inch), `uniform` the numbers to draw with. The
    variable part has the density x^6.28 exp(6.28 (1 - x)) with x = g (1 - 0.02083) / (share - 0.02083), cut off at
    g = 1; CLIGEN draws it by rejection, here it is inverted, so that each day takes one number.
    """
    scale = (1.0 - HALF_HOUR) / np.maximum(share - HALF_HOUR, 1e-4)
    top = SHAPE * np.maximum(scale, 0.05)
    x, below = _gamma_table()
    g = np.minimum(np.interp(uniform * np.interp(top, x, below), below, x) / top, 1.0)
    largest = np.where(depth_in < 1.0, 1.0, 1.0 - np.exp(-(125.0 / MM_PER_IN) / np.maximum(depth_in, 1e-9)))
    return HALF_HOUR + g * (largest - HALF_HOUR)


def storm_shape(
    depth_mm: Floats,
    mean_c: Floats,
    share: Floats,
    peak_time_cdf: Floats,
    storm_type: int,
    uniforms: tuple[Floats, Floats, Floats],
) -> tuple[Floats, Floats, Floats]:
    """Duration (h), time to peak (share of the duration) and peak intensity (over the mean one) of wet days.

    All arrays are over wet days, `share` too; `peak_time_cdf` has the station's 12 cumulative shares. `uniforms`
    are for duration, peak intensity and time to peak: CLIGEN draws the first two apart, so that a short storm need
    not be a sharp one. Days with a mean temperature of 0 °C or less fall evenly (ip 1.01).
    """
    for_duration, for_peak, for_time = uniforms
    duration_h = np.minimum(LONGEST_H, 3.99 / _rate(alpha(share, depth_mm / MM_PER_IN, for_duration)))
    peak_mm_h = depth_mm * _rate(alpha(share, depth_mm / MM_PER_IN, for_peak))
    peak_mm_h = np.minimum(peak_mm_h, PEAK_LIMIT_MM_H[storm_type - 1])
    ip = np.maximum(peak_mm_h * duration_h / depth_mm, LOWEST_IP)
    ip[mean_c <= 0.0] = LOWEST_IP
    return duration_h, time_to_peak(peak_time_cdf, for_time), ip


def time_to_peak(cdf: Floats, uniform: Floats) -> Floats:
    """Times to peak as shares of the duration, from 12 cumulative shares of a twelfth each; 0.01 to 0.99."""
    heights = np.concatenate([[0.0], np.maximum.accumulate(cdf)])
    twelfth = np.minimum(np.searchsorted(heights[1:], uniform), 11)
    width = np.maximum(heights[twelfth + 1] - heights[twelfth], 1e-9)
    within = (uniform - heights[twelfth]) / width
    return np.asarray(np.clip((twelfth + within) / 12.0, EARLIEST_TP, LATEST_TP))


def _rate(share: Floats) -> Floats:
    """Twice the decay constant (1/h) of an exponential half hour that holds `share` of the depth."""
    return np.asarray(-2.0 * np.log1p(-np.minimum(share, 1.0 - 1e-12)))


@cache
def _gamma_table() -> tuple[Floats, Floats]:
    """The distribution of x^6.28 exp(-x), x from 0 to 40: the points and the probabilities below them."""
    x = np.linspace(0.0, 40.0, 20_001)
    density = x**SHAPE * np.exp(-x)
    below = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(x))])
    return x, below / below[-1]
