"""One writer at a time, and a dead holder told from a living one."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from weppbatch.errors import BatchBusy
from weppbatch.lock import Lock, holding

HOLD = "import sys,time; from pathlib import Path; from weppbatch.lock import Lock; l=Lock(Path(sys.argv[1])); " + (
    "l.acquire(execution='batch:a:1'); print('held', flush=True); time.sleep(60)"
)


@pytest.fixture
def other_holder(tmp_path: Path):
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path / "lock"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_process_is_told_who_holds_the_lock(tmp_path: Path, other_holder: subprocess.Popen[str]):
    lock = Lock(tmp_path / "lock")
    assert lock.is_held()
    with pytest.raises(BatchBusy, match=f"pid {other_holder.pid}, since 20"):
        lock.acquire()


def test_the_lock_of_a_killed_process_is_taken_over_and_its_note_kept(
    tmp_path: Path, other_holder: subprocess.Popen[str]
):
    other_holder.send_signal(signal.SIGKILL)
    other_holder.wait()
    lock = Lock(tmp_path / "lock")
    assert not lock.is_held()
    lock.acquire()
    assert lock.took_over_from is not None
    assert lock.took_over_from["pid"] == other_holder.pid
    assert lock.took_over_from["execution"] == "batch:a:1"
    lock.release()


def test_a_released_lock_leaves_no_note_and_is_no_takeover(tmp_path: Path):
    with holding(tmp_path / "lock") as lock:
        assert lock.note.exists()
    assert not lock.note.exists()
    with holding(tmp_path / "lock") as again:
        assert again.took_over_from is None


def test_waiting_ends_when_the_holder_lets_go(tmp_path: Path, other_holder: subprocess.Popen[str]):
    subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -9 {other_holder.pid}"])
    started = time.monotonic()
    with holding(tmp_path / "lock", wait_s=10):
        assert 0.2 < time.monotonic() - started < 9


def test_a_handed_down_descriptor_keeps_the_lock_until_both_have_let_go(tmp_path: Path):
    lock = Lock(tmp_path / "lock")
    lock.acquire()
    assert lock.descriptor is not None
    child = subprocess.Popen(["sleep", "30"], pass_fds=[lock.descriptor])
    lock.release()
    assert Lock(tmp_path / "lock").is_held()
    child.kill()
    child.wait()
    assert not Lock(tmp_path / "lock").is_held()


def test_asking_changes_nothing(tmp_path: Path):
    assert not Lock(tmp_path / "lock").is_held()
    assert list(tmp_path.iterdir()) == []
