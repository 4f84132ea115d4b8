"""Which of a batch's elevation sources serves a watershed: the first that covers it, in the order of the settings.

A source that does not answer is no reason to take another: the task then fails as network, and is tried again, so
that a result never depends on the weather of a network.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from weppbatch.elevation.source import DemSource, Log, NotCovered
from weppbatch.errors import DataError
from weppbatch.terrain.candidates import OutletOptions
from weppbatch.terrain.grid import Grid
from weppbatch.terrain.point_window import Wanted, prepare_dem_at
from weppbatch.terrain.sources import (
    DemIncomplete,
    DemOptions,
    Elevations,
    PolygonOutsideDem,
    prepare_dem,
)

COARSER = 1.1  # cells this much longer count as coarser: an arc-second is 31 m high and 24 m wide at 40 degrees


class NoDem(DataError):
    """None of the sources has elevations for the watershed."""


class Chosen(NamedTuple):
    """Elevations, the grid they lie on, their provenance, and why the result is degraded ('' when it is not)."""

    elevation_m: Elevations
    grid: Grid
    provenance: dict[str, Any]
    degraded: str


def choose(
    sources: Sequence[DemSource],
    polygon: BaseGeometry,
    grid: Grid,
    options: DemOptions,
    log: Log,
    buffer_m: float = 1000.0,
    outlet: OutletOptions | None = None,
) -> Chosen:
    """The window from the first source that covers the watershed and what drains to it.

    `polygon` may be an outlet's point; `outlet` then says how channels are made, `buffer_m` the
    margin around its basin.
    A source that covers the watershed while its basin runs into nodata is taken when no other covers more.
    Raises NoDem when none covers it, with what each said; of a single source, its own error.
    """
    refused: list[tuple[DemSource, str]] = []
    partial: Chosen | None = None
    for source in sources:
        try:
            elevation_m, wider, provenance = _prepared(
                source, polygon, grid, options, log, (buffer_m, outlet or OutletOptions())
            )
        except (NotCovered, PolygonOutsideDem, DemIncomplete) as error:
            if len(sources) == 1:
                raise
            log(f"{source.spec}: {error.message}")
            refused.append((source, error.message))
            continue
        provenance |= {"spec": source.spec, "product": source.product, "traffic": source.traffic.to_json()}
        used = Chosen(elevation_m, wider, provenance, _degraded(source, sources[0], refused, grid))
        if not provenance["basin_reaches_nodata"]:
            return _with_passed_over(used, refused)
        partial = partial or _with_passed_over(used, refused)
        refused.append((source, "the basin runs into cells without elevation"))
    if partial is not None:
        return partial
    raise NoDem(
        "no elevation source covers the watershed: " + "; ".join(f"{s.spec}: {why}" for s, why in refused),
        hint="add one that does: weppbatch add NAME dem FIRST --then SECOND",
    )


def _prepared(
    source: DemSource,
    polygon: BaseGeometry,
    grid: Grid,
    options: DemOptions,
    log: Log,
    at_point: tuple[float, OutletOptions],
) -> tuple[Elevations, Grid, dict[str, Any]]:
    about: dict[str, Any] = {}

    def locate(window: Grid) -> Path:
        brought = source.bring(window, log)
        about.update(brought.about)
        return brought.path

    if isinstance(polygon, Point):
        buffer_m, outlet = at_point
        elevation_m, wider, provenance = prepare_dem_at(
            grid, Wanted(polygon, options, outlet, buffer_m, locate, log)
        )
    else:
        elevation_m, wider, provenance = prepare_dem(Path(), polygon, grid, options, log, locate=locate)
    return elevation_m, wider, provenance | about


def _with_passed_over(used: Chosen, refused: list[tuple[DemSource, str]]) -> Chosen:
    over = [{"spec": source.spec, "why": why} for source, why in refused]
    return used._replace(provenance=used.provenance | {"passed_over": over})


def _degraded(source: DemSource, first: DemSource, refused: list[tuple[DemSource, str]], grid: Grid) -> str:
    """Why a coarser source than the first was used, or ''."""
    if not refused:
        return ""
    finer, used = first.resolution_m(grid), source.resolution_m(grid)
    if finer is None or used is None or used <= COARSER * finer:
        return ""
    return f"elevations of {used:.0f} m from {source.product}, not of {finer:.0f} m: {refused[0][1]}"


def files_read(provenance: dict[str, Any]) -> list[Path]:
    """The files that a provenance names as read."""
    return [Path(read["source"]) for read in (provenance, *provenance.get("parts", []))]
