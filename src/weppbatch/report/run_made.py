"""What made one run's results: terrain, sources, weather, settings, versions, and its tasks with times and
checksums.

Reads records, the provenance of its elevations and its own controls; gives plain values. Writes nothing.
"""

import json
from collections.abc import Iterable
from typing import Any

from weppbatch.errors import InputError
from weppbatch.nodb.controls import CONTROLS, describe
from weppbatch.report.provenance import DEM_KEYS, MAPS, fields_read
from weppbatch.report.results import RunResult, dem_provenance
from weppbatch.report.summary import record_of
from weppbatch.tasks import graph

WEATHER_KEYS = (
    *("source", "station", "station_id", "file", "distance_km", "watershed_above_station_m"),
    *("years", "precip_mm_yr", "mean_temperature_c"),
)


def made(result: RunResult) -> dict[str, Any]:
    """All of it, by kind."""
    return {
        "dem": _dem(result),
        "maps": [
            (MAPS.get(name, name), str(source), task)
            for task in ("landuse", "soils")
            for name, source in result.metrics(task).get("maps", {}).items()
        ],
        "tables": [
            (str(name), task) for task in ("landuse", "soils") for name in result.metrics(task).get("tables", [])
        ],
        "weather": _weather(result),
        "outside": _outside(result),
        "settings": _settings(result),
        "versions": _versions(result),
        "outputs": _outputs(result),
    }


def tasks(result: RunResult) -> list[dict[str, Any]]:
    """A row for each task of the run: label, state, record in short, warnings."""
    return [
        {"task": name, "label": graph.spec_of(name).label} | record_of(state, figures=False)
        for name, state in result.state.tasks.items()
        if state.record is not None or state.status != "not_selected"
    ]


def _dem(result: RunResult) -> dict[str, Any] | None:
    try:
        found = dem_provenance(result)
    except (OSError, InputError):
        return None
    if found is None:
        return None
    return {key: found.get(key) for key in (*DEM_KEYS, "notes", "grid")}


def _weather(result: RunResult) -> dict[str, Any] | None:
    """What the task climate says of its station and years, None where a figure is missing."""
    climate = result.metrics("climate")
    return {key: climate.get(key) for key in WEATHER_KEYS} if climate else None


def _outside(result: RunResult) -> list[dict[str, Any]]:
    """The files from outside of the run that its tasks read, each once with the tasks that did."""
    known: dict[tuple[str, str], dict[str, Any]] = {}
    for task, entry in _entries(result, "inputs"):
        if entry["path"].startswith("/"):
            found = known.setdefault((entry["path"], entry["sha256"]), dict(entry) | {"tasks": []})
            found["tasks"].append(task)
    return [known[key] | {"tasks": told_tasks(known[key]["tasks"])} for key in sorted(known)]


def _outputs(result: RunResult) -> list[dict[str, Any]]:
    """Every file that the tasks made, as their records have it: path, bytes, sha256, task."""
    return [dict(entry) | {"task": graph.spec_of(task).label} for task, entry in _entries(result, "outputs")]


def _entries(result: RunResult, kind: str) -> list[tuple[str, dict[str, Any]]]:
    records = {task: state.record or {} for task, state in result.state.tasks.items() if result.has(task)}
    return [(task, entry) for task, record in records.items() for entry in record.get(kind, [])]


def _settings(result: RunResult) -> list[dict[str, Any]]:
    """The run's own settings that differ from the defaults, of those that a task reads."""
    read = {f"{control}.{name}" for control, names in fields_read().items() for name in names}
    rows: list[dict[str, Any]] = []
    for control, kind in CONTROLS.items():
        if not (result.wd / kind.filename).exists():
            continue
        try:
            found = describe(result.wd, control)
        except InputError as error:
            rows.append(
                {"field": control, "value": f"can't be read: {error.message}", "default": "", "description": ""}
            )
            continue
        rows += [
            row._asdict() | {"value": told_value(row.value), "default": told_value(row.default)}
            for row in found
            if row.changed and row.field in read
        ]
    return rows


def told_value(value: object) -> str:
    """A setting's value as it is typed for `weppbatch set`; what is not set says so."""
    if value in (None, ""):
        return "not set"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _versions(result: RunResult) -> list[tuple[str, str]]:
    """The programs that made the run's results, with the tasks that each made."""
    known: dict[str, list[str]] = {}
    for task, state in result.state.tasks.items():
        if result.has(task) and state.record:
            for program, number in state.record["versions"].items():
                if number:
                    name = f"{program} {number}" if program == "weppbatch" else str(number)
                    known.setdefault(name, []).append(task)
    everything = max((len(names) for names in known.values()), default=0)
    return [(name, "all tasks" if len(names) == everything else told_tasks(names)) for name, names in known.items()]


def told_tasks(names: Iterable[str]) -> str:
    """Tasks by their labels; scenarios only by their number."""
    names = list(names)
    labels = [graph.spec_of(name).label for name in names if not graph.scenario_of(name)]
    scenarios = len(names) - len(labels)
    return ", ".join(
        [*labels, *([f"{scenarios} {'scenario' if scenarios == 1 else 'scenarios'}"] if scenarios else [])]
    )
