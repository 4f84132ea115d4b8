"""Which runs have other settings than the base project, control by control."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import begun
from weppbatch.batch import drift
from weppbatch.batch.ledger import fold
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.app import main
from weppbatch.files import write_json
from weppbatch.nodb.watershed import Watershed


@pytest.fixture
def batch(new_batch: Callable[[str], Path]) -> Path:
    """A batch of two watersheds with settings of their own."""
    folder = new_batch("drifting")
    begun(folder, "extent")
    return folder


def status(capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    capsys.readouterr()
    assert main(["status", "drifting", "--json"]) == 0
    found: dict[str, list[str]] = json.loads(capsys.readouterr().out)["drift"]
    return found


def test_drift_is_shown_per_run_and_control_and_ends_with_a_push(batch: Path, capsys: pytest.CaptureFixture[str]):
    assert status(capsys) == {}
    assert main(["set", "drifting", "ron.buffer_m=900", "soils.max_depth_mm=1500"]) == 0
    assert status(capsys) == {"ws-1": ["ron", "soils"], "ws-2": ["ron", "soils"]}
    assert main(["status", "drifting"]) == 0
    said = capsys.readouterr().out
    assert "drift" in said and "Drift: 2 runs have other settings than the base project, in ron, soils" in said
    assert main(["push", "drifting", "--runs", "ws-1", "--controls", "soils"]) == 0
    assert status(capsys) == {"ws-1": ["ron"], "ws-2": ["ron", "soils"]}
    assert main(["push", "drifting"]) == 0
    assert status(capsys) == {}


def test_a_runs_own_change_is_drift_also_after_the_state_was_folded(
    batch: Path, capsys: pytest.CaptureFixture[str]
):
    fold(batch)
    with Watershed.getInstance(batch / "runs" / "ws-2").locked() as control:
        control.csa_ha = 3.0
    assert status(capsys) == {"ws-2": ["watershed"]}
    fold(batch)
    assert status(capsys) == {"ws-2": ["watershed"]}


def test_a_result_is_never_drift(batch: Path, capsys: pytest.CaptureFixture[str]):
    control = Watershed.getInstance(batch / "runs" / "ws-1")
    control.dump()  # another revision of the same settings
    write_json(batch / "runs" / "ws-1" / "watershed" / "outlet.geojson", {})
    assert status(capsys) == {}


def test_a_run_whose_files_are_the_same_is_not_read_again(batch: Path, monkeypatch: pytest.MonkeyPatch):
    runner = BatchRunner.getInstance(batch)
    runner.record_control_hashes()
    read: list[str] = []
    monkeypatch.setattr(drift, "base_hashes", lambda folder: read.append(folder.name) or {})
    drift.control_hashes(batch, runner.runids, runner.control_hashes)
    assert read == ["_base"]
    (batch / "runs" / "ws-1" / "ron.nodb").touch()
    drift.control_hashes(batch, runner.runids, runner.control_hashes)
    assert read == ["_base", "ws-1", "_base"]
