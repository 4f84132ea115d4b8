"""How tasks follow each other, and what is asked of all of them alike; which ones there are stands in `catalogue`.

Light: it imports nothing but the standard library, since Snakemake reads it at every start.
"""

import re
from typing import Any

from weppbatch.files import sha256_of_json
from weppbatch.tasks.catalogue import CONTROL_FILES
from weppbatch.tasks.chain import (
    FOLDER,
    SUMMARY,
    TASKS,
    Chain,
    box_of,
    chain,
    chain_with,
    is_task,
    ordered,
    scenario_of,
    selected,
    spec_of,
    task_of,
)
from weppbatch.tasks.spec import TaskSpec

__all__ = [
    "CHECKLIST",
    "CONTROL_FILES",
    "FOLDER",
    "PREPROCESS",
    "SUMMARY",
    "TASKS",
    "Chain",
    "TaskSpec",
    "box_of",
    "chain",
    "chain_with",
    "describe",
    "digest",
    "following",
    "is_remote",
    "is_task",
    "named_sources",
    "ordered",
    "scenario_of",
    "selected",
    "sentinel",
    "spec_of",
    "task_of",
]

CHECKLIST = ("watershed", "landuse", "soils", "climate", "wepp", "watar", "omni")
PREPROCESS = ("extent", "dem", "outlet")

# What GDAL and the tasks read over a network: an address, or one of GDAL's remote file systems.
_REMOTE = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]*://|/vsi(curl|s3|gs|az|adls|oss|swift|hdfs|webhdfs)")


def named_sources(value: object) -> list[str]:
    """What a field that names files or sources holds: one text, or a list of them; the empty one names nothing."""
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one]


def sentinel(runid: str, task: str) -> str:
    """The path of a task's sentinel, relative to the batch's folder."""
    return f"runs/{runid}/.tasks/{task}.json"


def is_remote(source: str) -> bool:
    """Whether what a field names is read over a network: such a task needs a machine that has one."""
    return _REMOTE.match(source) is not None


def following(task: str) -> tuple[str, ...]:
    """The tasks of every run that rest on a task, directly or not, in order."""
    return chain().following([task])


def describe() -> list[dict[str, Any]]:
    """All tasks that every run has as plain values, in order."""
    return [spec.describe() for spec in TASKS.values()]


def digest() -> str:
    """The SHA-256 of the task list: two states with the same one speak of the same tasks."""
    return sha256_of_json(describe())
