"""The doctor: what is known to go wrong before the first task, and that a start refuses it."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_bounds

from weppbatch.batch.doctor import examine, examine_work
from weppbatch.batch.findings import Finding
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.work import Choice, work_of
from weppbatch.commands.app import main
from weppbatch.nodb.controls import set_fields
from weppbatch.nodb.ron import Ron


@pytest.fixture
def batch(new_batch) -> Path:
    folder = new_batch("two")
    assert main(["tasks", "two", "--on", "landuse,soils,climate,wepp"]) == 0
    set_fields(folder / "_base", ["landuse.mode=single", "soils.mode=single"])
    return folder


def raster(path: Path, bounds: tuple[float, ...], values: np.ndarray, **options: object) -> Path:
    rows, cols = values.shape
    shape = {"height": rows, "width": cols, "count": 1, "dtype": values.dtype}
    place = from_bounds(*bounds, cols, rows)
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:4326", transform=place, **shape, **options) as target:
        target.write(values, 1)
    return path


def extents(batch: Path) -> dict[str, tuple[float, ...]]:
    lines = (batch / "resources" / "run_features.geojsonl").read_text().splitlines()
    features = [json.loads(line) for line in lines]
    found = {}
    for feature in features:
        xy = np.array(feature["geometry"]["coordinates"][0])
        found[feature["runid"]] = (*xy.min(axis=0), *xy.max(axis=0))
    return found


def errors(batch: Path) -> list[Finding]:
    return [finding for finding in examine(batch) if finding.severity == "error"]


def about(batch: Path) -> set[str]:
    return {finding.about for finding in errors(batch)}


def around(*bounds: tuple[float, ...]) -> tuple[float, ...]:
    low, high = np.min(bounds, axis=0), np.max(bounds, axis=0)
    return (low[0] - 0.01, low[1] - 0.01, high[2] + 0.01, high[3] + 0.01)


def test_a_sound_batch_has_no_errors(batch: Path, capsys) -> None:
    assert errors(batch) == []
    assert main(["doctor", "two", "--json"]) == 0


def test_all_that_is_wrong_is_told_at_once_and_run_refuses_it(batch: Path, capsys) -> None:
    settings = ["landuse.mode=gridded", "wepp.warm_up_years=100", "climate.station_selection=user"]
    set_fields(batch / "_base", [*settings, "soils.mode=gridded"])
    assert about(batch) >= {"settings", "years", "climate.mode vanilla"}
    capsys.readouterr()
    assert main(["run", "two"]) == 2
    said = capsys.readouterr().err
    assert all(text in said for text in ("landuse.landcover", "warm_up_years=100", "soils.soil_map", "--anyway"))
    assert not list((batch / "runs").glob("*/.tasks/*.json"))


def test_a_watershed_that_a_map_misses_can_be_excluded_and_is_reported_so(batch: Path, capsys) -> None:
    places = extents(batch)
    first, other = places["ws-1"], places["ws-2"]
    path = raster(batch / "_base" / "cover.tif", around(first), np.full((50, 50), 42, np.uint8))
    set_fields(batch / "_base", ["landuse.mode=gridded", f"landuse.landcover={path.name}"])
    assert other[0] > around(first)[2] or other[1] > around(first)[3] or other != first
    found = [finding for finding in errors(batch) if finding.about == "landuse.landcover"]
    assert [finding.runids for finding in found] == [("ws-2",)]
    assert main(["run", "two"]) == 2
    assert "weppbatch doctor two --exclude" in capsys.readouterr().err
    assert main(["doctor", "two", "--exclude"]) == 0
    excluded = BatchRunner.getInstance(batch).excluded
    assert list(excluded) == ["ws-2"] and "does not cover" in excluded["ws-2"]["why"]
    assert errors(batch) == []
    assert main(["status", "two", "--json"]) == 0
    assert '"excluded"' in capsys.readouterr().out


def test_a_class_without_a_mapping_is_an_error_where_it_must_win_and_else_a_warning(batch: Path) -> None:
    bounds = around(*extents(batch).values())
    values = np.full((200, 200), 42, np.uint8)
    values[::10] = 17
    raster(batch / "_base" / "cover.tif", bounds, values)
    set_fields(batch / "_base", ["landuse.mode=gridded", "landuse.landcover=cover.tif"])
    found = [finding for finding in examine(batch) if finding.about == "landuse.landcover"]
    assert [(finding.severity, finding.runids) for finding in found] == [("warning", ("ws-1", "ws-2"))]
    assert "class 17" in found[0].text and "landcover_table" in found[0].remedy
    raster(batch / "_base" / "cover.tif", bounds, np.full((200, 200), 17, np.uint8))
    assert about(batch) == {"landuse.landcover"}
    raster(batch / "_base" / "cover.tif", bounds, np.full((200, 200), 9, np.uint8), nodata=9)
    assert any("has no data" in finding.text for finding in errors(batch))


def test_soils_without_a_row_units_and_a_map_of_fractions_are_errors(batch: Path) -> None:
    bounds = around(*extents(batch).values())
    raster(batch / "_base" / "soil.tif", bounds, np.full((100, 100), 7, np.int32))
    (batch / "_base" / "soil.csv").write_text("mukey,texture\n8,loam\n")
    sbs = raster(batch / "_base" / "dnbr.tif", bounds, np.full((100, 100), -120.5, np.float32))
    settings = ["soils.mode=gridded", "soils.soil_map=soil.tif", "soils.soil_table=soil.csv"]
    set_fields(batch / "_base", [*settings, f"disturbed.sbs_map={sbs.name}", "wepp.engine=wepp"])
    found = {finding.about: finding for finding in errors(batch)}
    assert found.keys() >= {"soils.soil_map", "disturbed.sbs_map", "wepp.engine"}
    assert "class 7" in found["soils.soil_map"].text and found["soils.soil_map"].runids == ("ws-1", "ws-2")


def test_a_dem_that_states_another_unit_is_an_error(batch: Path) -> None:
    bounds = around(*extents(batch).values())
    path = raster(batch / "_base" / "feet.tif", bounds, np.full((100, 100), 900, np.float32))
    with rasterio.open(path, "r+") as target:
        target.units = ("us survey foot",)
    set_fields(batch / "_base", ["ron.dem=feet.tif"])
    found = [finding for finding in errors(batch) if finding.about == "units"]
    assert "us-ft" in found[0].remedy


def test_run_ids_that_are_not_valid_are_told_with_the_rest(batch: Path) -> None:
    with BatchRunner.getInstance(batch).locked() as held:
        held.runid_template = "other"
    set_fields(batch / "_base", ["wepp.warm_up_years=100"])
    assert "run ids" in about(batch)


def test_only_what_the_work_reads_is_refused_and_a_remote_source_is_no_missing_file(batch: Path) -> None:
    set_fields(batch / "_base", ["wepp.warm_up_years=100"])
    assert about(batch) == {"years"}
    with Ron.getInstance(batch / "_base").locked() as control:
        control.dem = "https://127.0.0.1:9/dem.tif"
    (note,) = examine_work(*work_of(batch, Choice(tasks=("watershed",))), cores=1)
    assert note.severity == "note" and "https://127.0.0.1:9/dem.tif" in note.text and "stage two" in note.remedy
