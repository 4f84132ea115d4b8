"""A GeoJSON file as a user gives it: read with care, checked, and registered as the batch's watersheds.

`load_geojson` takes a path and gives the collection and its CRS; `register` streams the file into the batch.
The content is parsed in collection.py, features are judged in features.py, run ids are made in validation.py.
"""

import hashlib
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weppbatch.batch.collection import OTHER_FORMATS, LoadedCollection, parse_geojson
from weppbatch.batch.features import FeatureCheck, check_features
from weppbatch.errors import ConfigError, InputError, InputProblems
from weppbatch.files import replacing, sha256_of_file, utc_now
from weppbatch.nodb.pickled import check_writable

if TYPE_CHECKING:
    from weppbatch.batch.runner import BatchRunner

WATERSHEDS = "resources/watersheds.geojson"
EXTENSIONS = (".geojson", ".json")
_CHUNK_BYTES = 1 << 20


class UploadTooLarge(InputError):
    """The file has more bytes than BATCH_GEOJSON_MAX_MB allows."""


@dataclass(frozen=True)
class UploadReport:
    """What `register` did: the resource as stored, every feature's check, and what the file replaced."""

    resource: dict[str, Any]
    checks: list[FeatureCheck]
    replaced: dict[str, Any] | None

    @property
    def unchanged(self) -> bool:
        """Whether the file is the one that was there already."""
        return self.replaced is not None and self.replaced.get("checksum") == self.resource["checksum"]


def max_upload_bytes() -> int:
    """The largest GeoJSON file taken: BATCH_GEOJSON_MAX_MB (default 10) times 2^20."""
    text = os.environ.get("BATCH_GEOJSON_MAX_MB", "10")
    try:
        megabytes = float(text)
    except ValueError:
        megabytes = 0.0
    if not 0 < megabytes < 1e6:
        raise ConfigError(f"BATCH_GEOJSON_MAX_MB is '{text}', not a number of megabytes above 0")
    return int(megabytes * 2**20)


def load_geojson(path: Path) -> LoadedCollection:
    """Read and check a GeoJSON file.

    Raises InputError, UploadTooLarge, NotAFeatureCollection or CrsMismatch: the extension, the size, the content
    or the coordinates are not what they should be.
    """
    _check_extension(path)
    limit = max_upload_bytes()
    if path.stat().st_size > limit:
        raise _too_large(path, limit)
    return parse_geojson(path.read_bytes(), path.name)


def register(batch: "BatchRunner", path: Path, user: str) -> UploadReport:
    """Copy a GeoJSON file into the batch as its watersheds, in the place of an older one, and record it.

    The copy is checked before it takes the old one's place: when the file is invalid or no feature is usable,
    nothing changes. Raises as `load_geojson`, and InputProblems when no feature is usable.
    """
    _check_extension(path)
    with batch.locked() as held:
        target = Path(held.wd, WATERSHEDS)
        replaced = held.resources.get("watershed_geojson")
        with replacing(target) as temporary:
            checksum = _stream(path, temporary, max_upload_bytes())
            loaded = parse_geojson(temporary.read_bytes(), path.name)
            checks = check_features(loaded.data, loaded.crs)
            if not any(check.accepted for check in checks):
                raise InputProblems(
                    f"no feature of {path.name} can be used",
                    [f"{check.label}: {'; '.join(check.reasons)}" for check in checks],
                )
            attributes = attribute_schema(loaded.features)
            check_writable(attributes, f"{path.name}, the attributes")
        resource = {
            "relative_path": WATERSHEDS,
            "source_name": path.name,
            "feature_count": len(checks),
            "accepted_count": sum(check.accepted for check in checks),
            "bbox": _bbox(checks),
            "checksum": checksum,
            "bytes": target.stat().st_size,
            "epsg": loaded.epsg,
            "crs": loaded.crs.to_string(),
            "crs_declared": loaded.declared,
            "attribute_schema": attributes,
            "uploaded_at": utc_now(),
            "uploaded_by": user,
        }
        held.register_geojson(resource)
    return UploadReport(resource, checks, replaced)


def registered(batch: "BatchRunner") -> tuple[LoadedCollection, dict[str, Any]]:
    """The batch's watersheds and their resource entry.

    Raises InputError when there are none yet, or when the file is not the one that was registered.
    """
    resource = batch.resources.get("watershed_geojson")
    path = Path(batch.wd, WATERSHEDS)
    if resource is None or not path.exists():
        raise InputError(
            f"batch '{batch.folder_name}' has no watersheds yet",
            hint=f"weppbatch add {batch.folder_name} watersheds FILE.geojson",
        )
    if sha256_of_file(path) != resource["checksum"]:
        raise InputError(
            f"{path} is not the file that was registered on {resource['uploaded_at']}",
            hint=f"register it: weppbatch add {batch.folder_name} watersheds FILE.geojson",
        )
    return parse_geojson(path.read_bytes(), path.name), resource


def attribute_schema(features: list[Any]) -> dict[str, str]:
    """The attributes of all features with their type: string, integer, number, boolean, object, array, null,
    or mixed where features differ (integers among numbers are numbers; null fits any)."""
    kinds: dict[str, set[str]] = {}
    for feature in features:
        properties = feature.get("properties") if isinstance(feature, dict) else None
        for name, value in properties.items() if isinstance(properties, dict) else ():
            kinds.setdefault(name, set()).add(_kind(value))
    return {name: _common(found) for name, found in kinds.items()}


# --- parts --------------------------------------------------------------------------------------------------


def _check_extension(path: Path) -> None:
    if path.suffix.lower() not in EXTENSIONS:
        raise InputError(f"{path.name} does not end in .geojson or .json", hint=OTHER_FORMATS)
    if not path.is_file():
        raise InputError(f"{path} is not a file")


def _too_large(path: Path, limit: int) -> UploadTooLarge:
    return UploadTooLarge(
        f"{path.name} is larger than {round(limit / 2**20, 4):g} MB",
        hint="simplify the outlines, drop attributes, split the file, or raise BATCH_GEOJSON_MAX_MB",
    )


def _stream(source: Path, target: Path, limit: int) -> str:
    """Copy in chunks and give the SHA-256; stops at the limit, so that a growing file can't fill the disk."""
    digest, copied = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("wb") as writer:
        while chunk := reader.read(_CHUNK_BYTES):
            copied += len(chunk)
            if copied > limit:
                raise _too_large(source, limit)
            digest.update(chunk)
            writer.write(chunk)
    return digest.hexdigest()


def _bbox(checks: list[FeatureCheck]) -> list[float]:
    """West, south, east, north of the accepted watersheds, in WGS84 degrees."""
    boxes = [check.geometry.bounds for check in checks if check.accepted and check.geometry is not None]
    west, south, east, north = zip(*boxes, strict=True)
    return [min(west), min(south), max(east), max(north)]


def _kind(value: object) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _common(kinds: set[str]) -> str:
    counted = Counter(kinds - {"null"})
    if set(counted) == {"integer", "number"}:
        return "number"
    return next(iter(counted), "null") if len(counted) < 2 else "mixed"
