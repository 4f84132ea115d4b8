"""How the progress of a start is shown: one screen in a terminal, plain lines elsewhere, JSON lines for machines.

Takes snapshots and events as `batch.progress` gives them. Looks at no file.
"""

import json
import sys
from collections.abc import Sequence
from time import monotonic
from types import TracebackType
from typing import Any, Protocol, Self

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from weppbatch.batch.estimate import spoken_s
from weppbatch.batch.progress import Event
from weppbatch.commands.console import readable, say
from weppbatch.files import utc_now

LINE_S = 60.0
PROGRESS_S = 10.0
BAR_WIDTH = 30
LEAST_ROWS = 3


class Display(Protocol):
    """Something that shows how far a start has come."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def update(self, snapshot: dict[str, Any], events: Sequence[Event]) -> None:
        """Show the snapshot, and what happened since the last one."""


class _Plain:
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class Lines(_Plain):
    """A line for each run that is done and each task that failed, and how far it is every minute."""

    def __init__(self) -> None:
        self._said = monotonic()

    def update(self, snapshot: dict[str, Any], events: Sequence[Event]) -> None:
        """Print what happened."""
        self.tell(events)
        if monotonic() - self._said > LINE_S:
            self._said = monotonic()
            say(f"  {summary(snapshot)}")

    @staticmethod
    def tell(events: Sequence[Event]) -> None:
        """Print the runs that are done and the tasks that failed."""
        for event in events:
            if event["event"] == "run_done":
                say(f"  {event['runid']}: done")
            elif event["event"] == "task_failed":
                say(f"  {event['runid']}: {event['task']} failed: {str(event['message']).partition(chr(10))[0]}")


class JsonLines(_Plain):
    """Every event as a JSON line, and how far it is every ten seconds."""

    def __init__(self) -> None:
        self._said = monotonic()

    def update(self, snapshot: dict[str, Any], events: Sequence[Event]) -> None:
        """Print the events."""
        for event in events:
            say_line(event)
        if monotonic() - self._said > PROGRESS_S:
            self._said = monotonic()
            say_line({"at": utc_now(), "event": "progress", **snapshot})


class Screen:
    """One screen of a terminal that is drawn anew, with what failed above it as it comes."""

    def __init__(self, title: str, console: Console | None = None) -> None:
        self.title = title
        self.console = console or Console(highlight=False, markup=False, emoji=False)
        self._live = Live(console=self.console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def update(self, snapshot: dict[str, Any], events: Sequence[Event]) -> None:
        """Draw it."""
        self._live.update(drawn(self.title, snapshot, self.console.size.height), refresh=True)


def display_for(title: str, *, as_json: bool) -> Display:
    """The display that fits where the output goes."""
    if as_json:
        return JsonLines()
    return Screen(title) if sys.stdout.isatty() else Lines()


def say_line(value: object) -> None:
    """Print a value as one JSON line, at once."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=str))
    sys.stdout.flush()


def summary(snapshot: dict[str, Any]) -> str:
    """How far a start has come, in a line."""
    tasks = snapshot["tasks"].values()
    done, total, running = (sum(task[key] for task in tasks) for key in ("done", "total", "running"))
    runs = snapshot["runs"]
    said = [f"{done} of {total} tasks", f"{runs['done']} of {runs['total']} runs done"]
    said += [f"{running} running"] if running else []
    said += [f"{snapshot['failed']} failed"] if snapshot["failed"] else []
    return ", ".join([*said, *pace(snapshot)])


def pace(snapshot: dict[str, Any]) -> list[str]:
    """Time gone, tasks a minute, time left as far as it is known."""
    said = [f"{spoken_s(snapshot['elapsed_s'])} gone"]
    said += [f"{snapshot['tasks_per_minute']:g} tasks a minute"] if snapshot["tasks_per_minute"] else []
    left_s = snapshot["left_s"]
    return [*said, *([f"about {spoken_s(left_s)} left"] if left_s else [])]


def drawn(title: str, snapshot: dict[str, Any], height: int) -> Group:
    """The screen of a snapshot, in at most so many lines."""
    tasks = _tasks_table(snapshot)
    room = max(2 * LEAST_ROWS, height - tasks.row_count - 8)
    failed = min(len(snapshot["failures"]), max(LEAST_ROWS, room // 2))
    running = snapshot["running"][: max(LEAST_ROWS, room - failed)]
    more = len(snapshot["running"]) - len(running)
    parts: list[Any] = [Text(readable(title), style="bold"), Text(", ".join(pace(snapshot))), Text(), tasks]
    if running:
        parts += [Text(f"\nRunning now ({len(snapshot['running'])})", style="bold"), _running_table(running)]
        parts += [Text(f"and {more} more", style="dim")] if more > 0 else []
    if failed:
        parts += [Text(f"\nFailed ({snapshot['failed']})", style="bold red"), _failed_table(snapshot, failed)]
    return Group(*parts)


def _tasks_table(snapshot: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("task", "", "done", "running", "failed", "held up"):
        table.add_column(column, justify="left" if column in ("task", "") else "right")
    for task, counts in snapshot["tasks"].items():
        bar = ProgressBar(total=counts["total"], completed=counts["done"], width=BAR_WIDTH)
        rest = (str(counts[key] or "") for key in ("running", "failed", "held_up"))
        table.add_row(task, bar, f"{counts['done']} of {counts['total']}", *rest)
    return table


def _running_table(running: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for job in running:
        table.add_row(job["runid"], job["task"], spoken_s(job["elapsed_s"]), readable(job["host"]))
    return table


def _failed_table(snapshot: dict[str, Any], count: int) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for column in range(3):
        table.add_column(no_wrap=True, overflow="ellipsis" if column == 2 else "fold")
    for failure in snapshot["failures"][-count:]:
        table.add_row(failure["runid"], failure["task"], Text(readable(str(failure["message"])).replace("\n", " ")))
    return table
