"""What a task's function is given: the run's folder, its controls, a place for its files, and a log."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from weppbatch.errors import DataError
from weppbatch.nodb.base import NoDbBase

Control = TypeVar("Control", bound=NoDbBase)
Metrics = dict[str, Any]


@dataclass
class Run:
    """One task's view of one run.

    A task reads files by `input`, names those that it reads elsewhere by `outside`, writes to `output`, and touches
    nothing else. What it wrote is moved into the run's folder only when it has returned. `scenario`: of a task that
    makes one, its name. `execution`: the start that it belongs to.
    """

    batch: Path
    runid: str
    scratch: Path
    log: Callable[[str], None]
    threads: int | None = None
    scenario: str = ""
    execution: str = ""
    inputs: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    degraded: bool = False

    @property
    def wd(self) -> Path:
        """The run's folder."""
        return self.batch / "runs" / self.runid

    def control(self, kind: type[Control]) -> Control:
        """The run's own copy of a control."""
        return kind.getInstance(self.wd)

    def input(self, name: str) -> Path:
        """A file that an earlier task made, by its path in the run's folder; it is recorded with its checksum.

        Raises DataError when it is not there.
        """
        path = self.wd / name
        if not path.exists():
            raise DataError(f"{name} of run {self.runid} is missing", hint="run the batch again")
        if name not in self.inputs:
            self.inputs.append(name)
        return path

    def outside(self, *paths: Path) -> None:
        """Note files from outside of the run that the task reads; they are recorded as inputs by absolute path."""
        self.inputs += [
            name for name in dict.fromkeys(str(path.absolute()) for path in paths) if name not in self.inputs
        ]

    def output(self, name: str) -> Path:
        """Where to write a file that belongs at `name` in the run's folder."""
        path = self.scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def warn(self, message: str, *, degraded: bool = False) -> None:
        """Say something that a user should read beside the result; `degraded` marks the result itself."""
        self.log(f"warning: {message}")
        self.warnings.append(message)
        self.degraded = self.degraded or degraded
