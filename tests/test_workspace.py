import json
import multiprocessing
from pathlib import Path

import pytest

from weppbatch.errors import InputError
from weppbatch.files import sha256_of_json
from weppbatch.nodb import workspace
from weppbatch.nodb.base import WrongSettings
from weppbatch.nodb.controls import CONTROLS, load, set_fields
from weppbatch.nodb.pickled import UnsafeState
from weppbatch.nodb.watershed import Watershed
from weppbatch.nodb.workspace import (
    base_configs,
    base_hashes,
    check_base_config,
    clone,
    current_snapshot,
    scaffold,
    snapshot,
)

DATA = Path(__file__).parent / "data" / "state"
FORK = multiprocessing.get_context("fork")
FILES = {kind.filename for kind in CONTROLS.values()}


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    scaffold(tmp_path / "_base", base_configs()["disturbed9002_wbt"])
    return tmp_path


def stamps(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_the_stored_configurations_are_valid_and_differ_as_they_say():
    configs = base_configs()
    assert {"disturbed9002_wbt", "wbt_dense"} <= set(configs)
    assert (configs["disturbed9002_wbt"]["watershed"]["csa_ha"], configs["wbt_dense"]["watershed"]["csa_ha"]) == (
        10,
        5,
    )
    assert (configs["disturbed9002_wbt"]["watershed"]["mcl_m"], configs["wbt_dense"]["watershed"]["mcl_m"]) == (
        100,
        60,
    )


def test_a_wrong_stored_configuration_names_every_problem():
    content = {
        "description": "x",
        "watershed": {"csa_h": 5, "mcl_m": -1},
        "watershd": {},
        "ron": 5,
        "soils": {"mode": "no"},
    }
    with pytest.raises(WrongSettings) as caught:
        check_base_config(content, "my.yaml")
    assert len(caught.value.problems) == 5
    assert "watershed.csa_h: unknown field; did you mean 'csa_ha'?" in str(caught.value)
    with pytest.raises(WrongSettings, match="no description"):
        check_base_config([], "my.yaml")


def test_a_scaffold_never_fills_an_existing_project(batch):
    with pytest.raises(FileExistsError):
        scaffold(batch / "_base", base_configs()["wbt_dense"])


def test_hashes_follow_settings_and_nothing_else(batch, tmp_path):
    base = batch / "_base"
    before = base_hashes(base)
    assert set(before) == set(CONTROLS)
    with load(base, "ron").locked():
        pass  # only the revision changes
    assert base_hashes(base) == before
    set_fields(base, ["watershed.csa_ha=5"])
    after = base_hashes(base)
    assert {name for name in before if before[name] != after[name]} == {"watershed"}


def test_a_snapshot_keeps_the_controls_as_they_were(batch):
    digest = snapshot(batch)
    folder = current_snapshot(batch)
    assert folder == batch / ".snapshots" / digest
    assert {path.name for path in folder.iterdir()} == FILES
    set_fields(batch / "_base", ["watershed.csa_ha=5"])
    assert load(folder, "watershed").settings()["csa_ha"] == 10.0


def test_a_second_snapshot_of_the_same_settings_writes_nothing(batch):
    first = snapshot(batch)
    before = stamps(batch)
    assert snapshot(batch) == first
    assert stamps(batch) == before


def test_changing_back_points_at_the_old_snapshot_again(batch):
    first = snapshot(batch)
    set_fields(batch / "_base", ["watershed.csa_ha=5"])
    second = snapshot(batch)
    assert second != first
    assert current_snapshot(batch).name == second
    set_fields(batch / "_base", ["watershed.csa_ha=10"])
    assert snapshot(batch) == first
    assert {path.name for path in (batch / ".snapshots").iterdir()} == {first, second, "current"}


def take(batch: Path, results: multiprocessing.SimpleQueue) -> None:
    results.put(snapshot(batch))


def test_snapshots_taken_at_once_are_one(batch):
    results = FORK.SimpleQueue()
    workers = [FORK.Process(target=take, args=(batch, results)) for _ in range(6)]
    for worker in workers:
        worker.start()
    digests = {results.get() for _ in workers}
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert len(digests) == 1
    assert {path.name for path in (batch / ".snapshots").iterdir()} == {*digests, "current"}


def test_an_incomplete_base_is_named(batch):
    (batch / "_base" / "soils.nodb").unlink()
    with pytest.raises(InputError, match=r"no soils\.nodb"):
        snapshot(batch)


def test_without_a_snapshot_there_is_nothing_to_clone(batch):
    with pytest.raises(InputError, match="no snapshot") as caught:
        current_snapshot(batch)
    assert caught.value.hint == f"weppbatch run {batch.name} takes one"
    snapshot(batch)
    (batch / ".snapshots" / "current").write_text("gone\n")
    with pytest.raises(InputError, match="missing"):
        current_snapshot(batch)
    (batch / ".snapshots" / "current").write_text("")
    with pytest.raises(InputError, match="missing"):
        current_snapshot(batch)


def test_a_clone_differs_in_its_folder_alone(batch):
    snapshot(batch)
    source, target, staging = current_snapshot(batch), batch / "runs" / "a", batch / "runs" / "a" / ".stage"
    written = clone(source, target, staging)
    assert {path.name for path in written} == FILES == {path.name for path in staging.iterdir()}
    for path in written:
        original, copy = json.loads((source / path.name).read_text()), json.loads(path.read_text())
        assert copy["py/state"].pop("wd") == str(target)
        original["py/state"].pop("wd")
        assert copy == original


def test_a_clone_leaves_locks_notes_and_caches_behind(batch):
    source = batch / "_base"
    with load(source, "ron").locked():
        (source / ".ron.nodb.tmp.nodb").write_text("half")
        (source / "cache.pkl").write_bytes(b"\x80")
        clone(source, batch / "runs" / "a", batch / "runs" / "a")
    assert {path.name for path in (batch / "runs" / "a").iterdir()} == FILES


def test_older_flat_files_are_cloned_with_their_folder_set(batch):
    for name in ("watershed_flat.nodb", "weppcloud_watershed.nodb"):
        (batch / "_base" / "watershed.nodb").write_bytes((DATA / name).read_bytes())
        target = batch / "runs" / name
        clone(batch / "_base", target, target)
        document = json.loads((target / "watershed.nodb").read_text())
        original = json.loads((DATA / name).read_text())
        state = document.get("py/state", document)
        assert state["wd"] == str(target)
        assert set(document) == set(original)
        assert Watershed.getInstance(target).csa_ha == Watershed.getInstance(batch / "_base").csa_ha


def test_a_hostile_control_is_not_cloned_and_nothing_is_written(batch):
    canary = batch / "canary"
    path = batch / "_base" / "wepp.nodb"
    document = json.loads(path.read_text())
    document["py/state"]["engine"] = {
        "py/reduce": [{"py/function": "os.system"}, {"py/tuple": [f"touch {canary}"]}]
    }
    path.write_text(json.dumps(document))
    with pytest.raises(UnsafeState, match=r"wepp\.nodb"):
        clone(batch / "_base", batch / "runs" / "a", batch / "runs" / "a")
    with pytest.raises(UnsafeState):
        snapshot(batch)
    assert not canary.exists()
    assert not (batch / "runs").exists()
    assert not (batch / ".snapshots").exists()


def test_a_snapshot_is_named_after_what_was_copied_even_if_the_base_changes_meanwhile(batch, monkeypatch):
    original = workspace.write_bytes

    def copied_then_changed(path: Path, content: bytes) -> None:
        original(path, content)
        if path.name == "watershed.nodb":
            set_fields(batch / "_base", ["watershed.csa_ha=5"])

    monkeypatch.setattr(workspace, "write_bytes", copied_then_changed)
    digest = snapshot(batch)
    assert load(current_snapshot(batch), "watershed").settings()["csa_ha"] == 10.0
    assert digest == sha256_of_json(base_hashes(current_snapshot(batch)))
