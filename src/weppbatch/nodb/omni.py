"""Omni: the scenarios that are compared with the base run; settings only."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from weppbatch.nodb.base import NoDbBase

Kind = Literal[
    "uniform_low",
    "uniform_moderate",
    "uniform_high",
    "sbs_map",
    "undisturbed",
    "prescribed_fire",
    "thinning",
    "mulch",
]
TREATMENTS = ("prescribed_fire", "thinning", "mulch")


class Scenario(BaseModel):
    """One scenario; which fields it takes depends on its kind, and its name tells all of them."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    kind: Kind = Field(description="what is done to the watershed")
    canopy_percent: Literal[40, 65] | None = Field(default=None, description="percent of canopy left by thinning")
    ground_cover_percent: Literal[93, 90, 85, 75] | None = Field(
        default=None,
        description="percent of ground cover after thinning by cable, forwarder, skidder, or on the ground",
    )
    mulch_percent: Literal[15, 30, 60] | None = Field(
        default=None, description="label of the mulch rate: half a ton, 1 ton, 2 tons an acre"
    )
    base_scenario: Literal["uniform_low", "uniform_moderate", "uniform_high", "sbs_map"] | None = Field(
        default=None, description="the burned scenario that mulch is spread on"
    )
    min_slope_percent: float | None = Field(
        default=None, ge=0, le=1000, description="percent; only hillslopes at least as steep are treated"
    )
    max_slope_percent: float | None = Field(
        default=None, ge=0, le=1000, description="percent; only hillslopes at most as steep are treated"
    )
    burn_severities: list[Annotated[int, Field(ge=0, le=3)]] = Field(
        default_factory=list, description="only hillslopes of these severities (0 to 3) are treated; empty: all"
    )

    @property
    def name(self) -> str:
        """The scenario's folder, as in WEPPcloud: mulch_60_uniform_low__filters_smin10_smax25_burn1-3."""
        parts = [
            self.kind,
            self.canopy_percent,
            self.ground_cover_percent,
            self.mulch_percent,
            self.base_scenario,
        ]
        filters = []
        if self.min_slope_percent is not None:
            filters.append(f"smin{self.min_slope_percent:g}")
        if self.max_slope_percent is not None:
            filters.append(f"smax{self.max_slope_percent:g}")
        if self.burn_severities:
            filters.append("burn" + "-".join(str(s) for s in sorted(set(self.burn_severities))))
        name = "_".join(str(part) for part in parts if part is not None)
        return f"{name}__filters_{'_'.join(filters)}" if filters else name

    @model_validator(mode="after")
    def _consistent(self) -> "Scenario":
        """Each kind with the fields that it needs, and no others."""
        needs = {
            "thinning": {"canopy_percent", "ground_cover_percent"},
            "mulch": {"mulch_percent", "base_scenario"},
        }.get(self.kind, set())
        given = {
            name
            for name in ("canopy_percent", "ground_cover_percent", "mulch_percent", "base_scenario")
            if getattr(self, name) is not None
        }
        if given != needs:
            wanted = " and ".join(sorted(needs)) or "none of canopy, ground cover, mulch and base_scenario"
            raise ValueError(f"{self.kind} takes {wanted}")
        low, high = self.min_slope_percent, self.max_slope_percent
        filtered = self.burn_severities or low is not None or high is not None
        if filtered and self.kind not in TREATMENTS:
            raise ValueError(f"{self.kind} takes no filters")
        if low is not None and high is not None and low > high:
            raise ValueError("min_slope_percent must not exceed max_slope_percent")
        return self


class Omni(NoDbBase):
    """Settings of the task omni: one job a scenario."""

    filename: ClassVar[str] = "omni.nodb"

    scenarios: list[Scenario] = Field(
        default_factory=list,
        description='scenarios, such as [{"kind": "mulch", "mulch_percent": 60, "base_scenario": "uniform_high"}]',
    )

    @model_validator(mode="after")
    def _complete(self) -> "Omni":
        """No scenario twice, and every base of a mulch scenario among them."""
        names = [scenario.name for scenario in self.scenarios]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"scenario {twice[0]} is given twice")
        missing = {s.base_scenario for s in self.scenarios if s.base_scenario} - set(names)
        if missing:
            raise ValueError(f"base_scenario {sorted(missing)[0]} is not among the scenarios")
        return self
