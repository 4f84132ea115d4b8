"""Disturbed: burn severity and what it changes in land cover and soils; settings only."""

from typing import ClassVar, Literal

from pydantic import Field

from weppbatch.nodb.base import NoDbBase
from weppbatch.nodb.outside import missing_files


class Disturbed(NoDbBase):
    """Settings of the burn severity overlay, read by the tasks landuse and soils."""

    filename: ClassVar[str] = "disturbed.nodb"
    RENAMED: ClassVar[dict[str, str]] = {
        "burn_shrubs": "burn_shrubs",
        "burn_grass": "burn_grass",
        "sol_ver": "soil_format",
    }

    sbs_map: str = Field(
        default="",
        description="soil burn severity raster: absolute path, or relative to the batch's _base; empty: unburned",
    )
    outside_sbs: Literal["error", "unburned"] = Field(
        default="error",
        description="what a watershed is that lies outside the burn severity raster: an error, or unburned",
    )
    burn_shrubs: bool = Field(default=True, description="whether shrubs burn; forests always do")
    burn_grass: bool = Field(default=False, description="whether grass burns")
    canopy_map: str = Field(
        default="",
        description="raster of tree canopy cover in percent that replaces the canopy of forests; empty: none",
    )
    soil_format: Literal["9002", "9003", "9005"] = Field(
        default="9002", description="format of disturbed soils; 9003 and later have a floor of conductivity"
    )
    lookup_table: str = Field(
        default="",
        description="CSV of soil parameters by class and texture, path as for sbs_map; WEPPcloud's own table fits; "
        "empty: the shipped one",
    )

    def problems(self) -> list[str]:
        """Whether the files it names are there."""
        return missing_files(self, "sbs_map", "canopy_map", "lookup_table")
