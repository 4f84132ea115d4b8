"""Records of a task in a run's `.tasks` folder: the sentinel of a success, the failure, the mark while it runs.

The sentinel is the only proof that a task succeeded. It is written last and atomically, and it is unique to each
execution, so that Snakemake never takes two of them for the same.
"""

import traceback
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from weppbatch import __version__
from weppbatch.errors import InputError, Interrupted, WeppbatchError
from weppbatch.files import read_json, sha256_of_file, sha256_once, write_json

TRACEBACK_CHARS = 4000


@dataclass(frozen=True)
class TaskFiles:
    """Where the records of one task of one run lie."""

    wd: Path
    task: str

    @property
    def folder(self) -> Path:
        """The run's `.tasks` folder."""
        return self.wd / ".tasks"

    @property
    def sentinel(self) -> Path:
        """Proof of success."""
        return self.folder / f"{self.task}.json"

    @property
    def failed(self) -> Path:
        """The record of a failure; removed by success."""
        return self.folder / f"{self.task}.failed.json"

    @property
    def running(self) -> Path:
        """There while the task runs, and after it was killed."""
        return self.folder / f"{self.task}.running.json"

    @property
    def lock(self) -> Path:
        """Held while the task runs."""
        return self.folder / f"{self.task}.lock"

    @property
    def scratch(self) -> Path:
        """Where the task's files are made before they are moved into place."""
        return self.folder / f"{self.task}.scratch"

    @property
    def kept_scratch(self) -> Path:
        """What a failed attempt had made, kept for a look."""
        return self.folder / f"{self.task}.failed"


@dataclass
class Usage:
    """What a task used; `max_rss_mb` is the largest single process, its children included."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    max_rss_mb: float = 0.0


@dataclass
class Record:
    """What sentinel, failure and running mark have in common, and how each is written."""

    execution: str
    job_id: str
    task: str
    runid: str
    attempt: int
    started_at: str
    host: str
    pid: int
    config_sha256: str
    engine: str = ""
    finished_at: str = ""
    usage: Usage = field(default_factory=Usage)

    def common(self, status: str) -> dict[str, Any]:
        """The fields that every record has."""
        return {
            "execution": self.execution,
            "job_id": self.job_id,
            "task": self.task,
            "runid": self.runid,
            "status": status,
            "attempt": self.attempt,
            "started_at": self.started_at,
            "finished_at": self.finished_at or None,
            "wall_s": round(self.usage.wall_s, 3),
            "cpu_s": round(self.usage.cpu_s, 3),
            "max_rss_mb": round(self.usage.max_rss_mb, 1),
            "host": self.host,
            "pid": self.pid,
            "versions": {"weppbatch": __version__, "engine": self.engine},
            "config_sha256": self.config_sha256,
        }

    def write_sentinel(
        self,
        files: TaskFiles,
        *,
        inputs: list[dict[str, Any]],
        outputs: list[dict[str, Any]],
        metrics: dict[str, Any],
        warnings: list[str],
        degraded: bool,
    ) -> None:
        """Write the proof of success; the last thing that a task does."""
        content = self.common("degraded" if degraded else "succeeded") | {
            "inputs": inputs,
            "outputs": outputs,
            "metrics": metrics,
            "warnings": warnings,
        }
        write_json(files.sentinel, content)

    def write_failure(self, files: TaskFiles, error: BaseException, log: str) -> None:
        """Write why an attempt failed, keeping the attempts before it and the first cause."""
        earlier = read_record(files.failed) or {}
        known = isinstance(error, WeppbatchError)
        category = error.category if isinstance(error, WeppbatchError) else _category(error)
        message = str(error) or type(error).__name__
        if not known:
            message = f"{type(error).__name__}: {message}"
        attempt = {
            "execution": self.execution,
            "attempt": self.attempt,
            "at": self.finished_at,
            "category": category,
            "message": message,
        }
        content = self.common("failed") | {
            "category": category,
            "message": message,
            "hint": getattr(error, "hint", None),
            "traceback": "".join(traceback.format_exception(error))[-TRACEBACK_CHARS:],
            "log": log,
            "first_cause": earlier.get("first_cause") or {"category": category, "message": message},
            "attempts": [*earlier.get("attempts", []), attempt],
        }
        write_json(files.failed, content)


def _category(error: BaseException) -> str:
    """The failure category of an exception that is not ours."""
    if isinstance(error, KeyboardInterrupt | Interrupted):
        return "interrupted"
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in (12, 28, 122)):
        return "resource"  # out of memory, no space left, quota exceeded
    return "internal"


def read_record(path: Path) -> dict[str, Any] | None:
    """A record, or None when it is missing or not whole (which a full disk can leave behind)."""
    try:
        record = read_json(path)
    except (FileNotFoundError, InputError):
        return None
    return record if isinstance(record, dict) else None


def file_entries(wd: Path, names: list[str]) -> list[dict[str, Any]]:
    """Path, size and checksum of each file, for a sentinel: files of the run by their path in its folder, others by
    their absolute path."""

    def entry(name: str) -> dict[str, Any]:
        path = wd / name
        digest = sha256_once if Path(name).is_absolute() else sha256_of_file  # what is large comes from outside
        return {"path": name, "bytes": path.stat().st_size, "sha256": digest(path)}

    return [entry(name) for name in sorted(names)]


def distribution_version(name: str) -> str:
    """The installed version of a distribution, or '' when there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
