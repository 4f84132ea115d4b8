"""Follows a start while it runs: to the screen, into its event log, into the metrics file; and tells of its end.

Looks whenever it is called. What can't be written is said once and never stops the start.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from weppbatch.batch.event_log import append, event_log, stamped
from weppbatch.batch.metrics import metrics_file, write_metrics
from weppbatch.batch.notify import message, notify
from weppbatch.batch.progress import Event, Progress
from weppbatch.commands.console import complain
from weppbatch.commands.display import Display

METRICS_S = 10.0
FAULT = 3


class Following:
    """One start that is followed for the block; called to look once more.

    An error that ends the block is told as the end of the start.
    """

    def __init__(self, progress: Progress, display: Display | None, told: Sequence[str] = ()) -> None:
        self.progress = progress
        self.batch = progress.folder.name
        self._display = display
        self._has_ended = False
        self._told = told
        self._log: Path | None = event_log(progress.folder, progress.asked.execution)
        self._metrics = metrics_file(self.batch)
        self._measured = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not self._has_ended:
            self.ended(getattr(error, "exit_code", FAULT), {}, "")

    @contextmanager
    def shown(self) -> Iterator[Self]:
        """Show it for the block."""
        jobs = {task: tally.counts["todo"] for task, tally in self.progress.tallies.items()}
        with self._display or nullcontext():
            self._tell([{"event": "started", "runs": len(self.progress.jobs), "jobs": jobs}])
            yield self

    def __call__(self) -> None:
        """Look, and show what there is to see."""
        self._tell(self.progress.look())

    def ended(self, exit_code: int, counts: Mapping[str, int], report: str) -> Event:
        """Put on record how it ended and tell whoever wants to know; the event, as the log has it."""
        self._has_ended = True
        content = message(
            self.progress.snapshot(),
            batch=self.batch,
            folder=str(self.progress.folder),
            exit_code=exit_code,
            counts=counts,
            report=report,
        )
        (event,) = stamped(self.batch, self.progress.asked.execution, [content])
        self._write_log([event])
        self._write_metrics(exit_code)
        for problem in notify(self.progress.folder, self._told, event):
            complain(problem)
        return event

    def _tell(self, events: Sequence[Event]) -> None:
        events = stamped(self.batch, self.progress.asked.execution, events)
        if self._display is not None:
            self._display.update(self.progress.snapshot(), events)
        self._write_log(events)
        if monotonic() - self._measured > METRICS_S:
            self._write_metrics(None)

    def _write_log(self, events: Sequence[Event]) -> None:
        if self._log is not None:
            try:
                append(self._log, events)
            except OSError as error:
                complain(f"the events are not written any more: {error}")
                self._log = None

    def _write_metrics(self, exit_code: int | None) -> None:
        if self._metrics is not None:
            self._measured = monotonic()
            try:
                write_metrics(self._metrics, self.batch, self.progress.snapshot(), exit_code)
            except OSError as error:
                complain(f"the metrics are not written any more: {error}")
                self._metrics = None
