"""Tasks that a user asked to be made again although their results are good, until each has been.

A request belongs to one start, but outlives it when that is killed: it names sentinels with the time each was
written, and one that still has that time is still to be made again. Plain Snakemake never reads it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from weppbatch.batch.access import current_user
from weppbatch.files import utc_now, write_json
from weppbatch.tasks.record import read_record

FILE = ".force.json"


def written_ns(path: Path) -> int | None:
    """When a file was written, in nanoseconds, or None when it is not there."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def stamps(folder: Path, sentinels: Iterable[str]) -> dict[str, int]:
    """Those of the sentinels (relative to the batch) that are there, with the time each was written."""
    found = ((name, written_ns(folder / name)) for name in sentinels)
    return {name: time_ns for name, time_ns in found if time_ns is not None}


def pending(folder: Path) -> dict[str, int]:
    """The sentinels of all requests, with the time that makes each one still to be made again."""
    return {name: time_ns for request in _requests(folder) for name, time_ns in request["sentinels"].items()}


def record(folder: Path, execution: str, tasks: Iterable[str], sentinels: Mapping[str, int]) -> None:
    """Add a start's request to those that are not fulfilled yet."""
    earlier = [
        request | {"sentinels": {name: at for name, at in request["sentinels"].items() if name not in sentinels}}
        for request in _requests(folder)
    ]
    request = {
        "execution": execution,
        "at": utc_now(),
        "user": current_user(),
        "tasks": list(tasks),
        "runids": list(dict.fromkeys(name.split("/")[1] for name in sentinels)),
        "sentinels": dict(sentinels),
    }
    _write(folder, [*earlier, request])


def settle(folder: Path) -> None:
    """Drop what has been made again, or is gone; the file goes with the last of it."""
    requests = _requests(folder)
    left = [
        request
        | {"sentinels": {name: at for name, at in request["sentinels"].items() if written_ns(folder / name) == at}}
        for request in requests
    ]
    if left != requests:
        _write(folder, left)


def forget(folder: Path) -> None:
    """Withdraw every request."""
    (folder / FILE).unlink(missing_ok=True)


def _requests(folder: Path) -> list[dict[str, Any]]:
    content = read_record(folder / FILE) or {}
    return list(content.get("requests", []))


def _write(folder: Path, requests: list[dict[str, Any]]) -> None:
    open_requests = [request for request in requests if request["sentinels"]]
    if open_requests:
        write_json(folder / FILE, {"requests": open_requests})
    else:
        forget(folder)
