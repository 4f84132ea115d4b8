"""The part of the page on time: one start's figures and advice, every task's times, and the data of the timelines.

Puts together what `timeline` and `advice` find, as the page's template and scripts need it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weppbatch.batch.ledger import Ledger
from weppbatch.report.advice import Advice, advice_of, facts_of
from weppbatch.report.run_daily import packed_text
from weppbatch.report.timeline import Start, TaskTime, jobs_of, starts_of, task_times
from weppbatch.tasks import graph

MOST_STARTS = 8  # that the page has a timeline of, the latest
TENTHS = 10  # of a second: what the page's times are counted in


@dataclass(frozen=True)
class Timing:
    """What the page says of time; `start`: the one with most work, which the advice is about."""

    starts: Sequence[Start]
    start: Start
    times: Sequence[TaskTime]
    advice: Sequence[Advice]
    data: dict[str, Any]

    @property
    def runs(self) -> int:
        """How many runs the start worked at."""
        return len({job.runid for job in self.start.jobs})

    @property
    def hosts(self) -> int:
        """How many machines worked at it."""
        return len({job.host for job in self.start.jobs})

    @property
    def busy(self) -> float:
        """The share of its cores' time at work."""
        start = self.start
        return start.busy_s() / (start.cores * start.span_s) if start.span_s > 0 else 0.0


def timing_of(ledger: Ledger) -> Timing | None:
    """What the records tell of time; None without any."""
    jobs = jobs_of(ledger)
    if not jobs:
        return None
    starts = starts_of(ledger, jobs)
    start = max(starts, key=lambda one: sum(job.wall_s for job in one.jobs))
    advice = advice_of(facts_of(ledger, start))
    return Timing(starts, start, task_times(jobs), advice, timeline_data(starts, list(ledger.runs)))


def timeline_data(starts: Sequence[Start], runids: Sequence[str]) -> dict[str, Any]:
    """The timelines for the page: starts with lanes, and columns of their tasks as texts of differences.

    A task: number of its run (in `runids`), of its task and its state, its lane, and from the start's begin its own
    begin and its length, in tenths of a second.
    """
    numbers = {runid: place for place, runid in enumerate(runids)}
    shown = starts[:MOST_STARTS]
    tasks = graph.ordered({job.task for start in shown for job in start.jobs})
    states = sorted({job.status for start in shown for job in start.jobs})
    return {
        "runs": list(runids),
        "tasks": list(tasks),
        "states": states,
        "starts": [_start_data(start, numbers, list(tasks), states) for start in shown],
        "left_out": len(starts) - len(shown),
    }


def _start_data(start: Start, runs: Mapping[str, int], tasks: list[str], states: list[str]) -> dict[str, Any]:
    rows = [(lane, job) for lane, jobs in enumerate(start.lanes.values()) for job in jobs]
    columns: Mapping[str, list[int]] = {
        "run": [runs[job.runid] for _, job in rows],
        "task": [tasks.index(job.task) for _, job in rows],
        "state": [states.index(job.status) for _, job in rows],
        "lane": [lane for lane, _ in rows],
        "began": [round((job.began_s - start.began_s) * TENTHS) for _, job in rows],
        "length": [max(1, round(job.wall_s * TENTHS)) for _, job in rows],
    }
    return {
        "execution": start.execution,
        "began": start.began_s,
        "span": start.span_s,
        "cores": start.cores,
        "told_cores": start.told_cores,
        "count": len(rows),
        "busy": start.busy_s() / (start.cores * start.span_s) if start.span_s > 0 else 0.0,
        "lanes": [[host, place + 1] for host, place in start.lanes],
        **{name: packed_text(np.diff(values, prepend=0).tolist()) for name, values in columns.items()},
    }
