"""Having a batch to oneself: the batch's lock, with a dead holder's end noted in the history."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from weppbatch.batch import submission
from weppbatch.batch.ledger import BATCH_LOCK
from weppbatch.batch.profile import end_left_jobs
from weppbatch.batch.runner import BatchRunner
from weppbatch.lock import Lock, how_known_dead


def take(folder: Path, purpose: str, *, wait_s: float = 0.0) -> Lock:
    """Take the batch's lock, waiting at most so long; whom it was taken over from goes into the history.

    A submission that ended without its last job is closed, and the cluster jobs of a dead holder are ended.
    Raises BatchBusy naming the holder when another process, or a submission, has the batch.
    """
    submission.refuse_beside(folder)
    lock = Lock(folder / BATCH_LOCK)
    lock.acquire(wait_s=wait_s, purpose=purpose)
    with ExitStack() as undo:
        undo.callback(lock.release)
        submission.refuse_beside(folder)  # again: one may have been made while the lock was waited for
        submission.close_ended(folder)
        ended = end_left_jobs(folder)
        if lock.took_over_from:
            known = how_known_dead(lock.took_over_from)
            BatchRunner.getInstance(folder).add_history(
                "lock_taken_over",
                previous_holder=lock.took_over_from,
                known=known,
                by=purpose,
                cluster_jobs_ended=ended,
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
