"""Submits a batch to Slurm as an array of jobs: the runs that need work, in shares of about equal size.

What a share needs of memory and time follows from its runs' sizes. Doing a share is shard's.
"""

import heapq
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from weppbatch.batch import slurm
from weppbatch.batch.access import current_user
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.stage import check_staged
from weppbatch.batch.start import Start
from weppbatch.batch.submission import DRIVER_MB, Submission
from weppbatch.batch.work import Choice, Work
from weppbatch.files import utc_now

LAST_JOB_MINUTES = 60


@dataclass(frozen=True)
class Request:
    """What the user asks of a submission; None where the runs' sizes are to decide.

    `choice`: which runs and tasks. `at_most`: elements side by side. `sbatch`: further options of sbatch, as they
    are.
    """

    choice: Choice
    elements: int
    cores: int
    at_most: int | None = None
    mem_mb: int | None = None
    minutes: int | None = None
    sbatch: Sequence[str] = ()

    def options(self) -> list[str]:
        """The user's own options, word by word."""
        return [word for text in self.sbatch for word in shlex.split(text)]


def submit(
    folder: Path, request: Request, *, reason: str = "", look: Callable[[Ledger, Work], None] | None = None
) -> Submission | None:
    """Submit what needs work and return the submission, or None when nothing does.

    `look` may refuse the work by raising, before anything is recorded.
    Raises BatchBusy while a run or another submission has the batch; InputProblems naming every wrong name, or
    every file that can't be read; NoSlurm or SlurmRefused, and then nothing is left of it.
    """
    choice = request.choice
    choice.check(folder)
    start = Start.begin(folder)
    try:
        ledger, work = start.work(choice)
        if not work.jobs:
            return None
        if look is not None:
            look(ledger, work)
        check_staged(ledger.plan, work)
        shares = shares_of(ledger.plan, work.runids, request.elements)
        plan = ledger.plan
        longest = max((plan.chain(runid).within(plan.tasks) for runid in work.runids), key=len)
        mem_mb, minutes = needs_of(plan, shares, longest, request.cores)
        submission = Submission(
            folder=folder,
            execution=start.execution,
            by=current_user(),
            host=str((start.lock.holder() or {}).get("host", "")),
            at=utc_now(),
            named=None if choice.tasks is None else list(choice.tasks),
            shards=shares,
            cores=request.cores,
            mem_mb=request.mem_mb or mem_mb,
            minutes=request.minutes or minutes,
        )
        start.undertake(choice, ledger, work)
        submission = _hand_over(submission, request)
        start.announce(
            reason,
            by="weppbatch submit",
            runs=len(work.jobs),
            asked={"runs": choice.runs, "tasks": choice.tasks, "force": bool(choice.force)},
            elements=len(shares),
            array_job=submission.array_job,
        )
        return submission
    finally:
        start.lock.release()


def shares_of(plan: Plan, runids: Sequence[str], elements: int) -> list[list[str]]:
    """The runs in at most so many shares: largest first, each to the share that has least.

    A run's weight is its window's cells, and a constant for what every run costs.
    """
    count = min(elements, len(runids))
    shares: list[list[str]] = [[] for _ in range(count)]
    heap = [(0.0, index) for index in range(count)]
    weights = {runid: 1e5 + plan.window_cells(runid) for runid in runids}
    for runid in sorted(runids, key=lambda runid: (-weights[runid], runid)):
        weight, index = heapq.heappop(heap)
        shares[index].append(runid)
        heapq.heappush(heap, (weight + weights[runid], index))
    return shares


def needs_of(plan: Plan, shares: Sequence[Sequence[str]], tasks: Sequence[str], cores: int) -> tuple[int, int]:
    """Memory (MB) and time (minutes) for the neediest share; the elements of an array all ask the same.

    Memory: the largest runs side by side, or the largest alone in its second attempt. Time: what its runs ask
    for, over the cores, and never less than the largest run's tasks one after another.
    """
    mem_mb = minutes = 0
    for share in shares:
        needs = sorted((plan.mem_mb(runid, 1) for runid in share), reverse=True)
        again = max(plan.mem_mb(runid, 2) for runid in share)
        mem_mb = max(mem_mb, sum(needs[:cores]), again)
        times = [plan.runtime_min(runid, 1) for runid in share]
        minutes = max(minutes, -(-sum(times) // cores), max(times) * len(tasks))
    return mem_mb + DRIVER_MB, minutes


def _hand_over(submission: Submission, request: Request) -> Submission:
    """Give the array and its last job to Slurm. The elements wait until the batch is let go."""
    submission.log(0).parent.mkdir(parents=True, exist_ok=True)
    submission.write()  # before the first job is there: Slurm is asked for the execution's name, not for numbers
    limit = f"%{request.at_most}" if request.at_most else ""
    with ExitStack() as undo:
        undo.callback(replace(submission, ended_at=utc_now()).write)
        array_job = slurm.submit(
            script_of(submission, "$SLURM_ARRAY_TASK_ID"),
            [
                *_common_options(submission, "%a"),
                f"--array=0-{len(submission.shards) - 1}{limit}",
                f"--cpus-per-task={request.cores}",
                f"--mem={submission.mem_mb}",
                f"--time={submission.minutes}",
                *request.options(),
            ],
        )
        undo.callback(submission.cancel)
        last_job = slurm.submit(
            script_of(submission, "last"),
            [
                *_common_options(submission, "last"),
                f"--dependency=afterany:{array_job}",  # however the elements ended: done, failed, killed
                "--cpus-per-task=1",
                f"--mem={DRIVER_MB}",
                f"--time={LAST_JOB_MINUTES}",
                *request.options(),
            ],
        )
        undo.pop_all()
    submission = replace(submission, array_job=array_job, last_job=last_job)
    submission.write()
    return submission


def _common_options(submission: Submission, element: str) -> list[str]:
    return [
        f"--job-name={submission.execution}",
        f"--chdir={submission.folder}",
        f"--output={submission.log(element)}",
        "--open-mode=append",  # an element that a lost node put back into the queue goes on in its log
        "--requeue",
        "--ntasks=1",
    ]


def script_of(submission: Submission, element: str) -> str:
    """The batch script of an element, or of the `last` job: this Python, wherever the job's path leads."""
    words = [sys.executable, "-P", "-m", "weppbatch.client", "shard", str(submission.folder), submission.execution]
    return f'#!/bin/sh\nexec {shlex.join(words)} "{element}"\n'
