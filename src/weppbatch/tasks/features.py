"""The watershed polygons of a batch, by run id: one GeoJSON feature a line, as `validate` wrote them."""

import json
from pathlib import Path
from typing import Any

from weppbatch.errors import InputError

RUN_FEATURES = "resources/run_features.geojsonl"


def feature_of(batch: Path, runid: str) -> dict[str, Any]:
    """The feature of a run: WGS84 geometry, the user's properties, and runid, index, sha256, area_m2.

    Raises InputError when the batch has no such run.
    """
    path = batch / RUN_FEATURES
    if not path.exists():
        hint = f"weppbatch validate {batch.name} --template TEMPLATE"
        raise InputError(f"{batch} has no validated watersheds", hint=hint)
    marker = json.dumps(runid)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if marker in line:
                feature: dict[str, Any] = json.loads(line)
                if feature.get("runid") == runid:
                    return feature
    raise InputError(f"no watershed of {batch.name} has the run id '{runid}'")


def sha256_of(batch: Path, runid: str) -> str:
    """The checksum of a run's original feature."""
    return str(feature_of(batch, runid)["sha256"])
