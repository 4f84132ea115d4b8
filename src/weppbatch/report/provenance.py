"""What made a batch's results: inputs with checksums, versions, settings; the manifest's content.

Reads state, records and controls and gives plain values. Writes nothing.
"""

import platform
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

from weppbatch import __version__
from weppbatch.batch.ledger import Ledger
from weppbatch.errors import InputError
from weppbatch.files import sha256_of_json, utc_now
from weppbatch.nodb.controls import CONTROLS, describe, load
from weppbatch.report.again import commands
from weppbatch.report.results import RunResult, dem_provenance
from weppbatch.tasks import graph

PACKAGES = ("snakemake", "weppcloud-wbt", "numpy", "numba", "rasterio", "shapely", "pyproj", "pyarrow", "pyogrio")
RESOURCE_KEYS = (
    "source_name",
    "relative_path",
    "checksum",
    "bytes",
    "feature_count",
    "crs",
    "uploaded_at",
    "uploaded_by",
)
WD = re.compile(rb'"wd": *"[^"]*"')  # where a run's controls lie; all else in them is settings
DEM_KEYS = ("source", "source_tag", "driver", "crs", "resolution", "vertical_unit", "resampling", "bytes", "sha256")

# What the tasks' metrics call the maps that they read.
MAPS = {
    "landcover": "Land cover",
    "sbs_map": "Burn severity",
    "canopy_map": "Canopy",
    "soil_map": "Soil map",
    "soil_table": "Soil table",
}


class Provenance:
    """Gathers what made each run, one run at a time, and gives it for the page and the manifest.

    What a run tells is plain values, so that it can be kept for the next build.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.base = ledger.plan.folder / "_base"
        self.dems: dict[str, dict[str, Any]] = {}
        self.sources: dict[str, Counter[str]] = defaultdict(Counter)
        self.outside: dict[tuple[str, str], dict[str, Any]] = {}
        self.engines: dict[str, set[str]] = defaultdict(set)
        self.differences: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self._fields = fields_read()
        self._base_settings = {name: load(self.base, name).settings() for name in self._fields}
        self._known: dict[tuple[str, bytes], dict[str, Any]] = {}

    def told_by(self, result: RunResult) -> dict[str, Any]:
        """What a run tells, as plain values: its elevations' source, versions, outside files, settings, digests."""
        dem = dem_provenance(result)
        records = {
            task: state.record
            for task, state in result.state.tasks.items()
            if result.has(task) and state.record is not None
        }
        tasks = {
            task: {
                "status": result.state.tasks[task].status,
                "finished_at": record["finished_at"],
                "config_sha256": record["config_sha256"],
                "versions": record["versions"],
                "inputs_sha256": _digest(record["inputs"]),
                "outputs_sha256": _digest(record["outputs"]),
            }
            for task, record in records.items()
        }
        outside = {
            task: [entry for entry in record["inputs"] if Path(entry["path"]).is_absolute()]
            for task, record in records.items()
        }
        return {
            "dem": {key: dem.get(key) for key in DEM_KEYS} if dem is not None else None,
            "sources": _sources(result),
            "outside": {task: entries for task, entries in outside.items() if entries},
            "differences": self._differences(result.wd) if result.has("clone") else {},
            "run": {
                "status": result.state.status,
                "feature_sha256": self.ledger.plan.entries[result.runid]["feature_sha256"],
                "dem_sha256": dem["sha256"] if dem else None,
                "tasks": tasks,
            },
        }

    def take(self, runid: str, told: Mapping[str, Any]) -> None:
        """Take in what a run tells."""
        if told["dem"] is not None:
            self.dems.setdefault(sha256_of_json(told["dem"]), told["dem"] | {"runs": 0})["runs"] += 1
        for kind, source in told["sources"]:
            self.sources[kind][source] += 1
        read: set[tuple[str, str]] = set()
        for task, entries in told["outside"].items():
            read |= self._note_outside(task, entries)
        for key in read:
            self.outside[key]["runs"] += 1
        for task in told["run"]["tasks"].values():
            for program, number in task["versions"].items():
                self.engines[program].add(number)
        self.runs[runid] = told["run"]
        if told["differences"]:
            self.differences[runid] = told["differences"]

    def settings(self) -> list[dict[str, Any]]:
        """The settings of `_base` that tasks read: field, value, default, description, whether it was changed."""
        read = {f"{control}.{name}" for control, names in self._fields.items() for name in names}
        return [row._asdict() | {"changed": row.changed} for row in describe(self.base) if row.field in read]

    def versions(self) -> dict[str, str]:
        """The programs that made the results, as their records say, and the packages installed now."""
        made = {
            "weppbatch": ", ".join(sorted(self.engines["weppbatch"])) or f"{__version__} (nothing made yet)",
            "engine": ", ".join(sorted(self.engines["engine"] - {""})),
        }
        installed = {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES}
        return {name: text for name, text in (made | installed).items() if text}

    def manifest(self) -> dict[str, Any]:
        """All of it, with a digest over everything but the time."""
        runner = self.ledger.plan.runner
        watersheds = runner.resources.get("watershed_geojson", {})
        settings = self.settings()
        content = {
            "batch": runner.batch_name,
            "execution": self.ledger.to_json()["execution"],
            "base_config": runner.base_config,
            "template": runner.runid_template,
            "template_sha256": runner.template_validation.get("template_sha256"),
            "checklist": runner.selected_tasks,
            "watersheds": {key: watersheds.get(key) for key in RESOURCE_KEYS},
            "resources": runner.resources,
            "dems": sorted(self.dems.values(), key=lambda dem: str(dem["source"])),
            "outside_files": [self.outside[key] for key in sorted(self.outside)],
            "sources": {kind: dict(sorted(counts.items())) for kind, counts in self.sources.items()},
            "versions": self.versions(),
            "packages": installed_packages(),
            "platform": platform.platform(),
            "task_graph": graph.describe(),
            "task_graph_digest": graph.digest(),
            "settings": {row["field"]: row["value"] for row in settings},
            "settings_of_single_runs": self.differences,
            "runs": self.runs,
            "excluded": runner.excluded,
            "rejected": runner.template_validation.get("rejected", []),
            "commands": commands(runner, settings),
        }
        return {"digest": sha256_of_json(content), "made_at": utc_now()} | content

    def _note_outside(self, task: str, entries: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
        """Keep the files that a task read from outside of its run, by path and checksum; returns these."""
        keys = set()
        for entry in entries:
            key = entry["path"], entry["sha256"]
            known = self.outside.setdefault(key, dict(entry) | {"tasks": [], "runs": 0})
            known["tasks"] += [] if task in known["tasks"] else [task]
            keys.add(key)
        return keys

    def _differences(self, wd: Path) -> dict[str, Any]:
        """The settings in which a run differs from `_base`."""
        found: dict[str, Any] = {}
        for control in self._fields:
            try:
                found |= self._compared(wd, control)
            except InputError as error:
                found[control] = f"can't be read: {error.message}"
        return found

    def _compared(self, wd: Path, control: str) -> dict[str, Any]:
        """The settings in which one control of a run differs; controls that are the same are compared once."""
        path = wd / CONTROLS[control].filename
        key = control, WD.sub(b"", path.read_bytes(), count=1) if path.exists() else b""
        if key not in self._known:
            own, base = load(wd, control).settings(), self._base_settings[control]
            self._known[key] = {
                f"{control}.{name}": own[name] for name in self._fields[control] if own[name] != base[name]
            }
        return self._known[key]


def installed_packages() -> list[str]:
    """Every package that is installed now, as `pip freeze` names them: name==version."""
    return sorted({f"{found.metadata['Name']}=={found.version}" for found in distributions()}, key=str.lower)


def _digest(files: Iterable[Mapping[str, Any]]) -> str:
    """One checksum over the paths and checksums of files, to compare a run with the same one made again.

    Files from outside count by their content, wherever they lie.
    """
    return sha256_of_json(sorted([_inside(entry["path"]), entry["sha256"]] for entry in files))


def _inside(path: str) -> str:
    """A path in a run as it is; of a file from outside its name."""
    return Path(path).name if Path(path).is_absolute() else path


def _sources(result: RunResult) -> list[tuple[str, str]]:
    """Where land cover, soils and weather of a run came from: kind and source."""
    found = [
        (MAPS.get(name, name), str(source))
        for task in ("landuse", "soils")
        for name, source in result.metrics(task).get("maps", {}).items()
    ]
    climate = result.metrics("climate")
    if climate.get("station"):
        place = climate.get("station_id") or climate.get("file") or ""
        found.append(("Weather", f"{climate['source'].replace('_', ' ')}: {climate['station']} ({place})"))
    for task in ("landuse", "soils"):
        found += [("Parameter table", str(name)) for name in result.metrics(task).get("tables", [])]
    return found


def fields_read() -> dict[str, list[str]]:
    """The control fields that any task reads, by control."""
    read: dict[str, list[str]] = defaultdict(list)
    for spec in graph.TASKS.values():
        for control, names in spec.settings_of(point=True).items():
            read[control] += [name for name in names if name not in read[control]]
    return read
