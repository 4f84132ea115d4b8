"""What the page says of scenarios and of ash: means by area, sums and changes."""

from types import SimpleNamespace
from typing import Any

import pytest

from weppbatch.report.ash import ash_sums
from weppbatch.report.scenarios import Scenarios


def told(yield_t_ha: float, area_ha: float, rests_on: str | None) -> dict[str, Any]:
    return {
        "rests_on": rests_on,
        "runoff_mm_yr": 100 * yield_t_ha,
        "soil_loss_t_ha_yr": 2 * yield_t_ha,
        "sediment_yield_t_ha_yr": yield_t_ha,
        "sediment_yield_t_yr": yield_t_ha * area_ha,
    }


def run(runid: str, area_ha: float, **yields: float) -> Any:
    rests = {"base": None, "mulch_60_uniform_high": "uniform_high"}
    found = {name: told(value, area_ha, rests.get(name, "base")) for name, value in yields.items()}
    metrics = {"omni": {"scenarios": found}, "outlet": {"basin_area_m2": area_ha * 1e4}}
    return SimpleNamespace(runid=runid, metrics=lambda task: metrics.get(task, {}))


@pytest.fixture
def scenarios() -> Scenarios:
    gathered = Scenarios()
    gathered.add(run("a", 300, base=1.0, uniform_high=4.0, mulch_60_uniform_high=2.0))
    gathered.add(run("b", 100, base=3.0, uniform_high=12.0))
    gathered.add(run("c", 100, base=3.0))  # without scenarios it has no part in this
    return gathered


def test_a_scenario_is_compared_over_the_watersheds_that_have_it(scenarios: Scenarios):
    base, high, mulch = scenarios.lines()
    assert [line.name for line in (base, high, mulch)] == ["base", "uniform_high", "mulch_60_uniform_high"]
    assert (base.watersheds, high.watersheds, mulch.watersheds) == (2, 2, 1)
    assert list(map(str, base.figures)) == [
        "150",
        "3",
        "1.5",
        "600",
    ]  # (300 x 1 + 100 x 3) / 400 t/ha
    assert list(map(str, high.figures[2:])) == ["6", "2,400"] and high.difference == "+300 %" and high.effect == ""
    assert mulch.difference == "+100 %" and mulch.effect == "−50 %" and mulch.rests_on == "uniform_high"
    assert (base.bar, high.bar, mulch.bar) == (25.0, 100.0, 33.3)


def test_every_watershed_has_its_figures_and_gaps(scenarios: Scenarios):
    told = scenarios.to_json()
    assert told["names"] == ["base", "uniform_high", "mulch_60_uniform_high"]
    assert [key for key, _, _ in told["figures"]][2:] == ["sediment_yield_t_ha_yr", "sediment_yield_t_yr"]
    assert told["runs"]["a"] == [[100, 2, 1, 300], [400, 8, 4, 1200], [200, 4, 2, 600]]
    assert told["runs"]["b"][2] is None and "c" not in told["runs"]


def test_ash_is_summed_by_burn_class_over_the_watersheds_that_have_it():
    keys = [f"ash_{name}_t" for name in ("low", "moderate", "high")]
    rows = [
        {"ash_initial_t": 9.0} | dict(zip(keys, (1.0, 2.0, 4.0), strict=True)),
        {"ash_initial_t": 5.0} | dict(zip(keys, (0.0, 1.0, None), strict=True)),
        {"ash_initial_t": 0.0} | dict.fromkeys(keys, 7.0),
    ]
    assert [(label, str(mass)) for label, mass in ash_sums(rows)] == [
        *(("low severity", "1 t"), ("moderate severity", "3 t"), ("high severity", "4 t")),
    ]
    assert ash_sums(rows[2:]) == []
