"""A request to make good results again, from its start until it is fulfilled."""

import os
from pathlib import Path

from weppbatch.batch import force
from weppbatch.files import read_json

FIRST, SECOND = "runs/a/.tasks/dem.json", "runs/b/.tasks/dem.json"


def sentinels(folder: Path) -> dict[str, int]:
    for name in (FIRST, SECOND):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("{}")
    return force.stamps(folder, (FIRST, SECOND, "runs/c/.tasks/dem.json"))


def made_again(path: Path) -> None:
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def test_a_request_lasts_until_each_sentinel_was_made_again_or_is_gone(tmp_path: Path):
    stamps = sentinels(tmp_path)
    assert stamps.keys() == {FIRST, SECOND}
    force.record(tmp_path, "batch:x:1", ["dem"], stamps)
    force.settle(tmp_path)
    assert force.pending(tmp_path) == stamps
    made_again(tmp_path / FIRST)
    force.settle(tmp_path)
    assert force.pending(tmp_path) == {SECOND: stamps[SECOND]}
    (tmp_path / SECOND).unlink()
    force.settle(tmp_path)
    assert not (tmp_path / force.FILE).exists() and force.pending(tmp_path) == {}


def test_a_request_says_who_asked_for_what_and_a_later_one_takes_over(tmp_path: Path):
    stamps = sentinels(tmp_path)
    force.record(tmp_path, "batch:x:1", ["dem"], stamps)
    force.record(tmp_path, "batch:x:2", ["dem"], {FIRST: stamps[FIRST]})
    requests = read_json(tmp_path / force.FILE)["requests"]
    assert [(one["execution"], one["runids"]) for one in requests] == [
        ("batch:x:1", ["a", "b"]),
        ("batch:x:2", ["a"]),
    ]
    assert [list(one["sentinels"]) for one in requests] == [[SECOND], [FIRST]]
    assert all(one["user"] and one["at"] and one["tasks"] == ["dem"] for one in requests)


def test_a_request_can_be_withdrawn(tmp_path: Path):
    force.record(tmp_path, "batch:x:1", ["dem"], sentinels(tmp_path))
    force.forget(tmp_path)
    force.forget(tmp_path)
    assert force.pending(tmp_path) == {}
