"""Landuse: which land cover every hillslope gets; settings only."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from weppbatch.nodb.base import NoDbBase


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
        description="land cover raster with NLCD keys: an absolute path, or relative to the batch's _base",
    )
    single_key: int = Field(default=42, ge=0, le=255, description="NLCD key for mode single; 42: evergreen forest")
    covers: dict[str, Cover] = Field(
        default_factory=dict,
        description='fractions that replace the defaults of a key, such as {"42": {"canopy": 0.8}}',
    )
