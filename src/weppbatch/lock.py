"""One writer at a time: a kernel lock on a file, with a note beside it saying who holds it.

The kernel drops the lock when its last holder dies, also on a file system shared between hosts (on NFS Linux
turns flock into a lock that the server keeps), so a note without a lock is a dead holder's, wherever it lived. The
limits: where the mount keeps locks to each host (`locks_reach`), nothing is known of a holder elsewhere and its
note counts; and a client that lost its network and its lease is taken for dead while it may live (its driver sees
that the note is another's, and stops).
"""

import errno
import fcntl
import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from weppbatch.errors import BatchBusy, InputError
from weppbatch.files import read_json, utc_now, write_json

MOUNTS = Path("/proc/self/mountinfo")
ASKING_S = 0.2  # who only asks (`is_held`) has the lock for a moment and is no holder
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


class NoLocks(InputError):
    """The file system has no locks."""


class Lock:
    """An exclusive lock on `path`; `path`.holder.json names its holder.

    The descriptor can be handed to a child process (`pass_fds`): the lock then lasts until both have let go.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.note = path.with_name(path.name + ".holder.json")
        self.descriptor: int | None = None
        self.took_over_from: dict[str, Any] | None = None
        self._own_note: dict[str, Any] = {}

    def acquire(self, *, wait_s: float = 0.0, execution: str = "", purpose: str = "") -> None:
        """Take the lock, waiting at most `wait_s` seconds; a dead holder's note is kept in `took_over_from`.

        Raises BatchBusy with the holder's user, host, pid and time when another process has it, or when a note of
        another host is there and locks don't reach that far; NoLocks where the file system has none.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o664)
        with ExitStack() as undo:
            undo.callback(os.close, descriptor)
            self._lock(descriptor, fcntl.LOCK_EX, wait_s)
            self._refuse_unknown_holder()
            self.took_over_from = self.holder()
            self.describe_as(execution, purpose)
            undo.pop_all()
        self.descriptor = descriptor

    def share(self, *, wait_s: float = 0.0) -> None:
        """Take the lock together with others who share it, waiting at most `wait_s` seconds; no note is written.

        Nobody can acquire it then. Raises what `acquire` does.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o664)
        with ExitStack() as undo:
            undo.callback(os.close, descriptor)
            self._lock(descriptor, fcntl.LOCK_SH, wait_s)
            undo.pop_all()
        self.descriptor = descriptor

    def _lock(self, descriptor: int, kind: int, wait_s: float) -> None:
        deadline = monotonic() + max(wait_s, ASKING_S)
        while True:
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if monotonic() >= deadline:
                    raise BatchBusy(f"{self.path.parent} is in use by {self.describe_holder()}") from None
                sleep(0.02)
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                raise NoLocks(
                    f"the file system of {self.path.parent} has no locks ({error.strerror})",
                    hint="mount it with locks (Lustre: -o flock), or keep the batches elsewhere: WEPPBATCH_ROOT",
                ) from error
            else:
                return

    def _refuse_unknown_holder(self) -> None:
        """Where locks don't reach other hosts, a note of another host is all that is known of its holder."""
        holder = self.holder()
        if holder is None or holder.get("host") == socket.gethostname() or locks_reach(self.path) == "hosts":
            return
        raise BatchBusy(
            f"{self.path.parent} was taken by {self.describe_holder()}; locks of this file system don't reach "
            "other hosts, so whether that process lives can't be told from here",
            hint=f"look on {holder.get('host')}; if it has ended, remove {self.note}",
        )

    def describe_as(self, execution: str, purpose: str = "") -> None:
        """Write the holder's note: who has the lock, since when, what for, and for which execution."""
        note = {
            "user": getpass.getuser(),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "since": utc_now(),
            "purpose": purpose,
            "execution": execution,
        }
        write_json(self.note, note)
        self._own_note = note

    def release(self) -> None:
        """Let go of the lock and remove the note, unless it is another holder's by now."""
        if self.descriptor is not None:
            if self.holder() == self._own_note:
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
        what = f" ({note['purpose']})" if note.get("purpose") else ""
        return f"{note.get('user')} on {note.get('host')}, pid {note.get('pid')}, since {note.get('since')}{what}"


def how_known_dead(holder: dict[str, Any]) -> str:
    """What is known of the holder of a lock that was found free, for the history."""
    host, pid = holder.get("host"), holder.get("pid")
    if host != socket.gethostname():
        return f"the lock was free; whether pid {pid} lives on {host} can't be asked from here"
    if isinstance(pid, int) and Path(f"/proc/{pid}").exists():
        return f"the lock was free; pid {pid} is another process by now"
    return f"the lock was free and there is no process {pid}"


def locks_reach(path: Path, mountinfo: str | None = None) -> str:
    """How far a lock on `path` reaches: `hosts`, all that share the file system, or `host`, this one alone.

    mountinfo: the text of /proc/self/mountinfo. Only what a mount's options say is known: NFS with `nolock` or
    `local_lock=flock`, Lustre with `localflock`.
    """
    text = MOUNTS.read_text(encoding="utf-8", errors="replace") if mountinfo is None else mountinfo
    kind, options, depth = "", set[str](), -1
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        point = Path(before.split(" ")[4].replace("\\040", " "))
        if len(point.parts) > depth and path.absolute().is_relative_to(point):
            depth = len(point.parts)
            kind, options = (
                after.split(" ")[0],
                {*before.split(" ")[5].split(","), *after.split(" ")[-1].split(",")},
            )
    keeps_to_the_host = {
        "nfs": {"nolock", "local_lock=all", "local_lock=flock"},
        "nfs4": {"local_lock=all", "local_lock=flock"},
        "lustre": {"localflock"},
    }
    return "host" if options & keeps_to_the_host.get(kind, set()) else "hosts"


@contextmanager
def holding(path: Path, *, wait_s: float = 0.0, execution: str = "", purpose: str = "") -> Iterator[Lock]:
    """Hold the lock on `path` for the block."""
    lock = Lock(path)
    lock.acquire(wait_s=wait_s, execution=execution, purpose=purpose)
    try:
        yield lock
    finally:
        lock.release()
