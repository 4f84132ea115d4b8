"""One start of a batch: the lock, the execution id, the snapshot of `_base`, and the entries in the history.

`weppbatch run` begins a start and hands its lock to the Snakemake it calls; a plain `snakemake` begins its own.
"""

import atexit
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from weppbatch.batch import cancel, hold
from weppbatch.batch import force as forcing
from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.ledger import BATCH_LOCK, Ledger, fold
from weppbatch.batch.plan import Plan
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.undertaking import Undertaking
from weppbatch.batch.work import Choice, Work, forced_tasks, work_of
from weppbatch.errors import InputError
from weppbatch.lock import Lock
from weppbatch.nodb import workspace

LOCK_FD = "WEPPBATCH_LOCK_FD"
WORK_FD = "WEPPBATCH_WORK_FD"
EXECUTION = "WEPPBATCH_EXECUTION"
RUNNING = "run"  # what the lock's note says that it is held for


class Start:
    """A start that holds its batch, until `end` folds the results and lets go, or the process ends."""

    def __init__(self, folder: Path, lock: Lock, asked: dict[str, Any]) -> None:
        self.folder = folder
        self.lock = lock
        self.asked = asked
        self.execution = str(asked["execution"])
        self._announced = False

    @classmethod
    def begin(cls, folder: Path) -> "Start":
        """Take the batch: the lock, stale Snakemake locks out of the way, a snapshot of `_base`.

        Raises BatchBusy naming the holder when another process has the batch, and NotPermitted or InputError
        when this user may not change it or its run ids are not valid.
        """
        require_enabled()
        require_admin()
        plan = Plan(folder)
        lock = hold.take(folder, RUNNING)
        with ExitStack() as stack:
            stack.callback(lock.release)
            start = cls(folder, lock, plan.runner.enqueue_runs())
            lock.describe_as(start.execution, RUNNING)
            cancel.forget(folder)
            shutil.rmtree(folder / ".snakemake" / "locks", ignore_errors=True)
            workspace.snapshot(folder)
            stack.pop_all()
        atexit.register(lock.release)
        return start

    @contextmanager
    def handing_down(self, jobs: Mapping[str, Iterable[str]]) -> Iterator[tuple[dict[str, str], list[int]]]:
        """What the Snakemake called by this start needs: variables, and open files that it inherits.

        jobs: the tasks that it is to do, by run id. They and the lock go down as open files, so that nothing is
        left on the disk when any of the processes is killed.
        """
        with TemporaryFile() as work:
            work.write(json.dumps({runid: list(tasks) for runid, tasks in jobs.items()}).encode())
            work.flush()
            environment = {EXECUTION: self.execution, WORK_FD: str(work.fileno())}
            descriptors = [work.fileno()]
            if self.lock.descriptor is not None:
                environment[LOCK_FD] = str(self.lock.descriptor)
                descriptors.append(self.lock.descriptor)
            yield environment, descriptors

    def work(self, choice: Choice) -> tuple[Ledger, Work]:
        """What a choice asks of this start, once requests by force that are fulfilled or withdrawn are gone."""
        forcing.settle(self.folder)
        if choice.force is False:
            forcing.forget(self.folder)
        return work_of(self.folder, choice)

    def undertake(self, choice: Choice, ledger: Ledger, work: Work) -> Undertaking:
        """State that this start does the work, and put it on file for whoever watches.

        A forced one is recorded first, so that a kill does not lose it.
        """
        if choice.force:
            forcing.record(self.folder, self.execution, forced_tasks(ledger.plan), work.forced)
        self.enqueue(work.runids, choice.tasks, bool(choice.force))
        return Undertaking.write(self.folder, self.execution, work.jobs)

    def enqueue(self, runids: Iterable[str], tasks: Iterable[str] | None, force: bool) -> None:
        """State what this start does: these runs, these tasks in place of the checklist, by force or not."""
        self.asked = BatchRunner.getInstance(self.folder).enqueue_runs(runids, tasks, force) | {
            "execution": self.execution
        }

    def told_to_stop(self) -> str:
        """Why this start has to stop, or '': somebody cancelled it, or another process took its batch over."""
        holder = self.lock.holder()
        if holder is not None and holder.get("execution") != self.execution:
            return f"the batch was taken over by {self.lock.describe_holder()}"
        return cancel.why_cancelled(self.folder, self.execution)

    def announce(self, reason: str = "", **details: object) -> None:
        """Write to the history that work begins."""
        self._announced = True
        with BatchRunner.getInstance(self.folder).locked() as runner:
            runner.add_history("run_started", reason=reason, execution=self.execution, **details)

    def end(self, outcome: str) -> Ledger:
        """Fold the results into the state, note how it ended, and let go of the batch."""
        forcing.settle(self.folder)
        ledger = fold(self.folder)
        if self._announced:
            counts = ledger.to_json()["counts"]
            with BatchRunner.getInstance(self.folder).locked() as runner:
                runner.add_history("run_finished", execution=self.execution, outcome=outcome, counts=counts)
        self.lock.release()
        return ledger


def handed_down(folder: Path) -> str | None:
    """The execution id of the start that called this process, or None when nobody handed a lock down.

    Raises InputError when what was handed down is not this batch's lock.
    """
    descriptor, execution = os.environ.get(LOCK_FD), os.environ.get(EXECUTION)
    if descriptor is None or execution is None:
        return None
    try:
        same = os.path.sameopenfile(int(descriptor), os.open(folder / BATCH_LOCK, os.O_RDONLY))
    except OSError:
        same = False
    if not same:
        raise InputError(
            f"{LOCK_FD} names a lock of another batch than {folder}", hint=f"unset {LOCK_FD} and start again"
        )
    return execution


def handed_work() -> dict[str, list[str]] | None:
    """The tasks that the start which called this process wants done, by run id; None for all that are needed."""
    descriptor = os.environ.get(WORK_FD)
    if descriptor is None or os.environ.get(LOCK_FD) is None:
        return None
    with os.fdopen(os.dup(int(descriptor)), "rb") as stream:
        stream.seek(0)
        return {str(runid): list(tasks) for runid, tasks in json.loads(stream.read()).items()}
