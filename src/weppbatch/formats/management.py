"""WEPP's management files (.man, version 98.4): a cover that stays the same all years, and files as they are.

Reads any file of cropland scenarios and writes it again; of covers, makes the file that keeps them constant.
"""

from dataclasses import dataclass, fields
from pathlib import Path

from weppbatch.errors import InputProblems
from weppbatch.files import write_text
from weppbatch.formats.cover import INITIAL, PLANT, StaticCover, check_cover, values_by_name
from weppbatch.formats.scenario import CROPLAND, NEITHER_CUT_NOR_GRAZED, PERENNIAL, Scenario, read_scenario
from weppbatch.formats.text import Reader, Token, Unreadable, one_line, spell

__all__ = [
    "Management",
    "Scenario",
    "Schedule",
    "StaticCover",
    "check_cover",
    "read_management",
    "static_management",
    "write_management",
]

VERSION = "98.4"
MAX_COUNT = 100  # of scenarios, flow elements and crops
MAX_YEARS = 10_000
SECTIONS = (
    ("plants", "Plant", 1),
    ("operations", "Operation", 0),
    ("initials", "Initial Conditions", 1),
    ("surface_effects", "Surface Effects", 0),
    ("contours", "Contouring", 0),
    ("drainages", "Drainage", 0),
    ("yearlies", "Yearly", 1),
)
"""The sections of scenarios in their order: field of Management, title, and how many there must be."""


@dataclass(frozen=True)
class Schedule:
    """The last section: which initial condition each flow element has, and which years follow each other.

    `crops` has one tuple of indices of yearly scenarios for each year and, within it, each flow element.
    """

    name: str
    comments: tuple[str, str, str]
    initial: tuple[int, ...]
    rotation_repeats: int
    years_in_rotation: int
    crops: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Management:
    """A management file: its sections as they stand, numbers with their kind, comments after values left out."""

    flow_elements: int
    years: int
    plants: tuple[Scenario, ...]
    operations: tuple[Scenario, ...]
    initials: tuple[Scenario, ...]
    surface_effects: tuple[Scenario, ...]
    contours: tuple[Scenario, ...]
    drainages: tuple[Scenario, ...]
    yearlies: tuple[Scenario, ...]
    schedule: Schedule

    @property
    def cover(self) -> StaticCover:
        """What the first flow element begins with: its first year's first plant and its initial condition.

        For a management whose plants grow, or that tills or cuts, this is the start only.
        """
        yearly = self.yearlies[self.schedule.crops[0][0] - 1]
        plant = self.plants[int(yearly.rows[0][0]) - 1]
        initial = self.initials[self.schedule.initial[0] - 1]
        values = values_by_name(plant.rows[1:], PLANT) | values_by_name(initial.rows, INITIAL)
        return StaticCover(name=plant.name, **{name: values[name] for name in values if name})  # type: ignore[arg-type]


def static_management(cover: StaticCover, years: int, *, flow_elements: int = 1) -> Management:
    """The management that keeps a cover for all years: a perennial that is neither cut nor grazed.

    Raises InputProblems when the cover is not sound or there are no years.
    """
    problems = check_cover(cover)
    if not 1 <= years <= MAX_YEARS:
        problems.append(f"{years} years; WEPP takes 1 to {MAX_YEARS}")
    if not 1 <= flow_elements <= MAX_COUNT:
        problems.append(f"{flow_elements} flow elements; WEPP takes 1 to {MAX_COUNT}")
    if problems:
        raise InputProblems(f"the cover {cover.name!r} makes no management", problems)
    notes = ("a cover that stays the same", "nothing grows, nothing decays", "written by weppbatch")
    plant = (("WeppWillSet",), *_rows(cover, PLANT))
    initial = [*_rows(cover, INITIAL)]
    initial[1:3] = [(1,), (PERENNIAL,)]  # the residue of plant 1
    yearly = (*((value,) for value in (1, 0, 0, 0, PERENNIAL, 0, 0, 0)), (0.0,), (NEITHER_CUT_NOR_GRAZED,))
    return Management(
        flow_elements=flow_elements,
        years=years,
        plants=(Scenario(cover.name, notes, CROPLAND, plant),),
        operations=(),
        initials=(Scenario(cover.name, notes, CROPLAND, tuple(initial)),),
        surface_effects=(),
        contours=(),
        drainages=(),
        yearlies=(Scenario("Year 1", notes, CROPLAND, yearly),),
        schedule=Schedule("Manage", notes, (1,) * flow_elements, years, 1, ((1,),) * (years * flow_elements)),
    )


def _rows(cover: StaticCover, names: tuple[tuple[str, ...], ...]) -> tuple[tuple[Token, ...], ...]:
    """The values of a cover in the order of a scenario; 0 for nameless ones."""
    whole = {field.name for field in fields(cover) if field.type is int}
    return tuple(
        tuple(
            0 if not name else int(getattr(cover, name)) if name in whole else float(getattr(cover, name))
            for name in line
        )
        for line in names
    )


def write_management(path: Path, management: StaticCover | Management, years: int | None = None) -> None:
    """Write a cover for a number of years, or a management as it stands.

    Raises InputProblems when the cover is not sound, ValueError when a cover comes without years.
    """
    if isinstance(management, StaticCover):
        if years is None:
            raise ValueError("a cover needs a number of years")
        management = static_management(management, years)
    lines = [VERSION, "#", f"{management.flow_elements} # flow elements", f"{management.years} # years"]
    for attribute, title, _ in SECTIONS:
        scenarios = getattr(management, attribute)
        lines += ["", f"# --- {title} Section", f"{len(scenarios)} # {title.lower()} scenarios"]
        for scenario in scenarios:
            lines += [*_heading(scenario.name, scenario.comments), f"{scenario.land_use} # land use"]
            lines += [_line(row) for row in scenario.rows]
    schedule = management.schedule
    lines += ["", "# --- Management Section", *_heading(schedule.name, schedule.comments)]
    lines += [
        f"{len(schedule.initial)} # flow elements",
        *(f"{index} # initial condition" for index in schedule.initial),
    ]
    lines += [
        f"{schedule.rotation_repeats} # rotation repeats",
        f"{schedule.years_in_rotation} # years in rotation",
    ]
    for crops in schedule.crops:
        lines += [str(len(crops)), *(str(index) for index in crops)]
    write_text(path, "\n".join(lines) + "\n")


def _heading(name: str, comments: tuple[str, str, str]) -> list[str]:
    """The four lines that a scenario begins with."""
    return [one_line(name, "name of a scenario"), *(one_line(text, "comment") for text in comments)]


def _line(row: tuple[Token, ...]) -> str:
    """A row as text."""
    return " ".join(value if isinstance(value, str) else spell(value) for value in row)


def read_management(path: Path) -> Management:
    """A management file of version 98.4 with cropland scenarios; `.cover` is what its first year begins with.

    Raises InputProblems with everything that is wrong (the first thing that can't be read ends it), InputError
    when there is no such file.
    """
    reader = Reader(path, "management file")
    try:
        version = reader.record("the version").split()[0]
        if version != VERSION:
            raise reader.unreadable(f"version {version!r} is not one that can be read ({VERSION})")
        flow_elements = reader.integer("the number of flow elements", 1, MAX_COUNT)
        years = reader.integer("the number of years", 1, MAX_YEARS)
        sections: dict[str, tuple[Scenario, ...]] = {}
        for attribute, title, at_least in SECTIONS:
            count = reader.integer(f"the number of scenarios of the {title.lower()} section", at_least, MAX_COUNT)
            sections[attribute] = tuple(read_scenario(reader, attribute) for _ in range(count))
        schedule = _schedule(reader, len(sections["initials"]), len(sections["yearlies"]))
        if not reader.at_end():
            reader.position += 1
            reader.problem("there is more after the last year")
        if len(schedule.initial) != flow_elements:
            reader.problem(f"{len(schedule.initial)} flow elements are managed, {flow_elements} are announced")
    except Unreadable:
        reader.finish()
        raise
    plants = len(sections["plants"])
    for scenario in sections["yearlies"]:
        if not 1 <= int(scenario.rows[0][0]) <= plants:
            reader.problem(f"the year {scenario.name!r} grows plant {scenario.rows[0][0]} of {plants}")
    reader.finish()
    return Management(flow_elements, years, schedule=schedule, **sections)


def _schedule(reader: Reader, initials: int, yearlies: int) -> Schedule:
    """The last section."""
    name = reader.record("the name of the management").strip()
    comments = [reader.line("a comment").strip() for _ in range(3)]
    elements = reader.integer("the number of flow elements", 1, MAX_COUNT)
    initial = tuple(reader.integer("an initial condition", 1, initials) for _ in range(elements))
    repeats = reader.integer("the number of rotation repeats", 1, MAX_YEARS)
    years = reader.integer("the number of years in the rotation", 1, MAX_YEARS)
    crops = []
    for year in range(1, repeats * years + 1):
        for element in range(1, elements + 1):
            what = f"year {year}, flow element {element}"
            count = reader.integer(f"the number of crops in {what}", 1, MAX_COUNT)
            crops.append(tuple(reader.integer(f"a crop in {what}", 1, yearlies) for _ in range(count)))
    return Schedule(name, (comments[0], comments[1], comments[2]), initial, repeats, years, tuple(crops))
