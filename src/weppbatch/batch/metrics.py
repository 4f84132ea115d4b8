"""How a batch stands, as a file for the textfile collector of Prometheus's node exporter.

Takes a snapshot of a start; gives text in Prometheus's exposition format. `WEPPBATCH_METRICS` names the collector's
folder, in which each batch has a file of its own.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import time
from typing import Any

from weppbatch.errors import ConfigError
from weppbatch.files import write_text

FOLDER = "WEPPBATCH_METRICS"
Sample = tuple[Mapping[str, str], float]


def metrics_file(batch: str) -> Path | None:
    """The file of a batch, None unless the variable is set. Raises ConfigError when it names no folder."""
    named = os.environ.get(FOLDER, "").strip()
    if not named:
        return None
    if not Path(named).is_dir():
        raise ConfigError(f"{FOLDER} is '{named}', which is no folder", hint="name the collector's folder")
    return Path(named) / f"weppbatch_{batch}.prom"


def write_metrics(path: Path, batch: str, snapshot: Mapping[str, Any], exit_code: int | None = None) -> None:
    """Write how far a start has come; with an exit code: that it has ended.

    Raises OSError where the folder can't be written.
    """
    lines: list[str] = []
    for name, what, samples in _metrics(snapshot, exit_code):
        lines += [f"# HELP weppbatch_{name} {what}", f"# TYPE weppbatch_{name} gauge"]
        for labels, value in samples:
            named = ",".join(f'{key}="{_escaped(text)}"' for key, text in ({"batch": batch} | dict(labels)).items())
            lines.append(f"weppbatch_{name}{{{named}}} {value!r}")
    write_text(path, "\n".join(lines) + "\n")
    path.chmod(0o644)  # another user reads it


def _metrics(snapshot: Mapping[str, Any], exit_code: int | None) -> Iterator[tuple[str, str, list[Sample]]]:
    """Name, help and samples of each metric."""
    tasks = snapshot["tasks"]
    states = ("todo", "running", "done", "failed", "held_up")
    yield (
        "tasks",
        "Tasks of the present or last start by state.",
        [({"task": task, "state": state}, float(tasks[task][state])) for task in tasks for state in states],
    )
    runs = snapshot["runs"]
    yield (
        "runs",
        "Watersheds of the present or last start by state.",
        [({"state": state}, float(runs[state])) for state in ("waiting", "running", "done", "failed")],
    )
    yield "running", "1 while a start is under way.", [({}, 1.0 if exit_code is None else 0.0)]
    yield "elapsed_seconds", "Seconds since the start began.", [({}, float(snapshot["elapsed_s"]))]
    yield "tasks_per_minute", "Tasks finished a minute, lately.", [({}, float(snapshot["tasks_per_minute"]))]
    if snapshot["left_s"] is not None:
        yield "left_seconds", "Seconds left at the pace so far.", [({}, float(snapshot["left_s"]))]
    yield "updated_timestamp_seconds", "When this file was written.", [({}, round(time(), 3))]
    if exit_code is not None:
        yield "exit_code", "0 all complete, 1 some runs failed, 3 a fault, 5 interrupted.", [({}, float(exit_code))]


def _escaped(text: str) -> str:
    # prometheus.io/docs/instrumenting/exposition_formats: backslash, quote and line end in a label's value
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
