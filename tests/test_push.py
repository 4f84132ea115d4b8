"""Settings of the base project reach cloned runs by a push, and only by a push."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import snakemake
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.push import differences
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.app import main
from weppbatch.lock import holding
from weppbatch.nodb.ron import Ron
from weppbatch.nodb.watershed import Watershed


@pytest.fixture
def batch(new_batch: Callable[[str], Path]) -> Path:
    """A batch of two watersheds with their windows, and a base project that was changed since."""
    folder = new_batch("pushed")
    assert snakemake(folder, "runs/ws-1/.tasks/extent.json", "runs/ws-2/.tasks/extent.json").returncode == 0
    assert main(["set", "pushed", "ron.buffer_m=900", "watershed.csa_ha=7"]) == 0
    return folder


def stale(batch: Path) -> set[tuple[str, str]]:
    ledger = Ledger(Plan(batch))
    return {
        (runid, task) for runid, run in ledger.runs.items() for task, s in run.tasks.items() if s.status == "stale"
    }


def test_a_push_shows_what_differs_and_makes_stale_what_depends_on_it(
    batch: Path, capsys: pytest.CaptureFixture[str]
):
    assert stale(batch) == set()
    capsys.readouterr()
    assert main(["push", "pushed", "-n"]) == 0
    shown = capsys.readouterr().out
    assert "ron.buffer_m" in shown and "1000.0" in shown and "900.0" in shown and "ws-1, ws-2" in shown
    assert len(differences(batch)) == 4
    assert main(["push", "pushed", "--reason", "smaller windows"]) == 0
    assert stale(batch) == {("ws-1", "extent"), ("ws-2", "extent")}
    assert differences(batch) == []
    event = BatchRunner.getInstance(batch).history[-1]
    assert (event["event"], event["reason"]) == ("pushed", "smaller windows")
    assert event["settings"] == ["ron.buffer_m", "watershed.csa_ha"]


def test_a_push_reaches_only_the_runs_and_controls_that_are_named(batch: Path):
    assert main(["push", "pushed", "--runs", "1:2", "--controls", "watershed"]) == 0
    assert Watershed.getInstance(batch / "runs" / "ws-2").csa_ha == 7
    assert Watershed.getInstance(batch / "runs" / "ws-1").csa_ha == 10
    assert Ron.getInstance(batch / "runs" / "ws-2").buffer_m == 1000
    assert stale(batch) == set()


def test_a_wrong_name_and_a_running_batch_change_nothing(batch: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["push", "pushed", "--controls", "watersched"]) == 2
    assert "did you mean 'watershed'" in capsys.readouterr().err
    assert main(["push", "pushed", "--runs", "ws-9"]) == 2
    with holding(batch / ".lock"):
        assert main(["push", "pushed"]) == 4
    assert len(differences(batch)) == 4
