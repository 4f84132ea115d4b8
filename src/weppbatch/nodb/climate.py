"""Climate: where each run's daily weather comes from; settings only."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from weppbatch.nodb.base import NoDbBase
from weppbatch.nodb.outside import missing_files

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
        default="closest", description="closest: the nearest station of each watershed; user: station_id for all"
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
        default="", description="daily precipitation and temperatures for mode observed, path as for stations"
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
    precip_scaling: Literal["none", "scalar", "monthly"] = Field(
        default="none", description="whether precipitation is multiplied by one factor or by twelve"
    )
    precip_scale_factor: Factor = Field(default=1.0, description="factor of precip_scaling scalar, over 0 to 10")
    precip_monthly_factors: list[Factor] = Field(
        default_factory=lambda: [1.0] * 12,
        min_length=12,
        max_length=12,
        description="twelve factors of precip_scaling monthly, January first",
    )

    @model_validator(mode="after")
    def _ordered(self) -> "Climate":
        """Years in order."""
        if self.observed_start_year > self.observed_end_year:
            raise ValueError("observed_start_year must not be after observed_end_year")
        return self

    def problems(self) -> list[str]:
        """Whether the files it names are there."""
        return missing_files(self, "cli_file", folders=("stations",))

    def monthly_factors(self) -> list[float] | None:
        """The twelve factors that precipitation is multiplied by, January first; None for none."""
        if self.precip_scaling == "scalar":
            return [self.precip_scale_factor] * 12
        return list(self.precip_monthly_factors) if self.precip_scaling == "monthly" else None
