"""The audit trail: how an event is made and where it is logged. Keeping it in the state is the runner's."""

import os
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from weppbatch.batch.access import current_user
from weppbatch.files import append_line, sha256_of_json, utc_now

LOG = Path("logs", "batch.jsonl")


def make_event(
    event: str, *, reason: str = "", payload: Any = None, details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """One event: who, where, when, why, and the SHA-256 of what was changed (`payload`, a JSON value).

    client: the address that the user came from by SSH, else None. details: further members of the event.
    """
    address = os.environ.get("SSH_CLIENT", "").split()
    return {
        **(details or {}),
        "event": event,
        "at": utc_now(),
        "user": current_user(),
        "host": socket.gethostname(),
        "client": address[0] if address else None,
        "reason": reason,
        "payload_sha256": None if payload is None else sha256_of_json(payload),
    }


def log_events(batch: Path, events: Iterable[Mapping[str, Any]]) -> None:
    """Append events to the batch's logs/batch.jsonl, one JSON line each."""
    for event in events:
        append_line(batch / LOG, event)
