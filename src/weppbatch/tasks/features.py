"""The watersheds of a batch, by run id: one GeoJSON feature a line, as `validate` wrote them."""

import json
from mmap import ACCESS_READ, mmap
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
    marker = json.dumps(runid).encode()
    with path.open("rb") as stream, mmap(stream.fileno(), 0, access=ACCESS_READ) as content:
        found = content.find(marker)
        while found >= 0:  # an attribute may bear the same text
            first = content.rfind(b"\n", 0, found) + 1
            end = content.find(b"\n", found) % (len(content) + 1)  # the last line may have no end
            feature: dict[str, Any] = json.loads(content[first:end])
            if feature.get("runid") == runid:
                return feature
            found = content.find(marker, end)
    raise InputError(f"no watershed of {batch.name} has the run id '{runid}'")


def is_point(feature: dict[str, Any]) -> bool:
    """Whether a feature gives the outlet in place of the polygon."""
    return bool((feature.get("geometry") or {}).get("type") == "Point")


def sha256_of(batch: Path, runid: str) -> str:
    """The checksum of a run's original feature."""
    return str(feature_of(batch, runid)["sha256"])
