import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from weppbatch.batch import root as root_module
from weppbatch.batch.root import (
    NameTaken,
    batch_folder,
    batches_root,
    create_batch,
    list_batches,
    name_problem,
)
from weppbatch.batch.runner import BatchRunner
from weppbatch.errors import InputError
from weppbatch.nodb.controls import CONTROLS, load

BASE = "disturbed9002_wbt"
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WEPPBATCH_ROOT", str(tmp_path / "batches"))
    return tmp_path / "batches"


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_new_batch_has_all_folders_controls_and_state(batches):
    made = create_batch("myfire", "wbt_dense", reason="a test")
    folder = batches / "myfire"
    assert made.wd == str(folder)
    assert {path.name for path in folder.iterdir()} == {
        "batch_runner.nodb", "_base", "resources", "runs", "logs", "report",
    }  # fmt: skip
    assert {path.name for path in (folder / "_base").iterdir()} == {
        "uploads",
        *(kind.filename for kind in CONTROLS.values()),
    }
    watershed = load(folder / "_base", "watershed").settings()
    assert (watershed["csa_ha"], watershed["mcl_m"]) == (5.0, 60.0)
    assert json.loads((folder / "_base" / "ron.nodb").read_text())["py/state"]["wd"] == str(folder / "_base")
    assert [path.name for path in batches.iterdir()] == ["myfire"]


def test_a_new_batchs_state_says_from_what_by_whom_and_when(batches):
    made = create_batch("myfire", BASE, reason="a test")
    assert (made.batch_name, made.base_config, made.batch_config) == ("myfire", BASE, "default_batch")
    assert made.created_at.endswith("Z")
    assert made.created_by == made.history[0]["user"]
    assert [event["event"] for event in made.history] == ["created"]
    assert made.history[0]["reason"] == "a test"
    line = (batches / "myfire" / "logs" / "batch.jsonl").read_text()
    assert json.loads(line) == made.history[0]
    assert all(made.selected_tasks.values())
    assert made.validation_state == "missing"


@pytest.mark.parametrize(
    "name",
    ["Fire", "1fire", "-fire", "_base", "fire.x", "fire x", "fire/x", "..", "", "x" * 30, "fïre", "fire\n", "all",
     "con", "lpt1", "runs"],
)  # fmt: skip
def test_a_bad_name_is_refused_and_nothing_is_made(batches, name):
    with pytest.raises(InputError, match="can't be a batch's name"):
        create_batch(name, BASE)
    assert not batches.exists()


@pytest.mark.parametrize("name", ["f", "fire-2026_b", "x" * 29, "demo"])
def test_a_good_name_is_taken(name):
    assert name_problem(name) is None


def test_an_unknown_configuration_names_the_nearest(batches):
    with pytest.raises(InputError, match="disturbed9002") as caught:
        create_batch("myfire", "disturbed9002")
    assert "disturbed9002_wbt" in str(caught.value.hint)
    assert not batches.exists()


def test_a_taken_name_is_refused_and_the_batch_is_untouched(batches):
    create_batch("myfire", BASE)
    before = everything(batches)
    with pytest.raises(NameTaken, match="there is a batch 'myfire' already"):
        create_batch("myfire", BASE)
    assert everything(batches) == before


@pytest.mark.parametrize("kind", ["empty folder", "folder", "file"])
def test_what_is_there_already_is_never_replaced_or_merged(batches, kind):
    batches.mkdir()
    target = batches / "myfire"
    if kind == "file":
        target.write_text("mine")
    else:
        target.mkdir()
    if kind == "folder":
        (target / "notes.txt").write_text("mine")
    before = everything(batches)
    with pytest.raises(NameTaken, match="exists, but is no batch"):
        create_batch("myfire", BASE)
    assert everything(batches) == before


def test_a_name_taken_at_the_last_moment_is_an_error(batches, monkeypatch):
    def late(folder: Path, config: object, wd: Path) -> None:
        scaffold(folder, config, wd=wd)
        (batches / "myfire").mkdir()

    scaffold = root_module.scaffold
    monkeypatch.setattr(root_module, "scaffold", late)
    with pytest.raises(NameTaken):
        create_batch("myfire", BASE)
    assert everything(batches) == ["myfire"]


def race(results: multiprocessing.SimpleQueue, barrier: object, reason: str) -> None:
    barrier.wait()
    try:
        create_batch("myfire", BASE, reason=reason)
        results.put(("won", reason))
    except NameTaken:
        results.put(("lost", reason))


@pytest.mark.parametrize("_round", range(3))
def test_of_eight_processes_that_make_the_same_batch_exactly_one_wins(batches, _round):
    results, barrier = FORK.SimpleQueue(), FORK.Barrier(8)
    workers = [FORK.Process(target=race, args=(results, barrier, f"racer {n}")) for n in range(8)]
    for worker in workers:
        worker.start()
    outcomes = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    winners = [reason for outcome, reason in outcomes if outcome == "won"]
    assert len(winners) == 1
    made = BatchRunner.getInstance(batch_folder("myfire"))
    assert [event["reason"] for event in made.history] == winners
    assert [path.name for path in batches.iterdir()] == ["myfire"]


def die_before_the_end(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def make_and_die() -> None:
    root_module._take = die_before_the_end
    create_batch("myfire", BASE)


def test_a_killed_creation_leaves_no_batch_and_the_name_free(batches):
    worker = FORK.Process(target=make_and_die)
    worker.start()
    worker.join()
    assert worker.exitcode == -signal.SIGKILL
    assert list_batches() == []
    create_batch("myfire", BASE)
    assert list_batches() == ["myfire"]


def test_a_batch_is_found_by_name_and_a_typo_gets_the_nearest(batches):
    with pytest.raises(InputError, match="no batch 'myfire'") as caught:
        batch_folder("myfire")
    assert "weppbatch create myfire" in str(caught.value.hint)
    create_batch("myfire", BASE)
    assert batch_folder("myfire") == batches / "myfire"
    with pytest.raises(InputError) as caught:
        batch_folder("myfires")
    assert caught.value.hint == "did you mean 'myfire'?"
    with pytest.raises(InputError):
        batch_folder("../batches/myfire")


def test_only_whole_batches_are_listed(batches):
    create_batch("b-two", BASE)
    create_batch("a-one", BASE)
    (batches / "other").mkdir()
    (batches / ".hidden").mkdir()
    assert list_batches() == ["a-one", "b-two"]


def test_without_a_variable_the_batches_lie_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.delenv("WEPPBATCH_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    assert batches_root() == tmp_path / "batches"
    assert list_batches() == []
