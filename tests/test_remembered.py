"""What a ledger remembers never differs from what it would find by looking at every file."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from synthetic_batch import finish, finished_batch
from weppbatch.batch import remembered
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.remembered import FILE, Remembered
from weppbatch.commands.app import main
from weppbatch.files import read_json, write_json
from weppbatch.tasks import graph

RUN = "runs/ws-1"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, sample_dem: Path) -> Path:
    """A finished batch whose files are old enough to be remembered."""
    root = tmp_path_factory.mktemp("remembered")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(root))
        folder = finished_batch("many", sample_dem)
        shutil.copy(sample_dem, folder / "resources" / "map.tif")
        assert main(["set", "many", "landuse.landcover=../resources/map.tif"]) == 0
        assert main(["push", "many"]) == 0
        for runid in Plan(folder).runids:
            for task in ("landuse", *graph.following("landuse")):
                finish(folder, runid, task)
    for path in sorted((folder / "runs").rglob("*"), key=lambda path: path.stat().st_mtime_ns):
        status = path.stat()
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 60 * 10**9))
    return folder


@pytest.fixture
def batch(finished: Path, root: Path) -> Path:
    """A copy for one test to change, looked at once."""
    root.mkdir()
    folder = Path(shutil.copytree(finished, root / "many", copy_function=shutil.copy2))
    Ledger(Plan(folder)).remember()
    return folder


def described(folder: Path) -> dict[str, object]:
    """Every run's state with the reason of every task."""
    ledger = Ledger(Plan(folder))
    return {
        runid: (state.to_json(), [(task.status, task.reason, task.path) for task in state.tasks.values()])
        for runid, state in ledger.runs.items()
    }


def cut_short(path: Path) -> None:
    """As a disk that lost power leaves it: shorter, and no newer."""
    status = path.stat()
    with path.open("r+b") as stream:
        stream.truncate(3)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def rewritten(path: Path, **values: object) -> None:
    write_json(path, read_json(path) | values)


def set_in_run(path: Path, name: str, value: object) -> None:
    document = read_json(path)
    document["py/state"][name] = value
    write_json(path, document)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a lost output": lambda b: (b / RUN / "watershed" / "relief.tif").unlink(),
    "an output cut short": lambda b: cut_short(b / RUN / "watershed" / "relief.tif"),
    "a lost declared file": lambda b: (b / RUN / "dem" / "dem.tif").unlink(),
    "a changed declared file": lambda b: (b / RUN / "dem" / "dem.tif").write_text("other"),
    "a lost sentinel": lambda b: (b / RUN / ".tasks" / "climate.json").unlink(),
    "a touched sentinel": lambda b: (b / RUN / ".tasks" / "dem.json").touch(),
    "a lost clone": lambda b: (b / RUN / ".tasks" / "clone.json").unlink(),
    "a lost run": lambda b: shutil.rmtree(b / RUN),
    "a control of the run": lambda b: set_in_run(b / RUN / "soils.nodb", "single_texture", "clay loam"),
    "a file from outside": lambda b: (b / "resources" / "map.tif").touch(),
    "the checklist": lambda b: main(["tasks", "many", "--off", "wepp"]),
    "an exclusion": lambda b: main(["exclude", "many", "ws-1", "--why", "flat"]),
    "a mark of a killed task": lambda b: shutil.copy(
        b / RUN / ".tasks" / "wepp.json", b / RUN / ".tasks" / "wepp.running.json"
    ),
    "a degraded result": lambda b: rewritten(b / RUN / ".tasks" / "dem.json", status="degraded"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_seen(batch: Path, what: str):
    before = described(batch)
    assert (batch / FILE).exists()
    CHANGES[what](batch)
    with_memory = described(batch)
    shutil.rmtree(batch / ".cache")
    assert with_memory == described(batch)
    if what != "the checklist":  # nothing else is asked for then, and all the rest is there
        assert with_memory != before


def test_what_did_not_change_is_not_judged_again(batch: Path, monkeypatch: pytest.MonkeyPatch):
    before = described(batch)
    (batch / RUN / ".tasks" / "climate.json").unlink()
    judged: list[str] = []
    judge = Ledger._task_state
    monkeypatch.setattr(
        Ledger, "_task_state", lambda self, run, *rest: (judged.append(run), judge(self, run, *rest))[1]
    )
    after = described(batch)
    assert set(judged) == {"ws-1"}
    assert len(judged) == len(graph.TASKS)
    assert {runid for runid in after if after[runid] != before[runid]} == {"ws-1"}


def test_young_files_are_not_remembered(batch: Path):
    (batch / RUN / ".tasks" / "climate.json").touch()
    Ledger(Plan(batch)).remember()
    assert "ws-1" not in read_json(batch / FILE)["runs"]
    assert len(read_json(batch / FILE)["runs"]) > 5


@pytest.mark.parametrize("content", ["", "{}", '{"whole": "x", "runs": {}}', '{"whole": 3, "runs": []}', "[1]"])
def test_a_broken_memory_is_no_memory(batch: Path, content: str):
    before = described(batch)
    (batch / FILE).write_text(content)
    assert described(batch) == before


def test_a_preview_writes_no_memory(batch: Path):
    shutil.rmtree(batch / ".cache")
    assert main(["run", "many", "-n"]) == 0
    assert not (batch / ".cache").exists()
    assert main(["status", "many"]) == 0
    assert (batch / ".cache").exists()


def test_a_batch_that_can_not_be_written_is_shown_all_the_same(batch: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.rmtree(batch / ".cache")
    monkeypatch.setattr(remembered.os, "access", lambda path, mode: False)
    assert main(["status", "many"]) == 0
    assert not (batch / ".cache").exists()
    assert Remembered(Plan(batch)).entries == {}


def test_a_large_batch_shows_what_is_not_complete_and_with_all_every_run(
    batch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (batch / "runs/ws-2/dem/dem.tif").unlink()
    for large, options, rows in ((False, [], True), (True, [], False), (True, ["--all"], True)):
        monkeypatch.setattr("weppbatch.commands.status.ROWS", 3 if large else 200)
        assert main(["status", "many", *options]) == 0
        said = capsys.readouterr().out
        assert "\nws-2" in said and "dem/dem.tif is lost" in said
        assert ("\nws-1 " in said) == rows
        assert ("1 of 10 runs are shown" in said) == (not rows)
        assert "1 stale, 9 succeeded" in said
