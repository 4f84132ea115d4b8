"""What a ledger remembers of runs that did not change: their states, beside the sizes and times of their files.

Only for speed: `.cache/ledger.json` can be removed at any time, and a run whose files, settings or outside files
changed in any way is judged anew. A change in the same instant as the look is not missed: what is younger than
`SETTLED_S` is not remembered.
"""

import os
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from time import time
from typing import Any

from weppbatch import __version__
from weppbatch.batch.drift import stamp_of_controls
from weppbatch.batch.plan import Plan
from weppbatch.batch.states import RunState, TaskState
from weppbatch.errors import InputError
from weppbatch.files import ABSENT, read_json, sha256_of_json, sizes_and_times, write_json
from weppbatch.nodb.controls import CONTROLS
from weppbatch.tasks import graph
from weppbatch.tasks.configuration import engine_version, stamp_of, table_sha256

FILE = ".cache/ledger.json"
SETTLED_S = 2.0


def _watched() -> tuple[str, ...]:
    """What is looked at in a run's folder: its controls, its sentinels, all that tasks make, and the folder of the
    records, whose time changes when one comes or goes."""
    made = {name for spec in graph.TASKS.values() for name in spec.files}
    sentinels = {f".tasks/{task}.json" for task in graph.TASKS}
    return tuple(sorted(made | sentinels | {".tasks"} | set(graph.CONTROL_FILES)))


WATCHED = _watched()


# Where in what is seen of a run's files its clone's sentinel stands, and each of its controls.
CLONE_MARK = 2 * WATCHED.index(".tasks/clone.json")
CONTROLS_AT = tuple(2 * WATCHED.index(kind.filename) for kind in CONTROLS.values())


def watched_of(tasks: Iterable[str]) -> list[str]:
    """What is looked at beside `WATCHED` in a run that has these tasks: what those of its scenarios make."""
    made = {task: graph.spec_of(task).files for task in sorted(tasks) if graph.scenario_of(task)}
    return [name for task, files in made.items() for name in (f".tasks/{task}.json", *files)]


class Remembered:
    """The states of an earlier look at a batch, by run id, as far as they still hold."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.whole = _same_for_all_runs(plan)
        self.now = time()
        content = _read(plan.folder / FILE)
        self.entries: dict[str, Any] = content["runs"] if content.get("whole") == self.whole else {}
        self.changed = False
        self.control_stamps: dict[str, str] = {}  # of every cloned run that was looked at, as drift takes them
        self._stamps = cache(lambda name: stamp_of(name, plan.folder / "_base"))

    def state_of(self, runid: str) -> RunState | None:
        """The state of a run when nothing that it rests on has changed since the look."""
        entry = self.entries.get(runid)
        if entry is None or entry["files"] != self._files(runid, entry["tasks"])[0]:
            return None
        if any(self._stamps(name) != stamp for name, stamp in entry["outside"].items()):
            return None
        wd = f"{self.plan.folder}/runs/{runid}/"
        tasks = {
            task: TaskState(status, reason, wd + record if record else None, job_id, last_update, attempts)
            for task, (status, reason, record, job_id, last_update, attempts) in entry["tasks"].items()
        }
        return RunState(runid, entry["status"], entry["reason"], tasks)

    def note(self, state: RunState, outside: list[str]) -> None:
        """Remember a state that was judged just now; not that of a run at work, or whose files are too young."""
        self.changed |= self.entries.pop(state.runid, None) is not None
        files, newest_s = self._files(state.runid, state.tasks)
        if newest_s > self.now - SETTLED_S or any(task.status == "running" for task in state.tasks.values()):
            return
        wd = f"{self.plan.folder}/runs/{state.runid}/"
        self.changed = True
        self.entries[state.runid] = {
            "files": files,
            "outside": {name: self._stamps(name) for name in outside},
            "status": state.status,
            "reason": state.reason,
            "tasks": {
                name: (
                    task.status,
                    task.reason,
                    task.path.removeprefix(wd) if task.path else None,
                    task.job_id,
                    task.last_update,
                    task.attempts,
                )
                for name, task in state.tasks.items()
            },
        }

    def save(self) -> None:
        """Keep what was remembered for the next look, where the batch's folder can be written."""
        if self.changed and os.access(self.plan.folder, os.W_OK):
            write_json(self.plan.folder / FILE, {"whole": self.whole, "runs": self.entries})

    def _files(self, runid: str, tasks: Iterable[str]) -> tuple[str, float]:
        """A checksum over sizes and times of what is watched in a run, and the newest time (s)."""
        seen = sizes_and_times(f"{self.plan.folder}/runs/{runid}", WATCHED)
        if seen[CLONE_MARK] != ABSENT:
            self.control_stamps[runid] = stamp_of_controls(seen[at : at + 2] for at in CONTROLS_AT)
        seen += sizes_and_times(f"{self.plan.folder}/runs/{runid}", watched_of(tasks))
        digest = blake2b(self.plan.entries[runid]["feature_sha256"].encode(), digest_size=16)
        digest.update(seen.tobytes())
        return digest.hexdigest(), max(seen[1::2]) / 1e9


def _same_for_all_runs(plan: Plan) -> str:
    """A checksum over what the judgement of every run rests on besides its own files."""
    tables = sorted({name for spec in graph.TASKS.values() for name in spec.tables})
    content: Mapping[str, Any] = {
        "weppbatch": __version__,
        "tasks": repr([*graph.TASKS.values(), graph.spec_of(graph.task_of("any"))]),
        "asked": plan.tasks,
        "checklist": plan.runner.selected_tasks,
        "engines": {task: engine_version(task) for task in graph.TASKS},
        "tables": {name: table_sha256(name) for name in tables},
    }
    return sha256_of_json(content)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except (FileNotFoundError, InputError):
        return {}
    return content if isinstance(content, dict) and isinstance(content.get("runs"), dict) else {}
