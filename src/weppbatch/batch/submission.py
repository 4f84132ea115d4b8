"""A batch's submission to a cluster: what was submitted, what of it waits or runs, and how it ends.

The record lies in the batch's folder `.submission`; whether anything still waits or runs is for Slurm to say.
Making one is submit's, doing its share is shard's.
"""

import shutil
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from weppbatch.batch import slurm
from weppbatch.batch.runner import BatchRunner
from weppbatch.errors import BatchBusy, InputError
from weppbatch.files import read_json, utc_now, write_json

FOLDER = ".submission"
RECORD = "submission.json"
DRIVER_MB = 800  # an element's own Snakemake, and the process that its tasks are forked from


@dataclass(frozen=True)
class Submission:
    """One array of jobs: element k works on the runs `shards[k]`, and a last job folds and reports.

    named: the tasks that were asked for in place of the checklist.
    """

    folder: Path
    execution: str
    by: str
    host: str
    at: str
    named: list[str] | None
    shards: list[list[str]]
    cores: int
    mem_mb: int
    minutes: int
    array_job: str = ""
    last_job: str = ""
    ended_at: str = ""
    kind: str = field(default="slurm array", init=False)

    @classmethod
    def read(cls, folder: Path) -> "Submission | None":
        """The last submission of a batch, ended or not; None when there never was one.

        Raises InputError when its record can't be read.
        """
        path = folder / FOLDER / RECORD
        try:
            record = read_json(path)
        except FileNotFoundError:
            return None
        try:
            record.pop("kind")
            return cls(folder=folder, **record)
        except (AttributeError, KeyError, TypeError) as error:
            raise InputError(
                f"{path} is no record of a submission", hint="when nothing of it runs any more, remove it"
            ) from error

    def write(self) -> None:
        """Write the record."""
        record = asdict(self)
        del record["folder"]
        write_json(self.folder / FOLDER / RECORD, record)

    def workdir(self, element: int) -> Path:
        """Where an element has its own `.snakemake`."""
        return self.folder / FOLDER / str(element)

    def log(self, element: int | str) -> Path:
        """Where Slurm puts what an element, or the `last` job, prints."""
        return self.folder / "logs" / "slurm" / f"{self.execution.replace(':', '_')}_{element}.log"

    def jobs(self) -> list[slurm.QueuedJob]:
        """What of it waits or runs. Raises NoSlurm or SlurmFailed when that can't be asked here."""
        return slurm.queued(self.execution)

    def is_running(self) -> bool:
        """Whether any of it waits or runs."""
        return bool(self.jobs())

    def cancel(self) -> None:
        """Tell Slurm to end all of it; what an element has finished stays."""
        slurm.cancel(self.execution)

    def state(self) -> dict[str, Any]:
        """What `status --json` says of it; null when Slurm can't be asked here.

        jobs: how many elements wait and run, by Slurm's states. last: the state of the last job.
        """
        try:
            jobs = self.jobs()
        except (slurm.NoSlurm, slurm.SlurmFailed):
            counts, reasons, last = None, [], None
        else:
            counts = dict(Counter(job.state.lower() for job in jobs if job.element is not None))
            reasons = sorted({job.reason for job in jobs if job.element is not None} - {"None"})
            last = next((job.state.lower() for job in jobs if job.element is None), None)
        return {
            "kind": self.kind,
            "execution": self.execution,
            "array_job": self.array_job,
            "elements": len(self.shards),
            "runs": sum(map(len, self.shards)),
            "by": self.by,
            "host": self.host,
            "at": self.at,
            "jobs": counts,
            "reasons": reasons,
            "last": last,
        }

    def describe(self) -> str:
        """In words: Slurm job 17 of anna since ..., 4 elements (1 pending, 3 running)."""
        state = self.state()
        if state["jobs"] is None:
            now = "Slurm can't be asked here what of it runs"
        else:
            counts = [f"{count} {name}" for name, count in sorted(state["jobs"].items())]
            ended = "ended; its last job is " + (state["last"] or "gone, and the next start closes it")
            now = ", ".join([*counts, *state["reasons"]]) or ended
        elements = f"{len(self.shards)} element" + ("s" if len(self.shards) > 1 else "")
        return f"Slurm job {self.array_job} of {self.by} since {self.at}, {elements} ({now})"

    def end(self, outcome: str, **details: Any) -> None:
        """Close it, as the batch's holder: Snakemake's records of its elements become the batch's own."""
        for element in range(len(self.shards)):
            _adopt_metadata(self.workdir(element), self.folder)
            shutil.rmtree(self.workdir(element), ignore_errors=True)
        runner = BatchRunner.getInstance(self.folder)
        runner.add_history("run_finished", execution=self.execution, outcome=outcome, **details)
        replace(self, ended_at=utc_now()).write()


def unended(folder: Path) -> Submission | None:
    """The submission whose end nobody has recorded, or None."""
    submission = Submission.read(folder)
    return None if submission is None or submission.ended_at else submission


def active(folder: Path) -> Submission | None:
    """The submission of which something waits or runs, or None.

    Raises NoSlurm or SlurmFailed when there is one and Slurm can't be asked.
    """
    submission = unended(folder)
    return submission if submission is not None and submission.is_running() else None


def refuse_beside(folder: Path) -> None:
    """Raise BatchBusy while a submission of the batch is active, or may be."""
    submission = unended(folder)
    if submission is None:
        return
    try:
        running = submission.is_running()
    except (slurm.NoSlurm, slurm.SlurmFailed) as error:
        raise BatchBusy(
            f"{folder} is in use by {submission.describe()}",
            hint=f"{error}; once nothing of it runs, remove {folder / FOLDER / RECORD}",
        ) from error
    if running:
        raise BatchBusy(
            f"{folder} is in use by {submission.describe()}", hint=f"weppbatch cancel {folder.name} stops it"
        )


def close_ended(folder: Path) -> None:
    """Close a submission of which nothing runs any more though its last job did not, as the batch's holder."""
    submission = unended(folder)
    if submission is not None:
        submission.end("interrupted")


def _adopt_metadata(workdir: Path, folder: Path) -> None:
    """Move what Snakemake noted of outputs into the batch's own `.snakemake`; its names are relative to both."""
    made = workdir / ".snakemake" / "metadata"
    for path in made.rglob("*"):
        if path.is_file():
            target = folder / ".snakemake" / "metadata" / path.relative_to(made)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
