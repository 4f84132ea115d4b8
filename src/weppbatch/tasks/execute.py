"""Runs one task of one run: lock, scratch folder, the task's function, files into place, sentinel last.

Killed at any instant it leaves no half file in place: the next execution starts afresh.
"""

import os
import resource
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any

from weppbatch.disk import disk_full
from weppbatch.errors import AFTER_A_WAIT, NEVER, InputError, WeppbatchError
from weppbatch.files import fsync_file, fsync_folder, read_json, utc_now, write_json
from weppbatch.lock import holding
from weppbatch.tasks import features
from weppbatch.tasks.configuration import digest_of, engine_version
from weppbatch.tasks.graph import scenario_of, spec_of
from weppbatch.tasks.record import Record, TaskFiles, Usage, file_entries, read_record
from weppbatch.tasks.retries import wait_s
from weppbatch.tasks.run import Metrics, Run
from weppbatch.tasks.stopping import EndingOnSignals

ORPHAN_CHECK_S = 0.5
ASKED_BY = "WEPPBATCH_JOB"
LOCK_WAIT_S = 5.0


@dataclass(frozen=True)
class Job:
    """What is to be done: one task of one run, and for which start."""

    batch: Path
    runid: str
    task: str
    attempt: int = 1
    execution: str = ""
    threads: int | None = None

    @property
    def files(self) -> TaskFiles:
        """Where the task's records lie."""
        return TaskFiles(self.batch / "runs" / self.runid, self.task)

    @property
    def log(self) -> str:
        """The log's path, relative to the batch."""
        return f"logs/{self.runid}/{self.task}.log"


def execute(job: Job) -> Metrics:
    """Run the task and return its metrics.

    Raises what the task raised, after the failure was recorded; BatchBusy when another process is at this very
    task; at once the recorded failure when a repeat is not worth it.
    """
    features.feature_of(job.batch, job.runid)  # an unknown run id leaves no folder behind
    _repeat_if_hopeless(job)
    files = job.files
    files.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(holding(files.lock, wait_s=LOCK_WAIT_S, execution=job.execution))
        _end_with_the_parent()
        log = stack.enter_context(_logging(job.batch / job.log))
        last = read_record(files.failed)
        record = Record(
            execution=job.execution or f"hand:{utc_now()}",
            job_id=os.environ.get("SLURM_JOB_ID", str(os.getpid())),
            task=job.task,
            runid=job.runid,
            attempt=job.attempt,
            started_at=utc_now(),
            host=socket.gethostname(),
            pid=os.getpid(),
            config_sha256="",
            waited_s=_wait_before(job, last),
            earlier=Record.attempts_before(files),
        )
        write_json(files.running, record.common("running"))
        recording = stack.enter_context(_Recording(job, record, log))
        stack.enter_context(EndingOnSignals())
        return recording.run_task()


class _Recording:
    """The time between the running mark and the record of how it ended."""

    def __init__(self, job: Job, record: Record, log: "_Log") -> None:
        self.job, self.record, self.log = job, record, log
        self.started = monotonic()

    def __enter__(self) -> "_Recording":
        for one in self.record.earlier:  # Snakemake has removed the log of the attempts before
            self.log(
                f"before, in {one['execution']}: attempt {one['attempt']}, {one['category']}: {one['message']}"
            )
        self.log(f"{self.job.task} of {self.job.runid}, attempt {self.job.attempt}, {self.record.execution}")
        return self

    def run_task(self) -> Metrics:
        """Call the task's function, move its files into place, and write the sentinel."""
        job, files = self.job, self.job.files
        if self.record.waited_s:
            self.log(f"waits {self.record.waited_s:.0f} s, for the failure before may pass")
            sleep(self.record.waited_s)
            self.started = monotonic()
        shutil.rmtree(files.scratch, ignore_errors=True)
        files.scratch.mkdir()
        run = Run(
            batch=job.batch,
            runid=job.runid,
            scratch=files.scratch,
            log=self.log,
            threads=job.threads,
            scenario=scenario_of(job.task),
            execution=self.record.execution,
        )
        self._note_config()
        metrics: Metrics = import_module(f"weppbatch.tasks.{'scenario' if run.scenario else job.task}").run(run)
        spec = spec_of(job.task)
        outputs = publish(files, spec.files, spec.folders)
        self._note_usage()
        self.record.engine = str(metrics.get("engine", self.record.engine))
        self.record.write_sentinel(
            files,
            inputs=file_entries(run.wd, run.inputs),
            outputs=file_entries(run.wd, outputs),
            metrics=metrics,
            warnings=run.warnings,
            degraded=run.degraded,
        )
        files.failed.unlink(missing_ok=True)
        shutil.rmtree(files.kept_scratch, ignore_errors=True)
        self.log(f"done in {self.record.usage.wall_s:.2f} s")
        return metrics

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        files = self.job.files
        full = disk_full(error, files.wd) if isinstance(error, Exception) else None
        if full is not None:  # make room for the record of the failure
            shutil.rmtree(files.scratch, ignore_errors=True)
            error = full
        if error is not None:
            self._note_usage()
            self.record.write_failure(files, error, self.job.log)
            failed = read_json(files.failed)
            self.log(failed["traceback"])
            self.log(f"failed ({failed['category']}): {failed['message']}")
            if files.scratch.exists():
                shutil.rmtree(files.kept_scratch, ignore_errors=True)
                files.scratch.rename(files.kept_scratch)
        files.running.unlink(missing_ok=True)

    def _note_config(self) -> None:
        job = self.job
        feature = features.feature_of(job.batch, job.runid)
        sha256 = str(feature["sha256"]) if spec_of(job.task).reads_feature else ""
        digest = digest_of(job.batch, job.files.wd, job.task, sha256, point=features.is_point(feature))
        self.record = replace(self.record, config_sha256=digest, engine=engine_version(job.task))

    def _note_usage(self) -> None:
        usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        self.record.finished_at = utc_now()
        self.record.usage = Usage(
            wall_s=monotonic() - self.started,
            cpu_s=sum(usage.ru_utime + usage.ru_stime for usage in usages),
            max_rss_mb=max(_peak_kb(), usages[1].ru_maxrss) / 1024,
        )


def _peak_kb() -> int:
    """This process's largest resident size; ru_maxrss would also count the Snakemake that it was forked from."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))


def publish(files: TaskFiles, makes: tuple[str, ...], folders: tuple[str, ...] = ()) -> list[str]:
    """Move what a task made from its scratch folder into the run's, and return the relative paths.

    `folders` are moved as they are, in place of what was there before; their files are not among the paths.

    The old sentinel goes first, so that no moment shows new files under an old proof. What the task may make but
    did not make this time is removed. Raises WeppbatchError when it made a file that its spec does not name.
    """
    for name in folders:
        if (files.scratch / name).exists():
            files.sentinel.unlink(missing_ok=True)
            shutil.rmtree(files.wd / name, ignore_errors=True)
            (files.wd / name).parent.mkdir(parents=True, exist_ok=True)
            (files.scratch / name).rename(files.wd / name)
    made = sorted(str(path.relative_to(files.scratch)) for path in files.scratch.rglob("*") if path.is_file())
    unknown = set(made) - set(makes)
    if unknown:
        raise WeppbatchError(f"task {files.task} made files that it does not declare: {sorted(unknown)}")
    files.sentinel.unlink(missing_ok=True)
    written = {files.wd}
    for name in made:
        target = files.wd / name
        target.parent.mkdir(parents=True, exist_ok=True)
        fsync_file(files.scratch / name)
        (files.scratch / name).replace(target)
        written.add(target.parent)
    for name in set(makes) - set(made):
        (files.wd / name).unlink(missing_ok=True)
    for folder in written:
        fsync_folder(folder)
    shutil.rmtree(files.scratch)
    return made


def _repeat_if_hopeless(job: Job) -> None:
    """Raise the recorded failure of this start again when its category is not worth another attempt."""
    if job.attempt <= 1:
        return
    failed = read_record(job.files.failed)
    if failed is None or failed["execution"] != job.execution or failed.get("retry", NEVER) != NEVER:
        return
    with _logging(job.batch / job.log) as log:  # Snakemake has removed the log of the first attempt
        log(failed["traceback"])
        log(f"failed ({failed['category']}): {failed['message']}")
        log(f"attempt {job.attempt} would end the same way and was not made")
    raise InputError(
        f"{failed['message']} (not tried again: category {failed['category']})", hint=failed.get("hint")
    )


def _wait_before(job: Job, failed: dict[str, Any] | None) -> float:
    """The seconds that this attempt waits, when the one before met something that may pass."""
    if job.attempt <= 1 or failed is None or failed["execution"] != job.execution:
        return 0.0
    return wait_s(job.attempt, f"{job.runid} {job.task}") if failed.get("retry") == AFTER_A_WAIT else 0.0


class _Log:
    """Lines with their time, to the task's log."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.stream = path.open("a", encoding="utf-8", buffering=1)

    def __call__(self, message: str) -> None:
        stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        self.stream.write(f"{stamp} {message}\n")


@contextmanager
def _logging(path: Path) -> Iterator[_Log]:
    """Open the task's log, and send what libraries print on standard output and error there too."""
    log = _Log(path)
    kept = [os.dup(descriptor) for descriptor in (1, 2)]
    try:
        for descriptor in (1, 2):
            os.dup2(log.stream.fileno(), descriptor)
        yield log
    finally:
        for descriptor, original in zip((1, 2), kept, strict=True):
            os.dup2(original, descriptor)
            os.close(original)
        log.stream.close()


def _end_with_the_parent() -> None:
    """End this process soon after the one that asked for it (WEPPBATCH_JOB: its pid) has died.

    Nobody waits for the result then, and a new start may come. It may also have died before this process got here.
    """
    asking, parent = int(os.environ.get(ASKED_BY, 0)), os.getppid()

    def watch() -> None:
        while os.getppid() == parent and Path(f"/proc/{asking}").exists():
            sleep(ORPHAN_CHECK_S)
        os._exit(5)

    if asking:
        threading.Thread(target=watch, daemon=True).start()
