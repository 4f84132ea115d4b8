"""Numbers, durations and sizes written for people. Knows no table and no page."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Quantity:
    """A number with its unit in a sentence, which the page can show in other units.

    digits: decimals; None: as many as it needs. labelled: whether its unit stands behind it.
    """

    value: float
    unit: str = ""
    digits: int | None = None
    labelled: bool = True

    def __str__(self) -> str:
        number = shown_short(self.value) if self.digits is None else shown(self.value, self.digits)
        return f"{number} {self.unit}" if self.labelled and self.unit else number


Text = Sequence[str | Quantity]
"""A sentence, in pieces."""


def shown(value: object, digits: int | None = None) -> str:
    """A value for people: thousands apart, a fixed number of decimals, '' for nothing.

    A small positive number that these decimals would show as zero is shown as less than the smallest of them.
    """
    if value is None or value == "" or (isinstance(value, float) and not np.isfinite(value)):
        return ""
    if isinstance(value, int | float) and digits is not None:
        least = 10.0**-digits
        if round(value, digits) == 0 and value < 0:
            value = 0.0
        if 0 < value < least / 2:
            return f"<{least:.{digits}f}"
        return f"{value:,.{digits}f}".replace("-", "−")
    return str(value)


def shown_short(value: float) -> str:
    """A number with as many digits as it needs, at most three that count: 1,240, 12.4, 0.0036."""
    if value == 0 or not np.isfinite(value):
        return shown(value, 0)
    decimals = places(value)
    text = shown(round(value, decimals), decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def places(value: float) -> int:
    """The decimals with which three digits count: 0 of 16,186, 1 of 61.0, 3 of 0.490."""
    return 0 if value == 0 or not np.isfinite(value) else max(0, 2 - int(np.floor(np.log10(abs(value)))))


def shown_seconds(value: float | None) -> str:
    """A duration for people: 0.34 s, 4.2 s, 75 s, 12 min, 3 h 20 min."""
    if value is None:
        return ""
    if value < 1:
        return f"{value:.2f} s"
    if value < 9.95:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def shown_bytes(value: float) -> str:
    """A file size for people, in decimal units."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
