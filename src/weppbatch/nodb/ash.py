"""Ash: how ash lies after a fire and is carried away (WATAR); settings only."""

from calendar import monthrange
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from weppbatch.nodb.base import NoDbBase
from weppbatch.nodb.outside import missing_files


class Ash(NoDbBase):
    """Settings of the task watar. Low and moderate severity leave black ash, high severity white."""

    filename: ClassVar[str] = "ash.nodb"
    RENAMED: ClassVar[dict[str, str]] = {
        "ini_black_ash_depth_mm": "black_depth_mm",
        "ini_white_ash_depth_mm": "white_depth_mm",
        "ini_black_ash_load": "black_load_t_ha",
        "ini_white_ash_load": "white_load_t_ha",
        "run_wind_transport": "wind_transport",
    }

    model: Literal["srivastava", "watanabe_dynamic", "watanabe_static"] = Field(
        default="srivastava",
        description="transport model; watanabe_static is not computed, for its equation is in doubt",
    )
    fire_month: int = Field(default=8, ge=1, le=12, description="month of the fire")
    fire_day: int = Field(default=4, ge=1, le=31, description="day of the month of the fire")
    depth_mode: Literal["depth", "load", "maps"] = Field(
        default="depth", description="whether ash is given as depths, as loads, or as a map of loads"
    )
    black_depth_mm: float = Field(default=5.0, ge=0, le=1000, description="mm; black ash, depth_mode depth")
    white_depth_mm: float = Field(default=5.0, ge=0, le=1000, description="mm; white ash, depth_mode depth")
    black_load_t_ha: float = Field(default=11.0, ge=0, le=1000, description="t/ha; black ash, depth_mode load")
    white_load_t_ha: float = Field(default=15.5, ge=0, le=1000, description="t/ha; white ash, depth_mode load")
    load_map: str = Field(
        default="",
        description="raster of ash loads in t/ha, depth_mode maps: absolute path, or relative to the batch's _base",
    )
    type_map: str = Field(
        default="",
        description="raster of ash types (0 none, 1 black, 2 white), path as for load_map; empty: by burn severity",
    )
    black_density_g_cm3: float = Field(
        default=0.22, gt=0, le=2, description="g/cm3; bulk density of fresh black ash"
    )
    white_density_g_cm3: float = Field(
        default=0.31, gt=0, le=2, description="g/cm3; bulk density of fresh white ash"
    )
    final_density_g_cm3: float = Field(default=0.62, gt=0, le=2, description="g/cm3; bulk density of compacted ash")
    particle_density_g_cm3: float = Field(default=1.2, gt=0, le=5, description="g/cm3; density of ash particles")
    compaction_per_mm: float = Field(
        default=0.005, ge=0, le=1, description="per mm of infiltration; rate of compaction"
    )
    decomposition_per_mm: float = Field(
        default=1.8e-4, ge=0, le=1, description="per mm of infiltration; rate of decomposition"
    )
    roughness_mm: float = Field(default=1.0, ge=0, le=100, description="mm; a thinner layer is not moved any more")
    black_erodibility_t_ha_mm: float = Field(
        default=1.0, ge=0, le=1000, description="t/ha a mm of runoff; fresh black ash, model srivastava"
    )
    white_erodibility_t_ha_mm: float = Field(
        default=10.0, ge=0, le=1000, description="t/ha a mm of runoff; fresh white ash, model srivastava"
    )
    final_erodibility_t_ha_mm: float = Field(
        default=0.1, ge=0, le=1000, description="t/ha a mm of runoff; compacted ash, model srivastava"
    )
    black_organic_fraction: float = Field(
        default=0.065, gt=0, le=1, description="organic matter of black ash, models watanabe"
    )
    white_organic_fraction: float = Field(
        default=0.04, gt=0, le=1, description="organic matter of white ash, models watanabe"
    )
    wind_transport: bool = Field(default=False, description="whether wind carries ash away on days without runoff")
    reservoir_capacity_m3: float = Field(
        default=1e6, gt=0, le=1e12, description="m3; reservoir below the watershed, for comparison"
    )
    reservoir_storage_percent: float = Field(
        default=80.0, ge=0, le=100, description="percent of the reservoir's capacity that is filled"
    )
    contaminants: bool = Field(
        default=False, description="whether the contaminants that the ash carries are computed"
    )
    contaminant_table: str = Field(
        default="",
        description="CSV of contaminant, low_mg_kg, moderate_mg_kg, high_mg_kg, path as for load_map; empty: the "
        "shipped one",
    )
    hillslope_days: bool = Field(
        default=False, description="whether every day of every hillslope's ash is kept: a large table"
    )

    @model_validator(mode="after")
    def _possible(self) -> "Ash":
        """A date that exists in every year, and densities in order."""
        if self.fire_day > monthrange(2001, self.fire_month)[1]:
            raise ValueError(f"fire_day {self.fire_day} does not exist in month {self.fire_month} of every year")
        if self.final_density_g_cm3 < max(self.black_density_g_cm3, self.white_density_g_cm3):
            raise ValueError("final_density_g_cm3 must not be below the densities of fresh ash")
        if self.particle_density_g_cm3 <= self.final_density_g_cm3:
            raise ValueError("particle_density_g_cm3 must exceed final_density_g_cm3")
        return self

    def problems(self) -> list[str]:
        """What can't be computed, and files that are not there."""
        found = missing_files(self, "load_map", "type_map", "contaminant_table")
        if self.model == "watanabe_static":
            found.append(
                "model: watanabe_static is not computed: its equation is in doubt, see docs/tasks/watar.md"
            )
        if self.depth_mode == "maps" and not self.load_map:
            found.append("depth_mode: maps needs a map of loads (ash.load_map)")
        return found
