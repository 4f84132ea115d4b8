"""Omni: the scenarios that are compared with the run itself, and what is treated where; settings only."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from weppbatch.errors import WeppbatchError
from weppbatch.nodb.base import NoDbBase
from weppbatch.nodb.disturbed import Disturbed
from weppbatch.nodb.outside import missing_files
from weppbatch.nodb.scenario_names import BASE, ON_UNDISTURBED, UNDISTURBED, name_of, names_of
from weppbatch.nodb.wepp import Wepp

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
TREATMENTS = (*ON_UNDISTURBED, "mulch")
OWN = ("canopy_percent", "ground_cover_percent", "mulch_percent", "base_scenario")


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
        return name_of(self.model_dump())

    @model_serializer(mode="wrap")
    def _lean(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Only the fields that it has."""
        return {name: value for name, value in plain(self).items() if value not in (None, [])}

    @model_validator(mode="after")
    def _consistent(self) -> "Scenario":
        """Each kind with the fields that it needs, and no others; all that is wrong at once."""
        needs = {"thinning": OWN[:2], "mulch": OWN[2:]}.get(self.kind, ())
        given = [name for name in OWN if getattr(self, name) is not None]
        wrong = []
        if set(given) != set(needs):
            wanted = " and ".join(needs) or "none of canopy, ground cover, mulch and base_scenario"
            wrong.append(f"{self.kind} takes {wanted}")
        low, high = self.min_slope_percent, self.max_slope_percent
        filtered = self.burn_severities or low is not None or high is not None
        if filtered and self.kind not in TREATMENTS:
            wrong.append(f"{self.kind} takes no filters")
        if low is not None and high is not None and low > high:
            wrong.append("min_slope_percent must not exceed max_slope_percent")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


class Contrast(BaseModel):
    """Treatment of some hillslopes alone: those of `treated` there, those of `control` elsewhere, routed anew."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    control: str = Field(default=BASE, description="the scenario that holds elsewhere; base: the run itself")
    treated: str = Field(description="the scenario that holds on the chosen hillslopes")
    share_percent: float | None = Field(
        default=None, gt=0, le=100, description="the hillslopes that give this first share of the objective"
    )
    objective: Literal["sediment_yield", "soil_loss", "runoff"] = Field(
        default="sediment_yield", description="what the share is of, under the control"
    )
    areas: bool = Field(default=False, description="the hillslopes half of which lie in an area of contrast_areas")
    topaz_ids: list[int] = Field(default_factory=list, description="these hillslopes")

    @property
    def name(self) -> str:
        """What the contrast is called in tables: pair and choice."""
        chosen = "areas"
        if self.share_percent is not None:
            chosen = f"first {self.share_percent:g} % of {self.objective}"
        elif self.topaz_ids:
            chosen = f"{len(self.topaz_ids)} listed ({self.topaz_ids[0]}, ...)"
        return f"{self.treated} on {chosen}, else {self.control}"

    @model_serializer(mode="wrap")
    def _lean(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Only the fields that it has."""
        return {name: value for name, value in plain(self).items() if value not in (None, [], False)}

    @model_validator(mode="after")
    def _one_choice(self) -> "Contrast":
        """Exactly one way of choosing hillslopes."""
        if (self.share_percent is not None) + self.areas + bool(self.topaz_ids) != 1:
            raise ValueError("give one of share_percent, areas and topaz_ids")
        return self


class Omni(NoDbBase):
    """Settings of the task omni: one job a scenario, and one for their comparison."""

    filename: ClassVar[str] = "omni.nodb"
    STATE_VERSION: ClassVar[int] = 2

    state_version: int = Field(default=2, ge=1, description="version of the file's layout")
    scenarios: list[Scenario] | None = Field(
        default=None,
        description='scenarios, such as [{"kind": "mulch", "mulch_percent": 60, "base_scenario": "uniform_high"}, '
        '{"kind": "uniform_high"}]; empty: undisturbed where there is a burn severity map',
    )

    contrasts: list[Contrast] = Field(
        default_factory=list,
        description='what is treated where, such as [{"treated": "mulch_60_uniform_high", "control": '
        '"uniform_high", "share_percent": 50}]; wepp.hillslope_daily must be on',
    )
    contrast_areas: str = Field(
        default="",
        description="GeoJSON of areas to be treated: absolute path, or relative to the batch's _base",
    )

    @classmethod
    def upgrade(cls, state: dict[str, Any], version: int, *, foreign: bool) -> dict[str, Any]:
        """Of version 1, in which nothing was done with scenarios, an empty list says that none were chosen."""
        found = super().upgrade(state, version, foreign=foreign)
        return found | ({} if found.get("scenarios") else {"scenarios": None})

    @model_validator(mode="after")
    def _complete(self) -> "Omni":
        """No scenario twice, and every base of a mulch scenario among them; all that is wrong at once."""
        wrong = _between(self.scenarios or ())
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @classmethod
    def overlooked(cls, values: dict[str, Any]) -> list[str]:
        """What is wrong between the scenarios that are right by themselves, where others are not."""
        given = values.get("scenarios")
        right, others = [], set()
        for fields in given if isinstance(given, list) else ():
            try:
                right.append(Scenario.model_validate(fields, strict=False))
            except ValidationError:
                others.add(str(fields.get("kind")) if isinstance(fields, dict) else "")
        return [f"scenarios: {text}" for text in _between(right, others)] if others else []

    def names(self, *, burned: bool) -> tuple[str, ...]:
        """The scenarios that are computed; `burned`: whether the run has a burn severity map."""
        return names_of(self.settings()["scenarios"], burned=burned)

    def scenario(self, name: str) -> Scenario | None:
        """The scenario of a name."""
        if self.scenarios is None:
            return Scenario(kind="undisturbed") if name == UNDISTURBED else None
        return next((scenario for scenario in self.scenarios if scenario.name == name), None)

    def problems(self) -> list[str]:
        """What `problems_beside` says with the other controls as they lie in the folder."""
        return self.problems_beside({})

    def problems_beside(self, others: Mapping[str, NoDbBase]) -> list[str]:
        """Scenarios that lack what they rest on: a map of burn severity, or the watershed before the fire."""
        found = missing_files(self, "contrast_areas")
        try:
            disturbed = (others.get("disturbed") or Disturbed.getInstance(self.wd)).settings()
            wepp = (others.get("wepp") or Wepp.getInstance(self.wd)).settings()
        except WeppbatchError:
            return found  # said of those controls themselves
        burned = bool(disturbed["sbs_map"])
        found += self._contrast_problems(self.names(burned=burned), wepp)
        kinds = [scenario.kind for scenario in self.scenarios or ()]
        if "sbs_map" in kinds and not burned:
            found.append("scenarios: sbs_map needs a burn severity map (disturbed.sbs_map)")
        for kind in ON_UNDISTURBED:
            if kind in kinds and burned and UNDISTURBED not in kinds:
                found.append(f"scenarios: {kind} in a burned batch rests on undisturbed, which is not among them")
        return found

    def _contrast_problems(self, names: tuple[str, ...], wepp: Mapping[str, Any]) -> list[str]:
        """Contrasts of scenarios that there are not, and what keeps contrasts from being routed."""
        found = []
        for contrast in self.contrasts:
            missing = {contrast.control, contrast.treated} - {BASE, *names}
            found += [f"contrasts: '{name}' is not among the scenarios" for name in sorted(missing)]
        if self.contrasts and not wepp["hillslope_daily"]:
            found.append("contrasts: they are routed from the hillslopes' days (wepp.hillslope_daily=true)")
        if self.contrasts and wepp["engine"] != "embedded":
            found.append("contrasts: only the embedded engine's hillslopes can be routed again")
        if any(contrast.areas for contrast in self.contrasts) and not self.contrast_areas:
            found.append("contrasts: areas needs a GeoJSON (omni.contrast_areas)")
        return found


def _between(scenarios: Sequence[Scenario], others: Collection[str] = ()) -> list[str]:
    """Scenarios that are given twice, and bases that are neither among them nor among the others."""
    names = [scenario.name for scenario in scenarios]
    wrong = [f"scenario {name} is given twice" for name in sorted({n for n in names if names.count(n) > 1})]
    missing = {scenario.base_scenario for scenario in scenarios if scenario.base_scenario} - {*names, *others}
    return wrong + [f"base_scenario {name} is not among the scenarios" for name in sorted(missing)]
