"""What the page says of scenarios: for the batch and for every watershed, what each comes to and what sets it off.

Takes run results one by one, of which it reads the record of the task omni; gives plain values. No markup here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from weppbatch.nodb.scenario_names import BASE
from weppbatch.report.results import RunResult
from weppbatch.report.shown import Quantity, shown
from weppbatch.tasks.chain import ordered, scenario_of, task_of

MEASURE = "sediment_yield_t_ha_yr"  # what the bars show
FIGURES: Mapping[str, tuple[str, str]] = {
    "runoff_mm_yr": ("Surface runoff", "mm/yr"),
    "soil_loss_t_ha_yr": ("Soil loss", "t/ha/yr"),
    "sediment_yield_t_ha_yr": ("Sediment yield", "t/ha/yr"),
    "sediment_yield_t_yr": ("Sediment yield", "t/yr"),
}
SUMMED = ("sediment_yield_t_yr",)


@dataclass(frozen=True)
class ScenarioLine:
    """A scenario over all watersheds that have it: means by area (masses: sums), and what sets them off in percent.

    difference: against the watersheds themselves; effect: against what the scenario rests on. bar: percent of the
    largest scenario.
    """

    name: str
    rests_on: str
    watersheds: int
    figures: tuple[Quantity, ...]
    difference: str
    effect: str
    bar: float


@dataclass
class Scenarios:
    """Gathers the scenarios of all watersheds."""

    runs: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    area: dict[str, float] = field(default_factory=dict)
    contrasts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def add(self, result: RunResult) -> None:
        """Take in a run that has any scenario."""
        metrics = result.metrics("omni")
        found = metrics.get("scenarios", {})
        self.contrasts += [(result.runid, contrast) for contrast in metrics.get("contrasts", ())]
        if len(found) > 1:
            self.runs[result.runid] = found
            self.area[result.runid] = float(result.metrics("outlet").get("basin_area_m2") or 0.0)

    @property
    def names(self) -> list[str]:
        """All scenarios, the runs themselves first."""
        tasks = ordered(task_of(name) for run in self.runs.values() for name in run if name != BASE)
        return [BASE, *map(scenario_of, tasks)] if self.runs else []

    def lines(self) -> list[ScenarioLine]:
        """A line for each scenario of the batch."""
        raw = {name: self._line(name) for name in self.names}
        most = max((line[1][MEASURE] for line in raw.values()), default=0.0) or 1.0
        return [
            ScenarioLine(
                name=name,
                rests_on=rests_on,
                watersheds=count,
                figures=tuple(Quantity(own[key], unit, labelled=False) for key, (_, unit) in FIGURES.items()),
                difference="" if name == BASE else _percent(own[MEASURE], base[MEASURE]),
                effect="" if rests_on in ("", BASE) else _percent(own[MEASURE], rest[MEASURE]),
                bar=round(100.0 * own[MEASURE] / most, 1),
            )
            for name, (rests_on, own, base, rest, count) in raw.items()
        ]

    def to_json(self) -> dict[str, Any]:
        """For the page's tables: by run, the figures of each scenario in the order of `names`, null without it.

        contrasts: run, contrast, hillslopes, ha, t/yr, t/yr saved, change in percent.
        """
        names = self.names
        return {
            "names": names,
            "figures": [[key, label, unit] for key, (label, unit) in FIGURES.items()],
            "runs": {
                runid: [[_short(run[name][key]) for key in FIGURES] if name in run else None for name in names]
                for runid, run in self.runs.items()
            },
            "contrasts": [
                [
                    *(runid, found["contrast"], found["hillslopes"], _short(found["area_ha"])),
                    *(_short(found["value"]), _short(-found["difference"]), _short(found["difference_percent"])),
                ]
                for runid, found in self.contrasts
            ],
        }

    def _line(self, name: str) -> tuple[str, dict[str, float], dict[str, float], dict[str, float], int]:
        """What a scenario rests on, its figures, those of the same runs themselves and of what it rests on."""
        having = [runid for runid, run in self.runs.items() if name in run]
        rests_on = str(self.runs[having[0]][name]["rests_on"] or "")
        means = [self._mean(having, one) for one in (name, BASE, rests_on or BASE)]
        return rests_on, means[0], means[1], means[2], len(having)

    def _mean(self, runids: Sequence[str], name: str) -> dict[str, float]:
        """Figures over some runs: sums of masses, means by area of the rest."""
        weights = {runid: self.area[runid] or 1.0 for runid in runids}
        whole = sum(weights.values())
        found = {}
        for key in FIGURES:
            values = {runid: float(self.runs[runid][name][key]) for runid in runids}
            by_area = sum(value * weights[runid] for runid, value in values.items()) / whole
            found[key] = sum(values.values()) if key in SUMMED else by_area
        return found


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.5g}")


def _percent(value: float, other: float) -> str:
    """A change in percent, with its sign; '' where there is nothing to compare with."""
    if not other:
        return ""
    percent = 100.0 * (value - other) / other
    text = shown(abs(percent), 0)
    return "±0 %" if text == "0" else f"{'+' if percent > 0 else '−'}{text} %"
