"""What the last start was asked to do, by whom and why, and how far its settings are those of the base project.

Reads the batch's history and its provenance; gives plain values. No markup here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from weppbatch.batch.runner import BatchRunner
from weppbatch.report.provenance import Provenance
from weppbatch.tasks import graph


@dataclass(frozen=True)
class Asked:
    """One start: its entry in the history in words, each label with its text."""

    facts: Mapping[str, str]
    at: str
    ended_at: str = ""


@dataclass
class Difference:
    """A setting that runs have of their own, its value, and the runs."""

    setting: str
    value: str
    runs: list[str] = field(default_factory=list)


def last_start(runner: BatchRunner) -> Asked | None:
    """The last start in a batch's history, None before the first."""
    places = [place for place, event in enumerate(runner.history) if event["event"] == "run_started"]
    if not places:
        return None
    start, later = runner.history[places[-1]], runner.history[places[-1] :]
    end = next((event for event in later if event["event"] == "run_finished"), {})
    asked = start.get("asked") or {}
    tasks = [graph.spec_of(name).label for name in asked.get("tasks") or () if graph.is_task(name)]
    chosen = [graph.spec_of(name).label for name in graph.TASKS if runner.selected_tasks.get(graph.box_of(name))]
    number = start.get("runs")
    facts = {
        "Watersheds": _selection(str(asked.get("runs", "all")), number if isinstance(number, int) else None),
        "Tasks": ", ".join(tasks) or f"the checklist: {', '.join(chosen)}",
        "Forced": "yes: good results were made again" if asked.get("force") else "no: only what was not done",
        "Reason": str(start.get("reason") or "none given"),
        "By": f"{start['user']} on {start['host']}" + (f", with {start['by']}" if start.get("by") else ""),
        "Ended": str(end.get("outcome", "")).replace("_", " "),
    }
    facts |= {"A pilot first": "yes"} if asked.get("pilot") else {}
    return Asked({label: text for label, text in facts.items() if text}, start["at"], end.get("at", ""))


def differences(provenance: Provenance) -> list[Difference]:
    """The settings in which runs differ from the base project, those of most runs first."""
    found: dict[tuple[str, str], Difference] = {}
    for runid, fields in provenance.differences.items():
        for name, value in fields.items():
            text = plain(value)
            found.setdefault((name, text), Difference(name, text)).runs.append(runid)
    return sorted(found.values(), key=lambda one: (-len(one.runs), one.setting))


def plain(value: Any) -> str:
    """A setting's value in a few words."""
    if value is None or value == "":
        return "empty"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(plain(one) for one in value)
    if isinstance(value, Mapping):
        return " ".join(f"{key} {plain(one)}" for key, one in value.items() if one is not None)
    return str(value)


def _selection(runs: str, number: int | None) -> str:
    """Which runs were asked for, and how many of them had something to do."""
    named = "all of them" if runs == "all" else runs
    return named if number is None else f"{named}; {number} had something to do"
