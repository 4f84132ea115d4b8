"""How a task's process ended that could not say so itself, in words, and the record of it.

Comes from the task server, which saw the process die. A process that recorded its own failure is left alone.
"""

import os
import shutil
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from weppbatch.errors import Interrupted, ResourceError, WeppbatchError
from weppbatch.files import utc_now
from weppbatch.lock import holding
from weppbatch.tasks import features
from weppbatch.tasks.execute import LOCK_WAIT_S, Job
from weppbatch.tasks.record import Record, Usage, read_record

STOPPING = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Crashed(WeppbatchError):
    """A task's process broke down, or ended without a result."""


@dataclass(frozen=True)
class Death:
    """A process that ended without a result: when, its wait status, what it used, and why it was ended if it was.

    `ended_because`: the error that made the server end it; `short_of_memory`: whether the kernel has killed a
    process for want of memory meanwhile.
    """

    pid: int
    at: str
    status: int
    usage: Usage
    ended_because: WeppbatchError | None = None
    short_of_memory: bool = False

    def error(self) -> WeppbatchError:
        """The death as the error that it stands for."""
        if self.ended_because is not None:
            return self.ended_because
        if not os.WIFSIGNALED(self.status):
            code = os.waitstatus_to_exitcode(self.status)
            if code == Interrupted.exit_code:
                return Interrupted("the process that asked for the task has died")  # the task itself noticed
            return Crashed(f"the task's process ended with exit code {code} and gave no result")
        number = signal.Signals(os.WTERMSIG(self.status))
        if number not in STOPPING:
            words = f"the task's process crashed: {signal.strsignal(number)} ({number.name})"
            return Crashed(words, hint="the log shows where")
        if number == signal.SIGKILL and self.short_of_memory:
            return ResourceError(
                "the task's process was killed (SIGKILL) while memory was short",
                hint="use fewer cores, or a machine with more memory",
            )
        return Interrupted(f"the task's process was killed ({number.name})")


def out_of_memory_kills() -> int:
    """How many processes the kernel has killed for want of memory since it started."""
    for line in Path("/proc/vmstat").read_text().splitlines():
        name, _, count = line.partition(" ")
        if name == "oom_kill":
            return int(count)
    return 0


def record_death(job: Job, death: Death) -> WeppbatchError:
    """Record the failure of a task whose process is dead, keep its scratch folder, and return the failure.

    Raises InputError for a run id that the batch does not have, BatchBusy when another process is at the task.
    """
    features.feature_of(job.batch, job.runid)
    files, error = job.files, death.error()
    for folder in (files.folder, (job.batch / job.log).parent):
        folder.mkdir(parents=True, exist_ok=True)
    with holding(files.lock, wait_s=LOCK_WAIT_S, execution=job.execution):
        if any(
            (read_record(path) or {}).get("finished_at", "") > death.at for path in (files.sentinel, files.failed)
        ):
            return error  # another process has done the task meanwhile
        mark = read_record(files.running) or {}
        began = mark if mark.get("pid") == death.pid else {}
        record = Record(
            execution=job.execution or began.get("execution") or f"hand:{utc_now()}",
            job_id=os.environ.get("SLURM_JOB_ID", str(death.pid)),
            task=job.task,
            runid=job.runid,
            attempt=job.attempt,
            started_at=began.get("started_at") or utc_now(),
            host=socket.gethostname(),
            pid=death.pid,
            config_sha256="",
            finished_at=death.at,
            usage=death.usage,
        )
        if (read_record(files.failed) or {}).get("pid") != death.pid:
            record.write_failure(files, error, job.log)
            with (job.batch / job.log).open("a", encoding="utf-8") as log:
                log.write(f"failed ({error.category}): {error}\n")
        if files.scratch.exists():
            shutil.rmtree(files.kept_scratch, ignore_errors=True)
            files.scratch.rename(files.kept_scratch)
        files.running.unlink(missing_ok=True)
    return error
