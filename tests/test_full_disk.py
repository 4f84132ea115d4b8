"""A full disk: nothing half-written is taken as whole, the failure is called by its name, the next run goes on.

For real: on a small file system where a test may mount one, and everywhere by a limit on the size of a file.
"""

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import BIN, begun
from test_killed import assert_whole
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.commands.app import main
from weppbatch.disk import DiskFull, disk_full
from weppbatch.errors import DataError, EngineError, InputError
from weppbatch.files import read_json


def run(batch: Path, file_limit_bytes: int = resource.RLIM_INFINITY) -> subprocess.CompletedProcess[str]:
    """`weppbatch run` in a process of its own, which may make no larger file."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit_bytes, resource.RLIM_INFINITY))

    command = [BIN / "weppbatch", "run", batch.name, "--cores", "2"]
    return subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=False)


def assert_nothing_half_made(batch: Path) -> None:
    assert_whole(batch)
    assert "running" not in {state.status for state in Ledger(Plan(batch)).runs.values()}
    assert not [path for path in batch.rglob("*.tmp*") if ".snakemake" not in path.parts]


def assert_goes_on(batch: Path) -> None:
    assert main(["run", batch.name, "--cores", "2"]) == 0
    assert main(["audit", batch.name, "--deep"]) == 0


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file system of its own for the batches, in memory."""
    where = tmp_path / "disk"
    where.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", where]).returncode:
        pytest.skip("a small file system can't be mounted here (not root)")
    yield where
    subprocess.run(["umount", "--lazy", where], check=True)


def leave(disk: Path, free_kb: int) -> None:
    """Shrink the file system to what lies there and so much more."""
    state = os.statvfs(disk)
    used_kb = (state.f_blocks - state.f_bfree) * state.f_frsize // 1024
    subprocess.run(["mount", "-o", f"remount,size={used_kb + free_kb}k", disk], check=True)


@pytest.mark.parametrize("free_kb", [150, 700])
def test_a_run_on_a_full_disk_fails_by_name_and_goes_on_when_there_is_room(
    new_batch: Callable[[str], Path], disk: Path, monkeypatch: pytest.MonkeyPatch, free_kb: int
):
    monkeypatch.setenv("WEPPBATCH_ROOT", str(disk))
    batch = new_batch("full")
    leave(disk, free_kb)
    done = run(batch)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "no room on the disk" in done.stdout + done.stderr
    assert_nothing_half_made(batch)
    assert main(["status", "full"]) == 0
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    assert_goes_on(batch)


def test_a_file_that_may_not_be_that_large_fails_by_name_and_goes_on_when_it_may(new_batch: Callable[[str], Path]):
    batch = new_batch("limited")
    assert main(["set", "limited", "ron.cell_size_m=20"]) == 0  # so that a DEM is larger than the report's files
    begun(batch, "extent")
    assert main(["tasks", "limited", "--on", "watershed"]) == 0
    done = run(batch, 350_000)
    assert done.returncode == 1, done.stdout + done.stderr
    failed = read_json(batch / "runs" / "ws-1" / ".tasks" / "dem.failed.json")
    assert failed["category"] == "resource" and "could not be written whole" in failed["message"]
    assert_nothing_half_made(batch)
    assert_goes_on(batch)


WRITE = """
import resource, signal, sys
import numpy as np
from pathlib import Path
from weppbatch.disk import DiskFull
from weppbatch.terrain.grid import Grid, write_raster
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), -1))
try:
    write_raster(Path(sys.argv[1]), np.ones((200, 300)), Grid("EPSG:32616", 0.0, 0.0, 30.0, 200, 300))
except DiskFull as error:
    print(error)
    sys.exit(28)
"""


@pytest.mark.parametrize(("allowed_bytes", "code"), [(400_000, 28), (480_000, 28), (481_000, 0)])
def test_a_raster_that_was_cut_short_is_never_taken_as_written(tmp_path: Path, allowed_bytes: int, code: int):
    path = tmp_path / "dem.tif"
    done = subprocess.run([sys.executable, "-c", WRITE, path, str(allowed_bytes)], capture_output=True, check=False)
    assert done.returncode == code, done.stderr


def test_a_full_disk_is_told_from_other_failures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        found = disk_full(OSError(number, os.strerror(number)), tmp_path)
        assert found is not None and found.category == "resource" and found.hint
    for error in (EngineError("a tool's words"), OSError(errno.EIO, "I/O error"), InputError("x"), ValueError()):
        assert disk_full(error, tmp_path) is None
    monkeypatch.setattr("weppbatch.disk.NEARLY_NONE_BYTES", 1 << 62)
    assert isinstance(disk_full(EngineError("a tool's words"), tmp_path), DiskFull)
    assert isinstance(disk_full(DataError("cut short"), tmp_path), DiskFull)
    assert disk_full(InputError("the user's mistake"), tmp_path) is None
