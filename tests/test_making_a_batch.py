"""The whole of making a batch by its commands, and all that it leaves in the state."""

import json
from pathlib import Path
from typing import Any

import pytest

from weppbatch.batch.access import current_user
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.app import main
from weppbatch.files import sha256_of_file
from weppbatch.tasks import graph
from weppbatch.tasks.features import feature_of

DATA = Path(__file__).parent / "data" / "batch_runner"
TEMPLATE = "{properties['HucName']}-{one_based_index:02d}"


@pytest.fixture
def batch(root: Path, sample_dem: Path, monkeypatch: pytest.MonkeyPatch) -> BatchRunner:
    monkeypatch.setenv("SSH_CLIENT", "192.0.2.7 50000 22")
    for words in (
        ["create", "mine", "--config", "wbt_dense", "--reason", "issue 12"],
        ["add", "mine", "dem", str(sample_dem)],
        ["add", "mine", "watersheds", str(DATA / "small_square.geojson")],
        ["add", "mine", "watersheds", str(DATA / "good_and_bad.geojson")],
        ["validate", "mine", "--template", TEMPLATE],
        ["set", "mine", "watershed.csa_ha=8", "--reason", "sparser"],
        ["tasks", "mine", "--off", "watar,omni"],
        ["exclude", "mine", "Wolf-Creek-01", "--why", "gauge moved"],
    ):
        assert main(words) == 0, words
    return BatchRunner.getInstance(root / "mine")


def test_the_history_tells_who_did_what_in_order(batch: BatchRunner) -> None:
    events = [event["event"] for event in batch.history]
    assert events == [
        "created",
        "resource_uploaded",
        "resource_uploaded",
        "resource_uploaded",
        "template_validated",
        "settings_changed",
        "tasks_selected",
        "excluded",
    ]
    for event in batch.history:
        assert event["user"] == current_user()
        assert event["host"]
        assert event["client"] == "192.0.2.7"
        assert event["at"].endswith("Z")
    assert batch.history == sorted(batch.history, key=lambda event: str(event["at"]))
    assert [event["reason"] for event in batch.history if event["reason"]] == ["issue 12", "sparser", "gauge moved"]


def test_every_event_is_a_line_of_the_log(batch: BatchRunner) -> None:
    lines = Path(batch.wd, "logs", "batch.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == batch.history


def test_the_watersheds_resource_holds_all_that_it_should(batch: BatchRunner) -> None:
    resource = batch.resources["watershed_geojson"]
    file = Path(batch.wd, resource["relative_path"])
    assert resource["relative_path"] == "resources/watersheds.geojson"
    assert resource["feature_count"] == 4
    assert resource["accepted_count"] == 2
    assert resource["bbox"] == pytest.approx([-84.3, 36.3, -84.23, 36.33], abs=1e-6)
    assert resource["checksum"] == sha256_of_file(file) == sha256_of_file(DATA / "good_and_bad.geojson")
    assert resource["epsg"] == 4326
    assert resource["crs_declared"] is False
    assert resource["attribute_schema"] == {"HucName": "string"}
    assert resource["uploaded_by"] == current_user()
    assert batch.history[2]["at"] <= resource["uploaded_at"] <= batch.history[3]["at"]


def test_the_dem_resource_holds_all_that_it_should(batch: BatchRunner, sample_dem: Path) -> None:
    resource = batch.resources["dem"]
    assert resource["path"] == str(sample_dem)
    assert resource["checksum"] == sha256_of_file(sample_dem)
    assert resource["crs"] == "EPSG:4326"
    assert resource["resolution"] == pytest.approx([1 / 1200, 1 / 1200], rel=1e-3)
    assert resource["bounds"] == pytest.approx(resource["bbox"])


def test_the_validation_tells_runs_rejected_and_renamed(batch: BatchRunner) -> None:
    validation: dict[str, Any] = batch.template_validation
    assert batch.validation_state == "valid"
    assert batch.runid_template == validation["template"] == TEMPLATE
    assert validation["resource_sha256"] == batch.resources["watershed_geojson"]["checksum"]
    assert batch.runids == ["Wolf-Creek-01", "Bow-Creek-03"]
    assert [(row["index"], row["id"]) for row in validation["rejected"]] == [(1, "2"), (3, "4")]
    assert validation["rejected"][0]["reasons"] == ["null geometry"]
    assert [row["to"] for row in validation["renamed"]] == ["Wolf-Creek-01", "Bow-Creek-03"]
    assert validation["summary"] == {
        "features": 4,
        "runs": 2,
        "rejected": 2,
        "duplicates": 0,
        "missing": 0,
        "renamed": 2,
    }
    assert validation["repaired"][0]["index"] == 2
    assert validation["sample"][0]["runid"] == "Wolf-Creek-01"


def test_the_run_features_are_those_of_the_validation(batch: BatchRunner) -> None:
    for entry in batch.template_validation["runs"]:
        feature = feature_of(Path(batch.wd), entry["runid"])
        assert feature["sha256"] == entry["feature_sha256"]
        assert feature["index"] == entry["index"]
        assert feature["area_m2"] == entry["area_m2"]


def test_choices_are_stored(batch: BatchRunner) -> None:
    assert batch.base_config == "wbt_dense"
    assert [task for task in graph.CHECKLIST if not batch.selected_tasks[task]] == ["watar", "omni"]
    assert batch.excluded["Wolf-Creek-01"]["by"] == current_user()
    assert batch.preprocess_context["watershed"]["csa_ha"] == 8.0


def test_metadata_is_kept_and_the_state_reads_back_the_same(batch: BatchRunner) -> None:
    batch.update_state(ticket="ABC-1")
    again = BatchRunner.getInstance(batch.wd)
    assert again.metadata == {"ticket": "ABC-1"}
    assert again.settings() == batch.settings()
    assert again.state_version == 3


def test_a_start_would_take_what_is_left(batch: BatchRunner) -> None:
    start = batch.enqueue_runs()
    assert start["runids"] == ["Bow-Creek-03"]
    assert "runs/Bow-Creek-03/.tasks/watershed.json" in start["targets"]


def test_a_changed_template_or_file_makes_the_validation_stale(batch: BatchRunner) -> None:
    assert main(["add", "mine", "watersheds", str(DATA / "three_creeks.geojson")]) == 0
    assert BatchRunner.getInstance(batch.wd).validation_state == "stale"
    assert main(["validate", "mine", "--template", TEMPLATE]) == 0
    fresh = BatchRunner.getInstance(batch.wd)
    assert fresh.validation_state == "valid"
    fresh.update_state(runid_template="{index}")
    assert fresh.validation_state == "stale"
