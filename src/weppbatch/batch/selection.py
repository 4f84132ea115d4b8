"""Which tasks and runs a user means: names come in, checked names go out, with the nearest for a wrong one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from weppbatch.errors import InputProblems
from weppbatch.tasks import graph

CHECKABLE = (*graph.PREPROCESS, *graph.CHECKLIST)


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
    problems = [unknown(name, graph.TASKS) for name in found if name not in graph.TASKS]
    if problems:
        raise InputProblems("can't start:", problems)
    return dict.fromkeys(found, True)


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


def nearest(name: str, names: Sequence[str]) -> str:
    """A hint for a name that doesn't exist: the nearest ones, or the first of those that there are."""
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    return f"there are {', '.join(names[:3]) or 'none'}" + (", ..." if len(names) > 3 else "")


def unknown(name: str, names: Collection[str], *, kind: str = "task") -> str:
    """The problem text for a name that doesn't exist: the nearest one, or what there is."""
    near = get_close_matches(name, list(names), n=1, cutoff=0.5)
    if near:
        return f"no {kind} '{name}'; did you mean '{near[0]}'?"
    shown = ", ".join(list(names)[:10]) + (", ..." if len(names) > 10 else "")
    return f"no {kind} '{name}'; there are {shown or 'none'}"
