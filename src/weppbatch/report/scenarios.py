"""What the page says of scenarios: for the batch and for every watershed, what each comes to and what sets it off.

Takes run results one by one, of which it reads the record of the task omni; gives plain values. No markup here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from weppbatch.nodb.scenario_names import BASE
from weppbatch.report.results import RunResult
from weppbatch.report.shown import shown, shown_short
from weppbatch.tasks.chain import ordered, scenario_of, task_of

MEASURE = "sediment_yield_t_ha_yr"  # what the bars show
MOST_ROWS = 200  # watersheds that the page has a row for; the files have all
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
    figures: tuple[str, ...]
    difference: str
    effect: str
    bar: float


@dataclass(frozen=True)
class Cell:
    """A scenario of one watershed: its figure, its bar in percent of the watershed's largest, its change."""

    text: str
    bar: float
    change: str


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
                figures=tuple(shown_short(own[key]) for key in FIGURES),
                difference="" if name == BASE else _percent(own[MEASURE], base[MEASURE]),
                effect="" if rests_on in ("", BASE) else _percent(own[MEASURE], rest[MEASURE]),
                bar=round(100.0 * own[MEASURE] / most, 1),
            )
            for name, (rests_on, own, base, rest, count) in raw.items()
        ]

    def rows(self) -> list[tuple[str, list[Cell | None]]]:
        """By run, of the first MOST_ROWS: a cell for each scenario of the batch, None where it does not have it."""
        found = []
        for runid, run in list(self.runs.items())[:MOST_ROWS]:
            most = max(figures[MEASURE] for figures in run.values()) or 1.0
            cells = [_cell(run, name, most) if name in run else None for name in self.names]
            found.append((runid, cells))
        return found

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


def _cell(run: Mapping[str, Mapping[str, Any]], name: str, most: float) -> Cell:
    value = float(run[name][MEASURE])
    change = "" if name == BASE else _percent(value, float(run[BASE][MEASURE]))
    return Cell(shown_short(value), round(100.0 * value / most, 1), change)


def _percent(value: float, other: float) -> str:
    """A change in percent, with its sign; '' where there is nothing to compare with."""
    if not other:
        return ""
    percent = 100.0 * (value - other) / other
    text = shown(abs(percent), 0)
    return "±0 %" if text == "0" else f"{'+' if percent > 0 else '−'}{text} %"
