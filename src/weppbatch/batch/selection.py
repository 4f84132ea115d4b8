"""Which tasks and runs a user means: names come in, checked names go out, with the nearest for a wrong one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from weppbatch.errors import InputProblems
from weppbatch.tasks import graph

CHECKABLE = (*graph.PREPROCESS, *graph.CHECKLIST)
NAMEABLE = tuple(name for name in graph.TASKS if name in CHECKABLE)
CHECKLIST_NOW = tuple(name for name in NAMEABLE if name in graph.CHECKLIST)
# What `--runs @...` means, as the states that `status` shows.
GROUPS = {"@failed": ("failed",), "@stale": ("stale",), "@missing": ("pending", "interrupted")}


def expand(names: Iterable[str]) -> list[str]:
    """Task names, each once, with the group `preprocess` written out."""
    found: list[str] = []
    for name in names:
        found += graph.PREPROCESS if name == "preprocess" else (name,)
    return list(dict.fromkeys(found))


def changed_checklist(checklist: Mapping[str, bool], changes: Mapping[str, bool]) -> dict[str, bool]:
    """A checklist with tasks ticked on (True) and off, in the order of the tasks.

    Raises InputProblems naming every unknown name with its nearest.
    """
    problems = [unknown(name, CHECKABLE) for name in expand(changes) if name not in CHECKABLE]
    if problems:
        raise InputProblems("the checklist was not changed:", problems)
    chosen = dict(checklist)
    for name, ticked in changes.items():
        chosen |= dict.fromkeys(expand([name]), ticked)
    return {name: chosen[name] for name in CHECKABLE if name in chosen}


def only(tasks: Iterable[str]) -> dict[str, bool]:
    """A checklist with only these tasks. Raises InputProblems naming every one that can't be run."""
    found = expand(tasks)
    problems = [unknown(name, graph.TASKS) for name in found if not graph.is_task(name)]
    if problems:
        raise InputProblems("can't start:", problems)
    return dict.fromkeys(found, True)


def task_names(text: str) -> tuple[str, ...] | None:
    """The tasks that `--tasks` names, in order: names with commas between, `preprocess`, `all`, and
    omni.SCENARIO; None without any. Whether a run has the scenario is not looked at.

    Raises InputProblems naming every one that there isn't (yet), with the nearest.
    """
    names = expand(name for name in _words(text))
    found = [task for name in names for task in (CHECKLIST_NOW if name == "all" else (name,))]
    problems = [
        f"task '{name}' is not in this version yet" if name in CHECKABLE else unknown(name, NAMEABLE)
        for name in dict.fromkeys(found)
        if name not in NAMEABLE and not (graph.scenario_of(name) and graph.is_task(name))
    ]
    if problems:
        raise InputProblems("can't start:", problems)
    return graph.ordered(found) or None


def needs_states(text: str) -> bool:
    """Whether `--runs` asks for runs by their state."""
    return any(word.startswith("@") for word in _words(text))


def run_ids(
    text: str,
    runids: Sequence[str],
    excluded: Mapping[str, Mapping[str, Any]],
    states: Mapping[str, str] | None = None,
) -> list[str]:
    """The run ids that `--runs` names, each once, excluded ones only as an error when named.

    text: words with commas between: `all`, a run id, `A:B` (the A-th to before the B-th in the order of the
    features, counted from 0), `@failed`, `@stale`, `@missing`. runids: all of the batch, in that order. states: the
    status of every run by its id; without them a word that begins with @ is only checked and names nobody.
    Raises InputProblems with everything that is wrong with the text.
    """
    taking_part = [runid for runid in runids if runid not in excluded]
    found: list[str] = []
    problems: list[str] = []
    for word in _words(text):
        if word == "all":
            found += taking_part
        elif word.startswith("@") and word in GROUPS:
            found += [runid for runid in taking_part if (states or {}).get(runid) in GROUPS[word]]
        elif word.startswith("@"):
            problems.append(unknown(word, GROUPS, kind="group of runs"))
        elif ":" in word:
            part, problem = _slice(word, runids)
            problems += problem
            found += [runid for runid in part if runid not in excluded]
        elif word not in runids:
            problems.append(unknown(word, runids, kind="run"))
        elif word in excluded:
            problems.append(f"'{word}' is excluded: {excluded[word]['why']}")
        else:
            found.append(word)
    if not _words(text):
        problems.append("no run is named; say all, run ids, 0:10, @failed, @stale or @missing")
    if problems:
        raise InputProblems("can't tell which runs:", problems)
    return list(dict.fromkeys(found))


def _slice(word: str, runids: Sequence[str]) -> tuple[Sequence[str], list[str]]:
    """The run ids of A:B, and what is wrong with it."""
    first, _, end = word.partition(":")
    if not all(part.isdecimal() or not part for part in (first, end)):
        return [], [f"'{word}' is no range; say it as 0:10, which is the first ten"]
    part = runids[int(first or 0) : int(end or len(runids))]
    return part, [] if part else [f"'{word}' has no run in it; there are {len(runids)}, counted from 0"]


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def startable(
    entries: Sequence[Mapping[str, Any]], excluded: Mapping[str, Mapping[str, Any]], runids: Iterable[str] | None
) -> list[str]:
    """The run ids that may start, largest watershed first; all that are not excluded when none are given.

    entries: the runs of a template validation. Raises InputProblems naming every unknown or excluded run id.
    """
    areas_m2 = {str(entry["runid"]): float(entry["area_m2"]) for entry in entries}
    if runids is None:
        asked = [runid for runid in areas_m2 if runid not in excluded]
    else:
        asked = list(dict.fromkeys(runids))
    problems = [unknown(runid, areas_m2, kind="run") for runid in asked if runid not in areas_m2]
    problems += [f"'{runid}' is excluded: {excluded[runid]['why']}" for runid in asked if runid in excluded]
    if problems:
        raise InputProblems("can't start:", problems)
    return sorted(asked, key=lambda runid: (-areas_m2[runid], runid))


def unknown(name: str, names: Collection[str], *, kind: str = "task") -> str:
    """The problem text for a name that doesn't exist: the nearest one, or what there is."""
    near = get_close_matches(name, list(names), n=1, cutoff=0.5)
    if near:
        return f"no {kind} '{name}'; did you mean '{near[0]}'?"
    shown = ", ".join(list(names)[:10]) + (", ..." if len(names) > 10 else "")
    return f"no {kind} '{name}'; there are {shown or 'none'}"
