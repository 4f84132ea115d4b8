"""What a new GeoJSON or template does to the runs that are there: kept, changed, new, vanished.

Takes the runs of a validation and the folders on disk. A changed run is made again by the next start, a
vanished one stays on disk until `clean`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weppbatch.batch.runner import BatchRunner
from weppbatch.tasks.record import read_record


@dataclass(frozen=True)
class Comparison:
    """Run ids of a validation against the disk; `kept` and `changed` are those whose work has begun."""

    kept: list[str]
    changed: list[str]
    new: list[str]
    vanished: list[str]

    def to_json(self) -> dict[str, list[str]]:
        """The comparison as `validate --json` gives it."""
        return dict(vars(self))


def compare(folder: Path, runs: Iterable[Mapping[str, Any]]) -> Comparison:
    """Compare a valid validation's runs with the folders of the batch."""
    found: dict[str, list[str]] = {"kept": [], "changed": [], "new": []}
    wanted = {str(run["runid"]): run["feature_sha256"] for run in runs}
    for runid, feature_sha256 in wanted.items():
        window = read_record(folder / "runs" / runid / "extent.json")
        if window is None:
            found["new"].append(runid)
        else:
            same = window.get("feature_sha256", feature_sha256) == feature_sha256
            found["kept" if same else "changed"].append(runid)
    return Comparison(**found, vanished=_without_feature(folder, wanted))


def vanished(runner: BatchRunner) -> list[str]:
    """The runs on disk whose feature is gone; none while the run ids are not valid, for then nobody knows."""
    return _without_feature(Path(runner.wd), set(runner.runids)) if runner.validation_state == "valid" else []


def _without_feature(folder: Path, runids: Iterable[str]) -> list[str]:
    known = set(runids)
    return sorted(path.name for path in (folder / "runs").glob("*/") if path.name not in known)
