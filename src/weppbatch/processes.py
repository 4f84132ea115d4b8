"""Programs that a task calls: each dies with the process that started it.

Knows nothing of what is run, and tells no success from failure.
"""

import ctypes
import os
import signal
from collections.abc import Callable

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


def dying_with_parent() -> Callable[[], None]:
    """What a child is to do before it becomes the program (`preexec_fn`), so that it dies with its parent.

    Linux ties it to the thread that starts the program: that thread has to wait for it.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent died before the line above
            os._exit(1)

    return die_with_parent
