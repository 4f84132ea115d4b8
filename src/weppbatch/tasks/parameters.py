"""The parameter tables: land cover keys, covers by disturbed class, soil parameters by class and texture, profiles.

In: the shipped tables of config/tables, or a user's own. Out: typed rows by key. A table that can't be used is
refused with everything that is wrong in it. What a hillslope gets is decided in the tasks landuse and soils.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from weppbatch.formats.management import StaticCover
from weppbatch.formats.soil import SoilLayer
from weppbatch.hydrology.soil_texture import TEXTURES
from weppbatch.tasks.tables import NO_FLOOR, Cells, checked_rows, read_cells, refuse, table_path

COVER_COLUMNS = (
    *("canopy_cover", "interrill_cover", "rill_cover", "plant_height_m", "max_lai", "rooting_depth_m"),
    *("random_roughness_m", "ridge_height_m", "max_live_friction", "extinction", "max_root_mass_kg_m2"),
    *("dead_root_mass_kg_m2", "submerged_residue_kg_m2", "rill_spacing_m", "days_since_disturbance"),
    "rain_since_disturbance_mm",
)
LAYER_COLUMNS = (
    *("depth_mm", "bulk_density_g_cm3", "ksat_mm_h", "anisotropy", "field_capacity", "wilting_point"),
    *("sand_pct", "clay_pct", "organic_matter_pct", "cec_meq_100g", "rock_pct"),
)
FIRST_BURNED_KEY = 105  # below it keys are NLCD's
ERODIBILITY_COLUMNS = ("ki_kg_s_m4", "kr_s_m", "tauc_n_m2", "avke_mm_h")
# Names of WEPPcloud's own lookup table.
WEPPCLOUD_NAMES = {
    "luse": "disturbed_class",
    "stext": "texture",
    "ki": "ki_kg_s_m4",
    "kr": "kr_s_m",
    "shcrit": "tauc_n_m2",
    "avke": "avke_mm_h",
    "lkeff": "lkeff_mm_h",
}


@dataclass(frozen=True)
class LandCover:
    """What a land cover key stands for."""

    key: int
    label: str
    disturbed_class: str


@dataclass(frozen=True)
class ClassCover:
    """The cover of a disturbed class; `burns_as` is '' when it doesn't burn, `fixed_soil` when it has none."""

    disturbed_class: str
    burns_as: str
    fixed_soil: str
    values: Mapping[str, float]

    def static_cover(self) -> StaticCover:
        """The cover as WEPP's management files take it."""
        return static_cover(self.disturbed_class, self.values)


@dataclass(frozen=True)
class SoilParameters:
    """Erodibility and conductivity of a class on a texture; all four None where the soil keeps its own."""

    disturbed_class: str
    texture: str
    ki_kg_s_m4: float | None
    kr_s_m: float | None
    tauc_n_m2: float | None
    avke_mm_h: float | None
    ksatadj: int
    lkeff_mm_h: float | None


@dataclass(frozen=True)
class FixedSoil:
    """A soil that goes with a land cover: one layer, and the header of its soil file."""

    name: str
    texture: str
    layer: SoilLayer
    albedo: float
    ki_kg_s_m4: float
    kr_s_m: float
    tauc_n_m2: float
    avke_mm_h: float
    ksflag: int
    kslast_mm_h: float


def static_cover(name: str, values: Mapping[str, Any]) -> StaticCover:
    """A StaticCover from the cover columns of a row; what the columns don't say has WEPPcloud's defaults."""
    chosen = {column: float(values[column]) for column in COVER_COLUMNS}
    days = int(chosen.pop("days_since_disturbance"))
    return StaticCover(name=name, days_since_disturbance=days, **chosen)  # type: ignore[arg-type]


def land_covers(own: Path | None = None, legend: str = "nlcd") -> dict[int, LandCover]:
    """Land cover keys of a legend (nlcd, worldcover) with those of burned classes, and over them a user's own.

    Raises InputProblems with all that is wrong in a table: columns, numbers, keys given twice.
    """
    found = _keyed(table_path("landcover"), _read_land_covers)
    if legend == "worldcover":
        burned = {key: cover for key, cover in found.items() if key >= FIRST_BURNED_KEY}
        found = burned | _keyed(table_path("worldcover"), _read_land_covers)
    return found | (_keyed(own, _read_land_covers) if own else {})


def class_covers() -> dict[str, ClassCover]:
    """The covers of all disturbed classes."""
    return _keyed(table_path("covers"), _read_covers)


def soil_parameters(own: Path | None = None) -> dict[tuple[str, str], SoilParameters]:
    """Soil parameters by class and texture: the shipped table, or a user's in its place.

    A user's table may have WEPPcloud's column names (luse, stext, ki, kr, shcrit, avke, ksatadj, lkeff); columns
    that are not known here are left alone. Raises InputProblems with all that is wrong.
    """
    return _keyed(own or table_path("soil_parameters"), _read_soil_parameters)


def texture_profiles() -> dict[str, tuple[SoilLayer, ...]]:
    """The layers of the shipped profile of each texture."""
    path = table_path("soil_profiles")
    rows, problems = checked_rows(read_cells(path), {"texture": str} | dict.fromkeys(LAYER_COLUMNS, float))
    refuse(path, problems)
    found: dict[str, list[SoilLayer]] = {}
    for row in rows:
        found.setdefault(row["texture"], []).append(layer_of(row))
    return {texture: tuple(layers) for texture, layers in found.items()}


def fixed_soils() -> dict[str, FixedSoil]:
    """The soils that go with a land cover, by name."""
    return _keyed(table_path("fixed_soils"), _read_fixed_soils)


def layer_of(row: Mapping[str, Any]) -> SoilLayer:
    """A layer from the columns of that name."""
    return SoilLayer(**{column: float(row[column]) for column in LAYER_COLUMNS})


Reading = tuple[list[tuple[int, Any, Any]], list[str]]
"""Line number, key and value of each row, and all problems."""


def _keyed(path: Path, read: Callable[[Cells], Reading]) -> dict[Any, Any]:
    """A table's rows by key; raises InputProblems with all that is wrong in it, keys given twice included."""
    rows, problems = read(read_cells(path))
    found: dict[Any, Any] = {}
    lines: dict[Any, int] = {}
    for number, key, value in rows:
        if key in found:
            shown = " on ".join(key) if isinstance(key, tuple) else key
            problems.append(f"line {number}: {shown} is given twice, first on line {lines[key]}")
        found[key] = value
        lines.setdefault(key, number)
    refuse(path, problems)
    return found


def _numbered(cells: Cells, rows: Sequence[dict[str, Any]]) -> Iterable[tuple[int, dict[str, Any]]]:
    """Checked rows with their lines; none when the table has no usable columns."""
    return ((number, row) for (number, _), row in zip(cells, rows, strict=False))


def _read_land_covers(cells: Cells) -> Reading:
    rows, problems = checked_rows(cells, {"key": float, "label": str, "disturbed_class": str})
    known = class_covers()
    found = []
    for number, row in _numbered(cells, rows):
        key, name = int(row["key"]), row["disturbed_class"]
        if name and name not in known:
            problems.append(f"line {number}: there is no disturbed class '{name}'; there are {', '.join(known)}")
        found.append((number, key, LandCover(key, row["label"], name)))
    return found, problems


def _read_covers(cells: Cells) -> Reading:
    names = {"disturbed_class": str, "burns_as": str, "fixed_soil": str}
    rows, problems = checked_rows(
        cells, names | dict.fromkeys(COVER_COLUMNS, float), optional=("burns_as", "fixed_soil")
    )
    found = []
    for number, row in _numbered(cells, rows):
        values = {column: float(row[column]) for column in COVER_COLUMNS}
        name = row["disturbed_class"]
        found.append((number, name, ClassCover(name, row["burns_as"] or "", row["fixed_soil"] or "", values)))
    return found, problems


def _read_soil_parameters(cells: Cells) -> Reading:
    renamed = [
        (number, {WEPPCLOUD_NAMES.get(name, name): text for name, text in row.items()}) for number, row in cells
    ]
    numbers = (*ERODIBILITY_COLUMNS, "ksatadj", "lkeff_mm_h")
    names = {"disturbed_class": str, "texture": str}
    rows, problems = checked_rows(
        renamed, names | dict.fromkeys(numbers, float), optional=(*ERODIBILITY_COLUMNS, "lkeff_mm_h")
    )
    problems += [
        f"it has no column {name}" for name in ERODIBILITY_COLUMNS if renamed and name not in renamed[0][1]
    ]
    found = []
    for number, row in _numbered(cells, rows):
        key = row["disturbed_class"], row["texture"]
        given = [name for name in ERODIBILITY_COLUMNS if row[name] is not None]
        if 0 < len(given) < len(ERODIBILITY_COLUMNS):
            lacking = ", ".join(name for name in ERODIBILITY_COLUMNS if name not in given)
            problems.append(f"line {number}: {lacking} empty; give all four, or none to keep the soil's own")
        if key[1] and key[1] not in TEXTURES:
            problems.append(f"line {number}: there is no texture '{key[1]}'; there are {', '.join(TEXTURES)}")
        floor = None if row["lkeff_mm_h"] in (None, NO_FLOOR) else row["lkeff_mm_h"]
        if floor is not None and floor < 0:
            problems.append(f"line {number}: lkeff_mm_h is {floor:g}, below 0")
        values = {name: row[name] for name in ERODIBILITY_COLUMNS}
        made = SoilParameters(*key, **values, ksatadj=int(row["ksatadj"]), lkeff_mm_h=floor)
        found.append((number, key, made))
    return found, problems


def _read_fixed_soils(cells: Cells) -> Reading:
    numbers = [f.name for f in fields(FixedSoil) if f.name not in ("name", "texture", "layer")]
    columns = {"fixed_soil": str, "texture": str} | dict.fromkeys((*LAYER_COLUMNS, *numbers), float)
    rows, problems = checked_rows(cells, columns)
    found = []
    for number, row in _numbered(cells, rows):
        values = {name: row[name] for name in numbers} | {"ksflag": int(row["ksflag"])}
        made = FixedSoil(row["fixed_soil"], row["texture"], layer_of(row), **values)
        found.append((number, made.name, made))
    return found, problems
