"""How long a start will take, how much memory and disk: from what the tasks that are done recorded.

Each figure is a straight line in the cells of a run's window. What was never done is not guessed.
"""

import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weppbatch.batch.ledger import Ledger
from weppbatch.batch.states import DONE
from weppbatch.batch.work import Work
from weppbatch.tasks import graph

ENOUGH_FOR_A_LINE = 3
HOW = (
    "Every task's seconds, memory and bytes are taken as a straight line in the cells of the watershed's window "
    "(estimated from its area) through those that are done, never below zero; in proportion to the cells where "
    "fewer than three are done. The time is the tasks' sum shared by the cores, or that of the longest single run "
    "when it is more. Waiting between tasks is not in it."
)


@dataclass(frozen=True)
class Line:
    """A straight line in cells that is nowhere negative: `base + slope * cells`."""

    base: float
    slope: float

    @classmethod
    def through(cls, cells: Sequence[float], values: Sequence[float]) -> "Line":
        """The line of least squares with neither part below zero; through the origin for fewer than 3 points."""
        count, mean_x, mean_y = len(cells), sum(cells) / len(cells), sum(values) / len(values)
        spread = sum((x - mean_x) ** 2 for x in cells)
        proportional = cls(0.0, sum(x * y for x, y in zip(cells, values, strict=True)) / sum(x * x for x in cells))
        if count < ENOUGH_FOR_A_LINE or spread == 0:
            return proportional
        slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(cells, values, strict=True)) / spread
        if slope < 0:
            return cls(mean_y, 0.0)
        base = mean_y - slope * mean_x
        return cls(base, slope) if base >= 0 else proportional

    def at(self, cells: float) -> float:
        """The value for a window of so many cells."""
        return self.base + self.slope * cells


@dataclass(frozen=True)
class TaskCost:
    """What one task costs, as far as finished ones tell: wall seconds, largest resident MB, bytes of its files."""

    samples: int
    wall_s: Line
    rss_mb: Line
    output_bytes: Line


@dataclass(frozen=True)
class Estimate:
    """The cost of some work on so many cores.

    task_s: the sum of the tasks' wall seconds; wall_s: what a user waits; memory_mb: of the largest task;
    disk_bytes: what the disk will hold more; unknown: the tasks nothing is known about, with their jobs.
    """

    cores: int
    jobs: int
    task_s: float
    wall_s: float
    memory_mb: float
    disk_bytes: float
    free_bytes: int
    by_task_s: dict[str, float]
    unknown: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """The estimate as plain values; null where nothing is known."""
        known = self.jobs > sum(self.unknown.values())
        figures = {
            "task_s": round(self.task_s, 1),
            "wall_s": round(self.wall_s, 1),
            "memory_mb": round(self.memory_mb, 1),
            "disk_bytes": round(self.disk_bytes),
        }
        return {
            "cores": self.cores,
            **(figures if known else dict.fromkeys(figures)),
            "free_bytes": self.free_bytes,
            "by_task_s": {task: round(seconds, 1) for task, seconds in self.by_task_s.items()},
            "unknown_jobs": self.unknown,
            "how": HOW,
        }

    def words(self) -> list[str]:
        """The estimate in sentences, with what it leaves out."""
        said = []
        unknown = sum(self.unknown.values())
        if self.jobs > unknown:
            said.append(
                f"About {spoken_s(self.wall_s)} on {self.cores} {'core' if self.cores == 1 else 'cores'} "
                f"({spoken_s(self.task_s)} of tasks), "
                f"{spoken_bytes(self.memory_mb * 1e6)} of memory for the largest task, "
                f"{spoken_bytes(self.disk_bytes)} more on disk ({spoken_bytes(self.free_bytes)} are free)."
            )
        if unknown:
            names = ", ".join(f"{task} ({count})" for task, count in self.unknown.items())
            said.append(
                f"Nothing is known yet about the cost of {names}: none of these has finished in this batch."
            )
        if self.disk_bytes > self.free_bytes:
            said.append("The disk is too small for it.")
        return said


def costs(ledger: Ledger) -> dict[str, TaskCost]:
    """What each task has cost so far, from every sentinel that is there; stale ones count too.

    All scenarios count as one kind of task, for what they do is the same.
    """
    found = {}
    by_kind: dict[str, list[tuple[float, dict[str, Any]]]] = defaultdict(list)
    for runid, run in ledger.runs.items():
        for task, state in run.tasks.items():
            if state.status in (*DONE, "stale") and state.record:
                by_kind[kind_of(task)].append((ledger.plan.window_cells(runid), state.record))
    for kind, records in by_kind.items():
        cells = [size for size, _ in records]
        found[kind] = TaskCost(
            len(records),
            Line.through(cells, [float(record["wall_s"]) for _, record in records]),
            Line.through(cells, [float(record["max_rss_mb"]) for _, record in records]),
            Line.through(cells, [float(_bytes(record)) for _, record in records]),
        )
    return found


def kind_of(task: str) -> str:
    """The kind of task whose costs tell about a task: its own, but for scenarios, which are one kind."""
    return f"{graph.SUMMARY}.*" if graph.scenario_of(task) else task


def estimate(ledger: Ledger, work: Work, cores: int, known: dict[str, TaskCost] | None = None) -> Estimate:
    """What some work will cost; `known` as `costs` gives it."""
    known = costs(ledger) if known is None else known
    by_task_s: dict[str, float] = {}
    unknown: dict[str, int] = {}
    longest_s = memory_mb = disk_bytes = 0.0
    for runid, tasks in work.jobs.items():
        cells = ledger.plan.window_cells(runid)
        run_s = 0.0
        for task in tasks:
            cost = known.get(kind_of(task))
            if cost is None:
                unknown[task] = unknown.get(task, 0) + 1
                continue
            seconds = cost.wall_s.at(cells)
            by_task_s[task] = by_task_s.get(task, 0.0) + seconds
            run_s += seconds
            memory_mb = max(memory_mb, cost.rss_mb.at(cells))
            disk_bytes += max(0.0, cost.output_bytes.at(cells) - _bytes(ledger.runs[runid].tasks[task].record))
        longest_s = max(longest_s, run_s)
    task_s = sum(by_task_s.values())
    return Estimate(
        cores=cores,
        jobs=sum(len(tasks) for tasks in work.jobs.values()),
        task_s=task_s,
        wall_s=max(task_s / cores, longest_s),
        memory_mb=memory_mb,
        disk_bytes=disk_bytes,
        free_bytes=shutil.disk_usage(ledger.plan.folder).free,
        by_task_s={task: by_task_s[task] for task in graph.ordered(by_task_s)},
        unknown={task: unknown[task] for task in graph.ordered(unknown)},
    )


def _bytes(record: dict[str, Any] | None) -> int:
    return sum(entry["bytes"] for entry in (record or {}).get("outputs", []))


def spoken_s(seconds: float) -> str:
    """A time in words: 40 s, 12 min, 3 h 20 min, 2 d 4 h."""
    if seconds < 100:
        return f"{max(seconds, 1):.0f} s"
    minutes = round(seconds / 60)
    hours, days = minutes // 60, minutes // (24 * 60)
    if days >= 2:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def spoken_bytes(count: float) -> str:
    """An amount of memory or disk in words: 12 MB, 3.4 GB."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count / 1e3:.0f} kB"
