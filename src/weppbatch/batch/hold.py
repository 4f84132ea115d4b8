"""Having a batch to oneself: the batch's lock, with a dead holder's end noted in the history."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from weppbatch.batch.ledger import BATCH_LOCK
from weppbatch.batch.runner import BatchRunner
from weppbatch.lock import Lock, how_known_dead


def take(folder: Path, purpose: str, *, wait_s: float = 0.0) -> Lock:
    """Take the batch's lock, waiting at most so long; whom it was taken over from goes into the history.

    Raises BatchBusy naming the holder when another process has the batch.
    """
    lock = Lock(folder / BATCH_LOCK)
    lock.acquire(wait_s=wait_s, purpose=purpose)
    with ExitStack() as undo:
        undo.callback(lock.release)
        if lock.took_over_from:
            known = how_known_dead(lock.took_over_from)
            BatchRunner.getInstance(folder).add_history(
                "lock_taken_over", previous_holder=lock.took_over_from, known=known, by=purpose
            )
        undo.pop_all()
    return lock


@contextmanager
def having(folder: Path, purpose: str, *, wait_s: float = 0.0) -> Iterator[Lock]:
    """Have the batch to oneself for the block. Raises BatchBusy naming the holder."""
    lock = take(folder, purpose, wait_s=wait_s)
    try:
        yield lock
    finally:
        lock.release()
