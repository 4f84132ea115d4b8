"""What has to happen where there is a network: fetching, apart from computing.

Which tasks fetch, under a batch's settings, is for the task list to say; what the others read from outside has to
lie where the compute nodes can read it. Nothing is fetched here: that is done by the tasks themselves.
"""

import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from weppbatch.batch.plan import Plan
from weppbatch.batch.work import Work
from weppbatch.errors import InputProblems
from weppbatch.nodb.controls import CONTROLS
from weppbatch.nodb.pickled import read_state
from weppbatch.tasks import graph

MOUNTS = Path("/proc/self/mounts")
# File systems that are a disk, or memory, of one machine.
OF_ONE_MACHINE = frozenset({"btrfs", "ext2", "ext3", "ext4", "overlay", "ramfs", "tmpfs", "xfs", "zfs"})


def fetching(plan: Plan, runids: Iterable[str], tasks: Sequence[str]) -> tuple[str, ...]:
    """The tasks that fetch over a network under the settings of these runs, in order."""
    found = {task for task, source in sources(plan, runids, tasks) if graph.is_remote(source)}
    return tuple(task for task in tasks if task in found)


def local_files(plan: Plan, runids: Iterable[str], tasks: Sequence[str]) -> list[Path]:
    """The files that the runs' settings name and that are to be read, the parts of mosaics among them."""
    found: dict[Path, None] = {}
    for _, source in sources(plan, runids, tasks):
        if not graph.is_remote(source):
            path = Path(plan.folder, "_base", source)
            found |= dict.fromkeys(_files_in(path) if path.is_dir() else [path, *_parts(path)])
    return list(found)


def sources(plan: Plan, runids: Iterable[str], tasks: Sequence[str]) -> list[tuple[str, str]]:
    """What the settings name from outside, each with the task that reads it: of every run, or of `_base` before."""
    found: dict[tuple[str, str], None] = {}
    for folder in dict.fromkeys(_settings_folder(plan, runid) for runid in runids):
        for task in tasks:
            for control, names in graph.spec_of(task).outside_files.items():
                _, state = read_state(folder / CONTROLS[control].filename)
                named = (one for name in names for one in graph.named_sources(state.get(name)))
                found |= {(task, one): None for one in named}
    return list(found)


def _files_in(folder: Path) -> list[Path]:
    """All files of a folder, which may be a Zarr store."""
    return [path for path in folder.rglob("*") if path.is_file()]


def unreadable(files: Iterable[Path]) -> list[str]:
    """What keeps each file from being read, in words; nothing where it can be."""
    problems = []
    for path in files:
        try:
            with path.open("rb") as stream:
                stream.read(1)
        except OSError as error:
            problems.append(f"{path}: {error.strerror}")
    return problems


def check_staged(plan: Plan, work: Work) -> None:
    """Raise InputProblems unless the tasks that are left need no network and can read all that they read."""
    tasks = graph.ordered(task for jobs in work.jobs.values() for task in jobs)
    problems = unreadable(local_files(plan, work.runids, tasks))
    for task in fetching(plan, work.runids, tasks):
        left = [runid for runid, jobs in work.jobs.items() if task in jobs]
        if left:
            problems.append(f"{task} of {len(left)} runs is to be fetched first")
    if problems:
        raise InputProblems(
            f"batch '{plan.runner.batch_name}' can't be computed on other machines yet:",
            problems,
            hint=f"weppbatch stage {plan.runner.batch_name}",
        )


def of_this_machine(paths: Iterable[Path]) -> list[str]:
    """The paths that lie on a disk of this machine, which others may not see; and weppbatch itself, if it does."""
    mounts = [line.split()[1:3] for line in MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()]
    kinds = {Path(point.replace("\\040", " ")): kind for point, kind in mounts}
    found = []
    for path in (Path(sys.prefix), *paths):
        point = next((parent for parent in (path, *path.parents) if parent in kinds), None)
        if point is not None and kinds[point] in OF_ONE_MACHINE:
            found.append(f"{path} ({kinds[point]} on {point})")
    return found


def _settings_folder(plan: Plan, runid: str) -> Path:
    """Where the settings of a run stand: its own folder, or `_base` until it is cloned."""
    cloned = plan.task_files(runid, "clone").sentinel.exists()
    return plan.folder / "runs" / runid if cloned else plan.folder / "_base"


@cache
def _parts(path: Path) -> tuple[Path, ...]:
    """The files that a mosaic (VRT) is made of."""
    if path.suffix.lower() != ".vrt":
        return ()
    import rasterio  # here, since every other call does without

    try:
        with rasterio.open(path) as mosaic:
            return tuple(Path(name) for name in mosaic.files if Path(name) != path)
    except rasterio.errors.RasterioIOError:
        return ()  # that it can't be read is said of the mosaic itself
