"""The commands that make a batch once more from its own inputs, for the manifest.

Settings of single runs are not among them: they stand in the manifest beside the commands. Runs nothing.
"""

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from weppbatch.batch.runner import BatchRunner

# What `add` sets is not set a second time.
SET_BY_ADD = ("ron.dem", "ron.dem_fallbacks", "disturbed.sbs_map")


def commands(runner: BatchRunner, settings: Iterable[Mapping[str, Any]]) -> list[str]:
    """What to type, in order, with the paths of this batch's own inputs.

    settings: rows of `Provenance.settings`, of which those that were changed are set.
    """
    name, files = runner.batch_name, runner.resources
    watersheds, dem, burned = (files.get(key) or {} for key in ("watershed_geojson", "dem", "sbs_map"))
    sources = [
        str(source["spec"] if "://" in source["path"] else source["path"]) for source in dem.get("sources", [])
    ]
    changed = [
        f"{row['field']}={_as_typed(row['value'])}"
        for row in settings
        if row["changed"] and row["field"] not in SET_BY_ADD
    ]
    on, off = (
        [task for task, asked in runner.selected_tasks.items() if asked is wanted] for wanted in (True, False)
    )
    words = [
        ["create", name, "--config", runner.base_config],
        ["add", name, "watersheds", f"{runner.wd}/{watersheds.get('relative_path')}"] if watersheds else [],
        ["add", name, "dem", sources[0], *(word for other in sources[1:] for word in ("--then", other))]
        if sources
        else [],
        ["add", name, "sbs", f"{runner.wd}/{burned['relative_path']}"] if burned else [],
        ["set", name, *changed] if changed else [],
        ["validate", name, "--template", runner.runid_template] if runner.runid_template else [],
        ["tasks", name, *(["--on", ",".join(on)] if on else []), *(["--off", ",".join(off)] if off else [])],
        *(["exclude", name, runid, "--why", str(entry["why"])] for runid, entry in runner.excluded.items()),
        ["run", name],
    ]
    return [shlex.join(["weppbatch", *line]) for line in words if line]


def _as_typed(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
