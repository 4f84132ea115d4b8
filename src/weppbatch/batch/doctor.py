"""What can be known to go wrong before the first task: settings, maps against watersheds, the disk, the executable.

In: a batch, and the work that a start would do. Out: findings, all at once. An error is something that makes tasks
fail for certain; what may fail is a warning. Only what the work reads is looked at, and nothing is changed.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from weppbatch.batch.doctor_inputs import map_findings, table_findings
from weppbatch.batch.doctor_maps import polygons_of
from weppbatch.batch.doctor_weather import climate_findings
from weppbatch.batch.estimate import estimate, spoken_bytes
from weppbatch.batch.findings import Finding
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.readiness import lacking
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.work import Choice, Work, work_of
from weppbatch.engines.wepp_process import executable_of
from weppbatch.errors import InputError, WeppbatchError
from weppbatch.nodb.base import BOOKKEEPING
from weppbatch.nodb.controls import CONTROLS
from weppbatch.nodb.pickled import read_state
from weppbatch.nodb.wepp import Wepp
from weppbatch.tasks import graph

MOST_LOOKED_INTO = 500  # watersheds whose maps are read by `run`; `doctor` reads all


@dataclass(frozen=True)
class Group:
    """Runs whose tasks read the same settings, which stand in `folder`."""

    folder: Path
    tasks: frozenset[str]
    runids: tuple[str, ...]


def examine(folder: Path, choice: Choice | None = None, cores: int = 1) -> list[Finding]:
    """All findings about what a start would do; about the batch itself alone while its run ids are not valid."""
    found = [*_watersheds(BatchRunner.getInstance(folder)), *_settings(folder / "_base", (), graph.TASKS)]
    if any(finding.severity == "error" for finding in found):
        return found
    ledger, work = work_of(folder, choice)
    return [*found, *(finding for finding in examine_work(ledger, work, cores, None) if finding not in found)]


def examine_work(ledger: Ledger, work: Work, cores: int, most: int | None = MOST_LOOKED_INTO) -> list[Finding]:
    """The findings about some work; maps are read for at most so many watersheds, evenly among them."""
    batch, found = ledger.plan.folder, []
    for group in groups_of(ledger, work):
        wrong = _settings(group.folder, group.runids if group.folder.parent.name == "runs" else (), group.tasks)
        found += wrong
        if not wrong:
            found += _inputs(batch, group, most)
    return [*dict.fromkeys(found), *_disk(ledger, work, cores)]


def groups_of(ledger: Ledger, work: Work) -> Iterator[Group]:
    """The work's runs by the tasks that they need and the settings that these read."""
    batch = ledger.plan.folder
    known: dict[Path, str] = {}
    grouped: dict[tuple[frozenset[str], str], list[str]] = defaultdict(list)
    folders: dict[tuple[frozenset[str], str], Path] = {}
    for runid, jobs in work.jobs.items():
        cloned = ledger.plan.task_files(runid, "clone").sentinel.exists() and "clone" not in jobs
        folder = batch / "runs" / runid if cloned else batch / "_base"
        if folder not in known or cloned:
            known[folder] = _text_of(folder)
        key = frozenset(jobs), known[folder]
        grouped[key].append(runid)
        folders.setdefault(key, folder)
    for key, runids in grouped.items():
        yield Group(folders[key], key[0], tuple(runids))


def _text_of(folder: Path) -> str:
    """All settings in a folder as one text; that of a file that can't be read is its folder's name."""
    texts = []
    for kind in CONTROLS.values():
        try:
            _, state = read_state(folder / kind.filename)
        except (InputError, OSError):
            return str(folder)
        texts.append({name: value for name, value in state.items() if name not in BOOKKEEPING})
    return json.dumps(texts, sort_keys=True)


def _watersheds(runner: BatchRunner) -> Iterator[Finding]:
    """What is wrong with watersheds and run ids."""
    name, validation = runner.folder_name, runner.template_validation
    state = runner.validation_state
    if state != "valid":
        wrong = [*validation.get("errors", [])] if state == "invalid" else []
        wrong += [
            f"'{row['runid']}' is that of {len(row['indexes'])} features"
            for row in validation.get("duplicates", [])
        ]
        remedy = f"weppbatch validate {name} --template TEMPLATE"
        yield Finding("error", "run ids", f"they are {state}" + (f": {'; '.join(wrong)}" if wrong else ""), remedy)
        return
    if validation.get("rejected"):
        rejected = ", ".join(str(row["id"]) for row in validation["rejected"][:5])
        text = f"{len(validation['rejected'])} features can't be used and take no part: {rejected}"
        yield Finding("warning", "watersheds", text, f"the reasons: weppbatch validate {name} --template TEMPLATE")
    same = defaultdict(list)
    for entry in validation["runs"]:
        same[entry["feature_sha256"]].append(str(entry["runid"]))
    for runids in same.values():
        if len(runids) > 1 and set(runids) - runner.excluded.keys() == set(runids):
            remedy = f"leave the others out: weppbatch exclude {name} {runids[1]} --why TEXT"
            yield Finding("warning", "watersheds", "these have the same outline", remedy, tuple(runids))


def _settings(folder: Path, runids: tuple[str, ...], tasks: Collection[str]) -> list[Finding]:
    """What is wrong with the settings that tasks read by themselves, files that are not there among it."""
    found = []
    for name in dict.fromkeys(control for task in tasks for control in graph.spec_of(task).settings_of(point=True)):
        try:
            control = CONTROLS[name].getInstance(folder)
            remote = {field for field, value in control.settings().items() if graph.is_remote(str(value))}
            # What is fetched is no file that could be missing here.
            problems = [f"{name}.{text}" for text in control.problems() if text.partition(":")[0] not in remote]
        except WeppbatchError as error:
            problems = [str(error)]
        remedy = "weppbatch set, and push for runs that are cloned"
        found += [Finding("error", "settings", text, remedy, runids) for text in problems]
    return found


def _inputs(batch: Path, group: Group, most: int | None) -> list[Finding]:
    """What the tasks of a group lack, and what their maps, tables and weather say."""
    found = []
    for text in lacking(group.folder, group.tasks, batch.name):
        what, _, remedy = text.partition(": ")
        found.append(Finding("error", "settings", what, remedy or "correct it"))
    found += table_findings(group.folder, group.tasks)
    polygons = polygons_of(batch, group.runids)
    found += climate_findings(group.folder, group.tasks, polygons)
    found += map_findings(batch, group.folder, group.tasks, polygons, most)
    if "wepp" in group.tasks:
        control = Wepp.getInstance(group.folder)
        if control.engine == "wepp":
            try:
                executable_of(control.wepp_executable, batch / "_base")
            except InputError as error:
                found.append(Finding("error", "wepp.engine", error.message, error.hint or ""))
    return found


def _disk(ledger: Ledger, work: Work, cores: int) -> list[Finding]:
    """Whether the disk is too small, as far as finished tasks tell."""
    if not work.jobs:
        return []
    told = estimate(ledger, work, cores)
    if told.disk_bytes <= told.free_bytes:
        return []
    text = f"about {spoken_bytes(told.disk_bytes)} will be written, and {spoken_bytes(told.free_bytes)} are free"
    tasks = len(told.by_task_s)
    return [Finding("error", "disk", f"{text} (from {tasks} tasks that have finished here)", "free some space")]
