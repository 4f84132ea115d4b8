"""A batch as a start sees it: its runs, the tasks they need, the digest of each, and how large they are.

Read by the Snakefile at parse time and by `weppbatch run`; reads files, changes none.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from weppbatch.batch.force import written_ns
from weppbatch.batch.runner import BatchRunner
from weppbatch.errors import InputError
from weppbatch.files import sha256_of_file
from weppbatch.nodb.controls import load
from weppbatch.nodb.ron import Ron
from weppbatch.nodb.scenario_names import names_of
from weppbatch.tasks import graph
from weppbatch.tasks.configuration import config_digest, engine_version
from weppbatch.tasks.record import TaskFiles, read_record

BASE_MEM_MB = 600
BYTES_A_CELL = 150  # HillslopesTopaz 62, pruning 54, our own arrays beside them
SECONDS_A_MILLION_CELLS = 60


class Plan:
    """The runs and targets of one batch.

    named: the tasks that a start asks for in place of the checklist. work: exactly the tasks that a start does, by
    run id; any other result is used as it is.
    Raises InputError when the batch's run ids were never validated, or no longer are.
    """

    def __init__(
        self,
        folder: Path,
        *,
        named: Sequence[str] | None = None,
        work: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self.folder = folder
        self.named = named
        self.work = work
        self.runner = BatchRunner.getInstance(folder)
        if self.runner.validation_state != "valid":
            raise InputError(
                f"the run ids of batch '{self.runner.folder_name}' are {self.runner.validation_state}",
                hint=f"weppbatch validate {self.runner.folder_name} --template TEMPLATE",
            )
        entries = self.runner.template_validation["runs"]
        self.entries = {entry["runid"]: entry for entry in entries}
        self._chains: dict[str | None, graph.Chain] = {}
        self._digests: dict[tuple[str, str], str] = {}
        self._loaded: dict[tuple[str | None, str], Mapping[str, Any]] = {}

    @cached_property
    def excluded(self) -> frozenset[str]:
        """The run ids that an admin has taken out."""
        return frozenset(self.runner.excluded)

    @cached_property
    def runids(self) -> tuple[str, ...]:
        """The run ids that take part, largest watershed first."""
        return tuple(
            sorted(self.entries.keys() - self.excluded, key=lambda runid: (-self.window_cells(runid), runid))
        )

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that are named, or that the checklist asks for, with those they rest on, in order."""
        return graph.selected(self.runner.selected_tasks if self.named is None else dict.fromkeys(self.named, True))

    def chain(self, runid: str) -> graph.Chain:
        """The tasks of a run, its scenarios among them: those of its controls, of `_base` until it is cloned."""
        where = runid if self._is_cloned(runid) else None
        if where not in self._chains:
            scenarios = self._settings("omni", where)["scenarios"]
            burned = bool(self._settings("disturbed", where)["sbs_map"])
            self._chains[where] = graph.chain(names_of(scenarios, burned=burned))
        return self._chains[where]

    def asks(self, task: str) -> bool:
        """Whether a task is to be complete, where a run has it."""
        return task in self.tasks or graph.box_of(task) in self.tasks

    def area_m2(self, runid: str) -> float | None:
        """The area of a run's polygon; None when an outlet was given in its place."""
        return None if self.is_point(runid) else float(self.entries[runid]["area_m2"])

    def is_point(self, runid: str) -> bool:
        """Whether a run's watershed was given as the point where it drains."""
        return bool(self.entries[runid].get("point"))

    def task_files(self, runid: str, task: str) -> TaskFiles:
        """Where a task's records lie."""
        return TaskFiles(self.folder / "runs" / runid, task)

    def kept(self, task: str, runid: str) -> bool:
        """Whether a task's result is used as it is: nothing asks for it to be made, and it has one."""
        if self.work is not None:
            asked = task in self.work.get(runid, ())
        else:
            box = graph.box_of(task)
            asked = box not in graph.CHECKLIST or self.runner.selected_tasks.get(box, False)
            asked = asked or not {task, box}.isdisjoint(self.named or ())
        return not asked and self.task_files(runid, task).sentinel.exists()

    def inputs(self, task: str, runid: str) -> list[str]:
        """What a task's rule reads: sentinels and declared files of the tasks before it, relative to the batch.

        Nothing for a task that a start leaves alone, for whatever happens before it is then no reason to do it.
        """
        names: list[str] = []
        if self.work is not None and task not in self.work.get(runid, ()):
            return names
        for upstream in self.chain(runid).after(task):
            names.append(graph.sentinel(runid, upstream))
            names += [f"runs/{runid}/{name}" for name in graph.spec_of(upstream).declared]
        return names

    def digest(self, task: str, runid: str) -> str:
        """The digest of what configures a task: from the run's controls, or from `_base` until it is cloned."""
        if task == "clone":
            return config_digest("clone", {})
        if self.kept(task, runid):
            record = read_record(self.task_files(runid, task).sentinel)
            if record is not None:
                return str(record["config_sha256"])
        cloned = self._is_cloned(runid)
        spec, point = graph.spec_of(task), self.is_point(runid)
        feature = self.entries[runid]["feature_sha256"] if spec.reads_feature else ""
        key = (task, runid if cloned else f"{feature} {point}")
        if key not in self._digests:
            self._digests[key] = config_digest(
                task,
                {name: self._settings(name, runid if cloned else None) for name in spec.settings_of(point)},
                engine_version=engine_version(task),
                feature_sha256=feature,
                base=self.folder / "_base",
                point=point,
            )
        return self._digests[key]

    def outside_files(self, runid: str) -> list[str]:
        """The files and folders from outside that the controls of a cloned run name."""
        named = {
            (control, field)
            for spec in graph.TASKS.values()
            for control, fields in spec.outside_files.items()
            for field in fields
        }
        return sorted(
            {
                source
                for control, field in named
                for source in graph.named_sources(self._settings(control, runid)[field])
            }
        )

    def _is_cloned(self, runid: str) -> bool:
        return _status(f"{self.folder}/runs/{runid}/.tasks/clone.json") is not None

    def _settings(self, control: str, runid: str | None) -> Mapping[str, Any]:
        """The settings of a control of a run, or of `_base`; those of the last run asked for are kept at hand."""
        key = (runid, control)
        if key not in self._loaded:
            self._loaded = {known: values for known, values in self._loaded.items() if known[0] in (None, runid)}
            folder = self.folder / "_base" if runid is None else self.folder / "runs" / runid
            self._loaded[key] = load(folder, control).settings()
        return self._loaded[key]

    def sentinels(self, runids: Iterable[str], tasks: Iterable[str]) -> list[str]:
        """The sentinels of these tasks of these runs, relative to the batch; with `omni` those of all scenarios."""
        wanted = set(tasks)
        return [graph.sentinel(runid, task) for runid in runids for task in self.chain(runid).within(wanted)]

    def priority(self, task: str, runid: str) -> int:
        """Larger watersheds first, and a begun chain before the next one."""
        rank = len(self.runids) - self._ranks.get(runid, len(self.runids))
        return rank * len(graph.TASKS) + list(graph.TASKS).index(graph.box_of(task))

    def threads(self, cores: int) -> int:
        """The cores for a task that can use several: one while there are many more runs than cores."""
        runs = len(self.runids if self.work is None else self.work)
        return max(1, min(cores, 4 * cores // max(runs, 1)))

    def mem_mb(self, runid: str, attempt: int) -> int:
        """The memory to ask for; more at every attempt."""
        return int((BASE_MEM_MB + self.window_cells(runid) * BYTES_A_CELL / 1e6) * attempt)

    def runtime_min(self, runid: str, attempt: int) -> int:
        """The minutes to ask for; more at every attempt."""
        return int((10 + self.window_cells(runid) / 1e6 * SECONDS_A_MILLION_CELLS / 60) * attempt)

    def window_cells(self, runid: str) -> float:
        """An estimate of the window's cells: a square around a watershed that fills half of it, and the buffer.

        Of an outlet nothing is known but its first window.
        """
        area_m2 = self.area_m2(runid)
        ron = self._ron
        side_m = 2 * ron.outlet_buffer_m if area_m2 is None else (2 * area_m2) ** 0.5 + 2 * ron.buffer_m
        return float((side_m / ron.cell_size_m) ** 2)

    def lost_outputs(self, runid: str, task: str, record: Mapping[str, Any]) -> list[str]:
        """The files that a task's sentinel records and the disk lacks, or has in another size though no newer.

        What is newer than the sentinel was changed on purpose: it stays, and what reads it is made again.
        """
        wd = f"{self.folder}/runs/{runid}"
        made = _status(f"{wd}/.tasks/{task}.json")
        lost = []
        for entry in record["outputs"]:
            found = _status(f"{wd}/{entry['path']}")
            cut_short = found is not None and found.st_size != entry["bytes"]
            if found is None or (cut_short and made and found.st_mtime_ns <= made.st_mtime_ns):
                lost.append(str(entry["path"]))
        return lost

    def changed_input(self, runid: str, upstream: str, record: Mapping[str, Any], made_ns: int) -> str:
        """The first file that `upstream` declares and that is no longer what a sentinel records, or ''.

        Files older than the sentinel (`made_ns`) are not read.
        """
        recorded = {entry["path"]: entry["sha256"] for entry in record["inputs"]}
        for name in graph.spec_of(upstream).declared:
            path = self.folder / "runs" / runid / name
            written = written_ns(path) if name in recorded else None
            if written is not None and written > made_ns and sha256_of_file(path) != recorded[name]:
                return name
        return ""

    @cached_property
    def _ranks(self) -> dict[str, int]:
        return {runid: rank for rank, runid in enumerate(self.runids)}

    @cached_property
    def _ron(self) -> Ron:
        return Ron.getInstance(self.folder / "_base")


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - a Path costs more than the look
    except FileNotFoundError:
        return None
