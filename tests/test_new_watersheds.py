"""A new GeoJSON under the same name: what is the same is kept, what changed is stale, what vanished is listed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import begun
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.vanished import vanished
from weppbatch.commands.app import main
from weppbatch.files import write_json
from weppbatch.lock import holding

TEMPLATE = "{slug(properties['HucName'])}"


@pytest.fixture
def batch(new_batch: Callable[[str], Path], two_watersheds: Path) -> Path:
    """A batch of two watersheds with names, whose windows are made."""
    folder = new_batch("renewed")
    named(two_watersheds, "First", "Second")
    replace(two_watersheds)
    begun(folder, "extent")
    return folder


def named(path: Path, *names: str, **changes: Any) -> None:
    """Write the collection with these names, in this order."""
    collection = json.loads(path.read_text())
    for feature, name in zip(collection["features"], names, strict=False):
        feature["properties"]["HucName"] = name
    write_json(path, collection | {"features": collection["features"][: len(names)]})


def replace(path: Path) -> int:
    assert main(["add", "renewed", "watersheds", str(path)]) == 0
    return main(["validate", "renewed", "--template", TEMPLATE])


def states(batch: Path) -> dict[str, str]:
    return {runid: state.status for runid, state in Ledger(Plan(batch)).runs.items()}


def test_kept_changed_new_and_vanished_runs_are_told_apart(
    batch: Path, two_watersheds: Path, capsys: pytest.CaptureFixture[str]
):
    collection = json.loads(two_watersheds.read_text())
    first, second = collection["features"]
    first["properties"]["Comment"] = "another attribute, the same outline"
    moved = json.loads(json.dumps(first))
    moved["properties"]["HucName"], moved["id"] = "Third", 99
    moved["geometry"]["coordinates"] = [
        [[x + 0.01, y] for x, y in ring] for ring in first["geometry"]["coordinates"]
    ]
    second["geometry"]["coordinates"][0].insert(1, second["geometry"]["coordinates"][0][0])
    write_json(two_watersheds, collection | {"features": [first, second, moved]})
    capsys.readouterr()
    assert replace(two_watersheds) == 0
    said = capsys.readouterr().out
    assert "1 keep their watershed, 1 have another outline and will be made again, 0 vanished; 1 are new" in said
    assert "changed: second" in said
    assert states(batch) == {"first": "succeeded", "second": "stale", "third": "pending"}
    assert Ledger(Plan(batch)).runs["second"].reason == "extent: its watershed changed"


def test_a_vanished_run_stays_on_disk_and_is_listed_until_it_is_cleaned(
    batch: Path, two_watersheds: Path, capsys: pytest.CaptureFixture[str]
):
    named(two_watersheds, "First")
    capsys.readouterr()
    assert replace(two_watersheds) == 0
    assert "vanished: second" in capsys.readouterr().out
    assert states(batch) == {"first": "succeeded"}
    assert (batch / "runs" / "second" / "extent.json").exists()
    assert main(["status", "renewed"]) == 0
    assert "Vanished: no watershed has the run ids second any more" in capsys.readouterr().out
    assert main(["status", "renewed", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["vanished"] == ["second"]
    assert main(["clean", "renewed", "--vanished", "--yes", "--reason", "gone for good"]) == 0
    assert not (batch / "runs" / "second").exists() and not (batch / "logs" / "second").exists()
    assert (batch / "runs" / "first" / "extent.json").exists() and (batch / "logs" / "first").exists()
    assert states(batch) == {"first": "succeeded"}
    runner = BatchRunner.getInstance(batch)
    assert (runner.history[-1]["event"], runner.history[-1]["reason"]) == ("cleaned", "gone for good")
    assert runner.history[-1]["runs"] == ["second"] and "second" not in runner.control_hashes["runs"]
    capsys.readouterr()
    assert main(["validate", "renewed", "--template", TEMPLATE, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["compared"]["vanished"] == []


def test_a_run_id_that_comes_back_with_its_watershed_is_kept(batch: Path, two_watersheds: Path):
    both = two_watersheds.read_text()
    named(two_watersheds, "First")
    assert replace(two_watersheds) == 0
    two_watersheds.write_text(both)
    assert replace(two_watersheds) == 0
    assert states(batch) == {"first": "succeeded", "second": "succeeded"}


def test_while_the_run_ids_are_not_valid_nothing_counts_as_vanished(batch: Path, two_watersheds: Path):
    named(two_watersheds, "Same", "Same")
    assert replace(two_watersheds) == 2
    assert vanished(BatchRunner.getInstance(batch)) == []
    assert main(["clean", "renewed", "--vanished", "--yes"]) == 0
    for place in ("runs", "logs"):
        assert {"first", "second"} <= {path.name for path in (batch / place).iterdir()}


def test_watersheds_and_run_ids_are_not_replaced_under_a_running_batch(batch: Path, two_watersheds: Path):
    with holding(batch / ".lock", execution="batch:renewed:1"):
        assert main(["add", "renewed", "watersheds", str(two_watersheds)]) == 4
        assert main(["validate", "renewed", "--template", "{index}"]) == 4
    assert states(batch) == {"first": "succeeded", "second": "succeeded"}
