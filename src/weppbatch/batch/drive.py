"""Drives Snakemake over a batch: targets for the runs that need work, in waves, with signals passed on.

What a start leaves behind is judged by the ledger, never by Snakemake's word.
"""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, time_ns
from types import FrameType

from weppbatch.batch.ledger import Ledger, RunState
from weppbatch.batch.plan import Plan
from weppbatch.batch.start import Start
from weppbatch.errors import WeppbatchError
from weppbatch.files import shipped
from weppbatch.tasks import graph
from weppbatch.tasks.serving import serving

WAVE_RUNS = 1000  # a Snakemake's cost grows with the jobs it holds
POLL_S = 1.0
GRACE_S = 20.0
PR_SET_PDEATHSIG = 1
TO_FORCE = ("stale", "failed", "interrupted")

Progress = Callable[[str, str], None]


class PlanFailed(WeppbatchError):
    """Snakemake ended a dry run with an error."""


@dataclass(frozen=True)
class Work:
    """What a start has to do: the runs in need, largest first, and the sentinels to make again by force."""

    runids: list[str]
    tasks: tuple[str, ...]
    forced: list[str]

    @classmethod
    def of(cls, ledger: Ledger) -> "Work":
        """The work that a ledger shows.

        Stale results are forced, since Snakemake alone does not notice a lost file beside a sentinel, nor a
        changed setting when its own metadata are gone. So are failures, which can stand beside an older sentinel
        when a task was done by hand.
        """
        runids = ledger.unfinished()
        forced = [
            graph.sentinel(runid, task)
            for runid in runids
            for task, state in ledger.runs[runid].tasks.items()
            if state.status in TO_FORCE and task in ledger.plan.tasks
        ]
        return cls(runids, ledger.plan.tasks, forced)

    def waves(self) -> Iterator["Work"]:
        """The same work in portions that one Snakemake handles well."""
        for first in range(0, len(self.runids), WAVE_RUNS):
            runids = self.runids[first : first + WAVE_RUNS]
            prefixes = tuple(f"runs/{runid}/" for runid in runids)
            forced = [name for name in self.forced if name.startswith(prefixes)]
            yield Work(runids, self.tasks, forced)

    def targets(self) -> list[str]:
        """Every asked sentinel of every run; the last ones alone would hide a lost earlier one."""
        return [graph.sentinel(runid, task) for runid in self.runids for task in self.tasks]


def default_cores() -> int:
    """WEPPBATCH_CORES, else 3 or as many as there are."""
    return int(os.environ.get("WEPPBATCH_CORES") or min(3, os.cpu_count() or 1))


def command(folder: Path, cores: int, work: Work, *options: str) -> list[str]:
    """The Snakemake call for a portion of work."""
    return [
        *(sys.executable, "-m", "snakemake"),
        *("--snakefile", str(shipped("workflow") / "Snakefile")),
        *("--workflow-profile", str(shipped("profiles") / "default")),
        *("--cores", str(cores)),
        *options,
        *(["--forcerun", *work.forced] if work.forced else []),
        *("--config", f"batch={folder}"),
        "--",
        *work.targets(),
    ]


def planned_jobs(folder: Path, work: Work) -> dict[str, int]:
    """How many jobs of which task Snakemake would do, from its own dry run; changes no byte of the batch.

    Raises PlanFailed with Snakemake's words when it can't say.
    """
    with tempfile.TemporaryDirectory() as elsewhere:  # Snakemake leaves a log where it is called
        done = subprocess.run(
            command(folder, 1, work, "--dry-run", "--quiet", "host", "rules", "reason"),
            cwd=elsewhere,
            text=True,
            capture_output=True,
            check=False,
        )
    if done.returncode != 0:
        raise PlanFailed(f"Snakemake could not plan:\n{done.stdout}{done.stderr}")
    rows = (line.split() for line in done.stdout.splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[0] in graph.TASKS and row[1].isdigit()}


@dataclass
class Drive:
    """One start under way: calls Snakemake wave after wave until the work is done or a signal came."""

    start: Start
    cores: int
    progress: Progress
    interrupted: bool = False
    _environment: dict[str, str] = field(default_factory=dict)
    _told: set[Path] = field(default_factory=set)
    _begun_ns: int = field(default_factory=time_ns)
    _process: subprocess.Popen[bytes] | None = None

    def run(self, work: Work) -> None:
        """Do the work; what became of it is for the ledger to say."""
        with self._signals(), serving(self.start.folder) as served:
            self._environment = os.environ | self.start.environment() | served
            for wave in work.waves():
                if self.interrupted:
                    break
                self._call_snakemake(wave)

    @property
    def log(self) -> Path:
        """Where Snakemake's own output goes."""
        return self.start.folder / "logs" / "snakemake" / f"{self.start.execution.replace(':', '_')}.log"

    def _call_snakemake(self, wave: Work) -> None:
        descriptor = self.start.lock.descriptor
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command(self.start.folder, self.cores, wave),
                cwd=self.start.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                pass_fds=[] if descriptor is None else [descriptor],
                start_new_session=True,
                preexec_fn=_die_with_the_parent,
            )
            self._watch(self._process, wave)
        self._tell(wave)

    def _watch(self, process: subprocess.Popen[bytes], wave: Work) -> None:
        """Wait for Snakemake, telling what gets done, and pressing harder the longer it resists a signal."""
        since: float | None = None
        while True:
            try:
                process.wait(POLL_S)
                return
            except subprocess.TimeoutExpired:
                self._tell(wave)
            if self.interrupted:
                since = since or monotonic()
                waited = monotonic() - since
                if waited > GRACE_S:
                    os.killpg(process.pid, signal.SIGKILL if waited > 2 * GRACE_S else signal.SIGTERM)

    def _tell(self, wave: Work) -> None:
        """Say of each run once that it is done, and of each task once that it failed."""
        for path, written_ns in self._records(wave):
            if path in self._told or written_ns <= self._begun_ns:
                continue
            self._told.add(path)
            task, _, kind = path.name.removesuffix(".json").partition(".")
            self.progress(path.parents[1].name, f"{task} failed" if kind else "done")

    def _records(self, wave: Work) -> Iterator[tuple[Path, int]]:
        """The runs' last sentinels and all failures that are there, with the time each was written."""
        kinds = [f"{wave.tasks[-1]}.json", *(f"{task}.failed.json" for task in wave.tasks)]
        for runid in wave.runids:
            folder = self.start.folder / "runs" / runid / ".tasks"
            for name in kinds:
                try:
                    yield folder / name, (folder / name).stat().st_mtime_ns
                except FileNotFoundError:
                    continue

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM reach Snakemake and every task as SIGINT."""

        def stop(number: int, frame: FrameType | None) -> None:
            self.interrupted = True
            if self._process is not None and self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGINT)

        kept = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)


def _die_with_the_parent() -> None:
    """In the child: be killed when the process that drives it dies; the tasks then end by themselves."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def exit_code(states: Sequence[RunState], *, interrupted: bool) -> int:
    """0 all complete, 1 some runs failed, 3 some were left undone without a failure, 5 interrupted."""
    statuses = {state.status for state in states} - {"excluded"}
    if statuses <= {"succeeded", "degraded"}:
        return 0
    if interrupted or "interrupted" in statuses:
        return 5
    return 1 if "failed" in statuses else 3


def work_of(folder: Path) -> tuple[Ledger, Work]:
    """The ledger of a batch and the work that it shows."""
    ledger = Ledger(Plan(folder))
    return ledger, Work.of(ledger)
