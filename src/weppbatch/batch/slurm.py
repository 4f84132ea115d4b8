"""Slurm's commands: submitting, asking the queue, cancelling. Jobs are known by their name, the id of an execution.

Works with and without accounting: only the queue is asked, never sacct.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from weppbatch.errors import InputError, WeppbatchError

ANSWER_S = 120.0  # a busy controller may keep its clients waiting
FIELDS = "%F|%K|%T|%r"


class NoSlurm(InputError):
    """This machine has no commands of Slurm."""


class SlurmFailed(WeppbatchError):
    """Slurm did not answer, or not as expected."""


class SlurmRefused(InputError):
    """Slurm did not take the job as it was asked for."""


@dataclass(frozen=True)
class QueuedJob:
    """A job that waits or runs; `element` is its place in its array, None for a job that is no array's."""

    job_id: str
    element: int | None
    state: str
    reason: str


def submit(script: str, options: Sequence[str]) -> str:
    """Submit a batch script and return the job's id.

    Raises NoSlurm, and SlurmRefused with Slurm's words.
    """
    done = _call("sbatch", "--parsable", *options, text=script)
    if done.returncode != 0:
        raise SlurmRefused(
            f"Slurm refused the job: {done.stderr.strip()}",
            hint="what a site wants, such as a partition or an account, is given with --sbatch",
        )
    return done.stdout.strip().split(";")[0]  # a cluster's name may follow


def queued(name: str) -> list[QueuedJob]:
    """The jobs of this name that wait or run, elements of arrays one by one.

    Raises NoSlurm, and SlurmFailed when the controller can't be asked: silence never means that nothing runs.
    """
    done = _call("squeue", "--noheader", "--array", f"--name={name}", f"--format={FIELDS}")
    if done.returncode != 0:
        raise SlurmFailed(f"Slurm can't be asked what runs: {done.stderr.strip()}")
    jobs = []
    for line in done.stdout.splitlines():
        job_id, element, state, reason = line.split("|", 3)
        jobs.append(QueuedJob(job_id, int(element) if element.isdigit() else None, state, reason))
    return jobs


def names_beginning(prefix: str) -> list[str]:
    """The names of the jobs in the queue that begin so. Raises NoSlurm and SlurmFailed."""
    done = _call("squeue", "--noheader", "--format=%j")
    if done.returncode != 0:
        raise SlurmFailed(f"Slurm can't be asked what runs: {done.stderr.strip()}")
    return sorted({name for name in done.stdout.splitlines() if name.startswith(prefix)})


def cancel(name: str) -> None:
    """Tell Slurm to end the jobs of this name. Raises NoSlurm, and SlurmFailed with Slurm's words."""
    done = _call("scancel", f"--name={name}")
    if done.returncode != 0:
        raise SlurmFailed(f"Slurm did not cancel {name}: {done.stderr.strip()}")


def _call(program: str, *options: str, text: str = "") -> subprocess.CompletedProcess[str]:
    if shutil.which(program) is None:
        raise NoSlurm(f"there is no {program} on this machine", hint="go to a login node of the cluster")
    try:
        return subprocess.run(
            [program, *options], input=text, capture_output=True, text=True, check=False, timeout=ANSWER_S
        )
    except subprocess.TimeoutExpired as error:
        raise SlurmFailed(f"{program} did not answer in {ANSWER_S:.0f} s") from error
