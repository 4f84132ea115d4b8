"""Classes for the map's colours: bounds at round numbers, closer together where a batch's largest values lie.

In: values. Out: bounds. The same bounds hold for all watersheds of a batch, so that their colours compare.
"""

from collections.abc import Iterable

import numpy as np

QUANTILES = (0.15, 0.35, 0.6, 0.8, 0.95)  # few elements yield most of the sediment: the last class is for them
ROUND = (1.0, 2.0, 5.0, 10.0)  # times a power of ten


def round_bounds(values: Iterable[float | None]) -> list[float]:
    """At most five bounds, ascending, each 1, 2 or 5 times a power of ten; none when all values are alike.

    They are the round numbers nearest to quantiles of the positive values; each bound has values on both sides.
    """
    known = np.array([value for value in values if value is not None and np.isfinite(value)])
    positive = known[known > 0]
    if not positive.size:
        return []
    bounds = sorted({_round(float(value)) for value in np.quantile(positive, QUANTILES)})
    return [bound for bound in bounds if known.min() < bound <= known.max()]


def spread(values: Iterable[float | None]) -> list[float]:
    """What the page makes classes of in either system of units: least, quantiles of the positive ones, largest.

    Empty without a positive value.
    """
    known = np.array([value for value in values if value is not None and np.isfinite(value)])
    positive = known[known > 0]
    if not positive.size:
        return []
    told = [known.min(), *np.quantile(positive, QUANTILES), known.max()]
    return [float(f"{value:.5g}") for value in told]


def _round(value: float) -> float:
    """The nearest round number, by ratio."""
    power = int(np.floor(np.log10(value)))
    steps = [float(f"{step:g}e{power}") for step in ROUND]
    return min(steps, key=lambda step: float(abs(np.log(step / value))))
