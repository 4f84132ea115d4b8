"""Files from outside that controls name: where they lie, and which are missing."""

from pathlib import Path

from weppbatch.nodb.base import NoDbBase


def outside_path(control: NoDbBase, name: str) -> Path:
    """The path that field `name` holds: absolute, or relative to the batch's `_base`, from a run's control too."""
    wd = Path(control.wd)
    base = wd.parents[1] / "_base" if wd.parent.name == "runs" else wd
    return base / str(getattr(control, name))


def missing_files(control: NoDbBase, *names: str) -> list[str]:
    """A problem for each of the fields `names` that names a file or folder which isn't there."""
    return [
        f"{name}: {outside_path(control, name)} does not exist"
        for name in names
        if getattr(control, name) and not outside_path(control, name).exists()
    ]
