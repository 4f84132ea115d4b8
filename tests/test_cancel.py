"""A running batch is stopped from another terminal: by its name, by its execution, and from another host."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from test_killed import assert_whole, commands, started, wait_until_quiet
from weppbatch.batch import cancel
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.start import Start
from weppbatch.commands.app import main
from weppbatch.files import write_json
from weppbatch.lock import Lock, holding


@contextmanager
def held_up(batch: Path) -> Iterator[None]:
    """Keep a start from ending before it is stopped: somebody else is at the last task of both watersheds."""
    with ExitStack() as stack:
        for runid in ("ws-1", "ws-2"):
            stack.enter_context(holding(batch / "runs" / runid / ".tasks" / "watershed.lock", wait_s=5))
        yield


@pytest.mark.parametrize("way", ["weppbatch run", "snakemake"])
def test_a_running_batch_is_cancelled_by_its_name_and_goes_on_later(
    new_batch: Callable[[str], Path], capsys: pytest.CaptureFixture[str], way: str
):
    batch = new_batch("stopped")
    process = started(batch, *commands(batch)[way])
    with held_up(batch):
        assert main(["cancel", "stopped", "--reason", "wrong soils"]) == 0
        assert not Lock(batch / ".lock").is_held()
        assert "Stopped: " in capsys.readouterr().out
        assert process.wait(timeout=20) == (5 if way == "weppbatch run" else 1)
    assert wait_until_quiet(batch, 2) == []
    assert_whole(batch)
    assert "running" not in {state.status for state in Ledger(Plan(batch)).runs.values()}
    history = BatchRunner.getInstance(batch).history
    asked = next(event for event in history if event["event"] == "cancelled")
    started_event = next(event for event in history if event["event"] == "run_started")
    assert asked["reason"] == "wrong soils" and asked["executions"] == [started_event["execution"]]
    assert history[-1]["event"] == "run_finished"
    assert main(["run", "stopped", "--cores", "2"]) == 0
    assert_whole(batch)


def test_an_execution_is_cancelled_by_its_id_and_no_other_one(
    new_batch: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
):
    batch = new_batch("byid")
    process = started(batch, *commands(batch)["weppbatch run"])
    with held_up(batch):
        holder = Lock(batch / ".lock").holder()
        assert holder is not None and holder["execution"].startswith("batch:byid:20")
        BatchRunner.getInstance(batch).add_history("run_started", execution="batch:byid:earlier")
        assert main(["cancel", "batch:byid:earlier"]) == 2
        assert f"{holder['execution']} does" in capsys.readouterr().err
        assert main(["cancel", "batch:byid:never"]) == 2
        assert holder["execution"] in capsys.readouterr().err
        assert process.poll() is None
        assert main(["cancel", holder["execution"]]) == 0
        assert process.wait(timeout=20) == 5


def test_cancelling_where_nothing_runs_changes_nothing(root: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["create", "idle", "--config", "disturbed9002_wbt"]) == 0
    before = sorted(root.rglob("*"))
    assert main(["cancel", "idle"]) == 0
    assert "Nothing runs" in capsys.readouterr().out
    assert sorted(root.rglob("*")) == before


def test_a_command_that_holds_the_batch_for_a_moment_is_no_run(root: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["create", "busy", "--config", "disturbed9002_wbt"]) == 0
    with holding(root / "busy" / ".lock", purpose="push"):
        assert main(["cancel", "busy"]) == 4
    assert "(push); that is no run" in capsys.readouterr().err


def test_a_request_of_an_earlier_execution_stops_nothing_and_is_removed(new_batch: Callable[[str], Path]):
    batch = new_batch("late")
    old = {"execution": "batch:late:earlier", "by": "eve", "at": "2026-01-01T00:00:00.000Z", "reason": "too slow"}
    write_json(batch / cancel.REQUEST, old)
    assert cancel.why_cancelled(batch, "batch:late:earlier") == "cancelled by eve: too slow"
    assert cancel.why_cancelled(batch, "batch:late:now") == ""
    start = Start.begin(batch)
    assert not (batch / cancel.REQUEST).exists()
    assert start.told_to_stop() == ""
    start.lock.release()


def test_a_start_whose_batch_another_host_took_over_stops_and_leaves_its_note(new_batch: Callable[[str], Path]):
    batch = new_batch("lost")
    process = started(batch, *commands(batch)["weppbatch run"])
    note = batch / ".lock.holder.json"
    other = {
        "user": "ann",
        "host": "node-7",
        "pid": 1,
        "since": "2026",
        "purpose": "run",
        "execution": "batch:lost:2",
    }
    with held_up(batch):
        write_json(note, other)
        assert process.wait(timeout=20) == 5
    assert Lock(batch / ".lock").holder() == other


@dataclass
class _Jobs:
    """Work that a scheduler does, as a cluster's module gives it."""

    execution: str
    ends_at: float = 0.0

    def describe(self) -> str:
        return "Slurm job 17"

    def cancel(self) -> None:
        self.ends_at = time.monotonic() + 0.3

    def is_running(self) -> bool:
        return not self.ends_at or time.monotonic() < self.ends_at


@pytest.fixture
def jobs() -> Iterator[_Jobs]:
    part = _Jobs("batch:grid:1")
    cancel.PARTS.append(lambda folder: [part] if part.is_running() else [])
    yield part
    cancel.PARTS.pop()


def test_what_a_scheduler_runs_of_the_batch_is_cancelled_and_waited_for(
    root: Path, jobs: _Jobs, capsys: pytest.CaptureFixture[str]
):
    assert main(["create", "grid", "--config", "disturbed9002_wbt"]) == 0
    BatchRunner.getInstance(root / "grid").add_history("run_started", execution="batch:grid:0")
    BatchRunner.getInstance(root / "grid").add_history("submitted", execution="batch:grid:1")
    assert cancel.cancel(root / "grid", "batch:grid:0", reason="", tell=print) is False
    assert cancel.cancel(root / "grid", "batch:grid:1", reason="", tell=print) is True
    assert "cancelling Slurm job 17" in capsys.readouterr().out
    assert jobs.ends_at and not jobs.is_running()
