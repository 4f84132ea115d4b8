"""A task under way, as the task server sees it: its process group, who asked for it, and when it must end."""

import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from weppbatch.errors import ResourceError, WeppbatchError
from weppbatch.tasks.request import Request

GRACE_S = 1.0  # between SIGTERM, on which a task records that it was interrupted, and SIGKILL
NEVER = float("inf")


class TookTooLong(ResourceError):
    """A task did not end within the minutes that it was given."""


@dataclass
class Work:
    """A task under way: its process, who asked for it, when it must end, and why it is being ended."""

    request: Request
    connection: socket.socket
    pid: int
    result: int
    started: float
    kill_at: float | None = None
    ended_because: WeppbatchError | None = None
    mourning: bool = False  # the process writes the record of another's death

    @property
    def next_at(self) -> float:
        """When the server must look at this task next."""
        if self.kill_at is not None:
            return self.kill_at
        limit_s = self.request.limit_s
        return NEVER if limit_s is None or self.ended_because or self.mourning else self.started + limit_s

    def overdue(self) -> None:
        """Kill the task's process group: its time to end is over, or its limit."""
        if self.ended_because is None:
            minutes = (self.request.limit_s or 0.0) / 60
            self.ended_because = TookTooLong(f"the task was ended after its limit of {minutes:g} minutes")
        self.kill_at = None
        self.signal(signal.SIGKILL)

    def end(self, because: WeppbatchError) -> None:
        """Tell the task to end; it is killed when it takes too long."""
        if self.ended_because is None and not self.mourning:
            self.ended_because = because
            self.kill_at = monotonic() + GRACE_S
            self.signal(signal.SIGTERM)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the task's process group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def tell(self, number: int) -> None:
        """Send the client a line; it may have gone."""
        with suppress(OSError):
            self.connection.sendall(b"%d\n" % number)
