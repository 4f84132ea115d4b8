"""An entry module for the task server whose `clone` does what the variable ACT says: the ways to go wrong."""

import ctypes
import faulthandler
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from weppbatch.batch import served
from weppbatch.tasks import clone
from weppbatch.tasks.entry import died
from weppbatch.tasks.kernels import kernels
from weppbatch.tasks.run import Metrics, Run

__all__ = ["died", "main", "prepare"]

well = clone.run


def prepare() -> None:
    served.prepare()


def burn(seconds: float) -> None:
    while time.process_time() < seconds:
        pass


def leave_a_child(run: Run) -> None:
    child = subprocess.Popen(["sleep", "300"])
    run.log(f"child {child.pid}")


def leave_a_fork(run: Run) -> None:
    if os.fork() == 0:
        os.setsid()
        time.sleep(3)
        os._exit(0)
    os._exit(0)


def show(run: Run) -> None:
    seen = {
        "folder": os.getcwd(),  # noqa: PTH109
        "umask": os.umask(0o022),
        "mark": os.environ.get("MARK"),
        "home": os.environ.get("HOME"),
        "kernels": sum(len(kernel.overloads) for kernel in kernels()),
        "group": os.getpgrp() == os.getpid(),
    }
    run.log(f"seen {json.dumps(seen)}")


def be_busy(run: Run) -> None:
    burn(0.3)
    code = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", code], check=True)


def overstay(run: Run) -> None:
    leave_a_child(run)
    time.sleep(300)


def be_deaf(run: Run) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    overstay(run)


def be_busy_and_crash(run: Run) -> None:
    be_busy(run)
    faulthandler._sigsegv()


def have_no_memory(run: Run) -> None:
    raise MemoryError


ACTS: dict[str, Callable[[Run], object]] = {
    "abort": lambda run: os.abort(),
    "segfault": lambda run: ctypes.string_at(0),
    "sys.exit": lambda run: sys.exit(0),
    "os._exit": lambda run: os._exit(0),
    "sigkill": lambda run: os.kill(os.getpid(), signal.SIGKILL),
    "memory": have_no_memory,
    "child": leave_a_child,
    "fork": leave_a_fork,
    "overstay": overstay,
    "deaf": be_deaf,
    "busy": be_busy,
    "crash": be_busy_and_crash,
    "show": show,
    "well": lambda run: None,
}


def main(arguments: Sequence[str]) -> int:
    def act(run: Run) -> Metrics:
        run.output("ron.nodb").write_text("half")
        ACTS[os.environ["ACT"]](run)
        return well(run)

    clone.run = act
    return served.main(arguments)
