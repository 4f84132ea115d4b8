"""Task landuse: each hillslope's land cover, what fire made of it, and the cover and plants that go with that.

Reads the hillslopes and the maps that the controls name; writes `landuse/landuse.parquet`, one row a hillslope in
the order of hillslopes.parquet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from weppbatch.errors import ConfigError, InputProblems
from weppbatch.files import replacing
from weppbatch.nodb.disturbed import Disturbed
from weppbatch.nodb.landuse import Landuse
from weppbatch.tasks.parameters import COVER_COLUMNS, ClassCover, LandCover, class_covers, land_covers
from weppbatch.tasks.run import Metrics, Run
from weppbatch.tasks.tables import table_path, table_version
from weppbatch.terrain.burn_severity import SEVERITIES, BurnSeverity, read_burn_severity
from weppbatch.terrain.zonal import (
    MapMissesWatershed,
    Sampled,
    Zones,
    check_whole,
    dominant,
    mean,
    named,
    read_zones,
    sample,
    without_data,
)

TABLE = "landuse/landuse.parquet"
UNCLASSIFIED = 0  # NLCD's key outside of its data
BURN_CODES = {130.0, 131.0, 132.0, 133.0}
FORESTS = ("forest", "young forest")
LEAST_KNOWN_SHARE = 0.5
LEAST_CANOPY = 0.05


class UnmappedLandCover(InputProblems):
    """Hillslopes have a land cover key that the tables don't know."""


@dataclass
class Maps:
    """What the maps that a run reads say of themselves."""

    run: Run
    sources: dict[str, str] = field(default_factory=dict)
    synthetic: bool = False

    def add(self, name: str, path: Path, found: Sampled | BurnSeverity) -> None:
        """Note a map, and the files that were read."""
        self.sources[name] = found.source or path.name
        self.synthetic = self.synthetic or found.synthetic
        self.run.outside(*found.files)


def run(run: Run) -> Metrics:
    """Find key, burn severity and disturbed class of each hillslope, and its cover."""
    control, disturbed = run.control(Landuse), run.control(Disturbed)
    hillslopes = pd.read_parquet(run.input("watershed/hillslopes.parquet"))
    zones = read_zones(run.input("watershed/subwta.tif"), hillslopes["topaz_id"].tolist())
    base, maps, keys = run.batch / "_base", Maps(run), keys_of(run)
    table = pd.DataFrame({"topaz_id": zones.topaz_ids, "cells": zones.cells})
    _land_cover(run, table, control, base, zones, keys, maps)
    _burn_severity(run, table, disturbed, base, zones, maps)
    cover(run, table, zones, keys, maps)
    table = hillslopes[["topaz_id", "wepp_id"]].merge(table, on="topaz_id", validate="one_to_one")
    with replacing(run.output(TABLE)) as temporary:
        table.to_parquet(temporary, index=False)
    legend = "worldcover" if control.landcover_legend == "worldcover" else "landcover"
    tables = [table_path(legend), table_path("covers")]
    tables += [base / control.landcover_table] if control.landcover_table else []
    return _metrics(table, hillslopes, maps, [table_version(path) for path in tables])


def cover(run: Run, table: pd.DataFrame, zones: Zones, keys: Mapping[int, LandCover], maps: Maps) -> None:
    """What follows from landcover_key and burn_class: class, cover and plants; rows in the zones' order."""
    disturbed, covers = run.control(Disturbed), class_covers()
    _disturb(table, disturbed, keys, covers)
    for column in COVER_COLUMNS:
        table[column] = [covers[name].values[column] for name in table["disturbed_class"]]
    table["days_since_disturbance"] = table["days_since_disturbance"].astype(np.int64)
    _canopy(run, table, disturbed, run.batch / "_base", zones, maps)
    _replace_covers(table, run.control(Landuse), keys)


def keys_of(run: Run) -> dict[int, LandCover]:
    """What every land cover key stands for in a run, by the legend and the table that its control names."""
    control = run.control(Landuse)
    own = run.batch / "_base" / control.landcover_table if control.landcover_table else None
    run.outside(*([own] if own else []))
    return land_covers(own, control.landcover_legend)


def _land_cover(
    run: Run,
    table: pd.DataFrame,
    control: Landuse,
    base: Path,
    zones: Zones,
    keys: Mapping[int, LandCover],
    maps: Maps,
) -> None:
    """The columns landcover_key and dominant_share.

    Raises UnmappedLandCover with every key that the tables lack, with its cells and hillslopes, and
    MapMissesWatershed with the hillslopes on half of which or more the map has no data.
    """
    if control.mode == "single":
        if control.single_key not in keys:
            raise ConfigError(
                f"landuse.single_key is {control.single_key}, which is no land cover key",
                hint=f"there are {', '.join(map(str, sorted(keys)))}",
            )
        table["landcover_key"], table["dominant_share"] = control.single_key, 1.0
        return
    if not control.landcover:
        raise ConfigError(
            "no land cover map is set (landuse.landcover is empty)",
            hint=f"weppbatch set {run.batch.name} landuse.landcover=FILE.tif, "
            "or landuse.mode=single for one class everywhere",
        )
    path = base / control.landcover
    found = sample(path, zones, "landuse.landcover")
    check_whole(found.values, path, "landuse.landcover")
    values = np.where(found.values == UNCLASSIFIED, np.nan, found.values)
    seen = set(np.unique(values[np.isfinite(values)]).tolist())
    if seen and seen <= BURN_CODES:
        raise UnmappedLandCover(
            f"{path} (landuse.landcover) looks like a burn severity map:",
            ["it has no values but 130 to 133"],
            hint="set it as disturbed.sbs_map, and a land cover map as landuse.landcover",
        )
    most = dominant(values, zones)
    lacking = most.known_share < LEAST_KNOWN_SHARE
    blank = [without_data(values, zones, lacking)] if lacking.any() else []
    problems = []
    for key in sorted({int(value) for value in most.value[~lacking]} - keys.keys()):
        cells = int((values == key).sum())
        problems.append(
            f"key {key} has no disturbed class: {cells} cells, {named(zones.topaz_ids, most.value == key)}"
        )
    if problems:
        raise UnmappedLandCover(
            f"{path} (landuse.landcover):",
            [*blank, *problems],
            hint="give a table with key, label and disturbed_class for the keys (landuse.landcover_table)"
            + ("; and a map that covers the hillslopes" if blank else ""),
        )
    if blank:
        raise MapMissesWatershed(
            f"{path} (landuse.landcover): {blank[0]}", hint="give a map that covers these hillslopes"
        )
    table["landcover_key"], table["dominant_share"] = most.value.astype(np.int64), most.share
    maps.add("landcover", path, found)


def _burn_severity(
    run: Run, table: pd.DataFrame, disturbed: Disturbed, base: Path, zones: Zones, maps: Maps
) -> None:
    """The columns burn_class (the map's most frequent severity, whether or not the cover burns) and burn_share."""
    table["burn_class"], table["burn_share"] = SEVERITIES[0], 1.0
    if not disturbed.sbs_map:
        return
    path = base / disturbed.sbs_map
    found = read_burn_severity(path, zones, "disturbed.sbs_map", disturbed.outside_sbs)
    for note in found.notes:
        run.warn(note)
    most = dominant(found.classes, zones)
    table["burn_class"] = [SEVERITIES[int(value)] for value in most.value]
    table["burn_share"] = most.share
    maps.add("sbs_map", path, found)


def burning(disturbed: Disturbed) -> set[str]:
    """The kinds of cover that burn."""
    kinds = {"forest"} | ({"shrub"} if disturbed.burn_shrubs else set())
    return kinds | ({"grass"} if disturbed.burn_grass else set())


def _disturb(
    table: pd.DataFrame, disturbed: Disturbed, keys: Mapping[int, LandCover], covers: Mapping[str, ClassCover]
) -> None:
    """The columns landuse_key, label and disturbed_class: the land cover's own, or what fire made of it."""
    kinds = burning(disturbed)
    # The shipped keys of burned classes stay, unless a user's table has others for the same classes.
    by_class = {cover.disturbed_class: cover for cover in (*land_covers().values(), *keys.values())}
    chosen = []
    for key, severity in zip(table["landcover_key"], table["burn_class"], strict=True):
        own = keys[int(key)]
        kind = covers[own.disturbed_class].burns_as
        if severity == SEVERITIES[0] or kind not in kinds:
            chosen.append(own)
        else:
            chosen.append(by_class[f"{kind} {severity} sev fire"])
    table["landuse_key"] = [cover.key for cover in chosen]
    table["label"] = [cover.label for cover in chosen]
    table["disturbed_class"] = [cover.disturbed_class for cover in chosen]


def _canopy(run: Run, table: pd.DataFrame, disturbed: Disturbed, base: Path, zones: Zones, maps: Maps) -> None:
    """The canopy of unburned forests from a map of percent, where there is one."""
    if not disturbed.canopy_map:
        return
    path = base / disturbed.canopy_map
    found = sample(path, zones, "disturbed.canopy_map")
    percent = np.where((found.values >= 0) & (found.values <= 100), found.values, np.nan)
    dropped = int(np.isfinite(found.values).sum() - np.isfinite(percent).sum())
    if dropped:
        run.warn(f"{dropped} cells of {path.name} are not 0 to 100 percent of canopy: taken as unknown")
    canopy = np.maximum(mean(percent, zones) / 100.0, LEAST_CANOPY)
    forest = table["disturbed_class"].isin(FORESTS).to_numpy()
    unknown = forest & np.isnan(canopy)
    if unknown.any():
        run.warn(f"no canopy in {path.name} for {named(zones.topaz_ids, unknown)}: the class's own is used")
    table["canopy_cover"] = np.where(forest & ~np.isnan(canopy), canopy, table["canopy_cover"])
    maps.add("canopy_map", path, found)


def _replace_covers(table: pd.DataFrame, control: Landuse, keys: Mapping[int, LandCover]) -> None:
    """The fractions that a user gave for a key, in place of the class's; the key is that after the fire."""
    unknown = [key for key in control.covers if int(key) not in keys]
    if unknown:
        raise ConfigError(
            f"landuse.covers names keys that there are not: {', '.join(unknown)}",
            hint=f"there are {', '.join(map(str, sorted(keys)))}",
        )
    for key, cover in control.covers.items():
        rows = table["landuse_key"] == int(key)
        for name, value in (
            ("canopy_cover", cover.canopy),
            ("interrill_cover", cover.interrill),
            ("rill_cover", cover.rill),
        ):
            if value is not None:
                table.loc[rows, name] = value


def _metrics(table: pd.DataFrame, hillslopes: pd.DataFrame, maps: Maps, tables: Sequence[str]) -> dict[str, Any]:
    """Shares of the hillslopes' area by disturbed class and by burn class, and what was read."""
    area = table[["topaz_id"]].merge(hillslopes[["topaz_id", "area_m2"]], on="topaz_id")["area_m2"]
    shares = {
        column: (area.groupby(table[column]).sum() / area.sum()).sort_values(ascending=False).round(4).to_dict()
        for column in ("disturbed_class", "burn_class")
    }
    return {
        "hillslopes": len(table),
        "class_shares": shares["disturbed_class"],
        "burn_shares": shares["burn_class"],
        "mean_dominant_share": round(float(table["dominant_share"].mean()), 3),
        "maps": maps.sources,
        "synthetic": maps.synthetic,
        "tables": list(tables),
    }
