"""Files from outside that controls name: where they lie, and which are missing."""

from collections.abc import Collection
from pathlib import Path

from weppbatch.nodb.base import NoDbBase


def base_folder(control: NoDbBase) -> Path:
    """The batch's `_base`, to which relative paths refer, from a run's control too."""
    wd = Path(control.wd)
    return wd.parents[1] / "_base" if wd.parent.name == "runs" else wd


def outside_path(control: NoDbBase, name: str) -> Path:
    """The path that field `name` holds: absolute, or relative to the batch's `_base`."""
    return base_folder(control) / str(getattr(control, name))


def missing_files(control: NoDbBase, *names: str, folders: Collection[str] = ()) -> list[str]:
    """A problem for each of the fields `names` that names a file which isn't there, or of `folders` a folder."""
    problems = []
    for name in (*names, *folders):
        path, is_folder = outside_path(control, name), name in folders
        if getattr(control, name) and not (path.is_dir() if is_folder else path.is_file()):
            kind = "folder" if is_folder else "file"
            problems.append(f"{name}: {path} {f'is not a {kind}' if path.exists() else 'does not exist'}")
    return problems
