"""How a plan is said: what a start would do, why, and what it will cost."""

from collections.abc import Mapping
from typing import Any

from weppbatch.batch.estimate import estimate
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.pilot import Pilot
from weppbatch.batch.work import Work, stale_afterwards, to_json
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
    left = stale_afterwards(ledger, work)
    if left:
        named = ", ".join(f"{task} ({count})" for task, count in left.items())
        say(f"Stale afterwards, since they are not asked for: {named}.")


def say_pilot(pilot: Pilot) -> None:
    """What a pilot tells: the seconds of its tasks, those of the rest, and the words."""
    rest_s = pilot.rest.by_task_s
    tasks = dict.fromkeys([task for seconds in pilot.seconds.values() for task in seconds] + list(rest_s))
    columns = ["seconds", *(f"{pilot.names[runid]} {runid}" for runid in pilot.seconds), "the rest, estimated"]
    rows = [
        [task, *(_figure(seconds.get(task)) for seconds in pilot.seconds.values()), _figure(rest_s.get(task))]
        for task in tasks
    ]
    say()
    say_table(columns, rows)
    say()
    for sentence in pilot.words():
        say(sentence)


def _figure(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"


def _reasons(why: Mapping[str, int]) -> str:
    if len(why) == 1:
        return next(iter(why))
    return ", ".join(f"{count} {reason}" for reason, count in why.items())
