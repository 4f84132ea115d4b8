"""What was written along the way is found by batch, run, task and execution, and bundled for a bug report."""

import json
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from conftest import begun
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.app import main
from weppbatch.tasks.execute import Job, execute

FIRST, SECOND = "batch:logged:2026-01-01T00:00:00.000Z", "batch:logged:2026-01-02T00:00:00.000Z"


@pytest.fixture
def batch(new_batch: Callable[[str], Path]) -> Path:
    """A batch of two watersheds; the window of ws-1 was made by two executions."""
    folder = new_batch("logged")
    begun(folder, "extent", execution=FIRST)
    execute(Job(folder, "ws-1", "extent", execution=SECOND))
    for execution in (FIRST, SECOND):
        BatchRunner.getInstance(folder).add_history("run_started", execution=execution)
        path = folder / "logs" / "snakemake" / f"{execution.replace(':', '_')}.log"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"Building DAG of jobs for {execution}\n")
    return folder


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main(["logs", *words]) == 0
    return capsys.readouterr().out


def test_a_runs_logs_are_shown_task_by_task_and_one_tasks_alone(batch: Path, capsys: pytest.CaptureFixture[str]):
    said = shown(capsys, "logged", "ws-1")
    assert said.index("logs/ws-1/clone.log") < said.index("logs/ws-1/extent.log")
    said = shown(capsys, "logged", "ws-1", "extent")
    assert said == (batch / "logs" / "ws-1" / "extent.log").read_text()
    assert len(shown(capsys, "logged", "ws-1", "extent", "--lines", "1").splitlines()) == 1
    assert "No log yet of dem of ws-1" in shown(capsys, "logged", "ws-1", "dem")


def test_of_an_execution_only_what_it_wrote_is_shown(batch: Path, capsys: pytest.CaptureFixture[str]):
    said = shown(capsys, SECOND, "ws-1", "extent")
    assert SECOND in said and FIRST not in said and "done in" in said
    assert "clone" not in shown(capsys, SECOND, "ws-1")
    said = shown(capsys, SECOND)
    assert "Building DAG" in said and FIRST not in said and "ws-2" not in said
    assert main(["logs", "batch:logged:never"]) == 2
    assert SECOND in capsys.readouterr().err


def test_the_overview_names_the_logs_of_what_failed(batch: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["tasks", "logged", "--on", "dem"]) == 0
    (batch / "runs" / "ws-2" / "extent.json").unlink()
    with pytest.raises(Exception, match=r"extent\.json"):
        execute(Job(batch, "ws-2", "dem", execution=SECOND))
    said = shown(capsys, "logged")
    assert "logs/ws-2/dem.log" in said and "logs/ws-1" not in said and "weppbatch logs logged RUNID" in said


def test_wrong_names_are_all_named_with_the_nearest(batch: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["logs", "logged", "../ws-1", "extend"]) == 2
    said = capsys.readouterr().err
    assert "no run '../ws-1'; did you mean 'ws-1'?" in said and "did you mean 'extent'?" in said


def test_a_bundle_has_logs_records_settings_state_and_versions(
    batch: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEPPBATCH_CORES", "2")
    monkeypatch.setenv("SLURM_JWT", "s3cret")
    assert "logged-ws-1-logs.zip" in shown(capsys, "logged", "ws-1", "--zip")
    with ZipFile("logged-ws-1-logs.zip") as archive:
        assert archive.testzip() is None
        names = {name.removeprefix("logged/") for name in archive.namelist()}
        about = json.loads(archive.read("logged/about.json"))
        status = json.loads(archive.read("logged/status.json"))
        assert not any(b"s3cret" in archive.read(name) for name in archive.namelist())
    assert names >= {
        *("batch_runner.nodb", "_base/ron.nodb", "logs/batch.jsonl", "logs/ws-1/extent.log"),
        *("runs/ws-1/.tasks/extent.json", "runs/ws-1/ron.nodb"),
    }
    assert not any("ws-2" in name or name.endswith((".tif", "extent.geojson")) for name in names)
    assert set(about["versions"]) == {"weppbatch", "python", "terrain tools", "packages"}
    assert "snakemake" in about["versions"]["packages"] and about["variables"]["WEPPBATCH_CORES"] == "2"
    assert status["runs"]["ws-1"]["status"] == "succeeded"
    assert main(["logs", "logged", "ws-1", "--zip"]) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_bundle_of_an_execution_of_the_whole_batch_has_its_snakemake_log_alone(batch: Path, tmp_path: Path):
    target = tmp_path / "all.zip"
    assert main(["logs", FIRST, "--zip", "--output", str(target)]) == 0
    with ZipFile(target) as archive:
        names = archive.namelist()
        assert json.loads(archive.read("logged/about.json"))["execution"] == FIRST
    assert [name.rpartition("/")[2] for name in names if "snakemake" in name] == [f"{FIRST.replace(':', '_')}.log"]
    assert {"logged/logs/ws-1/clone.log", "logged/logs/ws-2/clone.log"} <= set(names)


def test_a_batch_whose_run_ids_are_stale_can_still_be_bundled(batch: Path, tmp_path: Path):
    (batch / "resources" / "watersheds.geojson").write_text("{}")
    target = tmp_path / "stale.zip"
    assert main(["logs", "logged", "--zip", "-o", str(target)]) == 0
    with ZipFile(target) as archive:
        assert "stale" in json.loads(archive.read("logged/status.json"))["error"]
