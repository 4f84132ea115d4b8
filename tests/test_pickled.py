import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weppbatch.batch.runner import BatchRunner
from weppbatch.errors import InputError
from weppbatch.nodb.pickled import MAX_DEPTH, UnsafeState, read_document, read_state
from weppbatch.nodb.watershed import Watershed

DATA = Path(__file__).parent / "data" / "state"
WATERSHED = "weppbatch.nodb.watershed.Watershed"
WEPPCLOUD = "wepppy.nodb.core.watershed.Watershed"


def written(folder: Path, state: object, name: str = WATERSHED) -> Path:
    path = folder / "watershed.nodb"
    path.write_text(json.dumps({"py/object": name, "py/state": state}))
    return path


def planted(canary: Path) -> dict[str, object]:
    """What jsonpickle would run as os.system("touch canary")."""
    return {"py/reduce": [{"py/function": "posix.system"}, {"py/tuple": [f"touch {canary}"]}]}


@pytest.mark.filterwarnings("ignore:keys will default:DeprecationWarning")
def test_the_planted_command_is_real(tmp_path):
    # The proof that the next test proves something: jsonpickle itself does run it.
    import jsonpickle

    jsonpickle.decode(json.dumps(planted(tmp_path / "canary")), keys=False)
    assert (tmp_path / "canary").exists()


@pytest.mark.parametrize("name", [WATERSHED, WEPPCLOUD])
@pytest.mark.parametrize("where", ["a field", "deep inside", "the state", "beside the state", "the class", "a key"])
def test_a_planted_command_is_refused_and_never_run(tmp_path, where, name):
    canary = tmp_path / "canary"
    order = planted(canary)
    document = {"py/object": name, "py/state": {"csa_ha": 5.0}}
    if where == "a field":
        document["py/state"]["csa_ha"] = order
    elif where == "deep inside":
        document["py/state"]["metadata"] = {"a": [1, {"b": [order]}]}
    elif where == "the state":
        document["py/state"] = order
    elif where == "beside the state":
        document |= order
    elif where == "the class":
        document["py/object"] = order
    else:
        document["py/state"][json.dumps(order)] = order
    path = tmp_path / "watershed.nodb"
    path.write_text(json.dumps(document))
    for read in (read_state, read_document, lambda path: Watershed.getInstance(path.parent)):
        with pytest.raises(UnsafeState, match=r"watershed\.nodb"):
            read(path)
    assert not canary.exists()


@pytest.mark.parametrize(
    "value",
    [
        {"py/function": "os.system"},
        {"py/repr": "os/os.system('true')"},
        {"py/object": "subprocess.Popen", "args": ["true"]},
        {"py/object": WATERSHED, "py/state": {}},
        {"py/newargs": [1]},
        {"py/newargsex": [[], {}]},
        {"py/initargs": [1]},
        {"py/type": "os.system"},
        {"py/id": 1},
        {"py/ref": "/"},
        {"py/b64": "AAAA"},
        {"py/iterator": [1]},
        {"py/set": [1]},
        {"py/tuple": [1]},
        {"py/property": 1},
        {"py/anything": 1},
    ],
)
def test_every_instruction_of_jsonpickle_is_refused_with_its_key(tmp_path, value):
    path = written(tmp_path, {"metadata": {"inner": value}})
    with pytest.raises(UnsafeState) as caught:
        read_state(path)
    assert str(path) in str(caught.value)
    assert "metadata.inner" in str(caught.value)
    assert sorted(value)[-1] in str(caught.value) or "py/object" in str(caught.value)


@pytest.mark.parametrize("name", [WATERSHED, WEPPCLOUD])
def test_an_instruction_in_place_of_a_field_is_refused(tmp_path, name):
    with pytest.raises(UnsafeState, match="py/b64"):
        read_state(written(tmp_path, {"py/b64": "AAAA"}, name))


@pytest.mark.parametrize(
    "name", ["os.system", "weppbatch.nodb.base.NoDbBase", "wepppy.nodb.evil.Evil", "", 5, None, ["a"]]
)
def test_an_unknown_class_is_refused(tmp_path, name):
    with pytest.raises(UnsafeState, match="not a control"):
        read_state(written(tmp_path, {}, name))


@pytest.mark.parametrize(
    "reduce",
    [
        [{"py/type": "os.system"}, {"py/tuple": ["true"]}],
        [{"py/type": "wepppy.x; import os"}, {"py/tuple": [1]}],
        [{"py/type": "wepppy.nodb.climate.Mode"}, {"py/tuple": [1, 2]}],
        [{"py/type": "wepppy.nodb.climate.Mode"}, {"py/tuple": [{"py/type": "a"}]}],
        [{"py/type": "wepppy.nodb.climate.Mode"}, {"py/tuple": [1]}, None, None, {"py/type": "os.system"}],
        [{"py/function": "wepppy.nodb.climate.Mode"}, {"py/tuple": [1]}],
        [{"py/type": "wepppy.nodb.climate.Mode"}],
        "text",
    ],
)
def test_of_weppcloud_only_the_exact_picture_of_an_enum_is_read(tmp_path, reduce):
    with pytest.raises(UnsafeState):
        read_state(written(tmp_path, {"_mode": {"py/reduce": reduce}}, WEPPCLOUD))


def test_weppclouds_enums_become_numbers_and_its_tuples_lists():
    name, state = read_state(DATA / "weppcloud_batch_runner.nodb")
    assert name == "wepppy.nodb.batch_runner.BatchRunner"
    assert state["_sbs_mode"] == 1
    assert state["_corners"] == [1, [2, 3]]


def test_our_own_files_may_not_hold_enums_as_reduce(tmp_path):
    picture = {"py/reduce": [{"py/type": "wepppy.nodb.climate.Mode"}, {"py/tuple": [0]}]}
    with pytest.raises(UnsafeState):
        read_state(written(tmp_path, {"metadata": {"mode": picture}}))


def nested(depth: int) -> str:
    return json.dumps({"py/object": WATERSHED, "py/state": {"metadata": 0}}).replace("0", "[" * depth + "]" * depth)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 2, 100_000])
def test_deep_nesting_is_refused_instead_of_overflowing(tmp_path, depth):
    path = tmp_path / "watershed.nodb"
    path.write_text(nested(depth))
    with pytest.raises(UnsafeState, match="nested too deeply"):
        read_state(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"[]", "not a state file"),
        (b"null", "not a state file"),
        (b'{"csa_ha": 5}', "not a state file"),
        (b"\x80\x04\x95", "not UTF-8"),
        (b'{"py/object": "weppbatch.nodb.watershed.Watershed", "py/state": []}', "not an object"),
        (b'{"py/object": "weppbatch.nodb.watershed.Watershed", "py/state": {"csa_ha": NaN}}', "NaN"),
        (b'{"py/object": "weppbatch.nodb.watershed.Watershed", "py/state": {"csa_ha": -Infinity}}', "Infinity"),
        (b'{"py/object": "weppbatch.nodb.watershed.Watershed", "py/state": {"a": 1, "a": 2}}', "twice"),
        (b'{"py/object": "weppbatch.nodb.watershed.Watershed", "py/state": {"a": %s}}' % (b"9" * 5000), "JSON"),
    ],
)
def test_what_is_no_state_file_is_refused_by_name(tmp_path, content, says):
    path = tmp_path / "watershed.nodb"
    path.write_bytes(content)
    with pytest.raises(UnsafeState, match=says) as caught:
        read_state(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_state(tmp_path / "watershed.nodb")


@pytest.mark.parametrize(
    "value", [{"py/reduce": 1}, float("nan"), [float("inf")], {"a": {1, 2}}, {1: "a"}, {"a": b"bytes"}]
)
def test_what_could_not_be_read_back_is_not_written(tmp_path, value):
    control = Watershed(wd=str(tmp_path))
    control.dump()
    before = control.path.read_bytes()
    control.metadata["x"] = value
    with pytest.raises(InputError, match=r"watershed\.nodb\.metadata\.x"):
        control.dump()
    assert control.path.read_bytes() == before


@pytest.mark.filterwarnings("ignore:keys will default:DeprecationWarning")
def test_what_is_written_is_what_jsonpickle_reads(tmp_path):
    import jsonpickle

    control = Watershed(wd=str(tmp_path), csa_ha=5.0)
    control.dump()
    document = json.loads(control.path.read_text())
    assert list(document) == ["py/object", "py/state"]
    assert document["py/object"] == WATERSHED
    loaded = jsonpickle.decode(control.path.read_text(), keys=False)
    assert isinstance(loaded, Watershed)
    assert loaded.settings() == control.settings()


KEYS = st.sampled_from(
    [
        "py/object", "py/state", "py/reduce", "py/type", "py/tuple", "wd", "revision", "state_version", "metadata",
        "csa_ha", "_csa", "_config", "_geojson_state", "_run_directives", "_runid_template_state", "_batch_name",
        "batch_name", "history", "selected_tasks", "resources", "template_validation", "config", "runid_template",
    ]
) | st.text(max_size=5)  # fmt: skip
NAMES = ["weppbatch.nodb.watershed.Watershed", "wepppy.nodb.core.watershed.Watershed"]
RUNNERS = ["weppbatch.batch.runner.BatchRunner", "wepppy.nodb.batch_runner.BatchRunner"]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([*NAMES, *RUNNERS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from([*NAMES, *RUNNERS]), state=st.dictionaries(KEYS, VALUES, max_size=8), flat=st.booleans()
)
def test_any_json_is_either_read_or_refused_as_input(tmp_path, name, state, flat):
    kind = Watershed if name in NAMES else BatchRunner
    document = {**state, "py/object": name} if flat else {"py/object": name, "py/state": state}
    (tmp_path / kind.filename).write_text(json.dumps(document))
    try:
        found = kind.getInstance(tmp_path)
    except InputError:
        return
    assert found.wd == str(tmp_path)
    assert kind.model_validate(found.model_dump()) == found
