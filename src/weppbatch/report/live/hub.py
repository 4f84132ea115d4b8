"""One look at the batch a second at most, shared by all who watch; none while nobody does.

Gives each watcher what changed since what it has. Knows no HTTP.
"""

import json
from collections import deque
from pathlib import Path
from threading import Condition, Event, Thread
from time import monotonic, time
from typing import Any

from weppbatch.batch.live import LiveBatch
from weppbatch.errors import WeppbatchError
from weppbatch.report.live.fresh import PAUSE_S, FreshReport

LOOK_S = 1.0
SHARE = 20  # looking takes at most this part of the time
REPORTED = ("run_done", "task_failed", "start_ended")  # what is worth a new report
KEPT = 60  # changes that a slow watcher can catch up with; beyond, it gets everything anew


class Hub:
    """The state of a batch as watchers see it; its looks end with `stop`."""

    def __init__(self, folder: Path, look_s: float = LOOK_S, report_s: float = PAUSE_S) -> None:
        self.batch = LiveBatch(folder)
        self.report = FreshReport(folder, report_s)
        self._changed_s = last_change_s(folder)
        self.looks = 0
        self._look_s = look_s
        self._changed = Condition()
        self._watchers = 0
        self._version = 0
        self._snapshot: dict[str, Any] = {}
        self._shown: dict[str, str] = {}
        self._changes: deque[tuple[int, dict[str, Any]]] = deque(maxlen=KEPT)
        self._looked_at = float("-inf")
        self._pause_s = look_s
        self._ending = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the looking; watchers are let go."""
        self._ending.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join()
        self.report.stop()

    @property
    def ended(self) -> bool:
        """Whether it was stopped."""
        return self._ending.is_set()

    def watching(self, more: int) -> int:
        """Count a watcher in (1) or out (-1); how many there are now."""
        with self._changed:
            self._watchers += more
            self._changed.notify_all()
            return self._watchers

    def since(self, version: int, wait_s: float) -> tuple[int, list[dict[str, Any]]]:
        """The version now and what leads to it; waits until there is something, or nothing at all in that time.

        version: what the watcher has; 0 for nothing, and then it gets everything.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._has_more_than(version) or self.ended, wait_s)
            if self._version == version or not self._version:
                return version, []
            if version == 0 or not self._changes or self._changes[0][0] > version + 1:
                return self._version, [self._whole()]
            return self._version, [change for at, change in self._changes if at > version]

    def _has_more_than(self, version: int) -> bool:
        """Whether there is something new; who has nothing yet also waits for a look of now."""
        late = monotonic() - self._looked_at > self._pause_s + self._look_s
        return self._version > version and not (version == 0 and late)

    def _whole(self) -> dict[str, Any]:
        runs = {runid: json.loads(text) for runid, text in self._shown.items()}
        return {"whole": True, "snapshot": self._snapshot, "runs": runs}

    def _run(self) -> None:
        while not self.ended:
            with self._changed:
                self._changed.wait_for(lambda: self._watchers or self.ended)
            if self.ended:
                return
            began = monotonic()
            self._look()
            self._pause_s = max(self._look_s, SHARE * (monotonic() - began))
            self._ending.wait(self._pause_s - (monotonic() - began))

    def _look(self) -> None:
        """Look at the batch and keep what changed; a batch that can't be read just now says why."""
        self.looks += 1
        try:
            events = self.batch.look()
            if any(event["event"] in REPORTED for event in events):
                self._changed_s = time()
            self.report.keep_up(self._changed_s)
            snapshot = self.batch.snapshot() | {"report_at": self.report.made_at}
            shown = {runid: json.dumps(state) for runid, state in self.batch.states().items()}
        except (WeppbatchError, OSError) as error:
            snapshot, shown = self._snapshot | {"problem": str(error)}, self._shown
        runs = {runid: json.loads(text) for runid, text in shown.items() if self._shown.get(runid) != text}
        gone = [runid for runid in self._shown if runid not in shown]
        with self._changed:
            self._looked_at = monotonic()
            self._changed.notify_all()
            if snapshot == self._snapshot and not runs and not gone:
                return
            self._version += 1
            self._snapshot, self._shown = snapshot, shown
            self._changes.append(
                (self._version, {"whole": False, "snapshot": snapshot, "runs": runs, "gone": gone})
            )


def last_change_s(folder: Path) -> float:
    """When a record of any run, or the batch's state, was written last (seconds since 1970)."""
    paths = [folder / "batch_runner.nodb", *folder.glob("runs/*/.tasks")]
    return max(path.stat().st_mtime for path in paths if path.exists())
