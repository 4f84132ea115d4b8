"""Horizons of a soil survey, in SSURGO's columns, made into layers as WEPP takes them.

In: the numbers of a component's horizons. Out: its mineral layers, and how many values had to be estimated. Rules
are WEPPcloud's (wepppy, soils/ssurgo) but for what is said here; where the horizons came from is not known.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from weppbatch.formats.soil import SoilLayer
from weppbatch.hydrology.soil_texture import (
    PARTICLE_DENSITY_G_CM3,
    default_bulk_density_g_cm3,
    simple_texture,
    water_contents,
)

SURFACE_MM = 200.0
LATERAL_MM = 500.0  # horizons that end above it conduct ten times better sideways (WEPPcloud's hzdepb_r <= 50 cm)
SURFACE_ANISOTROPY = 10.0
LEAST_DEPTH_MM, STEP_MM = 210.0, 200.0
MAX_ROCK_SHARE = 0.5
NOT_MINERAL = ("O", "R", "Cr")
DEFAULT_VERY_FINE_SAND_PCT = 10.0

# SSURGO's columns and the range in which a value can be one.
HORIZON_RANGES: Mapping[str, tuple[float, float]] = {
    "hzdept_r": (0, 2000),
    "hzdepb_r": (0, 2000),
    "sandtotal_r": (0, 100),
    "claytotal_r": (0, 100),
    "sandvf_r": (0, 100),
    "om_r": (0, 100),
    "cec7_r": (0, 400),
    "dbthirdbar_r": (0.02, 2.6),
    "ksat_r": (0, 1000),
    "wthirdbar_r": (0, 100),
    "wfifteenbar_r": (0, 100),
    "fragvol_r": (0, 100),
    "fraggt10_r": (0, 100),
    "frag3to10_r": (0, 100),
    "sieveno10_r": (0, 100),
    "comppct_r": (0, 100),
}
REQUIRED = ("hzdepb_r", "sandtotal_r", "claytotal_r")
UM_S_TO_MM_H = 3.6


@dataclass(frozen=True)
class SoilUnit:
    """A map unit's soil: layers from the surface down, and the conductivity of what cut the profile off, if any."""

    key: str
    name: str
    texture: str
    layers: tuple[SoilLayer, ...]
    very_fine_sand_pct: float = DEFAULT_VERY_FINE_SAND_PCT
    restrictive_ksat_mm_h: float | None = None
    estimated: Mapping[str, int] = field(default_factory=dict)


class Horizon(NamedTuple):
    """A row of a soil table: its line, its numbers by SSURGO's names (without the empty ones), its designation."""

    line: int
    values: Mapping[str, float]
    master: str


@dataclass
class Profile:
    """Layers as they are taken from horizons, from the surface down."""

    restrictive_ksat_mm_h: float
    layers: list[SoilLayer] = field(default_factory=list)
    estimated: dict[str, int] = field(default_factory=dict)
    very_fine_sand_pct: float = DEFAULT_VERY_FINE_SAND_PCT
    below_mm_h: float | None = None

    def add_all(self, horizons: Sequence[Horizon]) -> list[str]:
        """Add horizons until one restricts; returns what is wrong with them."""
        problems: list[str] = []
        top_cm = above_cm = 0.0  # where the mineral soil begins, and the foot of the horizon above
        for number, values, master in horizons:
            ksat_mm_h = values["ksat_r"] * UM_S_TO_MM_H if "ksat_r" in values else None
            bottom_cm = values["hzdepb_r"]
            begins_cm = values.get("hzdept_r", above_cm)
            if begins_cm != above_cm or bottom_cm <= above_cm:
                problems.append(
                    f"line {number}: the horizon from {begins_cm:g} to {bottom_cm:g} cm does not follow "
                    f"the one down to {above_cm:g} cm"
                )
            above_cm = bottom_cm
            if self.layers and ksat_mm_h is not None and ksat_mm_h < self.restrictive_ksat_mm_h:
                self.below_mm_h = ksat_mm_h
                break
            if master.startswith(NOT_MINERAL):
                if self.layers:
                    break
                top_cm = bottom_cm
                continue
            lacking = [name for name in ("sandtotal_r", "claytotal_r") if name not in values]
            if lacking:
                problems.append(f"line {number}: {' and '.join(lacking)} empty")
                continue
            wrong = self._add(values, (bottom_cm - top_cm) * 10.0, ksat_mm_h)
            problems += [f"line {number}: {text}" for text in wrong]
        return problems

    def _add(self, values: Mapping[str, float], depth_mm: float, ksat_mm_h: float | None) -> list[str]:
        """Add one mineral horizon."""
        sand, clay = values["sandtotal_r"], values["claytotal_r"]
        if sand + clay > 100.0:
            return [f"sandtotal_r and claytotal_r add up to {sand + clay:g} %"]
        above = self.layers[-1] if self.layers else None
        if "om_r" not in values and above is None:
            return ["om_r of the surface is empty"]
        om = values["om_r"] if "om_r" in values else self._guess("om", above.organic_matter_pct if above else 0.0)
        # Half a meq/g of clay and two of organic matter (Brady & Weil, The nature and properties of soils).
        cec = values.get("cec7_r") or self._guess("cec", 0.5 * clay + 2.0 * om)
        density = values.get("dbthirdbar_r") or self._guess("bulk density", default_bulk_density_g_cm3(sand, clay))
        by_texture = water_contents(sand, clay, om)
        if not ksat_mm_h:
            ksat_mm_h = self._guess("ksat", by_texture.ksat_mm_h)
        rock = _rock_pct(values)
        if rock is None:
            rock = self._guess("rock", above.rock_pct if above else 0.0)
        water = self._water(values, density, rock, by_texture.wilting_point, by_texture.field_capacity)
        if above is None:
            self.very_fine_sand_pct = min(values.get("sandvf_r", DEFAULT_VERY_FINE_SAND_PCT), sand)
        self.layers.append(
            SoilLayer(
                depth_mm=depth_mm,
                sand_pct=sand,
                clay_pct=clay,
                organic_matter_pct=om,
                cec_meq_100g=cec,
                rock_pct=rock,
                bulk_density_g_cm3=density,
                ksat_mm_h=ksat_mm_h,
                anisotropy=SURFACE_ANISOTROPY if depth_mm <= LATERAL_MM else 1.0,
                field_capacity=water[1],
                wilting_point=water[0],
            )
        )
        return []

    def _water(
        self, values: Mapping[str, float], density: float, rock: float, wilting_point: float, field_capacity: float
    ) -> tuple[float, float]:
        """Wilting point and field capacity of the fine earth, from the survey or else from texture.

        The survey's are of the whole soil. Where the wilting point is above field capacity, or they leave the fine
        earth no pores to drain, texture's are taken, and these are kept below the porosity.
        """
        stated = values.get("wfifteenbar_r"), values.get("wthirdbar_r")
        most = 0.99 * (1.0 - density / PARTICLE_DENSITY_G_CM3)
        if stated[0] is not None and stated[1] is not None:
            fine = 1.0 - min(rock / 100.0, MAX_ROCK_SHARE)
            found = stated[0] / 100.0 / fine, stated[1] / 100.0 / fine
            if found[0] <= found[1] and 0.0 < found[1] <= most:
                return found
        self._guess("water contents", 0.0)
        return min(wilting_point, most), min(field_capacity, most)

    def _guess(self, what: str, value: float) -> float:
        """Count an estimated value."""
        self.estimated[what] = self.estimated.get(what, 0) + 1
        return value

    def unit(self, key: str, name: str) -> SoilUnit:
        """The profile, its foot rounded up to WEPPcloud's steps of 200 mm."""
        depth_mm = math.ceil(max(self.layers[-1].depth_mm, LEAST_DEPTH_MM) / STEP_MM) * STEP_MM
        layers = (*self.layers[:-1], replace(self.layers[-1], depth_mm=depth_mm))
        texture = simple_texture(layers[0].sand_pct, layers[0].clay_pct)
        return SoilUnit(key, name, texture, layers, self.very_fine_sand_pct, self.below_mm_h, self.estimated)


def _rock_pct(values: Mapping[str, float]) -> float | None:
    """Rock fragments, percent: fragvol_r, or from the coarse fragments and what passes sieve 10."""
    if "fragvol_r" in values:
        return values["fragvol_r"]
    if "sieveno10_r" not in values:
        return None
    coarse = min(values.get("fraggt10_r", 0.0) + values.get("frag3to10_r", 0.0), 100.0)
    return (100.0 - coarse) / 100.0 * (100.0 - values["sieveno10_r"]) + coarse


def horizon_values(number: int, row: Mapping[str, str]) -> tuple[dict[str, float], list[str]]:
    """A row's numbers without its empty cells, and what is wrong with them."""
    values: dict[str, float] = {}
    problems = []
    for name, (low, high) in HORIZON_RANGES.items():
        text = row.get(name, "")
        if not text:
            continue
        try:
            value = float(text)
        except ValueError:
            problems.append(f"line {number}: {name} is '{text}', not a number")
            continue
        if not low <= value <= high:  # NaN is in no range
            problems.append(f"line {number}: {name} is {text}, not between {low:g} and {high:g}")
        values[name] = value
    if not problems and "hzdepb_r" not in values:
        problems.append(f"line {number}: hzdepb_r is empty")
    return values, problems
