"""A task server's entry module whose tasks only write their files: all around the work is real, the work is not.

Lock, scratch folder, log, checksums and sentinel are those of every task; `clone` and `extent` are done as ever.
"""

from collections.abc import Callable
from importlib import import_module

from weppbatch.batch.served import died, main
from weppbatch.tasks import entry
from weppbatch.tasks.graph import TASKS
from weppbatch.tasks.run import Metrics, Run

__all__ = ["died", "main", "prepare"]

DONE_FOR_REAL = ("clone", "extent")


def prepare() -> None:
    """Import what tasks import, and let them only write."""
    entry.prepare()
    only_write()


def only_write() -> None:
    """Let every task that computes only write in this process."""
    for task in TASKS:
        if task not in DONE_FOR_REAL:
            import_module(f"weppbatch.tasks.{task}").__dict__["run"] = writes(task)


def writes(task: str) -> Callable[[Run], Metrics]:
    """A function that reads what the task's forerunners declare and writes a line to each of its files."""

    def run(run: Run) -> Metrics:
        for upstream in TASKS[task].after:
            for name in TASKS[upstream].declared:
                run.input(name)
        for name in TASKS[task].files:
            run.output(name).write_text(f"{name} of {run.runid}\n")
        return {}

    return run
