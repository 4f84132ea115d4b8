"""Why runs are not complete and what is worth a look, said once for all runs that have the same.

Takes what is said of single runs. Two texts are the same when they differ in numbers and in the run's own id alone.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

NUMBER = re.compile(r"[-−]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?")


@dataclass
class Cause:
    """One reason with the runs that it holds for; the texts are those of the first of them.

    task: the one that says so, '' where none does. where: what stands behind the runs. alike: whether the texts of
    the other runs differ from the first in numbers. features: what is not a run yet, by name.
    """

    status: str
    message: str
    task: str = ""
    where: str = ""
    hint: str = ""
    first_cause: str = ""
    log: str = ""
    name: str = ""
    runs: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    alike: bool = False


class Causes:
    """Gathers causes; `listed` gives them by status in the order given, those of most runs first."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], Cause] = {}

    def add(self, runid: str, cause: Cause) -> None:
        """Take in what holds for a run."""
        key = (cause.status, cause.task, pattern(cause.where, runid), pattern(cause.message, runid))
        known = self._found.setdefault(key, cause)
        known.runs.append(runid)
        known.alike = known.alike or known.message != cause.message

    def listed(self, statuses: Iterable[str]) -> list[Cause]:
        """All of them."""
        places = {status: place for place, status in enumerate(statuses)}
        return sorted(self._found.values(), key=lambda cause: (places[cause.status], -len(cause.runs)))


@dataclass
class Notice:
    """Something worth a look, with the runs that it holds for; see `Cause`."""

    text: str
    runs: list[str] = field(default_factory=list)
    alike: bool = False


class Notices:
    """Gathers notices; `listed` gives those of most runs first."""

    def __init__(self) -> None:
        self._found: dict[str, Notice] = {}

    def add(self, runid: str, text: str) -> None:
        """Take in what holds for a run."""
        known = self._found.setdefault(pattern(text, runid), Notice(text))
        if runid not in known.runs[-1:]:
            known.runs.append(runid)
        known.alike = known.alike or known.text != text

    def listed(self) -> list[Notice]:
        """All of them."""
        return sorted(self._found.values(), key=lambda notice: -len(notice.runs))


def pattern(text: str, runid: str) -> str:
    """A text without its numbers and the run's id, to tell whether two say the same."""
    return NUMBER.sub("#", re.sub(rf"(?<!\w){re.escape(runid)}(?!\w)", "*", text))
