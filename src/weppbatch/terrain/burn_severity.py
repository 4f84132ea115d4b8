"""Burn severity of every cell from a map of classes, 0 to 3 or 130 to 133: unburned, low, moderate, high.

In: a raster in any projection and the cells of the hillslopes. Out: 0 to 3 a cell. Other codings (BARC256, 1 to 4,
dNBR) are refused with what to do, never guessed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from weppbatch.errors import InputError
from weppbatch.terrain.zonal import MapMissesWatershed, Values, Zones, distinct_values, sample, shown

SEVERITIES = ("unburned", "low", "moderate", "high")
OFFSET = 130  # WEPPcloud's own coding
RECODE = "recode it to 0 unburned, 1 low, 2 moderate, 3 high (gdal_calc.py), nearest neighbour only"


class NotBurnSeverity(InputError):
    """The map has other values than the four classes of burn severity."""


@dataclass(frozen=True)
class BurnSeverity:
    """The severity of each cell, 0 to 3 (cells without a value are unburned), and what is to be said of the map."""

    classes: Values
    source: str
    synthetic: bool
    files: tuple[Path, ...]
    notes: list[str]


def read_burn_severity(
    path: Path, zones: Zones, setting: str, outside: Literal["error", "unburned"] = "error"
) -> BurnSeverity:
    """The severity of every hillslope cell.

    The whole map's values are looked at, so that a map of other classes is known as such in every watershed.
    Raises NotBurnSeverity, and what `zonal.sample` raises; a watershed outside the map is unburned when `outside`
    says so.
    """
    offset, notes = _offset(path, setting)
    try:
        found = sample(path, zones, setting)
    except MapMissesWatershed as error:
        if outside == "error":
            raise MapMissesWatershed(
                error.message,
                hint=f"correct {setting}; if this watershed did not burn, set disturbed.outside_sbs=unburned",
            ) from error
        return BurnSeverity(
            np.zeros(zones.zone.size), "", False, (path,), ["it lies outside the burn severity map: unburned"]
        )
    known = np.isfinite(found.values)
    if not known.all():
        notes.append(f"{1 - known.mean():.1%} of the hillslopes' cells have no burn severity: taken as unburned")
    classes = np.where(known, found.values - offset, 0.0)
    return BurnSeverity(classes, found.source, found.synthetic, found.files, notes)


def check_classes(path: Path, setting: str) -> None:
    """Raise NotBurnSeverity unless the whole map has the four classes."""
    _offset(path, setting)


def _offset(path: Path, setting: str) -> tuple[int, list[str]]:
    """What to take from the map's codes to get 0 to 3, and remarks on how they were read."""
    values = distinct_values(path, setting)
    if set(values) <= {0.0, 1.0, 2.0, 3.0}:
        unsaid = bool(values) and 0.0 not in values
        codes = ", ".join(f"{value:g} {SEVERITIES[int(value)]}" for value in values)
        return 0, [f"the burn severity map has no class 0; it was read as {codes}"] if unsaid else []
    if set(values) <= {130.0, 131.0, 132.0, 133.0}:
        return OFFSET, []
    raise NotBurnSeverity(
        f"{path} ({setting}) is no map of burn severity classes: its values are {shown(values)}",
        hint=_hint(values),
    )


def _hint(values: list[float]) -> str:
    """What the values look like, and what to do."""
    if any(value != int(value) for value in values) or values[0] < 0:
        return f"a continuous index such as dNBR has to be classified first; {RECODE}"
    if set(values) <= {0.0, 1.0, 2.0, 3.0, 4.0}:
        return f"it looks like classes 1 to 4; weppbatch add NAME sbs FILE reads them, or {RECODE}"
    if set(values[:-1]) <= {0.0, 1.0, 2.0, 3.0}:
        return f"{values[-1]:g} looks like nodata that is not declared: gdal_edit.py -a_nodata {values[-1]:g} FILE"
    if set(values) <= {0.0, 1.0, 2.0, 3.0, 130.0, 131.0, 132.0, 133.0}:
        return f"it mixes the codings 0 to 3 and 130 to 133; {RECODE}"
    if values[-1] <= 255 and len(values) > 7:
        return (
            f"it looks like BARC256 (unburned to 75, low to 109, moderate to 187, high above); "
            f"weppbatch add NAME sbs FILE reads it, or {RECODE}"
        )
    return RECODE
