"""What a start did, event by event, as JSON lines: `logs/starts/<execution>.jsonl`.

For log collectors and for people who want to know afterwards; nothing of weppbatch's own rests on it.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from weppbatch.files import utc_now

FOLDER = Path("logs", "starts")


def event_log(folder: Path, execution: str) -> Path:
    """Where the events of an execution stand."""
    return folder / FOLDER / f"{execution.replace(':', '_')}.jsonl"


def stamped(batch: str, execution: str, events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Events with the time now, the batch and the execution before what they say."""
    now = utc_now()
    return [{"at": now, "batch": batch, "execution": execution, **event} for event in events]


def append(path: Path, events: Iterable[Mapping[str, Any]]) -> None:
    """Append a JSON line for each event, all in one write."""
    lines = "".join(json.dumps(event, ensure_ascii=False, default=str) + "\n" for event in events)
    if not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, lines.encode())
    finally:
        os.close(descriptor)
