"""`weppbatch task TASK --run RUNID`: what a rule calls, and what can be called by hand to see one task fail."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING

from weppbatch.errors import WeppbatchError
from weppbatch.tasks.graph import TASKS, is_task

if TYPE_CHECKING:
    from weppbatch.tasks.death import Death
    from weppbatch.tasks.execute import Job

ROOMS_OF_TASKS = ("tasks", "engines", "nodb", "terrain", "hydrology", "formats")
FAULT = 3


def parser() -> argparse.ArgumentParser:
    """The options of `weppbatch task`."""
    options = argparse.ArgumentParser(prog="weppbatch task", description="Do one task of one run, here and now.")
    options.add_argument("task", type=_task, metavar="TASK", help=f"{', '.join(TASKS)}, omni.SCENARIO")
    options.add_argument("--run", required=True, metavar="RUNID", help="the run's id")
    here = Path(os.environ.get("WEPPBATCH_BATCH") or ".")
    options.add_argument(
        "--batch", type=Path, default=here, metavar="FOLDER", help="the batch's folder (default: here)"
    )
    options.add_argument("--threads", type=int, metavar="N", help="cores to use (default: all)")
    options.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options.add_argument("--attempt", type=int, default=1, help=argparse.SUPPRESS)
    options.add_argument("--execution", default=os.environ.get("WEPPBATCH_EXECUTION", ""), help=argparse.SUPPRESS)
    return options


def _task(name: str) -> str:
    """A task's name; raises ArgumentTypeError when there is none of it."""
    if not is_task(name):
        raise argparse.ArgumentTypeError(f"there is no task '{name}'; there are {', '.join(TASKS)}")
    return name


def main(arguments: Sequence[str], require_permission: Callable[[], None]) -> int:
    """Do the task, if `require_permission` raises nothing; 0 when it succeeded, else the exit code of the error."""
    from weppbatch.tasks.execute import execute

    job = _job(arguments)
    try:
        require_permission()
        execute(job)
    except WeppbatchError as error:
        if parser().parse_args(arguments).debug:
            traceback.print_exception(error)
        return _told(job, error)
    except KeyboardInterrupt:
        return 5
    except SystemExit as end:
        print(f"error: {job.task} of {job.runid}: the task ended itself by sys.exit({end.code})", file=sys.stderr)
        return FAULT
    return 0


def died(arguments: Sequence[str], death: "Death") -> int:
    """Record a task whose process died, as the task server saw it; the exit code of the failure's kind."""
    from weppbatch.tasks.death import record_death

    job = _job(arguments)
    try:
        return _told(job, record_death(job, death))
    except WeppbatchError as error:
        return _told(job, error)


def prepare() -> None:
    """Import all that tasks import, and load compiled kernels, so that forked tasks find them there."""
    from weppbatch.tasks.configuration import engine_version
    from weppbatch.tasks.kernels import load_kernels

    for room in ROOMS_OF_TASKS:
        package = import_module(f"weppbatch.{room}")
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    load_kernels()
    with suppress(WeppbatchError):  # the task that needs the tool says what is wrong with it
        for task in TASKS:
            engine_version(task)


def _job(arguments: Sequence[str]) -> "Job":
    from weppbatch.tasks.execute import Job

    options = parser().parse_args(arguments)
    return Job(
        options.batch.resolve(), options.run, options.task, options.attempt, options.execution, options.threads
    )


def _told(job: "Job", error: WeppbatchError) -> int:
    print(f"error: {job.task} of {job.runid}: {error}", file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)
    return error.exit_code
