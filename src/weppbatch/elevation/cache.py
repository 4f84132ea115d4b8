"""The batch's store of fetched elevations: pieces keyed by source and tile, each whole and with its checksum.

Several tasks may ask for the same tile at once: one fetches, the others wait and find it. A piece counts only with
its note, which is written last and holds the checksum. It does not know how anything is fetched.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weppbatch.errors import BatchBusy, InputError, NetworkError
from weppbatch.files import read_json, sha256_of_json, sha256_once, utc_now, write_json
from weppbatch.lock import holding

DEM_CACHE = "resources/dem"
TILE_WAIT_S = 900.0


class StillFetching(NetworkError):
    """Another task has been at the same tile for too long."""


@dataclass(frozen=True)
class Piece:
    """A fetched raster and its note."""

    path: Path
    note: dict[str, Any]


@dataclass(frozen=True)
class Cache:
    """The pieces of one source."""

    folder: Path

    @classmethod
    def of(cls, root: Path, spec: str) -> "Cache":
        """The folder of a source below the cache's root: readable, and different for different sources."""
        return cls(root / f"{slug(spec)[:40]}-{sha256_of_json(spec)[:8]}")

    @contextmanager
    def fetching(self, tile: str) -> Iterator[None]:
        """While this is held no other task fetches pieces of the tile. Raises StillFetching after a long wait."""
        try:
            with holding(self.folder / f".{tile}.lock", wait_s=TILE_WAIT_S, purpose=f"fetching {tile}"):
                yield
        except BatchBusy as error:
            raise StillFetching(error.message, hint="run it again; what was fetched is kept") from error

    def path(self, name: str) -> Path:
        """Where a piece lies, or will."""
        return self.folder / f"{name}.tif"

    def find(self, name: str) -> Piece | None:
        """A piece, if it is there, whole and unchanged."""
        path = self.path(name)
        try:
            note = read_json(path.with_suffix(".json"))
            whole = path.stat().st_size == note["bytes"] and sha256_once(path) == note["sha256"]
        except (FileNotFoundError, InputError, KeyError, TypeError):
            return None
        return Piece(path, note) if whole else None

    def seal(self, name: str, about: dict[str, Any]) -> Piece:
        """Make a raster that was just put in its place a piece, by writing its note."""
        path = self.path(name)
        note = about | {"bytes": path.stat().st_size, "sha256": sha256_once(path), "fetched_at": utc_now()}
        write_json(path.with_suffix(".json"), note)
        return Piece(path, note)

    def note_absent(self, tile: str, start: str) -> None:
        """Keep that the source has no such tile, for the tasks of the same start."""
        if start:
            write_json(self.folder / f".{tile}.absent", {"start": start})

    def is_absent(self, tile: str, start: str) -> bool:
        """Whether this start asked for the tile before, and there was none."""
        try:
            return bool(start) and bool(read_json(self.folder / f".{tile}.absent")["start"] == start)
        except (FileNotFoundError, InputError, KeyError, TypeError):
            return False

    def versions_of(self, tile: str) -> list[dict[str, Any]]:
        """Which states of a tile its pieces are from; an empty one where that was not kept."""
        found = []
        for path in self._notes(tile):
            with suppress(FileNotFoundError, InputError):
                found.append(dict(read_json(path).get("version", {})))
        return found

    def forget(self, tile: str) -> None:
        """Let the pieces of a tile count no longer: they are fetched again when they are wanted."""
        for path in self._notes(tile):
            path.unlink(missing_ok=True)

    def _notes(self, tile: str) -> list[Path]:
        return sorted(self.folder.glob(f"{tile}_*.json"))

    def header_of(self, tile: str) -> dict[str, Any] | None:
        """What the pieces of a tile say about its grid, if there is one: no question has to be asked then."""
        for path in self._notes(tile):
            try:
                header: dict[str, Any] = read_json(path)["header"]
            except (FileNotFoundError, InputError, KeyError):
                continue
            return header
        return None


def slug(text: str) -> str:
    """A text as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower() or "source"
