"""Watershed: how channels, the outlet and the hillslopes are found, and the outlet step itself."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from weppbatch.errors import DataError
from weppbatch.files import read_json
from weppbatch.nodb.base import NoDbBase

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from weppbatch.terrain.abstraction import AbstractionOptions
    from weppbatch.terrain.outlet import Outlet, OutletOptions


def _silent(message: str) -> None:
    """A log that keeps nothing."""


class Watershed(NoDbBase):
    """Settings of the tasks outlet and watershed."""

    filename: ClassVar[str] = "watershed.nodb"
    RENAMED: ClassVar[dict[str, str]] = {
        "csa": "csa_ha",
        "mcl": "mcl_m",
        "clip_hillslopes": "clip_hillslopes",
        "clip_hillslope_length": "clip_hillslope_length_m",
        "bieger2015_widths": "bieger2015_widths",
        "wbt_fill_or_breach": "fill_or_breach",
        "wbt_blc_dist": "blc_dist_m",
    }

    csa_ha: float = Field(
        default=10.0, gt=0, le=10_000, description="ha; critical source area, from which on a channel begins"
    )
    mcl_m: float = Field(
        default=100.0, ge=0, le=10_000, description="m; minimum channel length, shorter ends are pruned"
    )
    fill_or_breach: Literal["breach", "fill", "breach_least_cost"] = Field(
        default="breach", description="how closed depressions of the DEM are removed"
    )
    blc_dist_m: float = Field(
        default=1000.0, gt=0, le=100_000, description="m; search distance of breach_least_cost"
    )
    flat_increment_m: float = Field(
        default=0.0001, gt=0, le=0.1, description="m a cell; fall that is given to flats, so that they drain"
    )
    max_junctions: int = Field(
        default=3, ge=1, le=3, description="channels that may meet in a cell; TOPAZ takes 3 at most"
    )
    retry_iou: float = Field(
        default=0.75,
        ge=0,
        le=1,
        description="below this overlap of basin and polygon (0 to 1) other outlets and conditionings are tried",
    )
    flag_iou: float = Field(
        default=0.70, ge=0, le=1, description="below this overlap the outlet is flagged as a poor fit"
    )
    outlet_reach_m: float = Field(
        default=300.0,
        ge=0,
        le=10_000,
        description="m; how far an outlet given as a point may be moved to reach the nearest channel",
    )
    outlet_far_m: float = Field(
        default=150.0, ge=0, le=10_000, description="m; an outlet that was moved farther is flagged"
    )
    clip_hillslopes: bool = Field(default=True, description="whether hillslopes longer than the limit are cut")
    clip_hillslope_length_m: float = Field(
        default=300.0, ge=10, le=10_000, description="m; length limit of a hillslope, its area is kept"
    )
    min_hillslope_length_m: float = Field(
        default=0.0, ge=0, le=1000, description="m; shorter hillslopes are lengthened to it; 0: one cell"
    )
    bieger2015_widths: bool = Field(
        default=True,
        description="channel widths after Bieger et al. (2015) by drainage area, else by Strahler order",
    )
    profile_max_points: int = Field(default=20, ge=2, le=99, description="most points of a slope profile")

    @model_validator(mode="after")
    def _ordered(self) -> "Watershed":
        """Lengths in order."""
        if self.clip_hillslopes and self.min_hillslope_length_m > self.clip_hillslope_length_m:
            raise ValueError("min_hillslope_length_m must not exceed clip_hillslope_length_m")
        return self

    def outlet_options(self) -> "OutletOptions":
        """The settings as the outlet step takes them."""
        from weppbatch.terrain.outlet import OutletOptions

        return OutletOptions(**self._values_of(OutletOptions))

    def abstraction_options(self) -> "AbstractionOptions":
        """The settings as the abstraction takes them."""
        from weppbatch.terrain.abstraction import AbstractionOptions

        return AbstractionOptions(**self._values_of(AbstractionOptions))

    def determine_outlet(
        self,
        polygon: "BaseGeometry | None" = None,
        folder: Path | None = None,
        log: Callable[[str], None] = _silent,
    ) -> "Outlet":
        """Run the outlet step on `<wd>/dem/dem.tif` and return the outlet; its files go to `folder`.

        polygon: in the DEM's CRS, or an outlet's point; by default the member `polygon` of `<wd>/extent.json`.
        folder: by default `<wd>/watershed`. Raises DataError and EngineError as the step does.
        """
        from shapely.geometry import Point, shape

        from weppbatch.terrain.outlet import determine_outlet
        from weppbatch.terrain.requested_outlet import determine_outlet_at

        wd = Path(self.wd)
        if polygon is None:
            extent = wd / "extent.json"
            if not extent.exists():
                raise DataError(f"{extent} is missing", hint="run the task extent first, or give a polygon")
            polygon = shape(read_json(extent)["polygon"])
        folder = folder or wd / "watershed"
        folder.mkdir(parents=True, exist_ok=True)
        dem = wd / "dem" / "dem.tif"
        if isinstance(polygon, Point):
            return determine_outlet_at(dem, polygon, folder, self.outlet_options(), log)
        return determine_outlet(dem, polygon, folder, self.outlet_options(), log)

    @property
    def outlet(self) -> "Outlet | None":
        """The outlet that was found, read from `<wd>/watershed/outlet.geojson`; None before that."""
        from weppbatch.terrain.outlet import Outlet

        path = Path(self.wd, "watershed", "outlet.geojson")
        return Outlet.from_geojson(read_json(path)) if path.exists() else None

    def _values_of(self, options: type) -> dict[str, Any]:
        """This control's values for the fields of an options dataclass, which have the same names."""
        return {field.name: getattr(self, field.name) for field in fields(options)}
