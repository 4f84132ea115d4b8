"""How far a start has come, from the records of its tasks alone, looked at again and again at little cost.

A run is looked into only when its `.tasks` folder changed since the last look, and never again when all its tasks
are done. In: what the start set out to do. Out: counts, what runs, what failed, the time left. Writes nothing.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import time
from typing import Any

from weppbatch.batch.estimate import Line
from weppbatch.batch.undertaking import Undertaking
from weppbatch.lock import Lock
from weppbatch.tasks import graph
from weppbatch.tasks.record import TaskFiles, read_record

SETTLED_NS = 2 * 10**9  # a folder that changed within this time is looked at again: clocks of files are coarse
RATE_S = 300.0
SAMPLES = 200  # records of a task that are read for its seconds; the latest count
SHOWN_FAILURES = 50

STATES = ("todo", "running", "done", "failed", "held_up")

Event = dict[str, Any]


@dataclass
class Job:
    """One task of one run in this start: todo, running, done, failed, or held_up by a failure before it."""

    status: str = "todo"
    since: float | None = None
    host: str = ""
    told: str = ""


@dataclass
class TaskTally:
    """The jobs of one task: how many are in which state, and what is known of their seconds."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    cells: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STATES, 0.0))
    samples: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=SAMPLES))

    def line(self) -> Line | None:
        """Seconds by cells, as the latest records tell; None without any."""
        if not self.samples:
            return None
        cells, seconds = zip(*self.samples, strict=True)
        return Line.through(cells, seconds)

    def to_json(self) -> dict[str, int]:
        """The counts with their sum."""
        return {"total": sum(self.counts.values()), **self.counts}


class Progress:
    """One start, looked at from time to time.

    cells: the size of a run's window, to which its tasks' seconds are compared.
    """

    def __init__(self, folder: Path, asked: Undertaking, cells: Callable[[str], float]) -> None:
        self.folder, self.asked = folder, asked
        self.jobs = {runid: {task: Job() for task in tasks} for runid, tasks in asked.jobs.items()}
        self.tallies = {
            task: TaskTally() for task in graph.TASKS if any(task in jobs for jobs in self.jobs.values())
        }
        self.cells = {runid: cells(runid) for runid in self.jobs}
        self.failures: dict[tuple[str, str], Event] = {}
        self.running: dict[tuple[str, str], Job] = {}
        self.runs_done = 0
        self.began = asked.since_ns / 1e9
        self._open = dict.fromkeys(
            self.jobs, 0
        )  # when the folder of each unfinished run was last seen changed (ns)
        self._finished: deque[float] = deque()
        self._first = True
        for runid, jobs in self.jobs.items():
            for task in jobs:
                self.tallies[task].counts["todo"] += 1
                self.tallies[task].cells["todo"] += self.cells[runid]

    def look(self) -> list[Event]:
        """What has changed since the last look, in the order of runs and tasks."""
        events: list[Event] = []
        now_ns = int(time() * 1e9)
        at_work = {runid for runid, _ in self.running}
        for runid, seen_ns in list(self._open.items()):
            folder = f"{self.folder}/runs/{runid}/.tasks"
            try:
                changed_ns = os.stat(folder).st_mtime_ns  # noqa: PTH116 - a Path each costs more than the look
            except FileNotFoundError:
                continue
            if changed_ns != seen_ns or runid in at_work:  # a killed task changes no file, only its lock is free
                events += self._look_into(runid, folder)
                self._open[runid] = changed_ns if changed_ns < now_ns - SETTLED_NS else 0
            if all(job.status == "done" for job in self.jobs[runid].values()):
                del self._open[runid]
                self.runs_done += 1
                events.append({"event": "run_done", "runid": runid})
        self._first = False
        return events

    def _look_into(self, runid: str, folder: str) -> Iterable[Event]:
        there = frozenset(os.listdir(folder))  # noqa: PTH208
        for task, job in self.jobs[runid].items():
            if job.status == "done":
                continue
            files = TaskFiles(self.folder / "runs" / runid, task)
            if f"{task}.json" in there and self._is_new(files.sentinel):
                yield self._done(runid, task, job, files)
            elif f"{task}.running.json" in there and Lock(files.lock).is_held():
                yield from self._runs(runid, task, job, files)
            elif f"{task}.failed.json" in there and self._is_new(files.failed):
                yield from self._failed(runid, task, job, files)
            elif job.status == "running":
                self._set(runid, task, job, "todo")

    def _is_new(self, path: Path) -> bool:
        try:
            return path.stat().st_mtime_ns > self.asked.since_ns
        except FileNotFoundError:
            return False

    def _done(self, runid: str, task: str, job: Job, files: TaskFiles) -> Event:
        self._set(runid, task, job, "done")
        self.failures.pop((runid, task), None)
        event: Event = {"event": "task_done", "runid": runid, "task": task}
        if self._first and len(self.tallies[task].samples) >= SAMPLES:
            return event  # a late watcher need not read thousands of records to know how long a task takes
        record = read_record(files.sentinel) or {}
        if record.get("wall_s") is not None:
            self.tallies[task].samples.append((self.cells[runid], float(record["wall_s"])))
            self._finished.append(_seconds(record.get("finished_at")) or time())
        known = ("status", "finished_at", "wall_s", "cpu_s", "max_rss_mb", "host")
        return event | {key: record[key] for key in known if key in record}

    def _runs(self, runid: str, task: str, job: Job, files: TaskFiles) -> Iterable[Event]:
        if job.status != "running":
            record = read_record(files.running) or {}
            job.since, job.host = _seconds(record.get("started_at")), str(record.get("host", ""))
            self._set(runid, task, job, "running")
            self.failures.pop((runid, task), None)
            yield {"event": "task_started", "runid": runid, "task": task, "host": job.host}

    def _failed(self, runid: str, task: str, job: Job, files: TaskFiles) -> Iterable[Event]:
        record = read_record(files.failed)
        if record is None:
            return
        told = {key: record.get(key) for key in ("category", "message", "hint", "log", "finished_at")}
        self._set(runid, task, job, "failed")
        self.failures[runid, task] = {"runid": runid, "task": task, **told}
        if job.told != record["message"]:
            job.told = str(record["message"])
            yield {"event": "task_failed", "runid": runid, "task": task, **told}

    def _set(self, runid: str, task: str, job: Job, status: str) -> None:
        if job.status == status:
            return
        before = job.status
        for state, sign in ((before, -1), (status, 1)):
            self.tallies[task].counts[state] += sign
            self.tallies[task].cells[state] += sign * self.cells[runid]
        job.status = status
        self.running.pop((runid, task), None)
        if status == "running":
            self.running[runid, task] = job
        if "failed" in (before, status):
            self._hold_up(runid)

    def _hold_up(self, runid: str) -> None:
        """What rests on a failed task can't be done in this start, unless it is tried again with success."""
        jobs = self.jobs[runid]
        below = {name for task, job in jobs.items() if job.status == "failed" for name in graph.following(task)}
        for task, job in jobs.items():
            if job.status in ("todo", "held_up"):
                self._set(runid, task, job, "held_up" if task in below else "todo")

    def snapshot(self) -> dict[str, Any]:
        """All of it as plain values: see docs/watching.md."""
        now = time()
        while self._finished and self._finished[0] < now - RATE_S:
            self._finished.popleft()
        span_s = min(RATE_S, max(1.0, now - self.began))
        return {
            "execution": self.asked.execution,
            "elapsed_s": round(max(0.0, now - self.began), 1),
            "left_s": self._left_s(now),
            "tasks_per_minute": round(len(self._finished) / span_s * 60, 1),
            "tasks": {task: tally.to_json() for task, tally in self.tallies.items()},
            "runs": self._run_counts(),
            "running": [
                {
                    "runid": runid,
                    "task": task,
                    "elapsed_s": round(max(0.0, now - (job.since or now)), 1),
                    "host": job.host,
                }
                for (runid, task), job in sorted(self.running.items(), key=lambda item: item[1].since or now)
            ],
            "failures": list(self.failures.values())[-SHOWN_FAILURES:],
            "failed": len(self.failures),
        }

    def _run_counts(self) -> dict[str, int]:
        failed = len({runid for runid, _ in self.failures})
        running = len({runid for runid, _ in self.running} - {runid for runid, _ in self.failures})
        left = len(self.jobs) - self.runs_done - failed - running
        return {
            "total": len(self.jobs),
            "done": self.runs_done,
            "failed": failed,
            "running": running,
            "waiting": max(0, left),
        }

    def _left_s(self, now: float) -> float | None:
        """The time left at the pace so far, every task weighed by its usual seconds; None until all are known."""
        done_s = left_s = 0.0
        for tally in self.tallies.values():
            line = tally.line()
            if line is None:
                if tally.counts["todo"] or tally.counts["running"]:
                    return None
                continue
            done_s += sum_at(line, tally.counts, tally.cells, "done")
            left_s += sum_at(line, tally.counts, tally.cells, "todo")
        for (runid, task), job in self.running.items():
            line = self.tallies[task].line()
            usual = line.at(self.cells[runid]) if line else 0.0
            spent = min(usual, now - (job.since or now))
            done_s, left_s = done_s + spent, left_s + usual - spent
        return round(left_s * (now - self.began) / done_s, 1) if done_s > 0 else None


def sum_at(line: Line, counts: Mapping[str, int], cells: Mapping[str, float], state: str) -> float:
    """What a line gives for all jobs in a state together."""
    return line.base * counts[state] + line.slope * cells[state]


def _seconds(text: str | None) -> float | None:
    """An ISO 8601 time as seconds since 1970."""
    return datetime.fromisoformat(text).timestamp() if text else None
