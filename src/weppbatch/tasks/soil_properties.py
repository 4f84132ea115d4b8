"""Soils out of rasters of properties: sand, clay, organic carbon, depth and, where there is one, bulk density.

In: the control and the hillslopes. Out: a profile of one horizon for each hillslope, from the means over its cells,
and what is wrong with those that have none. The rest of its values is estimated as for a survey's horizon.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from weppbatch.errors import ConfigError
from weppbatch.nodb.outside import outside_path
from weppbatch.nodb.soils import Soils
from weppbatch.tasks.run import Run
from weppbatch.tasks.soil_horizons import HORIZON_RANGES, Horizon, Profile, SoilUnit
from weppbatch.terrain.zonal import Values, Zones, mean, sample

# The map's setting, SSURGO's name of what it holds, and the factor to SSURGO's unit: of maps in %, g/cm3, % and cm,
# and of SoilGrids' g/kg, cg/cm3, dg/kg and cm. Organic matter is 1.724 times organic carbon (van Bemmelen).
ORGANIC_MATTER = 1.724
PROPERTIES = {
    "sand_map": ("sandtotal_r", 1.0, 0.1),
    "clay_map": ("claytotal_r", 1.0, 0.1),
    "organic_carbon_map": ("om_r", ORGANIC_MATTER, 0.01 * ORGANIC_MATTER),
    "soil_depth_map": ("hzdepb_r", 1.0, 1.0),
    "bulk_density_map": ("dbthirdbar_r", 1.0, 0.01),
}
OPTIONAL = ("bulk_density_map",)
NAMES = {setting: setting.removesuffix("_map").replace("_", " ") for setting in PROPERTIES}


@dataclass
class Gridded:
    """The soil of each hillslope, the share of its cells where all maps have data, and what they are."""

    units: list[SoilUnit | None]
    share: Values
    problems: dict[int, str] = field(default_factory=dict)
    maps: dict[str, str] = field(default_factory=dict)
    synthetic: bool = False


def unset(control: Soils) -> list[str]:
    """The maps that are needed and not set."""
    return [f"soils.{name}" for name in PROPERTIES if name not in OPTIONAL and not getattr(control, name)]


def gridded_units(
    run: Run, control: Soils, zones: Zones, topaz_ids: Sequence[int], needed: Sequence[bool]
) -> Gridded:
    """The profile of each hillslope, None where none is needed or none can be made (with why, by its id).

    Raises ConfigError when a map isn't set, and what `zonal.sample` raises.
    """
    if lacking := unset(control):
        raise ConfigError(
            f"not set: {', '.join(lacking)}",
            hint=f"weppbatch set {run.batch.name} {' '.join(f'{name}=FILE.tif' for name in lacking)}",
        )
    order = np.searchsorted(zones.topaz_ids, np.asarray(topaz_ids))
    means: dict[str, Values] = {}
    known = np.ones(zones.zone.size)
    found = Gridded([], np.ones(len(topaz_ids)))
    for setting, (name, *factors) in PROPERTIES.items():
        if not getattr(control, setting):
            continue
        path = outside_path(control, setting)
        sampled = sample(path, zones, f"soils.{setting}")
        run.outside(*sampled.files)
        known *= np.isfinite(sampled.values)
        means[name] = mean(sampled.values, zones)[order] * factors[control.property_units == "soilgrids"]
        found.maps[setting] = sampled.source or Path(path).name
        found.synthetic = found.synthetic or sampled.synthetic
    found.share = mean(known, zones)[order]
    for index, topaz_id in enumerate(topaz_ids):
        values = {name: round(float(column[index]), 3) for name, column in means.items()}
        unit, wrong = _unit(topaz_id, values, control.restrictive_ksat_mm_h) if needed[index] else (None, "")
        found.units.append(unit)
        if wrong:
            found.problems[topaz_id] = wrong
    return found


def _unit(topaz_id: int, values: dict[str, float], restrictive_ksat_mm_h: float) -> tuple[SoilUnit | None, str]:
    """A hillslope's profile, or what is wrong with its values."""
    wrong = [name for name, value in values.items() if not np.isfinite(value)]
    if wrong:
        return None, f"no data of {' and '.join(_spoken(name) for name in wrong)}"
    for name, value in values.items():
        low, high = HORIZON_RANGES[name]
        if not low <= value <= high or (name == "hzdepb_r" and value == 0):
            return None, f"{_spoken(name)} is {value:g}, not between {low:g} and {high:g} (soils.property_units?)"
    profile = Profile(restrictive_ksat_mm_h)
    problems = profile.add_all([Horizon(1, {"hzdept_r": 0.0} | values, "A")])
    if problems or not profile.layers:
        return None, "; ".join(text.removeprefix("line 1: ") for text in problems)
    key = f"grid {topaz_id}"
    return profile.unit(key, key), ""


def _spoken(name: str) -> str:
    """A property as users call it."""
    return next(NAMES[setting] for setting, (column, *_) in PROPERTIES.items() if column == name)
