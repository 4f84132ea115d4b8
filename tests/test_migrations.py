import json
from pathlib import Path

import pytest

from weppbatch.batch.migrations import STATE_VERSION
from weppbatch.batch.runner import BatchRunner
from weppbatch.errors import InputError
from weppbatch.nodb.base import WrongSettings
from weppbatch.tasks import graph

DATA = Path(__file__).parent / "data" / "state"


def opened(name: str, folder: Path) -> BatchRunner:
    (folder / "batch_runner.nodb").write_bytes((DATA / f"{name}.nodb").read_bytes())
    return BatchRunner.getInstance(folder)


def original(name: str) -> dict[str, object]:
    document = json.loads((DATA / f"{name}.nodb").read_text())
    return document.get("py/state", document)


@pytest.mark.parametrize("name", ["batch_runner_v1", "batch_runner_v2"])
def test_an_older_state_keeps_all_that_it_holds(tmp_path, name):
    batch, old = opened(name, tmp_path), original(name)
    assert batch.state_version == STATE_VERSION == 3
    assert batch.wd == str(tmp_path)
    for key in ("batch_name", "base_config", "batch_config", "config", "created_at", "created_by", "history"):
        assert getattr(batch, key) == old[key], key
    assert batch.metadata.items() >= old["metadata"].items()
    assert batch.metadata["migrated_from"] == old["state_version"]


@pytest.mark.parametrize("name", ["batch_runner_v1", "batch_runner_v2"])
def test_an_older_state_gets_the_defaults_of_what_it_lacks(tmp_path, name):
    batch = opened(name, tmp_path)
    assert batch.selected_tasks == dict.fromkeys(graph.CHECKLIST, True)
    assert (batch.force_rebuild, batch.preprocessing, batch.runs, batch.control_hashes) == (False, {}, {}, {})
    assert batch.template_validation == {}
    assert batch.validation_state == "missing"


def test_version_1_keeps_an_unknown_key_in_the_metadata(tmp_path):
    batch = opened("batch_runner_v1", tmp_path)
    assert batch.metadata["contact"] == "someone@example.org"
    assert (batch.resources, batch.runid_template) == ({}, "")


def test_version_2_keeps_resources_and_template(tmp_path):
    batch, old = opened("batch_runner_v2", tmp_path), original("batch_runner_v2")
    assert batch.resources == old["resources"]
    assert batch.runid_template == old["runid_template"]
    assert batch.revision == 7


@pytest.mark.parametrize("name", ["batch_runner_v1", "batch_runner_v2", "weppcloud_batch_runner"])
def test_reading_changes_no_byte_and_the_next_write_is_version_3(tmp_path, name):
    batch = opened(name, tmp_path)
    assert (tmp_path / "batch_runner.nodb").read_bytes() == (DATA / f"{name}.nodb").read_bytes()
    batch.add_history("looked")
    document = json.loads((tmp_path / "batch_runner.nodb").read_text())
    assert document["py/object"] == "weppbatch.batch.runner.BatchRunner"
    assert document["py/state"]["state_version"] == 3
    again = BatchRunner.getInstance(tmp_path)
    assert again.batch_name == batch.batch_name
    assert again.metadata == batch.metadata
    assert again.history[-1]["event"] == "looked"


def test_a_weppcloud_file_gives_names_template_watersheds_and_tasks(tmp_path):
    batch = opened("weppcloud_batch_runner", tmp_path)
    assert (batch.batch_name, batch.base_config, batch.batch_config) == (
        "victoria-ca-2026", "disturbed9002_wbt", "default_batch",
    )  # fmt: skip
    assert batch.runid_template == "{slug(properties['Name'])}"
    watersheds = batch.resources["watershed_geojson"]
    assert watersheds["feature_count"] == 45
    assert watersheds["uploaded_by"] is None
    assert batch.resources["sbs_map"] == {"relative_path": "resources/sbs.tif"}
    off = {name for name, on in batch.selected_tasks.items() if not on}
    assert off == {"watar", "omni"}
    assert set(batch.selected_tasks) == set(graph.CHECKLIST)


def test_of_a_weppcloud_file_nothing_is_lost(tmp_path):
    batch, old = opened("weppcloud_batch_runner", tmp_path), original("weppcloud_batch_runner")
    taken = {"py/object", "wd", "_batch_name", "_config", "_base_config"}
    assert set(old) - taken <= set(batch.metadata)
    assert batch.metadata["_run_directives"] == old["_run_directives"]
    assert batch.metadata["_sbs_mode"] == 1


def test_a_weppcloud_file_with_py_state_is_read_too(tmp_path):
    flat = json.loads((DATA / "weppcloud_batch_runner.nodb").read_text())
    name = flat.pop("py/object")
    path = tmp_path / "batch_runner.nodb"
    path.write_text(json.dumps({"py/object": name, "py/state": flat}))
    assert BatchRunner.getInstance(tmp_path).batch_name == "victoria-ca-2026"


def test_a_weppcloud_file_of_odd_types_is_kept_as_metadata(tmp_path):
    path = tmp_path / "batch_runner.nodb"
    odd = {
        "py/object": "wepppy.nodb.batch_runner.BatchRunner",
        "wd": "/x/fire",
        "_base_config": 5,
        "_geojson_state": [],
    }
    path.write_text(json.dumps(odd | {"_run_directives": None, "_runid_template_state": "x", "_history": 5}))
    batch = BatchRunner.getInstance(tmp_path)
    assert batch.batch_name == "fire"
    assert batch.resources == {}
    assert batch.metadata["_base_config"] == 5
    assert batch.metadata["_history"] == 5


def test_an_unknown_key_of_version_3_is_an_error_with_the_nearest_field(tmp_path):
    batch = BatchRunner(wd=str(tmp_path), batch_name="fire")
    batch.dump()
    document = json.loads(batch.path.read_text())
    document["py/state"]["selected_task"] = {}
    batch.path.write_text(json.dumps(document))
    with pytest.raises(WrongSettings, match="selected_task: unknown field; did you mean 'selected_tasks'"):
        BatchRunner.getInstance(tmp_path)


@pytest.mark.parametrize("version", [4, "3", 2.5, None])
def test_a_version_that_is_newer_or_none_is_refused(tmp_path, version):
    batch = BatchRunner(wd=str(tmp_path), batch_name="fire")
    batch.dump()
    document = json.loads(batch.path.read_text())
    document["py/state"]["state_version"] = version
    batch.path.write_text(json.dumps(document))
    with pytest.raises(InputError, match="state_version"):
        BatchRunner.getInstance(tmp_path)
