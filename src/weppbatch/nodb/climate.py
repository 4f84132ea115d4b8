"""Climate: where each run's daily weather comes from; settings only."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from weppbatch.nodb.base import NoDbBase
from weppbatch.nodb.outside import missing_files, outside_path

Factor = Annotated[float, Field(gt=0, le=10)]


class Climate(NoDbBase):
    """Settings of the task climate: generated from a station, observed, or a user's own file."""

    filename: ClassVar[str] = "climate.nodb"
    RENAMED: ClassVar[dict[str, str]] = {
        "observed_start_year": "observed_start_year",
        "observed_end_year": "observed_end_year",
        "input_years": "years",
        "adjust_mx_pt5": "adjust_mx_pt5",
    }

    mode: Literal["vanilla", "observed", "user_defined"] = Field(
        default="vanilla",
        description="vanilla: generated from station statistics; observed: daily series; user_defined: a .cli file",
    )
    station_selection: Literal["closest", "user"] = Field(
        default="closest",
        description="closest: for each watershed the nearest station, by distance and elevation; user: "
        "station_id for all",
    )
    station_km_per_100m: float = Field(
        default=20.0,
        ge=0,
        le=1000,
        description="km/100 m; how much farther away a station counts for each 100 m that it lies above or below",
    )
    station_id: str = Field(
        default="",
        description="station of station_selection user: the name of its file without .par, such as ca046006",
    )
    stations: str = Field(
        default="",
        description="folder of station files (.par): an absolute path, or relative to the batch's _base; "
        "empty: the three that come with weppbatch",
    )
    years: int = Field(default=100, ge=1, le=1000, description="years to generate in mode vanilla")
    seed: int = Field(
        default=0,
        ge=0,
        le=2**31 - 1,
        description="of the generator, combined with the run id; the same, same weather",
    )
    observed_series: str = Field(
        default="",
        description="daily weather of mode observed, path as for stations: a CSV, a .prn, a folder with "
        "RUNID.csv, a NetCDF file, a Zarr store, or a folder of these, laid out as gridMET and Daymet do",
    )
    observed_interpolation: Literal["nearest", "linear"] = Field(
        default="nearest",
        description="what a watershed gets of a grid: its middle's cell, or between the four around it",
    )
    observed_start_year: int = Field(
        default=1980, ge=1800, le=2200, description="first year of mode observed; Daymet begins in 1980"
    )
    observed_end_year: int = Field(default=2024, ge=1800, le=2200, description="last year of mode observed")
    cli_file: str = Field(default="", description="the .cli file of mode user_defined, path as for stations")
    adjust_mx_pt5: bool = Field(
        default=False,
        description="mode vanilla: whether the station's largest 30-minute intensities are scaled, "
        "where precipitation is",
    )
    precip_scaling: Literal["none", "scalar", "monthly", "map"] = Field(
        default="none",
        description="whether precipitation is multiplied by one factor, by twelve, or to the mean of precip_map",
    )
    precip_scale_factor: Factor = Field(default=1.0, description="factor of precip_scaling scalar, over 0 to 10")
    precip_monthly_factors: list[Factor] = Field(
        default_factory=lambda: [1.0] * 12,
        min_length=12,
        max_length=12,
        description="twelve factors of precip_scaling monthly, January first",
    )
    precip_map: str = Field(
        default="",
        description="raster of mean precipitation of precip_scaling map, mm in a year (one band) or in each month "
        "(twelve); path as for stations",
    )

    @model_validator(mode="after")
    def _ordered(self) -> "Climate":
        """Years in order."""
        if self.observed_start_year > self.observed_end_year:
            raise ValueError("observed_start_year must not be after observed_end_year")
        return self

    def problems(self) -> list[str]:
        """Whether the files it names are there."""
        found = missing_files(self, "cli_file", "precip_map", folders=("stations",))
        series = outside_path(self, "observed_series")
        if self.observed_series and not series.exists():
            found.append(f"observed_series: {series} does not exist")
        return found

    def monthly_factors(self) -> list[float] | None:
        """The twelve factors that precipitation is multiplied by, January first; None for none, or for a map's."""
        if self.precip_scaling == "scalar":
            return [self.precip_scale_factor] * 12
        return list(self.precip_monthly_factors) if self.precip_scaling == "monthly" else None
