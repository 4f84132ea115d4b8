"""The task server: one process with everything imported, which forks itself for each task that a client asks for.

In: a listening socket, and a pipe whose closing ends the server with all that it runs. Out: to each client, the
process group of its task and then an exit code. What a task is, the entry module knows: it has `prepare()`,
`main(arguments)` and `died(arguments, death)`. The server has one thread, opens no file and computes nothing.
"""

import argparse
import faulthandler
import gc
import os
import resource
import selectors
import shutil
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from time import monotonic
from types import FrameType, ModuleType

from weppbatch.errors import Interrupted
from weppbatch.files import utc_now
from weppbatch.tasks.death import Death, out_of_memory_kills
from weppbatch.tasks.forked import fork_task
from weppbatch.tasks.owned import ending_with
from weppbatch.tasks.record import Usage
from weppbatch.tasks.request import Arriving, Request
from weppbatch.tasks.work import NEVER, Work

PREPARE_AGAIN_S = 10.0
FAULT = 3


class Server:
    """Takes requests, forks, and sees each task's process group to its end."""

    def __init__(self, listener: socket.socket, owner: int, entry: ModuleType) -> None:
        self.listener, self.owner, self.entry = listener, owner, entry
        self.selector = selectors.EpollSelector()
        self.arriving: dict[socket.socket, Arriving] = {}
        self.works: dict[int, Work] = {}
        self.owner_gone = False
        self.stopping = False
        self._oom_kills = out_of_memory_kills()
        self._prepared = monotonic()
        self._wakeup, self._waker = os.pipe()
        for descriptor in (self._wakeup, self._waker):
            os.set_blocking(descriptor, False)

    def serve(self) -> None:
        """Serve until the owner's pipe closes or SIGTERM comes; then end all tasks and return."""
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for readable, react in (
            (self.listener, self._accept),
            (self.owner, self._left),
            (self._wakeup, lambda: os.read(self._wakeup, 4096)),
        ):
            self.selector.register(readable, selectors.EVENT_READ, react)
        while not self.stopping or self.works:
            for key, _ in self.selector.select(self._wait_s()):
                key.data()
            if self.stopping:
                self._close()
            self._end_those_due()
            self._reap()

    def _wait_s(self) -> float | None:
        at = min((work.next_at for work in self.works.values()), default=NEVER)
        return None if at == NEVER else max(at - monotonic(), 0.0)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _left(self) -> None:
        self.stopping = self.owner_gone = True

    def _close(self) -> None:
        """Take no more and end what runs."""
        for readable in (self.listener, self.owner):
            if readable in self.selector.get_map():
                self.selector.unregister(readable)
        for connection in list(self.arriving):
            self._refuse(connection)
        for work in self.works.values():
            work.end(Interrupted("the start that asked for the task has ended"))

    def _accept(self) -> None:
        connection, _ = self.listener.accept()
        self.arriving[connection] = Arriving()
        self.selector.register(connection, selectors.EVENT_READ, lambda: self._receive(connection))

    def _receive(self, connection: socket.socket) -> None:
        try:
            request = self.arriving[connection].receive(connection)
        except (ValueError, OSError):
            self._refuse(connection)
            return
        if request is not None:
            self.selector.unregister(connection)
            del self.arriving[connection]
            self._begin(request, connection)

    def _refuse(self, connection: socket.socket) -> None:
        self.selector.unregister(connection)
        self.arriving.pop(connection).close()
        connection.close()

    def _begin(self, request: Request, connection: socket.socket) -> None:
        work = self._fork(request, connection, lambda: int(self.entry.main(request.arguments)))
        if work is None:
            request.close()
            connection.close()
            return
        self.selector.register(connection, selectors.EVENT_READ, partial(self._gone, work))
        work.tell(work.pid)

    def _gone(self, work: Work) -> None:
        """The client said all at first: what is readable now is its end."""
        self.selector.unregister(work.connection)
        if work.pid in self.works:
            work.end(Interrupted("the process that asked for the task has gone"))

    def _fork(self, request: Request, connection: socket.socket, call: Callable[[], int]) -> Work | None:
        """Begin a process for a client; None when the machine has no room for another."""
        read, write = os.pipe()
        os.set_blocking(read, False)
        try:
            pid = fork_task(request, call, write, {*self._descriptors(request), connection.fileno(), read})
        except OSError as error:
            print(f"no process for {request.arguments}: {error}", flush=True)
            os.close(read)
            return None
        finally:
            os.close(write)
        with suppress(OSError):  # it does the same, whoever comes first
            os.setpgid(pid, pid)
        work = Work(request, connection, pid, read, monotonic())
        self.works[pid] = work
        return work

    def _descriptors(self, but: Request) -> Iterator[int]:
        """What the server has open and a task must not keep open: others would wait for its end."""
        yield from (self.listener.fileno(), self.owner, self._wakeup, self._waker, self.selector.fileno())
        for connection, arriving in self.arriving.items():
            yield from (connection.fileno(), *arriving.streams)
        for work in self.works.values():
            yield from (work.connection.fileno(), work.result)
            if work.request is not but:
                yield from work.request.streams

    def _end_those_due(self) -> None:
        now = monotonic()
        for work in self.works.values():
            if work.next_at <= now:
                work.overdue()

    def _reap(self) -> None:
        for pid, work in list(self.works.items()):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                continue
            work.signal(signal.SIGKILL)  # while its number can't be another's yet
            _, status, usage = os.wait4(pid, 0)
            del self.works[pid]
            self._ended(work, status, usage)

    def _ended(self, work: Work, status: int, usage: resource.struct_rusage) -> None:
        """Give the client its exit code; a death without one is recorded first."""
        result = b""
        with suppress(BlockingIOError):  # nothing written, and a process that it forked is still about to end
            result = os.read(work.result, 16)
        os.close(work.result)
        if not result and not work.mourning and not self.stopping and self._mourn(work, status, usage):
            return
        if work.connection in self.selector.get_map():
            self.selector.unregister(work.connection)
        work.tell(int(result or (work.ended_because.exit_code if work.ended_because else FAULT)))
        work.connection.close()
        work.request.close()
        self._prepare_again()

    def _mourn(self, work: Work, status: int, usage: resource.struct_rusage) -> bool:
        """Have a process record how a task died; whether there is one now."""
        oom_kills = out_of_memory_kills()
        death = Death(
            pid=work.pid,
            at=utc_now(),
            status=status,
            usage=Usage(monotonic() - work.started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024),
            ended_because=work.ended_because,
            short_of_memory=oom_kills > self._oom_kills,
        )
        self._oom_kills = oom_kills
        request = work.request
        mourner = self._fork(request, work.connection, lambda: int(self.entry.died(request.arguments, death)))
        if mourner is not None:
            mourner.mourning = True
        return mourner is not None

    def _prepare_again(self) -> None:
        """Take up what tasks have made ready meanwhile, such as code that the first of them compiled."""
        if monotonic() - self._prepared > PREPARE_AGAIN_S:
            _prepare(self.entry)
            self._prepared = monotonic()


def _prepare(entry: ModuleType) -> None:
    """Let the entry module make ready, and keep what it made out of the tasks' garbage collections."""
    entry.prepare()
    gc.collect()
    gc.freeze()


def _leave(listener: socket.socket) -> None:
    """Take the socket's folder away, which nobody asks any more."""
    shutil.rmtree(Path(listener.getsockname()).parent, ignore_errors=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve on the descriptors given, and take the socket's folder away when the owner has gone."""
    options = argparse.ArgumentParser(prog="python -m weppbatch.tasks.server")
    options.add_argument("--listener", type=int, required=True, metavar="FD")
    options.add_argument("--owner", type=int, required=True, metavar="FD")
    options.add_argument("--entry", required=True, metavar="MODULE")
    options.add_argument("batch", help="whose tasks these are; for whoever looks at the list of processes")
    given = options.parse_args(arguments)
    listener = socket.socket(fileno=given.listener)
    with ending_with(given.owner, partial(_leave, listener)):
        entry = import_module(given.entry)
        faulthandler.enable()
        _prepare(entry)
    server = Server(listener, given.owner, entry)
    server.serve()
    if server.owner_gone:
        _leave(listener)


if __name__ == "__main__":
    main()
