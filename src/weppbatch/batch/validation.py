"""A run-id template tried on the batch's watersheds: which run ids it makes, and what stands in the way.

Takes the registered watersheds and a template; gives the `template_validation` of the state and the run features
that the tasks read. Reading a template is template.py's work.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapely import Point, Polygon
from shapely.geometry import mapping

from weppbatch.batch.collection import LoadedCollection
from weppbatch.batch.features import FeatureCheck, check_features
from weppbatch.batch.geojson import attribute_schema, registered
from weppbatch.batch.runids import sanitise, unusable_runid
from weppbatch.batch.template import Template, parse
from weppbatch.batch.template_functions import MissingAttribute, TemplateError
from weppbatch.files import sha256_of_json, utc_now, write_text
from weppbatch.tasks.features import RUN_FEATURES

if TYPE_CHECKING:
    from weppbatch.batch.runner import BatchRunner

SAMPLE_ROWS = 20


def validate(batch: "BatchRunner", template: str) -> dict[str, Any]:
    """Try a template on the watersheds, store the result in the state, and give it.

    An accepted validation also writes the run features. Raises TemplateError when the template can't be read
    (nothing is stored then), InputError when there are no watersheds.
    """
    parsed = parse(template)
    with batch.locked() as held:
        loaded, resource = registered(held)
        checks = check_features(loaded.data, loaded.crs)
        result = validation_of(loaded, checks, parsed) | {"resource_sha256": resource["checksum"]}
        if result["valid"]:
            write_run_features(Path(held.wd, RUN_FEATURES), result["runs"], checks, loaded)
        held.record_template_validation(result)
    return result


@dataclass
class _Rendered:
    """What a template made of each feature, by index: text and run id, or reasons; and who lacks an attribute."""

    made: dict[int, tuple[str, str]] = field(default_factory=dict)
    rejected: dict[int, list[str]] = field(default_factory=dict)
    missing: dict[str, list[int]] = field(default_factory=dict)


def validation_of(loaded: LoadedCollection, checks: list[FeatureCheck], template: Template) -> dict[str, Any]:
    """What a template makes of checked features, as `template_validation` holds it (but the resource's hash)."""
    errors = list(_unknown_attributes(template, loaded.features))
    rendered = _render(loaded, checks, None if errors else template)
    made, ids = rendered.made, {check.index: check.id for check in checks}
    if not made and not errors:
        errors.append("no feature can be used")
    duplicates = _duplicates(made)
    renamed = [{"index": i, "from": text, "to": runid} for i, (text, runid) in made.items() if text != runid]
    rejected = sorted(rendered.rejected.items())
    return {
        "template": template.text,
        "template_sha256": sha256_of_json(template.text),
        "valid": not errors and not duplicates,
        "errors": errors,
        "summary": {
            "features": len(checks),
            "runs": len(made),
            "rejected": len(rejected),
            "duplicates": len(duplicates),
            "missing": sum(len(indexes) for indexes in rendered.missing.values()),
            "renamed": len(renamed),
        },
        "duplicates": duplicates,
        "missing": [{"attribute": name, "indexes": indexes} for name, indexes in rendered.missing.items()],
        "rejected": [{"index": i, "id": ids[i], "reasons": reasons} for i, reasons in rejected],
        "renamed": renamed,
        "repaired": [{"index": c.index, "id": c.id, "notes": c.notes} for c in checks if c.accepted and c.notes],
        "runs": [_run_of(checks[i], runid) for i, (_, runid) in made.items()],
        "sample": [
            {"index": i, "id": ids[i], "text": text, "runid": runid}
            for i, (text, runid) in islice(made.items(), SAMPLE_ROWS)
        ],
        "validated_at": utc_now(),
    }


def _render(loaded: LoadedCollection, checks: list[FeatureCheck], template: Template | None) -> _Rendered:
    """Render the template, if there is one, for every feature that can be used."""
    found = _Rendered()
    for check in checks:
        if not check.accepted:
            found.rejected[check.index] = list(check.reasons)
        if not check.accepted or template is None:
            continue
        try:
            text = template.render(loaded.features[check.index], check.index)
        except TemplateError as error:
            found.rejected[check.index] = [error.message]
            if isinstance(error, MissingAttribute):
                found.missing.setdefault(error.name, []).append(check.index)
            continue
        runid = sanitise(text)
        reason = unusable_runid(runid)
        if reason is None:
            found.made[check.index] = (text, runid)
        else:
            found.rejected[check.index] = [reason]
    return found


def _run_of(check: FeatureCheck, runid: str) -> dict[str, Any]:
    run = {
        "runid": runid,
        "index": check.index,
        "id": check.id,
        "feature_sha256": check.sha256,
        "area_m2": round(check.area_m2 or 0.0, 1),
    }
    return run | {"point": True} if isinstance(check.geometry, Point) else run


def write_run_features(
    path: Path, runs: Iterable[dict[str, Any]], checks: list[FeatureCheck], loaded: LoadedCollection
) -> None:
    """Write one GeoJSON feature a line: polygon or outlet in WGS84, the user's properties, the run's members."""
    lines = []
    for run in runs:
        check = checks[run["index"]]
        feature = {
            "type": "Feature",
            "runid": run["runid"],
            "index": check.index,
            "sha256": check.sha256,
            "area_m2": run["area_m2"],
            "properties": check.properties,
            "geometry": mapping(check.geometry or Polygon()),
        }
        own_id = loaded.features[check.index].get("id")
        lines.append(json.dumps(feature if own_id is None else feature | {"id": own_id}))
    write_text(path, "\n".join(lines) + "\n")


def attributes(features: list[Any]) -> list[dict[str, Any]]:
    """The attributes of parsed features: name, type, in how many features, how many distinct values, samples."""
    rows = []
    for name, kind in attribute_schema(features).items():
        held = [_properties(feature).get(name) for feature in features]
        values = [value for value in held if value is not None]
        distinct = {json.dumps(value, sort_keys=True): value for value in values}
        samples = list(distinct.values())[:3]
        rows.append(
            {"name": name, "type": kind, "present": len(values), "distinct": len(distinct), "samples": samples}
        )
    return rows


def suggested_template(features: list[Any]) -> str | None:
    """A template from the first attribute that names every feature differently: a text before a number."""
    naming = [row for row in attributes(features) if row["distinct"] == len(features)]
    naming = [row for row in naming if row["type"] in ("string", "integer")]
    best = min(naming, key=lambda row: row["type"] != "string", default=None)
    return f"${{{best['name']}}}" if best else None


def _properties(feature: object) -> dict[str, Any]:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return properties if isinstance(properties, dict) else {}


def _unknown_attributes(template: Template, features: list[Any]) -> Iterable[str]:
    """Attributes that the template names and no feature has, with the nearest that there is."""
    known = list(attribute_schema(features))
    lowered = {name.lower(): name for name in known}
    for name in template.attributes:
        if name not in known:
            near = get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
            meant = f"did you mean '{lowered[near[0]]}'?" if near else f"there are: {', '.join(known) or 'none'}"
            yield f"no feature has an attribute '{name}'; {meant}"


def _duplicates(made: dict[int, tuple[str, str]]) -> list[dict[str, Any]]:
    """Run ids that several features would have; case does not count, since file systems differ in it."""
    indexes: dict[str, list[int]] = defaultdict(list)
    for index, (_, runid) in made.items():
        indexes[runid.lower()].append(index)
    return [{"runid": made[found[0]][1], "indexes": found} for found in indexes.values() if len(found) > 1]
