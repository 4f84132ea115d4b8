"""Landuse: which land cover every hillslope gets; settings only."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from weppbatch.nodb.base import NoDbBase
from weppbatch.nodb.outside import missing_files


class Cover(BaseModel):
    """Cover fractions that replace the defaults of a land cover key."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    canopy: float | None = Field(default=None, ge=0, le=1, description="fraction; canopy cover")
    interrill: float | None = Field(default=None, ge=0, le=1, description="fraction; ground cover between rills")
    rill: float | None = Field(default=None, ge=0, le=1, description="fraction; ground cover in rills")


class Landuse(NoDbBase):
    """Settings of the task landuse: the dominant class of each hillslope, or one class for all."""

    filename: ClassVar[str] = "landuse.nodb"

    mode: Literal["gridded", "single"] = Field(
        default="gridded",
        description="gridded: the dominant class of the land cover map; single: one class for every hillslope",
    )
    landcover: str = Field(
        default="",
        description="land cover raster, keys of landcover_legend: absolute path, or relative to the batch's _base",
    )
    landcover_legend: Literal["nlcd", "worldcover"] = Field(
        default="nlcd", description="what the map's keys mean: NLCD, or ESA WorldCover (10 trees ... 100 moss)"
    )
    landcover_table: str = Field(
        default="",
        description="CSV or YAML of key, label and disturbed_class that adds to the shipped keys or replaces some; "
        "path as for landcover",
    )
    single_key: int = Field(
        default=42, ge=0, le=65535, description="land cover key for mode single; 42: evergreen forest"
    )
    covers: dict[str, Cover] = Field(
        default_factory=dict,
        description='fractions that replace the defaults of a key, such as {"42": {"canopy": 0.8}}',
    )

    @field_validator("covers")
    @classmethod
    def _by_key(cls, covers: dict[str, Cover]) -> dict[str, Cover]:
        """Land cover keys are whole numbers."""
        for key in covers:
            if not key.isdecimal():
                raise ValueError(f"'{key}' is no land cover key")
        return covers

    def problems(self) -> list[str]:
        """Whether the files it names are there."""
        return missing_files(self, "landcover", "landcover_table")
