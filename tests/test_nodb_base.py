import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from weppbatch.errors import BatchBusy, InputError
from weppbatch.lock import Lock
from weppbatch.nodb import base
from weppbatch.nodb.base import StaleWrite, WrongSettings
from weppbatch.nodb.ron import Ron
from weppbatch.nodb.watershed import Watershed

DATA = Path(__file__).parent / "data" / "state"
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def control(tmp_path: Path) -> Watershed:
    made = Watershed(wd=str(tmp_path))
    made.dump()
    return made


def edited(control: Watershed, **changes: object) -> None:
    document = json.loads(control.path.read_text())
    document["py/state"] |= changes
    control.path.write_text(json.dumps(document))


def test_a_control_comes_back_as_it_was_written(control):
    with control.locked():
        control.csa_ha = 5.0
    again = Watershed.getInstance(control.wd)
    assert again.csa_ha == 5.0
    assert again.revision == 2
    assert again.settings() == control.settings()
    assert "wd" not in again.settings()


def test_a_missing_control_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no watershed\.nodb in"):
        Watershed.getInstance(tmp_path)


def test_another_controls_file_is_refused(control):
    control.path.rename(control.path.with_name("ron.nodb"))
    with pytest.raises(InputError, match=r"Watershed, not a weppbatch\.nodb\.ron\.Ron"):
        Ron.getInstance(control.wd)


def test_a_moved_folder_is_followed(control, tmp_path):
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    control.path.rename(moved / control.filename)
    assert Watershed.getInstance(moved).wd == str(moved)


def test_unknown_keys_and_wrong_values_are_all_named_with_the_nearest_field(control):
    edited(control, csa_h=5, clip_hillslopes="yes", mcl_m=-1, retry_iou="0.5")
    with pytest.raises(WrongSettings) as caught:
        Watershed.getInstance(control.wd)
    assert len(caught.value.problems) == 4
    text = str(caught.value)
    assert "csa_h: unknown field; did you mean 'csa_ha'?" in text
    assert "clip_hillslopes" in text
    assert "mcl_m" in text
    assert "retry_iou" in text
    assert str(control.path) in text


@pytest.mark.parametrize("value", ["5", None, [5], {"a": 5}, True, 1e400])
def test_a_wrong_type_in_a_file_is_not_bent_into_shape(control, value):
    control.path.write_text(
        control.path.read_text().replace(
            '"csa_ha": 10.0', f'"csa_ha": {json.dumps(value).replace("Infinity", "1e400")}'
        )
    )
    with pytest.raises(WrongSettings, match="csa_ha"):
        Watershed.getInstance(control.wd)


def test_a_file_of_a_newer_weppbatch_is_refused(control):
    edited(control, state_version=2)
    with pytest.raises(InputError, match="state_version 2"):
        Watershed.getInstance(control.wd)


def test_a_flat_file_keeps_what_it_holds_and_gets_the_defaults(tmp_path):
    (tmp_path / "watershed.nodb").write_bytes((DATA / "watershed_flat.nodb").read_bytes())
    control = Watershed.getInstance(tmp_path)
    assert (control.csa_ha, control.mcl_m) == (7.5, 100.0)
    assert control.metadata == {"pruning": "ifolp"}
    with control.locked():
        control.mcl_m = 60.0
    assert json.loads(control.path.read_text())["py/state"]["csa_ha"] == 7.5


def test_odd_keys_of_a_flat_file_are_kept_and_take_no_bookkeeping_over(tmp_path):
    odd = {
        "py/object": "weppbatch.nodb.watershed.Watershed",
        "_revision": 9,
        "_metadata": 1,
        "metadata": 2,
        "_csa_ha": 5.0,
    }
    (tmp_path / "watershed.nodb").write_text(json.dumps(odd))
    control = Watershed.getInstance(tmp_path)
    assert control.metadata == {"_revision": 9, "_metadata": 1, "metadata": 2}
    assert (control.revision, control.csa_ha) == (0, 5.0)


def test_a_weppcloud_control_gives_what_means_the_same(tmp_path):
    (tmp_path / "watershed.nodb").write_bytes((DATA / "weppcloud_watershed.nodb").read_bytes())
    control = Watershed.getInstance(tmp_path)
    assert (control.csa_ha, control.mcl_m, control.clip_hillslope_length_m) == (5.0, 60.0, 250.0)
    assert control.fill_or_breach == "breach"  # "topaz" is none of ours
    assert control.metadata == {"_wbt_fill_or_breach": "topaz", "_delineation_backend": 3}


def test_assigning_nonsense_is_refused_at_once(control):
    with pytest.raises(ValidationError):
        control.csa_ha = -5.0
    with pytest.raises(ValidationError):
        control.csa_ha = float("nan")
    with pytest.raises(ValueError, match="no attribute"):
        control.csa = 5.0
    assert control.csa_ha == 10.0


def test_when_the_block_raises_nothing_is_written_and_the_instance_is_as_before(control):
    before = control.path.read_bytes()
    with pytest.raises(RuntimeError), control.locked():
        control.csa_ha = 5.0
        control.metadata["half"] = "done"
        raise RuntimeError
    assert control.path.read_bytes() == before
    assert (control.csa_ha, control.metadata) == (10.0, {})
    with control.locked():
        pass  # the lock was let go


def test_locking_reads_the_newest_state(control):
    other = Watershed.getInstance(control.wd)
    with other.locked():
        other.csa_ha = 5.0
    with control.locked():
        assert control.csa_ha == 5.0
        control.mcl_m = 60.0
    newest = Watershed.getInstance(control.wd)
    assert (newest.csa_ha, newest.mcl_m) == (5.0, 60.0)


def test_a_block_in_a_block_shares_one_lock_and_one_write(control):
    with control.locked():
        control.csa_ha = 5.0
        with control.locked() as same:
            same.mcl_m = 60.0
    assert Watershed.getInstance(control.wd).revision == 2


def test_a_stale_writer_is_refused_and_nothing_is_merged(control):
    stale = Watershed.getInstance(control.wd)
    with control.locked():
        control.csa_ha = 5.0
    stale.mcl_m = 60.0
    with pytest.raises(StaleWrite, match="revision 2, read 1"):
        stale.dump()
    assert Watershed.getInstance(control.wd).mcl_m == 100.0


def test_a_new_instance_does_not_overwrite_an_existing_file(control):
    with pytest.raises(StaleWrite):
        Watershed(wd=control.wd).dump()


def test_a_value_changed_in_place_is_checked_before_writing(control):
    before = control.path.read_bytes()
    control.__dict__["csa_ha"] = "five"
    with pytest.raises(WrongSettings, match="csa_ha"):
        control.dump()
    assert control.path.read_bytes() == before


def test_a_busy_control_names_its_holder_and_readers_never_wait(control, monkeypatch):
    monkeypatch.setattr(base, "LOCK_WAIT_S", 0.1)
    lock = Lock(control.path.with_name(".watershed.nodb.lock"))
    lock.acquire()
    try:
        started = time.monotonic()
        assert Watershed.getInstance(control.wd).csa_ha == 10.0
        assert time.monotonic() - started < 0.1
        with pytest.raises(BatchBusy, match=f"pid {os.getpid()}"), control.locked():
            pass
    finally:
        lock.release()


def add_one(wd: str, times: int) -> None:
    control = Watershed.getInstance(wd)
    for _ in range(times):
        with control.locked():
            control.metadata["count"] = control.metadata.get("count", 0) + 1


def test_four_processes_that_count_lose_no_count(control):
    workers = [FORK.Process(target=add_one, args=(control.wd, 20)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    final = Watershed.getInstance(control.wd)
    assert final.metadata["count"] == 80
    assert final.revision == 81


def die_inside(wd: str) -> None:
    control = Watershed.getInstance(wd)
    with control.locked():
        control.csa_ha = 5.0
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_writer_leaves_the_old_file_and_no_lock(control):
    before = control.path.read_bytes()
    worker = FORK.Process(target=die_inside, args=(control.wd,))
    worker.start()
    worker.join()
    assert worker.exitcode == -signal.SIGKILL
    assert control.path.read_bytes() == before
    with control.locked():
        control.csa_ha = 7.0
    assert Watershed.getInstance(control.wd).csa_ha == 7.0


def write_until_told(wd: str, stop: object) -> None:
    control = Watershed.getInstance(wd)
    while not stop.is_set():
        with control.locked():
            control.csa_ha = 5.0 if control.csa_ha == 10.0 else 10.0


def test_a_reader_beside_a_writer_always_sees_a_whole_file(control):
    stop = FORK.Event()
    worker = FORK.Process(target=write_until_told, args=(control.wd, stop))
    worker.start()
    seen: set[int] = set()
    deadline = time.monotonic() + 20
    try:
        while len(seen) < 50 and time.monotonic() < deadline:
            seen.add(Watershed.getInstance(control.wd).revision)
    finally:
        stop.set()
        worker.join()
    assert len(seen) == 50
