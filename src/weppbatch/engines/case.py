"""Reads a run's tables into a watershed as the engines take it. All that doesn't fit together is named at once.

In: the files of the tasks watershed, landuse, soils and climate. Out: a `Watershed`. It changes no figure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from weppbatch.engines.watershed import ChannelLink, Hillslope, Watershed
from weppbatch.errors import DataError
from weppbatch.formats.climate_cli import read_climate
from weppbatch.formats.management import StaticCover
from weppbatch.formats.slope import SlopeProfile, check_profile
from weppbatch.formats.soil import Soil, SoilLayer, check_soil

Row = Mapping[str, Any]
CLIMATE = "climate/climate.cli"
TABLES = (
    "watershed/hillslopes.parquet",
    "watershed/channels.parquet",
    "watershed/slopes.parquet",
    "landuse/landuse.parquet",
    "soils/soils.parquet",
    "soils/layers.parquet",
)


def read_watershed(runid: str, find: Callable[[str], Path]) -> Watershed:
    """The watershed of a run; `find` gives the path of each of its files.

    Raises DataError naming every hillslope without land use, soil, layers or profile and every profile and soil
    that can't be used.
    """
    hillslopes, channels, slopes, landuse, soils, layers = (_rows(find(name)) for name in TABLES)
    reading = _Reading(slopes, landuse, soils, layers)
    read = [reading.hillslope(row) for row in hillslopes]
    links = [reading.channel(row) for row in channels]
    found = Watershed(
        runid=runid,
        hillslopes=tuple(item for item in read if item is not None),
        channels=tuple(item for item in links if item is not None),
        climate=read_climate(find(CLIMATE)),
        basin_area_m2=sum(row["area_m2"] for row in (*hillslopes, *channels)),
    )
    if reading.problems:
        raise DataError("\n  - ".join([f"the tables of run {runid} don't fit together:", *reading.problems]))
    return found


class _Reading:
    """The tables by key, and what was found wrong on the way."""

    def __init__(
        self, slopes: Sequence[Row], landuse: Sequence[Row], soils: Sequence[Row], layers: Sequence[Row]
    ) -> None:
        self.problems: list[str] = []
        self.landuse = {row["topaz_id"]: row for row in landuse}
        self.soils = {row["topaz_id"]: row for row in soils}
        self.layers = _grouped(layers, "soil_key", "layer")
        self.points = _grouped(slopes, "topaz_id", "point")

    def hillslope(self, row: Row) -> Hillslope | None:
        """One hillslope, or None and a problem noted."""
        topaz_id, name = row["topaz_id"], f"hillslope {row['topaz_id']}"
        cover, soil = self.landuse.get(topaz_id), self.soils.get(topaz_id)
        profile = self._profile(row, name)
        if cover is None or soil is None:
            self.problems += [
                f"{name} has no {what}" for what, it in (("land use", cover), ("soil", soil)) if it is None
            ]
            return None
        made = self._soil(soil, name)
        if made is None or profile is None:
            return None
        return Hillslope(
            topaz_id=topaz_id,
            wepp_id=row["wepp_id"],
            channel_topaz_id=row["channel_topaz_id"],
            position=row["position"],
            area_m2=row["area_m2"],
            disturbed_class=cover["disturbed_class"],
            burn_class=cover["burn_class"],
            soil_key=str(soil["soil_key"]),
            slope=profile,
            soil=made,
            ksatadj=int(soil["ksatadj"]),
            lkeff_mm_h=soil["lkeff_mm_h"] or 0.0,
            cover=_of_columns(StaticCover, cover, name=cover["disturbed_class"]),
        )

    def channel(self, row: Row) -> ChannelLink | None:
        """One channel, or None and a problem noted."""
        profile = self._profile(row, f"channel {row['topaz_id']}")
        if profile is None:
            return None
        below = row["downstream_topaz_id"]
        return ChannelLink(
            topaz_id=row["topaz_id"],
            wepp_id=row["wepp_id"],
            order=row["order"],
            downstream_topaz_id=None if below is None else int(below),
            slope=profile,
        )

    def _profile(self, row: Row, name: str) -> SlopeProfile | None:
        """The profile of a hillslope or channel."""
        points = tuple((p["distance_fraction"], p["slope"]) for p in self.points.get(row["topaz_id"], ()))
        if not points:
            self.problems.append(f"{name} has no slope profile")
            return None
        profile = SlopeProfile(
            aspect_deg=row["aspect_deg"] % 360.0,
            width_m=row["width_m"],
            length_m=row["length_m"],
            points=points,
            elevation_m=row["elevation_m"],
        )
        self.problems += [f"{name}: {problem}" for problem in check_profile(profile)]
        return profile

    def _soil(self, row: Row, name: str) -> Soil | None:
        """The soil of a hillslope."""
        layers = self.layers.get(row["soil_key"], ())
        if not layers:
            self.problems.append(f"{name}: soil {row['soil_key']} has no layers")
            return None
        soil: Soil = _of_columns(
            Soil,
            row,
            name=str(row["soil_key"]),
            layers=tuple(_of_columns(SoilLayer, layer) for layer in layers),
            comment=f"ksatadj {row['ksatadj']:g}, lkeff {row['lkeff_mm_h'] or 0:g} mm/h",
        )
        self.problems += [f"{name}: soil {row['soil_key']}: {problem}" for problem in check_soil(soil)]
        return soil


def _rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def _grouped(rows: Sequence[Row], key: str, order: str) -> dict[Any, list[Row]]:
    """Rows by a key, in their order within it."""
    found: dict[Any, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row[order]):
        found.setdefault(row[key], []).append(row)
    return found


def _of_columns(kind: type[Any], row: Row, **given: Any) -> Any:
    """A dataclass from the columns that bear its fields' names, over its defaults, and what is given."""
    values = {item.name: row[item.name] for item in fields(kind) if row.get(item.name) is not None}
    whole = {item.name for item in fields(kind) if item.type in (int, "int")}
    return kind(**{name: int(value) if name in whole else value for name, value in (values | given).items()})
