"""What colours the map: results in classes, land uses in few kinds, burn severities.

Names, units and classes only; the colours themselves are in report.css.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weppbatch.report.figures import burned

RUN_FIGURES = ("soil_loss_t_ha_yr", "runoff_mm_yr", "sediment_yield_t_ha_yr", "burned_share")
PART_FIGURES = RUN_FIGURES[:3]
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


@dataclass(frozen=True)
class Measure:
    """A figure that the map shows: its column, head, unit, and the colours of its classes.

    `bounds` of these when they are fixed; `scale` makes the column's value one in the unit.
    """

    column: str
    label: str
    unit: str = ""
    ramp: str = "slope"
    percent: bool = False
    bounds: tuple[float, ...] = ()
    scale: float = 1.0

    def of(self, row: Mapping[str, Any]) -> float | None:
        """The value of a row in the unit, None where there is none."""
        value = row.get(self.column)
        return None if value is None else float(value * self.scale)


# Of a hillslope, in the order in which they are offered.
PART_MEASURES: Mapping[str, Measure] = {
    measure.column: measure
    for measure in (
        Measure("soil_loss_t_ha_yr", "Soil loss", "t/ha/yr", "earth"),
        Measure("sediment_yield_t_ha_yr", "Sediment yield", "t/ha/yr", "earth"),
        Measure("runoff_mm_yr", "Surface runoff", "mm/yr", "water"),
        Measure("lateral_mm_yr", "Lateral flow", "mm/yr", "water"),
        Measure("et_mm_yr", "Evapotranspiration", "mm/yr", "water"),
        Measure("ash_transport_t_ha", "Ash moved", "t/ha", "earth"),
        Measure("slope_scalar", "Slope", percent=True, bounds=(0.1, 0.2, 0.3, 0.4, 0.5)),
        Measure("length_m", "Length", "m"),
        Measure("area_m2", "Area", "ha", scale=1e-4),
    )
}
# Of a channel, for its tooltip.
CHANNEL_MEASURES: Mapping[str, Measure] = {
    measure.column: measure
    for measure in (
        Measure("length_m", "Length", "m"),
        Measure("drainage_area_m2", "Drains", "km²", scale=1e-6),
        Measure("streamflow_mm_yr", "Streamflow", "mm/yr"),
        Measure("largest_peak_m3_s", "Largest peak", "m³/s"),
        Measure("sediment_yield_t_yr", "Sediment yield", "t/yr"),
    )
}
WORDS: Mapping[str, Any] = {"kinds": KIND_LABELS, "severities": SEVERITIES}


def described(measure: Measure) -> dict[str, Any]:
    """A measure of hillslopes or channels as the page knows it; what is empty is left out."""
    told = {"key": measure.column} | {
        name: getattr(measure, name) for name in ("label", "unit", "ramp", "percent", "bounds")
    }
    return {key: value for key, value in told.items() if value}


def land_kind(disturbed_class: str) -> str:
    """The kind of a disturbed class, of KIND_LABELS."""
    if burned(disturbed_class):
        severity = next((name for name in SEVERITIES[1:] if f" {name} sev" in disturbed_class), "prescribed")
        return f"burned-{severity}"
    return next((kind for text, kind in KINDS.items() if disturbed_class.startswith(text)), "other")
