"""Tells somebody that a start has ended: a webhook with JSON, mail, or a command of the user's.

A notification that fails is said and never changes how the start ended. Without one, no request leaves the machine.
"""

import json
import os
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from weppbatch import __version__
from weppbatch.batch.history import log_events, make_event
from weppbatch.errors import InputError, InputProblems

NOTIFY = "WEPPBATCH_NOTIFY"
MAIL = "WEPPBATCH_MAIL"
SENDMAIL = "/usr/sbin/sendmail -t -i"
WAIT_S = 15.0
COMMAND_S = 60.0
NAMED = 20  # failures that are written out
ENVIRONMENT = {
    "WEPPBATCH_OUTCOME": "outcome",
    "WEPPBATCH_EXIT_CODE": "exit_code",
    "WEPPBATCH_NAME": "batch",
    "WEPPBATCH_TEXT": "text",
    "WEPPBATCH_REPORT": "report",
}
OUTCOMES = {
    0: "complete",
    1: "completed with failures",
    3: "incomplete through a fault",
    5: "interrupted",
}


class _NoRedirect(HTTPRedirectHandler):
    """A webhook's answer may not send the message elsewhere."""

    def redirect_request(self, *arguments: Any, **named: Any) -> None:
        return None


def recipients(named: Iterable[str]) -> list[str]:
    """Who is to be told: those that are named, or else those of WEPPBATCH_NOTIFY, one a line.

    Raises InputProblems naming each that can't be told apart as https://..., mailto:... or command:....
    """
    found = [text.strip() for text in (*named,) or os.environ.get(NOTIFY, "").splitlines() if text.strip()]
    problems = [problem for text in found if (problem := _problem(text))]
    if problems:
        raise InputProblems("nobody can be told:", problems)
    return found


def _problem(text: str) -> str:
    kind, _, rest = text.partition(":")
    if kind in ("http", "https"):
        return "" if urlsplit(text).hostname else f"'{text}' has no host"
    if kind == "mailto":
        whole = "@" in rest and not any(letter.isspace() or letter in ",;" for letter in rest)
        return "" if whole else f"'{text}' is no address; say mailto:NAME@HOST"
    if kind == "command":
        return "" if rest.strip() else f"'{text}' names no command"
    return f"'{text}' is not https://..., mailto:NAME@HOST or command:..."


def message(
    snapshot: Mapping[str, Any], *, batch: str, folder: str, exit_code: int, counts: Mapping[str, int], report: str
) -> dict[str, Any]:
    """What a notification says, as JSON; `text` is the line for people, by the name that chat services read."""
    outcome = OUTCOMES.get(exit_code, "ended")
    told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    return {
        "event": "finished",
        "outcome": outcome,
        "text": f"{batch}: {outcome} ({told})",
        "batch": batch,
        "folder": folder,
        "execution": snapshot["execution"],
        "exit_code": exit_code,
        "elapsed_s": snapshot["elapsed_s"],
        "counts": dict(counts),
        "tasks": snapshot["tasks"],
        "failed": snapshot["failed"],
        "failures": [
            {key: failure[key] for key in ("runid", "task", "category", "message")}
            for failure in snapshot["failures"][:NAMED]
        ],
        "report": report,
        "weppbatch": __version__,
    }


def notify(folder: Path, told: Sequence[str], content: Mapping[str, Any]) -> list[str]:
    """Tell everyone; returns what went wrong, in words, which stands in logs/batch.jsonl too."""
    problems = []
    for recipient in told:
        kind, _, rest = recipient.partition(":")
        try:
            if kind == "mailto":
                _mail(rest, content)
            elif kind == "command":
                _run(["/bin/sh", "-c", rest], json.dumps(content, ensure_ascii=False) + "\n", content)
            else:
                _post(recipient, content)
        except (OSError, URLError, InputError, subprocess.SubprocessError, ValueError) as error:
            problems.append(f"{_named(recipient)} could not be told: {error}")
    if problems:
        log_events(folder, [make_event("notification_failed", reason=text) for text in problems])
    return problems


def _named(recipient: str) -> str:
    """A recipient without what may be a secret: a webhook's path and query."""
    parts = urlsplit(recipient)
    return f"{parts.scheme}://{parts.hostname}/..." if parts.scheme in ("http", "https") else recipient


def _post(url: str, content: Mapping[str, Any]) -> None:
    body = json.dumps(content, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": f"weppbatch/{__version__}"}
    with build_opener(_NoRedirect).open(Request(url, body, headers), timeout=WAIT_S) as answer:
        answer.read(1024)


def _mail(address: str, content: Mapping[str, Any]) -> None:
    """Hand a message to the mail program: sendmail, or what WEPPBATCH_MAIL names, which reads it with its head."""
    failures = [f"{failure['runid']} {failure['task']}: {failure['message']}" for failure in content["failures"]]
    subject = " ".join(str(content["text"]).split())
    head = [f"To: {address}", f"Subject: [weppbatch] {subject}", "Content-Type: text/plain; charset=utf-8", ""]
    body = [str(content["text"]), *failures, "", f"Report: {content['report']}", str(content["execution"])]
    words = shlex.split(os.environ.get(MAIL) or SENDMAIL)
    _run(words, "\n".join([*head, *body]) + "\n", content)


def _run(words: Sequence[str], text: str, content: Mapping[str, Any]) -> None:
    """Call a program with a text on its input and the outcome in its environment. Raises InputError, OSError."""
    environment = {name: str(content[key]) for name, key in ENVIRONMENT.items()}
    done = subprocess.run(
        words,
        input=text,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    if done.returncode:
        raise InputError(f"exit code {done.returncode}: {done.stderr.strip()[-300:]}")
