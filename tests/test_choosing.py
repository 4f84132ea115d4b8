"""What a start does of what it could: chosen runs and tasks, by force, again after failures, as a pilot."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import BIN, make_batch, snakemake
from weppbatch.batch import force
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.app import main
from weppbatch.files import read_json, shipped
from weppbatch.lock import Lock
from weppbatch.nodb.ron import Ron
from weppbatch.tasks import graph

Done = set[tuple[str, str]]
FAULT = """
import os, sys
if "task" in sys.orig_argv or "weppbatch.tasks.server" in " ".join(sys.orig_argv):
    import weppbatch.tasks.extent as extent
    from weppbatch.errors import DataError, NetworkError
    real = extent.run
    def run(given):
        count = os.environ["FAULT_COUNT"]
        with open(count, "a") as stream:
            stream.write("x")
        if os.path.getsize(count) <= int(os.environ["FAULTS"]):
            raise eval(os.environ["FAULT"])
        return real(given)
    extent.run = run
"""


@pytest.fixture
def batch(new_batch: Callable[[str], Path]) -> Path:
    """Two watersheds, of which the windows and DEMs are asked for."""
    folder = new_batch("two")
    assert main(["tasks", "two", "--off", "all", "--on", "dem"]) == 0
    return folder


def records(batch: Path) -> dict[tuple[str, str], int]:
    """When the sentinel of every task of every run was written."""
    paths = [path for path in batch.glob("runs/*/.tasks/*.json") if path.name.count(".") == 1]
    return {(path.parents[1].name, path.stem): path.stat().st_mtime_ns for path in paths}


def run(capsys: pytest.CaptureFixture[str], *options: str, code: int = 0) -> tuple[Done, dict[str, Any]]:
    """Plan, look that nothing changed, run, and look that what was listed was done; returns both."""
    folder = Path(os.environ["WEPPBATCH_ROOT"], "two")
    before = records(folder)
    capsys.readouterr()
    assert main(["run", "two", *options, "-n", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert records(folder) == before
    assert main(["run", "two", "--cores", "2", "--json", *options]) == code
    outcome = json.loads(capsys.readouterr().out.splitlines()[-1])
    after = records(folder)
    done = {key for key in after if after[key] != before.get(key)}
    if code == 0:
        assert done == {(job["runid"], job["task"]) for job in listed["jobs"]}
    return done, outcome


def every(runids: str, tasks: str) -> Done:
    return {(runid, task) for runid in runids.split() for task in tasks.split()}


def test_chosen_runs_and_tasks_are_done_and_no_other(batch: Path, capsys: pytest.CaptureFixture[str]):
    done, outcome = run(capsys, "--runs", "ws-2", "--tasks", "extent")
    assert done == every("ws-2", "clone extent")
    assert outcome["exit_code"] == 0 and outcome["runs"]["ws-2"]["status"] == "succeeded"
    done, _ = run(capsys, "--runs", "@missing,0:1", "--reason", "the rest")
    assert done == every("ws-1", "clone extent dem") | {("ws-2", "dem")}
    event = next(event for event in BatchRunner.getInstance(batch).history if event["reason"] == "the rest")
    assert event["event"] == "run_started" and event["jobs"] == {"clone": 1, "extent": 1, "dem": 2}
    assert event["asked"] == {"runs": "@missing,0:1", "tasks": None, "force": False, "pilot": False}
    record = read_json(batch / graph.sentinel("ws-1", "dem"))
    assert record["execution"] == event["execution"]
    assert main(["run", "two", "--runs", "@missing"]) == 0
    assert "Nothing to do in @missing" in capsys.readouterr().out


def test_force_makes_the_named_tasks_again_and_is_over_with_its_start(
    batch: Path, capsys: pytest.CaptureFixture[str]
):
    run(capsys)
    done, _ = run(capsys, "--runs", "ws-1", "--tasks", "extent", "--force")
    assert done == {("ws-1", "extent")}
    assert main(["run", "two", "-n", "--tasks", "extent", "--force"]) == 0
    assert "Stale afterwards, since they are not asked for: dem (2)." in capsys.readouterr().out
    assert BatchRunner.getInstance(batch).force_rebuild is True
    assert not (batch / force.FILE).exists()
    done, _ = run(capsys)
    assert done == {("ws-1", "dem")}, "what follows was to be made again, and nothing else"
    assert BatchRunner.getInstance(batch).force_rebuild is False
    done, _ = run(capsys, "--force")
    assert done == every("ws-1 ws-2", "extent dem"), "cloning again would undo settings of a run's own"
    assert main(["run", "two"]) == 0
    assert "Nothing to do" in capsys.readouterr().out


def test_a_killed_forced_run_goes_on_without_redoing_what_it_had_made(
    batch: Path, capsys: pytest.CaptureFixture[str]
):
    run(capsys)
    before = records(batch)
    process = subprocess.Popen(
        [BIN / "weppbatch", "run", "two", "--force", "--tasks", "preprocess", "--cores", "1"],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not {key for key, at in records(batch).items() if at != before.get(key)}:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    while Lock(batch / ".lock").is_held() or "running" in Ledger(Plan(batch)).to_json()["counts"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    changed = {key for key, at in records(batch).items() if at != before.get(key)}
    assert read_json(batch / force.FILE)["requests"][0]["tasks"] == ["extent", "dem", "outlet"]
    done, _ = run(capsys)
    assert changed.isdisjoint(done), "what had been made again was made once more"
    again = {key for key, at in records(batch).items() if at != before.get(key)}
    assert again >= every("ws-1 ws-2", "extent dem")
    assert not (batch / force.FILE).exists()


def test_a_pending_force_shows_in_the_status_plain_snakemake_ignores_it_and_it_can_be_withdrawn(
    batch: Path, capsys: pytest.CaptureFixture[str]
):
    run(capsys)
    force.record(batch, "batch:two:x", ["dem"], force.stamps(batch, [graph.sentinel("ws-2", "dem")]))
    state = Ledger(Plan(batch)).runs["ws-2"]
    assert (state.status, state.reason) == ("stale", "dem: to be made again, as was asked (--force)")
    assert "Nothing to be done" in snakemake(batch).stderr
    capsys.readouterr()
    assert main(["run", "two", "--no-force"]) == 0
    assert "Nothing to do" in capsys.readouterr().out
    assert not (batch / force.FILE).exists()
    assert Ledger(Plan(batch)).runs["ws-2"].status == "succeeded"
    force.record(batch, "batch:two:x", ["dem"], {graph.sentinel("ws-2", "dem"): 1})
    assert main(["run", "two"]) == 0
    assert not (batch / force.FILE).exists(), "what was made again since is no longer asked for"


def test_a_forced_task_that_the_checklist_leaves_out_is_finished_by_the_next_run(
    batch: Path, capsys: pytest.CaptureFixture[str]
):
    run(capsys)
    assert main(["tasks", "two", "--off", "dem", "--on", "extent"]) == 0
    force.record(batch, "batch:two:x", ["dem"], force.stamps(batch, [graph.sentinel("ws-2", "dem")]))
    done, _ = run(capsys)
    assert done == {("ws-2", "dem")}


def test_a_task_done_by_hand_counts_whatever_snakemake_remembers_of_it(
    batch: Path, capsys: pytest.CaptureFixture[str]
):
    run(capsys, "--runs", "ws-1")
    with Ron.getInstance(batch / "runs" / "ws-1").locked() as ron:
        ron.elevation_max_m = 8000.0
    by_hand = [BIN / "weppbatch", "task", "dem", "--run", "ws-1", "--batch", batch]
    assert subprocess.run(by_hand, check=False).returncode == 0
    done, _ = run(capsys, "--runs", "ws-1", "--tasks", "outlet")
    assert done == {("ws-1", "outlet")}


def test_retry_does_the_failed_ones_again_and_no_other(batch: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["retry", "two"]) == 0
    assert "Nothing to do in @failed" in capsys.readouterr().out
    run(capsys, "--tasks", "extent")
    with Ron.getInstance(batch / "runs" / "ws-1").locked() as ron:
        ron.elevation_max_m = 10.0
    done, outcome = run(capsys, "--runs", "ws-1", code=1)
    assert done == set() and outcome["runs"]["ws-1"]["errors"][0]["category"] == "data"
    assert main(["run", "two", "--tasks", "extent"]) == 0, "only what was asked for counts"
    with Ron.getInstance(batch / "runs" / "ws-1").locked() as ron:
        ron.elevation_max_m = 9000.0
    before = records(batch)
    capsys.readouterr()
    assert main(["retry", "two", "-n", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["runs"] == ["ws-1"] and plan["tasks"]["dem"] == {"jobs": 1, "why": {"failed": 1}}
    assert plan["jobs"][0]["why"].startswith("failed: ")
    assert main(["retry", "two", "--reason", "the right limit"]) == 0
    assert {key for key, at in records(batch).items() if at != before.get(key)} == {("ws-1", "dem")}


def test_wrong_names_are_all_told_and_nothing_is_written(batch: Path, capsys: pytest.CaptureFixture[str]):
    before = {path: path.stat().st_mtime_ns for path in batch.rglob("*")}
    assert main(["run", "two", "--runs", "ws1,@faild,9:"]) == 2
    said = capsys.readouterr().err
    assert "did you mean 'ws-1'" in said and "did you mean '@failed'" in said and "'9:'" in said
    assert main(["run", "two", "--tasks", "wep,omni"]) == 2
    said = capsys.readouterr().err
    assert "did you mean 'wepp'" in said and "'omni' is not in this version yet" in said
    assert {path: path.stat().st_mtime_ns for path in batch.rglob("*")} == before


def test_a_pilot_tries_the_largest_the_median_and_the_smallest_and_tells_what_the_rest_will_cost(
    root: Path, sample_dem: Path, capsys: pytest.CaptureFixture[str]
):
    batch = make_batch("two", sample_dem, shipped("config") / "demo" / "watersheds.geojson")
    assert main(["tasks", "two", "--off", "all", "--on", "dem"]) == 0
    capsys.readouterr()
    assert main(["run", "two", "-n"]) == 0
    said = capsys.readouterr().out
    assert "Nothing is known yet about the cost of clone (10), extent (10), dem (10)" in said
    runids = Plan(batch).runids
    done, outcome = run(capsys, "--pilot")
    assert {runid for runid, _ in done} == {runids[0], runids[len(runids) // 2], runids[-1]}
    told = outcome["pilot"]
    assert [run["size"] for run in told["runs"].values()] == ["largest", "median", "smallest"]
    assert told["rest"]["runs"] == len(runids) - 3 and told["rest"]["jobs"] == 3 * (len(runids) - 3)
    assert told["rest"]["wall_s"] > 0 and told["rest"]["memory_mb"] > 10 and told["rest"]["disk_bytes"] > 1000
    assert told["whole_disk_bytes"] > told["rest"]["disk_bytes"] and told["rest"]["unknown_jobs"] == {}
    assert "straight line in the cells" in told["words"][-1]
    assert main(["run", "two", "-n"]) == 0
    assert "on 2 cores" in capsys.readouterr().out or os.cpu_count() != 2


@pytest.mark.parametrize(
    ("fault", "faults", "attempts", "code"),
    [("NetworkError('no answer')", 2, 3, 0), ("MemoryError()", 1, 2, 0), ("DataError('no cells')", 9, 1, 1)],
)
def test_under_snakemake_only_what_may_pass_is_tried_again(
    batch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, faults: int, attempts: int, code: int
):
    (tmp_path / "fault").mkdir()
    (tmp_path / "fault" / "sitecustomize.py").write_text(FAULT)
    count = tmp_path / "count"
    settings = {"FAULT": fault, "FAULTS": str(faults), "FAULT_COUNT": str(count), "WEPPBATCH_RETRY_WAIT_S": "0.1"}
    for name, value in (settings | {"PYTHONPATH": str(tmp_path / "fault")}).items():
        monkeypatch.setenv(name, value)
    assert main(["run", "two", "--runs", "ws-1", "--tasks", "extent", "--cores", "1"]) == code
    assert count.stat().st_size == attempts
    record = read_json(batch / f"runs/ws-1/.tasks/extent{'.failed' if code else ''}.json")
    assert record["attempt"] == attempts
    assert Ledger(Plan(batch)).runs["ws-1"].to_json()["attempts"] == attempts
    if not code:
        assert [entry["attempt"] for entry in record["attempts"]] == list(range(1, attempts))
        assert (record["waited_s"] > 0) == ("Network" in fault)
