"""Ron: the project's place and grid; which elevation source, which coordinate system, which window."""

import re
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from weppbatch.errors import ConfigError
from weppbatch.nodb.base import NoDbBase
from weppbatch.nodb.outside import base_folder

if TYPE_CHECKING:
    from weppbatch.terrain.sources import DemOptions


class Ron(NoDbBase):
    """Settings of the tasks extent and dem."""

    filename: ClassVar[str] = "ron.nodb"
    RENAMED: ClassVar[dict[str, str]] = {"cellsize": "cell_size_m"}

    dem: str = Field(
        default="",
        description="elevation source: raster, VRT or folder of tiles in any projection (absolute path, or "
        "relative to the batch's _base), https://... or a known one such as copernicus://glo30",
    )
    dem_fallbacks: list[str] = Field(
        default_factory=list,
        description="sources, in order, for watersheds that ron.dem does not cover; a coarser one makes a run "
        "degraded",
    )
    max_window_cells: int = Field(
        default=8192 * 8192, ge=10_000, le=10**10, description="cells; a watershed's window may not have more"
    )
    max_window_mb: float = Field(
        default=1024.0, gt=0, le=1e6, description="MB; elevations that may be fetched for one window"
    )
    dem_vertical_unit: Literal["m", "ft", "us-ft"] = Field(
        default="m", description="unit of the source's elevations; they are converted to metres"
    )
    dem_resampling: Literal["cubic", "bilinear", "nearest"] = Field(
        default="cubic", description="how elevations are resampled onto the grid"
    )
    elevation_min_m: float = Field(
        default=-450.0, ge=-12000, le=9000, description="m; lower is not taken as an elevation"
    )
    elevation_max_m: float = Field(
        default=9000.0, ge=-450, le=9000, description="m; higher is not taken as an elevation"
    )
    min_valid_fraction: float = Field(
        default=0.99, gt=0, le=1, description="least share of the polygon's cells that have an elevation"
    )
    max_hole_cells: int = Field(
        default=100, ge=0, le=100_000, description="cells; larger holes inside the polygon are not interpolated"
    )
    min_relief_m: float = Field(
        default=2.0, ge=0, le=1000, description="m; least difference in elevation inside the polygon"
    )
    target_crs: str = Field(
        default="utm",
        description="system to work in: utm (the zone of each watershed), or an EPSG code in metres, EPSG:5070",
    )
    cell_size_m: float = Field(default=30.0, ge=1, le=1000, description="m; side of a cell")
    buffer_m: float = Field(
        default=1000.0, ge=0, le=100_000, description="m; margin of the window around the polygon"
    )
    outlet_buffer_m: float = Field(
        default=5000.0,
        ge=100,
        le=100_000,
        description="m; margin of the first window around an outlet given as a point; it grows with the basin",
    )

    @field_validator("target_crs")
    @classmethod
    def _named_system(cls, text: str) -> str:
        """`utm`, or a code, always written as EPSG:<number>."""
        match = re.fullmatch(r"(?:epsg:)?(\d{4,6})", text.strip(), re.IGNORECASE)
        if match:
            return f"EPSG:{match[1]}"
        if text.strip().lower() == "utm":
            return "utm"
        raise ValueError("must be 'utm' or an EPSG code such as EPSG:5070")

    @model_validator(mode="after")
    def _ordered(self) -> "Ron":
        """Bounds in order."""
        if self.elevation_min_m >= self.elevation_max_m:
            raise ValueError("elevation_min_m must be below elevation_max_m")
        return self

    def problems(self) -> list[str]:
        """Whether the system is known and in metres, and the elevation source is there."""
        found = []
        if self.target_crs != "utm":
            from weppbatch.crs import projected_metres

            try:
                projected_metres(self.target_crs)
            except ConfigError as error:
                found.append(f"target_crs: {error.message}")
        for field, specs in (("dem", [self.dem]), ("dem_fallbacks", self.dem_fallbacks)):
            found += [f"{field}: {problem}" for spec in specs if (problem := self._problem_of(spec))]
        return found

    def _problem_of(self, spec: str) -> str:
        """What is wrong with an elevation source as it is named, or ''."""
        from weppbatch.elevation.catalog import check_spec

        path = base_folder(self) / spec
        if "://" in spec:
            try:
                check_spec(spec)
            except ConfigError as error:
                return f"{error.message}; {error.hint}" if error.hint else error.message
        elif spec and not path.exists():
            return f"{path} does not exist"
        elif spec and path.is_dir() and not any(path.glob("*.*")):
            return f"{path} is a folder without rasters"
        return ""

    def dem_options(self) -> "DemOptions":
        """The settings as the DEM reader takes them."""
        from weppbatch.terrain.sources import DemOptions

        return DemOptions(
            vertical_unit=self.dem_vertical_unit,
            resampling=self.dem_resampling,
            elevation_min_m=self.elevation_min_m,
            elevation_max_m=self.elevation_max_m,
            min_valid_fraction=self.min_valid_fraction,
            max_hole_cells=self.max_hole_cells,
            min_relief_m=self.min_relief_m,
            max_window_cells=self.max_window_cells,
        )

    @property
    def dem_sources(self) -> list[str]:
        """The elevation sources in the order in which they are asked."""
        return [spec for spec in (self.dem, *self.dem_fallbacks) if spec]
