"""What one run has yielded, read from its records and files: figures, tables and shapes.

A run at a time, so that a large batch never lies in memory. Writes nothing and decides no state: that is the
ledger's. A figure is given only where the task that made it has a sentinel, and where it rests on the files that
the run has now.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely
from shapely.errors import GEOSException
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from weppbatch.batch.ledger import Ledger
from weppbatch.batch.states import DONE, RunState
from weppbatch.errors import InputError
from weppbatch.files import read_json
from weppbatch.report.joined import CHANNELS, HILLSLOPES, Part, joined
from weppbatch.tasks import graph
from weppbatch.tasks.features import RUN_FEATURES
from weppbatch.tasks.record import TaskFiles, read_record

WITH_RESULTS = (*DONE, "stale")
NAME_ATTRIBUTES = ("name", "hucname", "huc_name", "gnis_name")
MAX_NAME_CHARS = 60
WHY_OUTDATED = "they rest on files that were made again since, or whose task has no result now"
TOPAZ_ID = re.compile(rb'"topaz_id": ?(\d+)')
CANT_READ = (OSError, pa.ArrowInvalid, InputError, KeyError, GEOSException)


class Features:
    """The validated features of a batch, found by run id without keeping them in memory."""

    def __init__(self, batch: Path) -> None:
        self.path = batch / RUN_FEATURES
        self.offsets: dict[str, int] = {}
        if not self.path.exists():
            return
        with self.path.open("rb") as lines:
            offset = 0
            for line in lines:
                self.offsets[str(json.loads(line)["runid"])] = offset
                offset += len(line)

    def get(self, runid: str) -> dict[str, Any] | None:
        """The feature of a run, None when the file has none."""
        if runid not in self.offsets:
            return None
        with self.path.open("rb") as lines:
            lines.seek(self.offsets[runid])
            feature: dict[str, Any] = json.loads(lines.readline())
        return feature


@dataclass
class RunResult:
    """One run with what there is of it; `problems` says which of its files could not be read.

    Shapes are in WGS84 degrees, by topaz_id. Tables hold terrain, land use, soils and results as far as there are
    any; None without a watershed. `outdated`: the tasks whose results rest on files that were made again since, or
    that no task has a record of any more. `requested`: the outlet that was given in place of the polygon; this is
    then the basin that was found.
    """

    wd: Path
    state: RunState
    polygon_area_m2: float | None
    name: str = ""
    polygon: BaseGeometry | None = None
    requested: Point | None = None
    hillslopes: pa.Table | None = None
    channels: pa.Table | None = None
    subcatchment_shapes: dict[int, BaseGeometry] = field(default_factory=dict)
    channel_shapes: dict[int, BaseGeometry] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    outdated: frozenset[str] = frozenset()

    @property
    def runid(self) -> str:
        """The run's id."""
        return self.state.runid

    def has(self, task: str) -> bool:
        """Whether a task has a sentinel, and no failure after it."""
        return has_results(self.state, task)

    def shows(self, task: str) -> bool:
        """Whether a task's results may be shown: it has them, and they belong to the run's other results."""
        return self.has(task) and task not in self.outdated

    def metrics(self, task: str) -> dict[str, Any]:
        """The figures of a task's sentinel, empty without one or when they are outdated."""
        record = self.state.tasks[task].record if self.shows(task) else None
        return dict(record["metrics"]) if record else {}

    def seconds(self, task: str) -> float | None:
        """How long a task took, None while it has no sentinel."""
        record = self.state.tasks[task].record if self.has(task) else None
        return float(record["wall_s"]) if record else None

    @property
    def flags(self) -> list[str]:
        """Why the outlet should be looked at."""
        return [str(flag) for flag in self.metrics("outlet").get("flags", [])]

    @property
    def warnings(self) -> list[str]:
        """What the tasks said beside their results."""
        records = [self.state.tasks[task].record for task in self.state.tasks if self.has(task)]
        # A scenario says again what its run said.
        return list(dict.fromkeys(str(line) for record in records if record for line in record["warnings"]))

    @property
    def cell_size_m(self) -> float:
        """The side of a cell of the run's grid; 30 m until it has one."""
        return float(self.metrics("dem").get("cell_size_m", 30.0))


def read_result(ledger: Ledger, features: Features, runid: str) -> RunResult:
    """What a run has; a file that can't be read is named in `problems` and left out."""
    wd = ledger.plan.folder / "runs" / runid
    result = RunResult(wd, ledger.runs[runid], ledger.plan.area_m2(runid))
    feature = features.get(runid)
    if feature is not None:
        given = shape(feature["geometry"])
        if isinstance(given, Point):
            result.requested = given
        else:
            result.polygon = given
        result.name = short_name(feature["properties"] or {})
    result.outdated = outdated(wd, result.state)
    if result.outdated:
        names = " and ".join(graph.spec_of(task).label for task in graph.ordered(result.outdated))
        result.problems.append(f"results of {names} are left out: {WHY_OUTDATED}")
    if result.requested is not None and result.shows("outlet"):
        try:
            result.polygon = shape(read_json(wd / "watershed" / "basin.geojson")["features"][0]["geometry"])
        except CANT_READ as error:
            result.problems.append(f"the outline of the basin can't be read: {error}")
    if result.shows("watershed"):
        try:
            result.subcatchment_shapes = _shapes(wd / "watershed" / "subcatchments.geojson")
            result.channel_shapes = _shapes(wd / "watershed" / "channels.geojson")
            tables = HILLSLOPES[0].read(wd), CHANNELS[0].read(wd)
        except CANT_READ as error:
            result.problems.append(f"results of watershed can't be read: {error}")
        else:
            result.hillslopes = _with_results(result, tables[0], HILLSLOPES[1:])
            result.channels = _with_results(result, tables[1], CHANNELS[1:])
    return result


def result_as_told(
    ledger: Ledger, runid: str, name: str, problems: Sequence[str], outdated: Iterable[str]
) -> RunResult:
    """What a run has by its records alone, without tables and shapes; the rest as `read_result` found it before."""
    wd, area_m2 = ledger.plan.folder / "runs" / runid, ledger.plan.area_m2(runid)
    return RunResult(wd, ledger.runs[runid], area_m2, name, problems=list(problems), outdated=frozenset(outdated))


def _with_results(result: RunResult, table: pa.Table, parts: Sequence[Part]) -> pa.Table:
    """A table with what the parts add; a part that can't be read is named in `problems` and left out."""
    found = []
    for part in parts:
        if result.shows(part.task):
            try:
                found.append(part.read(result.wd))
            except CANT_READ as error:
                result.problems.append(f"results of {part.task} can't be read: {error}")
    return joined(table, found)


def parts_of(result: RunResult, parts: Mapping[str, Part]) -> dict[str, pa.Table]:
    """The tables of a run by name, of those that it has; one that can't be read is named in `problems`."""
    found = {}
    for name, part in parts.items():
        if result.shows(part.task):
            try:
                found[name] = part.read(result.wd)
            except CANT_READ as error:
                result.problems.append(f"results of {part.task} can't be read: {error}")
    return found


def has_results(state: RunState, task: str) -> bool:
    """Whether a task of a run has a sentinel, and no failure after it."""
    return task in state.tasks and state.tasks[task].status in WITH_RESULTS


def outdated(wd: Path, state: RunState) -> frozenset[str]:
    """The tasks that read another version of a file than the run has now, by the records' checksums.

    A file that a task would make and no sentinel vouches for counts as another one. A sentinel vouches for its
    files also while its task is at work again or has failed since: they are replaced only when it has succeeded.
    """
    records = {task: _sentinel(wd, state, task) or {} for task in state.tasks}
    now = {entry["path"]: entry["sha256"] for record in records.values() for entry in record.get("outputs", [])}
    made = {name for task in {*graph.TASKS, *state.tasks} for name in graph.spec_of(task).files}
    return frozenset(
        task
        for task in state.tasks
        if has_results(state, task)
        for entry in records[task].get("inputs", [])
        if now.get(entry["path"], "" if entry["path"] in made else entry["sha256"]) != entry["sha256"]
    )


def _sentinel(wd: Path, state: RunState, task: str) -> dict[str, Any] | None:
    """A task's sentinel, also under a failure or a mark that it runs."""
    return state.tasks[task].record if has_results(state, task) else read_record(TaskFiles(wd, task).sentinel)


def dem_provenance(result: RunResult) -> dict[str, Any] | None:
    """Where a run's elevations came from, None without a DEM."""
    path = result.wd / "dem" / "provenance.json"
    if not result.has("dem") or not path.exists():
        return None
    found: dict[str, Any] = read_json(path)
    return found


def short_name(properties: dict[str, Any]) -> str:
    """The first attribute that looks like a name and is short; '' where there is none."""
    by_lower = {key.lower(): value for key, value in properties.items()}
    for key in NAME_ATTRIBUTES:
        value = by_lower.get(key)
        if isinstance(value, str) and 0 < len(value) <= MAX_NAME_CHARS:
            return value
    return ""


def column(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """A numeric column as floats, NaN where it is null."""
    return np.asarray(table.column(name).to_numpy(), dtype=float)


def _shapes(path: Path) -> dict[int, BaseGeometry]:
    """The geometries of a GeoJSON file by their property topaz_id."""
    text = path.read_bytes()
    ids, shapes = TOPAZ_ID.findall(text), shapely.get_parts(shapely.from_geojson(text))
    if len(ids) == len(shapes) and not shapely.is_empty(shapes).any():
        return dict(zip(map(int, ids), shapes, strict=True))
    features = [feature for feature in json.loads(text)["features"] if feature["geometry"]]
    return {int(feature["properties"]["topaz_id"]): shape(feature["geometry"]) for feature in features}
