"""The tasks of one run: those of every run, and one for each of its scenarios (`omni.<scenario>`).

In: names of scenarios, which tell what each rests on. Out: the tasks in order, what each follows, and the spec of
every one. Light: the standard library alone.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from weppbatch.nodb.scenario_names import PATTERN, base_of
from weppbatch.tasks.catalogue import SPECS, WEPP_FILES
from weppbatch.tasks.spec import TaskSpec

TASKS: Mapping[str, TaskSpec] = {spec.name: spec for spec in SPECS}
SUMMARY = "omni"
FAMILY = f"{SUMMARY}."
FOLDER = "_pups/omni/scenarios"


def scenario_of(task: str) -> str:
    """The scenario of a task such as omni.uniform_low; '' for a task that every run has."""
    return task.removeprefix(FAMILY) if task.startswith(FAMILY) else ""


def box_of(task: str) -> str:
    """The box of the checklist that a task belongs to: that of its scenarios is the summary's."""
    return SUMMARY if scenario_of(task) else task


def task_of(scenario: str) -> str:
    """The task that makes a scenario."""
    return FAMILY + scenario


def is_task(name: str) -> bool:
    """Whether a task could have this name; whether a run has the scenario is for its control to say."""
    return name in TASKS or PATTERN.fullmatch(scenario_of(name)) is not None


@cache
def spec_of(task: str) -> TaskSpec:
    """What a task is. Raises KeyError for what `is_task` refuses."""
    if not is_task(task):
        raise KeyError(task)
    return _scenario_spec(scenario_of(task)) if scenario_of(task) else TASKS[task]


def _scenario_spec(scenario: str) -> TaskSpec:
    """The task of a scenario: land use, soils and what follows, under the weather and on the terrain of its run.

    No setting configures it but its own fields, which its name tells; all others reach it by the tasks before it.
    """
    folder = f"{FOLDER}/{scenario}"
    made = ("scenario.json", "landuse/landuse.parquet", "soils/soils.parquet", "soils/layers.parquet", *WEPP_FILES)
    declared = ("landuse/landuse.parquet", "wepp/hillslopes.parquet", "wepp/summary.json")
    return TaskSpec(
        name=task_of(scenario),
        label=f"Scenario {scenario}",
        after=("landuse", "soils", "climate", "wepp"),
        settings={SUMMARY: ()},
        files=tuple(f"{folder}/{name}" for name in made),
        declared=tuple(f"{folder}/{name}" for name in declared),
        folders=(f"{folder}/wepp/runs",),
        engine="embedded",
    )


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    """Tasks in an order in which each comes after those that it rests on; scenarios before their summary."""
    places = {name: place for place, name in enumerate(TASKS)}

    def place(task: str) -> tuple[int, bool, bool, str]:
        scenario = scenario_of(task)
        return places[box_of(task)], not scenario, bool(base_of(scenario)), scenario

    return tuple(sorted(dict.fromkeys(names), key=place))


def selected(checklist: Mapping[str, bool]) -> tuple[str, ...]:
    """The tasks to complete for a checklist: what is ticked and everything that it rests on, in order.

    A scenario is among them when it is named itself; all scenarios of a run belong to the box `omni` (see `Chain`).
    """
    wanted: set[str] = {"clone"}

    def want(name: str) -> None:
        wanted.add(name)
        for upstream in (*spec_of(name).after, *_own_base(name)):
            want(upstream)

    for name, ticked in checklist.items():
        if ticked and is_task(name):
            want(name)
    return ordered(wanted)


def _own_base(task: str) -> tuple[str, ...]:
    """The task of the scenario that one rests on."""
    base = base_of(scenario_of(task))
    return (task_of(base),) if base else ()


@dataclass(frozen=True)
class Chain:
    """All tasks of a run that has these scenarios."""

    scenarios: tuple[str, ...] = ()

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Their names, in order."""
        return ordered([*TASKS, *map(task_of, self.scenarios)])

    def after(self, task: str) -> tuple[str, ...]:
        """The tasks whose results a task reads."""
        if task == SUMMARY:
            return (*TASKS[task].after, *(name for name in self.tasks if scenario_of(name)))
        return (*spec_of(task).after, *(name for name in _own_base(task) if name in self.tasks))

    def following(self, tasks: Iterable[str]) -> tuple[str, ...]:
        """The tasks that rest on any of these, directly or not, without these, in order."""
        asked = set(tasks)
        found = set(asked)
        for name in self.tasks:
            if found.intersection(self.after(name)):
                found.add(name)
        return tuple(name for name in self.tasks if name in found - asked)

    def within(self, tasks: Collection[str]) -> tuple[str, ...]:
        """Those of the run's tasks that are among these, all scenarios where their box is, in order."""
        return tuple(name for name in self.tasks if name in tasks or box_of(name) in tasks)


@cache
def chain(scenarios: tuple[str, ...] = ()) -> Chain:
    """The chain of a run with these scenarios."""
    return Chain(scenarios)


def chain_with(tasks: Iterable[str]) -> Chain:
    """The chain of a run whose scenarios are those of these tasks."""
    return chain(tuple(name for name in map(scenario_of, tasks) if name))
