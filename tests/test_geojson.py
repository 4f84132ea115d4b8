import json
from pathlib import Path

import pytest

from weppbatch.batch import geojson
from weppbatch.batch.collection import CrsMismatch, NotAFeatureCollection, parse_geojson
from weppbatch.batch.geojson import UploadTooLarge, attribute_schema, load_geojson, register, registered
from weppbatch.batch.root import create_batch
from weppbatch.batch.runner import BatchRunner
from weppbatch.errors import ConfigError, InputError, InputProblems
from weppbatch.files import sha256_of_file

DATA = Path(__file__).parent / "data" / "batch_runner"


@pytest.fixture
def batch(root: Path) -> BatchRunner:
    create_batch("mine", "disturbed9002_wbt")
    return BatchRunner.getInstance(root / "mine")


def test_a_file_without_a_crs_is_taken_as_wgs84() -> None:
    loaded = load_geojson(DATA / "small_square.geojson")
    assert (loaded.epsg, loaded.declared, len(loaded.features)) == (4326, False, 1)


def test_a_declared_crs_is_read() -> None:
    loaded = load_geojson(DATA / "utm.geojson")
    assert (loaded.epsg, loaded.declared) == (32616, True)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("invalid_crs", InputError, "EPSG:999999"),
        ("projected_without_crs", CrsMismatch, "declares no coordinate reference system"),
        ("projected_as_wgs84", CrsMismatch, "are not degrees"),
        ("degrees_as_utm", CrsMismatch, "look like degrees"),
        ("not_a_collection", NotAFeatureCollection, "a Feature, not a GeoJSON FeatureCollection"),
        ("no_features", NotAFeatureCollection, "has no features"),
        ("truncated", InputError, "is not valid JSON"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused_with_the_cause(
    name: str, error: type[InputError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        load_geojson(DATA / f"{name}.geojson")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[1, 2",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"type": "FeatureCollection", "features": [NaN]}',
        b'{"type": "FeatureCollection", "features": [' + b"9" * 5000 + b"]}",
        b'{"type": "FeatureCollection", "features": [{"type": "\\ud800"}]}',
        b'{"type": "FeatureCollection", "features": 3}',
        b'{"type": "FeatureCollection", "features": [{}], "crs": {"type": "link"}}',
        b'{"type": "FeatureCollection", "features": [{}], "crs": {"properties": {"name": "EPSG:5703"}}}',
        b'{"type": "Topology"}',
        b'"text"',
        b'{"type":"Feature"}\n{"type":"Feature"}',
    ],
)
def test_hostile_and_broken_content_is_refused(content: bytes) -> None:
    with pytest.raises(InputError):
        parse_geojson(content, "x.geojson")


def test_a_byte_order_mark_is_no_reason_to_refuse() -> None:
    content = b"\xef\xbb\xbf" + (DATA / "small_square.geojson").read_bytes()
    assert len(parse_geojson(content, "x.geojson").features) == 1


def test_other_formats_are_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "watersheds.shp"
    path.write_bytes(b"")
    with pytest.raises(InputError, match="does not end in") as caught:
        load_geojson(path)
    assert caught.value.hint is not None and "ogr2ogr" in caught.value.hint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a file"):
        load_geojson(tmp_path / "nowhere.geojson")


def test_the_size_limit_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert geojson.max_upload_bytes() == 10 * 2**20
    monkeypatch.setenv("BATCH_GEOJSON_MAX_MB", "0.0001")
    with pytest.raises(UploadTooLarge, match=r"larger than 0.0001 MB"):
        load_geojson(DATA / "small_square.geojson")


@pytest.mark.parametrize("value", ["ten", "0", "-3", "nan", ""])
def test_a_limit_that_is_no_number_is_an_error(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("BATCH_GEOJSON_MAX_MB", value)
    with pytest.raises(ConfigError, match="BATCH_GEOJSON_MAX_MB"):
        geojson.max_upload_bytes()


def test_the_schema_tells_types_and_where_features_differ() -> None:
    features = [
        {"properties": {"a": 1, "b": "x", "c": None, "d": True, "e": 1}},
        {"properties": {"a": 2.5, "b": 1, "c": "y", "e": None, "f": [1]}},
        {"properties": None},
    ]
    assert attribute_schema(features) == {
        "a": "number",
        "b": "mixed",
        "c": "string",
        "d": "boolean",
        "e": "integer",
        "f": "array",
    }


def test_a_registered_file_is_copied_whole_and_described(batch: BatchRunner) -> None:
    report = register(batch, DATA / "three_creeks.geojson", "ann")
    copy = Path(batch.wd, "resources", "watersheds.geojson")
    assert copy.read_bytes() == (DATA / "three_creeks.geojson").read_bytes()
    resource = BatchRunner.getInstance(batch.wd).resources["watershed_geojson"]
    assert resource == report.resource
    assert resource["checksum"] == sha256_of_file(copy)
    assert resource["bbox"] == pytest.approx([-84.3, 36.3, -84.19, 36.33])
    assert resource["feature_count"] == 3
    assert resource["epsg"] == 4326
    assert resource["uploaded_by"] == "ann"
    assert resource["attribute_schema"] == {"HucName": "string", "Region": "string", "NumericId": "number"}


def test_the_box_of_projected_watersheds_is_in_degrees(batch: BatchRunner) -> None:
    report = register(batch, DATA / "utm.geojson", "ann")
    assert report.resource["bbox"] == pytest.approx([-84.3, 36.3, -84.27, 36.33], abs=1e-6)


def test_a_refused_file_leaves_the_old_one_and_its_record(batch: BatchRunner, tmp_path: Path) -> None:
    register(batch, DATA / "three_creeks.geojson", "ann")
    before = {path: path.read_bytes() for path in Path(batch.wd).rglob("*") if path.is_file()}
    hopeless = tmp_path / "hopeless.json"
    hopeless.write_text((DATA / "null_geometry.geojson").read_text())
    tagged = tmp_path / "tagged.geojson"  # an attribute that no state file may hold
    tagged.write_text((DATA / "three_creeks.geojson").read_text().replace('"Region"', '"py/object"'))
    for path in (DATA / "truncated.geojson", DATA / "invalid_crs.geojson", hopeless, tagged):
        with pytest.raises(InputError):
            register(batch, path, "ann")
    after = {path: path.read_bytes() for path in Path(batch.wd).rglob("*") if path.is_file()}
    assert after == before


def test_a_file_without_a_usable_feature_is_refused_with_every_reason(batch: BatchRunner, tmp_path: Path) -> None:
    bad = json.loads((DATA / "linestring.geojson").read_text())
    bad["features"] += json.loads((DATA / "null_geometry.geojson").read_text())["features"]
    path = tmp_path / "bad.geojson"
    path.write_text(json.dumps(bad))
    with pytest.raises(InputProblems) as caught:
        register(batch, path, "ann")
    assert len(caught.value.problems) == 2
    assert "watershed_geojson" not in BatchRunner.getInstance(batch.wd).resources


def test_an_upload_that_is_too_large_stops_on_the_way(batch: BatchRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_GEOJSON_MAX_MB", "0.0001")
    with pytest.raises(UploadTooLarge):
        register(batch, DATA / "three_creeks.geojson", "ann")
    assert list(Path(batch.wd, "resources").iterdir()) == []


def test_a_file_that_was_changed_behind_our_back_is_not_used(batch: BatchRunner) -> None:
    register(batch, DATA / "three_creeks.geojson", "ann")
    copy = Path(batch.wd, "resources", "watersheds.geojson")
    copy.write_bytes((DATA / "small_square.geojson").read_bytes())
    with pytest.raises(InputError, match="is not the file that was registered"):
        registered(BatchRunner.getInstance(batch.wd))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_called_so(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "wide.geojson"
    path.write_text((DATA / "small_square.geojson").read_text(), encoding=encoding)
    with pytest.raises(InputError, match="not valid JSON") as caught:
        load_geojson(path)
    assert "UTF-8" in str(caught.value.hint)


def test_what_esris_services_give_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "layer.json"
    path.write_text(json.dumps({"geometryType": "esriGeometryPolygon", "features": [{"attributes": {}}]}))
    with pytest.raises(NotAFeatureCollection, match="Esri") as caught:
        load_geojson(path)
    assert "f=geojson" in str(caught.value.hint)
