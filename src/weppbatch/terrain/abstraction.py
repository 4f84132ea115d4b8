"""From a labelled basin to what WEPP simulates: rectangles for hillslopes, channels, and their slope profiles.

In: the rasters of the outlet step, subwta.tif and netw.tsv. Out: hillslopes, channels and slopes as Parquet, and
their outlines as GeoJSON. It writes no WEPP files and knows no soils or land use.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from weppbatch.errors import ConfigError, DataError
from weppbatch.terrain.basin import Basin, read_basin
from weppbatch.terrain.drainage import Cells
from weppbatch.terrain.outlines import write_outlines, write_table
from weppbatch.terrain.profiles import (
    Paths,
    Profile,
    channel_profile,
    facing_deg,
    flow_paths,
    hillslope_profile,
    not_flat,
    simplified,
)
from weppbatch.terrain.subcatchments import Link, read_network

Row = dict[str, Any]

POSITIONS = {1: "top", 2: "left", 3: "right"}
# Widths by Strahler order 1 to 8 and above, where no regional curve is used (TOPAZ's own table).
WIDTHS_M = (1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 4.0)
MIN_CHANNEL_WIDTH_M = 0.01


@dataclass(frozen=True)
class AbstractionOptions:
    """How hillslopes become rectangles and profiles become points."""

    clip_hillslopes: bool = True
    """Whether long hillslopes are shortened; their area is kept, so they become wider."""
    clip_hillslope_length_m: float = 300.0
    """The greatest length of a hillslope when clipped."""
    min_hillslope_length_m: float = 0.0
    """The least length of a hillslope; 0 means one cell. Its area is kept, so it becomes narrower."""
    bieger2015_widths: bool = True
    """Channel width from the drainage area (Bieger et al. 2015) instead of from the stream order."""
    profile_max_points: int = 20
    """The most points of a slope profile."""


def abstract_watershed(
    folder_in: Path,
    folder_out: Path,
    options: AbstractionOptions,
    log: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure every hillslope and channel, write the five files into `folder_out`, and return the metrics.

    relief, flovec, floaccum and bound .tif are read from `folder_in`; subwta.tif and netw.tsv from `folder_out`
    when they were made there, else from `folder_in`. The areas of all hillslopes and channels add up to the basin.
    Raises ConfigError for lengths that contradict each other, DataError for rasters that do.
    """
    labelled = folder_out if (folder_out / "subwta.tif").exists() else folder_in
    basin = read_basin(folder_in, labelled / "subwta.tif")
    links = read_network(labelled / "netw.tsv")
    paths, cells_of = flow_paths(basin), _cells_by_label(basin)
    _check_links(links, cells_of)
    wepp_ids = number(links, list(cells_of))
    below = {above: link.topaz_id for link in links for above in link.inflow_topaz_ids}
    channels, slopes = {}, []
    for link in links:
        topaz_id = link.topaz_id
        row, profile = channel(basin, paths, link, below.get(topaz_id), cells_of[topaz_id], options)
        channels[link.topaz_id] = row | {"wepp_id": wepp_ids[link.topaz_id]}
        slopes.append(("channel", link.topaz_id, profile))
    hillslopes = {}
    for topaz_id, cells in cells_of.items():
        if topaz_id % 10 != 4:
            row, profile = hillslope(basin, paths, topaz_id, cells, channels[topaz_id // 10 * 10 + 4], options)
            hillslopes[topaz_id] = row | {"wepp_id": wepp_ids[topaz_id]}
            slopes.append(("hillslope", topaz_id, profile))
    tables = [sorted(table.values(), key=_wepp_id) for table in (hillslopes, channels)]
    write_table(folder_out / "hillslopes.parquet", tables[0])
    write_table(folder_out / "channels.parquet", tables[1])
    write_table(folder_out / "slopes.parquet", slope_rows(slopes, wepp_ids, options.profile_max_points))
    write_outlines(folder_out, basin, tables[0], tables[1])
    metrics = _metrics(basin, *tables)
    log(f"{metrics['hillslopes']} hillslopes, {metrics['channels']} channels, {metrics['area_m2'] / 1e6:.2f} km2")
    return metrics


def number(links: list[Link], topaz_ids: list[int]) -> dict[int, int]:
    """WEPP's number of every hillslope (1 to H, by topaz_id) and channel (H + 1 to H + C, upstream first)."""
    inflows = {link.topaz_id: link.inflow_topaz_ids for link in links}
    ordered = [link.topaz_id for link in links if link.is_outlet]
    for topaz_id in ordered:  # grows while it is walked: breadth first, from the outlet up
        ordered.extend(sorted(inflows[topaz_id]))
    hillslopes = sorted(topaz_id for topaz_id in topaz_ids if topaz_id % 10 != 4)
    return {topaz_id: number for number, topaz_id in enumerate([*hillslopes, *reversed(ordered)], start=1)}


def hillslope(
    basin: Basin, paths: Paths, topaz_id: int, cells: Cells, drains_to: Row, options: AbstractionOptions
) -> tuple[Row, Profile]:
    """One hillslope's row and its full profile (distance fraction from the top, slope).

    Left and right: as wide as the channel is long. Top: as long as the median path from its sources.
    `slope_scalar` is the profile's mean, `elevation_m` that of the head of the longest path.
    """
    area_m2 = len(cells) * basin.grid.cell_area_m2
    if topaz_id % 10 == 1:
        measured_m = float(np.median(paths.distance_m[cells[paths.is_source[cells]]]))
    else:
        measured_m = area_m2 / drains_to["length_m"]
    length_m, policy = fitted_length(measured_m, basin.grid.cell_size_m, options)
    head = cells[paths.distance_m[cells].argmax()]
    profile = hillslope_profile(basin, paths, cells, points=int(paths.steps[head]) + 2)
    towards_deg = {1: 0.0, 2: 90.0, 3: -90.0}[topaz_id % 10]
    row = {
        "topaz_id": topaz_id,
        "wepp_id": 0,
        "channel_topaz_id": drains_to["topaz_id"],
        "position": POSITIONS[topaz_id % 10],
        "length_m": length_m,
        "width_m": area_m2 / length_m,
        "area_m2": area_m2,
        "slope_scalar": float(np.trapezoid(profile[1], profile[0])),
        "aspect_deg": facing_deg(paths, cells),
        "elevation_m": float(basin.relief_m[head]),
        "direction_deg": (drains_to["direction_deg"] + towards_deg) % 360.0,
        "length_policy": policy,
        "measured_length_m": measured_m,
    }
    return row | _centroid(basin, cells), profile


def fitted_length(measured_m: float, cell_size_m: float, options: AbstractionOptions) -> tuple[float, str]:
    """A hillslope's length within the limits, and which limit applied."""
    least_m = options.min_hillslope_length_m or cell_size_m
    most_m = options.clip_hillslope_length_m if options.clip_hillslopes else math.inf
    if most_m < least_m:
        raise ConfigError(
            f"hillslopes can't be at least {least_m:g} m and at most {most_m:g} m long",
            hint="raise watershed.clip_hillslope_length_m, or lower watershed.min_hillslope_length_m",
        )
    if measured_m < least_m:
        return least_m, "lengthened"
    return (most_m, "clipped") if measured_m > most_m else (measured_m, "as measured")


def channel(
    basin: Basin, paths: Paths, link: Link, below: int | None, cells: Cells, options: AbstractionOptions
) -> tuple[Row, Profile]:
    """One channel's row and its profile, cell by cell from top to bottom.

    Its length runs to the junction below (at the outlet to the outlet's cell, and is one cell at least); its
    drainage area is that of its lowest own cell.
    """
    down = cells[np.argsort(-paths.distance_m[cells], kind="stable")]
    top, last = down[0], down[-1]
    bottom = basin.downstream[last]
    length_m = max(float(paths.distance_m[top]), basin.grid.cell_size_m)
    drainage_area_m2 = float(basin.drained_cells[last]) * basin.grid.cell_area_m2
    drop_m = float(basin.relief_m[top] - basin.relief_m[bottom])
    cols = basin.grid.cols
    east, south = int(bottom % cols) - int(top % cols), int(bottom // cols) - int(top // cols)
    row = {
        "topaz_id": link.topaz_id,
        "wepp_id": 0,
        "order": link.order,
        "length_m": length_m,
        "width_m": channel_width_m(drainage_area_m2, link.order, options.bieger2015_widths),
        "area_m2": len(cells) * basin.grid.cell_area_m2,
        "drainage_area_m2": drainage_area_m2,
        "slope_scalar": float(not_flat(np.array([drop_m / length_m]))[0]),
        "aspect_deg": facing_deg(paths, cells),
        "elevation_m": float(basin.relief_m[top]),
        "direction_deg": math.degrees(math.atan2(east, -south)) % 360.0,
        "downstream_topaz_id": below,
        "is_outlet": link.is_outlet,
        "is_headwater": link.is_headwater,
        "cells": [int(cell) for cell in down] + ([int(bottom)] if bottom != last else []),
    }
    return row | _centroid(basin, cells), channel_profile(paths, down)


def channel_width_m(drainage_area_m2: float, order: int, bieger2015: bool) -> float:
    """Bankfull width: Bieger et al. 2015, Rocky Mountain System, W = 1.24 DA^0.435 (DA in km2); or by order."""
    if bieger2015:
        return max(1.24 * math.pow(drainage_area_m2 / 1e6, 0.435), MIN_CHANNEL_WIDTH_M)
    return WIDTHS_M[min(order, len(WIDTHS_M)) - 1]


def slope_rows(slopes: list[tuple[str, int, Profile]], wepp_ids: dict[int, int], max_points: int) -> list[Row]:
    """The rows of slopes.parquet, by wepp_id and from top to foot."""
    rows = []
    for kind, topaz_id, profile in sorted(slopes, key=lambda item: wepp_ids[item[1]]):
        for point, (fraction, slope) in enumerate(zip(*simplified(profile, max_points), strict=True)):
            rows.append(
                {
                    "kind": kind,
                    "topaz_id": topaz_id,
                    "wepp_id": wepp_ids[topaz_id],
                    "point": point,
                    "distance_fraction": float(fraction),
                    "slope": float(slope),
                }
            )
    return rows


def _wepp_id(row: Row) -> int:
    number: int = row["wepp_id"]
    return number


def _cells_by_label(basin: Basin) -> dict[int, Cells]:
    """The cells of every label, upstream before downstream."""
    by_label = basin.order[np.argsort(basin.label[basin.order], kind="stable")]
    topaz_ids, starts = np.unique(basin.label[by_label], return_index=True)
    parts = np.split(by_label, starts[1:])
    return {int(topaz_id): part for topaz_id, part in zip(topaz_ids, parts, strict=True)}


def _check_links(links: list[Link], cells_of: dict[int, Cells]) -> None:
    """Raise DataError when the table and the raster name different channels."""
    in_raster = {topaz_id for topaz_id in cells_of if topaz_id % 10 == 4}
    in_table = {link.topaz_id for link in links}
    needed = {topaz_id // 10 * 10 + 4 for topaz_id in cells_of}
    if in_raster != in_table or not needed <= in_table:
        different = sorted(in_raster ^ in_table | needed - in_table)
        raise DataError(f"subwta.tif and netw.tsv disagree on the channels {', '.join(map(str, different))}")


def _centroid(basin: Basin, cells: Cells) -> Row:
    """The mean place of the cells."""
    rows, cols = np.divmod(cells, basin.grid.cols)
    longitude_deg, latitude_deg = basin.lonlat(np.array([rows.mean() + 0.5]), np.array([cols.mean() + 0.5]))[0]
    return {"centroid_longitude_deg": float(longitude_deg), "centroid_latitude_deg": float(latitude_deg)}


def _metrics(basin: Basin, hillslopes: list[Row], channels: list[Row]) -> dict[str, Any]:
    """The figures worth showing beside a run."""
    policies = [row["length_policy"] for row in hillslopes]
    areas_m2 = [row["area_m2"] for row in hillslopes]
    return {
        "hillslopes": len(hillslopes),
        "channels": len(channels),
        "area_m2": len(basin.order) * basin.grid.cell_area_m2,
        "hillslope_area_m2": sum(areas_m2),
        "channel_length_m": round(sum(row["length_m"] for row in channels), 1),
        "mean_slope": round(float(np.average([row["slope_scalar"] for row in hillslopes], weights=areas_m2)), 4),
        "clipped_hillslopes": policies.count("clipped"),
        "lengthened_hillslopes": policies.count("lengthened"),
    }
