"""What a task is, apart from which ones there are (`catalogue`) and how they follow each other (`graph`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class TaskSpec:
    """One task of every run.

    `after`: the tasks whose results it reads. `settings`: the control fields that configure it, by control;
    `point_settings`: those that do so, too, where an outlet was given in place of a polygon.
    `version`: raised when the same inputs give another result. `engine`: the program or engine that does the work.
    `outside_files`: the control fields that name a file or folder from outside, and make it a task that fetches
    where they name something remote (`is_remote`); `tables`: the shipped tables of
    parameters that it reads.
    `declared`: the files that its rule names beside the sentinel; `files`: all that it may make. Both are
    relative to the run's folder. `folders`: what it may leave beside them, each moved into place as a whole and not
    recorded file by file.
    """

    name: str
    label: str
    after: tuple[str, ...]
    settings: Mapping[str, tuple[str, ...]]
    files: tuple[str, ...]
    declared: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    version: int = 1
    engine: str | None = None
    reads_feature: bool = False
    outside_files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    point_settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tables: tuple[str, ...] = ()

    def settings_of(self, point: bool) -> Mapping[str, tuple[str, ...]]:
        """The control fields that configure it for a polygon, or for a point."""
        if not point:
            return self.settings
        names = dict.fromkeys((*self.settings, *self.point_settings))
        return {name: self.settings.get(name, ()) + self.point_settings.get(name, ()) for name in names}

    def describe(self) -> dict[str, Any]:
        """The task as plain values, for state files and reports."""
        return {
            "name": self.name,
            "label": self.label,
            "after": list(self.after),
            "settings": {control: list(fields) for control, fields in self.settings_of(point=True).items()},
            "version": self.version,
        }
