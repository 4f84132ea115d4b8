"""The daily processes of a weather generator: wet days, depths, temperatures, radiation, wind.

In: one value a day of each parameter and of uniform or normal numbers (arrays of one length). Out: one value a day,
in the station file's own units (inch, °F, Langley). No random numbers are drawn here.

Source: CLIGEN 5.32.3 (USDA-ARS, public domain); Nicks, Lane and Gander, in NSERL Report 10, 1995, chapter 2.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEAST_IN = 0.01
"""The smallest depth of a wet day (inch)."""
MAX_SKEW, LEAST_SKEW = 4.5, 0.01
SECTORS = 16


def normals(uniform: Floats) -> Floats:
    """Standard normal numbers, one fewer than the uniform ones (0 < u <= 1) that they come from.

    Box-Muller with the day before's uniform as the partner, as in CLIGEN; within 10 of zero.
    """
    z = np.sqrt(-2.0 * np.log(uniform[:-1])) * np.cos(2.0 * np.pi * uniform[1:])
    return np.asarray(np.clip(z, -10.0, 10.0))


def wet_days(uniform: Floats, p_after_wet: Floats, p_after_dry: Floats, *, wet_before: bool) -> Bools:
    """Which days are wet: u <= P(W|W) after a wet day, u <= P(W|D) after a dry one.

    A day on which both comparisons agree does not depend on the day before; on any other it keeps that state, or
    turns it over where P(W|D) is the larger. So every day's state is that of the last independent day, turned over
    as often as days in between say.
    """
    if_wet, if_dry = uniform <= p_after_wet, uniform <= p_after_dry
    independent = if_wet == if_dry
    turns = np.cumsum(if_dry & ~if_wet)
    last = np.maximum.accumulate(np.where(independent, np.arange(uniform.size), -1))
    state = np.where(last >= 0, if_dry[last], wet_before)
    turned: Ints = turns - np.where(last >= 0, turns[last], 0)
    return np.asarray(state ^ (turned % 2 == 1))


def skewed(z: Floats, skew: Floats) -> Floats:
    """Standardised skewed numbers from normal ones: 2 (x^3 - 1) / g with x = (z - g/6) g/6 + 1."""
    g = np.clip(skew, -MAX_SKEW, MAX_SKEW)
    g = np.where(np.abs(g) < LEAST_SKEW, np.copysign(LEAST_SKEW, g), g)
    x = (z - g / 6.0) * (g / 6.0) + 1.0
    return np.asarray(2.0 * (x**3 - 1.0) / g)


def depths_in(z: Floats, mean_in: Floats, sd_in: Floats, skew: Floats) -> Floats:
    """Depths of wet days (inch): mean + SD times a skewed number, at least 0.01."""
    return np.maximum(LEAST_IN, mean_in + sd_in * skewed(z, skew))


def depth_parameters(mean_in: Floats, sd_in: Floats, skew: Floats) -> tuple[Floats, Floats]:
    """The mean and SD to give `depths_in`, so that the depths that it makes have the wanted ones.

    The least depth raises the mean and lowers the SD, a large skew lowers the mean: with the wanted ones put in,
    single months come out 8 % too dry to 9 % too wet. Found by repeated correction against the integrals over the
    normal distribution; months that can't be matched to 1 % (no spread, a mean near the least depth) stay as they
    are.
    """
    z = np.linspace(-8.0, 8.0, 1601)[:, np.newaxis]
    weight = np.exp(-0.5 * z**2)
    weight /= weight.sum()
    location, scale = mean_in.copy(), sd_in.copy()
    shape = skewed(z, skew[np.newaxis, :])
    for _ in range(40):
        made = np.maximum(LEAST_IN, location + scale * shape)
        mean = (weight * made).sum(axis=0)
        sd = np.sqrt(np.maximum((weight * made**2).sum(axis=0) - mean**2, 1e-12))
        location += np.clip(mean_in - mean, -0.5 * sd_in, 0.5 * sd_in)
        scale *= np.clip(sd_in / sd, 0.5, 2.0)
    matched = (np.abs(mean - mean_in) <= 0.01 * mean_in) & (np.abs(sd - sd_in) <= 0.01 * sd_in) & (sd_in > 0)
    return np.where(matched, location, mean_in), np.where(matched, scale, sd_in)


def temperatures_f(
    z: tuple[Floats, Floats, Floats],
    means_f: tuple[Floats, Floats, Floats],
    sds_f: tuple[Floats, Floats],
) -> tuple[Floats, Floats, Floats]:
    """Largest, smallest and dew point temperature (°F) from normal numbers, means and SDs in that order.

    The one with the smaller SD is drawn first, the others from it, so that they vary together. Dew point has no SD
    of its own. CLIGEN's repairs follow: of a minimum above the maximum, of a dew point above 0.99 of the mean
    temperature, and of one below -10 °F.
    """
    zx, zn, zd = z
    mean_x, mean_n, mean_d = means_f
    sd_x, sd_n = sds_f
    between = np.sqrt(np.abs(sd_x**2 - sd_n**2))
    middle = (sd_x + sd_n) / 2.0
    # The minimum varies less: it comes first.
    low = mean_n + sd_n * zn
    high = low + (mean_x - mean_n) + between * zx
    dew = low + (mean_d - mean_n) + np.sqrt(np.abs(middle**2 - sd_n**2)) * zd
    # The maximum varies less: the mirror image.
    mirror_high = mean_x + sd_x * zx
    mirror_low = mirror_high - (mean_x - mean_n) - between * zn
    mirror_dew = mirror_high - (mean_x - mean_d) + np.sqrt(np.abs(middle**2 - sd_x**2)) * zd
    first = sd_x >= sd_n
    high, low = np.where(first, high, mirror_high), np.where(first, low, mirror_low)
    low = np.where(low > high, high - 0.2 * np.abs(high), low)
    dew = np.minimum(np.where(first, dew, mirror_dew), 0.99 * (high + low) / 2.0)
    return high, low, np.where(dew < -10.0, 1.1 * low, dew)


def clear_sky_ly(day_of_year: Ints, latitude_deg: float) -> Floats:
    """The largest possible radiation of a day (Langley) at a latitude."""
    latitude = np.radians(np.clip(latitude_deg, -89.9, 89.9))
    declination = 0.4102 * np.sin((day_of_year - 80.25) / 58.13)
    half_day = np.arccos(np.clip(-np.tan(latitude) * np.tan(declination), -1.0, 1.0))
    sines = half_day * np.sin(latitude) * np.sin(declination)
    return np.asarray(711.0 * (sines + np.cos(latitude) * np.cos(declination) * np.sin(half_day)))


def radiation_ly(z: Floats, mean_ly: Floats, sd_ly: Floats, clear_ly: Floats) -> Floats:
    """Radiation of a day (Langley), between 5 and 100 % of the largest possible; the same on wet and dry days."""
    return np.asarray(np.clip(mean_ly + sd_ly * z, 0.05 * clear_ly, clear_ly))


def wind(
    uniform: Floats, z: Floats, month: Ints, percent: Floats, mean_m_s: Floats, sd_m_s: Floats, skew: Floats
) -> tuple[Floats, Floats]:
    """Speed (m/s) and direction (degrees) of each day; 0 and 0 when it is calm.

    The statistics are (16 sectors from north, 12 months); `month` counts from 0. The uniform number chooses the
    sector by its share of the time and the direction within its 22.5 degrees; what the sectors leave is calm.
    """
    ends = np.vstack([np.zeros(12), np.cumsum(percent, axis=0) / 100.0])
    sector = (ends[1:, month] < uniform).sum(axis=0)
    blowing = sector < SECTORS
    sector = np.minimum(sector, SECTORS - 1)
    width = np.maximum(ends[sector + 1, month] - ends[sector, month], 1e-9)
    within = (uniform - ends[sector, month]) / width
    direction = ((sector - 0.5 + within) % SECTORS) * 360.0 / SECTORS
    deviate = skewed(z, skew[sector, month])
    speed = mean_m_s[sector, month] + sd_m_s[sector, month] * deviate
    speed = np.where(speed < 0.0, 0.1, speed)
    return np.where(blowing, speed, 0.0), np.where(blowing, direction, 0.0)
