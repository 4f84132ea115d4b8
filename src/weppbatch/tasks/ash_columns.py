"""The columns of the ash tables and the figures of its summary, from the books of a watershed's ash."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from weppbatch.hydrology.ash_days import DAILY
from weppbatch.nodb.ash import Ash
from weppbatch.tasks.ash_books import AshBooks
from weppbatch.terrain.burn_severity import SEVERITIES

MASSES = ("water_t", "wind_t", "transport_t", "decomposed_t", "remaining_t")


def hillslope_columns(books: AshBooks) -> Mapping[str, Any]:
    """A row a hillslope: its ash, and the mean over the fires of what became of it in the first year."""
    layers, by_fire = books.layers, books.by_fire
    water, wind, decomposed = (by_fire[f"first_year_{name}_t_ha"] for name in DAILY)
    means = {"water": water.mean(axis=1), "wind": wind.mean(axis=1), "decomposed": decomposed.mean(axis=1)}
    transport = means["water"] + means["wind"]
    return {name: books.hillslopes[name] for name in ("topaz_id", "wepp_id", "burn_class", "area_m2", "slope")} | {
        "ash_type": np.where(layers.load_t_ha > 0, books.types, "none"),
        "ash_depth_mm": layers.depth_mm(books.options),
        "ash_load_t_ha": layers.load_t_ha,
        **{f"ash_{name}_t_ha": values for name, values in means.items()},
        "ash_transport_t_ha": transport,
        "ash_remaining_t_ha": np.maximum(layers.load_t_ha - transport - means["decomposed"], 0.0),
        "ash_largest_year_t_ha": (water + wind).max(axis=1),
        "ash_largest_day_t_ha": by_fire["largest_day_t_ha"].max(axis=1),
    }


def fire_columns(books: AshBooks) -> Mapping[str, Any]:
    """A row for each hillslope with ash and each fire."""
    rows = np.flatnonzero(books.layers.load_t_ha > 0)
    count = books.fires.count
    return {
        "topaz_id": np.repeat(books.hillslopes["topaz_id"].to_numpy()[rows], count),
        "fire_year": np.tile(books.fires.year, rows.size),
        "load_t_ha": np.repeat(books.layers.load_t_ha[rows], count),
        **{name: values[rows].ravel() for name, values in books.by_fire.items()},
    }


def annual_columns(books: AshBooks) -> Mapping[str, Any]:
    """A row for each fire and each year after it: what left in that year, what is left at its end."""
    fires, years, _ = books.year_t.shape
    water, wind, decomposed = np.moveaxis(books.year_t, -1, 0)
    remaining = np.maximum(books.initial_t - books.year_t.sum(axis=-1).cumsum(axis=1), 0.0)
    masses = (water, wind, water + wind, decomposed, remaining)
    return {
        "fire_year": np.repeat(books.fires.year, years),
        "year_after_fire": np.tile(np.arange(1, years + 1), fires),
        **{name: values.ravel() for name, values in zip(MASSES, masses, strict=True)},
    }


def cumulative_columns(books: AshBooks) -> Mapping[str, Any]:
    """A row for each fire and burn class with ash, and for all: what became of it in the end."""
    groups = np.flatnonzero(books.group_initial_t > 0)
    names = np.array(["all", *(SEVERITIES[group] for group in groups)])
    gone = np.concatenate([books.group_t.sum(axis=1, keepdims=True), books.group_t[:, groups]], axis=1)
    initial = np.concatenate([[books.initial_t], books.group_initial_t[groups]])
    water, wind, decomposed = np.moveaxis(gone, -1, 0)
    masses = (water, wind, water + wind, decomposed, np.maximum(initial - gone.sum(axis=-1), 0.0))
    return {
        "fire_year": np.repeat(books.fires.year, names.size),
        "burn_class": np.tile(names, books.fires.count),
        "initial_t": np.tile(initial, books.fires.count),
        **{name: values.ravel() for name, values in zip(MASSES, masses, strict=True)},
    }


def summary(books: AshBooks, control: Ash, means: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The run's own figures: means over the fires of the first year, by burn class, and the reservoir."""
    fires, first = books.fires, books.first_year_t.mean(axis=0)
    water, wind, decomposed = (float(value) for value in first.sum(axis=0))
    initial_t = books.initial_t
    by_class = {
        name: {"initial_t": float(load)} | {f"{what}_t": float(t) for what, t in zip(DAILY, row, strict=True)}
        for name, load, row in zip(SEVERITIES, books.group_initial_t, first, strict=True)
        if load > 0
    }
    return {
        "model": control.model,
        "fire": f"{control.fire_month:02d}-{control.fire_day:02d}",
        "fires": fires.count,
        "first_fire_year": int(fires.year[0]),
        "days_followed": fires.days,
        "hillslopes": len(books.hillslopes),
        "hillslopes_with_ash": int((books.layers.load_t_ha > 0).sum()),
        "area_ha": float(books.layers.area_ha.sum()),
        "area_with_ash_ha": float(books.layers.area_ha[books.layers.load_t_ha > 0].sum()),
        "initial_t": initial_t,
        "water_t": water,
        "wind_t": wind,
        "transport_t": water + wind,
        "transport_percent": 100.0 * (water + wind) / initial_t if initial_t > 0 else None,
        "decomposed_t": decomposed,
        "remaining_t": max(initial_t - water - wind - decomposed, 0.0),
        "by_burn_class": by_class,
        "reservoir": {
            "capacity_m3": control.reservoir_capacity_m3,
            "storage_percent": control.reservoir_storage_percent,
            "share_percent": means[0]["reservoir_share_percent"],
            "g_l": means[0]["reservoir_g_l"],
        },
        "closure_t_ha_max": books.closure_t_ha,
        "notes": books.notes,
        "options": asdict(books.options),
    }
