"""Contrasts: a watershed routed with treated hillslopes here and untreated ones there, none simulated again.

In: the tables and the hillslopes' days of two scenarios. Out: what leaves the outlet, which hillslopes were chosen,
and a ranking of all hillslopes by what treating them would save.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from shapely import unary_union
from shapely.geometry import shape

from weppbatch.engines.case import read_watershed
from weppbatch.engines.inputs import daily_weather
from weppbatch.engines.protocol import options_of
from weppbatch.engines.routing import Router, Sent, groundwater_options
from weppbatch.engines.watershed import Hillslope, Watershed
from weppbatch.engines.years import Years
from weppbatch.errors import ConfigError, DataError
from weppbatch.files import read_json
from weppbatch.hydrology.channel import Flow
from weppbatch.hydrology.sediment import class_fractions
from weppbatch.hydrology.state import Floats
from weppbatch.nodb.omni import Contrast, Omni
from weppbatch.nodb.outside import outside_path
from weppbatch.nodb.wepp import Wepp
from weppbatch.tasks.run import Run

DAILY = "hillslope_daily.parquet"
SERIES = ("runoff_mm", "lateral_mm", "percolation_mm", "peak_m3_s", "sediment_kg")
OBJECTIVES = {"sediment_yield": "sediment_yield_t_yr", "soil_loss": "soil_loss_t_yr", "runoff": "runoff_m3_yr"}
UNITS = {
    "runoff_m3_yr": "m³/yr",
    "streamflow_m3_yr": "m³/yr",
    "largest_peak_m3_s": "m³/s",
    "sediment_yield_t_yr": "t/yr",
}
INSIDE = 0.5  # share of a hillslope's area within the areas, from which on it is treated


@dataclass(frozen=True)
class Chosen:
    """A contrast with the hillslopes that it treats in this run."""

    name: str
    contrast: Contrast
    topaz_ids: frozenset[int]


class Contrasts:
    """The contrasts of a run, routed one by one; `folders`: where the results of each scenario lie."""

    def __init__(self, run: Run, folders: Mapping[str, str]) -> None:
        self.run, self.folders = run, folders
        self.control = run.control(Omni)

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Key figures of every contrast in the long form, and the hillslopes that each treats."""
        found = [one for contrast in self.control.contrasts for one in self._chosen(contrast)]
        rows: list[dict[str, Any]] = []
        hillslopes: list[dict[str, Any]] = []
        if found:
            options = options_of(self.run.control(Wepp))
            watershed = read_watershed(self.run.runid, self.run.input)
            for one in found:
                rows += self._rows(one, watershed, self._routed(one, watershed, options))
                hillslopes += [{"contrast": one.name, "topaz_id": topaz_id} for topaz_id in sorted(one.topaz_ids)]
        columns = ["contrast", "control", "treated", "hillslopes", "area_ha", "key", "value", "unit", "difference"]
        return (
            pd.DataFrame(rows, columns=[*columns, "difference_percent"]),
            pd.DataFrame(hillslopes, columns=["contrast", "topaz_id"]),
        )

    def _chosen(self, contrast: Contrast) -> list[Chosen]:
        """What a contrast treats in this run; nothing where no hillslope is in its areas."""
        for name in (contrast.control, contrast.treated):
            if name not in self.folders:
                raise ConfigError(f"there is no scenario '{name}' to contrast", hint="correct omni.contrasts")
        table = self._table(contrast.control)
        if contrast.share_percent is not None:
            ids = first_share(table, OBJECTIVES[contrast.objective], contrast.share_percent / 100.0)
            return [Chosen(contrast.name, contrast, frozenset(ids))]
        if contrast.topaz_ids:
            there = set(contrast.topaz_ids) & set(table["topaz_id"])
            missing = sorted(set(contrast.topaz_ids) - there)
            if missing:
                self.run.warn(
                    f"contrast '{contrast.name}': the run has no hillslopes {', '.join(map(str, missing))}"
                )
            return [Chosen(contrast.name, contrast, frozenset(there))] if there else []
        areas = self._areas()
        chosen = [Chosen(f"{contrast.name}: {label}", contrast, ids) for label, ids in areas.items()]
        return [one for one in chosen if one.topaz_ids]

    def _areas(self) -> dict[str, frozenset[int]]:
        """The hillslopes half of which lie within each area, by its name or its place in the file."""
        path = outside_path(self.control, "contrast_areas")
        self.run.outside(path)
        parts = read_json(self.run.input("watershed/subcatchments.geojson"))["features"]
        shapes: dict[int, list[Any]] = {}
        for part in parts:
            shapes.setdefault(int(part["properties"]["topaz_id"]), []).append(shape(part["geometry"]))
        hillslopes = {topaz_id: unary_union(own) for topaz_id, own in shapes.items()}
        found = {}
        for number, feature in enumerate(json.loads(path.read_text(encoding="utf-8"))["features"], 1):
            area = shape(feature["geometry"]).buffer(0)
            label = str((feature.get("properties") or {}).get("name") or f"area {number}")
            found[label] = frozenset(
                topaz_id
                for topaz_id, own in hillslopes.items()
                if own.area and own.intersection(area).area / own.area >= INSIDE
            )
        return found

    def _routed(self, one: Chosen, watershed: Watershed, options: Any) -> Flow:
        """The outlet's days with the chosen hillslopes treated."""
        weather = daily_weather(watershed.climate)
        streams = [
            self._days(name, weather.precip_mm.size) for name in (one.contrast.control, one.contrast.treated)
        ]

        def send(hillslope: Hillslope) -> Sent:
            (control_id, control), (treated_id, treated) = (next(stream) for stream in streams)
            if not control_id == treated_id == hillslope.topaz_id:
                raise DataError("the hillslopes' days are not in the channels' order", hint="run the batch again")
            days = treated if hillslope.topaz_id in one.topaz_ids else control
            surface = hillslope.soil.layers[0]
            return Sent(
                area_m2=hillslope.slope.length_m * hillslope.slope.width_m,
                class_fractions=class_fractions(surface.sand_pct / 100.0, surface.clay_pct / 100.0),
                **days,
            )

        router = Router(watershed, options, groundwater_options(watershed, options), weather.precip_mm)
        return router.down(send)

    def _days(self, name: str, days: int) -> Iterator[tuple[int, dict[str, Floats]]]:
        """The days of one hillslope after the other, in the order in which an engine wrote them."""
        with pq.ParquetFile(self.run.input(f"{self.folders[name]}/{DAILY}")) as table:
            for group in range(table.num_row_groups):
                found = table.read_row_group(group, columns=["topaz_id", *SERIES])
                ids = found.column("topaz_id").to_numpy()
                series = {key: found.column(key).to_numpy().astype(np.float64) for key in SERIES}
                for first in range(0, ids.size, days):
                    part = slice(first, first + days)
                    yield int(ids[first]), {key: values[part] for key, values in series.items()}

    def _rows(self, one: Chosen, watershed: Watershed, outlet: Flow) -> Iterator[dict[str, Any]]:
        """What leaves the outlet, against the control everywhere."""
        years = Years.of(watershed.climate, self.run.control(Wepp).warm_up_years)
        control = read_json(self.run.input(f"{self.folders[one.contrast.control]}/summary.json"))
        per_mm = control["area_ha"] * 10.0
        values = {
            "runoff_m3_yr": (years.mean(outlet.runoff_m3), control["runoff_mm_yr"] * per_mm),
            "streamflow_m3_yr": (years.mean(outlet.streamflow_m3), control["streamflow_m3_yr"]),
            "largest_peak_m3_s": (years.largest(outlet.total_peak_m3_s), control["largest_peak_m3_s"]),
            "sediment_yield_t_yr": (
                years.mean(outlet.sediment_kg.sum(axis=1)) / 1000.0,
                control["sediment_yield_t_yr"],
            ),
        }
        area_m2 = sum(item.area_m2 for item in watershed.hillslopes if item.topaz_id in one.topaz_ids)
        for key, (value, less) in values.items():
            yield {
                "contrast": one.name,
                "control": one.contrast.control,
                "treated": one.contrast.treated,
                "hillslopes": len(one.topaz_ids),
                "area_ha": area_m2 / 1e4,
                "key": key,
                "value": value,
                "unit": UNITS[key],
                "difference": value - less,
                "difference_percent": 100.0 * (value - less) / less if less else float("nan"),
            }

    def _table(self, name: str) -> pd.DataFrame:
        """A scenario's hillslopes with what a share can be of."""
        columns = ["topaz_id", "area_m2", "runoff_mm_yr", "soil_loss_t_yr", "sediment_yield_t_yr"]
        table = pd.read_parquet(self.run.input(f"{self.folders[name]}/hillslopes.parquet"), columns=columns)
        return table.assign(runoff_m3_yr=table["runoff_mm_yr"] * table["area_m2"] / 1000.0)


def first_share(table: pd.DataFrame, key: str, share: float) -> Sequence[int]:
    """The fewest hillslopes that together give this share of the whole, those that give most first."""
    ordered = table.sort_values([key, "topaz_id"], ascending=[False, True])
    whole = ordered[key].sum()
    before = ordered[key].cumsum() - ordered[key]
    ids: list[int] = ordered.loc[(before < share * whole - 1e-9 * whole) & (ordered[key] > 0), "topaz_id"].tolist()
    return ids


def ranking(hillslopes: pd.DataFrame, pairs: Mapping[str, str]) -> pd.DataFrame:
    """Every hillslope by the sediment that a scenario would keep on it, the largest saving first.

    hillslopes: of all scenarios, as in hillslope_summaries. pairs: what each scenario is measured by.
    """
    by_name = {name: part.set_index("topaz_id") for name, part in hillslopes.groupby("scenario", sort=False)}
    parts = []
    for name, other in pairs.items():
        saved = by_name[other]["sediment_yield_t_yr"] - by_name[name]["sediment_yield_t_yr"]
        part = saved.sort_values(ascending=False, kind="stable").rename("saved_t_yr").reset_index()
        part.insert(0, "rank", np.arange(1, len(part) + 1))
        part.insert(0, "against", other)
        part.insert(0, "scenario", name)
        part["saved_t_ha_yr"] = part["saved_t_yr"] / (
            by_name[name]["area_m2"].loc[part["topaz_id"]].to_numpy() / 1e4
        )
        part["cumulative_t_yr"] = part["saved_t_yr"].cumsum()
        parts.append(part)
    columns = ["scenario", "against", "rank", "topaz_id", "saved_t_yr", "saved_t_ha_yr", "cumulative_t_yr"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
