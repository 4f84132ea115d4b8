"""The commands that make a batch once more from its own inputs, for the manifest.

Settings of single runs are not among them: they stand in the manifest beside the commands. Runs nothing.
"""

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from weppbatch.batch.runner import BatchRunner
from weppbatch.nodb.workspace import base_configs

DEM = ("ron.dem", "ron.dem_fallbacks")  # what `add` sets is not set a second time
BURN_MAP = "disturbed.sbs_map"


def commands(runner: BatchRunner, settings: Iterable[Mapping[str, Any]]) -> list[str]:
    """What to type, in order, with the paths of this batch's own inputs.

    settings: rows of `Provenance.settings`, of which those that the base configuration does not give are set.
    """
    name, given = runner.batch_name, _given(runner.base_config)
    values = {
        row["field"]: row["value"] for row in settings if row["value"] != given.get(row["field"], row["default"])
    }
    watersheds, burned = (runner.resources.get(key) or {} for key in ("watershed_geojson", "sbs_map"))
    first, others = (values.get(field) for field in DEM)
    by_add = [
        *(DEM if first else ()),
        *([BURN_MAP] if burned and values.get(BURN_MAP) == f"../{burned['relative_path']}" else []),
    ]
    changed = [f"{field}={_as_typed(value)}" for field, value in values.items() if field not in by_add]
    on, off = (
        [task for task, asked in runner.selected_tasks.items() if asked is wanted] for wanted in (True, False)
    )
    words = [
        ["create", name, "--config", runner.base_config],
        ["add", name, "watersheds", f"{runner.wd}/{watersheds.get('relative_path')}"] if watersheds else [],
        ["add", name, "dem", first, *(word for other in others or () for word in ("--then", other))]
        if first
        else [],
        ["add", name, "sbs", f"{runner.wd}/{burned['relative_path']}"] if BURN_MAP in by_add else [],
        ["set", name, *changed] if changed else [],
        ["validate", name, "--template", runner.runid_template] if runner.runid_template else [],
        ["tasks", name, *(["--on", ",".join(on)] if on else []), *(["--off", ",".join(off)] if off else [])],
        *(["exclude", name, runid, "--why", str(entry["why"])] for runid, entry in runner.excluded.items()),
        ["run", name],
    ]
    return [shlex.join(["weppbatch", *line]) for line in words if line]


def _given(base_config: str) -> dict[str, Any]:
    """The settings that a base configuration gives, by control.field."""
    config = base_configs().get(base_config, {})
    return {
        f"{control}.{field}": value
        for control, fields in config.items()
        if isinstance(fields, Mapping)
        for field, value in fields.items()
    }


def _as_typed(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
