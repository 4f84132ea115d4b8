"""Older state files of a batch in today's layout: a dict of plain values comes in, one for version 3 goes out.

Versions: 1 scaffold; 2 resources and template validation; 3 preprocessing, the checklist, runs and control hashes.
WEPPcloud's flat files are a user's input and have no version. Nothing here reads or writes files.
"""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from weppbatch.nodb.base import is_field, kept_metadata

STATE_VERSION = 3
State = dict[str, Any]

# WEPPcloud's finer tasks that a task of the checklist stands for; it is on when one of them is.
WEPPCLOUD_TASKS = {
    "watershed": ("build_channels", "find_outlet", "build_subcatchments", "abstract_watershed"),
    "landuse": ("build_landuse",),
    "soils": ("build_soils",),
    "climate": ("build_climate",),
    "wepp": ("run_wepp_hillslopes", "run_wepp_watershed"),
    "watar": ("run_watar",),
    "omni": ("run_omni_scenarios", "run_omni_contrasts"),
}
WEPPCLOUD_TEXTS = ("batch_name", "base_config", "batch_config", "created_at", "created_by")
RESOURCE_KEYS = (
    "relative_path",
    "feature_count",
    "bbox",
    "checksum",
    "epsg",
    "attribute_schema",
    "uploaded_at",
    "uploaded_by",
)


def migrate(state: State, version: int, fields: Collection[str]) -> State:
    """A state of version 0 (not said), 1 or 2 in the layout of version 3.

    What it holds is kept: in its field, or in `metadata` under its old name when there is none.
    """
    moved: State = {}
    metadata = kept_metadata(state)
    for key, value in state.items():
        name = key.lstrip("_")
        if key == "metadata":
            continue
        if is_field(fields, key, name) and name not in moved:
            moved[name] = value
        else:
            metadata[key] = value
    for step in range(max(version, 1), STATE_VERSION):
        _STEPS[step](moved)
    metadata["migrated_from"] = version
    return moved | {"metadata": metadata, "state_version": STATE_VERSION}


def from_weppcloud(state: State) -> State:
    """A WEPPcloud batch_runner.nodb (flat or with `py/state`) in the layout of version 3.

    Names, configurations, template, watersheds and the choice of tasks are taken over; all else, and the original
    of what was only taken in part, stays in `metadata`. The run ids have to be validated again.
    """
    moved: State = {}
    metadata: State = {}
    for key, value in state.items():
        name = "batch_config" if key in ("_config", "config") else key.lstrip("_")
        if name in WEPPCLOUD_TEXTS and isinstance(value, str):
            moved[name] = value.removesuffix(".cfg") if name.endswith("config") else value
        elif name == "history" and _events(value):
            moved[name] = value
        elif key != "wd":
            metadata[key] = value
    wd = state.get("wd")
    moved.setdefault("batch_name", Path(wd).name if isinstance(wd, str) else "")
    template = _member(state, "runid_template_state", "template")
    if isinstance(template, str):
        moved["runid_template"] = template
    moved["resources"] = _weppcloud_resources(state)
    directives = state.get("_run_directives", state.get("run_directives"))
    if isinstance(directives, dict):
        moved["selected_tasks"] = {
            task: any(directives.get(name) is True for name in names) for task, names in WEPPCLOUD_TASKS.items()
        }
    metadata["migrated_from"] = "weppcloud"
    return moved | {"metadata": metadata, "state_version": STATE_VERSION}


def _to_2(state: State) -> None:
    """Version 2 brought the resources and the template."""
    state.setdefault("resources", {})
    state.setdefault("runid_template", "")
    state.setdefault("template_validation", {})


def _to_3(state: State) -> None:
    """Version 3 brought preprocessing and the choice of tasks; a `null` stood for "not yet" before it."""
    for name in ("resources", "template_validation"):
        state[name] = state.get(name) or {}
    state["runid_template"] = state.get("runid_template") or ""
    state.setdefault("preprocessing", {})
    state.setdefault("runs", {})
    state.setdefault("control_hashes", {})
    state.setdefault("force_rebuild", False)


_STEPS: dict[int, Callable[[State], None]] = {1: _to_2, 2: _to_3}


def _weppcloud_resources(state: State) -> State:
    """The watersheds and the burn severity map that a WEPPcloud state names."""
    resources: State = {}
    watersheds = state.get("_geojson_state", state.get("geojson_state"))
    if isinstance(watersheds, dict):
        resources["watershed_geojson"] = dict.fromkeys(RESOURCE_KEYS) | watersheds
    sbs_map = state.get("_sbs_map", state.get("sbs_map"))
    if isinstance(sbs_map, str) and sbs_map:
        resources["sbs_map"] = {"relative_path": sbs_map}
    return resources


def _member(state: State, name: str, key: str) -> Any:
    """A member of an object of the state, with or without the leading underscore, or None."""
    holder = state.get(f"_{name}", state.get(name))
    return holder.get(key) if isinstance(holder, dict) else None


def _events(value: object) -> bool:
    """Whether a value is a list of history events."""
    return isinstance(value, list) and all(isinstance(event, dict) for event in value)
