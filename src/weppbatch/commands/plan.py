"""How a plan is said: what a start would do, why, and what it will cost."""

from collections.abc import Mapping
from typing import Any

from weppbatch.batch.estimate import estimate
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.work import Work, to_json
from weppbatch.commands.console import say, say_table

SHOWN_RUNS = 50  # runs that are listed one by one


def plan_json(ledger: Ledger, work: Work, cores: int) -> dict[str, Any]:
    """The plan for machines: runs, tasks with their reasons, jobs, and the estimate with its words."""
    cost = estimate(ledger, work, cores)
    return to_json(ledger, work) | {"estimate": cost.to_json() | {"words": cost.words()}}


def say_plan(ledger: Ledger, work: Work, cores: int) -> None:
    """The plan in words: the runs, the tasks with their reasons, and the estimate."""
    states = ledger.runs
    rows = [
        [runid, states[runid].status, ", ".join(tasks), states[runid].reason] for runid, tasks in work.jobs.items()
    ]
    say_table(["run", "state", "would do", "why"], rows[:SHOWN_RUNS])
    if len(rows) > SHOWN_RUNS:
        say(f"... and {len(rows) - SHOWN_RUNS} more runs; --json lists them all.")
    say()
    counts = work.counts()
    say_table(["task", "jobs", "why"], [[task, sum(why.values()), _reasons(why)] for task, why in counts.items()])
    cost = estimate(ledger, work, cores)
    runs = len(work.jobs)
    say(f"\n{cost.jobs} {'job' if cost.jobs == 1 else 'jobs'} in {runs} {'run' if runs == 1 else 'runs'}.")
    for sentence in cost.words():
        say(sentence)


def _reasons(why: Mapping[str, int]) -> str:
    if len(why) == 1:
        return next(iter(why))
    return ", ".join(f"{count} {reason}" for reason, count in why.items())
