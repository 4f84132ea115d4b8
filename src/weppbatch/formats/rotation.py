"""What a management file makes happen on a field: its plants, its tillage and the crops of each year.

A Management's rows in, the same in named fields out, for the first flow element. Nothing grows here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from weppbatch.formats.cover import INITIAL, PLANT, StaticCover, values_by_name
from weppbatch.formats.management import Management
from weppbatch.formats.scenario import (
    ADDS_RESIDUE,
    CULTIVATOR,
    CUT,
    GRAZED,
    NEITHER_CUT_NOR_GRAZED,
    PERENNIAL,
    REMOVES_RESIDUE,
    RESIDUE_MANAGEMENT,
    Scenario,
)
from weppbatch.formats.text import Token

NEVER_COLD_C = -40.0  # a plant that withstands this never freezes
RESIDUE_PLANT_AT = 6  # among the values of an initial condition


@dataclass(frozen=True)
class Operation:
    """What a pass over the field does. Pairs of fractions are for fragile and for other residue.

    `code` is WEPP's: up to 4 tillage; 10 and 12 add residue (of a plant, counted from 1), 11 and 13 remove a share.
    """

    code: int
    buried_interrill: tuple[float, float]
    buried_rill: tuple[float, float]
    ridge_height_m: float
    random_roughness_m: float
    disturbed: float
    depth_m: float
    residue_plant: int = 0
    residue_added_kg_m2: float = 0.0
    residue_removed: float = 0.0


@dataclass(frozen=True)
class Tillage:
    """An operation (counted from 1) on a day of the year, to a depth; primary tillage reaches deeper."""

    day: int
    operation: int
    depth_m: float
    primary: bool


@dataclass(frozen=True)
class Grazing:
    """Animals on the field from a day of the year to the day before another; digestibility is a fraction."""

    first_day: int
    last_day: int
    animals: float
    area_m2: float
    body_weight_kg: float
    digestibility: float


@dataclass(frozen=True)
class Crop:
    """One plant's time on the field within a year; days of the year, 0 for none.

    `kind` is 1 for an annual, 2 for a perennial, 3 for fallow.
    `harvested` is the harvest of an annual and the day a perennial's leaves begin to fall. `residue_option` is what
    is done after an annual's harvest (1 herbicide, 2 burning, 3 silage, 4 cutting), with its day and shares.
    """

    plant: int
    kind: int
    planted: int
    harvested: int
    stopped: int
    row_width_m: float
    tillage: tuple[Tillage, ...] = ()
    cuts: tuple[int, ...] = ()
    grazing: tuple[Grazing, ...] = ()
    residue_option: int = 0
    residue_day: int = 0
    residue_shares: tuple[float, ...] = ()


@dataclass(frozen=True)
class Rotation:
    """The first flow element's plants (each with the field's state at the start), operations, and years of crops.

    `years` holds, for each year, indices into `crops`, counted from 0; `residue_plant`, counted from 1, is the one
    whose residue lies on the field at the start.
    """

    plants: tuple[StaticCover, ...]
    operations: tuple[Operation, ...]
    crops: tuple[Crop, ...]
    years: tuple[tuple[int, ...], ...]
    residue_plant: int

    @property
    def is_static(self) -> bool:
        """Whether nothing grows, decays, freezes, is cut, grazed or tilled: the cover stays as it begins."""
        first = self.crops[self.years[0][0]].plant
        used = {index for year in self.years for index in year}
        return all(_lasts(self.crops[index], self.plants) and self.crops[index].plant == first for index in used)


def rotation_of(management: Management) -> Rotation:
    """A management's first flow element in named fields; `management` is one that read_management accepted."""
    schedule = management.schedule
    initial = management.initials[schedule.initial[0] - 1]
    at_start = values_by_name(initial.rows, INITIAL)
    surface = [_tillage(scenario) for scenario in management.surface_effects]
    return Rotation(
        plants=tuple(_plant(scenario, at_start) for scenario in management.plants),
        operations=tuple(_operation(scenario) for scenario in management.operations),
        crops=tuple(_crop(scenario, surface) for scenario in management.yearlies),
        years=tuple(tuple(index - 1 for index in crops) for crops in schedule.crops[:: management.flow_elements]),
        residue_plant=int([*_values(initial)][RESIDUE_PLANT_AT]),
    )


def _lasts(crop: Crop, plants: tuple[StaticCover, ...]) -> bool:
    """Whether a crop stands unchanged all year and year after year."""
    plant = plants[crop.plant - 1]
    undisturbed = crop.kind == PERENNIAL and not (crop.planted or crop.harvested or crop.stopped)
    lasting = not (plant.energy_biomass_ratio or plant.decay_above_ground or plant.decay_roots)
    handled = crop.tillage or crop.cuts or crop.grazing
    return undisturbed and lasting and not handled and plant.min_temperature_c <= NEVER_COLD_C


def _plant(scenario: Scenario, at_start: dict[str, Token]) -> StaticCover:
    """A plant with the field's state at the start."""
    values = values_by_name(scenario.rows[1:], PLANT) | at_start
    return StaticCover(name=scenario.name, **{name: values[name] for name in values if name})  # type: ignore[arg-type]


def _values(scenario: Scenario) -> Iterator[float]:
    """The numbers of a scenario, one after the other."""
    return (float(value) for row in scenario.rows for value in row)


def _operation(scenario: Scenario) -> Operation:
    """An operation's values; what an implement is like beyond them doesn't count."""
    values = _values(scenario)
    between = next(values), next(values)
    next(values)  # how many implements
    code = int(next(values))
    if code == CULTIVATOR:
        next(values)
    ridge, _, *within, roughness, disturbed, depth = (next(values) for _ in range(7))
    rest = list(values)
    added = (int(rest[0]), rest[1], 0.0) if code in ADDS_RESIDUE else (0, 0.0, 0.0)
    if code in REMOVES_RESIDUE:
        added = (0, 0.0, rest[0])
    return Operation(code, between, (within[0], within[1]), ridge, roughness, disturbed, depth, *added)


def _tillage(scenario: Scenario) -> tuple[Tillage, ...]:
    """The operations of a year in the order of their days."""
    values = _values(scenario)
    passes = [[next(values) for _ in range(4)] for _ in range(int(next(values)))]
    return tuple(
        Tillage(int(day), int(operation), depth, int(kind) == 1)
        for day, operation, depth, kind in sorted(passes, key=lambda one: one[0])
    )


def _crop(scenario: Scenario, surface: list[tuple[Tillage, ...]]) -> Crop:
    """A yearly scenario; contours and drains are not looked at."""
    values = _values(scenario)
    plant, tilled, _, _, kind = (int(next(values)) for _ in range(5))
    tillage = surface[tilled - 1] if tilled else ()
    if kind == PERENNIAL:
        leaves_fall, planted, stopped = (int(next(values)) for _ in range(3))
        width, option = next(values), int(next(values))
        count = 0 if option == NEITHER_CUT_NOR_GRAZED else int(next(values))
        cuts = tuple(int(next(values)) for _ in range(count if option == CUT else 0))
        grazing = tuple(_grazing(values) for _ in range(count if option == GRAZED else 0))
        return Crop(plant, kind, planted, leaves_fall, stopped, width, tillage, cuts, grazing)
    harvested, planted = int(next(values)), int(next(values))
    width, option = next(values), int(next(values))
    rest = list(values) if option in RESIDUE_MANAGEMENT else []
    day = int(rest[0]) if rest else 0
    return Crop(
        plant, kind, planted, harvested, 0, width, tillage, (), (), option if rest else 0, day, tuple(rest[1:])
    )


def _grazing(values: Iterator[float]) -> Grazing:
    """One cycle of grazing."""
    animals, area, weight, digestibility, first, last = (next(values) for _ in range(6))
    return Grazing(int(first), int(last), animals, area, weight, digestibility)
