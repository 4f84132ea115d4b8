"""Run ids: a text made into one, and the ids that no run may have. No files, no templates."""

import re
import unicodedata

MAX_LENGTH = 64

_RUNID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PLAIN_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d"})
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
_RESERVED = {"all", "_base", ".", ".."}


def sanitise(text: str) -> str:
    """A text as a run id: ASCII letters, digits, `.`, `_` and `-`, at most 64, first and last no punctuation.

    Accents are dropped, all else becomes a dash. A text that is a run id already stays as it is; one with
    nothing to keep becomes empty.
    """
    if _RUNID.fullmatch(text) and not text.endswith("."):
        return text
    plain = unicodedata.normalize("NFKD", text.translate(_PLAIN_LETTERS)).encode("ascii", "ignore").decode()
    kept = re.sub(r"-*(?:[^A-Za-z0-9._-]+-*)+", "-", plain)
    return kept.strip("-._")[:MAX_LENGTH].rstrip("-._")


def unusable_runid(runid: str) -> str | None:
    """Why a sanitised text can't be a run id: empty, reserved, or the name of a Windows device; else None."""
    if not runid:
        return "the template gives it an empty run id"
    if runid.lower() in _RESERVED:
        return f"its run id '{runid}' is reserved"
    if runid.split(".")[0].lower() in _DEVICES:
        return f"its run id '{runid}' is the name of a device on Windows"
    return None
