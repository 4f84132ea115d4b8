"""One writer at a time: a kernel lock on a file, with a note beside it saying who holds it.

The kernel drops the lock when its last holder dies, also on NFS (where Linux turns flock into a lock that the
server keeps), so a note without a lock is a dead holder's. The limits: on a server without lock support, and
for a client that lost its network and its lease, a living holder can't be told from a dead one.
"""

import fcntl
import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from weppbatch.errors import BatchBusy, InputError
from weppbatch.files import read_json, utc_now, write_json


class Lock:
    """An exclusive lock on `path`; `path`.holder.json names its holder.

    The descriptor can be handed to a child process (`pass_fds`): the lock then lasts until both have let go.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.note = path.with_name(path.name + ".holder.json")
        self.descriptor: int | None = None
        self.took_over_from: dict[str, Any] | None = None

    def acquire(self, *, wait_s: float = 0.0, execution: str = "") -> None:
        """Take the lock, waiting at most `wait_s` seconds.

        Raises BatchBusy with the holder's user, host, pid and time when another process has it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o664)
        deadline = monotonic() + wait_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() >= deadline:
                    os.close(descriptor)
                    raise BatchBusy(f"{self.path.parent} is in use by {self.describe_holder()}") from None
                sleep(0.02)
        self.descriptor = descriptor
        self.took_over_from = self.holder()
        self.describe_as(execution)

    def describe_as(self, execution: str) -> None:
        """Write the holder's note: who has the lock, since when, and for which execution."""
        note = {
            "user": getpass.getuser(),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "since": utc_now(),
            "execution": execution,
        }
        write_json(self.note, note)

    def release(self) -> None:
        """Let go of the lock and remove the note."""
        if self.descriptor is not None:
            self.note.unlink(missing_ok=True)
            os.close(self.descriptor)
            self.descriptor = None

    def holder(self) -> dict[str, Any] | None:
        """What the note says, or None where there is none; it may be a dead holder's (see `is_held`)."""
        try:
            note = read_json(self.note)
        except (FileNotFoundError, InputError):
            return None
        return note if isinstance(note, dict) else None

    def is_held(self) -> bool:
        """Whether a living process has the lock, asked without creating or changing a file."""
        if self.descriptor is not None:
            return True
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def describe_holder(self) -> str:
        """The holder in words, for an error message."""
        note = self.holder()
        if note is None:
            return "another process"
        return f"{note.get('user')} on {note.get('host')}, pid {note.get('pid')}, since {note.get('since')}"


@contextmanager
def holding(path: Path, *, wait_s: float = 0.0, execution: str = "") -> Iterator[Lock]:
    """Hold the lock on `path` for the block."""
    lock = Lock(path)
    lock.acquire(wait_s=wait_s, execution=execution)
    try:
        yield lock
    finally:
        lock.release()
