"""The names of scenarios, which tell all their fields, as in WEPPcloud: mulch_60_uniform_low__filters_smin10.

In: a scenario's fields as plain values, or a name. Out: the name, or what the scenario rests on. Standard library
alone, for the list of a run's tasks is read at every start.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

# As of a run id, for a scenario is a folder, and part of the name of its sentinel.
PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
BASE = "base"  # the run itself, in tables and contrasts
UNDISTURBED = "undisturbed"
ON_UNDISTURBED = ("prescribed_fire", "thinning")


def name_of(fields: Mapping[str, Any]) -> str:
    """The name of a scenario by its fields; two scenarios with the same one are the same."""
    own = ("kind", "canopy_percent", "ground_cover_percent", "mulch_percent", "base_scenario")
    name = "_".join(str(fields[key]) for key in own if fields.get(key) is not None)
    filters = [
        f"{short}{_shown(fields[key])}"
        for short, key in (("smin", "min_slope_percent"), ("smax", "max_slope_percent"))
        if fields.get(key) is not None
    ]
    severities = sorted(set(fields.get("burn_severities") or ()))
    if severities:
        filters.append("burn" + "-".join(map(str, severities)))
    return f"{name}__filters_{'_'.join(filters)}" if filters else name


def names_of(scenarios: Sequence[Mapping[str, Any]] | None, *, burned: bool) -> tuple[str, ...]:
    """The names of all scenarios of a control; where it leaves them open, a burned run has undisturbed."""
    if scenarios is None:
        return (UNDISTURBED,) if burned else ()
    return tuple(name_of(fields) for fields in scenarios)


def base_of(name: str) -> str:
    """The scenario that one rests on, where there is one of that name; '' for one that rests on the run itself."""
    kind = name.partition("__")[0]
    if kind.startswith("mulch_"):
        return kind.partition("_")[2].partition("_")[2]
    return UNDISTURBED if kind.startswith(ON_UNDISTURBED) else ""


def _shown(value: float) -> str:
    """A number in as few digits as tell it exactly."""
    short = f"{value:g}"
    return short if float(short) == value else repr(float(value))
