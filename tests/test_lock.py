"""One writer at a time, and a dead holder told from a living one."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from weppbatch.errors import BatchBusy
from weppbatch.files import write_json
from weppbatch.lock import Lock, holding, how_known_dead, locks_reach

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


def note_of(tmp_path: Path, host: str, pid: int) -> dict[str, Any]:
    """The note of a holder, as another host or an earlier process left it."""
    note = {"user": "ann", "host": host, "pid": pid, "since": "2026-01-31T12:00:00.000Z", "execution": "batch:a:1"}
    write_json(tmp_path / "lock.holder.json", note)
    return note


def test_a_free_lock_with_the_note_of_another_host_is_taken_over_and_what_is_known_is_said(tmp_path: Path):
    note = note_of(tmp_path, "node-7", 4711)
    with holding(tmp_path / "lock") as lock:
        assert lock.took_over_from == note
    assert how_known_dead(note) == "the lock was free; whether pid 4711 lives on node-7 can't be asked from here"


def test_a_held_lock_with_the_note_of_another_host_is_refused_naming_that_host(
    tmp_path: Path, other_holder: subprocess.Popen[str]
):
    note_of(tmp_path, "node-7", 4711)
    with pytest.raises(BatchBusy, match="ann on node-7, pid 4711"):
        Lock(tmp_path / "lock").acquire()


def test_what_is_known_of_a_dead_holder_on_this_host(tmp_path: Path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    here = socket.gethostname()
    assert "there is no process" in how_known_dead(note_of(tmp_path, here, gone.pid))
    assert "another process by now" in how_known_dead(note_of(tmp_path, here, os.getpid()))


MOUNTS = """\
22 1 253:0 / / rw,relatime - ext4 /dev/vda rw
40 22 0:41 / /data rw,relatime - nfs4 server:/data rw,vers=4.2,local_lock=none,addr=10.0.0.1
41 22 0:42 / /old rw,relatime - nfs server:/old rw,vers=3,nolock,local_lock=all
42 41 0:43 / /old/with\\040space rw,relatime - nfs server:/w rw,vers=3,local_lock=flock
43 22 0:44 / /scratch rw - lustre mds@tcp:/scratch rw,flock
44 22 0:45 / /scratch2 rw - lustre mds@tcp:/scratch2 rw,localflock
"""


REACHES = {
    "hosts": ("/home", "/data/b", "/scratch/b", "/older"),
    "host": ("/old/b", "/old/with space/b", "/scratch2/b"),
}


@pytest.mark.parametrize(("reach", "folder"), [(reach, name) for reach, names in REACHES.items() for name in names])
def test_how_far_locks_reach_is_read_from_the_mount(folder: str, reach: str):
    assert locks_reach(Path(folder, ".lock"), MOUNTS) == reach


def test_where_locks_stay_on_a_host_a_note_of_another_host_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    mounts = tmp_path / "mountinfo"
    mounts.write_text("22 1 253:0 / / rw - nfs server:/x rw,nolock,local_lock=all\n")
    monkeypatch.setattr("weppbatch.lock.MOUNTS", mounts)
    note_of(tmp_path, "node-7", 4711)
    with pytest.raises(BatchBusy, match="can't be told from here") as refused:
        Lock(tmp_path / "lock").acquire()
    assert refused.value.hint and "lock.holder.json" in refused.value.hint
    note_of(tmp_path, socket.gethostname(), 4711)
    with holding(tmp_path / "lock") as lock:
        assert lock.took_over_from


def test_who_only_asks_keeps_nobody_from_taking_the_lock(tmp_path: Path):
    with holding(tmp_path / "lock"):
        pass
    ask = "import sys; from pathlib import Path; from weppbatch.lock import Lock; l=Lock(Path(sys.argv[1])); "
    asking = [subprocess.Popen([sys.executable, "-c", ask + "\nwhile 1: l.is_held()", tmp_path / "lock"])]
    try:
        time.sleep(1)
        for _ in range(100):
            with holding(tmp_path / "lock"):
                pass
    finally:
        for process in asking:
            process.kill()
            process.wait()


def test_a_note_that_is_another_holders_by_now_is_left(tmp_path: Path):
    lock = Lock(tmp_path / "lock")
    lock.acquire()
    note = note_of(tmp_path, "node-7", 4711)
    lock.release()
    assert lock.holder() == note


def test_asking_changes_nothing(tmp_path: Path):
    assert not Lock(tmp_path / "lock").is_held()
    assert list(tmp_path.iterdir()) == []
