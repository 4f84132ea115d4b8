"""What an engine is: a watershed and options in, the result tables and a summary out.

Every implementation writes the same tables (`tables`), so that one checks the other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from weppbatch.engines.tables import Tables
from weppbatch.engines.watershed import Watershed
from weppbatch.errors import ConfigError
from weppbatch.hydrology.channel import ChannelOptions
from weppbatch.hydrology.groundwater import GroundwaterOptions
from weppbatch.hydrology.state import EngineOptions
from weppbatch.nodb.outside import outside_path
from weppbatch.nodb.wepp import Wepp

NEVER_SNOW_C = -273.0
HOURS = 24
Summary = dict[str, Any]


@dataclass(frozen=True)
class Phosphorus:
    """Concentrations of phosphorus in each kind of water, and on sediment."""

    runoff_mg_l: float
    lateral_mg_l: float
    baseflow_mg_l: float
    sediment_mg_kg: float


@dataclass(frozen=True)
class WatershedOptions:
    """What is chosen for a whole run."""

    hillslope: EngineOptions = field(default_factory=EngineOptions)
    channel: ChannelOptions = field(default_factory=ChannelOptions)
    groundwater: GroundwaterOptions = field(default_factory=GroundwaterOptions)
    baseflow_threshold_ha: float = 1.0
    warm_up_years: int = 0
    phosphorus: Phosphorus | None = None


class Engine(Protocol):
    """A program that simulates a watershed."""

    name: str
    version: str

    def run(
        self,
        watershed: Watershed,
        options: WatershedOptions,
        tables: Tables,
        log: Callable[[str], None] = lambda _: None,
        *,
        threads: int | None = None,
    ) -> Summary:
        """Simulate all days, add every row to the tables, and return the summary.

        threads: how many hillslopes side by side; by default as many as the process may use. Results don't depend
        on it.

        Raises EngineError when a figure is not finite or a balance doesn't close, InputError and DataError for a
        watershed that can't be simulated.
        """
        ...


def options_of(control: Wepp) -> WatershedOptions:
    """The options that a control asks for.

    Raises ConfigError naming every setting that this version's engine doesn't compute.
    """
    problems = control.problems()
    if problems:
        raise ConfigError("wepp." + "; wepp.".join(problems))
    phosphorus = None
    if control.phosphorus:
        phosphorus = Phosphorus(
            control.phosphorus_runoff_mg_l or 0.0,
            control.phosphorus_lateral_mg_l or 0.0,
            control.phosphorus_baseflow_mg_l or 0.0,
            control.phosphorus_sediment_mg_kg or 0.0,
        )
    return WatershedOptions(
        hillslope=EngineOptions(
            snow_threshold_c=control.snow_rst_c if control.snow else NEVER_SNOW_C,
            new_snow_density_kg_m3=control.snow_new_density_kg_m3,
            settled_snow_density_kg_m3=control.snow_settled_density_kg_m3,
            evapotranspiration="fao56" if control.pmet else "penman",
            kcb=control.pmet_kcb,
            rawp=control.pmet_rawp,
            drainage_steps_per_day=HOURS if control.wepp_ui else 1,
            frost=control.frost,
        ),
        channel=ChannelOptions(
            erodibility_s_m=control.channel_erodibility_s_m,
            critical_shear_n_m2=control.channel_critical_shear_n_m2,
            manning_bare=control.channel_manning_bare,
            manning_vegetated=control.channel_manning_vegetated,
            avke_mm_h=control.channel_avke_mm_h,
        ),
        groundwater=GroundwaterOptions(
            enabled=control.baseflow,
            initial_mm=control.gwstorage_mm,
            baseflow_per_day=control.bfcoeff_per_day,
            deep_loss_per_day=control.dscoeff_per_day,
        ),
        baseflow_threshold_ha=control.bfthreshold_ha,
        warm_up_years=control.warm_up_years,
        phosphorus=phosphorus,
    )


def engine_of(control: Wepp, folder: Path) -> Engine:
    """The engine that a control names; a real WEPP works in `folder`.

    Raises ConfigError when there is no executable that could be run.
    """
    if control.engine == "wepp":
        from weppbatch.engines.wepp_process import executable_of
        from weppbatch.engines.wepp_settings import settings_of
        from weppbatch.engines.weppexe import WeppExe

        executable = executable_of(control.wepp_executable, outside_path(control, "wepp_executable").parent)
        return WeppExe(executable, folder, settings_of(control))
    from weppbatch.engines.embedded import Embedded

    return Embedded()
