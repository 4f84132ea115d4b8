import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rasterio
from rasterio.transform import from_origin

from weppbatch.batch.ledger import BATCH_LOCK
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands import add, validate
from weppbatch.commands.app import main
from weppbatch.lock import holding
from weppbatch.nodb.ron import Ron

DATA = Path(__file__).parent / "data" / "batch_runner"
NAMES = "{slug(properties['HucName'])}"


class Said:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Said]


@pytest.fixture
def call(root: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command as the console script would."""

    def run(*words: str | Path) -> Said:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def ready(call: Call, root: Path) -> Path:
    """A batch with three watersheds and valid run ids."""
    call("create", "mine")
    call("add", "mine", "watersheds", DATA / "three_creeks.geojson")
    assert call("validate", "mine", "-t", NAMES).code == 0
    return root / "mine"


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- create, list, configs ----------------------------------------------------------------------------------


def test_a_batch_is_made_and_listed(call: Call, root: Path) -> None:
    said = call("create", "mine", "--config", "wbt_dense", "--reason", "a trial")
    assert said.code == 0
    assert str(root / "mine") in said.out
    batch = BatchRunner.getInstance(root / "mine")
    assert batch.base_config == "wbt_dense"
    assert batch.history[0]["reason"] == "a trial"
    (row,) = call("list", "--json").json
    assert (row["batch"], row["watersheds"], row["run_ids"]) == ("mine", 0, "missing")
    assert "mine" in call("list").out


def test_a_batch_that_can_not_be_read_hides_no_other(call: Call, ready: Path, root: Path) -> None:
    call("create", "broken")
    (root / "broken" / "batch_runner.nodb").write_text("{")
    said = call("list", "--json")
    assert [row["batch"] for row in said.json] == ["mine"]
    assert said.code == 2
    assert "broken" in said.err and "not valid JSON" in said.err


def test_a_copied_batch_is_called_by_its_folder(call: Call, ready: Path, root: Path) -> None:
    shutil.copytree(ready, root / "copy")
    assert [row["batch"] for row in call("list", "--json").json] == ["copy", "mine"]
    assert "weppbatch validate copy" in call("add", "copy", "watersheds", DATA / "small_square.geojson").out
    assert "weppbatch validate copy" in call("status", "copy").err


def test_configs_lists_the_base_configurations(call: Call) -> None:
    out = call("configs").out
    assert "disturbed9002_wbt" in out and "wbt_dense" in out


@pytest.mark.parametrize("name", ["Mine", "9fires", "all", "a" * 30, "../x"])
def test_a_bad_name_is_refused(call: Call, root: Path, name: str) -> None:
    assert call("create", name).code == 2
    assert not root.exists() or list(root.iterdir()) == []


def test_a_taken_name_and_an_unknown_configuration_are_refused(call: Call) -> None:
    call("create", "mine")
    assert "already" in call("create", "mine").err
    assert "did you mean 'wbt_dense'" in call("create", "other", "--config", "wbt_dens").err


# --- add ----------------------------------------------------------------------------------------------------


def test_watersheds_are_added_and_every_bad_feature_is_named(call: Call) -> None:
    call("create", "mine")
    said = call("add", "mine", "watersheds", DATA / "good_and_bad.geojson")
    assert said.code == 0
    assert "WGS84 assumed" in said.out
    assert "null geometry" in said.out and "self-intersection" in said.out and "LineString" in said.out
    assert "2 watersheds can be used, 2 rejected." in said.out


def test_an_upload_tells_its_checks_to_machines(call: Call) -> None:
    call("create", "mine")
    report = call("add", "mine", "watersheds", DATA / "good_and_bad.geojson", "--json").json
    assert [feature["accepted"] for feature in report["features"]] == [True, False, True, False]
    assert report["feature_count"] == 4


def test_a_second_file_replaces_the_first_and_says_that_run_ids_are_stale(call: Call, ready: Path) -> None:
    said = call("add", "mine", "watersheds", DATA / "small_square.geojson")
    assert "replaces the watersheds of" in said.out
    assert "must be validated again" in said.out
    assert BatchRunner.getInstance(ready).validation_state == "stale"
    assert "stale" in call("validate", "mine").out
    assert NAMES in call("validate", "mine").out.split("Next:")[1].replace("'\"'\"'", "'")


def test_the_same_file_again_keeps_the_run_ids_valid(call: Call, ready: Path) -> None:
    said = call("add", "mine", "watersheds", DATA / "three_creeks.geojson")
    assert "was there already" in said.out
    assert BatchRunner.getInstance(ready).validation_state == "valid"


@pytest.mark.parametrize(
    "name", ["invalid_crs", "projected_without_crs", "degrees_as_utm", "truncated", "no_features", "null_geometry"]
)
def test_an_invalid_file_is_refused_and_changes_nothing(call: Call, ready: Path, name: str) -> None:
    before = files_of(ready)
    said = call("add", "mine", "watersheds", DATA / f"{name}.geojson")
    assert said.code == 2
    assert said.err.startswith("error: ")
    assert files_of(ready) == before


@pytest.mark.parametrize(
    "words", [("add", "mine", "watersheds", DATA / "small_square.geojson"), ("validate", "mine", "-t", "w-{index}")]
)
def test_watersheds_and_run_ids_stay_while_a_start_works_on_the_batch(
    call: Call, ready: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str | Path, ...]
) -> None:
    for command in (add, validate):
        monkeypatch.setattr(command, "LOCK_WAIT_S", 0.0)
    with holding(ready / BATCH_LOCK):
        before = files_of(ready)
        said = call(*words)
        assert said.code == 4
        assert "in use by" in said.err
        assert files_of(ready) == before
    assert call(*words).code == 0


def test_an_oversized_upload_is_refused(call: Call, ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_GEOJSON_MAX_MB", "0.0002")
    said = call("add", "mine", "watersheds", DATA / "three_creeks.geojson")
    assert said.code == 2
    assert "larger than 0.0002 MB" in said.err
    assert BatchRunner.getInstance(ready).validation_state == "valid"


def test_what_to_add_is_watersheds_or_dem(call: Call, ready: Path) -> None:
    assert call("add", "mine", "soils", DATA / "three_creeks.geojson").code == 2


def test_a_dem_is_registered_and_set_as_the_source(call: Call, ready: Path, sample_dem: Path) -> None:
    said = call("add", "mine", "dem", sample_dem)
    assert said.code == 0
    assert "3 of 3 watersheds lie within the DEM." in said.out
    assert Ron.getInstance(ready / "_base").dem == str(sample_dem)
    resource = BatchRunner.getInstance(ready).resources["dem"]
    assert {"path", "checksum", "crs", "resolution", "bounds", "bytes"} <= resource.keys()
    assert resource["bytes"] == sample_dem.stat().st_size


def test_watersheds_outside_the_dem_are_named(call: Call, ready: Path, tmp_path: Path) -> None:
    dem = tmp_path / "elsewhere.tif"
    write_plain(dem, from_origin(-84.28, 36.35, 0.001, 0.001))
    said = call("add", "mine", "dem", dem)
    assert "2 of 3 watersheds lie within the DEM." in said.out
    assert "feature 0 (id 'Wolf Creek')" in said.out


def test_swapped_coordinates_that_are_a_place_are_found_by_the_dem(call: Call, tmp_path: Path) -> None:
    collection = json.loads((DATA / "small_square.geojson").read_text())
    west, south = 8.0, 47.0
    ring = [[south, west], [south, west + 0.03], [south + 0.03, west + 0.03], [south + 0.03, west], [south, west]]
    collection["features"][0]["geometry"]["coordinates"] = [ring]
    path = tmp_path / "swiss.geojson"
    path.write_text(json.dumps(collection))
    dem = tmp_path / "swiss.tif"
    write_plain(dem, from_origin(7.95, 47.05, 0.001, 0.001))
    call("create", "mine")
    call("add", "mine", "dem", dem)
    said = call("add", "mine", "watersheds", path)
    assert "0 of 1 watersheds lie within the DEM." in said.out
    assert "With longitude and latitude exchanged, 1 of them would be." in said.out


def test_a_mosaic_is_registered_with_its_parts(call: Call, ready: Path, sample_dem: Path, tmp_path: Path) -> None:
    vrt = mosaic_of(sample_dem, tmp_path / "mosaic.vrt")
    said = call("add", "mine", "dem", vrt, "--json")
    assert said.json["parts"] == 1
    assert said.json["bytes"] == vrt.stat().st_size + sample_dem.stat().st_size
    assert said.json["watersheds"] == {"inside": 3, "outside": []}


def test_a_raster_without_a_crs_or_no_raster_is_refused(call: Call, ready: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.tif"
    write_plain(bare, from_origin(-84.4, 36.4, 0.001, 0.001), crs=None)
    assert "has no coordinate reference system" in call("add", "mine", "dem", bare).err
    assert call("add", "mine", "dem", DATA / "three_creeks.geojson").code == 2
    assert call("add", "mine", "dem", tmp_path / "nowhere.tif").code == 2
    assert Ron.getInstance(ready / "_base").dem == ""


def write_plain(path: Path, transform: rasterio.Affine, crs: str | None = "EPSG:4326") -> None:
    profile = {"driver": "GTiff", "height": 120, "width": 120, "count": 1, "dtype": "int16", "transform": transform}
    with rasterio.open(path, "w", crs=crs, **profile):
        pass


def mosaic_of(part: Path, path: Path) -> Path:
    with rasterio.open(part) as source:
        west, north, step = source.transform.c, source.transform.f, source.transform.a
        size = f'xSize="{source.width}" ySize="{source.height}"'
        path.write_text(
            f'<VRTDataset rasterXSize="{source.width}" rasterYSize="{source.height}"><SRS>EPSG:4326</SRS>'
            f"<GeoTransform>{west}, {step}, 0, {north}, 0, {-step}</GeoTransform>"
            f'<VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
            f'<SourceFilename relativeToVRT="0">{part}</SourceFilename><SourceBand>1</SourceBand>'
            f'<SrcRect xOff="0" yOff="0" {size}/><DstRect xOff="0" yOff="0" {size}/>'
            "</SimpleSource></VRTRasterBand></VRTDataset>"
        )
    return path


# --- validate -----------------------------------------------------------------------------------------------


def test_without_a_template_the_attributes_are_shown(call: Call) -> None:
    call("create", "mine")
    call("add", "mine", "watersheds", DATA / "three_creeks.geojson")
    said = call("validate", "mine")
    assert said.code == 0
    assert "HucName" in said.out and "Wolf Creek | Ransom Øvre, West" in said.out
    assert "--template '${HucName}'" in said.out
    rows = call("validate", "mine", "--json").json
    assert rows["attributes"][0] == {
        "name": "HucName",
        "type": "string",
        "present": 3,
        "distinct": 3,
        "samples": ["Wolf Creek", "Ransom Øvre, West", "Stinking Creek"],
    }


def test_a_template_gives_run_ids_and_tells_what_was_sanitised(call: Call, ready: Path) -> None:
    said = call("validate", "mine", "-t", "${HucName}")
    assert said.code == 0
    assert "Ransom-Ovre-West" in said.out and "Ransom Øvre, West" in said.out
    assert "3 run ids from 3 features, 3 of them sanitised, 0 features rejected." in said.out
    result = call("validate", "mine", "-t", "${HucName}", "--json").json
    assert result["renamed"][1] == {"index": 1, "from": "Ransom Øvre, West", "to": "Ransom-Ovre-West"}
    assert BatchRunner.getInstance(ready).runids == ["Wolf-Creek", "Ransom-Ovre-West", "Stinking-Creek"]


def test_settings_that_would_fail_in_every_run_are_said_when_run_ids_are_made(call: Call, ready: Path) -> None:
    def warnings() -> list[str]:
        found: list[str] = call("validate", "mine", "-t", NAMES, "--json").json["warnings"]
        said = call("validate", "mine", "-t", NAMES)
        assert said.code == 0
        assert said.out.count("warning: ") == len(found) and all(f"warning: {text}" in said.out for text in found)
        return found

    cover, soil = warnings()
    assert cover.startswith("no land cover map is set (landuse.landcover): weppbatch set mine landuse.landcover=")
    assert "weppbatch set mine soils.soil_map=FILE soils.soil_table=FILE, or soils.mode=single" in soil
    call("set", "mine", "landuse.mode=single", "landuse.single_key=17", "soils.mode=single")
    assert ["landuse.single_key is 17" in text for text in warnings()] == [True]
    keys = ready / "_base" / "keys.csv"
    keys.write_text("key,label,disturbed_class\n17,Heath,shrubs\n")
    call("set", "mine", "landuse.landcover_table=keys.csv")
    assert ["no disturbed class 'shrubs'" in text for text in warnings()] == [True]
    keys.write_text("key,label,disturbed_class\n17,Heath,shrub\n")
    assert warnings() == []
    call("set", "mine", "landuse.mode=gridded", "soils.mode=gridded")
    call("tasks", "mine", "--off", "landuse,soils,climate,wepp,watar,omni")
    assert warnings() == []


def test_a_real_wepp_that_is_not_there_is_said_before_anything_runs(
    call: Call, ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEPP_EXE", raising=False)
    call("set", "mine", "landuse.mode=single", "soils.mode=single", "wepp.engine=wepp")
    (said,) = call("validate", "mine", "-t", NAMES, "--json").json["warnings"]
    assert "needs an executable of WEPP, and none is named" in said and "wepp.wepp_executable" in said
    program = ready / "_base" / "wepp"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    call("set", "mine", "wepp.wepp_executable=wepp")
    assert call("validate", "mine", "-t", NAMES, "--json").json["warnings"] == []


def test_only_the_runs_asked_for_are_previewed(call: Call, ready: Path) -> None:
    said = call("validate", "mine", "-t", NAMES, "--runs", "wolf*,nothing")
    assert "wolf-creek" in said.out and "stinking-creek" not in said.out


def test_a_wrong_attribute_gets_the_nearest_one(call: Call, ready: Path) -> None:
    said = call("validate", "mine", "-t", "${hucname}")
    assert said.code == 2
    assert "no feature has an attribute 'hucname'; did you mean 'HucName'?" in said.out
    assert BatchRunner.getInstance(ready).validation_state == "invalid"


def test_a_template_that_can_not_be_read_leaves_the_stored_validation(call: Call, ready: Path) -> None:
    before = files_of(ready)
    said = call("validate", "mine", "-t", "{HucName}")
    assert said.code == 2
    assert "hint: write ${HucName}" in said.err
    assert files_of(ready) == before


def test_duplicates_are_invalid_without_regard_to_case(call: Call) -> None:
    call("create", "mine")
    collection = json.loads((DATA / "duplicate_ids.geojson").read_text())
    collection["features"][1]["id"] = "c"
    path = Path(os.environ["WEPPBATCH_ROOT"]).parent / "names.geojson"
    path.write_text(json.dumps(collection))
    call("add", "mine", "watersheds", path)
    said = call("validate", "mine", "-t", "${HucName}")
    assert said.code == 2
    assert "run id 'Wolf-Creek' would be that of features 0, 2" in said.out
    assert "Invalid" in said.out


def test_features_without_the_attribute_are_rejected_and_the_rest_go_on(call: Call, tmp_path: Path) -> None:
    collection = json.loads((DATA / "three_creeks.geojson").read_text())
    collection["features"][1]["properties"]["HucName"] = None
    del collection["features"][2]["properties"]["HucName"]
    path = tmp_path / "gaps.geojson"
    path.write_text(json.dumps(collection))
    call("create", "mine")
    call("add", "mine", "watersheds", path)
    result = call("validate", "mine", "-t", "${HucName}", "--json").json
    assert result["valid"] is True
    assert result["missing"] == [{"attribute": "HucName", "indexes": [1, 2]}]
    assert [row["index"] for row in result["rejected"]] == [1, 2]


@pytest.mark.parametrize("template", ["all", "con", "{replace(properties['Region'], 'South', 'NUL.x')}", "{'川'}"])
def test_reserved_and_empty_run_ids_are_rejected(call: Call, template: str) -> None:
    call("create", "mine")
    call("add", "mine", "watersheds", DATA / "three_creeks.geojson")
    result = call("validate", "mine", "-t", template, "--json").json
    assert any("run id" in row["reasons"][0] for row in result["rejected"])


def test_a_batch_without_watersheds_says_what_to_do(call: Call) -> None:
    call("create", "mine")
    said = call("validate", "mine", "-t", NAMES)
    assert said.code == 2
    assert "weppbatch add mine watersheds" in said.err


def test_run_features_hold_the_repaired_polygon_and_the_original_attributes(call: Call, root: Path) -> None:
    call("create", "mine")
    call("add", "mine", "watersheds", DATA / "good_and_bad.geojson")
    call("validate", "mine", "-t", "${HucName}")
    lines = (root / "mine" / "resources" / "run_features.geojsonl").read_text().splitlines()
    features = [json.loads(line) for line in lines]
    assert [feature["runid"] for feature in features] == ["Wolf-Creek", "Bow-Creek"]
    assert [feature["index"] for feature in features] == [0, 2]
    assert features[1]["properties"] == {"HucName": "Bow, Creek"}
    assert features[1]["geometry"]["type"] == "Polygon"
    assert {"sha256", "area_m2", "id"} <= features[0].keys()


# --- set, show, tasks, exclude ------------------------------------------------------------------------------


def test_settings_are_changed_together_or_not_at_all(call: Call, ready: Path) -> None:
    said = call("set", "mine", "watershed.csa_ha=5", "watershed.mcl_m=60")
    assert "watershed.csa_ha: 10.0 -> 5.0" in said.out
    assert call("set", "mine", "watershed.csa_ha=7", "watershed.csa=1").code == 2
    rows = {row["field"]: row["value"] for row in call("show", "mine", "watershed", "--json").json}
    assert (rows["watershed.csa_ha"], rows["watershed.mcl_m"]) == (5.0, 60.0)
    assert BatchRunner.getInstance(ready).history[-1]["fields"] == ["watershed.csa_ha", "watershed.mcl_m"]


def test_show_marks_what_is_not_the_default(call: Call, ready: Path) -> None:
    call("set", "mine", "watershed.csa_ha=5")
    line = next(line for line in call("show", "mine").out.splitlines() if line.startswith("watershed.csa_ha"))
    assert line.split()[1:3] == ["5.0", "*"]


def test_a_mistyped_setting_names_the_nearest(call: Call, ready: Path) -> None:
    said = call("set", "mine", "watershed.csa_h=5", "watreshed.mcl_m=3", "nonsense")
    assert said.code == 2
    assert "csa_ha" in said.err and "'watershed'" in said.err and "nonsense" in said.err


def test_all_seven_tasks_are_on_at_first(call: Call, ready: Path) -> None:
    rows = call("tasks", "mine", "--json").json
    assert len(rows) == 7 and all(row["on"] for row in rows)
    assert all(row["available"] for row in rows)


def test_tasks_are_switched_and_kept(call: Call, ready: Path) -> None:
    call("tasks", "mine", "--off", "all", "--reason", "only terrain")
    rows = call("tasks", "mine", "--on", "watershed,wepp", "--json").json
    assert [row["task"] for row in rows if row["on"]] == ["watershed", "wepp"]
    assert [event["event"] for event in BatchRunner.getInstance(ready).history[-2:]] == ["tasks_selected"] * 2


def test_wrong_tasks_change_nothing(call: Call, ready: Path) -> None:
    before = files_of(ready)
    assert "did you mean 'watar'" in call("tasks", "mine", "--off", "wattar,omni").err
    assert "--on and with --off" in call("tasks", "mine", "--on", "omni", "--off", "omni").err
    assert files_of(ready) == before


def test_a_watershed_is_excluded_with_a_reason_and_taken_back(call: Call, ready: Path) -> None:
    assert call("exclude", "mine", "wolf-creek").code == 2
    assert call("exclude", "mine", "wolf-creek", "--why", "being redrawn").code == 0
    assert BatchRunner.getInstance(ready).excluded["wolf-creek"]["why"] == "being redrawn"
    assert "did you mean 'wolf-creek'" in call("exclude", "mine", "wolf-crek", "--why", "x").err
    assert call("include", "mine", "wolf-creek").code == 0
    assert BatchRunner.getInstance(ready).excluded == {}
    assert "run 'wolf-creek' is not excluded" in call("include", "mine", "wolf-creek").err
    assert "did you mean 'wolf-creek'" in call("include", "mine", "wolf-crek").err


# --- who may ------------------------------------------------------------------------------------------------

CHANGES: list[tuple[str | Path, ...]] = [
    ("create", "other"),
    ("add", "mine", "watersheds", DATA / "small_square.geojson"),
    ("add", "mine", "dem", DATA / "small_square.geojson"),
    ("validate", "mine", "-t", NAMES),
    ("set", "mine", "watershed.csa_ha=5"),
    ("tasks", "mine", "--off", "omni"),
    ("exclude", "mine", "wolf-creek", "--why", "x"),
    ("include", "mine", "wolf-creek"),
]


@pytest.mark.parametrize("words", CHANGES, ids=lambda words: " ".join(map(str, words[:3])))
def test_who_is_no_admin_changes_nothing(
    call: Call, ready: Path, root: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str | Path, ...]
) -> None:
    before = files_of(root)
    monkeypatch.setenv("WEPPBATCH_ADMINS", "nobody-of-that-name,@nor-such-group")
    said = call(*words)
    assert said.code == 2
    assert "may not change batches" in said.err
    assert files_of(root) == before


@pytest.mark.parametrize("words", CHANGES, ids=lambda words: " ".join(map(str, words[:3])))
def test_nothing_changes_while_the_batch_runner_is_off(
    call: Call, ready: Path, root: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str | Path, ...]
) -> None:
    before = files_of(root)
    monkeypatch.setenv("BATCH_RUNNER_ENABLED", "0")
    said = call(*words)
    assert said.code == 2
    assert "switched off" in said.err
    assert files_of(root) == before


def test_looking_is_open_to_all(call: Call, ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files_of(ready)
    monkeypatch.setenv("WEPPBATCH_ADMINS", "nobody-of-that-name")
    for words in (("list",), ("configs",), ("show", "mine"), ("tasks", "mine"), ("validate", "mine")):
        assert call(*words).code == 0
    assert files_of(ready) == before


def test_an_attribute_does_not_steer_the_terminal(call: Call, tmp_path: Path) -> None:
    watersheds = json.loads((DATA / "small_square.geojson").read_text())
    watersheds["features"][0]["properties"]["name"] = "\x1b[2Jgone\x07"
    path = tmp_path / "hostile.geojson"
    path.write_text(json.dumps(watersheds))
    call("create", "mine")
    call("add", "mine", "watersheds", path)
    said = [
        call("validate", "mine", "--template", "{properties['name']}"),
        call("exclude", "mine", "\x1b[2J", "--why", "x"),
    ]
    assert all("\x1b" not in one.out + one.err and "\x07" not in one.out + one.err for one in said)
    assert "\\x1b[2Jgone\\x07" in said[0].out
    assert "\\x1b[2J" in said[1].err
