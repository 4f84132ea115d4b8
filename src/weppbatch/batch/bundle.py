"""One archive for a bug report: the logs, the records, the settings, the state, and the versions of everything.

Reads a batch as it is, also while it runs; results and maps stay out of it.
"""

import json
import os
import platform
import shutil
import sys
from collections.abc import Collection, Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from weppbatch import __version__
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.logs import LOGS, runs_with_logs
from weppbatch.batch.plan import Plan
from weppbatch.errors import WeppbatchError
from weppbatch.files import replacing, utc_now
from weppbatch.tasks.configuration import engine_version

VARIABLES = ("WEPPBATCH_", "BATCH_", "SNAKEMAKE_", "SLURM_", "WHITEBOX_")
SECRET = ("TOKEN", "JWT", "KEY", "SECRET", "PASS")


def write_bundle(
    folder: Path, target: Path, runids: Collection[str] | None = None, execution: str | None = None
) -> int:
    """Write the archive, whole or not at all, and return how many files it holds.

    runids: by default all runs, also vanished ones. execution: only the logs of this one beside the tasks' own.
    Raises FileExistsError when the target is there already.
    """
    if target.exists():
        raise FileExistsError(target)
    count = 0
    with replacing(target) as temporary, ZipFile(temporary, "w", ZIP_DEFLATED) as archive:
        about = json.dumps(about_machine(folder, execution), indent=2, ensure_ascii=False)
        archive.writestr(f"{folder.name}/about.json", about)
        archive.writestr(f"{folder.name}/status.json", json.dumps(_status(folder), indent=2, ensure_ascii=False))
        for path in _members(folder, runids, execution):
            try:
                content = path.read_bytes()
            except FileNotFoundError:  # a running task has just removed it
                continue
            archive.writestr(f"{folder.name}/{path.relative_to(folder)}", content)
            count += 1
    return count + 2


def about_machine(folder: Path, execution: str | None = None) -> dict[str, Any]:
    """What a bug report needs to know of the machine: versions, host, cores, free disk, our variables."""
    usage = shutil.disk_usage(folder)
    return {
        "made_at": utc_now(),
        "batch": folder.name,
        "execution": execution,
        "host": platform.node(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "disk_bytes": {"total": usage.total, "free": usage.free},
        "versions": {
            "weppbatch": __version__,
            "python": sys.version,
            "terrain tools": _terrain_tools(),
            "packages": {found.metadata["Name"]: found.version for found in sorted(distributions(), key=str)},
        },
        "variables": {
            name: value
            for name, value in os.environ.items()
            if name.startswith(VARIABLES) and not any(word in name for word in SECRET)
        },
    }


def _status(folder: Path) -> dict[str, Any]:
    try:
        return Ledger(Plan(folder)).to_json()
    except WeppbatchError as error:
        return {"error": error.message, "hint": error.hint}


def _terrain_tools() -> str:
    try:
        return engine_version("outlet")
    except (WeppbatchError, OSError) as error:
        return f"not usable: {error}"


def _members(folder: Path, runids: Collection[str] | None, execution: str | None) -> Iterator[Path]:
    """The batch's files that belong into the archive."""
    yield from (path for path in (folder / "batch_runner.nodb", folder / ".lock.holder.json") if path.exists())
    yield from sorted(folder.glob("_base/*.nodb"))
    yield from sorted(folder.glob(f"{LOGS}/*.*"))
    of_runs = set(runs_with_logs(folder))
    for path in sorted(folder.glob(f"{LOGS}/*/*")):
        if path.parent.name not in of_runs and (execution is None or execution.replace(":", "_") in path.name):
            yield path
    for run in sorted(of_runs | {path.name for path in folder.glob("runs/*/")}):
        if runids is None or run in runids:
            yield from sorted(folder.glob(f"{LOGS}/{run}/*.log"))
            yield from sorted(folder.glob(f"runs/{run}/.tasks/*.json"))
            yield from sorted(folder.glob(f"runs/{run}/*.nodb"))
