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
from weppbatch.errors import AT_ONCE, InputError, WeppbatchError
from weppbatch.files import read_json, sha256_of_file, sha256_once, write_json
from weppbatch.tasks.retries import category_of, retry_of

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
    waited_s: float = 0.0
    earlier: list[dict[str, Any]] = field(default_factory=list)

    @staticmethod
    def attempts_before(files: TaskFiles) -> list[dict[str, Any]]:
        """The attempts since the last success; one that was killed left only its running mark."""
        mark, failure = read_record(files.running), read_record(files.failed)
        if mark is None:
            return list((failure or {}).get("attempts", []))
        killed = {
            "execution": mark["execution"],
            "attempt": mark["attempt"],
            "at": mark["started_at"],
            "waited_s": mark.get("waited_s", 0.0),
            "category": "interrupted",
            "message": "killed while it ran",
            "retry": AT_ONCE,
        }
        return [*mark.get("attempts", []), killed]

    def common(self, status: str) -> dict[str, Any]:
        """The fields that every record has; `attempts` are those before this one, since the last success."""
        return {
            "execution": self.execution,
            "job_id": self.job_id,
            "task": self.task,
            "runid": self.runid,
            "status": status,
            "attempt": self.attempt,
            "waited_s": round(self.waited_s, 1),
            "attempts": self.earlier,
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
        """Write why an attempt failed, with the attempts before it and the first cause."""
        category, retry = category_of(error), retry_of(error)
        message = str(error) or type(error).__name__
        if not isinstance(error, WeppbatchError | KeyboardInterrupt):
            message = f"{type(error).__name__}: {message}"
        attempt = {
            "execution": self.execution,
            "attempt": self.attempt,
            "at": self.finished_at,
            "waited_s": round(self.waited_s, 1),
            "category": category,
            "message": message,
            "retry": retry,
        }
        attempts = [*self.earlier, attempt]
        content = self.common("failed") | {
            "category": category,
            "message": message,
            "hint": getattr(error, "hint", None),
            "retry": retry,
            "traceback": "".join(traceback.format_exception(error))[-TRACEBACK_CHARS:],
            "log": log,
            "first_cause": _first_cause(attempts),
            "attempts": attempts,
        }
        write_json(files.failed, content)


def _first_cause(attempts: list[dict[str, Any]]) -> dict[str, Any]:
    """Category and message of the first attempt that failed by itself; of the first, when all were interrupted."""
    failures = [attempt for attempt in attempts if attempt["category"] != "interrupted"]
    return {key: (failures or attempts)[0][key] for key in ("category", "message")}


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
