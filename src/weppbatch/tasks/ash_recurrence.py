"""How often ash of an amount is moved: return periods over fires, what that is to a reservoir, and contaminants.

In: the books of a watershed's ash. Out: rows of the tables return_periods and contaminants.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weppbatch.errors import InputError
from weppbatch.nodb.ash import Ash
from weppbatch.tasks.ash_books import AshBooks
from weppbatch.tasks.tables import checked_rows, read_cells, refuse
from weppbatch.terrain.burn_severity import SEVERITIES

PERIODS_YEARS = (2, 5, 10, 20, 25, 50, 100, 200, 500, 1000)
KINDS = ("water", "wind", "transport")
CONCENTRATIONS = ("low_mg_kg", "moderate_mg_kg", "high_mg_kg")
Row = dict[str, Any]


def ranks(count: int) -> Sequence[tuple[int, int, float]]:
    """Return period asked for, rank and Weibull's period (count + 1) / rank, for those that `count` reaches."""
    found = [(period, (count + 1) // period) for period in PERIODS_YEARS]
    return [(period, rank, (count + 1) / rank) for period, rank in found if rank]


def return_periods(books: AshBooks, control: Ash) -> list[Row]:
    """The largest day and the total of the first year after each fire, ranked over the fires; none without ash."""
    if books.initial_t == 0:
        return []
    rows: list[Row] = []
    for statistic, by_fire in (("largest_day", books.largest_t), ("first_year", books.first_year_moved_t)):
        for kind, name in enumerate(KINDS):
            if name == "wind" and not control.wind_transport:
                continue
            amounts_t = by_fire[:, kind].sum(axis=1)
            order = np.argsort(-amounts_t, kind="stable")
            for period, rank, exact in ranks(amounts_t.size):
                fire = order[rank - 1]
                row = _row(books, statistic, name, float(amounts_t[fire]), by_fire[fire, kind])
                day = int(books.largest_day[fire, kind]) if statistic == "largest_day" else 0
                row |= {
                    "return_period_years": period,
                    "weibull_years": exact,
                    "rank": rank,
                    "fire_year": int(books.fires.year[fire]),
                    "date": books.fires.date_after(fire, day).item() if day else None,
                    "days_from_fire": day or None,
                }
                rows.append(row | reservoir(float(amounts_t[fire]), name, control))
    return rows


def mean_rows(books: AshBooks, control: Ash) -> list[Row]:
    """The mean of the first year, in the shape of `return_periods`."""
    rows = []
    for kind, name in enumerate(KINDS):
        by_class = books.first_year_moved_t[:, kind].mean(axis=0)
        amount_t = float(by_class.sum())
        rows.append(_row(books, "first_year_mean", name, amount_t, by_class) | reservoir(amount_t, name, control))
    return rows


def reservoir(ash_t: float, kind: str, control: Ash) -> Row:
    """What ash that water brings takes of the reservoir below (compacted), and makes of the water in it, if any."""
    if kind != "water":
        return {"reservoir_share_percent": None, "reservoir_g_l": None}
    stored_m3 = control.reservoir_capacity_m3 * control.reservoir_storage_percent / 100.0
    volume_m3 = ash_t / control.final_density_g_cm3
    return {
        "reservoir_share_percent": 100.0 * volume_m3 / control.reservoir_capacity_m3,
        "reservoir_g_l": 1000.0 * ash_t / stored_m3 if stored_m3 > 0 else None,
    }


def read_contaminants(path: Path) -> Mapping[str, Mapping[str, float | None]]:
    """mg in a kg of ash by contaminant and burn class, None where the table has no figure.

    Raises InputProblems with all that is wrong in the table.
    """
    cells = read_cells(path)
    rows, problems = checked_rows(
        cells, {"contaminant": str} | dict.fromkeys(CONCENTRATIONS, float), optional=CONCENTRATIONS
    )
    found: dict[str, Mapping[str, float | None]] = {}
    for (number, _), row in zip(cells, rows, strict=False):
        if row["contaminant"] in found:
            problems.append(f"line {number}: {row['contaminant']} is given twice")
        found[row["contaminant"]] = {name.removesuffix("_mg_kg"): row[name] for name in CONCENTRATIONS}
    if not any(name in cells[0][1] for name in CONCENTRATIONS):
        problems.append(f"it has none of the columns {', '.join(CONCENTRATIONS)}")
    refuse(path, problems)
    if not found:
        raise InputError(f"the table {path} has no contaminant")
    return found


def contaminants(
    rows: Sequence[Row], table: Mapping[str, Mapping[str, float | None]], control: Ash
) -> Iterator[Row]:
    """What the ash that water brings holds: a row for each statistic of water, contaminant and burn class, and all.

    Ash of a class without a figure has no mass; its tonnes stand in `without_figure_t` of the row of all classes.
    """
    stored_m3 = control.reservoir_capacity_m3 * control.reservoir_storage_percent / 100.0
    for row in rows:
        if row["kind"] != "water":
            continue
        for contaminant, figures in table.items():
            whole_kg, lacking_t = 0.0, 0.0
            for burn_class in SEVERITIES:
                ash_t, figure = row[f"{burn_class}_t"], figures.get(burn_class)
                mass_kg = None if figure is None else ash_t * figure / 1000.0
                whole_kg, lacking_t = whole_kg + (mass_kg or 0.0), lacking_t + (ash_t if figure is None else 0.0)
                if ash_t > 0:
                    yield _contaminant(row, contaminant, burn_class, figure, ash_t, mass_kg, None, stored_m3)
            yield _contaminant(row, contaminant, "all", None, row["ash_t"], whole_kg, lacking_t, stored_m3)


def _contaminant(
    row: Row,
    contaminant: str,
    burn_class: str,
    figure: float | None,
    ash_t: float,
    mass_kg: float | None,
    lacking_t: float | None,
    stored_m3: float,
) -> Row:
    return {
        "statistic": row["statistic"],
        "return_period_years": row.get("return_period_years"),
        "contaminant": contaminant,
        "burn_class": burn_class,
        "concentration_mg_kg": figure,
        "ash_t": ash_t,
        "without_figure_t": lacking_t,
        "mass_kg": mass_kg,
        "reservoir_mg_l": None if mass_kg is None or stored_m3 <= 0 else 1000.0 * mass_kg / stored_m3,
    }


def _row(books: AshBooks, statistic: str, kind: str, ash_t: float, by_class: Any) -> Row:
    """A statistic with the share of every burn class in it."""
    initial_t = books.initial_t
    return {
        "statistic": statistic,
        "kind": kind,
        "ash_t": ash_t,
        "share_of_initial_percent": 100.0 * ash_t / initial_t if initial_t > 0 else None,
        **{f"{name}_t": float(value) for name, value in zip(SEVERITIES, by_class, strict=True)},
    }
