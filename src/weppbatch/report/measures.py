"""What colours the map: results in classes, land uses in few kinds, burn severities.

Names, units and classes only; the colours themselves are in report.css.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from weppbatch.report.figures import burned
from weppbatch.report.scales import round_bounds

RUN_FIGURES = ("soil_loss_t_ha_yr", "runoff_mm_yr", "sediment_yield_t_ha_yr", "burned_share")
PART_FIGURES = RUN_FIGURES[:3]
CHANNEL_FIGURES = ("streamflow_mm_yr", "largest_peak_m3_s", "sediment_yield_t_yr")
SEVERITIES = ("unburned", "low", "moderate", "high")
SHARE_BOUNDS = (0.1, 0.25, 0.5, 0.75)
# Head, unit, and the colours of the classes.
MEASURES: Mapping[str, tuple[str, str, str]] = {
    "soil_loss_t_ha_yr": ("Soil loss", "t/ha/yr", "earth"),
    "runoff_mm_yr": ("Surface runoff", "mm/yr", "water"),
    "sediment_yield_t_ha_yr": ("Sediment yield", "t/ha/yr", "earth"),
    "burned_share": ("Burned share", "", "earth"),
}
# A disturbed class that begins with the text is of the kind.
KINDS = {
    "forest": "forest",
    "young forest": "forest",
    "shrub": "shrub",
    "tall grass": "grass",
    "short grass": "grass",
    "agriculture": "crops",
    "developed": "developed",
    "water": "water",
    "bare": "bare",
    "skid": "bare",
}
KIND_LABELS = {
    "forest": "forest",
    "shrub": "shrub",
    "grass": "grass",
    "crops": "crops and pasture",
    "developed": "developed",
    "water": "water",
    "bare": "bare ground and trails",
    "other": "other",
    "burned-prescribed": "prescribed fire",
    "burned-low": "burned, low severity",
    "burned-moderate": "burned, moderate severity",
    "burned-high": "burned, high severity",
}


def measures(rows: Sequence[Mapping[str, Any]], parts: Mapping[str, Iterable[float]]) -> dict[str, Any]:
    """The results that colour watersheds (`rows`) and hillslopes (`parts`, by name), with their classes."""
    return {
        "run": [_measure(name, [row[name] for row in rows]) for name in RUN_FIGURES],
        "part": [_measure(name, parts[name]) for name in PART_FIGURES],
        "kinds": KIND_LABELS,
        "severities": SEVERITIES,
    }


def land_kind(disturbed_class: str) -> str:
    """The kind of a disturbed class, of KIND_LABELS."""
    if burned(disturbed_class):
        severity = next((name for name in SEVERITIES[1:] if f" {name} sev" in disturbed_class), "prescribed")
        return f"burned-{severity}"
    return next((kind for text, kind in KINDS.items() if disturbed_class.startswith(text)), "other")


def _measure(name: str, values: Iterable[float | None]) -> dict[str, Any]:
    label, unit, ramp = MEASURES[name]
    bounds = list(SHARE_BOUNDS) if name == "burned_share" else round_bounds(values)
    return {"key": name, "label": label, "unit": unit, "ramp": ramp, "bounds": bounds}
