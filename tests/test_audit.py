"""What was asked against what is on disk: every kind of damage is found, named, and decides the exit code."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import begun
from weppbatch.batch.audit import Audit, Finding, audit
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.commands.app import main
from weppbatch.files import read_json, write_json
from weppbatch.lock import holding
from weppbatch.tasks.execute import Job, execute


@pytest.fixture
def batch(new_batch: Callable[[str], Path]) -> Path:
    """A batch of two watersheds whose windows are made, and no more is asked."""
    folder = new_batch("audited")
    begun(folder, "extent")
    return folder


def findings(batch: Path, *, deep: bool = False) -> list[tuple[str, str, str]]:
    return sorted((one.runid, one.task, one.kind) for one in audit(Ledger(Plan(batch)), deep=deep).findings)


def test_a_whole_batch_passes_and_is_counted(batch: Path, capsys: pytest.CaptureFixture[str]):
    capsys.readouterr()
    assert main(["audit", "audited", "--deep"]) == 0
    said = capsys.readouterr().out
    assert "2 runs, 4 tasks, 22 files" in said and "all there (presence, size and checksum)" in said
    assert main(["audit", "audited", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["findings"] == [] and shown["deep"] is False and shown["files"] == 22


def test_a_batch_that_never_ran_is_missing_everything(new_batch: Callable[[str], Path]):
    new_batch("fresh")
    assert main(["audit", "fresh"]) == 1


def damage(path: Path, kind: str) -> None:
    """Do to a file of the window, or to its record, what a disk or a user can do."""
    proof = path.parent / ".tasks" / "extent.json"
    match kind:
        case "lost":
            path.unlink()
        case "size":
            path.write_bytes(path.read_bytes() + b" ")
        case "checksum":
            path.write_bytes(path.read_bytes().replace(b"E", b"e", 1))
        case "missing":
            proof.unlink()
        case "unreadable":
            proof.write_text('{"task": "extent", "runid": "ws-2", "outp')
        case "failed" | "interrupted":
            category = {"failed": "data", "interrupted": "interrupted"}[kind]
            write_json(
                proof.with_name("extent.failed.json"), {"category": category, "message": "no", "attempts": []}
            )


@pytest.mark.parametrize("kind", ["lost", "size", "checksum", "missing", "unreadable"])
def test_damage_is_found_with_the_run_and_the_task(batch: Path, capsys: pytest.CaptureFixture[str], kind: str):
    damage(batch / "runs" / "ws-2" / "extent.json", kind)
    assert ("ws-2", "extent", kind) in findings(batch, deep=True)
    assert all(runid == "ws-2" for runid, _, _ in findings(batch, deep=True))
    assert (findings(batch) == []) == (kind == "checksum"), "only a checksum tells another content of the same size"
    assert main(["audit", "audited", "--deep"]) == 1
    said = capsys.readouterr().out
    assert "ws-2" in said and kind in said
    assert ("--runs ws-2 --tasks extent --force" in said) == (kind in ("size", "checksum", "unreadable"))


def test_a_proof_of_another_run_proves_nothing(batch: Path):
    other = batch / "runs" / "ws-1" / ".tasks" / "extent.json"
    (batch / "runs" / "ws-2" / ".tasks" / "extent.json").write_bytes(other.read_bytes())
    assert ("ws-2", "extent", "unreadable") in findings(batch)


def test_a_proof_that_is_silent_about_a_declared_file_is_not_enough(new_batch: Callable[[str], Path]):
    batch = new_batch("silent")
    begun(batch, "extent", "dem")
    proof = batch / "runs" / "ws-1" / ".tasks" / "dem.json"
    record = read_json(proof)
    write_json(proof, record | {"outputs": [e for e in record["outputs"] if not e["path"].endswith(".tif")]})
    assert findings(batch) == [("ws-1", "dem", "unreadable")]


def test_a_setting_that_was_pushed_is_no_damage_but_makes_stale(batch: Path):
    assert main(["set", "audited", "ron.buffer_m=900"]) == 0
    assert findings(batch, deep=True) == []
    assert main(["push", "audited"]) == 0
    assert findings(batch, deep=True) == [("ws-1", "extent", "stale"), ("ws-2", "extent", "stale")]


def test_a_task_under_way_and_a_killed_one_are_told_apart(batch: Path):
    tasks = batch / "runs" / "ws-1" / ".tasks"
    write_json(tasks / "extent.running.json", read_json(tasks / "extent.json"))
    with holding(tasks / "extent.lock"):
        assert findings(batch) == [("ws-1", "extent", "running")]
    assert findings(batch) == [("ws-1", "extent", "interrupted")]


@pytest.mark.parametrize(
    ("kinds", "interrupted", "code"),
    [
        ([], True, 0),
        (["failed", "missing"], False, 1),
        (["failed", "interrupted"], False, 5),
        (["failed"], True, 5),
        (["missing"], False, 3),
        (["lost"], False, 3),
    ],
)
def test_the_exit_code_follows_what_was_found(kinds: list[str], interrupted: bool, code: int):
    found = Audit(deep=False, findings=[Finding("a", "dem", kind, "") for kind in kinds])
    assert found.exit_code(interrupted=interrupted) == code


def lying_snakemake(*arguments: Any) -> list[str]:
    """A Snakemake that does nothing and says that all went well."""
    return ["true"]


def test_the_exit_code_of_a_run_is_not_snakemakes_word(
    batch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    damage(batch / "runs" / "ws-2" / "extent.json", "missing")
    monkeypatch.setattr("weppbatch.batch.drive.command", lying_snakemake)
    assert main(["run", "audited"]) == 3
    assert "in 1 runs tasks are 1 never done" in capsys.readouterr().out


def test_a_file_that_was_cut_short_is_made_again_by_the_next_run(batch: Path):
    path = batch / "runs" / "ws-2" / "extent.json"
    damage(path, "size")
    os.utime(path, (0, 0))  # no newer than its proof: no hand changed it
    assert main(["run", "audited", "--cores", "2"]) == 0
    assert findings(batch, deep=True) == []


def test_a_file_changed_by_hand_is_right_once_a_later_task_took_it_so(new_batch: Callable[[str], Path]):
    batch = new_batch("byhand")
    begun(batch, "extent", "dem")
    window = batch / "runs" / "ws-1" / "extent.json"
    window.write_text(window.read_text() + " ")
    assert Ledger(Plan(batch)).runs["ws-1"].tasks["extent"].status == "succeeded", "it stays"
    assert findings(batch) == [("ws-1", "extent", "size")]
    execute(Job(batch, "ws-1", "dem"))
    assert findings(batch, deep=True) == []
