"""Stopping what runs of a batch: a request beside its lock, which the start itself sees and obeys.

So it works from another terminal, for another user who may write there, and from another host that shares the
folder; no process id is ever trusted. What a scheduler runs of a batch is stopped by whoever knows it (`PARTS`).
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Protocol

from weppbatch.batch import hold
from weppbatch.batch.access import current_user
from weppbatch.batch.ledger import BATCH_LOCK
from weppbatch.batch.profile import left_jobs
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.submission import active
from weppbatch.errors import BatchBusy, InputError
from weppbatch.files import read_json, utc_now, write_json
from weppbatch.lock import Lock

REQUEST = ".cancel.json"
ASK_S = 1.0
CLOSE_S = 30.0  # a job that has left the queue may need a moment to end
STOP_S = 90.0  # the driver presses twice in 40 s; a shared file system may show the request half a minute late


class Part(Protocol):
    """Work of a batch that a scheduler does, such as the jobs of a cluster."""

    @property
    def execution(self) -> str:
        """The id of the execution that it belongs to."""

    def describe(self) -> str:
        """What it is, for the user: Slurm job 17, 4 elements."""

    def cancel(self) -> None:
        """Tell the scheduler to stop it."""

    def is_running(self) -> bool:
        """Whether any of it waits or runs."""


def _submitted(folder: Path) -> list[Part]:
    """The active submission of a batch."""
    submission = active(folder)
    return [] if submission is None else [submission]


def _left(folder: Path) -> list[Part]:
    """The cluster jobs that a dead start left; a living one ends its own."""
    left = None if Lock(folder / BATCH_LOCK).is_held() else left_jobs(folder)
    return [] if left is None else [left]


PARTS: list[Callable[[Path], list[Part]]] = [_submitted, _left]  # each gives the parts of a batch under a scheduler


def why_cancelled(folder: Path, execution: str) -> str:
    """Who asked this execution to stop, in words, or ''."""
    # Listing the folder makes a client of NFS look again; asking for the file alone may be answered from memory.
    with os.scandir(folder) as entries:
        if not any(entry.name == REQUEST for entry in entries):
            return ""
    try:
        request = read_json(folder / REQUEST)
    except (FileNotFoundError, InputError):
        return ""
    if request["execution"] != execution:
        return ""
    return f"cancelled by {request['by']}" + (f": {request['reason']}" if request["reason"] else "")


def forget(folder: Path) -> None:
    """Remove a request; only the holder of the batch's lock does."""
    (folder / REQUEST).unlink(missing_ok=True)


def watch(why: Callable[[], str]) -> None:
    """Stop this process and the tasks that it waits for, as Ctrl-C does, once `why` gives a reason; in a thread."""

    def wait() -> None:
        while not why():
            sleep(ASK_S)
        for pid in (*_below(os.getpid()), os.getpid()):
            try:
                os.kill(pid, signal.SIGINT)
            except ProcessLookupError:
                continue

    Thread(target=wait, daemon=True).start()


def _below(pid: int) -> list[int]:
    """The processes that a process started, and theirs, of the same process group: what Ctrl-C reaches."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            try:
                if os.getpgid(child) == os.getpgrp():
                    found += [child, *_below(child)]
            except ProcessLookupError:
                continue
    return found


def cancel(folder: Path, execution: str | None, *, reason: str, tell: Callable[[str], None]) -> bool:
    """Stop what runs of a batch and wait until it has ended; False when nothing ran.

    execution: only this one. Raises InputError when another one runs, BatchBusy when what holds the batch is no
    run, or does not end.
    """
    lock = Lock(folder / BATCH_LOCK)
    held = lock.is_held()
    parts = [part for find in PARTS for part in find(folder)]
    if execution is not None:
        parts = [part for part in parts if part.execution == execution]
    holder = (lock.holder() or {}) if held else {}
    running = str(holder.get("execution", ""))
    if held and execution not in (None, running) and not parts:
        raise InputError(f"{execution} does not run; {running or 'another command'} does")
    if held and not running:
        raise BatchBusy(f"{folder} is in use by {lock.describe_holder()}; that is no run", hint="it ends by itself")
    if not held and not parts:
        return False
    names = {name for name in (running, *(part.execution for part in parts)) if name}
    BatchRunner.getInstance(folder).add_history("cancelled", reason=reason, executions=sorted(names))
    for part in parts:
        tell(f"cancelling {part.describe()}")
        part.cancel()
    if running:
        tell(f"cancelling {running} of {lock.describe_holder()}")
        request = {"execution": running, "by": current_user(), "at": utc_now(), "reason": reason}
        write_json(folder / REQUEST, request)
    _wait_until_ended(lock, running, parts)
    if parts:
        with hold.having(folder, "cancel", wait_s=CLOSE_S):
            pass  # who has the batch has closed what ended
    return True


def _wait_until_ended(lock: Lock, running: str, parts: list[Part]) -> None:
    deadline = monotonic() + STOP_S
    while (running and _is_at_work(lock, running)) or any(part.is_running() for part in parts):
        if monotonic() > deadline:
            raise BatchBusy(
                f"{lock.path.parent} is still in use by {lock.describe_holder()}",
                hint="ending that process by force (kill -9) is safe: the next run goes on where it stopped",
            )
        sleep(0.1)


def _is_at_work(lock: Lock, execution: str) -> bool:
    """Whether this execution has the batch; another one may have begun since."""
    holder = lock.holder()
    return lock.is_held() and (holder is None or holder.get("execution") in ("", execution))
