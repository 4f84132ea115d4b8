"""WEPP's structure (.str) and channel files (.chn, version 99.1): what drains where, and the channels' beds.

Writes; slopes, soils and covers of channels are in files of the kinds that hillslopes have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from weppbatch.errors import InputProblems
from weppbatch.files import write_text
from weppbatch.formats.text import spell

VERSION = "99.1"
CHANNEL = 2
SIDES = ("left", "right", "top")
Peaks = Literal[2, 4]
CREAMS: Peaks = 2
MUSKINGUM_CUNGE: Peaks = 4
SHAPE, CONTROL, ENERGY_SLOPE, NO_OUTPUT = 2, 1, 1, 0  # naturally eroded, critical flow at the foot, energy slope
SIDE_SLOPE = 19.99
DEPTH_MID_M, DEPTH_SIDE_M = 0.5, 0.1  # to a layer that doesn't erode
CONTROL_SLOPE, CONTROL_SIDE_SLOPE = 0.02, 4.0


@dataclass(frozen=True)
class Element:
    """A channel of the structure: the elements at its sides and its top, 0 for none (left, right, top)."""

    hillslopes: tuple[int, int, int]
    channels: tuple[int, int, int]


@dataclass(frozen=True)
class ChannelBed:
    """What the channel file says of one channel."""

    name: str
    manning_bare: float
    manning: float
    erodibility_s_m: float
    critical_shear_n_m2: float


def write_structure(path: Path, elements: Sequence[Element], hillslopes: int) -> None:
    """Write the channels, upstream first; hillslopes are elements 1 to their number, channels follow.

    Raises InputProblems for a channel into which nothing drains, one that is named before it is there, and
    hillslopes that drain nowhere: WEPP stops at these.
    """
    problems = []
    for number, element in enumerate(elements, hillslopes + 1):
        if not any((*element.hillslopes, *element.channels)):
            problems.append(f"nothing drains into element {number}")
        if any(below >= number for below in element.channels):
            problems.append(f"element {number} receives one that comes after it")
    missing = set(range(1, hillslopes + 1)) - {one for element in elements for one in element.hillslopes}
    if missing:
        problems.append(f"hillslopes {', '.join(map(str, sorted(missing)))} drain into no channel")
    if problems:
        raise InputProblems(f"{path} can't be written", problems)
    rows = [[CHANNEL, *element.hillslopes, *element.channels, 0, 0, 0] for element in elements]
    write_text(path, "\n".join([VERSION, *(" ".join(map(str, row)) for row in rows)]) + "\n")


def write_channels(path: Path, beds: Sequence[ChannelBed], *, peaks: Peaks, length_width_ratio: float) -> None:
    """Write the beds in the order of the structure file, with the method that finds peaks."""
    lines = [VERSION, str(len(beds)), str(peaks), spell(length_width_ratio)]
    for bed in beds:
        lines += [
            bed.name,
            "shape, control, energy slope, output; side slope, n bare; n, K, tau, depths",
            "control",
        ]
        lines += [str(value) for value in (SHAPE, CONTROL, ENERGY_SLOPE, NO_OUTPUT)]
        lines.append(f"{SIDE_SLOPE} {spell(bed.manning_bare)}")
        values = (max(bed.manning, bed.manning_bare), bed.erodibility_s_m, bed.critical_shear_n_m2)
        lines.append(" ".join(map(spell, (*values, DEPTH_MID_M, DEPTH_SIDE_M))))
        lines.append(" ".join(map(spell, (CONTROL_SLOPE, CONTROL_SIDE_SLOPE, bed.manning))))
    write_text(path, "\n".join(lines) + "\n")
