"""Runs a WEPP executable on one run file after another, side by side, and tells success from its ways of failing.

In: a folder with WEPP's inputs and the names of run files. Out: WEPP's own text, or an error with the line of it
that says why. It reads no results: that they are whole is the readers' part.
"""

import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import IO, Self

from weppbatch.errors import ConfigError, EngineError, Interrupted, OutOfMemory
from weppbatch.files import sha256_of_file
from weppbatch.processes import dying_with_parent

DONE = "SUCCESSFULLY"
VERSION = re.compile(r"VERSION\s+(\d+(?:\.\d+)*)")
LAST_PART = 200_000  # characters of a long text in which a reason is looked for
# What says why, most telling first; the texts are WEPP's and the Fortran runtime's.
SIGNS = (
    r"does not exist",
    r"fortran runtime error",
    r"not compatible",
    r"program stop",
    r"must be",
    r"error in ",
    r"end of file",
    r"already exists",
    r"warning",
    r"error",
)
USELESS = re.compile(
    r"LAHEY error code|^[\s*]*(ERROR|Notice|WARNING)?[\s*]*$|-->\s*$|^Error termination|previously selected",
    re.IGNORECASE,
)
READING = re.compile(r"file = '([^']+)'")  # the Fortran runtime's line above its reason names the file


class WeppFailed(EngineError):
    """WEPP ended badly, ran out of time or left its work undone."""

    def __init__(self, what: str, returncode: int | None, line: str, *, hint: str | None = None) -> None:
        super().__init__(f"WEPP, {what}: {line}", hint=hint)
        self.returncode = returncode
        self.line = line
        if returncode == -signal.SIGKILL:
            self.category, self.retry = OutOfMemory.category, OutOfMemory.retry


def executable_of(named: str, base: Path) -> Path:
    """The executable that a control names (relative to `base`), or else WEPP_EXE.

    Raises ConfigError when neither is given, or it is no file that can be run.
    """
    given = named or os.environ.get("WEPP_EXE", "")
    source = "wepp.wepp_executable" if named else "WEPP_EXE"
    if not given:
        raise ConfigError(
            "wepp.engine=wepp needs an executable of WEPP, and none is named",
            hint="set wepp.wepp_executable or the environment's WEPP_EXE to its path, or wepp.engine=embedded",
        )
    path = (base / Path(given).expanduser()).absolute()
    if not path.is_file() or not os.access(path, os.X_OK):
        what = "can't be run" if path.is_file() else "is not there"
        raise ConfigError(f"the executable {path} of {source} {what}", hint="name a WEPP built for this machine")
    return path


class WeppRunner:
    """Calls an executable in a folder. As a context it ends what still runs when something goes wrong."""

    def __init__(self, executable: Path, folder: Path) -> None:
        self.executable, self.folder = executable, folder
        self.version = ""
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()

    def run(self, name: str, what: str, timeout_s: float) -> None:
        """Run `<name>.run`; what WEPP prints is kept in `<name>.out` and `<name>.err`.

        Raises WeppFailed unless WEPP ends with code 0 and says that it was successful, Interrupted when somebody
        told it to stop.
        """
        out, err = self.folder / f"{name}.out", self.folder / f"{name}.err"
        with (self.folder / f"{name}.run").open("rb") as answers, out.open("wb") as said, err.open("wb") as erred:
            try:
                process = self._start(answers, said, erred)
            except OSError as error:
                raise WeppFailed(what, None, f"{self.executable} can't be run: {error.strerror}") from error
            try:
                code = process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                raise WeppFailed(
                    what,
                    None,
                    f"no result within {timeout_s:g} s; the last it said: {_last_line(out)}",
                    hint="look at the hillslope's slope and soil; wepp.wepp_timeout_s sets the time",
                ) from None
            finally:
                self._end(process)
        self._check(what, code, out, err)

    def _start(self, answers: IO[bytes], said: IO[bytes], erred: IO[bytes]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise Interrupted("WEPP was not started: another part of the run has failed")
            process: subprocess.Popen[bytes] = subprocess.Popen(
                [str(self.executable)],
                cwd=self.folder,
                stdin=answers,
                stdout=said,
                stderr=erred,
                preexec_fn=dying_with_parent(),
            )
            self._running.add(process)
            return process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """End a process that may still run, and forget it."""
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        with self._lock:
            self._running.discard(process)

    def _check(self, what: str, code: int, out: Path, err: Path) -> None:
        said, erred = (path.read_bytes().decode("latin-1") for path in (out, err))
        if -code in (signal.SIGINT, signal.SIGTERM) or (code < 0 and self._stopped):
            raise Interrupted(f"WEPP, {what}, was told to stop ({signal.Signals(-code).name})")
        if code < 0:
            raise WeppFailed(what, code, f"stopped by signal {signal.Signals(-code).name}; {why(erred, said)}")
        if code != 0 or DONE not in said:  # most failures end with code 0, some successes are never said
            raise WeppFailed(what, code, why(erred, said))
        found = VERSION.search(said)
        self.version = found[1] if found else sha256_of_file(self.executable)[:12]


def why(*texts: str) -> str:
    """The first line that says why WEPP failed, the most telling kind first; lines that say nothing don't count."""
    lines = [" ".join(line.split()) for text in texts for line in text[-LAST_PART:].splitlines()]
    telling = [line for line in lines if line and not USELESS.search(line)]
    for sign in SIGNS:
        for number, line in enumerate(telling):
            if re.search(sign, line, re.IGNORECASE):
                around = sign in ("program stop", "error in ")
                whole = telling[max(number - 1, 0) : number + 2] if around else [line]
                reading = READING.search(telling[number - 1]) if sign.startswith("fortran") and number else None
                where = f" (reading {reading[1]})" if reading and reading[1] != "stdin" else ""
                return " ".join(part.strip("* ") for part in whole) + where
    return telling[-1].strip("* ") if telling else "it printed nothing"


def _last_line(path: Path) -> str:
    """The last line that WEPP printed."""
    lines = [line.strip() for line in path.read_bytes()[-2000:].decode("latin-1").splitlines() if line.strip()]
    return " ".join(lines[-1].split()) if lines else "nothing"
