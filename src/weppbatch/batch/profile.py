"""Where a start's jobs run: a profile of Snakemake's, shipped (`default`, `slurm`) or a site's own folder.

Also the cluster jobs that a profile's executor submits, by the name that they bear: a Snakemake that was killed
leaves them behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import yaml

from weppbatch.batch import slurm
from weppbatch.errors import InputError
from weppbatch.files import read_json, shipped, write_json

FILES = ("profile.yaml", "config.yaml")  # as Snakemake looks for them
RECORD = ".cluster_jobs.json"
END_S = 120.0  # Slurm leaves a job 30 s, by default, between SIGTERM and SIGKILL


@dataclass(frozen=True)
class Profile:
    """A profile's folder, and the executor that it names: `local`, `slurm` or another of Snakemake's plugins."""

    folder: Path
    executor: str = "local"

    @classmethod
    def named(cls, name: str) -> "Profile":
        """A shipped profile by its name, or a site's own by its folder. Raises InputError when it is neither."""
        shipped_ones = sorted(path.name for path in shipped("profiles").iterdir() if path.is_dir())
        folder = shipped("profiles") / name if name in shipped_ones else Path(name).absolute()
        for file in (folder / name for name in FILES):
            if file.is_file():
                settings = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
                return cls(folder, str(settings.get("executor", "local")))
        raise InputError(
            f"there is no profile '{name}'",
            hint=f"there are {', '.join(shipped_ones)}, or a folder with config.yaml",
        )

    @contextmanager
    def recording(self, folder: Path, execution: str) -> Iterator[None]:
        """Keep on record, for the block, that cluster jobs may be under way; who is killed leaves the record."""
        if self.executor != "slurm":
            yield
            return
        write_json(folder / RECORD, {"execution": execution})
        yield
        (folder / RECORD).unlink(missing_ok=True)

    def options(self, cores: int, mem_mb: int, execution: str) -> list[str]:
        """Snakemake's options: on one machine with these bounds; elsewhere the profile says how much runs."""
        options = ["--workflow-profile", str(self.folder)]
        if self.executor == "local":
            # A task that asks for more memory gets it by running more alone.
            options += ["--cores", str(cores), "--resources", f"mem_mb={mem_mb}"]
        if self.executor == "slurm":
            options += ["--slurm-jobname-prefix", job_prefix(execution)]
        return options


def job_prefix(execution: str) -> str:
    """What the names of a start's Slurm jobs begin with: its id, in the 50 characters that the plugin takes."""
    batch, _, time = execution.removeprefix("batch:").partition(":")
    return f"{batch}-{''.join(letter for letter in time if letter.isalnum())}"[:50]


@dataclass(frozen=True)
class LeftJobs:
    """The cluster jobs of a start whose own process has died."""

    execution: str

    def describe(self) -> str:
        """In words: jobs that ... left."""
        return f"Slurm jobs that {self.execution} left when it died"

    def names(self) -> list[str]:
        """The names of those that wait or run. Raises SlurmFailed."""
        return slurm.names_beginning(job_prefix(self.execution))

    def is_running(self) -> bool:
        """Whether any of them waits or runs."""
        return bool(self.names())

    def cancel(self) -> None:
        """Tell Slurm to end them."""
        for name in self.names():
            slurm.cancel(name)


def left_jobs(folder: Path) -> LeftJobs | None:
    """The cluster jobs of a start that has not ended by itself, or None; it may live (see the batch's lock).

    Raises NoSlurm or SlurmFailed when there may be some and Slurm can't be asked.
    """
    try:
        left = LeftJobs(str(read_json(folder / RECORD)["execution"]))
    except FileNotFoundError:
        return None
    return left if left.is_running() else None


def end_left_jobs(folder: Path) -> bool:
    """End the cluster jobs that a dead start left, as the batch's new holder, and say whether there were any.

    Raises NoSlurm or SlurmFailed when Slurm can't be asked or they don't end.
    """
    left = left_jobs(folder)
    if left is not None:
        left.cancel()
        deadline = monotonic() + END_S
        while left.is_running():
            if monotonic() > deadline:
                raise slurm.SlurmFailed(f"{left.describe()} don't end", hint="scancel them, then start again")
            sleep(0.5)
    (folder / RECORD).unlink(missing_ok=True)
    return left is not None
