"""Ends this process when its owner goes while it is still loading, which can take long on a busy machine.

In: the reading end of a pipe whose other end the owner holds. Once all is loaded the server itself watches it.
"""

import fcntl
import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ending_with(owner: int, last: Callable[[], None]) -> Iterator[None]:
    """Within it the closing of the owner's end runs `last` and ends the process at once.

    The kernel tells by SIGIO (fcntl(2), F_SETOWN and O_ASYNC), so it takes no thread and no looking.
    """

    def end(number: int = 0, frame: FrameType | None = None) -> None:
        poll = select.poll()
        poll.register(owner, 0)
        if poll.poll(0):
            last()
            os._exit(0)

    kept = signal.signal(signal.SIGIO, end)
    flags = fcntl.fcntl(owner, fcntl.F_GETFL)
    fcntl.fcntl(owner, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(owner, fcntl.F_SETFL, flags | os.O_ASYNC)
    end()  # it may have gone before
    try:
        yield
    finally:
        fcntl.fcntl(owner, fcntl.F_SETFL, flags)
        signal.signal(signal.SIGIO, kept)
