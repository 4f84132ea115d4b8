"""One task of one run: its records, its files, and its failures, without Snakemake."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import BIN
from weppbatch.errors import (
    BatchBusy,
    ConfigError,
    DataError,
    EngineError,
    InputError,
    Interrupted,
    NetworkError,
    OutOfMemory,
    WeppbatchError,
)
from weppbatch.files import read_json
from weppbatch.lock import holding
from weppbatch.nodb import workspace
from weppbatch.nodb.controls import set_fields
from weppbatch.tasks import clone, graph
from weppbatch.tasks.execute import Job, execute, publish
from weppbatch.tasks.record import TaskFiles
from weppbatch.tasks.retries import wait_s
from weppbatch.tasks.run import Metrics, Run
from weppbatch.terrain.whitebox import WhiteboxFailed


@pytest.fixture
def batch(new_batch: Callable[[str], Path]) -> Path:
    """A batch whose start has just taken its snapshot."""
    folder = new_batch("tasks")
    workspace.snapshot(folder)
    return folder


def job(batch: Path, task: str = "clone", **values: object) -> Job:
    return Job(batch, "ws-1", task, **values)  # type: ignore[arg-type]


def test_a_task_leaves_its_files_its_proof_and_nothing_else(batch: Path):
    execute(job(batch, execution="batch:tasks:1"))
    wd = batch / "runs" / "ws-1"
    record = read_json(wd / ".tasks" / "clone.json")
    assert {entry["path"] for entry in record["outputs"]} == set(graph.CONTROL_FILES)
    assert record["execution"] == "batch:tasks:1"
    assert json.loads((wd / "ron.nodb").read_text())["py/state"]["wd"] == str(wd)
    assert sorted(path.name for path in (wd / ".tasks").iterdir()) == ["clone.json", "clone.lock"]


def test_hints_name_the_batch(batch: Path):
    set_fields(batch / "_base", ["ron.dem="])
    workspace.snapshot(batch)
    for task in ("clone", "extent"):
        execute(job(batch, task))
    with pytest.raises(ConfigError, match="no elevation source") as caught:
        execute(job(batch, "dem"))
    assert "weppbatch add tasks dem FILE.tif" in caught.value.hint and "weppbatch push tasks" in caught.value.hint
    (batch / "resources" / "run_features.geojsonl").unlink()
    with pytest.raises(InputError, match="no validated watersheds") as unvalidated:
        execute(job(batch, "dem"))
    assert unvalidated.value.hint == "weppbatch validate tasks --template TEMPLATE"


def test_cloning_again_renews_the_controls_and_deletes_no_result(batch: Path):
    execute(job(batch))
    wd = batch / "runs" / "ws-1"
    result = wd / "dem" / "dem.tif"
    result.parent.mkdir()
    result.write_bytes(b"a result")
    (wd / "ron.nodb").unlink()
    execute(job(batch))
    assert (wd / "ron.nodb").exists()
    assert result.read_bytes() == b"a result"


def test_a_failure_keeps_its_scratch_its_first_cause_and_its_attempts(batch: Path, monkeypatch: pytest.MonkeyPatch):
    messages = iter(["no cells at all", "no cells again"])

    def fail(run: Run) -> Metrics:
        run.output("ron.nodb").write_text("half")
        raise DataError(next(messages), hint="give it cells")

    monkeypatch.setattr(clone, "run", fail)
    for _ in range(2):
        with pytest.raises(DataError):
            execute(job(batch))
    files = TaskFiles(batch / "runs" / "ws-1", "clone")
    failed = read_json(files.failed)
    assert (failed["category"], failed["message"], failed["hint"]) == ("data", "no cells again", "give it cells")
    assert failed["first_cause"] == {"category": "data", "message": "no cells at all"}
    assert len(failed["attempts"]) == 2
    assert (files.kept_scratch / "ron.nodb").read_text() == "half"
    assert not files.sentinel.exists() and not files.running.exists()
    assert not (files.wd / "ron.nodb").exists()
    monkeypatch.undo()
    execute(job(batch))
    assert not files.failed.exists() and not files.kept_scratch.exists()


@pytest.mark.parametrize(
    ("error", "category"),
    [
        (MemoryError(), "resource"),
        (OSError(28, "No space left on device"), "resource"),
        (KeyboardInterrupt(), "interrupted"),
        (ZeroDivisionError("x"), "internal"),
        (InputError("y"), "input"),
    ],
)
def test_a_failure_has_the_category_of_its_cause(
    batch: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, category: str
):
    def fail(run: Run) -> Metrics:
        raise error

    monkeypatch.setattr(clone, "run", fail)
    with pytest.raises(type(error)):
        execute(job(batch))
    assert read_json(batch / "runs/ws-1/.tasks/clone.failed.json")["category"] == category


def failing_with(monkeypatch: pytest.MonkeyPatch, *errors: BaseException) -> list[BaseException]:
    """Make the clone fail with each of these in turn, and then succeed; returns what it failed with so far."""
    left, raised, real = list(errors), [], clone.run

    def fail(run: Run) -> Metrics:
        if not left:
            return real(run)
        raised.append(left.pop(0))
        raise raised[-1]

    monkeypatch.setattr(clone, "run", fail)
    return raised


@pytest.mark.parametrize(
    "error",
    [
        DataError("no cells"),
        OSError(28, "No space left on device"),
        InputError("a typo"),
        ZeroDivisionError("x"),
        EngineError("it warned"),
    ],
)
def test_a_failure_that_would_come_again_is_repeated_at_once(
    batch: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    raised = failing_with(monkeypatch, error, error)
    with pytest.raises(type(error)):
        execute(job(batch, execution="a"))
    with pytest.raises(InputError, match=re.escape(str(error))):
        execute(job(batch, execution="a", attempt=2))
    assert len(raised) == 1
    failed = read_json(batch / "runs/ws-1/.tasks/clone.failed.json")
    assert failed["retry"] == "never" and len(failed["attempts"]) == 1
    with pytest.raises(type(error)):
        execute(job(batch, execution="another start"))
    assert len(raised) == 2


@pytest.mark.parametrize(
    ("error", "retry", "waits"),
    [
        (NetworkError("no answer"), "after a wait", True),
        (ConnectionResetError(104, "reset"), "after a wait", True),
        (OSError(116, "Stale file handle"), "after a wait", True),
        (MemoryError(), "with more memory", False),
        (OutOfMemory("too many cells"), "with more memory", False),
        (WhiteboxFailed("Fill", -9, "killed"), "with more memory", False),
        (Interrupted("told to stop"), "at once", False),
    ],
)
def test_a_failure_that_may_pass_is_tried_again_and_success_keeps_the_attempts(
    batch: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, retry: str, waits: bool
):
    slept_s: list[float] = []
    monkeypatch.setattr("weppbatch.tasks.execute.sleep", slept_s.append)
    failing_with(monkeypatch, error, error)
    for attempt in (1, 2):
        with pytest.raises(type(error)):
            execute(job(batch, execution="a", attempt=attempt))
    failed = read_json(batch / "runs/ws-1/.tasks/clone.failed.json")
    assert failed["retry"] == retry
    assert [entry["attempt"] for entry in failed["attempts"]] == [1, 2]
    execute(job(batch, execution="a", attempt=3))
    record = read_json(batch / "runs/ws-1/.tasks/clone.json")
    assert record["attempts"] == failed["attempts"] and record["attempt"] == 3
    waited_s = [entry["waited_s"] for entry in record["attempts"]] + [record["waited_s"]]
    assert [seconds > 0 for seconds in waited_s] == [False, waits, waits]
    assert slept_s == pytest.approx([seconds for seconds in waited_s if seconds], abs=0.1)
    assert ("waits" in (batch / "logs/ws-1/clone.log").read_text()) == waits


def test_the_wait_grows_and_is_not_the_same_for_every_run(monkeypatch: pytest.MonkeyPatch):
    first, second = wait_s(2, "ws-1 dem"), wait_s(3, "ws-1 dem")
    assert 10 <= first <= 12.5 and second == 4 * first
    assert wait_s(2, "ws-2 dem") != first
    monkeypatch.setenv("WEPPBATCH_RETRY_WAIT_S", "soon")
    with pytest.raises(ConfigError, match="soon"):
        wait_s(2, "x")


def test_an_attempt_that_was_killed_is_remembered(batch: Path, monkeypatch: pytest.MonkeyPatch):
    files = TaskFiles(batch / "runs" / "ws-1", "clone")
    code = (
        "import os, signal, weppbatch.tasks.clone as clone;"
        "clone.run = lambda run: os.kill(os.getpid(), signal.SIGKILL);"
        f"from weppbatch.tasks.entry import main; main(['clone', '--run', 'ws-1', '--batch', {str(batch)!r}], dict)"
    )
    for _ in range(2):
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    failing_with(monkeypatch, DataError("no cells"))
    with pytest.raises(DataError):
        execute(job(batch, attempt=2))
    failed = read_json(files.failed)
    assert [entry["category"] for entry in failed["attempts"]] == ["interrupted", "interrupted", "data"]
    assert failed["first_cause"] == {"category": "data", "message": "no cells"}
    execute(job(batch))
    assert len(read_json(files.sentinel)["attempts"]) == 3


def test_files_go_into_place_only_after_the_old_proof_is_gone(tmp_path: Path):
    files = TaskFiles(tmp_path, "outlet")
    files.scratch.mkdir(parents=True)
    files.sentinel.write_text("{}")
    (tmp_path / "old.tif").write_text("of the last time")
    (files.scratch / "new.tif").write_text("new")
    assert publish(files, ("old.tif", "new.tif")) == ["new.tif"]
    assert not files.sentinel.exists()
    assert (tmp_path / "new.tif").read_text() == "new"
    assert not (tmp_path / "old.tif").exists()


def test_a_file_that_a_task_does_not_declare_is_a_fault(tmp_path: Path):
    files = TaskFiles(tmp_path, "outlet")
    files.scratch.mkdir(parents=True)
    (files.scratch / "surprise.tif").write_text("x")
    with pytest.raises(WeppbatchError, match="surprise"):
        publish(files, ("new.tif",))


def test_two_processes_never_do_the_same_task_of_a_run(batch: Path, monkeypatch: pytest.MonkeyPatch):
    files = TaskFiles(batch / "runs" / "ws-1", "clone")
    monkeypatch.setattr("weppbatch.tasks.execute.LOCK_WAIT_S", 0.1)
    with holding(files.lock), pytest.raises(BatchBusy):
        execute(job(batch))


def test_what_libraries_print_goes_to_the_log(batch: Path, monkeypatch: pytest.MonkeyPatch):
    def talk(run: Run) -> Metrics:
        subprocess.run([sys.executable, "-c", "print('from below')"], check=True)
        return {}

    monkeypatch.setattr(clone, "run", talk)
    execute(job(batch))
    assert "from below" in (batch / "logs" / "ws-1" / "clone.log").read_text()


def sleeping_task(batch: Path) -> list[str]:
    """The command of a clone that would take a minute."""
    code = (
        "import time, weppbatch.tasks.clone as clone;"
        "clone.run = lambda run: (run.log('begun'), time.sleep(60));"
        f"from weppbatch.tasks.entry import main; main(['clone', '--run', 'ws-1', '--batch', {str(batch)!r}], dict)"
    )
    return [sys.executable, "-c", code]


def test_a_task_ends_with_the_process_that_asked_for_it(batch: Path):
    asker = subprocess.Popen(["sh", "-c", 'WEPPBATCH_JOB=$$ "$@" & wait', "sh", *sleeping_task(batch)])
    running = batch / "runs/ws-1/.tasks/clone.running.json"
    while not running.exists():
        time.sleep(0.05)
    pid = read_json(running)["pid"]
    asker.send_signal(signal.SIGKILL)
    asker.wait()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
    assert not (batch / "runs/ws-1/.tasks/clone.json").exists()


def test_a_task_whose_asker_died_before_it_began_ends_too(batch: Path):
    asker = subprocess.Popen(["true"])
    asker.wait()
    environment = os.environ | {"WEPPBATCH_JOB": str(asker.pid)}
    assert subprocess.run(sleeping_task(batch), env=environment, timeout=30, check=False).returncode == 5


def test_a_task_can_be_done_by_hand(batch: Path):
    command = [BIN / "weppbatch", "task", "clone", "--run", "ws-1", "--batch", batch]
    assert subprocess.run(command, check=False).returncode == 0
    failed = subprocess.run(
        [BIN / "weppbatch", "task", "extent", "--run", "ws-7", "--batch", batch],
        check=False,
        capture_output=True,
        text=True,
    )
    assert failed.returncode == 2
    assert "no watershed of tasks has the run id 'ws-7'" in failed.stderr
    assert not (batch / "runs" / "ws-7").exists()


@pytest.mark.parametrize("setting", [{"BATCH_RUNNER_ENABLED": "0"}, {"WEPPBATCH_ADMINS": "nobody-of-that-name"}])
def test_by_hand_as_well_only_those_who_may_do_a_task(batch: Path, setting: dict[str, str]):
    before = set(batch.rglob("*"))
    command = [BIN / "weppbatch", "task", "clone", "--run", "ws-1", "--batch", batch]
    refused = subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ | setting)
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: clone of ws-1: ")
    assert set(batch.rglob("*")) == before


def test_a_task_ends_when_the_process_that_asked_was_gone_before_it_began(batch: Path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    code = (
        "import time, weppbatch.tasks.clone as clone;"
        "clone.run = lambda run: time.sleep(20);"
        f"from weppbatch.tasks.entry import main; main(['clone', '--run', 'ws-1', '--batch', {str(batch)!r}], dict)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"WEPPBATCH_JOB": str(gone.pid)}, check=False, timeout=60
    )
    assert done.returncode == 5
    assert not (batch / "runs/ws-1/.tasks/clone.json").exists()


def test_a_task_that_is_told_to_stop_is_interrupted_also_in_the_middle_of_an_import(
    batch: Path, monkeypatch: pytest.MonkeyPatch
):
    def importing(run: Run) -> Metrics:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except BaseException as error:  # as shapely does when it loads numpy
            raise ImportError("numpy failed to import") from error
        return {}

    monkeypatch.setattr(clone, "run", importing)
    with pytest.raises(KeyboardInterrupt):
        execute(job(batch))
    failed = read_json(TaskFiles(batch / "runs" / "ws-1", "clone").failed)
    assert (failed["category"], failed["message"]) == ("interrupted", "the task was told to stop (SIGTERM)")
