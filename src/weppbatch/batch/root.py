"""The folder that holds the batches: finding, listing and making them.

A name and a stored base configuration come in, a batch's folder goes out. What is in a batch is runner's.
"""

import os
import re
import shutil
from difflib import get_close_matches
from pathlib import Path

from weppbatch.batch.access import current_user
from weppbatch.batch.runner import BatchRunner
from weppbatch.errors import InputError
from weppbatch.files import fsync_folder, utc_now
from weppbatch.nodb.workspace import base_configs, scaffold

ROOT = "WEPPBATCH_ROOT"
FOLDERS = ("resources", "runs", "logs", "report")
MAX_NAME = 29
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
RESERVED = frozenset({"all", "base", "batch", "batches", "default", "new", "none", *FOLDERS} | DEVICES)


class NameTaken(InputError):
    """A batch, or something else, of that name is there already."""


def batches_root() -> Path:
    """The folder of the batches: WEPPBATCH_ROOT, or `batches` in the working directory."""
    return Path(os.environ.get(ROOT) or "batches").absolute()


def list_batches() -> list[str]:
    """The names of the batches in the root, sorted."""
    return sorted(path.parent.name for path in batches_root().glob(f"[a-z]*/{BatchRunner.filename}"))


def batch_folder(name: str) -> Path:
    """The folder of an existing batch. Raises InputError naming the nearest when there is none of that name."""
    problem = name_problem(name, reserved=False)
    folder = batches_root() / name
    if problem is None and (folder / BatchRunner.filename).is_file():
        return folder
    names = list_batches()
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        hint = f"did you mean '{near[0]}'?"
    elif names:
        hint = f"there are {', '.join(names[:10])}"
    else:
        hint = f"weppbatch create {name if problem is None else 'NAME'} makes one; {ROOT} says where they lie"
    raise InputError(f"there is no batch '{name}' in {batches_root()}", hint=hint)


def batch_or_execution(text: str) -> tuple[Path, str | None]:
    """The folder of a batch, named by itself or by the id of one of its executions, and that id.

    Raises InputError for an unknown batch, or an execution that it never had.
    """
    if not text.startswith("batch:"):
        return batch_folder(text), None
    folder = batch_folder(text.split(":")[1])
    known = executions(folder)
    if text not in known:
        last = f"its last ones: {', '.join(known[-3:])}" if known else "it was never run"
        raise InputError(f"batch '{folder.name}' has no execution {text}", hint=last)
    return folder, text


def executions(folder: Path) -> list[str]:
    """The ids of a batch's starts, oldest first."""
    events = BatchRunner.getInstance(folder).history
    return list(dict.fromkeys(str(event["execution"]) for event in events if event.get("execution")))


def name_problem(name: str, *, reserved: bool = True) -> str | None:
    """What is wrong with a name for a batch, or None."""
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        return "a name has lowercase letters, digits, '-' and '_', and starts with a letter"
    if len(name) > MAX_NAME:
        return f"a name has at most {MAX_NAME} characters, this one {len(name)}"
    if reserved and name in RESERVED:
        return "the name is reserved"
    return None


def create_batch(
    name: str, base_config: str, *, batch_config: str = "default_batch", reason: str = ""
) -> BatchRunner:
    """Make a batch from a stored base configuration and return its state.

    It is made whole in a folder beside and then moved to its name, so that a half-made batch never has the name.
    Raises InputError for a bad name or an unknown configuration, NameTaken when the name is taken, also when
    another process took it in the meantime; nothing is left behind then.
    """
    problem = name_problem(name)
    if problem:
        raise InputError(f"'{name}' can't be a batch's name: {problem}")
    configs = base_configs()
    if base_config not in configs:
        near = get_close_matches(base_config, configs, n=1, cutoff=0.4)
        raise InputError(
            f"there is no base configuration '{base_config}'",
            hint=f"did you mean '{near[0]}'?" if near else f"there are {', '.join(configs)}",
        )
    root = batches_root()
    target = root / name
    if target.exists():
        raise _taken(target)
    staging = root / f".{name}.{os.getpid()}.creating"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        for folder in FOLDERS:
            (staging / folder).mkdir(parents=True)
        scaffold(staging / "_base", configs[base_config], wd=target / "_base")
        runner = BatchRunner(
            wd=str(target),
            batch_name=name,
            base_config=base_config,
            batch_config=batch_config,
            created_at=utc_now(),
            created_by=current_user(),
        )
        runner.write_created(staging, reason=reason)
        _take(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return BatchRunner.getInstance(target)


def _take(staging: Path, target: Path) -> None:
    """Move the whole batch to its name.

    mkdir is what decides between two processes: a rename alone would replace an empty folder without a word. The
    rename then replaces the winner's own empty folder, and fails if anything came into it.
    """
    try:
        target.mkdir()
    except FileExistsError as error:
        raise _taken(target) from error
    try:
        staging.rename(target)
    except OSError:
        if not (target / BatchRunner.filename).exists() and not any(target.iterdir()):
            target.rmdir()
        raise
    fsync_folder(target.parent)


def _taken(target: Path) -> NameTaken:
    """The error for a name that is taken."""
    if (target / BatchRunner.filename).exists():
        return NameTaken(f"there is a batch '{target.name}' already: {target}", hint="choose another name")
    empty = target.is_dir() and not any(target.iterdir())
    hint = f"remove the empty folder: rmdir {target}" if empty else "choose another name"
    return NameTaken(f"{target} exists, but is no batch", hint=hint)
