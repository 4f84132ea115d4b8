"""Runs tools of the WhiteboxTools binary, one process a call, and tells success from its many ways of failing.

In: a tool's name, its flags and the files it must leave. Out: those files and the tool's text. It does not
know what any tool means; the chains of tools are in `channels` and `outlet`.

The binary keeps settings (verbosity, working folder, compression, threads) in a file beside itself and rewrites
it, not atomically, whenever one of those flags is given. So it is run from a private copy whose settings are
already written, and those flags are refused here.
"""

import errno
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from time import sleep

import weppcloud_wbt

from weppbatch.errors import ConfigError, EngineError, InputError, Interrupted, OutOfMemory, ResourceError
from weppbatch.files import replacing, write_json
from weppbatch.lock import holding
from weppbatch.processes import dying_with_parent

SETTINGS = {"verbose_mode": False, "working_directory": "", "compress_rasters": False, "max_procs": 1}
PERSISTED_FLAGS = {"v", "verbose", "wd", "working_directory", "compress_rasters", "max_procs"}
# A thread still holds the output when the main one takes it: 20 to 30 % of FillDepressions, nine in ten where there
# is one CPU, some least-cost breaching. Crashes come in runs, so the calls after one are spaced.
KNOWN_RACE = "Error unwrapping"
ATTEMPTS = 40
NO_MEMORY = "memory allocation of"  # how Rust says it, before it aborts


class WhiteboxFailed(EngineError):
    """A tool ended badly, ran out of time, warned, or left no output."""

    def __init__(self, tool: str, returncode: int | None, line: str, *, hint: str | None = None) -> None:
        super().__init__(f"WhiteboxTools {tool}: {line}", hint=hint)
        self.tool = tool
        self.returncode = returncode
        self.line = line
        if returncode == -signal.SIGKILL or NO_MEMORY in line:
            self.category, self.retry = OutOfMemory.category, OutOfMemory.retry


class WhiteboxTools:
    """Calls tools; `log` gets each command with all that it printed, `timeout_s` bounds each call."""

    def __init__(self, log: Path | None = None, timeout_s: float = 1800.0) -> None:
        self.log = log
        self.timeout_s = timeout_s

    def run(self, tool: str, outputs: Sequence[Path], **flags: object) -> str:
        """Run one tool and return what it printed on stdout.

        A flag is given as `name=value`: True becomes the bare `--name`, False and None are left out, paths are
        made absolute. Outputs of an earlier call are deleted first, so that a file that exists is this call's.
        Raises WhiteboxFailed on a bad exit, a WARNING, a missing output or a time-out; InputError for a path
        that the binary can't read.
        """
        command = [str(executable()), f"-r={tool}", *_arguments(tool, flags)]
        for output in outputs:
            output.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(1, ATTEMPTS + 1):
            for output in outputs:
                output.unlink(missing_ok=True)
            done = self._call(tool, command)
            if done.returncode == 0 or KNOWN_RACE not in done.stderr:
                break
            sleep(min(0.01 * attempt, 0.1))
        self._check(tool, done, outputs)
        return done.stdout

    def _call(self, tool: str, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Start the binary, wait for it, and add the call to the log."""
        try:
            done = _spawn(command, self.timeout_s)
        except subprocess.TimeoutExpired:
            self._write_log(command, f"stopped after {self.timeout_s:g} s\n")
            raise WhiteboxFailed(
                tool,
                None,
                f"no result within {self.timeout_s:g} s",
                hint="flat terrain can take very long: try watershed.fill_or_breach=breach, or coarser cells",
            ) from None
        self._write_log(command, f"{done.stdout}{done.stderr}exit code {done.returncode}\n")
        return done

    def _write_log(self, command: list[str], text: str) -> None:
        if self.log is not None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("a", encoding="utf-8") as stream:
                stream.write(f"$ {shlex.join(command)}\n{text}\n")

    @staticmethod
    def _check(tool: str, done: subprocess.CompletedProcess[str], outputs: Sequence[Path]) -> None:
        """Raise WhiteboxFailed unless the call did all of its work, Interrupted when somebody told it to stop.

        A cluster sends SIGTERM to every process of a job, so that the tool may end before the task that called it.
        """
        from weppbatch.terrain.grid import is_whole  # `status` asks for the version and needs no numpy

        code = done.returncode
        if -code in (signal.SIGINT, signal.SIGTERM):
            raise Interrupted(f"WhiteboxTools {tool} was told to stop ({signal.Signals(-code).name})")
        if code < 0:
            name = signal.Signals(-code).name
            hint = "the machine may be out of memory: use fewer cores" if name == "SIGKILL" else None
            said = next(
                (line for line in done.stderr.splitlines() if NO_MEMORY in line), f"stopped by signal {name}"
            )
            raise WhiteboxFailed(tool, code, said, hint=hint)
        if code != 0:
            raise WhiteboxFailed(tool, code, _first_useful_line(done.stderr, done.stdout))
        for line in done.stdout.splitlines():
            # An interior pit or a NaN: the tool goes on and its result is wrong.
            if "WARNING" in line:
                raise WhiteboxFailed(tool, code, line.strip().split(". ")[0])
        # With a missing folder or a full disk the binary prints the error, or nothing, and exits 0.
        for output in outputs:
            if not output.is_file() or output.stat().st_size == 0:
                line = _first_useful_line(done.stderr, done.stdout)
                raise WhiteboxFailed(tool, code, f"left no {output.name} ({line})")
            if output.suffix == ".tif" and not is_whole(output):
                raise WhiteboxFailed(tool, code, f"left {output.name} unfinished", hint="is the disk full?")


def _arguments(tool: str, flags: dict[str, object]) -> list[str]:
    """The flags in the form that the binary always understands: --name=value, no '=' or quotes inside."""
    arguments = []
    for name, value in flags.items():
        if name in PERSISTED_FLAGS:
            raise ValueError(f"{tool}: --{name} would change the settings of every other call")
        if value is None or value is False:
            continue
        if value is True:
            arguments.append(f"--{name}")
            continue
        text = str(value.absolute()) if isinstance(value, Path) else str(value)
        if any(character in text for character in "='\""):
            raise InputError(
                f"WhiteboxTools can't read the path {text}",
                hint="use a folder without '=' and quotes in its name",
            )
        arguments.append(f"--{name}={text}")
    return arguments


def _spawn(command: list[str], timeout_s: float, attempts: int = 5) -> subprocess.CompletedProcess[str]:
    """Run a command that dies with the thread that started it."""
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
            check=False,
            preexec_fn=dying_with_parent(),
        )
    except OSError as error:
        # "Text file busy": a process forked while the copy was being written still holds it for a moment.
        if error.errno == errno.ETXTBSY and attempts > 1:
            sleep(0.05)
            return _spawn(command, timeout_s, attempts - 1)
        raise EngineError(f"{command[0]} can't be run: {error.strerror}") from error


def _first_useful_line(*texts: str) -> str:
    """The line of the output that says why, without Rust's wrapping of it."""
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    for line in lines:
        wrapped = re.search(r'Custom \{ kind: \w+, error: "(.*)" \}', line)
        if wrapped:
            return wrapped.group(1)
    for sign in ("error", "panicked"):
        for number, line in enumerate(lines):
            if sign in line.lower():
                # A panic's first line is only the place in the source; the next one is its message.
                return " ".join(lines[number : number + 2]) if sign == "panicked" else line
    return lines[0] if lines else "it printed nothing"


def executable() -> Path:
    """The private copy of the binary: of WHITEBOX_TOOLS_EXE, or of the one that weppcloud-wbt ships.

    Copied once, safely when many processes come at the same moment. Raises ConfigError when WHITEBOX_TOOLS_EXE
    names no file, ResourceError when there is no folder to put the copy in.
    """
    named = os.environ.get("WHITEBOX_TOOLS_EXE")
    source = Path(named).expanduser() if named else Path(weppcloud_wbt.__file__).with_name("bin") / "whitebox_tools"
    return _copy_of(source, os.environ.get("WEPPBATCH_CACHE"), os.environ.get("XDG_CACHE_HOME"))


@cache
def version() -> str:
    """The binary's version as it states it, such as "2.4.0"."""
    text = _spawn([str(executable()), "--version"], 60.0).stdout
    found = re.search(r"v(\d+(?:\.\d+)+)", text)
    if found is None:
        raise WhiteboxFailed("--version", None, "it does not state a version")
    return found.group(1)


@cache
def _copy_of(source: Path, weppbatch_cache: str | None, xdg_cache: str | None) -> Path:
    """Copy the binary into the first cache folder that can be written."""
    if not source.is_file():
        raise ConfigError(
            f"the WhiteboxTools binary {source} does not exist",
            hint="correct or unset WHITEBOX_TOOLS_EXE, or install weppcloud-wbt again",
        )
    if weppbatch_cache:
        folders = [Path(weppbatch_cache)]
    else:
        home = Path(xdg_cache) if xdg_cache else Path("~/.cache").expanduser()
        folders = [home / "weppbatch", Path(tempfile.gettempdir()) / f"weppbatch-{os.getuid()}"]
    reasons = []
    for folder in folders:
        try:
            return _install(source, folder)
        except OSError as error:
            reasons.append(f"{folder}: {error.strerror}")
    raise ResourceError(
        f"no folder for a private copy of WhiteboxTools ({'; '.join(reasons)})",
        hint="set WEPPBATCH_CACHE to one",
    )


def _install(source: Path, cache_folder: Path) -> Path:
    """Put a whole copy of the binary, its libraries and its settings under `cache_folder`, by one process alone."""
    cache_folder.mkdir(parents=True, exist_ok=True)
    if cache_folder.parent == Path(tempfile.gettempdir()) and cache_folder.stat().st_uid != os.getuid():
        raise PermissionError(errno.EPERM, "belongs to another user")
    state = source.stat()
    home = cache_folder / f"whitebox-{state.st_size}-{state.st_mtime_ns}"
    # The wheel's binary looks for its libraries at ../../weppcloud_wbt.libs from its own folder.
    program = home / "weppcloud_wbt" / "bin" / "whitebox_tools"
    settings = program.with_name("settings.json")

    def is_whole() -> bool:
        return settings.is_file() and program.is_file() and program.stat().st_size == state.st_size

    if is_whole():
        return program
    with holding(cache_folder / "install.lock", wait_s=120.0):
        if not is_whole():
            # What is there was left by a killed process, or by a cleaner of old files that took a part.
            shutil.rmtree(home, ignore_errors=True)
            libraries = source.resolve().parents[2] / "weppcloud_wbt.libs" if len(source.parents) > 2 else None
            if libraries is not None and libraries.is_dir():
                shutil.copytree(libraries, home / libraries.name)
            with replacing(program) as temporary:
                shutil.copy2(source, temporary)
                temporary.chmod(0o755)
            write_json(settings, SETTINGS)  # the last file: with it the copy is whole
    return program
