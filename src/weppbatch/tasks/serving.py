"""The owner's side of the task server: starts it for one start of a batch, starts it again if it dies, ends it.

WEPPBATCH_SERVER=off keeps every task in a process of its own. The server is a help and nothing rests on it: a
client that finds none does its task itself.
"""

import atexit
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from weppbatch import client
from weppbatch.errors import InputError
from weppbatch.tasks.request import TASK_MINUTES, limit_s

SWITCH = "WEPPBATCH_SERVER"
BACKLOG = 1024
LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes
END_S = 5.0
QUICK_DEATH_S = 10.0
QUICK_DEATHS = 3
# One thread, so that forking is safe: no pool for linear algebra (tasks run side by side), no allocator's helper.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}


class TaskServer:
    """A task server and its guard; `environment` is what its clients find it by.

    `entry` names the module whose `main` does a task; what else that module has, `server` says.
    """

    def __init__(self, batch: Path, entry: str) -> None:
        self.batch, self.entry = batch, entry
        self.folder = _short_folder()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.folder / "socket"))
        self._listener.listen(BACKLOG)
        self._theirs, self._ours = os.pipe()
        self._stopped = False
        self._environment = os.environ | ONE_THREAD
        self._write_command()
        self.process = self._spawn()
        self._guard = threading.Thread(target=self._watch, daemon=True)
        self._guard.start()
        atexit.register(self.stop)

    @property
    def environment(self) -> dict[str, str]:
        """What clients need in their environment."""
        return {client.SOCKET: str(self.folder / "socket")}

    def stop(self) -> None:
        """End the server and every task that it runs."""
        if self._stopped:
            return
        self._stopped = True
        atexit.unregister(self.stop)
        os.close(self._ours)
        self._guard.join(END_S)
        if self._guard.is_alive():
            self.process.kill()
            self._guard.join()
        os.close(self._theirs)
        self._close()

    def _spawn(self) -> subprocess.Popen[bytes]:
        log = self.batch / "logs" / "server.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        descriptors = (self._listener.fileno(), self._theirs)
        with log.open("ab") as stream:
            return subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "weppbatch.tasks.server", "--entry", self.entry),
                    *("--listener", str(descriptors[0]), "--owner", str(descriptors[1]), str(self.batch)),
                ],
                cwd="/",
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                pass_fds=descriptors,
                start_new_session=True,
            )

    def _watch(self) -> None:
        """Start the server again when it dies; those who ask meanwhile wait in the socket's queue."""
        quick = 0
        while True:
            began = monotonic()
            self.process.wait()
            quick = quick + 1 if monotonic() - began < QUICK_DEATH_S else 1
            if self._stopped:
                return
            if quick >= QUICK_DEATHS:
                self._close()
                return
            self.process = self._spawn()

    def _close(self) -> None:
        """From now on nobody finds a server here."""
        self._listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write_command(self) -> None:
        """A `weppbatch` that starts faster than the installed one: without site-packages until it needs them."""
        command = self.folder / "weppbatch"
        words = shlex.join([sys.executable, "-I", "-S", str(Path(client.__file__).resolve())])
        command.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
        command.chmod(0o700)


def _short_folder() -> Path:
    """A private folder whose path is short enough for a socket in it."""
    folder = Path(tempfile.mkdtemp(prefix="weppbatch-"))
    if len(os.fsencode(folder)) + len("/socket") > LONGEST_SOCKET_PATH:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="weppbatch-", dir="/tmp"))
    return folder


def task_server(batch: Path, entry: str) -> TaskServer | None:
    """A server for the tasks of one start; None when WEPPBATCH_SERVER=off or this machine allows none.

    Raises InputError when WEPPBATCH_SERVER or WEPPBATCH_TASK_MINUTES says what nobody understands.
    """
    switch, minutes = os.environ.get(SWITCH, "on"), os.environ.get(TASK_MINUTES, "")
    if switch not in ("on", "off"):
        raise InputError(f"{SWITCH} is '{switch}'", hint=f"{SWITCH}=on or {SWITCH}=off")
    if minutes and limit_s(minutes) is None:
        raise InputError(f"{TASK_MINUTES} is '{minutes}'", hint=f"a number of minutes, such as {TASK_MINUTES}=90")
    if switch == "off":
        return None
    try:
        return TaskServer(batch, entry)
    except OSError as error:
        print(f"no task server ({error}): every task starts by itself, which takes longer", file=sys.stderr)
        return None


@contextmanager
def serving(batch: Path, entry: str) -> Iterator[dict[str, str]]:
    """Serve the tasks of one start for the block; gives what clients need in their environment."""
    server = task_server(batch, entry)
    try:
        yield {} if server is None else server.environment
    finally:
        if server is not None:
            server.stop()


def find_commands() -> None:
    """Put the folders where jobs find the command `weppbatch` before this process's PATH: the server's, if there
    is one, and that of this Python, which need not be on the path."""
    folders = [str(Path(os.environ[client.SOCKET]).parent)] if client.SOCKET in os.environ else []
    os.environ["PATH"] = os.pathsep.join([*folders, str(Path(sys.executable).parent), os.environ["PATH"]])
