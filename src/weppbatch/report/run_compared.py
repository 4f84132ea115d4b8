"""What one run's page shows of its scenarios, contrasts and ash, from the tables of the tasks omni and watar.

In: the run's files. Out: plain values with raw figures. Nothing is laid out.
"""

from collections.abc import Mapping
from typing import Any

from weppbatch.nodb.scenario_names import BASE
from weppbatch.report.run_files import RunFiles

SCENARIOS, CONTRASTS = "omni/scenarios.parquet", "omni/contrasts.parquet"
ASH, ASH_PERIODS = "ash/summary.json", "ash/return_periods.parquet"
FIGURES: Mapping[str, tuple[str, str]] = {
    "sediment_yield_t_ha_yr": ("Sediment yield", "t/ha/yr"),
    "sediment_yield_t_yr": ("Sediment yield", "t/yr"),
    "soil_loss_t_ha_yr": ("Soil loss", "t/ha/yr"),
    "runoff_mm_yr": ("Surface runoff", "mm/yr"),
    "streamflow_mm_yr": ("Streamflow", "mm/yr"),
    "largest_peak_m3_s": ("Largest peak", "m³/s"),
}
BURN_CLASSES = ("low", "moderate", "high")
ASH_KINDS: Mapping[tuple[str, str], str] = {
    ("largest_day", "water"): "Largest day, by runoff",
    ("largest_day", "wind"): "Largest day, by wind",
    ("first_year", "water"): "First year, by runoff",
    ("first_year", "transport"): "First year, by runoff and wind",
}


def scenarios(files: RunFiles) -> dict[str, Any]:
    """Each scenario's figures with its change against the run itself and against what it rests on, in percent.

    Raises what `files` does, and KeyError where the run is compared with nothing.
    """
    found: dict[str, dict[str, Any]] = {}
    for row in files.table(SCENARIOS).to_pylist():
        if row["key"] in FIGURES:
            scenario = found.setdefault(
                row["scenario"], {"name": row["scenario"], "rests_on": row["rests_on"], "figures": {}}
            )
            scenario["figures"][row["key"]] = {
                "value": row["value"],
                "difference_percent": row["difference_percent"],
                "effect_percent": row["effect_percent"] if row["rests_on"] not in (None, BASE) else None,
            }
    if len(found) < 2:
        raise KeyError("no scenario was asked for")
    lines = sorted(found.values(), key=lambda scenario: bool(scenario["name"] != BASE))
    return {
        "base": BASE,
        "figures": [{"key": key, "label": label, "unit": unit} for key, (label, unit) in FIGURES.items()],
        "lines": lines,
        "contrasts": _contrasts(files) if files.has(CONTRASTS) else [],
    }


def _contrasts(files: RunFiles) -> list[dict[str, Any]]:
    """What routing with treated hillslopes gave: the sediment at the outlet against the control everywhere."""
    return [row for row in files.table(CONTRASTS).to_pylist() if row["key"] == "sediment_yield_t_yr"]


def ash(files: RunFiles) -> dict[str, Any]:
    """What becomes of the ash in the first year, by burn class, and how often as much.

    Raises what `files` does, and KeyError where no slope has ash.
    """
    summary = files.json(ASH)
    if not summary["initial_t"]:
        raise KeyError("; ".join(summary["notes"]) or "no hillslope has ash")
    rows = files.table(ASH_PERIODS).to_pylist()
    years = sorted({row["return_period_years"] for row in rows})
    known = {(row["statistic"], row["kind"], row["return_period_years"]): row for row in rows}
    by_wind = any(kind == "wind" for _, kind, _ in known)
    periods = [
        {"label": label, "rows": [known.get((*kind, period)) for period in years]}
        for kind, label in ASH_KINDS.items()
        if any((*kind, period) in known for period in years) and (by_wind or kind[1] == "water")
    ]
    classes = [
        {"label": name, **summary["by_burn_class"][name]}
        for name in BURN_CLASSES
        if name in summary["by_burn_class"]
    ]
    return {"summary": summary, "classes": classes, "years": years, "periods": periods}
