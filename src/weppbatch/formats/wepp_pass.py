"""WEPP's pass file of a hillslope (H.pass.txt): what it sends into its channel, day by day.

Reads; a file that ends before its last day is refused. Runoff below 1 mm a day is not in it (WEPP's own rule).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from weppbatch.formats.wepp_numbers import Floats, Ints, UnreadableOutput, output_text, wepp_float, wepp_floats

CLASSES = 5
NO_EVENT, SUBEVENT, EVENT = "NO EVENT", "SUBEVENT", "EVENT"
# Of an event: duration, time of concentration, alpha, runoff depth and volume, lateral depth and volume, tile
# drainage depth and volume, peak, detached, deposited, then five concentrations and five fractions. Builds with a
# groundwater of their own add its volumes at the end.
DURATION, RUNOFF_M3, LATERAL_M3, DRAIN_M3, PEAK, DETACHED, DEPOSITED, CONCENTRATION = 0, 4, 6, 8, 9, 10, 11, 12
EVENT_VALUES = CONCENTRATION + 2 * CLASSES
SUBEVENT_LATERAL_M3, SUBEVENT_DRAIN_M3, SUBEVENT_VALUES = 1, 3, 4


@dataclass(frozen=True)
class HillslopePass:
    """A hillslope's days: `year` as in the climate, `julian` from 1; arrays of n, sediment n x 5 classes.

    Lateral flow includes what tile drains carried. Peaks are 0 on days without an event.
    """

    area_m2: float
    year: Ints
    julian: Ints
    duration_s: Floats
    runoff_m3: Floats
    lateral_m3: Floats
    peak_m3_s: Floats
    detached_kg: Floats
    deposited_kg: Floats
    sediment_kg: Floats


def read_pass(path: Path) -> HillslopePass:
    """A pass file as a whole. Raises UnreadableOutput naming the line that is not as it should be."""
    lines = output_text(path).split("\n")
    try:
        area_m2 = wepp_float(lines[2].split()[0])
        records = _records(lines[4:])
        return _of(area_m2, records)
    except (IndexError, ValueError) as error:
        raise UnreadableOutput(f"{path.name} of WEPP is cut off or of another layout: {error}") from error


def _records(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Each day's kind, and its values from however many lines they take."""
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        kind = line[:10].strip()
        if kind in (NO_EVENT, SUBEVENT, EVENT):
            found.append((kind, line[10:].split()))
        elif line.strip():
            found[-1][1].extend(line.split())
    return found


def _of(area_m2: float, records: list[tuple[str, list[str]]]) -> HillslopePass:
    days = len(records)
    year, julian = np.zeros((2, days), dtype=np.int64)
    duration, runoff, lateral, peak, detached, deposited = np.zeros((6, days))
    sediment = np.zeros((days, CLASSES))
    for day, (kind, tokens) in enumerate(records):
        year[day], julian[day] = int(tokens[0]), int(tokens[1])
        if kind == NO_EVENT:
            continue
        values = wepp_floats(tokens[2:])
        expected = EVENT_VALUES if kind == EVENT else SUBEVENT_VALUES
        if values.size < expected:
            raise ValueError(f"day {julian[day]} of {year[day]} has {values.size} values, not {expected}")
        if kind == SUBEVENT:
            lateral[day] = values[SUBEVENT_LATERAL_M3] + values[SUBEVENT_DRAIN_M3]
            continue
        duration[day], runoff[day], peak[day] = values[DURATION], values[RUNOFF_M3], values[PEAK]
        lateral[day] = values[LATERAL_M3] + values[DRAIN_M3]
        detached[day], deposited[day] = values[DETACHED], -values[DEPOSITED]  # WEPP counts deposition below 0
        sediment[day] = values[CONCENTRATION : CONCENTRATION + CLASSES] * runoff[day]
    return HillslopePass(area_m2, year, julian, duration, runoff, lateral, peak, detached, deposited, sediment)
