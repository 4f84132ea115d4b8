"""Drives Snakemake over the work of a start, in waves, with signals passed on.

The work is handed down with the lock, and Snakemake does exactly that. What a start leaves behind is judged by the
ledger, never by Snakemake's word.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from types import FrameType

from weppbatch.batch.logs import snakemake_log
from weppbatch.batch.profile import Profile
from weppbatch.batch.served import ENTRY
from weppbatch.batch.start import Start
from weppbatch.batch.work import Work
from weppbatch.errors import ConfigError
from weppbatch.files import shipped
from weppbatch.tasks.serving import serving

MEMORY = "WEPPBATCH_MEM_MB"
# What a task costs Snakemake grows with the runs that it holds; at the end of a wave cores wait for its last run.
MOST_WAVE_RUNS = 1000
LEAST_WAVE_RUNS = 200
WAVE_RUNS_A_CORE = 50
POLL_S = 1.0
GRACE_S = 20.0
LAST_S = 5.0  # for tasks whose Snakemake is gone to record that, before they are killed
PR_SET_PDEATHSIG = 1


def default_cores() -> int:
    """WEPPBATCH_CORES, else 3 or as many as there are. Raises ConfigError when it is no number."""
    return _from_environment("WEPPBATCH_CORES") or min(3, os.cpu_count() or 1)


def memory_mb() -> int:
    """The MB that tasks share: WEPPBATCH_MEM_MB, else the machine's memory, or what its control group allows.

    Raises ConfigError when the variable is no number.
    """
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        path = Path("/sys/fs/cgroup", name)
        if path.exists() and path.read_text().strip().isdecimal():
            limits.append(int(path.read_text()))
    return _from_environment(MEMORY) or min(limits) // 10**6


def _from_environment(name: str) -> int:
    """A whole number above 0 from a variable; 0 where it is not set."""
    text = os.environ.get(name, "").strip()
    if text and not (text.isdecimal() and int(text) > 0):
        raise ConfigError(f"{name} is '{text}'", hint="set it to a whole number above 0")
    return int(text or 0)


def command(folder: Path, work: Work, *options: str) -> list[str]:
    """The Snakemake call for a portion of work; the options say where, and how much of it side by side.

    Marks that Snakemake left on a finished task's files when it was killed don't count, for the sentinel does; and
    of its own triggers only lost files are left (file times can't be turned off, but a result that is no work has
    inputs that don't grow old).
    """
    forced = work.again()
    return [
        *(sys.executable, "-m", "snakemake"),
        *("--snakefile", str(shipped("workflow") / "Snakefile")),
        *("--rerun-triggers", "mtime"),
        "--ignore-incomplete",
        *options,
        *(["--forcerun", *forced] if forced else []),
        *("--config", f"batch={folder}"),
    ]


@dataclass
class Drive:
    """One start under way: calls Snakemake wave after wave until the work is done or a signal came.

    look: called about every second, and after each wave, by whoever tells how far the work has come.
    """

    start: Start
    cores: int
    look: Callable[[], None]
    profile: Profile = field(default_factory=lambda: Profile.named("default"))
    interrupted: bool = False
    why_stopped: str = ""
    _served: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    def run(self, work: Work) -> None:
        """Do the work; what became of it is for the ledger to say."""
        recording = self.profile.recording(self.start.folder, self.start.execution)
        with self._signals(), recording, self._serving() as self._served:
            for wave in work.waves(self.wave_runs):
                self._heed_requests()
                if self.interrupted:
                    break
                self._call_snakemake(wave)

    @property
    def wave_runs(self) -> int:
        """How many runs one Snakemake is given: many times what the cores do at once."""
        if self.profile.executor != "local":
            return MOST_WAVE_RUNS
        return min(max(LEAST_WAVE_RUNS, WAVE_RUNS_A_CORE * self.cores), MOST_WAVE_RUNS)

    def _serving(self) -> AbstractContextManager[dict[str, str]]:
        """A task server where the tasks are done on this machine."""
        return serving(self.start.folder, ENTRY) if self.profile.executor == "local" else nullcontext({})

    @property
    def log(self) -> Path:
        """Where Snakemake's own output goes."""
        return snakemake_log(self.start.folder, self.start.execution)

    def _call_snakemake(self, wave: Work) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log, self.start.handing_down(wave.jobs) as (environment, descriptors):
            self._process = subprocess.Popen(
                command(self.start.folder, wave, *self._where()),
                cwd=self.start.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | environment | self._served,
                pass_fds=descriptors,
                start_new_session=True,
                preexec_fn=_die_with_the_parent,
            )
            self._watch(self._process)
        if self._process.returncode < 0 and not self.interrupted:
            self.interrupted, self.why_stopped = True, f"Snakemake was killed by signal {-self._process.returncode}"
        _end_group(self._process.pid)
        self.look()

    def _where(self) -> list[str]:
        return self.profile.options(self.cores, memory_mb(), self.start.execution)

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for Snakemake, looking what gets done, and pressing harder the longer it resists a signal."""
        since: float | None = None
        while True:
            try:
                process.wait(POLL_S)
                return
            except subprocess.TimeoutExpired:
                self.look()
            self._heed_requests()
            if self.interrupted:
                since = since or monotonic()
                waited = monotonic() - since
                if waited > GRACE_S:
                    os.killpg(process.pid, signal.SIGKILL if waited > 2 * GRACE_S else signal.SIGTERM)

    def _heed_requests(self) -> None:
        """Stop as on a signal when somebody cancelled this start, or took its batch over."""
        if not self.interrupted:
            self.why_stopped = self.start.told_to_stop()
            if self.why_stopped:
                self._stop()

    def _stop(self) -> None:
        self.interrupted = True
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM reach Snakemake and every task as SIGINT."""

        def stop(number: int, frame: FrameType | None) -> None:
            self._stop()

        kept = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)


def _die_with_the_parent() -> None:
    """In the child: be killed when the process that drives it dies; the tasks then end by themselves."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_group(group: int) -> None:
    """End what a Snakemake that was killed left running, so that nothing writes once the start has ended."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = monotonic() + LAST_S
        try:
            os.killpg(group, number)
            while monotonic() < deadline:
                sleep(0.05)
                os.killpg(group, 0)
        except ProcessLookupError:
            return
