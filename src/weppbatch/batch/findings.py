"""What a look at a batch finds before anything runs: each finding with its severity, its runs and its remedy.

No check is made here, only how findings are held, told, and turned into a refusal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from weppbatch.errors import InputProblems

NAMED = 5  # run ids that are written out
SEVERITIES = ("error", "warning", "note")


class DoctorRefuses(InputProblems):
    """A start would fail, in some runs or in all; nothing was started."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (error: tasks will fail), odd (warning) or not looked into (note).

    No `runids`: it is about the batch.
    """

    severity: Literal["error", "warning", "note"]
    about: str
    text: str
    remedy: str
    runids: tuple[str, ...] = ()

    def line(self) -> str:
        """The finding as one line."""
        return f"{self.about}: {self.text}" + (f" [{shown(self.runids)}]" if self.runids else "")

    def to_json(self) -> dict[str, Any]:
        """The finding as plain values."""
        return {
            "severity": self.severity,
            "about": self.about,
            "text": self.text,
            "remedy": self.remedy,
            "runids": list(self.runids),
        }


def errors_of(findings: Iterable[Finding]) -> list[Finding]:
    """Those that keep a start from succeeding."""
    return [finding for finding in findings if finding.severity == "error"]


def warnings_of(findings: Iterable[Finding]) -> list[Finding]:
    """Those that may."""
    return [finding for finding in findings if finding.severity == "warning"]


def concerned(findings: Iterable[Finding]) -> dict[str, str]:
    """The runs that have errors of their own, with what is wrong with each."""
    found: dict[str, list[str]] = {}
    for finding in errors_of(findings):
        for runid in finding.runids:
            found.setdefault(runid, []).append(f"{finding.about}: {finding.text}")
    return {runid: "; ".join(texts) for runid, texts in found.items()}


def refuse(name: str, findings: Sequence[Finding], command: str = "run") -> None:
    """Raise DoctorRefuses with every error, and how to leave the watersheds concerned out, if there is any."""
    errors = errors_of(findings)
    if not errors:
        return
    hints = ["mend it"]
    if concerned(findings):
        hints.append(f"leave the watersheds concerned out: weppbatch doctor {name} --exclude")
    hints.append(f"start anyway, and let what is wrong fail in its runs: weppbatch {command} {name} --anyway")
    problems = [f"{finding.line()}\n    {finding.remedy}" for finding in errors]
    raise DoctorRefuses(f"batch '{name}' can't be run as it is:", problems, hint=", or ".join(hints))


def shown(runids: Sequence[str]) -> str:
    """The first few run ids, and how many more."""
    more = f" and {len(runids) - NAMED} more" if len(runids) > NAMED else ""
    return ", ".join(runids[:NAMED]) + more
