"""The report as a running batch stands, made anew now and then beside the batch, for those who look at it live.

It is made by a process of its own at the lowest priority, into a temporary folder, in at most a twentieth of the
time; the batch's own report is left as it is, and is shown whenever it is the newer one.
"""

import ctypes
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, time

from weppbatch.batch.drive import PR_SET_PDEATHSIG
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan

PAGE = "index.html"
PAUSE_S = 30.0
SHARE = 20
LOWEST = 19
FIRST = 0  # of a batch without any report: somebody waits for it


class FreshReport:
    """The newest report of a batch that there is; its temporary folder goes with `stop`."""

    def __init__(self, batch: Path, pause_s: float = PAUSE_S) -> None:
        self.batch = batch
        self._pause_s = pause_s
        self._temporary = TemporaryDirectory(prefix="weppbatch-report-")
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = self._began_s = 0.0
        self._covers_s = 0.0
        self._due = 0.0

    @property
    def folder(self) -> Path:
        """Where the newer of both lies."""
        own, fresh = self.batch / "report", Path(self._temporary.name, "report")
        return fresh if _made_s(fresh) > _made_s(own) else own

    @property
    def made_at(self) -> str | None:
        """When it was made (UTC), None while there is none."""
        made_s = _made_s(self.folder)
        return datetime.fromtimestamp(made_s, UTC).isoformat(timespec="seconds") if made_s else None

    @property
    def covers_s(self) -> float:
        """What the newest one knows of: all that was done before this time (seconds since 1970)."""
        return max(self._covers_s, _made_s(self.batch / "report"))

    def keep_up(self, changed_s: float) -> bool:
        """Begin a new one when it is time and the newest does not know of a change then; whether it was begun."""
        if self._process is not None:
            if self._process.poll() is None:
                return False
            if self._process.returncode == 0:
                self._covers_s = self._began_s
            self._process = None
            took_s = monotonic() - self._begun
            self._due = monotonic() + max(self._pause_s, SHARE * took_s)
        if changed_s <= self.covers_s or monotonic() < self._due:
            return False
        self._begun, self._began_s = monotonic(), time()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, str(self.batch), f"{self._temporary.name}/report"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=partial(_low_and_bound, LOWEST if self.made_at else FIRST),
        )
        return True

    def stop(self) -> None:
        """End what is under way and remove the folder."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._temporary.cleanup()


def _made_s(folder: Path) -> float:
    try:
        return (folder / PAGE).stat().st_mtime
    except OSError:
        return 0.0


def _low_and_bound(niceness: int) -> None:
    """In the child: leave the cores to the tasks, and die with who asked."""
    os.nice(niceness)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    from weppbatch.report.build import build_report

    build_report(Ledger(Plan(Path(sys.argv[1]))), Path(sys.argv[2]))
