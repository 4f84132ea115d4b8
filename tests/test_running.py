"""A batch under real Snakemake: what runs, what does not run again, and what a failure leaves."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import BIN, make_batch, snakemake
from weppbatch.batch.ledger import Ledger, fold
from weppbatch.batch.plan import Plan
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.work import work_of
from weppbatch.commands.app import main
from weppbatch.files import read_json, sha256_of_file, write_json
from weppbatch.lock import holding
from weppbatch.nodb.watershed import Watershed
from weppbatch.tasks import graph

RUNS = ("ws-1", "ws-2")
TASKS = graph.selected({"watershed": True})


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, sample_dem: Path, two_watersheds_file: Path) -> Path:
    """A batch of two watersheds, run to the end by `weppbatch run`."""
    root = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(root))
        make_batch("two", sample_dem, two_watersheds_file)
        assert main(["run", "two", "--cores", "2", "--reason", "a first look"]) == 0
    return root / "two"


@pytest.fixture
def batch(finished: Path, root: Path) -> Path:
    """A copy of the finished batch, for one test to change."""
    root.mkdir()
    return Path(shutil.copytree(finished, root / "two"))


def records(batch: Path) -> dict[tuple[str, str], str]:
    """When every task of every run finished."""
    found = {}
    for runid in RUNS:
        for task in TASKS:
            path = batch / graph.sentinel(runid, task)
            if path.exists():
                found[runid, task] = read_json(path)["finished_at"]
    return found


def redone(before: dict[tuple[str, str], str], batch: Path) -> set[tuple[str, str]]:
    """The tasks that were done, or done again, since `before`."""
    after = records(batch)
    return {key for key in after if after[key] != before.get(key)}


def checksums(batch: Path) -> dict[str, str]:
    """The checksum of every file of a batch."""
    return {str(path.relative_to(batch)): sha256_of_file(path) for path in batch.rglob("*") if path.is_file()}


def set_in_run(batch: Path, runid: str, **values: Any) -> None:
    """Change a run's own watershed settings, as a push does."""
    with Watershed.getInstance(batch / "runs" / runid).locked() as control:
        for name, value in values.items():
            setattr(control, name, value)


def test_a_finished_batch_has_every_sentinel_with_whole_outputs(finished: Path):
    for runid in RUNS:
        for task in TASKS:
            record = read_json(finished / graph.sentinel(runid, task))
            assert record["status"] in ("succeeded", "degraded")
            assert record["execution"].startswith("batch:two:20")
            assert record["runid"] == runid and record["task"] == task
            assert record["wall_s"] > 0 and record["cpu_s"] > 0 and record["max_rss_mb"] > 10
            assert len(record["config_sha256"]) == 64
            for entry in record["outputs"] + record["inputs"]:
                path = finished / "runs" / runid / entry["path"]
                assert path.stat().st_size == entry["bytes"]
                assert sha256_of_file(path) == entry["sha256"]
            assert {entry["path"] for entry in record["outputs"]} <= set(graph.TASKS[task].files)
        assert (finished / "logs" / runid / "outlet.log").stat().st_size > 0


def test_no_scratch_mark_or_failure_is_left_after_success(finished: Path):
    left = [path.name for runid in RUNS for path in (finished / "runs" / runid / ".tasks").iterdir()]
    assert {name.split(".", 1)[1] for name in left} == {"json", "lock"}


def test_the_state_holds_what_the_sentinels_say(finished: Path):
    runner = BatchRunner.getInstance(finished)
    assert set(runner.runs) == set(RUNS)
    for runid in RUNS:
        assert runner.runs[runid]["status"] in ("succeeded", "degraded")
        assert runner.runs[runid]["tasks"]["outlet"]["job_id"]
        assert runner.runs[runid]["attempts"] == 1 and runner.runs[runid]["errors"] == []
        seen = runner.preprocessing[runid]
        assert seen["status"] == "complete"
        assert seen["target_crs"] == "EPSG:32616"
        assert len(seen["extent"]) == 4
        assert seen["outlet"]["iou"] > 0.7
        assert "whitebox" in seen["tool"]
        assert "watershed/outlet.geojson" in seen["artefacts"]
        assert runner.control_hashes["runs"][runid].keys() == runner.control_hashes["base"].keys()
    events = [event["event"] for event in runner.history]
    assert events == [
        "created",
        *["resource_uploaded"] * 2,
        "template_validated",
        "tasks_selected",
        "run_started",
        "run_finished",
    ]
    assert runner.history[-2]["reason"] == "a first look"
    assert runner.history[-1]["execution"] == runner.history[-2]["execution"]


def test_the_outlet_step_can_be_called_by_itself_and_read_back(batch: Path):
    control = Watershed.getInstance(batch / "runs" / "ws-1")
    kept = control.outlet
    assert kept is not None
    (batch / "runs" / "ws-1" / "watershed" / "outlet.geojson").unlink()
    assert control.outlet is None
    found = control.determine_outlet()
    assert (found.row, found.col) == (kept.row, kept.col)
    assert control.outlet == found == kept


def test_a_second_run_does_nothing_and_says_so(batch: Path, capsys: pytest.CaptureFixture[str]):
    before = checksums(batch)
    assert main(["run", "two"]) == 0
    assert "Nothing to do" in capsys.readouterr().out
    assert checksums(batch) == before
    assert "Nothing to be done" in snakemake(batch).stderr


def test_status_as_json_has_its_documented_shape(batch: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["status", "two", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["batch"] == "two"
    assert shown["execution"].startswith("batch:two:20")
    assert sum(shown["counts"].values()) == 2
    for run in shown["runs"].values():
        assert run.keys() == {"status", "tasks", "last_update", "attempts", "errors", "reason"}
        assert list(run["tasks"]) == list(graph.TASKS)
        assert all(task.keys() == {"status", "job_id"} for task in run["tasks"].values())


@pytest.mark.parametrize("task", list(TASKS))
def test_a_lost_sentinel_redoes_exactly_that_task_and_what_follows(batch: Path, task: str):
    before = records(batch)
    (batch / graph.sentinel("ws-1", task)).unlink()
    assert snakemake(batch).returncode == 0
    assert redone(before, batch) == {("ws-1", name) for name in (task, *graph.following(task)) if name in TASKS}


def test_a_lost_file_is_found_and_exactly_its_task_and_what_follows_are_redone(batch: Path):
    before = records(batch)
    (batch / "runs" / "ws-2" / "watershed" / "relief.tif").unlink()
    assert main(["status", "two"]) == 0
    _, work = work_of(batch)
    assert work.runids == ["ws-2"]
    assert main(["run", "two", "--cores", "2"]) == 0
    assert redone(before, batch) == {("ws-2", "outlet"), ("ws-2", "watershed")}
    assert (batch / "runs" / "ws-2" / "watershed" / "relief.tif").exists()


def test_forcerun_outlet_redoes_outlet_and_watershed_of_every_run(batch: Path):
    before = records(batch)
    assert snakemake(batch, "--forcerun", "outlet").returncode == 0
    assert redone(before, batch) == {(runid, task) for runid in RUNS for task in ("outlet", "watershed")}


def test_a_changed_setting_of_one_run_redoes_what_depends_on_it(batch: Path):
    before = records(batch)
    set_in_run(batch, "ws-1", clip_hillslope_length_m=200.0)
    assert main(["run", "two", "--cores", "2"]) == 0
    assert redone(before, batch) == {("ws-1", "watershed")}
    before = records(batch)
    set_in_run(batch, "ws-1", csa_ha=8.0)
    assert snakemake(batch).returncode == 0
    assert redone(before, batch) == {("ws-1", "outlet"), ("ws-1", "watershed")}


def test_a_changed_setting_is_redone_also_when_snakemakes_metadata_are_lost(batch: Path):
    before = records(batch)
    shutil.rmtree(batch / ".snakemake")
    set_in_run(batch, "ws-2", csa_ha=8.0)
    assert main(["run", "two", "--cores", "2"]) == 0
    assert redone(before, batch) == {("ws-2", "outlet"), ("ws-2", "watershed")}


def test_a_change_in_the_base_does_not_touch_runs_that_are_cloned(batch: Path):
    before = records(batch)
    assert main(["set", "two", "watershed.csa_ha=5"]) == 0
    assert main(["run", "two"]) == 0
    assert redone(before, batch) == set()


def test_one_file_of_one_run_can_be_asked_for_and_nothing_else_is_made(new_batch: Callable[[str], Path]):
    batch = new_batch("files")
    assert snakemake(batch, "runs/ws-2/dem/dem.tif").returncode == 0
    assert set(records(batch)) == {("ws-2", task) for task in ("clone", "extent", "dem")}
    assert snakemake(batch, "runs/ws-2/watershed/outlet.geojson").returncode == 0
    assert set(records(batch)) == {("ws-2", task) for task in ("clone", "extent", "dem", "outlet")}


def test_preprocess_stops_at_the_outlets_and_the_rest_follows(new_batch: Callable[[str], Path]):
    batch = new_batch("preview")
    assert snakemake(batch, "preprocess").returncode == 0
    assert set(records(batch)) == {(runid, task) for runid in RUNS for task in ("clone", *graph.PREPROCESS)}
    before = records(batch)
    assert main(["run", "preview", "--cores", "2"]) == 0
    assert redone(before, batch) == {(runid, "watershed") for runid in RUNS}


def test_a_preview_changes_no_byte_and_its_list_is_what_runs(new_batch: Callable[[str], Path]):
    batch = new_batch("dry")
    before = checksums(batch)
    plain = snakemake(batch, "-n")
    assert plain.returncode == 0
    assert main(["run", "dry", "-n"]) == 0
    assert checksums(batch) == before
    planned = {line.split()[0] for line in plain.stdout.splitlines() if line.split()[1:] == ["2"]} & set(
        graph.TASKS
    )
    assert main(["run", "dry", "--cores", "2"]) == 0
    assert redone({}, batch) == {(runid, task) for runid in RUNS for task in planned}


def test_one_failing_watershed_never_stops_another(batch: Path, capsys: pytest.CaptureFixture[str]):
    set_in_run(batch, "ws-1", flat_increment_m=0.0002)
    set_in_run(batch, "ws-2", flat_increment_m=0.0002)
    broken = batch / "runs" / "ws-1" / "dem" / "dem.tif"
    dem = broken.read_bytes()
    broken.write_bytes(b"II*\x00 this is no raster")
    before = records(batch)
    earlier = checksums(batch / "runs" / "ws-1" / "watershed")
    assert main(["run", "two", "--cores", "2"]) == 1
    said = capsys.readouterr().out
    assert "ws-1: outlet: " in said and "logs/ws-1/outlet.log" in said
    assert redone(before, batch) == {("ws-2", "outlet"), ("ws-2", "watershed")}
    failed = read_json(batch / "runs" / "ws-1" / ".tasks" / "outlet.failed.json")
    assert failed["category"] in ("data", "internal", "engine")
    assert failed["message"] and failed["traceback"] and failed["log"] == "logs/ws-1/outlet.log"
    assert [attempt["attempt"] for attempt in failed["attempts"]] == [1], "a hopeless failure was tried again"
    assert not (batch / graph.sentinel("ws-1", "outlet")).exists()
    ledger = fold(batch)
    assert ledger.runs["ws-1"].status == "failed"
    assert ledger.runs["ws-2"].status in ("succeeded", "degraded")
    assert checksums(batch / "runs" / "ws-1" / "watershed") == earlier, "the earlier result is gone"
    log = (batch / failed["log"]).read_text()
    assert "Traceback" in log and failed["message"] in log
    broken.write_bytes(dem)
    before = records(batch)
    assert snakemake(batch, "--cores", "2").returncode == 0
    assert redone(before, batch) == {("ws-1", "outlet"), ("ws-1", "watershed")}


def test_a_failure_by_hand_beside_an_older_result_is_tried_again(
    batch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(batch)
    dem = batch / "runs" / "ws-1" / "dem" / "dem.tif"
    whole = dem.read_bytes(), dem.stat()
    dem.write_bytes(b"II*\x00 this is no raster")
    assert main(["task", "outlet", "--run", "ws-1"]) != 0
    dem.write_bytes(whole[0])
    os.utime(dem, ns=(whole[1].st_atime_ns, whole[1].st_mtime_ns))
    assert Ledger(Plan(batch)).runs["ws-1"].status == "failed"
    before = records(batch)
    assert main(["run", "two", "--cores", "2"]) == 0
    assert redone(before, batch) == {("ws-1", "outlet"), ("ws-1", "watershed")}


def test_an_excluded_run_takes_no_part_and_is_reported_as_excluded(
    new_batch: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
):
    batch = new_batch("less")
    assert main(["exclude", "less", "ws-1", "--why", "a reservoir"]) == 0
    assert main(["run", "less", "--cores", "2"]) == 0
    assert not (batch / "runs" / "ws-1").exists()
    capsys.readouterr()
    assert main(["status", "less", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["runs"]["ws-1"]["status"] == "excluded"
    assert shown["runs"]["ws-1"]["reason"] == "a reservoir"


def test_a_batch_that_another_process_works_on_is_left_alone(batch: Path, capsys: pytest.CaptureFixture[str]):
    (batch / graph.sentinel("ws-1", "watershed")).unlink()
    with holding(batch / ".lock", execution="batch:two:other"):
        assert main(["run", "two"]) == 4
        assert f"pid {os.getpid()}" in capsys.readouterr().err
        plain = snakemake(batch)
        assert plain.returncode == 1
        assert "is in use by" in plain.stderr
        assert snakemake(batch, "-n").returncode == 0
    assert snakemake(batch).returncode == 0


def test_snakemakes_own_stale_lock_is_cleared_by_the_holder(batch: Path):
    (batch / graph.sentinel("ws-1", "watershed")).unlink()
    locks = batch / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text("runs/ws-1/.tasks/watershed.json\n")
    assert snakemake(batch).returncode == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--config", "batch=nowhere/at-all"], "no batch_runner.nodb"),
        (["--config", "bacth=batches/two"], "bacth"),
        (["--config", "batch={batch}", "runs=ws-9"], "unknown run id: ws-9"),
        (["--config", "batch={batch}", "tasks=wep"], "unknown task: wep"),
    ],
)
def test_a_wrong_start_is_refused_and_makes_no_folder(
    batch: Path, tmp_path: Path, options: list[str], message: str
):
    here = tmp_path / "elsewhere"
    here.mkdir()
    options = [option.format(batch=batch) for option in options]
    done = subprocess.run(
        [BIN / "snakemake", "-s", "workflow/Snakefile", "--cores", "1", *options],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert not Path("nowhere").exists()


def test_a_stale_validation_and_a_switched_off_runner_stop_every_start(
    batch: Path, two_watersheds: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("BATCH_RUNNER_ENABLED", "0")
    assert main(["run", "two"]) == 2
    assert "switched off" in snakemake(batch).stderr
    monkeypatch.delenv("BATCH_RUNNER_ENABLED")
    collection = json.loads(two_watersheds.read_text())
    collection["features"].pop()
    write_json(two_watersheds, collection)
    assert main(["add", "two", "watersheds", str(two_watersheds)]) == 0
    assert main(["run", "two"]) == 2
    assert "stale" in capsys.readouterr().err
    assert "stale" in snakemake(batch).stderr
