"""BatchRunner: the state of one batch, in `batch_runner.nodb`.

Changes come in through its helpers, each of which checks, writes and leaves an event in the history. It starts
nothing: what a start needs is computed here, driving it is drive's.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, PrivateAttr

from weppbatch.batch import selection
from weppbatch.batch.access import current_user
from weppbatch.batch.drift import control_hashes
from weppbatch.batch.history import log_events, make_event
from weppbatch.batch.migrations import RESOURCE_KEYS, STATE_VERSION, from_weppcloud, migrate
from weppbatch.errors import InputError, InputProblems
from weppbatch.files import sha256_of_file, sha256_of_json, utc_now
from weppbatch.nodb.base import NoDbBase
from weppbatch.nodb.ron import Ron
from weppbatch.nodb.watershed import Watershed
from weppbatch.tasks import graph

GEOJSON = "watershed_geojson"
VALIDATION_KEYS = ("template", "template_sha256", "resource_sha256", "valid", "runs")
IMMUTABLE = frozenset({"batch_name", "base_config", "batch_config", "created_at", "created_by"})
GUARDED = IMMUTABLE | {"wd", "revision", "state_version", "history"}


class BatchRunner(NoDbBase):
    """One batch: what was uploaded, validated, asked for and done."""

    filename: ClassVar[str] = "batch_runner.nodb"
    STATE_VERSION: ClassVar[int] = STATE_VERSION

    state_version: int = Field(default=STATE_VERSION, ge=1, description="version of the file's layout")
    batch_name: str = Field(frozen=True, description="the folder's name; immutable")
    base_config: str = Field(
        frozen=True, default="", description="the stored configuration that _base began as; immutable"
    )
    batch_config: str = Field(
        frozen=True, default="default_batch", description="the batch's stored configuration; immutable"
    )
    created_at: str = Field(frozen=True, default="", description="ISO 8601, UTC; immutable")
    created_by: str = Field(frozen=True, default="", description="login name; immutable")
    config: dict[str, Any] = Field(default_factory=dict, description="the batch's settings; `excluded` by run id")
    runid_template: str = Field(default="", description="the template that run ids are made with")
    template_validation: dict[str, Any] = Field(
        default_factory=dict, description="the last validation: hashes, summary, run ids, rejected features"
    )
    resources: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="uploaded files by kind, such as watershed_geojson, dem, sbs_map"
    )
    selected_tasks: dict[str, bool] = Field(
        default_factory=lambda: dict.fromkeys(graph.CHECKLIST, True), description="the checklist"
    )
    force_rebuild: bool = Field(default=False, description="whether the last start was asked to redo everything")
    preprocessing: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="by run id: status, extent, target_crs, dem, outlet, tool, artefacts; folded from sentinels",
    )
    runs: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="by run id: status, tasks {name: {status, job_id}}, last_update, attempts, errors; folded",
    )
    history: list[dict[str, Any]] = Field(default_factory=list, description="the audit trail, oldest first")
    control_hashes: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="SHA-256 of each control's settings: base, and runs by run id (drift)"
    )

    _unlogged: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    @classmethod
    def upgrade(cls, state: dict[str, Any], version: int, *, foreign: bool) -> dict[str, Any]:
        """Read versions 1 and 2 and WEPPcloud's files, keeping what they hold."""
        return from_weppcloud(state) if foreign else migrate(state, version, cls.model_fields)

    def adopt(self, other: Self) -> None:
        """Take over another instance's values; events that were not written yet are forgotten."""
        super().adopt(other)
        self._unlogged.clear()

    def dump(self) -> None:
        """Write the state, then its new events as lines of logs/batch.jsonl."""
        super().dump()
        log_events(Path(self.wd), self._unlogged)
        self._unlogged.clear()

    def write_created(self, folder: Path, *, reason: str = "") -> None:
        """Write a new batch's state and its first event into the folder where it is being staged."""
        details = {"base_config": self.base_config, "batch_config": self.batch_config}
        self.history.append(make_event("created", reason=reason, details=details))
        self.write_to(folder)
        log_events(folder, self.history)

    # --- what it knows --------------------------------------------------------------------------------------

    @property
    def folder_name(self) -> str:
        """What the commands call the batch: its folder's name, also where that was copied or renamed."""
        return Path(self.wd).name

    @property
    def validation_state(self) -> str:
        """`missing`, `stale` (template or watersheds changed since), `invalid` or `valid`."""
        validation = self.template_validation
        if not validation:
            return "missing"
        resource = self.resources.get(GEOJSON, {})
        path = Path(self.wd, str(resource.get("relative_path")))
        checksum = validation.get("resource_sha256")
        if (
            validation.get("template_sha256") != sha256_of_json(self.runid_template)
            or resource.get("checksum") != checksum
            or not path.is_file()
            or sha256_of_file(path) != checksum
        ):
            return "stale"
        return "valid" if validation.get("valid") is True else "invalid"

    @property
    def runids(self) -> list[str]:
        """The run ids of the last validation, in the order of the features, excluded ones among them."""
        return [str(entry["runid"]) for entry in self.template_validation.get("runs", [])]

    @property
    def excluded(self) -> dict[str, dict[str, Any]]:
        """The runs that were taken out: {runid: {why, by, at}}."""
        return dict(self.config.get("excluded", {}))

    @property
    def preprocess_context(self) -> dict[str, dict[str, Any]]:
        """What the preprocessing of new runs will use: the settings of ron and watershed in `_base`."""
        base = Path(self.wd, "_base")
        return {kind.filename.split(".")[0]: kind.getInstance(base).settings() for kind in (Ron, Watershed)}

    def run_entry(self, runid: str) -> dict[str, Any]:
        """The validation's entry of a run: runid, index, feature_sha256, area_m2.

        Raises InputError naming the nearest run ids when there is none.
        """
        for entry in self.template_validation.get("runs", []):
            if entry["runid"] == runid:
                return dict(entry)
        raise InputError(f"batch '{self.folder_name}': {selection.unknown(runid, self.runids, kind='run')}")

    def state_dict(self) -> dict[str, Any]:
        """The whole state as plain values, with the views on it and the task list and its digest."""
        return self.__getstate__() | {
            "validation_state": self.validation_state,
            "preprocess_context": self.preprocess_context,
            "task_graph": graph.describe(),
            "task_graph_digest": graph.digest(),
        }

    # --- how it changes -------------------------------------------------------------------------------------

    def add_history(self, event: str, *, reason: str = "", payload: Any = None, **details: Any) -> dict[str, Any]:
        """Add an event to the audit trail and to logs/batch.jsonl; returns it.

        payload: what was changed, of which the SHA-256 of its JSON is kept. details: further members of the event.
        """
        with self.locked():
            entry = make_event(event, reason=reason, payload=payload, details=details)
            self.history.append(entry)
            self._unlogged.append(entry)
        return entry

    def update_state(self, *, reason: str = "", **changes: Any) -> None:
        """Set fields of the state; names without a field go into `metadata`.

        Raises InputProblems when a field may not be changed or a value is wrong; nothing is written then.
        """
        refused = [f"{name} can't be changed" for name in changes if name in GUARDED]
        if refused:
            raise InputProblems(f"batch '{self.folder_name}':", refused)
        known = {name: value for name, value in changes.items() if name in type(self).model_fields}
        extra = {name: value for name, value in changes.items() if name not in known}
        with self.locked():
            state = self.__getstate__() | known
            state["metadata"] = state["metadata"] | extra
            super().adopt(self._validated(state, f"batch '{self.folder_name}'"))
            self.add_history("state_updated", reason=reason, payload=changes, keys=sorted(changes))

    def register_resource(self, name: str, entry: Mapping[str, Any], *, reason: str = "") -> None:
        """Record a file that the batch uses: `relative_path` in the batch's folder, or `path` elsewhere.

        Raises InputError when it has neither, or a relative path that leaves the folder.
        """
        where = entry.get("relative_path", entry.get("path"))
        relative = Path(str(entry.get("relative_path", "")))
        if not where or relative.is_absolute() or ".." in relative.parts:
            raise InputError(f"resource {name}: '{where}' does not lie in the batch")
        with self.locked():
            self.resources[name] = dict(entry)
            self.add_history(
                "resource_uploaded",
                reason=reason,
                payload=dict(entry),
                resource=name,
                file=str(where),
                checksum=entry.get("checksum"),
            )

    def register_geojson(self, entry: Mapping[str, Any], *, reason: str = "") -> None:
        """Record the watersheds. Raises InputProblems naming every key that is missing."""
        missing = [f"{key} is missing" for key in RESOURCE_KEYS if key not in entry]
        if missing:
            raise InputProblems(f"resource {GEOJSON}:", missing)
        self.register_resource(GEOJSON, entry, reason=reason)

    def record_template_validation(self, validation: Mapping[str, Any], *, reason: str = "") -> None:
        """Record a validation, and its template as the batch's. Raises InputProblems naming missing keys."""
        missing = [f"{key} is missing" for key in VALIDATION_KEYS if key not in validation]
        if missing:
            raise InputProblems("template validation:", missing)
        with self.locked():
            self.template_validation = dict(validation)
            self.runid_template = str(validation["template"])
            self.add_history(
                "template_validated",
                reason=reason,
                payload=dict(validation),
                template=self.runid_template,
                valid=validation["valid"],
                runs=len(validation["runs"]),
            )

    def update_tasks(self, changes: Mapping[str, bool], *, reason: str = "") -> dict[str, bool]:
        """Tick tasks on and off and return the checklist; `preprocess` stands for extent, dem and outlet.

        Raises InputProblems naming every unknown name with its nearest.
        """
        with self.locked():
            self.selected_tasks = selection.changed_checklist(self.selected_tasks, changes)
            self.add_history("tasks_selected", reason=reason, payload=self.selected_tasks, changes=dict(changes))
        return dict(self.selected_tasks)

    def record_outlet(self, runid: str, entry: Mapping[str, Any]) -> None:
        """Store what preprocessing found for a run (a view of its sentinels; its history is theirs)."""
        with self.locked():
            self.preprocessing[runid] = dict(entry)

    def record_control_hashes(self) -> dict[str, dict[str, Any]]:
        """Store the SHA-256 of each control's settings, of `_base` and of every run that is cloned."""
        with self.locked():
            self.control_hashes = control_hashes(Path(self.wd), self.runids, self.control_hashes)
        return self.control_hashes

    def exclude(self, runid: str, why: str) -> None:
        """Take a run out of every start from now on. Raises InputError for an unknown run or without a reason."""
        self.run_entry(runid)
        if not why.strip():
            raise InputError(f"say why '{runid}' is excluded", hint="--why TEXT")
        with self.locked():
            entry = {"why": why.strip(), "by": current_user(), "at": utc_now()}
            self.config = self.config | {"excluded": self.excluded | {runid: entry}}
            self.add_history("excluded", reason=why.strip(), runid=runid)

    def exclude_all(self, whys: Mapping[str, str]) -> None:
        """Take several runs out in one write, each with its reason. Raises as `exclude`; none is out then."""
        with self.locked():
            for runid, why in whys.items():
                self.exclude(runid, why)

    def include(self, runid: str, *, reason: str = "") -> None:
        """Take an excluded run in again. Raises InputError when it is not excluded."""
        with self.locked():
            excluded = self.excluded
            if runid not in excluded:
                self.run_entry(runid)
                raise InputError(
                    f"run '{runid}' is not excluded", hint=f"excluded: {', '.join(sorted(excluded)) or 'none'}"
                )
            del excluded[runid]
            self.config = self.config | {"excluded": excluded}
            self.add_history("included", reason=reason, runid=runid)

    def enqueue_runs(
        self, runids: Iterable[str] | None = None, tasks: Iterable[str] | None = None, force: bool = False
    ) -> dict[str, Any]:
        """What a start is to do: {execution, runids, tasks, targets, force_rebuild}; stores `force_rebuild`.

        runids: by default all, largest first; excluded ones never. tasks: by default the checklist, always with
        what they rest on. targets: the sentinels, relative to the batch. Raises InputError when the run ids are
        not valid, and InputProblems naming every unknown or excluded run, or every unknown task.
        """
        if self.validation_state != "valid":
            raise InputError(
                f"the run ids of batch '{self.folder_name}' are {self.validation_state}",
                hint=f"weppbatch validate {self.folder_name} --template TEMPLATE",
            )
        wanted = selection.startable(self.template_validation["runs"], self.excluded, runids)
        selected = graph.selected(self.selected_tasks if tasks is None else selection.only(tasks))
        if self.force_rebuild != force:
            with self.locked():
                self.force_rebuild = force
        return {
            "execution": f"batch:{self.batch_name}:{utc_now()}",
            "runids": wanted,
            "tasks": list(selected),
            "targets": [graph.sentinel(runid, task) for runid in wanted for task in selected],
            "force_rebuild": force,
        }
