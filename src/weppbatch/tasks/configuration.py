"""What configures a task of a run: its controls, its engine's version, its feature, as one digest.

The same digest is computed at a start, where Snakemake compares it, and in the task, where the sentinel keeps it.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from weppbatch.engines import EMBEDDED_VERSION
from weppbatch.nodb.controls import load
from weppbatch.tasks.graph import TASKS, config_digest


def engine_version(task: str) -> str:
    """The name and version of what does a task's work, or '' when that is weppbatch itself."""
    engine = TASKS[task].engine
    if engine == "whitebox":
        return _whitebox_version()
    return f"embedded {EMBEDDED_VERSION}" if engine == "embedded" else ""


@cache
def _whitebox_version() -> str:
    from weppbatch.terrain.whitebox import version

    return f"whitebox {version()}"


def controls_of(folder: Path, task: str) -> Mapping[str, Mapping[str, Any]]:
    """The settings of the controls that configure a task, by control name, as they stand in a folder."""
    return {name: load(folder, name).settings() for name in TASKS[task].settings}


def digest_of(batch: Path, folder: Path, task: str, feature_sha256: str) -> str:
    """The SHA-256 of what configures a task whose controls lie in `folder` (a run's, or the batch's `_base`)."""
    return config_digest(
        task,
        controls_of(folder, task),
        engine_version=engine_version(task),
        feature_sha256=feature_sha256,
        base=batch / "_base",
    )
