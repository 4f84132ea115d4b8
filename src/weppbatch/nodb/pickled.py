"""State files in jsonpickle's shape, read as plain data: a path comes in, a class name and a dict of values go out.

Nothing is ever unpickled: jsonpickle's instructions (`py/reduce`, `py/function`, `py/object` inside a value and
the like) are refused with the file and the key. This module does not know which fields a class has.
"""

import json
import math
from pathlib import Path
from typing import Any

from weppbatch.errors import InputError
from weppbatch.files import write_json

OBJECT, STATE = "py/object", "py/state"
MAX_BYTES = 256 * 1024 * 1024
MAX_DEPTH = 64

CONTROL_CLASSES = {
    "ron": "Ron",
    "watershed": "Watershed",
    "landuse": "Landuse",
    "soils": "Soils",
    "climate": "Climate",
    "wepp": "Wepp",
    "ash": "Ash",
    "omni": "Omni",
    "disturbed": "Disturbed",
}
OWN_CLASSES = frozenset(
    {f"weppbatch.nodb.{module}.{name}" for module, name in CONTROL_CLASSES.items()}
    | {"weppbatch.batch.runner.BatchRunner"}
)
# WEPPcloud's names: its controls moved from wepppy.nodb to wepppy.nodb.core and wepppy.nodb.mods with time.
WEPPCLOUD_CLASSES = frozenset(
    {
        f"wepppy.nodb.{package}{module}.{name}"
        for package in ("", "core.", "mods.", "mods.ash_transport.", "mods.omni.", "mods.disturbed.")
        for module, name in CONTROL_CLASSES.items()
    }
    | {"wepppy.nodb.batch_runner.BatchRunner"}
)


class UnsafeState(InputError):
    """A state file holds what could run code, names an unknown class, or is no state file at all."""


def read_state(path: Path) -> tuple[str, dict[str, Any]]:
    """The class name and the state of a file, as plain JSON values.

    Also reads flat files (older versions, WEPPcloud: no `py/state`, the values beside `py/object`); in WEPPcloud's
    own, enums become their number and tuples become lists. Raises UnsafeState naming the file and the key, and
    InputError when there is no such file.
    """
    document, state = _load(path)
    return document[OBJECT], state


def read_document(path: Path) -> dict[str, Any]:
    """The whole JSON document of a state file, checked but not reshaped, so that it can be written as it was."""
    return _load(path)[0]


def _load(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A state file's document as it is, and its state as plain values."""
    document, tagged = _parse(path)
    if not isinstance(document, dict) or OBJECT not in document:
        raise UnsafeState(f"{path} is not a state file: it has no '{OBJECT}'")
    class_name = document[OBJECT]
    if not isinstance(class_name, str) or class_name not in OWN_CLASSES | WEPPCLOUD_CLASSES:
        raise UnsafeState(
            f"{path} names the class {_short(class_name)}, which is not a control of weppbatch",
            hint="only state files of weppbatch and WEPPcloud are read",
        )
    state = {key: value for key, value in document.items() if key != OBJECT}
    if not is_flat(document):
        beside = sorted(state.keys() - {STATE})
        if beside:
            raise UnsafeState(f"{path}: unexpected {_short(beside[0])} beside '{STATE}'")
        state = document[STATE]
        if not isinstance(state, dict):
            raise UnsafeState(f"{path}: '{STATE}' is not an object")
    tags = sorted(key for key in state if key.startswith("py/"))
    if tags:
        raise _refused(path, tags[0], "the top")
    if tagged == 1 and _is_shallow(state):  # the document itself: all within is data already
        return document, state
    return document, {key: _plain(value, path, key, class_name) for key, value in state.items()}


def _is_shallow(value: Any) -> bool:
    """Whether nothing is nested deeper than what is read."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return True
    return False


def is_flat(document: dict[str, Any]) -> bool:
    """Whether a document is of the older shape, with the values beside `py/object`."""
    return STATE not in document


def is_weppcloud(class_name: str) -> bool:
    """Whether a class name is one of WEPPcloud's."""
    return class_name in WEPPCLOUD_CLASSES


def write_state(path: Path, instance: object) -> None:
    """Write an instance in jsonpickle's shape, atomically; its `__getstate__` must give plain JSON values."""
    import jsonpickle  # only writers need it, and readers start at every parse of the workflow

    write_json(path, jsonpickle.Pickler(make_refs=False).flatten(instance))


def check_writable(value: Any, where: str, depth: int = 0) -> None:
    """Raise InputError for a value that would not be read back as it is, naming its place.

    NaN, a key that is not text or looks like one of jsonpickle's own, and what is no plain value.
    """
    if depth > MAX_DEPTH:
        raise InputError(f"{where[:80]}... is nested too deeply")
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or key.startswith("py/"):
                raise InputError(f"{where}: {_short(key)} can't be a key of a state file")
            check_writable(inner, f"{where}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            check_writable(inner, f"{where}[{index}]", depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where} is {value}, which a state file can't hold")
    elif not isinstance(value, str | int | float | None):
        raise InputError(f"{where} is a {type(value).__name__}, not a plain value")


def _parse(path: Path) -> tuple[Any, int]:
    """The JSON of a file, bounded in size and depth, without NaN and without a key given twice; and how many of its
    objects have a tag of jsonpickle's."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnsafeState(f"{path} is larger than {MAX_BYTES // 1024**2} MiB")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except UnicodeDecodeError as error:
        raise UnsafeState(f"{path} is not UTF-8 text") from error

    def no_constant(name: str) -> None:
        raise UnsafeState(f"{path} holds {name}, which is not a JSON number")

    tagged = 0

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal tagged
        found = dict(pairs)
        for key in found:
            if key[:3] == "py/":
                tagged += 1
                break
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise UnsafeState(f"{path} gives {_short(twice)} twice")
        return found

    try:
        return json.loads(text, parse_constant=no_constant, object_pairs_hook=once), tagged
    except RecursionError as error:
        raise UnsafeState(f"{path} is nested too deeply") from error
    except ValueError as error:  # also an integer of thousands of digits
        raise UnsafeState(f"{path} is not valid JSON: {error}") from error


def _plain(value: Any, path: Path, where: str, class_name: str, depth: int = 0) -> Any:
    """A value without jsonpickle's tags; raises UnsafeState at the first that is not understood as data."""
    if depth > MAX_DEPTH:
        raise UnsafeState(f"{path}: {where[:80]}... is nested too deeply")
    if isinstance(value, list):
        return [_plain(v, path, f"{where}[{i}]", class_name, depth + 1) for i, v in enumerate(value)]
    if not isinstance(value, dict):
        return value
    tags = sorted(key for key in value if key.startswith("py/"))
    if not tags:
        return {k: _plain(v, path, f"{where}.{k}", class_name, depth + 1) for k, v in value.items()}
    if is_weppcloud(class_name):
        if list(value) == ["py/tuple"] and isinstance(value["py/tuple"], list):
            return _plain(value["py/tuple"], path, where, class_name, depth + 1)
        if list(value) == ["py/reduce"] and (member := _enum_value(value["py/reduce"])) is not None:
            return member
    raise _refused(path, tags[0], where)


def _refused(path: Path, tag: str, where: str) -> UnsafeState:
    """The error for one of jsonpickle's instructions."""
    return UnsafeState(
        f"{path}: {_short(tag)} at {where[:200]} could run code when it is unpickled; the file was not read",
        hint="state files hold plain values only; take it out, or restore the file from a snapshot",
    )


def _enum_value(reduce: Any) -> int | str | None:
    """The number (or text) in WEPPcloud's picture of an enum member, or None when it is anything else.

    `[{"py/type": "wepppy...Mode"}, {"py/tuple": [0]}]`, in older files padded with nulls to five elements.
    """
    if not isinstance(reduce, list) or len(reduce) not in (2, 5) or any(v is not None for v in reduce[2:]):
        return None
    kind, arguments = reduce[:2]
    if not isinstance(kind, dict) or list(kind) != ["py/type"]:
        return None
    name = kind["py/type"]
    if not isinstance(name, str) or not name.startswith("wepppy.") or not name.replace(".", "_").isidentifier():
        return None
    if not isinstance(arguments, dict) or list(arguments) != ["py/tuple"]:
        return None
    members = arguments["py/tuple"]
    if not isinstance(members, list) or len(members) != 1 or type(members[0]) not in (int, str):
        return None
    member: int | str = members[0]
    return member


def _short(value: object) -> str:
    """A value from a file, quoted and cut for a message."""
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."
