"""What a build of the report keeps for the next one: of each run what it told, and where its rows lie in the files.

A run counts as unchanged while its state and the size and time of each of its files are what they were, and so do
the batch's settings and the report's own code; any other is read again. Only for speed: `.cache/report.json` can
be removed at any time.
"""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from pathlib import Path
from time import time
from typing import Any

import pyarrow as pa

from weppbatch import __version__
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.remembered import SETTLED_S, WATCHED, watched_of
from weppbatch.batch.states import RunState
from weppbatch.errors import InputError
from weppbatch.files import read_json, sha256_of_json, sizes_and_times, write_text
from weppbatch.nodb.workspace import base_hashes
from weppbatch.report.spatial import PACKAGE
from weppbatch.report.tables import Earlier, MergedTable, Place

FILE = ".cache/report.json"


@dataclass
class Told:
    """What a run told a build, as plain values."""

    row: dict[str, Any]
    sketch: dict[str, Any]
    provenance: dict[str, Any]
    name: str
    problems: list[str]
    outdated: list[str]


@dataclass
class Kept:
    """What the last build kept, and what this one will.

    folder: where the last one's files lie, None when they are not what it wrote.
    """

    ledger: Ledger
    whole: str
    folder: Path | None = None
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    _now: float = field(default_factory=time)
    _noted: dict[str, dict[str, Any]] = field(default_factory=dict)
    _seen: dict[str, tuple[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, ledger: Ledger, *places: Path, drawn: object = None) -> "Kept":
        """What was kept in the first of some folders that has something for this batch, code and settings.

        drawn: what all sketches rest on.
        """
        whole = sha256_of_json([_code(), base_hashes(ledger.plan.folder / "_base"), repr(drawn)])
        for place in places:
            content = _read(place / FILE)
            if content.get("whole") == whole:
                folder, files = place / content["folder"], content["files"]
                if all(_stamp(folder / name) == about["stamp"] for name, about in files.items()):
                    return cls(ledger, whole, folder, content["runs"], files)
        return cls(ledger, whole)

    def told(self, runid: str) -> Told | None:
        """What a run told the last build, None when anything that it rests on has changed."""
        entry = self.runs.get(runid)
        self._seen[runid] = self._stamp_of(runid)
        if entry is None or entry["stamp"] != self._seen[runid][0]:
            return None
        self._noted[runid] = entry
        return Told(**entry["told"])

    def note(self, runid: str, told: Told) -> Told:
        """Keep what a run told just now, unless it is at work or its files are so young that they may change.

        Returns it as it will be read again.
        """
        content = json.loads(json.dumps(vars(told)))
        stamp, newest_s = self._seen[runid]  # as it was before the run was read
        at_work = any(task.status == "running" for task in self.ledger.runs[runid].tasks.values())
        if newest_s < self._now - SETTLED_S and not at_work:
            self._noted[runid] = {"stamp": stamp, "told": content}
        return Told(**content)

    def earlier(self, name: str) -> Earlier | None:
        """The last build's merged file, to take rows from."""
        if self.folder is None or name not in self.files:
            return None
        schemas = [
            pa.ipc.read_schema(pa.BufferReader(base64.b64decode(text))) for text in self.files[name]["schemas"]
        ]
        places = {runid: Place(*place) for runid, place in self.files[name]["places"].items()}
        return Earlier(self.folder / name, schemas, places)

    def save(self, folder: Path, merged: Mapping[str, MergedTable]) -> None:
        """Keep it beside a folder with all files as they are now, where that can be written."""
        if not os.access(folder.parent, os.W_OK):
            return
        files: dict[str, dict[str, Any]] = {
            name: {
                "schemas": [base64.b64encode(schema.serialize()).decode() for schema in table.schemas],
                "places": {runid: place for runid, place in table.places.items() if runid in self._noted},
            }
            for name, table in merged.items()
        } or self.files
        files.setdefault(PACKAGE, {"schemas": [], "places": {}})
        for name, about in files.items():
            about["stamp"] = _stamp(folder / name)
        content = {"whole": self.whole, "folder": folder.name, "files": files, "runs": self._noted}
        write_text(folder.parent / FILE, json.dumps(content, separators=(",", ":")))

    def _stamp_of(self, runid: str) -> tuple[str, float]:
        """A checksum over what a run's part of the report rests on, and the newest time of its files (s)."""
        state = self.ledger.runs[runid]
        wd = f"{self.ledger.plan.folder}/runs/{runid}"
        seen = sizes_and_times(wd, WATCHED)
        seen += sizes_and_times(wd, watched_of(state.tasks))
        digest = blake2b(_words(state, self.ledger.plan.entries[runid]).encode(), digest_size=16)
        digest.update(seen.tobytes())
        return digest.hexdigest(), max(seen[1::2]) / 1e9


def _words(state: RunState, entry: Mapping[str, Any]) -> str:
    """What a run's state and its feature say."""
    tasks = [
        (name, task.status, task.reason, Path(task.path).name if task.path else "")
        for name, task in state.tasks.items()
    ]
    return repr((state.status, state.reason, tasks, entry["feature_sha256"]))


@cache
def _code() -> str:
    """A checksum over the program: what another one kept is of no use."""
    digest = blake2b(__version__.encode(), digest_size=16)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _stamp(path: Path) -> list[int]:
    """Size and time of change (ns) of a file; nothing where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return []
    return [status.st_size, status.st_mtime_ns]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except (OSError, InputError):
        return {}
    return content if isinstance(content, dict) else {}
