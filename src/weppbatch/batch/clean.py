"""What lies in a batch and is of no more use, and removing it: vanished and excluded runs, scratch, resources.

Everything is named with its size before anything is removed. What is removed is first renamed into `.trash`, so
that a kill leaves no half folder under its old name; what a killed cleaning left there is scratch of the next one.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from weppbatch.batch import hold
from weppbatch.batch.logs import LOGS, runs_with_logs
from weppbatch.batch.orphans import orphaned_resources
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.vanished import vanished
from weppbatch.errors import InputError, WeppbatchError
from weppbatch.files import fsync_folder
from weppbatch.lock import Lock
from weppbatch.nodb.disturbed import Disturbed
from weppbatch.nodb.omni import Omni
from weppbatch.tasks import graph

TRASH = ".trash"
# The names that files.replacing, snapshots and `create` give to what is not whole yet.
_UNFINISHED = re.compile(r"\.(.+\.)?(?P<pid>\d+)\.tmp(\..+)?")


@dataclass(frozen=True)
class Leftover:
    """One file or folder of no more use; `kind` is one of KINDS."""

    kind: str
    path: Path
    why: str
    bytes: int


def leftovers(folder: Path) -> list[Leftover]:
    """All that could be removed, in the order of KINDS. Changes nothing."""
    runner = BatchRunner.getInstance(folder)
    return [
        Leftover(kind, path, why, _bytes_of(path))
        for kind, find in KINDS.items()
        for path, why in find(folder, runner)
    ]


def remove(folder: Path, listed: Iterable[Leftover], *, reason: str = "") -> list[Leftover]:
    """Remove what was listed, so far as it is still of no use, and note it in the history; returns what is gone.

    Raises BatchBusy while another process works on the batch.
    """
    chosen = {(one.kind, one.path) for one in listed}
    with hold.having(folder, "clean"):
        found = [one for one in leftovers(folder) if (one.kind, one.path) in chosen]
        for one in found:
            _remove(folder, one.path)
        shutil.rmtree(folder / TRASH, ignore_errors=True)
        if found:
            _forget(folder, found, reason)
    return found


def delete(folder: Path) -> None:
    """Remove a whole batch. Raises BatchBusy while another process works on it, InputError for a link to one."""
    if folder.is_symlink():
        raise InputError(f"{folder} is a link to {folder.resolve()}", hint="remove the link itself: rm")
    with hold.having(folder, "delete"):
        doomed = folder.with_name(f".{folder.name}.{os.getpid()}.deleting")
        folder.rename(doomed)
        fsync_folder(doomed.parent)
        shutil.rmtree(doomed)


# --- what there can be ------------------------------------------------------------------------------------------


def _vanished_runs(folder: Path, runner: BatchRunner) -> Iterator[tuple[Path, str]]:
    if runner.validation_state == "valid":
        known = set(runner.runids)
        for runid in vanished(runner):
            yield folder / "runs" / runid, "no watershed has this run id any more"
        for runid in runs_with_logs(folder):
            if runid not in known:
                yield folder / LOGS / runid, "the logs of a run that vanished"


def _excluded_runs(folder: Path, runner: BatchRunner) -> Iterator[tuple[Path, str]]:
    for runid, entry in runner.excluded.items():
        for path in (folder / "runs" / runid, folder / LOGS / runid):
            if path.is_dir():
                yield path, f"excluded: {entry['why']}"


def _scratch(folder: Path, runner: BatchRunner) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.glob("runs/*/.tasks/*")):
        if path.is_dir() and not Lock(path.with_suffix(".lock")).is_held():
            failed = path.suffix == ".failed"
            yield path, "what a failed attempt had made" if failed else "what a killed task had begun"
    for root, folders, files in os.walk(folder):
        for name in sorted([*folders, *files]):
            unfinished = _UNFINISHED.fullmatch(name)
            if unfinished and not Path("/proc", unfinished["pid"]).exists():
                yield Path(root, name), "it was never finished"
        folders[:] = sorted(name for name in folders if name not in (".snakemake", TRASH) and _is_plain(name))
    if (folder / TRASH).exists():
        yield folder / TRASH, "what a killed cleaning left"


def _is_plain(name: str) -> bool:
    return not name.endswith((".scratch", ".failed")) and _UNFINISHED.fullmatch(name) is None


def _dropped_scenarios(folder: Path, runner: BatchRunner) -> Iterator[tuple[Path, str]]:
    for wd in sorted(folder.glob("runs/*/")):
        try:
            kept = Omni.getInstance(wd).names(burned=bool(Disturbed.getInstance(wd).sbs_map))
        except WeppbatchError:
            continue  # what can't be read drops nothing
        for path in sorted((wd / graph.FOLDER).glob("*/")):
            if path.name not in kept:
                yield path, "the run has no such scenario any more"
        for path in sorted((wd / ".tasks").glob(f"{graph.SUMMARY}.*.json")):
            task = re.sub(r"(\.failed|\.running)?\.json$", "", path.name)
            if graph.scenario_of(task) and graph.scenario_of(task) not in kept:
                yield path, "the record of a scenario that the run has no more"


def _orphaned(folder: Path, runner: BatchRunner) -> Iterator[tuple[Path, str]]:
    for path in orphaned_resources(folder, runner):
        yield path, "no setting and no record names it"


KINDS: dict[str, Callable[[Path, BatchRunner], Iterator[tuple[Path, str]]]] = {
    "vanished": _vanished_runs,
    "excluded": _excluded_runs,
    "scratch": _scratch,
    "scenarios": _dropped_scenarios,
    "resources": _orphaned,
}


# --- removing ---------------------------------------------------------------------------------------------------


def _bytes_of(path: Path) -> int:
    """The bytes of a file, or of all files below a folder."""
    total = 0
    for member in [path] if path.is_symlink() or not path.is_dir() else path.rglob("*"):
        with suppress(FileNotFoundError):
            status = member.lstat()
            total += 0 if member.is_dir() else status.st_size
    return total


def _remove(folder: Path, path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    if path == folder / TRASH:
        return
    trash = folder / TRASH / "_".join(path.relative_to(folder).parts)
    trash.parent.mkdir(exist_ok=True)
    shutil.rmtree(trash, ignore_errors=True)
    path.rename(trash)
    shutil.rmtree(trash)


def _forget(folder: Path, removed: list[Leftover], reason: str) -> None:
    """Take removed runs out of the folded state, and note the removal."""
    gone = {one.path.name for one in removed if one.path.parent == folder / "runs"}
    with BatchRunner.getInstance(folder).locked() as runner:
        runner.preprocessing = {runid: seen for runid, seen in runner.preprocessing.items() if runid not in gone}
        runner.runs = {runid: seen for runid, seen in runner.runs.items() if runid not in gone}
        names = [str(one.path.relative_to(folder)) for one in removed]
        runner.add_history(
            "cleaned",
            reason=reason,
            payload=names,
            kinds=sorted({one.kind for one in removed}),
            runs=sorted(gone),
            items=len(names),
            bytes=sum(one.bytes for one in removed),
        )
        runner.record_control_hashes()
