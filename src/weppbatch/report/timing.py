"""The part of the page on time: one start's figures and advice, every task's times, and the data of the timelines.

Puts together what `timeline` and `advice` find; computes nothing itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weppbatch.batch.ledger import Ledger
from weppbatch.report.advice import Advice, advice_of, facts_of
from weppbatch.report.timeline import Start, TaskTime, jobs_of, starts_of, task_times, timeline_data


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
