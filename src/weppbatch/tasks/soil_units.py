"""Which soil each hillslope lies on: one texture for all, or the most frequent map unit of a soil map.

In: the control, the hillslopes, the map and its table. Out: a SoilUnit for each hillslope. What a disturbed class
makes of it is decided in the task soils.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from weppbatch.errors import ConfigError, InputProblems
from weppbatch.nodb.soils import Soils
from weppbatch.tasks.parameters import texture_profiles
from weppbatch.tasks.run import Run
from weppbatch.tasks.soil_horizons import SoilUnit
from weppbatch.tasks.soil_properties import gridded_units
from weppbatch.tasks.soil_survey import SoilSurvey
from weppbatch.tasks.tables import table_version
from weppbatch.terrain.zonal import (
    Dominant,
    MapMissesWatershed,
    Values,
    check_whole,
    dominant,
    named,
    read_zones,
    sample,
    without_data,
)

LEAST_KNOWN_SHARE = 0.5
MOST_PROBLEMS = 20

Flags = npt.NDArray[np.bool_]


class UnusableSoils(InputProblems):
    """Hillslopes have a soil that can't be made from the map and the tables."""


@dataclass(frozen=True)
class Units:
    """The soil of each hillslope (None where its land cover brings its own), the share of its cells that have it,
    and what the map and the table say of themselves."""

    units: list[SoilUnit | None]
    share: Values
    maps: dict[str, str] = field(default_factory=dict)
    synthetic: bool = False


class Lacking(NamedTuple):
    """Why hillslopes have no soil, in lines: what the map lacks, and what the table lacks."""

    in_map: list[str]
    in_table: list[str]


def units_of(run: Run, control: Soils, topaz_ids: Sequence[int], needed: Sequence[bool]) -> Units:
    """The soil of each hillslope, in the order of `topaz_ids`; those that are not `needed` get None.

    Raises ConfigError without map or table, UnusableSoils with every map unit that has no usable soil, with its
    cells and hillslopes, MapMissesWatershed with the hillslopes on half of which or more the map has no data, and
    what `zonal.sample` raises.
    """
    if control.mode == "single":
        texture = control.single_texture
        unit = texture_unit(texture, texture)
        return Units([unit if need else None for need in needed], np.ones(len(topaz_ids)))
    if control.mode == "properties":
        return _of_properties(run, control, topaz_ids, needed)
    if not control.soil_map or not control.soil_table:
        raise ConfigError(
            "no soil map or no soil table is set (soils.soil_map, soils.soil_table)",
            hint=f"weppbatch set {run.batch.name} soils.soil_map=FILE.tif soils.soil_table=FILE.csv, "
            "or soils.mode=single for one texture everywhere",
        )
    path = run.batch / "_base" / control.soil_map
    zones = read_zones(run.input("watershed/subwta.tif"), topaz_ids)
    found = sample(path, zones, "soils.soil_map")
    check_whole(found.values, path, "soils.soil_map")
    most = dominant(found.values, zones)
    order = np.searchsorted(zones.topaz_ids, np.asarray(topaz_ids))
    most = Dominant(most.value[order], most.share[order], most.known_share[order])
    wanted = {int(value) for value in most.value[np.isfinite(most.value)]}
    survey = SoilSurvey(run.batch / "_base" / control.soil_table, wanted)
    run.outside(*found.files, survey.path)
    units, invalid = _from_survey(survey, most, np.asarray(needed), control)
    lacking = np.array([need and unit is None for need, unit in zip(needed, units, strict=True)])
    if lacking.any():
        unknown = lacking & (most.known_share < LEAST_KNOWN_SHARE)
        blank = np.isin(zones.topaz_ids, np.asarray(topaz_ids)[unknown])
        why = Lacking(
            [without_data(found.values, zones, blank)] if blank.any() else [],
            _without_soil(most, found.values, np.asarray(topaz_ids), lacking & ~unknown, survey, invalid),
        )
        _stand_in(run, control, f"{path} (soils.soil_map)", units, zones.cells[order], lacking, why)
    _say_estimated(run, units)
    maps = {"soil_map": found.source or path.name, "soil_table": table_version(survey.path)}
    return Units(units, most.share, maps, found.synthetic)


def _of_properties(run: Run, control: Soils, topaz_ids: Sequence[int], needed: Sequence[bool]) -> Units:
    """The soils of mode properties, the dominant one in place of those that can't be made, where that is asked."""
    zones = read_zones(run.input("watershed/subwta.tif"), topaz_ids)
    found = gridded_units(run, control, zones, topaz_ids, needed)
    if found.problems:
        texts = [f"hillslope {topaz_id}: {text}" for topaz_id, text in found.problems.items()]
        shown = [
            *texts[:MOST_PROBLEMS],
            *([f"and {len(texts) - MOST_PROBLEMS} more"] if texts[MOST_PROBLEMS:] else []),
        ]
        lacking = np.isin(topaz_ids, list(found.problems))
        cells = zones.cells[np.searchsorted(zones.topaz_ids, np.asarray(topaz_ids))]
        _stand_in(run, control, "the maps of soil properties", found.units, cells, lacking, Lacking([], shown))
    return Units(found.units, found.share, found.maps, found.synthetic)


def texture_unit(key: str, texture: str) -> SoilUnit:
    """The shipped profile of a texture as a map unit."""
    return SoilUnit(key, texture, texture, texture_profiles()[texture])


def _from_survey(
    survey: SoilSurvey, most: Dominant, needed: Flags, control: Soils
) -> tuple[list[SoilUnit | None], dict[int, str]]:
    """The map unit of each hillslope, None where there is none in the table, it has no mineral soil, or it can't be
    used and the dominant one may stand in (with why, by map unit).

    Raises UnusableSoils with all that is wrong with the table's rows, where nothing may stand in.
    """
    known = needed & (most.known_share >= LEAST_KNOWN_SHARE)
    units: dict[int, SoilUnit | None] = {}
    problems: list[str] = []
    invalid: dict[int, str] = {}
    for mukey in sorted({int(value) for value in most.value[known]} & survey.rows.keys()):
        if survey.by_texture:
            texture, wrong = survey.texture_of(mukey)
            units[mukey] = texture_unit(str(mukey), texture) if texture else None
        else:
            units[mukey], wrong = survey.unit(mukey, control.restrictive_ksat_mm_h)
        problems += wrong
        if wrong:
            invalid[mukey] = "; ".join(wrong).removeprefix(f"map unit {mukey}, ")
    if problems and control.missing_soil == "error":
        raise UnusableSoils(
            f"the table {survey.path} (soils.soil_table) can't be used:",
            problems[:MOST_PROBLEMS],
            hint="correct these rows of the table and run again",
        )
    return [units.get(int(value)) if ok else None for value, ok in zip(most.value, known, strict=True)], invalid


def _without_soil(
    most: Dominant,
    values: Values,
    topaz_ids: npt.NDArray[np.int64],
    lacking: Flags,
    survey: SoilSurvey,
    invalid: Mapping[int, str],
) -> list[str]:
    """Why hillslopes have no soil: a line for each map unit, with its cells and hillslopes."""
    texts = []
    for mukey in np.unique(most.value[lacking]):
        why = "has no mineral horizon" if int(mukey) in survey.rows else "has no row in the table"
        why = f"can't be used ({invalid[int(mukey)]})" if int(mukey) in invalid else why
        here = lacking & (most.value == mukey)
        texts.append(f"map unit {mukey:.0f} {why}: {int((values == mukey).sum())} cells, {named(topaz_ids, here)}")
    return texts


def _stand_in(
    run: Run,
    control: Soils,
    where: str,
    units: list[SoilUnit | None],
    cells: npt.NDArray[np.int64],
    lacking: Flags,
    why: Lacking,
) -> None:
    """Put the soil that covers most of the watershed where there is none, if the control says so; else raise."""
    area: dict[str, int] = {}
    for unit, count in zip(units, cells, strict=True):
        if unit is not None:
            area[unit.key] = area.get(unit.key, 0) + int(count)
    of_table = control.mode == "gridded"
    if control.missing_soil == "error" or not area:
        hints = ["complete the table" if of_table else "correct these maps, or their units"] if why.in_table else []
        hints += ["give a map that covers these hillslopes"] if why.in_map else []
        hints += [f"or let the dominant soil stand in: weppbatch set {run.batch.name} soils.missing_soil=dominant"]
        hint = ", ".join(hints if area else hints[:-1])
        if not why.in_table:
            raise MapMissesWatershed(f"{where}: {why.in_map[0]}", hint=hint)
        raise UnusableSoils(
            f"{where}{', with its table' if of_table else ''}:", [*why.in_map, *why.in_table], hint=hint
        )
    largest = max(sorted(area), key=lambda key: area[key])
    substitute = next(unit for unit in units if unit is not None and unit.key == largest)
    name = f"map unit {largest}" if of_table else largest
    run.warn(
        f"{name} stands in on {int(lacking.sum())} of "
        f"{len(units)} hillslopes where there is no valid soil: {'; '.join([*why.in_map, *why.in_table])}",
        degraded=True,
    )
    for index in np.flatnonzero(lacking):
        units[index] = substitute


def _say_estimated(run: Run, units: Sequence[SoilUnit | None]) -> None:
    """A warning of how many values had to be estimated, and of how many map units."""
    counts: dict[str, int] = {}
    distinct = {unit.key: unit for unit in units if unit is not None and unit.estimated}
    for unit in distinct.values():
        for what, count in unit.estimated.items():
            counts[what] = counts.get(what, 0) + count
    if counts:
        listed = ", ".join(f"{what} {count}" for what, count in sorted(counts.items()))
        of = f"{len(distinct)} map unit{'s' if len(distinct) > 1 else ''}"
        run.warn(f"values of {of} were estimated, where the soil table has none that fit: {listed}")
