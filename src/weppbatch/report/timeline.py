"""Who ran when, and where the time went: starts of a batch with their tasks on lanes, from the tasks' records.

In: the ledger. Out: plain values for the page, and the facts that `advice` judges. A record tells of a task's last
time alone, so a start that was redone since shows only what still stands of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from statistics import median
from typing import Any

import numpy as np

from weppbatch.batch.ledger import Ledger
from weppbatch.tasks import graph


@dataclass(frozen=True)
class Job:
    """One task of one run as its record tells it; times in seconds since 1970, without what it waited before."""

    runid: str
    task: str
    status: str
    host: str
    began_s: float
    ended_s: float
    cpu_s: float
    max_rss_mb: float
    waited_s: float
    attempt: int
    execution: str

    @property
    def wall_s(self) -> float:
        """How long it took."""
        return self.ended_s - self.began_s

    @property
    def cores(self) -> float:
        """How many cores it kept at work, one at least."""
        return max(1.0, self.cpu_s / self.wall_s) if self.wall_s > 0 else 1.0


@dataclass(frozen=True)
class TaskTime:
    """What a task took over all runs."""

    task: str
    label: str
    count: int
    wall_s: float
    cpu_s: float
    median_s: float
    largest_s: float
    largest_run: str
    peak_mb: float
    peak_run: str
    share: float


@dataclass(frozen=True)
class Start:
    """One start: its tasks on lanes, by host and place.

    cores: those it had, where it said so (`told_cores`), else the most that were at work at once. began_s,
    ended_s: of the start itself where the batch's history has them, else of its tasks.
    """

    execution: str
    cores: int
    told_cores: bool
    began_s: float
    ended_s: float
    jobs: Sequence[Job]

    @property
    def span_s(self) -> float:
        """From its begin to its end."""
        return self.ended_s - self.began_s

    @cached_property
    def lanes(self) -> Mapping[tuple[str, int], Sequence[Job]]:
        """The tasks by host and place: each takes the first place of its host that is free."""
        found: dict[tuple[str, int], list[Job]] = {}
        places: dict[str, list[float]] = defaultdict(list)
        for job in sorted(self.jobs, key=lambda job: (job.began_s, job.runid, job.task)):
            free = places[job.host]
            place = next((at for at, until_s in enumerate(free) if until_s <= job.began_s + 1e-3), len(free))
            if place == len(free):
                free.append(0.0)
            free[place] = job.ended_s
            found.setdefault((job.host, place), []).append(job)
        return {key: found[key] for key in sorted(found)}

    @cached_property
    def at_work(self) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]:
        """The cores at work from each moment on: moments (s), cores."""
        moments = np.array([s for job in self.jobs for s in (job.began_s, job.ended_s)] or [self.began_s])
        changes = np.array([c for job in self.jobs for c in (job.cores, -job.cores)] or [0.0])
        order = np.argsort(moments, kind="stable")
        return moments[order], np.cumsum(changes[order])

    def busy_s(self, since_s: float | None = None) -> float:
        """The core seconds at work, from a moment on; never more than the cores there are."""
        moments, cores = self.at_work
        start = self.began_s if since_s is None else since_s
        edges = np.clip(np.append(moments, self.ended_s), start, self.ended_s)
        return float(np.sum(np.diff(edges) * np.clip(cores, 0.0, self.cores)))

    @cached_property
    def tail_s(self) -> float:
        """How long before the end there was not work for all cores any more."""
        moments, cores = self.at_work
        full = np.flatnonzero(cores >= self.cores - 0.5)
        if not full.size:
            return self.span_s
        last = int(full[-1])
        until_s = float(moments[last + 1]) if last + 1 < moments.size else self.ended_s
        return max(0.0, self.ended_s - until_s)


def jobs_of(ledger: Ledger) -> list[Job]:
    """What every record of the batch tells that is whole."""
    found = []
    for runid, state in ledger.runs.items():
        for task, task_state in state.tasks.items():
            record = task_state.record
            if record is None or not record.get("finished_at"):
                continue
            ended_s = seconds_of(record["finished_at"])
            found.append(
                Job(
                    runid=runid,
                    task=task,
                    status=task_state.status,
                    host=str(record["host"]),
                    began_s=ended_s - float(record["wall_s"]),
                    ended_s=ended_s,
                    cpu_s=float(record["cpu_s"]),
                    max_rss_mb=float(record["max_rss_mb"]),
                    waited_s=float(record.get("waited_s", 0.0)),
                    attempt=int(record["attempt"]),
                    execution=str(record["execution"]),
                )
            )
    return found


def starts_of(ledger: Ledger, jobs: Iterable[Job]) -> list[Start]:
    """The starts that any record is of, the latest first."""
    by_start: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        by_start[job.execution].append(job)
    events: dict[str, dict[str, Any]] = defaultdict(dict)
    for event in ledger.plan.runner.history:
        if event["event"] in ("run_started", "run_finished"):
            events[str(event.get("execution"))][event["event"]] = event
    found = [_start(execution, own, events[execution]) for execution, own in by_start.items()]
    return sorted(found, key=lambda start: (-start.ended_s, start.execution))


def _start(execution: str, jobs: Sequence[Job], events: Mapping[str, Mapping[str, Any]]) -> Start:
    began, ended = events.get("run_started"), events.get("run_finished")
    first, last = min(job.began_s for job in jobs), max(job.ended_s for job in jobs)
    told = int(began["cores"]) if began and began.get("cores") else 0
    start = Start(
        execution=execution,
        cores=max(told, 1),
        told_cores=bool(told),
        began_s=min(seconds_of(began["at"]), first) if began else first,
        ended_s=max(seconds_of(ended["at"]), last) if ended else last,
        jobs=jobs,
    )
    if told:
        return start
    most = int(np.ceil(start.at_work[1].max(initial=1.0) - 1e-6))
    return Start(execution, max(most, 1), False, start.began_s, start.ended_s, jobs)


def task_times(jobs: Sequence[Job]) -> list[TaskTime]:
    """What each task took over all runs, in the order of tasks."""
    by_task: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        by_task[job.task].append(job)
    whole_s = sum(job.wall_s for job in jobs) or 1.0
    times = []
    for task in graph.ordered(by_task):
        own = by_task[task]
        longest, largest = max(own, key=lambda job: job.wall_s), max(own, key=lambda job: job.max_rss_mb)
        wall_s = sum(job.wall_s for job in own)
        times.append(
            TaskTime(
                task=task,
                label=graph.spec_of(task).label,
                count=len(own),
                wall_s=wall_s,
                cpu_s=sum(job.cpu_s for job in own),
                median_s=median(job.wall_s for job in own),
                largest_s=longest.wall_s,
                largest_run=longest.runid,
                peak_mb=largest.max_rss_mb,
                peak_run=largest.runid,
                share=wall_s / whole_s,
            )
        )
    return times


def seconds_of(moment: str) -> float:
    """An ISO 8601 time as seconds since 1970."""
    return datetime.fromisoformat(moment).timestamp()
