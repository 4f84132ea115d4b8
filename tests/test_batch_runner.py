import json
from hashlib import sha256
from pathlib import Path

import pytest
from pydantic import ValidationError

from weppbatch.batch.root import create_batch
from weppbatch.batch.runner import BatchRunner
from weppbatch.errors import InputError, InputProblems
from weppbatch.files import sha256_of_json
from weppbatch.nodb.base import WrongSettings
from weppbatch.nodb.controls import set_fields
from weppbatch.tasks import graph

CONTENT = b'{"type": "FeatureCollection", "features": []}'
TEMPLATE = "{properties['Name']}"


@pytest.fixture
def batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BatchRunner:
    monkeypatch.setenv("WEPPBATCH_ROOT", str(tmp_path))
    monkeypatch.delenv("SSH_CLIENT", raising=False)
    return create_batch("fire", "disturbed9002_wbt")


def uploaded(batch: BatchRunner, content: bytes = CONTENT) -> dict[str, object]:
    (Path(batch.wd) / "resources" / "watersheds.geojson").write_bytes(content)
    entry = {
        "relative_path": "resources/watersheds.geojson",
        "feature_count": 3,
        "bbox": [-84.5, 36.1, -84.0, 36.4],
        "checksum": sha256(content).hexdigest(),
        "epsg": 4326,
        "attribute_schema": {"Name": "string"},
        "uploaded_at": "2026-01-01T00:00:00.000Z",
        "uploaded_by": "me",
    }
    batch.register_geojson(entry)
    return entry


def validated(batch: BatchRunner, valid: bool = True) -> BatchRunner:
    entry = uploaded(batch)
    areas = {"small": 3e6, "large": 9e6, "middle": 5e6}
    runs = [
        {"runid": runid, "index": index, "feature_sha256": str(index), "area_m2": area}
        for index, (runid, area) in enumerate(areas.items())
    ]
    batch.record_template_validation(
        {
            "template": TEMPLATE,
            "template_sha256": sha256_of_json(TEMPLATE),
            "resource_sha256": entry["checksum"],
            "valid": valid,
            "runs": runs,
        }
    )
    return batch


def events(batch: BatchRunner) -> list[str]:
    return [event["event"] for event in BatchRunner.getInstance(batch.wd).history]


def logged(batch: BatchRunner) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(batch.wd, "logs", "batch.jsonl").read_text().splitlines()]


def test_the_state_is_of_jsonpickles_shape_with_the_fields_of_the_design(batch):
    document = json.loads(batch.path.read_text())
    assert document["py/object"] == "weppbatch.batch.runner.BatchRunner"
    assert {
        "state_version", "batch_name", "base_config", "batch_config", "config", "created_at", "created_by",
        "runid_template", "template_validation", "resources", "selected_tasks", "force_rebuild", "preprocessing",
        "runs", "history", "control_hashes", "metadata",
    } <= set(document["py/state"])  # fmt: skip


def test_an_uploaded_file_is_kept_with_its_history(batch):
    entry = uploaded(batch)
    again = BatchRunner.getInstance(batch.wd)
    assert again.resources["watershed_geojson"] == entry
    assert events(batch) == ["created", "resource_uploaded"]
    event = again.history[-1]
    assert event["resource"] == "watershed_geojson"
    assert event["payload_sha256"] == sha256_of_json(entry)
    assert logged(batch) == again.history


def test_watersheds_without_all_their_keys_are_refused(batch):
    with pytest.raises(InputProblems) as caught:
        batch.register_geojson({"relative_path": "resources/x.geojson", "epsg": 4326})
    assert len(caught.value.problems) == 6
    assert events(batch) == ["created"]


@pytest.mark.parametrize(
    "entry", [{}, {"relative_path": "../x"}, {"relative_path": "/etc/passwd"}, {"relative_path": ""}]
)
def test_a_resource_outside_the_batch_is_refused(batch, entry):
    with pytest.raises(InputError, match="does not lie in the batch"):
        batch.register_resource("sbs_map", entry)


def test_an_elevation_source_may_lie_elsewhere(batch):
    batch.register_resource("dem", {"path": "/data/dem.vrt"})
    assert BatchRunner.getInstance(batch.wd).resources["dem"] == {"path": "/data/dem.vrt"}


def test_a_validation_is_valid_until_the_template_or_the_watersheds_change(batch):
    assert batch.validation_state == "missing"
    validated(batch)
    assert batch.validation_state == "valid"
    assert batch.runids == ["small", "large", "middle"]
    assert batch.run_entry("large")["area_m2"] == 9e6
    batch.update_state(runid_template="{index}")
    assert batch.validation_state == "stale"
    batch.update_state(runid_template=TEMPLATE)
    assert batch.validation_state == "valid"
    uploaded(batch, CONTENT + b"\n")
    assert batch.validation_state == "stale"


def test_a_file_changed_behind_our_back_makes_the_validation_stale(batch):
    path = Path(validated(batch).wd) / "resources" / "watersheds.geojson"
    path.write_bytes(b"{}")
    assert batch.validation_state == "stale"
    path.unlink()
    assert batch.validation_state == "stale"


def test_a_failed_validation_is_invalid(batch):
    assert validated(batch, valid=False).validation_state == "invalid"


def test_an_incomplete_validation_is_refused(batch):
    with pytest.raises(InputProblems, match="resource_sha256 is missing"):
        batch.record_template_validation({"template": TEMPLATE})


def test_a_run_that_does_not_exist_gets_the_nearest(batch):
    with pytest.raises(InputError, match=r"no run 'larg'; did you mean 'large'\?"):
        validated(batch).run_entry("larg")


def test_known_fields_are_set_and_unknown_ones_go_into_the_metadata(batch):
    batch.update_state(config={"note": "x"}, project="municipal", tickets=[1, 2], reason="asked for")
    again = BatchRunner.getInstance(batch.wd)
    assert again.config == {"note": "x"}
    assert again.metadata == {"project": "municipal", "tickets": [1, 2]}
    assert again.history[-1]["event"] == "state_updated"
    assert again.history[-1]["keys"] == ["config", "project", "tickets"]
    assert again.history[-1]["reason"] == "asked for"


@pytest.mark.parametrize(
    "name",
    [
        "batch_name",
        "base_config",
        "batch_config",
        "created_at",
        "created_by",
        "history",
        "wd",
        "revision",
        "state_version",
    ],
)
def test_what_is_immutable_is_refused_and_nothing_is_written(batch, name):
    before = batch.path.read_bytes()
    with pytest.raises(InputProblems, match=f"{name} can't be changed"):
        batch.update_state(**{name: "x", "project": "y"})
    assert batch.path.read_bytes() == before


@pytest.mark.parametrize("name", ["batch_name", "base_config", "batch_config", "created_at", "created_by"])
def test_what_is_immutable_can_not_be_assigned_either(batch, name):
    with pytest.raises(ValidationError, match="frozen"):
        setattr(batch, name, "x")


def test_a_wrong_value_is_refused_and_nothing_is_written(batch):
    before = batch.path.read_bytes()
    with pytest.raises(WrongSettings, match="force_rebuild"):
        batch.update_state(force_rebuild="maybe", runs=[])
    assert batch.path.read_bytes() == before
    assert batch.force_rebuild is False
    assert len(logged(batch)) == 1


def test_an_event_says_who_where_when_why_and_from_which_address(batch, monkeypatch):
    monkeypatch.setenv("SSH_CLIENT", "192.0.2.7 51234 22")
    event = batch.add_history("pushed", reason="new CSA", payload={"csa_ha": 5}, runs=["a"])
    assert event["client"] == "192.0.2.7"
    assert event["at"].endswith("Z")
    assert event["user"] and event["host"]
    assert (event["reason"], event["runs"]) == ("new CSA", ["a"])
    assert event["payload_sha256"] == sha256_of_json({"csa_ha": 5})
    assert logged(batch)[-1] == event == BatchRunner.getInstance(batch.wd).history[-1]


def test_details_can_not_forge_who_did_it(batch):
    event = batch.add_history("pushed", user="someone", at="yesterday")
    assert event["user"] == batch.created_by
    assert event["at"] != "yesterday"


def test_an_event_of_a_block_that_failed_is_neither_kept_nor_logged(batch):
    with pytest.raises(RuntimeError), batch.locked():
        batch.add_history("pushed")
        raise RuntimeError
    batch.add_history("looked")
    assert events(batch) == ["created", "looked"]
    assert [event["event"] for event in logged(batch)] == ["created", "looked"]


def test_the_checklist_is_all_on_at_first_and_is_changed_by_name(batch):
    assert batch.selected_tasks == dict.fromkeys(graph.CHECKLIST, True)
    batch.update_tasks({"omni": False, "watar": False})
    assert {name for name, on in BatchRunner.getInstance(batch.wd).selected_tasks.items() if not on} == {
        "omni",
        "watar",
    }
    batch.update_tasks(dict.fromkeys(graph.CHECKLIST, False) | {"preprocess": True})
    assert [name for name, on in batch.selected_tasks.items() if on] == list(graph.PREPROCESS)
    assert events(batch) == ["created", "tasks_selected", "tasks_selected"]


def test_unknown_tasks_are_all_named_with_the_nearest(batch):
    with pytest.raises(InputProblems) as caught:
        batch.update_tasks({"omny": True, "watershet": False, "wepp": False})
    assert len(caught.value.problems) == 2
    assert "did you mean 'omni'" in str(caught.value)
    assert BatchRunner.getInstance(batch.wd).selected_tasks["wepp"]


def test_a_run_is_excluded_with_a_reason_and_taken_in_again(batch):
    validated(batch).exclude("large", "boundary is being redrawn")
    entry = BatchRunner.getInstance(batch.wd).excluded["large"]
    assert (entry["why"], entry["by"]) == ("boundary is being redrawn", batch.created_by)
    with pytest.raises(InputError, match="did you mean 'large'"):
        batch.include("larg")
    batch.include("large")
    assert BatchRunner.getInstance(batch.wd).excluded == {}
    assert events(batch)[-2:] == ["excluded", "included"]


def test_an_exclusion_needs_a_run_and_a_reason(batch):
    validated(batch)
    with pytest.raises(InputError, match="no run 'nowhere'"):
        batch.exclude("nowhere", "x")
    with pytest.raises(InputError, match="say why"):
        batch.exclude("large", " ")
    assert batch.excluded == {}


def test_a_start_is_all_runs_largest_first_with_the_tasks_they_rest_on(batch):
    validated(batch).exclude("middle", "later")
    asked = batch.enqueue_runs()
    assert asked["runids"] == ["large", "small"]
    assert asked["tasks"] == list(graph.selected(batch.selected_tasks))
    assert asked["targets"][0] == "runs/large/.tasks/clone.json"
    assert len(asked["targets"]) == 2 * len(asked["tasks"])
    assert asked["execution"].startswith("batch:fire:2")


def test_a_start_of_some_runs_and_tasks(batch):
    asked = validated(batch).enqueue_runs(["small", "large", "small"], ["preprocess"], force=True)
    assert asked["runids"] == ["large", "small"]
    assert asked["tasks"] == ["clone", *graph.PREPROCESS]
    assert BatchRunner.getInstance(batch.wd).force_rebuild is True
    assert batch.enqueue_runs()["force_rebuild"] is False
    assert BatchRunner.getInstance(batch.wd).force_rebuild is False


def test_a_start_like_the_last_one_writes_nothing(batch):
    before = validated(batch).path.read_bytes()
    batch.enqueue_runs()
    assert batch.path.read_bytes() == before


def test_a_start_names_every_run_and_task_that_it_can_not_do(batch):
    validated(batch).exclude("middle", "later")
    with pytest.raises(InputProblems) as caught:
        batch.enqueue_runs(["larg", "middle", "zzz"])
    assert len(caught.value.problems) == 3
    assert "'middle' is excluded: later" in str(caught.value)
    with pytest.raises(InputProblems, match="did you mean 'outlet'"):
        batch.enqueue_runs(tasks=["outlt"])


@pytest.mark.parametrize("state", ["missing", "stale", "invalid"])
def test_nothing_starts_without_a_valid_validation(batch, state):
    if state != "missing":
        validated(batch, valid=state != "invalid")
    if state == "stale":
        batch.update_state(runid_template="{index}")
    with pytest.raises(InputError, match=state) as caught:
        batch.enqueue_runs()
    assert "weppbatch validate fire" in str(caught.value.hint)


def test_many_outlets_are_recorded_in_one_write(batch):
    revision = batch.revision
    with batch.locked():
        for number in range(50):
            batch.record_outlet(f"run-{number}", {"status": "complete", "outlet": {"iou": 0.9}})
    again = BatchRunner.getInstance(batch.wd)
    assert again.revision == revision + 1
    assert again.preprocessing["run-49"]["outlet"] == {"iou": 0.9}


def test_control_hashes_tell_the_base_from_a_run(batch):
    wd = Path(validated(batch).wd)
    from weppbatch.nodb.workspace import clone

    clone(wd / "_base", wd / "runs" / "large", wd / "runs" / "large")
    assert batch.record_control_hashes()["runs"] == {}  # no sentinel, no run
    (wd / graph.sentinel("large", "clone")).parent.mkdir()
    (wd / graph.sentinel("large", "clone")).write_text("{}")
    hashes = batch.record_control_hashes()
    assert hashes["runs"]["large"] == hashes["base"]
    set_fields(wd / "_base", ["watershed.csa_ha=5"])
    batch.record_control_hashes()
    stored = BatchRunner.getInstance(batch.wd).control_hashes
    assert {name for name in stored["base"] if stored["base"][name] != stored["runs"]["large"][name]} == {
        "watershed"
    }


def test_the_context_of_preprocessing_is_a_view_of_the_base(batch):
    set_fields(Path(batch.wd, "_base"), ["watershed.csa_ha=7", "ron.buffer_m=500"])
    context = batch.preprocess_context
    assert (context["watershed"]["csa_ha"], context["ron"]["buffer_m"]) == (7.0, 500.0)
    assert "preprocess_context" not in json.loads(batch.path.read_text())["py/state"]


def test_the_state_as_a_dict_has_the_task_list_and_its_digest(batch):
    state = json.loads(json.dumps(batch.state_dict()))
    assert state["batch_name"] == "fire"
    assert state["task_graph"] == json.loads(json.dumps(graph.describe()))
    assert state["task_graph_digest"] == graph.digest()
    assert state["validation_state"] == "missing"
    assert state["preprocess_context"]["watershed"]["csa_ha"] == 10.0


def test_a_value_that_json_can_not_hold_is_refused_by_its_place(batch):
    with pytest.raises(InputError, match=r"batch_runner\.nodb\.metadata\.x is nan"):
        batch.update_state(x=float("nan"))
    assert BatchRunner.getInstance(batch.wd).metadata == {}
