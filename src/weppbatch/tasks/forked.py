"""The life of a forked task: from the fork to `os._exit`, with its outcome told to the server.

Nothing of the server's lives on in here: its signals, its descriptors and its exit handlers are let go.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterable

from weppbatch.tasks.request import Request

UNCAUGHT = 1  # as of any Python process that an exception ends
PR_SET_PDEATHSIG = 1
SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LIBC = ctypes.CDLL(None)


def fork_task(request: Request, call: Callable[[], int], result: int, servers: Iterable[int]) -> int:
    """Fork a process that stands in for the client, calls `call` and writes its exit code to `result`.

    The process leads a group of its own and is killed when the server dies. `servers`: the server's descriptors.
    Returns its id.
    """
    server = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        pid = os.fork()
        if pid == 0:
            _live(request, call, result, servers, server)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    return pid


def _live(request: Request, call: Callable[[], int], result: int, servers: Iterable[int], server: int) -> None:
    """All that the forked process does; never returns, whatever happens."""
    code = UNCAUGHT
    try:
        os.setpgid(0, 0)
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(UNCAUGHT)
        _forget_the_server(servers)
        request.take_place()
        code = call()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else UNCAUGHT
    finally:
        try:
            if sys.exc_info()[0] is not None:
                sys.excepthook(*sys.exc_info())
                code = UNCAUGHT
            sys.stdout.flush()
            sys.stderr.flush()
            os.write(result, b"%d" % code)
        finally:
            os._exit(code)


def _forget_the_server(descriptors: Iterable[int]) -> None:
    signal.set_wakeup_fd(-1)
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    for descriptor in descriptors:
        os.close(descriptor)
