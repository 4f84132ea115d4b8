"""Lets a signal end a task as an interruption that is recorded, whatever the task was just doing."""

import signal
import threading
from types import FrameType, TracebackType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class EndingOnSignals:
    """While it is entered, SIGTERM and SIGINT raise KeyboardInterrupt; one that is ignored stays so.

    A library that is just being imported may make an import error of it, so any error that follows a signal counts
    as the interruption. Only the main thread can take signals; elsewhere nothing changes.
    """

    def __init__(self) -> None:
        self.told = ""
        self._before: dict[int, object] = {}

    def __enter__(self) -> "EndingOnSignals":
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type] # it is what signal.signal gave
        if self.told and isinstance(error, Exception):
            raise KeyboardInterrupt(self.told) from error

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.told = f"the task was told to stop ({signal.Signals(number).name})"
        raise KeyboardInterrupt(self.told)
