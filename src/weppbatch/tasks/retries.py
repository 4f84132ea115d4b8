"""Which failures are worth another attempt, and when; Snakemake makes the attempts, and asks for more each time."""

import errno
import os
import socket
import zlib

from weppbatch.errors import AFTER_A_WAIT, AT_ONCE, NEVER, WITH_MORE_MEMORY, ConfigError, WeppbatchError

WAIT = "WEPPBATCH_RETRY_WAIT_S"
FIRST_WAIT_S = 10.0
GROWTH = 4  # of the wait, from one attempt to the next
SPREAD = 0.25  # of a wait; many runs that failed together don't come again together

# What a network, or a file system at its other end, answers for a while.
PASSING = frozenset(
    (
        *(errno.ETIMEDOUT, errno.ECONNRESET, errno.ECONNREFUSED, errno.ECONNABORTED, errno.EPIPE),
        *(errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ESTALE, errno.EREMOTEIO),
    )
)
TOO_LITTLE = frozenset((errno.ENOMEM, errno.ENOSPC, errno.EDQUOT))


def category_of(error: BaseException) -> str:
    """The failure category of any exception."""
    if isinstance(error, WeppbatchError):
        return error.category
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, MemoryError) or number in TOO_LITTLE:
        return "resource"
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror) or number in PASSING:
        return "network"
    return "internal"


def retry_of(error: BaseException) -> str:
    """When a task that failed so is to be tried again: never, at once, after a wait, with more memory."""
    if isinstance(error, WeppbatchError):
        return error.retry
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return WITH_MORE_MEMORY
    return {"interrupted": AT_ONCE, "network": AFTER_A_WAIT}.get(category_of(error), NEVER)


def wait_s(attempt: int, who: str) -> float:
    """The seconds before an attempt after a failure that may pass: 10 before the second, 40 before the third.

    who: whose attempt it is, for its own part of the spread. WEPPBATCH_RETRY_WAIT_S sets the first wait; raises
    ConfigError when it is no number.
    """
    text = os.environ.get(WAIT, str(FIRST_WAIT_S))
    try:
        first_s = float(text)
    except ValueError:
        raise ConfigError(f"{WAIT} is '{text}'", hint="set it to seconds, such as 10") from None
    share = zlib.crc32(who.encode()) / 2**32
    return first_s * float(GROWTH ** max(attempt - 2, 0)) * (1 + SPREAD * share)
