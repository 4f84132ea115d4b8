"""What one run has yielded, read from its records and files: figures, tables and shapes.

A run at a time, so that a large batch never lies in memory. Writes nothing and decides no state: that is the
ledger's. A figure is given only where the task that made it has a sentinel.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from shapely.errors import GEOSException
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from weppbatch.batch.ledger import DONE, Ledger, RunState
from weppbatch.errors import InputError
from weppbatch.files import read_json
from weppbatch.tasks.features import RUN_FEATURES

WITH_RESULTS = (*DONE, "stale")
NAME_ATTRIBUTES = ("name", "hucname", "huc_name", "gnis_name")
MAX_NAME_CHARS = 60
HILLSLOPES = "watershed/hillslopes.parquet"
CHANNELS = "watershed/channels.parquet"


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

    Shapes are in WGS84 degrees, by topaz_id. Tables are as the watershed task wrote them, None without results.
    """

    wd: Path
    state: RunState
    polygon_area_m2: float
    name: str = ""
    polygon: BaseGeometry | None = None
    hillslopes: pa.Table | None = None
    channels: pa.Table | None = None
    subcatchment_shapes: dict[int, BaseGeometry] = field(default_factory=dict)
    channel_shapes: dict[int, BaseGeometry] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def runid(self) -> str:
        """The run's id."""
        return self.state.runid

    def has(self, task: str) -> bool:
        """Whether a task's results may be shown: it has a sentinel and no failure after it."""
        return task in self.state.tasks and self.state.tasks[task].status in WITH_RESULTS

    def metrics(self, task: str) -> dict[str, Any]:
        """The figures of a task's sentinel, empty without one."""
        record = self.state.tasks[task].record if self.has(task) else None
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
        return [str(line) for record in records if record for line in record["warnings"]]

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
        result.polygon = shape(feature["geometry"])
        result.name = short_name(feature["properties"] or {})
    if result.has("watershed"):
        try:
            result.hillslopes = pq.read_table(wd / HILLSLOPES)
            result.channels = pq.read_table(wd / CHANNELS)
            result.subcatchment_shapes = _shapes(wd / "watershed" / "subcatchments.geojson")
            result.channel_shapes = _shapes(wd / "watershed" / "channels.geojson")
        except (OSError, pa.ArrowInvalid, InputError, KeyError, GEOSException) as error:
            result.problems.append(f"results of watershed can't be read: {error}")
            result.hillslopes = result.channels = None
    return result


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


def readable_schemas(ledger: Ledger, name: str) -> Iterable[pa.Schema]:
    """The schemas of a Parquet file of all runs that have it whole, without reading the tables."""
    for runid, state in ledger.runs.items():
        path = ledger.plan.folder / "runs" / runid / name
        if "watershed" in state.tasks and state.tasks["watershed"].status in WITH_RESULTS:
            try:
                yield pq.read_schema(path).remove_metadata()
            except (OSError, pa.ArrowInvalid):
                continue  # said by read_result, which meets the same file


def column(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """A numeric column as floats, NaN where it is null."""
    return np.asarray(table.column(name).to_numpy(), dtype=float)


def _shapes(path: Path) -> dict[int, BaseGeometry]:
    """The geometries of a GeoJSON file by their property topaz_id."""
    found: dict[int, BaseGeometry] = {}
    for feature in read_json(path)["features"]:
        if feature["geometry"]:
            found[int(feature["properties"]["topaz_id"])] = shape(feature["geometry"])
    return found
