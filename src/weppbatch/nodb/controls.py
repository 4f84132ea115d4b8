"""All controls by name: reading them, setting their fields from text, and describing them.

Texts such as `watershed.csa_ha=5` come in; checked controls are written. Which task reads a field is said in
tasks/graph, not here.
"""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from weppbatch.nodb.ash import Ash
from weppbatch.nodb.base import BOOKKEEPING, NoDbBase, WrongSettings, explain, unknown_field
from weppbatch.nodb.climate import Climate
from weppbatch.nodb.disturbed import Disturbed
from weppbatch.nodb.landuse import Landuse
from weppbatch.nodb.omni import Omni
from weppbatch.nodb.ron import Ron
from weppbatch.nodb.soils import Soils
from weppbatch.nodb.watershed import Watershed
from weppbatch.nodb.wepp import Wepp

CONTROLS: dict[str, type[NoDbBase]] = {
    "ron": Ron,
    "watershed": Watershed,
    "landuse": Landuse,
    "soils": Soils,
    "climate": Climate,
    "wepp": Wepp,
    "ash": Ash,
    "omni": Omni,
    "disturbed": Disturbed,
}


class Row(NamedTuple):
    """One field of a control as it is shown: full name, value, default, and what it is with its unit."""

    field: str
    value: Any
    default: Any
    description: str

    @property
    def changed(self) -> bool:
        """Whether the value is not the default."""
        return bool(self.value != self.default)


def setting_names() -> list[str]:
    """Every setting as control.field."""
    return [
        f"{name}.{field}" for name, kind in CONTROLS.items() for field in kind.model_fields.keys() - BOOKKEEPING
    ]


def load(wd: str | Path, name: str) -> NoDbBase:
    """The control `name` of a folder.

    Raises WrongSettings naming the nearest control when there is none of that name, and what getInstance raises.
    """
    if name not in CONTROLS:
        raise WrongSettings("no such control:", [_unknown_control(name)])
    return CONTROLS[name].getInstance(wd)


def set_fields(wd: str | Path, assignments: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    """Set fields from texts `control.field=value`; returns {control.field: (old value, new value)}.

    Lists and objects are given as JSON; an empty value, `none` or `null` means none, where a field may be none. All
    problems are raised at once (WrongSettings) and then nothing is written. The controls are locked together, in
    one order, and each is written once.
    """
    texts, problems = _split(assignments)
    with ExitStack() as stack:
        pending: list[tuple[NoDbBase, NoDbBase]] = []
        for name in (name for name in CONTROLS if name in texts):
            control = stack.enter_context(CONTROLS[name].getInstance(wd).locked())
            changed, wrong = _changed(control, texts[name])
            problems += [f"{name}.{line}" for line in wrong]
            if changed is not None:
                pending.append((control, changed))
        beside = {changed.path.stem: changed for _, changed in pending}
        for name, changed in beside.items():
            found = changed.problems_beside(beside)
            problems += [f"{name}.{line}" for line in found if line.split(":")[0] in texts[name]]
        if problems:
            raise WrongSettings("nothing was set:", problems)
        done: dict[str, tuple[Any, Any]] = {}
        for control, changed in pending:
            name, before, after = control.path.stem, control.settings(), changed.settings()
            done |= {f"{name}.{key}": (before[key], after[key]) for key in texts[name]}
            control.adopt(changed)
    return done


def describe(wd: str | Path, control: str | None = None) -> list[Row]:
    """Every field of one control, or of all that the folder has."""
    names = [control] if control else [n for n, kind in CONTROLS.items() if Path(wd, kind.filename).exists()]
    rows = []
    for name in names:
        found = load(wd, name)
        defaults = type(found)(wd=found.wd).settings()
        for key, value in found.settings().items():
            text = type(found).model_fields[key].description or ""
            rows.append(Row(f"{name}.{key}", value, defaults[key], text))
    return rows


def apply(control: NoDbBase, values: dict[str, Any]) -> tuple[NoDbBase | None, list[str]]:
    """A copy of a control with some fields set, checked together, or None and what is wrong."""
    kind = type(control)
    problems = [unknown_field(kind, key) for key in values if key not in _settable(kind)]
    known = {key: value for key, value in values.items() if key in _settable(kind)}
    try:
        changed = kind.model_validate(control.__getstate__() | known, strict=False)
    except ValidationError as error:
        return None, problems + explain(error) + kind.overlooked(known)
    return (None if problems else changed), problems


def _changed(control: NoDbBase, texts: dict[str, str]) -> tuple[NoDbBase | None, list[str]]:
    """A copy of a control with fields set from texts."""
    fields = type(control).model_fields
    values = {key: _value(text, fields.get(key)) for key, text in texts.items()}
    return apply(control, values)


def _split(assignments: Sequence[str]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The texts by control and field, and what is wrong with those that don't name one."""
    texts: dict[str, dict[str, str]] = {}
    problems = []
    for assignment in assignments:
        target, equals, text = assignment.partition("=")
        name, dot, field = target.strip().partition(".")
        if not equals or not dot or not field:
            problems.append(f"'{assignment}' is not of the form control.field=value")
        elif name not in CONTROLS:
            problems.append(_unknown_control(name))
        elif field in texts.setdefault(name, {}):
            problems.append(f"{target} is given twice")
        else:
            texts[name][field] = text.strip()
    return texts, problems


def _value(text: str, field: FieldInfo | None) -> Any:
    """A text as the value it stands for; whether it fits its field is checked later."""
    optional = field is not None and field.default is None
    if optional and text.lower() in ("", "none", "null"):
        return None
    if text[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text


def _settable(kind: type[NoDbBase]) -> list[str]:
    """The fields that a user may set."""
    return [name for name in kind.model_fields if name not in BOOKKEEPING]


def _unknown_control(name: str) -> str:
    """The problem text for a control that doesn't exist."""
    near = get_close_matches(name, CONTROLS, n=1, cutoff=0.5)
    meant = f"; did you mean '{near[0]}'?" if near else f"; there are {', '.join(CONTROLS)}"
    return f"unknown control '{name}'{meant}"
