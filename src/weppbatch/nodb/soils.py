"""Soils: which soil every hillslope gets, and how its profile is completed; settings only."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from weppbatch.nodb.base import NoDbBase
from weppbatch.nodb.outside import missing_files

PROPERTY_MAPS = ("sand_map", "clay_map", "bulk_density_map", "organic_carbon_map", "soil_depth_map")


class Soils(NoDbBase):
    """Settings of the task soils: the dominant map unit of each hillslope, or one texture for all."""

    filename: ClassVar[str] = "soils.nodb"
    RENAMED: ClassVar[dict[str, str]] = {
        "initial_sat": "initial_saturation",
        "ksflag": "internal_conductivity_adjustment",
    }

    mode: Literal["gridded", "properties", "single"] = Field(
        default="gridded",
        description="gridded: the dominant map unit of the soil map; properties: from maps of sand, clay and more; "
        "single: one texture for every hillslope",
    )
    soil_map: str = Field(
        default="",
        description="raster of map unit keys: an absolute path, or relative to the batch's _base",
    )
    soil_table: str = Field(
        default="",
        description="CSV, Parquet or SQLite of horizons by mukey with SSURGO's columns, or of mukey and texture; "
        "path as for soil_map",
    )
    missing_soil: Literal["error", "dominant"] = Field(
        default="error",
        description="what is done with a hillslope that has no soil or an invalid one: an error, or the dominant "
        "valid soil of the watershed in its place",
    )
    sand_map: str = Field(default="", description="raster of sand for mode properties; path as for soil_map")
    clay_map: str = Field(default="", description="raster of clay for mode properties; path as for soil_map")
    bulk_density_map: str = Field(
        default="",
        description="raster of the fine earth's bulk density for mode properties; none: from texture",
    )
    organic_carbon_map: str = Field(
        default="", description="raster of organic carbon for mode properties; path as for soil_map"
    )
    soil_depth_map: str = Field(
        default="", description="raster of the soil's depth in cm for mode properties; path as for soil_map"
    )
    property_units: Literal["percent", "soilgrids"] = Field(
        default="percent",
        description="of the maps of properties: %, %, g/cm3, %; or SoilGrids' g/kg, g/kg, cg/cm3, dg/kg",
    )
    single_texture: Literal["clay loam", "loam", "sand loam", "silt loam"] = Field(
        default="loam", description="texture for mode single"
    )
    initial_saturation: float = Field(
        default=0.75, ge=0, le=1, description="fraction of porosity filled with water at the start"
    )
    restrictive_ksat_mm_h: float = Field(
        default=2.0,
        gt=0,
        le=1000,
        description="mm/h; a layer that conducts less restricts: the profile ends there",
    )
    kslast_mm_h: float | None = Field(
        default=None,
        ge=0.0001,
        le=10,
        description="mm/h; conductivity below every profile (0.001 to 0.1 is usual); none: from the soil",
    )
    default_kslast_mm_h: float = Field(
        default=0.01, ge=0.0001, le=10, description="mm/h; conductivity below a profile without a restrictive layer"
    )
    min_depth_mm: float | None = Field(
        default=None, ge=10, le=10_000, description="mm; shallower profiles are deepened to it; none: as they are"
    )
    max_depth_mm: float | None = Field(
        default=None, ge=10, le=10_000, description="mm; deeper profiles are cut at it; none: as they are"
    )
    internal_conductivity_adjustment: bool = Field(
        default=False,
        description="whether WEPP adjusts conductivity over time (ksflag); off for forests, which stops frost too",
    )

    @model_validator(mode="after")
    def _ordered(self) -> "Soils":
        """Depths in order."""
        if self.min_depth_mm and self.max_depth_mm and self.min_depth_mm > self.max_depth_mm:
            raise ValueError("min_depth_mm must not exceed max_depth_mm")
        return self

    def problems(self) -> list[str]:
        """Whether the files it names are there."""
        return missing_files(self, "soil_map", "soil_table", *PROPERTY_MAPS)
