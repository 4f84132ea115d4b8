"""`weppbatch task TASK --run RUNID`: what a rule calls, and what can be called by hand to see one task fail."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from weppbatch.errors import WeppbatchError
from weppbatch.tasks.graph import TASKS


def parser() -> argparse.ArgumentParser:
    """The options of `weppbatch task`."""
    options = argparse.ArgumentParser(prog="weppbatch task", description="Do one task of one run, here and now.")
    options.add_argument("task", choices=list(TASKS), metavar="TASK", help=", ".join(TASKS))
    options.add_argument("--run", required=True, metavar="RUNID", help="the run's id")
    here = Path(os.environ.get("WEPPBATCH_BATCH") or ".")
    options.add_argument(
        "--batch", type=Path, default=here, metavar="FOLDER", help="the batch's folder (default: here)"
    )
    options.add_argument("--threads", type=int, metavar="N", help="cores to use (default: all)")
    options.add_argument("--attempt", type=int, default=1, help=argparse.SUPPRESS)
    options.add_argument("--execution", default=os.environ.get("WEPPBATCH_EXECUTION", ""), help=argparse.SUPPRESS)
    return options


def main(arguments: Sequence[str], require_permission: Callable[[], None]) -> int:
    """Do the task, if `require_permission` raises nothing; 0 when it succeeded, else the exit code of the error."""
    from weppbatch.tasks.execute import Job, execute

    options = parser().parse_args(arguments)
    job = Job(
        options.batch.resolve(), options.run, options.task, options.attempt, options.execution, options.threads
    )
    try:
        require_permission()
        execute(job)
    except WeppbatchError as error:
        print(f"error: {options.task} of {options.run}: {error}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 5
    return 0
