"""One element of a submission: the ordinary local pipeline over its share of the runs, in a working directory of
its own; and the submission's last job, which folds what all of them did.

The elements share the batch's lock, so that nothing else can begin beside them; no run is in two shares.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import time_ns

from weppbatch.batch import force as forcing
from weppbatch.batch.audit import audit
from weppbatch.batch.drive import MEMORY, Drive
from weppbatch.batch.ledger import BATCH_LOCK, Ledger, fold
from weppbatch.batch.plan import Plan
from weppbatch.batch.progress import Event, Progress
from weppbatch.batch.start import Start
from weppbatch.batch.submission import DRIVER_MB, Submission, unended
from weppbatch.batch.undertaking import Undertaking
from weppbatch.batch.work import Choice, Work, work_of
from weppbatch.batch.workflow import WORKDIR
from weppbatch.errors import InputError
from weppbatch.lock import Lock, holding

# What a rule's paths lead through; the rest of the batch is found by its own folder.
LINKED = ("runs", "logs", "report")
LOCK_WAIT_S = 300.0  # `submit` has the batch until all is handed over


class _ShardDrive(Drive):
    """A drive whose Snakemake has a log of its own."""

    @property
    def log(self) -> Path:
        """Where Snakemake's own output goes."""
        log = super().log
        return log.with_name(f"{log.stem}_{os.environ[WORKDIR].rpartition('/')[2]}.log")


def work_on(folder: Path, execution: str, element: int, tell: Callable[[Sequence[Event]], None]) -> int:
    """Do what is left of an element's share of the runs, and return the exit code.

    Raises BatchBusy when something else has the batch, or another job is at the same share: one that Slurm has
    given up with its node, perhaps, and that lives. Raises InputError when the submission has ended.
    """
    with _sharing(folder) as lock:
        submission = _submission(folder, execution)
        workdir, share = submission.workdir(element), submission.shards[element]
        with holding(workdir / ".lock", wait_s=LOCK_WAIT_S, execution=execution):
            _link(workdir, folder)
            os.environ |= {WORKDIR: str(workdir), MEMORY: str(max(1, submission.mem_mb - DRIVER_MB))}
            named = None if submission.named is None else tuple(submission.named)
            _, work = work_of(folder, Choice(tasks=named))
            start = Start(folder, lock, {"execution": execution})
            mine = work.only(share)
            progress = Progress(folder, _undertaking(folder, execution, mine), Plan(folder).window_cells)
            drive = _ShardDrive(start, submission.cores, lambda: tell(progress.look()))
            drive.run(mine)
            found = audit(Ledger(Plan(folder, named=named)), share)
            return found.exit_code(interrupted=drive.interrupted)


def _undertaking(folder: Path, execution: str, work: Work) -> Undertaking:
    """What an element does, of what the submission has put on file."""
    whole = Undertaking.read(folder)
    jobs = {runid: tuple(tasks) for runid, tasks in work.jobs.items()}
    return Undertaking(execution, jobs, whole.since_ns if whole is not None else time_ns())


def end(folder: Path, execution: str) -> tuple[Ledger, int]:
    """Fold what all elements did, and return the ledger and the exit code; the submission has then ended.

    Raises BatchBusy when something else has the batch, or an element that Slurm has given up lives; InputError
    when the submission has ended.
    """
    lock = Lock(folder / BATCH_LOCK)
    lock.acquire(wait_s=LOCK_WAIT_S, execution=execution)
    try:
        submission = _submission(folder, execution)
        forcing.settle(folder)
        ledger = fold(folder)
        asked = ledger if submission.named is None else Ledger(Plan(folder, named=submission.named))
        code = audit(asked, [runid for share in submission.shards for runid in share]).exit_code()
        submission.end("interrupted" if code == 5 else "done", counts=ledger.to_json()["counts"])
        return ledger, code
    finally:
        lock.release()


def _submission(folder: Path, execution: str) -> Submission:
    """The submission that a job belongs to. Raises InputError when it is not the batch's present one."""
    submission = unended(folder)
    if submission is None or submission.execution != execution:
        raise InputError(f"{execution} is not, or no longer, submitted in {folder}; nothing was done")
    return submission


def _link(workdir: Path, folder: Path) -> None:
    """Make an element's working directory lead to the batch's folders, and drop what a killed Snakemake locked."""
    for name in LINKED:
        link = workdir / name
        if not link.is_symlink():
            link.symlink_to(folder / name)
    for lock in (workdir / ".snakemake" / "locks").glob("*"):
        lock.unlink()


@contextmanager
def _sharing(folder: Path) -> Iterator[Lock]:
    """Have the batch together with the other elements for the block."""
    lock = Lock(folder / BATCH_LOCK)
    lock.share(wait_s=LOCK_WAIT_S)
    try:
        yield lock
    finally:
        lock.release()
