"""The errors a user can meet, named for what can be done about them.

Each carries the failure category that is stored in records, the exit code of the command and, where there is
one, a hint: the next thing to try. Rooms derive more specific names from these.
"""

from collections.abc import Sequence

# When a task is to be tried again by the same start.
NEVER, AT_ONCE, AFTER_A_WAIT, WITH_MORE_MEMORY = "never", "at once", "after a wait", "with more memory"


class WeppbatchError(Exception):
    """Anything that weppbatch itself reports; the message says what and where, `hint` says what to do."""

    category = "internal"
    exit_code = 3
    retry = NEVER

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(WeppbatchError):
    """What the user gave can't be used."""

    category = "input"
    exit_code = 2


class InputProblems(InputError):
    """Several things in one input are wrong; all of them are named at once."""

    def __init__(self, message: str, problems: Sequence[str], *, hint: str | None = None) -> None:
        super().__init__("\n  - ".join([message, *problems]), hint=hint)
        self.problems = list(problems)


class ConfigError(InputError):
    """A setting of the batch or of a control is wrong."""

    category = "config"


class NotPermitted(InputError):
    """The batch runner is switched off, or this user may not change batches."""


class DataError(WeppbatchError):
    """A watershed's data don't allow the step: no DEM there, no outlet, a basin cut off."""

    category = "data"
    exit_code = 1


class EngineError(WeppbatchError):
    """A program that a task calls failed or left its work undone."""

    category = "engine"
    exit_code = 1


class ResourceError(WeppbatchError):
    """The machine has too little of something: memory, disk, time."""

    category = "resource"
    exit_code = 1


class OutOfMemory(ResourceError):
    """The work needs more memory than it got; the next attempt asks for more."""

    retry = WITH_MORE_MEMORY


class NetworkError(WeppbatchError):
    """A remote source did not answer as it should; trying again may help."""

    category = "network"
    exit_code = 1
    retry = AFTER_A_WAIT


class BatchBusy(WeppbatchError):
    """Another process holds the batch."""

    category = "busy"
    exit_code = 4
    retry = AFTER_A_WAIT


class Interrupted(WeppbatchError):
    """The work was stopped from outside."""

    category = "interrupted"
    exit_code = 5
    retry = AT_ONCE
