"""WEPP's soil files (.sol): versions 2006.2, 7777 and 7778 in, 2006.2 and 7778 out.

Reads, writes and checks; WEPPcloud's 9002 and later, which WEPP itself misreads, are refused.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from weppbatch.errors import InputError, InputProblems
from weppbatch.files import write_text
from weppbatch.formats.text import INTEGER, Reader, Unreadable, one_line, parse_number, quote, spell, unquote

Version = Literal["7778", "2006.2"]

# The order of a layer's values, version by version.
COLUMNS: dict[str, tuple[str, ...]] = {
    "2006.2": ("depth_mm", "sand_pct", "clay_pct", "organic_matter_pct", "cec_meq_100g", "rock_pct"),
    "7777": (
        *("depth_mm", "bulk_density_g_cm3", "ksat_mm_h", "field_capacity", "wilting_point"),
        *("sand_pct", "clay_pct", "organic_matter_pct", "cec_meq_100g", "rock_pct"),
    ),
    "7778": (
        *("depth_mm", "bulk_density_g_cm3", "ksat_mm_h", "anisotropy", "field_capacity", "wilting_point"),
        *("sand_pct", "clay_pct", "organic_matter_pct", "cec_meq_100g", "rock_pct"),
    ),
}
MAX_LAYERS = 10
MAX_ELEMENTS = 100
AVKE = "avke_mm_h"
DEFAULT_THICKNESS_MM = 10_000.0  # of a restrictive layer, as WEPPcloud writes it
DEFAULT_ANISOTROPY = 25.0  # of a restrictive layer, WEPP's own default


@dataclass(frozen=True)
class SoilLayer:
    """One layer down to `depth_mm`, counted from the surface; None where version 2006.2 has no value."""

    depth_mm: float
    sand_pct: float
    clay_pct: float
    organic_matter_pct: float
    cec_meq_100g: float
    rock_pct: float
    bulk_density_g_cm3: float | None = None
    ksat_mm_h: float | None = None
    anisotropy: float | None = None
    field_capacity: float | None = None
    wilting_point: float | None = None


@dataclass(frozen=True)
class Soil:
    """A soil profile with the erodibility of its surface.

    `ki_kg_s_m4` is interrill erodibility, `kr_s_m` rill erodibility, `tauc_n_m2` critical shear, `avke_mm_h` the
    surface's effective conductivity (None: WEPP uses the layers'), `ksflag` 1 when WEPP may adjust it over time.
    Below the layers lies, when `restrictive`, one that conducts `kslast_mm_h`: version 7778 knows its thickness,
    2006.2 its anisotropy.
    """

    name: str
    texture: str
    layers: tuple[SoilLayer, ...]
    albedo: float
    initial_saturation: float
    ki_kg_s_m4: float
    kr_s_m: float
    tauc_n_m2: float
    avke_mm_h: float | None = None
    ksflag: int = 0
    restrictive: bool = False
    kslast_mm_h: float = 0.0
    restrictive_thickness_mm: float | None = None
    restrictive_anisotropy: float | None = None
    comment: str = "soil"


def check_soil(soil: Soil) -> list[str]:
    """What is wrong with a soil, in words; empty when nothing is."""
    problems: list[str] = []
    ranges = (
        ("albedo", soil.albedo, 0.0, 1.0),
        ("initial saturation", soil.initial_saturation, 0.0, 1.0),
        ("interrill erodibility (kg s/m4)", soil.ki_kg_s_m4, 0.0, 1e9),
        ("rill erodibility (s/m)", soil.kr_s_m, 0.0, 10.0),
        ("critical shear (N/m2)", soil.tauc_n_m2, 0.0, 1e4),
        ("conductivity below the layers (mm/h)", soil.kslast_mm_h, 0.0, 1e5),
        ("thickness of the restrictive layer (mm)", soil.restrictive_thickness_mm, 0.0, 1e6),
        ("anisotropy of the restrictive layer", soil.restrictive_anisotropy, 0.0, 1e4),
    )
    for name, value, low, high in ranges:
        if value is not None and not low <= value <= high:
            problems.append(f"the {name}, {value:g}, is not between {low:g} and {high:g}")
    if soil.avke_mm_h is not None and not 0 < soil.avke_mm_h <= 1e5:
        problems.append(f"the effective conductivity, {soil.avke_mm_h:g} mm/h, is not positive")
    if soil.ksflag not in (0, 1):
        problems.append(f"ksflag is {soil.ksflag}, not 0 or 1")
    if not 1 <= len(soil.layers) <= MAX_LAYERS:
        problems.append(f"it has {len(soil.layers)} layers; WEPP takes 1 to {MAX_LAYERS}")
    above_mm = 0.0
    for number, layer in enumerate(soil.layers, 1):
        problems += [f"layer {number}: {text}" for text in _check_layer(layer, above_mm)]
        above_mm = layer.depth_mm
    return problems


def _check_layer(layer: SoilLayer, above_mm: float) -> list[str]:
    """What is wrong with one layer that begins at `above_mm`; every comparison is false for NaN."""
    problems = []
    if not above_mm < layer.depth_mm < math.inf:
        problems.append(f"its depth, {layer.depth_mm:g} mm, is not below the one above, {above_mm:g} mm")
    ranges = (
        ("sand (%)", layer.sand_pct, 0.0, 100.0),
        ("clay (%)", layer.clay_pct, 0.0, 100.0),
        ("organic matter (%)", layer.organic_matter_pct, 0.0, 100.0),
        ("cation exchange capacity (meq/100g)", layer.cec_meq_100g, 0.0, 1000.0),
        ("rock (%)", layer.rock_pct, 0.0, 100.0),
        ("bulk density (g/cm3)", layer.bulk_density_g_cm3, 0.01, 2.65),
        ("anisotropy", layer.anisotropy, 0.01, 1e4),
        ("field capacity", layer.field_capacity, 0.0, 1.0),
        ("wilting point", layer.wilting_point, 0.0, 1.0),
    )
    for name, value, low, high in ranges:
        if value is not None and not low <= value <= high:
            problems.append(f"{name}, {value:g}, is not between {low:g} and {high:g}")
    if layer.ksat_mm_h is not None and not 0 < layer.ksat_mm_h <= 1e5:
        problems.append(f"conductivity, {layer.ksat_mm_h:g} mm/h, is not positive")
    if layer.sand_pct + layer.clay_pct > 100.0 + 1e-9:
        problems.append(f"sand and clay add up to {layer.sand_pct + layer.clay_pct:g} %")
    dry, moist = layer.wilting_point, layer.field_capacity
    if dry is not None and moist is not None and dry > moist:
        problems.append(f"the wilting point, {dry:g}, is above field capacity, {moist:g}")
    return problems


def write_soil(path: Path, soil: Soil | Sequence[Soil], *, version: Version = "7778") -> None:
    """Write one soil, or one for each flow element or channel (they share comment and ksflag).

    Version 2006.2 has no place for a layer's density, conductivities and water contents: WEPP estimates them.
    Version 7778 has none for the effective conductivity: it becomes a comment, and WEPP takes the layers'.
    Raises InputProblems when a soil is not sound or lacks what the version needs.
    """
    soils = [soil] if isinstance(soil, Soil) else list(soil)
    problems = [f"soil {i}: {text}" for i, item in enumerate(soils, 1) for text in _check_for(item, version)]
    if not 1 <= len(soils) <= MAX_ELEMENTS:
        problems.append(f"{len(soils)} soils; WEPP takes 1 to {MAX_ELEMENTS}")
    if len({(item.comment, item.ksflag) for item in soils}) > 1:
        problems.append("the soils of one file differ in comment or ksflag")
    if problems:
        raise InputProblems(f"{path} can't be written", problems)
    lines = [version, one_line(soils[0].comment, "comment").strip(), f"{len(soils)} {soils[0].ksflag}"]
    for item in soils:
        lines += _lines(item, version)
    write_text(path, "\n".join(lines) + "\n")


def _check_for(soil: Soil, version: Version) -> list[str]:
    """Problems of a soil, and values that the version needs and the soil lacks."""
    problems = check_soil(soil)
    for number, layer in enumerate(soil.layers, 1):
        missing = [name for name in COLUMNS[version] if getattr(layer, name) is None]
        if missing:
            problems.append(f"layer {number} has no {', '.join(missing)}, which version {version} needs")
    if version == "2006.2" and soil.avke_mm_h is None:
        problems.append(f"there is no {AVKE}, which version 2006.2 needs")
    if not soil.comment.strip() or soil.comment.lstrip().startswith("#"):
        problems.append("the comment is empty or begins with #, and WEPP would skip it")
    return problems


def _lines(soil: Soil, version: Version) -> list[str]:
    """The lines of one soil."""
    head = [quote(one_line(soil.name, "name of the soil")), quote(one_line(soil.texture, "texture"))]
    head += [str(len(soil.layers)), spell(soil.albedo), spell(soil.initial_saturation)]
    head += [spell(soil.ki_kg_s_m4), spell(soil.kr_s_m), spell(soil.tauc_n_m2)]
    lines = []
    if soil.avke_mm_h is not None:
        if version == "2006.2":
            head.append(spell(soil.avke_mm_h))
        else:
            lines.append(f"# {AVKE} {spell(soil.avke_mm_h)}")
    lines.append(" ".join(head))
    for layer in soil.layers:
        lines.append(" ".join(spell(getattr(layer, name)) for name in COLUMNS[version]))
    below = soil.restrictive_thickness_mm if version == "7778" else soil.restrictive_anisotropy
    if below is None:
        below = DEFAULT_THICKNESS_MM if version == "7778" else DEFAULT_ANISOTROPY
    lines.append(f"{int(soil.restrictive)} {spell(below)} {spell(soil.kslast_mm_h)}")
    return lines


def read_soil(path: Path) -> Soil:
    """The only soil of a file.

    Raises InputProblems with everything that is wrong, InputError when there are several soils or no file.
    """
    soils = read_soils(path)
    if len(soils) != 1:
        raise InputError(f"{path} has {len(soils)} soils where one is expected")
    return soils[0]


def read_soils(path: Path) -> list[Soil]:
    """The soils of a file, one for each flow element or channel.

    Raises InputProblems with everything that is wrong, InputError when there is no such file.
    """
    reader = Reader(path, "soil file")
    soils: list[Soil] = []
    try:
        version = reader.record("the version").split()[0]
        if version not in COLUMNS:
            raise reader.unreadable(f"version {version!r} is not one of {', '.join(COLUMNS)}")
        comment = reader.record("the comment").strip()
        count = reader.integer("the number of soils", 1, MAX_ELEMENTS)
        reader.position -= 1
        ksflag = int(reader.numbers(2, "the number of soils and ksflag")[1])
        for _ in range(count):
            first_line = reader.position + 1
            soil = _soil(reader, version, ksflag, comment)
            soils.append(soil)
            for text in check_soil(soil):
                reader.problem(f"soil {len(soils)}: {text}", first_line)
        if not reader.at_end():
            reader.position += 1
            reader.problem(f"there is more after the last of {count} soils")
    except Unreadable:
        pass
    reader.finish()
    return soils


def _soil(reader: Reader, version: str, ksflag: int, comment: str) -> Soil:
    """The next soil."""
    avke_mm_h = None
    for comment_line in reader.comments():
        key, _, figure = comment_line.partition(" ")
        avke_mm_h = parse_number(figure.strip()) if key == AVKE else avke_mm_h
    has_avke = version == "2006.2"
    row = [token for tokens in reader.tokens(8 + has_avke, "name, texture and erodibility") for token in tokens]
    if not INTEGER.fullmatch(row[2]) or not 1 <= int(row[2]) <= MAX_LAYERS:
        raise reader.unreadable(f"{row[2]!r} is not a number of layers from 1 to {MAX_LAYERS}")
    surface = [parse_number(token) for token in row[3:]]
    for token, value in zip(row[3:], surface, strict=True):
        if value is None:
            reader.problem(f"{token!r} is not a number")
    albedo, saturation, ki, kr, tauc = (math.nan if value is None else value for value in surface[:5])
    layers = []
    for number in range(1, int(row[2]) + 1):
        columns = COLUMNS[version]
        values = reader.numbers(len(columns), f"layer {number}")
        layers.append(SoilLayer(**dict(zip(columns, values, strict=True))))
    flag, below, kslast_mm_h = reader.numbers(3, "the restrictive layer")
    return Soil(
        name=unquote(row[0]),
        texture=unquote(row[1]),
        layers=tuple(layers),
        albedo=albedo,
        initial_saturation=saturation,
        ki_kg_s_m4=ki,
        kr_s_m=kr,
        tauc_n_m2=tauc,
        avke_mm_h=surface[5] if has_avke else avke_mm_h,
        ksflag=ksflag,
        restrictive=flag != 0,
        kslast_mm_h=kslast_mm_h,
        restrictive_thickness_mm=below if version == "7778" else None,
        restrictive_anisotropy=None if version == "7778" else below,
        comment=comment,
    )
