"""What a pilot of three runs tells about the whole: time, memory and disk, and how that was worked out.

The pilot itself is an ordinary start over the largest, the median and the smallest run that have something to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weppbatch.batch.estimate import HOW, Estimate, costs, estimate, spoken_bytes, spoken_s
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.states import DONE
from weppbatch.batch.work import Work

SIZES = {1: ("only one",), 2: ("largest", "smallest"), 3: ("largest", "median", "smallest")}


@dataclass(frozen=True)
class Pilot:
    """The runs that were tried, what each cost (seconds by task), and the estimate for what is left.

    names: what each is among the runs that had something to do. failures: why a tried one is not complete.
    """

    names: dict[str, str]
    failures: dict[str, str]
    seconds: dict[str, dict[str, float]]
    cells: dict[str, int]
    rest_runs: int
    rest: Estimate
    disk_now_bytes: int

    def to_json(self) -> dict[str, Any]:
        """The pilot as `run --pilot --json` gives it."""
        return {
            "runs": {
                runid: {"size": self.names[runid], "cells": self.cells[runid], "task_s": self.seconds[runid]}
                for runid in self.seconds
            },
            "rest": {"runs": self.rest_runs, "jobs": self.rest.jobs, **self.rest.to_json()},
            "whole_disk_bytes": round(self.disk_now_bytes + self.rest.disk_bytes),
            "words": self.words(),
        }

    def words(self) -> list[str]:
        """What was tried, what the rest will cost, and how that was worked out."""
        tried = ", ".join(
            f"the {self.names[runid]}, {runid} ({self.cells[runid]:,} cells, {spoken_s(sum(tasks.values()))})"
            for runid, tasks in self.seconds.items()
        )
        said = [f"Tried: {tried}."]
        said += [f"{runid} is not complete: {why}." for runid, why in self.failures.items()]
        if not self.rest.jobs:
            return [*said, f"Nothing is left to do; the results take {spoken_bytes(self.disk_now_bytes)}."]
        left = "1 run is" if self.rest_runs == 1 else f"{self.rest_runs} runs are"
        said.append(f"{left} left with {self.rest.jobs} jobs.")
        said += self.rest.words()
        if self.rest.jobs > sum(self.rest.unknown.values()):
            whole = self.disk_now_bytes + self.rest.disk_bytes
            said += [f"The whole batch then takes {spoken_bytes(whole)} on disk.", HOW]
        return said


def judge(ledger: Ledger, tried: Sequence[str], rest: Work, cores: int) -> Pilot:
    """Extrapolate from what is done to the rest.

    ledger: after the pilot. tried: its runs, largest first. rest: the work that is left.
    """
    done = [state for run in ledger.runs.values() for state in run.tasks.values() if state.status in DONE]
    return Pilot(
        names=dict(zip(tried, SIZES[len(tried)], strict=True)),
        failures={runid: ledger.runs[runid].reason for runid in tried if ledger.runs[runid].status not in DONE},
        seconds={
            runid: {
                task: float(state.record["wall_s"])
                for task, state in ledger.runs[runid].tasks.items()
                if state.status in DONE and state.record
            }
            for runid in tried
        },
        cells={runid: round(ledger.plan.window_cells(runid)) for runid in tried},
        rest_runs=len(rest.jobs),
        rest=estimate(ledger, rest, cores, costs(ledger)),
        disk_now_bytes=sum(entry["bytes"] for state in done for entry in (state.record or {}).get("outputs", [])),
    )
