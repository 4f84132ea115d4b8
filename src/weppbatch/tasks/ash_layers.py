"""Which ash lies on every hillslope after the fire: its kind and its load, by burn severity or from maps.

Reads the control `ash`, the hillslopes' burn classes and the maps that the control names. What becomes of the ash
is in hydrology/ash.
"""

import numpy as np
import pandas as pd

from weppbatch.errors import ConfigError, InputError
from weppbatch.hydrology.ash import AshKind, AshLayers, AshOptions
from weppbatch.nodb.ash import Ash
from weppbatch.tasks.run import Run
from weppbatch.terrain.burn_severity import SEVERITIES
from weppbatch.terrain.zonal import Zones, check_whole, dominant, median, named, read_zones, sample, shown

TYPES = ("none", "black", "white")
"""The codes of a map of ash types are their places."""
BY_SEVERITY = {"unburned": "none", "low": "black", "moderate": "black", "high": "white"}


def options_of(control: Ash) -> AshOptions:
    """The options that a control asks for. Raises ConfigError naming all that can't be computed."""
    problems = control.problems()
    if problems or control.model == "watanabe_static":
        raise ConfigError("ash." + "; ash.".join(problems), hint="weppbatch set NAME ash.FIELD=VALUE")
    return AshOptions(
        model=control.model,
        black=AshKind(
            control.black_density_g_cm3, control.black_erodibility_t_ha_mm, control.black_organic_fraction
        ),
        white=AshKind(
            control.white_density_g_cm3, control.white_erodibility_t_ha_mm, control.white_organic_fraction
        ),
        final_density_g_cm3=control.final_density_g_cm3,
        particle_density_g_cm3=control.particle_density_g_cm3,
        compaction_per_mm=control.compaction_per_mm,
        decomposition_per_mm=control.decomposition_per_mm,
        roughness_mm=control.roughness_mm,
        final_erodibility_t_ha_mm=control.final_erodibility_t_ha_mm,
        wind_transport=control.wind_transport,
    )


def ash_types(run: Run, control: Ash, hillslopes: pd.DataFrame) -> pd.Series:
    """none, black or white for each hillslope (columns topaz_id, burn_class)."""
    if not control.type_map:
        return hillslopes["burn_class"].map(BY_SEVERITY)
    zones, path = _zones(run, hillslopes), run.batch / "_base" / control.type_map
    found = sample(path, zones, "ash.type_map")
    run.outside(*found.files)
    check_whole(found.values, path, "ash.type_map")
    strange = sorted(set(np.unique(found.values[np.isfinite(found.values)]).tolist()) - {0.0, 1.0, 2.0})
    if strange:
        raise InputError(
            f"{path} (ash.type_map) has values such as {shown(strange)}",
            hint="give 0 for none, 1 for black, 2 for white ash",
        )
    most = dominant(found.values, zones)
    if np.isnan(most.value).any():
        run.warn(f"no ash type in {path.name} for {named(zones.topaz_ids, np.isnan(most.value))}: none")
    types = [TYPES[int(code)] for code in np.nan_to_num(most.value)]
    return hillslopes["topaz_id"].map(dict(zip(zones.topaz_ids.tolist(), types, strict=True)))


def ash_layers(
    run: Run, control: Ash, options: AshOptions, hillslopes: pd.DataFrame, types: "pd.Series[str]"
) -> AshLayers:
    """The ash of each hillslope (columns topaz_id, burn_class, slope, area_m2), grouped by its burn class."""
    white = (types == "white").to_numpy()
    if control.depth_mode == "maps":
        load = _mapped_loads(run, control, hillslopes, (types != "none").to_numpy())
    elif control.depth_mode == "load":
        load = np.where(white, control.white_load_t_ha, control.black_load_t_ha)
    else:  # 1 mm at 1 g/cm3 is 10 t/ha
        load = 10.0 * np.where(
            white,
            control.white_depth_mm * options.white.density_g_cm3,
            control.black_depth_mm * options.black.density_g_cm3,
        )
    return AshLayers(
        load_t_ha=np.where(types == "none", 0.0, load),
        white=white,
        slope=hillslopes["slope"].to_numpy(np.float64),
        area_ha=hillslopes["area_m2"].to_numpy(np.float64) / 1e4,
        group=hillslopes["burn_class"].map(SEVERITIES.index).to_numpy(np.int64),
    )


def _mapped_loads(run: Run, control: Ash, hillslopes: pd.DataFrame, with_ash: np.ndarray) -> np.ndarray:
    """The median load of each hillslope's cells, t/ha. Raises InputError for loads below 0."""
    zones, path = _zones(run, hillslopes), run.batch / "_base" / control.load_map
    found = sample(path, zones, "ash.load_map")
    run.outside(*found.files)
    if (found.values < 0).any():
        raise InputError(
            f"{path} (ash.load_map) has loads below 0, such as {shown(np.unique(found.values[found.values < 0]))}",
            hint="give loads in t/ha, and declare what stands for no data (gdal_edit.py -a_nodata)",
        )
    middle = median(found.values, zones)
    at = np.searchsorted(zones.topaz_ids, hillslopes["topaz_id"])
    unknown = with_ash & np.isnan(middle[at])
    if unknown.any():
        run.warn(f"no ash load in {path.name} for {named(hillslopes['topaz_id'].to_numpy(), unknown)}: none there")
    loads: np.ndarray = np.nan_to_num(middle[at])
    return loads


def _zones(run: Run, hillslopes: pd.DataFrame) -> Zones:
    return read_zones(run.input("watershed/subwta.tif"), hillslopes["topaz_id"].tolist())
