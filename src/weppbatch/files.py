"""Files that are whole or absent: atomic writes, checksums, and where the shipped folders are.

Standard library only. Nothing here knows about batches or tasks.
"""

import hashlib
import json
import os
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from weppbatch.errors import InputError

ABSENT = -1


def utc_now() -> str:
    """The time now as ISO 8601 in UTC, to the millisecond: 2026-01-31T12:00:00.000Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fsync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_file(path: Path) -> None:
    """Make a file's content survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and put what was written there in its place, whole or not at all.

    The temporary name keeps the suffix, since many writers choose the format by it. If the block raises, the
    old file stays as it was and the temporary one is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        fsync_file(temporary)
        temporary.replace(path)
        fsync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8) atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a binary file atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, value: object) -> None:
    """Write a value as indented JSON, atomically; NaN is refused, for no other program reads it."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises InputError naming the file when it is not JSON, FileNotFoundError when it is not there.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid JSON: {error}") from error


def append_line(path: Path, value: object) -> None:
    """Append one JSON line in a single write, so that lines of several writers never mix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = (json.dumps(value, ensure_ascii=False) + "\n").encode()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def sha256_of_file(path: Path) -> str:
    """The SHA-256 of a file's content, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_once(path: Path) -> str:
    """The SHA-256 of a large file that others keep, computed once a process while its size and time of change stay.

    Not for files of our own: one that is written twice within the clock's few milliseconds may look the same.
    """
    status = path.stat()
    return _sha256_of_stamp(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _sha256_of_stamp(path: Path, _size: int, _mtime_ns: int) -> str:
    return sha256_of_file(path)


def sha256_of_json(value: object) -> str:
    """The SHA-256 of a value written as canonical JSON (sorted keys, no spaces), in hex."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def shipped(name: str) -> Path:
    """The folder `workflow`, `profiles` or `config`, wherever the package was installed from.

    Inside a wheel they lie in weppbatch/shipped; in a checkout at the repository's root.
    """
    package = Path(__file__).resolve().parent
    for candidate in (package / "shipped" / name, package.parents[1] / name):
        if candidate.is_dir():
            return candidate
    raise InputError(f"the folder '{name}' of weppbatch is missing", hint="install weppbatch again")


def sizes_and_times(folder: str, names: Iterable[str]) -> "array[int]":
    """Size (bytes) and time of change (ns) of each file, one after the other; twice ABSENT where there is none."""
    seen = array("q")
    try:
        at = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        return array("q", [ABSENT for _ in names for _ in range(2)])
    try:
        for name in names:
            try:
                status = os.stat(name, dir_fd=at)
            except OSError:
                seen.extend((ABSENT, ABSENT))
            else:
                seen.extend((status.st_size, status.st_mtime_ns))
    finally:
        os.close(at)
    return seen
