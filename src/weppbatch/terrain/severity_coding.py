"""How a burn severity map as agencies deliver it is coded, and the map as four classes.

In: a raster with a colour table, BARC256 values, or classes 0 to 3, 1 to 4 or 130 to 133. Out: which value is which
severity, with counts, and a map of 0 to 3 on the same cells. A continuous index is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

from weppbatch.errors import InputError
from weppbatch.files import replacing
from weppbatch.terrain.burn_severity import OFFSET, RECODE, SEVERITIES, NotBurnSeverity
from weppbatch.terrain.zonal import MANY_CLASSES, MapWithoutCrs, opened, shown

NODATA = 255
SETTING = "disturbed.sbs_map"
# Colours that agencies draw the classes in (RGB), as in WEPPcloud (wepppy, nodb/mods/baer/sbs_map.py, 2026).
COLOURS = {
    0: "0,100,0 0,0,0 0,115,74 0,128,128 0,158,115 0,175,166",
    1: "102,204,204 102,205,205 115,255,223 127,255,212 0,255,255 77,230,0 82,204,204 86,180,233",
    2: "255,255,0 255,232,32 240,228,66",
    3: "168,0,0 204,121,167 255,0,0",
}
ROUNDING = 1  # of 255: ERDAS keeps colours as fractions
# A BARC256 value is (1000 dNBR + 275) / 5 (USGS and USFS, burnseverity.cr.usgs.gov), so these are the limits of
# Key & Benson 2006: 1000 dNBR of 100, 270 and 660. WEPPcloud takes 0, 75 and 109, a class more severe everywhere.
BARC256_BREAKS = (75.0, 109.0, 187.0)


@dataclass(frozen=True)
class Coding:
    """Which severity (0 to 3, None: no data) each value of a map is, how that was known, and the cells of each."""

    how: str
    severity: Mapping[int, int | None]
    cells: Mapping[int, int]

    @property
    def classes(self) -> dict[str, int]:
        """The cells of each severity, and of those without."""
        found = dict.fromkeys((*SEVERITIES, "no data"), 0)
        for value, count in self.cells.items():
            severity = self.severity[value]
            found["no data" if severity is None else SEVERITIES[severity]] += count
        return found


def coding_of(path: Path, breaks: tuple[float, float, float] | None = None) -> Coding:
    """How a map is coded: by the user's breaks, its colour table, or its numbers.

    breaks: the highest values of unburned, low and moderate. Raises MapUnreadable, MapWithoutCrs, and
    NotBurnSeverity with what the values are.
    """
    with opened(path, SETTING) as raster:
        if raster.crs is None:
            raise MapWithoutCrs(
                f"{path} has no coordinate reference system", hint="gdal_edit.py -a_srs EPSG:... FILE"
            )
        cells: dict[float, int] = {}
        for _, window in raster.block_windows(1):
            held = raster.read(1, window=window, masked=True).compressed()
            values, counts = np.unique(held[np.isfinite(held)], return_counts=True)
            for value, count in zip(values.tolist(), counts.tolist(), strict=True):
                cells[value] = cells.get(value, 0) + count
            _check_values(path, cells)
        try:
            colours: dict[int, Any] = raster.colormap(1)
        except ValueError:
            colours = {}
    if not cells:
        raise NotBurnSeverity(f"{path} has no data at all", hint="give the map of the fire")
    numbers = {int(value): count for value, count in sorted(cells.items())}
    if breaks is not None:
        return Coding(f"breaks {shown(breaks)}", _by_breaks(numbers, breaks), numbers)
    if colours:
        return Coding("colour table", _by_colour(path, numbers, colours), numbers)
    return _by_number(path, numbers)


def write_classes(path: Path, coding: Coding, target: Path) -> None:
    """Write the map as bytes 0 to 3, 255 for no data, on its own cells: nothing is resampled."""
    with opened(path, SETTING) as raster:
        profile = {"driver": "GTiff", "dtype": "uint8", "count": 1, "nodata": NODATA, "compress": "deflate"}
        profile |= {
            "width": raster.width,
            "height": raster.height,
            "crs": raster.crs,
            "transform": raster.transform,
        }
        values = np.array(list(coding.severity), dtype=np.int64)
        classes = np.array(
            [NODATA if found is None else found for found in coding.severity.values()], dtype=np.uint8
        )
        tags = {name: text for name, text in raster.tags().items() if name == "SYNTHETIC"}
        with replacing(target) as temporary, rasterio.open(temporary, "w", **profile) as out:
            out.update_tags(SOURCE=raster.tags().get("SOURCE", path.name), CODING=coding.how, **tags)
            for _, window in raster.block_windows(1):
                held = raster.read(1, window=window, masked=True)
                found = np.full(held.shape, NODATA, dtype=np.uint8)
                known = ~np.ma.getmaskarray(held)
                if np.issubdtype(held.dtype, np.floating):
                    known &= np.isfinite(held.data)
                found[known] = classes[np.searchsorted(values, held.data[known].astype(np.int64))]
                out.write(found, 1, window=window)


def _check_values(path: Path, cells: Mapping[float, int]) -> None:
    """Raise NotBurnSeverity for fractions and for more values than a class map has."""
    odd = [value for value in cells if value != int(value)]
    if odd or len(cells) > MANY_CLASSES:
        what = f"has fractions such as {shown(odd)}" if odd else f"has more than {MANY_CLASSES} values"
        raise NotBurnSeverity(
            f"{path} is no map of burn severity classes: it {what}",
            hint=f"a continuous index such as dNBR has to be classified first; {RECODE}",
        )


def _by_breaks(cells: Mapping[int, int], breaks: tuple[float, ...]) -> dict[int, int | None]:
    return {value: int(np.searchsorted(breaks, value, side="left")) for value in cells}


def _by_colour(path: Path, cells: Mapping[int, int], colours: Mapping[int, Any]) -> dict[int, int | None]:
    """Each value by its colour, no data where that is none of a class, such as white."""
    named = [
        (np.array([int(part) for part in colour.split(",")]), severity)
        for severity, text in COLOURS.items()
        for colour in text.split()
    ]
    found: dict[int, int | None] = {}
    for value in cells:
        rgb = np.array(colours.get(value, (255, 255, 255))[:3])
        found[value] = next((severity for known, severity in named if abs(known - rgb).max() <= ROUNDING), None)
    if not any(found.values()):
        said = ", ".join(f"{value} {tuple(colours.get(value, ()))[:3]}" for value in list(cells)[:5])
        raise NotBurnSeverity(
            f"{path} has a colour table in which nothing is drawn as low, moderate or high: {said}",
            hint="say what the values are: --breaks UNBURNED,LOW,MODERATE, the highest value of each",
        )
    return found


def _by_number(path: Path, cells: Mapping[int, int]) -> Coding:
    """130 to 133, BARC256, or the four highest of consecutive classes; an odd last one is no data."""
    values = list(cells)
    if set(values) <= {OFFSET + severity for severity in range(4)}:
        return Coding("130 to 133", {value: value - OFFSET for value in values}, cells)
    if values[0] < 0 or values[-1] > NODATA:
        raise NotBurnSeverity(
            f"{path} is no map of burn severity classes: its values are {shown(values)}",
            hint=f"a continuous index such as dNBR has to be classified first; {RECODE}",
        )
    run = next(
        place for place in range(1, len(values) + 1) if place == len(values) or values[place] != values[0] + place
    )
    if run > 5 or len(values) > 7:
        return Coding(f"BARC256, breaks {shown(BARC256_BREAKS)}", _by_breaks(cells, BARC256_BREAKS), cells)
    highest = values[run - 1]
    rest = values[run:]
    low, first = highest - 3, values[0]
    if highest == 3 or (first == 0 and highest < 3):
        low = 0
    if len(rest) > 1 or first > 1 or highest > 4 or (first == 1 and highest < 4):
        raise NotBurnSeverity(
            f"{path} is no map of burn severity classes that can be told: its values are {shown(values)}",
            hint="say what they are: --breaks UNBURNED,LOW,MODERATE, the highest value of each",
        )
    severity: dict[int, int | None] = {value: max(0, value - low) for value in values[:run]}
    return Coding(f"classes {low} to {low + 3}", severity | dict.fromkeys(rest), cells)


def parsed_breaks(text: str) -> tuple[float, float, float]:
    """Breaks from `75,109,187`. Raises InputError unless they are three rising numbers."""
    try:
        low, middle, high = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--breaks {text}: not three numbers", hint="--breaks 75,109,187") from error
    if not low < middle < high:
        raise InputError(f"--breaks {text}: they have to rise", hint="--breaks 75,109,187")
    return low, middle, high
