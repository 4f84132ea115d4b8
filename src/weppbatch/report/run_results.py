"""What one run's page shows of events, return periods and hillslopes, from the tables of the task wepp.

In: the run's files and its joined table of hillslopes. Out: plain values with raw figures. Nothing is laid out.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weppbatch.report.results import RunResult, column
from weppbatch.report.run_files import RunFiles

EVENTS, CHANNELS, PERIODS = "wepp/events.parquet", "wepp/channels.parquet", "wepp/return_periods.parquet"
MOST_EVENTS = 4000  # points of the scatter
LARGEST_EVENTS = 15
LARGEST_HILLSLOPES = 20
MOST_POINTS = 300  # of a curve of cumulative shares
EVENT_FIGURES = ("precip_mm", "runoff_mm", "peak_m3_s", "duration_s", "sediment_kg")
QUANTITIES: Mapping[str, tuple[str, str]] = {
    "peak_m3_s": ("Peak flow", "m³/s"),
    "runoff_mm": ("Surface runoff of a day", "mm"),
    "sediment_t": ("Sediment of a day", "t"),
    "streamflow_mm": ("Streamflow of a day", "mm"),
    "precip_mm": ("Precipitation of a day", "mm"),
}
ANNUAL_MAXIMA = "annual_maxima"
# What ranks the hillslopes, of those that they have the first: column of the rate, and what it is called.
RANKED_BY = (
    ("sediment_yield_t_ha_yr", "Sediment to the channel"),
    ("soil_loss_t_ha_yr", "Soil loss"),
)
HILLSLOPE_KEYS = (
    *("topaz_id", "wepp_id", "position", "landuse", "disturbed_class", "burn_class", "texture"),
    *("area_m2", "length_m", "slope_scalar", "runoff_mm_yr", "soil_loss_t_ha_yr", "sediment_yield_t_ha_yr"),
)

Row = dict[str, Any]
Floats = npt.NDArray[np.float64]


def events(files: RunFiles) -> dict[str, Any]:
    """The outlet's days of runoff: points of runoff and sediment, and the largest by sediment.

    Raises what `files` does, and KeyError when no channel is the outlet.
    """
    channels = files.table(CHANNELS, ["topaz_id", "is_outlet"])
    outlet = [row["topaz_id"] for row in channels.to_pylist() if row["is_outlet"]]
    if not outlet:
        raise KeyError(f"{CHANNELS} marks no channel as the outlet")
    table = files.table(EVENTS, ["kind", "topaz_id", "date", *EVENT_FIGURES], [("topaz_id", "==", outlet[0])])
    table = table.filter(pc.equal(table.column("kind").cast(pa.string()), "channel"))
    figures = {name: column(table, name) for name in EVENT_FIGURES}
    sediment_t = figures["sediment_kg"] / 1000.0
    order = np.argsort(-np.nan_to_num(sediment_t), kind="stable")
    rows = table.take(pa.array(order[:LARGEST_EVENTS])).to_pylist()
    total_t = float(np.nansum(sediment_t))
    cumulative_t = np.cumsum(np.nan_to_num(sediment_t[order]))
    day = table.column("date").cast(pa.int32()).to_numpy()
    chosen = np.sort(order[:MOST_EVENTS])
    return {
        "count": table.num_rows,
        "drawn": len(chosen),
        "total_t": total_t,
        "points": [
            [
                int(day[at]),
                _short(figures["runoff_mm"][at]),
                _short(sediment_t[at]),
                _short(figures["peak_m3_s"][at]),
            ]
            for at in chosen
        ],
        "largest": [
            row
            | {"sediment_t": row["sediment_kg"] / 1000.0 if row["sediment_kg"] is not None else None}
            | {"share": float(cumulative_t[place]) / total_t if total_t else None}
            for place, row in enumerate(rows)
        ],
    }


def periods(files: RunFiles) -> dict[str, Any]:
    """Values of the annual maxima: `years` are the return periods, of which each of `quantities` has a value."""
    rows = [row for row in files.table(PERIODS).to_pylist() if row["series"] == ANNUAL_MAXIMA]
    known = {(row["quantity"], row["return_period_years"]): row for row in rows if row["value"] is not None}
    years = sorted({period for _, period in known})
    quantities = [
        {
            "key": key,
            "label": label,
            "unit": unit,
            "values": [known.get((key, period), {}).get("value") for period in years],
            "dates": [known.get((key, period), {}).get("date") for period in years],
        }
        for key, (label, unit) in QUANTITIES.items()
        if any((key, period) in known for period in years)
    ]
    return {"years": years, "quantities": quantities}


def hillslopes(result: RunResult) -> dict[str, Any]:
    """The hillslopes by what they give: the largest, and the share of the whole against that of the area.

    `curve`: [share of the area, share of the mass] from the slope that gives most a hectare to the one that gives
    least. Raises KeyError when the table has no results.
    """
    table = result.hillslopes
    ranked = next((by for by in RANKED_BY if table is not None and _has_values(table, by[0])), None)
    if table is None or ranked is None:
        raise KeyError("no hillslope has results")
    key, label = ranked
    area_ha = column(table, "area_m2") / 1e4
    mass_t = np.nan_to_num(column(table, key)) * area_ha
    total_t, whole_ha = float(mass_t.sum()), float(area_ha.sum())
    order = np.argsort(-mass_t, kind="stable")
    shares = np.cumsum(mass_t[order]) / total_t if total_t else np.zeros(len(order))
    keys = [name for name in HILLSLOPE_KEYS if name in table.column_names]
    rows = table.select(keys).take(pa.array(order[:LARGEST_HILLSLOPES])).to_pylist()
    for place, row in enumerate(rows):
        row |= {"rank": place + 1, "mass_t_yr": float(mass_t[order[place]]), "share": float(shares[place])}
    return {
        "key": key,
        "label": label,
        "count": table.num_rows,
        "total_t_yr": total_t,
        "largest": rows,
        "by_class": _by_class(table, area_ha, mass_t),
        **_concentration(area_ha, mass_t, total_t, whole_ha),
    }


def _concentration(area_ha: Floats, mass_t: Floats, total_t: float, whole_ha: float) -> dict[str, Any]:
    """The curve of cumulative shares, and the part of the slopes and of the area that gives half of the mass."""
    if not total_t:
        return {"curve": [], "half_count": None, "half_area": None}
    order = np.argsort(-mass_t / area_ha, kind="stable")
    area, mass = np.cumsum(area_ha[order]) / whole_ha, np.cumsum(mass_t[order]) / total_t
    half = int(np.searchsorted(mass, 0.5))
    places = np.unique(np.linspace(0, len(order) - 1, min(len(order), MOST_POINTS)).astype(int))
    curve = [[0.0, 0.0], *([round(float(area[at]), 4), round(float(mass[at]), 4)] for at in places)]
    return {"curve": curve, "half_count": half + 1, "half_area": float(area[half])}


def _by_class(table: pa.Table, area_ha: Floats, mass_t: Floats) -> list[Row]:
    """Number, area and mass of the hillslopes of each disturbed class, the largest mass first."""
    name = "disturbed_class"
    if name not in table.column_names:
        return []
    found: dict[str, list[float]] = {}
    for label, area, mass in zip(table.column(name).to_pylist(), area_ha, mass_t, strict=True):
        sums = found.setdefault(label or "unknown", [0, 0.0, 0.0])
        sums[0] += 1
        sums[1] += float(area)
        sums[2] += float(mass)
    rows = [
        {"label": label, "count": int(n), "area_ha": area, "mass_t_yr": mass}
        for label, (n, area, mass) in found.items()
    ]
    return sorted(rows, key=lambda row: (-row["mass_t_yr"], row["label"]))


def _has_values(table: pa.Table, name: str) -> bool:
    return name in table.column_names and table.column(name).null_count < table.num_rows


def _short(value: float) -> float | None:
    return float(f"{value:.4g}") if np.isfinite(value) else None
