"""A scenario of a run: its land use, its soils, and the water and sediment that come of them.

What lies in the scenario's folder is what differs from the run; terrain and weather are the run's own. The same
functions do the work as do the run's.
"""

from dataclasses import dataclass
from pathlib import Path

from weppbatch.errors import ConfigError
from weppbatch.files import write_json
from weppbatch.nodb.omni import Omni, Scenario
from weppbatch.nodb.scenario_names import base_of
from weppbatch.tasks import soils, wepp
from weppbatch.tasks.chain import FOLDER
from weppbatch.tasks.run import Metrics, Run
from weppbatch.tasks.treatments import scenario_landuse

REFERS_TO = ("watershed", "climate")


@dataclass
class Pup(Run):
    """A scenario as a run of its own: what it has made stands before what its run has."""

    def input(self, name: str) -> Path:
        """A file that the scenario has made, else one of the run."""
        own = self.scratch / name
        return own if own.exists() else super().input(name)


def run(run: Run) -> Metrics:
    """Make the scenario of this name. Raises ConfigError when the run has no such scenario any more."""
    control = run.control(Omni)
    scenario = control.scenario(run.scenario)
    if scenario is None:
        raise ConfigError(
            f"run {run.runid} has no scenario '{run.scenario}' (omni.scenarios)",
            hint=f"weppbatch run {run.batch.name}",
        )
    pup = _pup(run)
    base = base_of(run.scenario)
    base = base if control.scenario(base) else ""
    write_json(run.output(f"{FOLDER}/{run.scenario}/scenario.json"), _told(scenario, run.runid, base))
    treated = scenario_landuse(pup, scenario, base)
    soils.run(pup)
    metrics = wepp.run(pup)
    run.degraded = run.degraded or pup.degraded
    return metrics | {"scenario": run.scenario, "rests_on": base or None, **treated}


def _pup(run: Run) -> Pup:
    """The scenario as a run: its files below its own folder, what it reads and says told as this run's."""
    return Pup(
        batch=run.batch,
        runid=run.runid,
        scratch=run.scratch / FOLDER / run.scenario,
        log=run.log,
        threads=run.threads,
        scenario=run.scenario,
        execution=run.execution,
        inputs=run.inputs,
        warnings=run.warnings,
    )


def _told(scenario: Scenario, runid: str, base: str) -> dict[str, object]:
    """What lies in the scenario's folder about it, and where its terrain and its weather are."""
    up = "../" * len(Path(FOLDER, scenario.name).parts)
    return {
        "name": scenario.name,
        "run": runid,
        "rests_on": base or None,
        "fields": scenario.model_dump(mode="json", exclude_none=True),
        "refers_to": {name: f"{up}{name}" for name in REFERS_TO},
    }
