"""Burn severity maps as agencies deliver them: how each coding is read, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio

from parameter_run import GRID, write_map
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.app import main
from weppbatch.files import sha256_of_file
from weppbatch.nodb.disturbed import Disturbed
from weppbatch.terrain.burn_severity import NotBurnSeverity, check_classes
from weppbatch.terrain.grid import read_raster
from weppbatch.terrain.severity_coding import coding_of, write_classes
from weppbatch.terrain.zonal import MapUnreadable, MapWithoutCrs


def burn_map(path: Path, values: list[int], dtype: str = "uint8", **options: object) -> Path:
    return write_map(path, np.resize(np.array(values, dtype=dtype), (20, 20)), **options)


def severities(path: Path, **options: object) -> dict[int, int | None]:
    return dict(coding_of(path, **options).severity)


def test_a_colour_table_decides_whatever_the_numbers_are_and_white_is_no_data(tmp_path: Path) -> None:
    path = tmp_path / "barc4.tif"  # as the High Park fire's map: no 1, and a green that ERDAS has rounded
    values = np.resize(np.array([0, 2, 3, 4, 9], dtype=np.uint8), (20, 20))
    place = {"height": 20, "width": 20, "count": 1, "crs": "EPSG:32616", "transform": GRID.transform}
    with rasterio.open(path, "w", driver="GTiff", dtype="uint8", **place) as target:
        target.write(values, 1)
        colours = {0: (0, 99, 0), 2: (127, 255, 212), 3: (255, 255, 0), 4: (255, 0, 0), 9: (255, 255, 255)}
        target.write_colormap(1, {value: (*rgb, 255) for value, rgb in colours.items()})
    coding = coding_of(path)
    assert coding.how == "colour table"
    assert dict(coding.severity) == {0: 0, 2: 1, 3: 2, 4: 3, 9: None}
    assert coding.classes == {"unburned": 80, "low": 80, "moderate": 80, "high": 80, "no data": 80}
    write_classes(path, coding, tmp_path / "classes.tif")
    check_classes(tmp_path / "classes.tif", "disturbed.sbs_map")
    made = read_raster(tmp_path / "classes.tif")
    assert [None if np.isnan(value) else int(value) for value in made[0, :5]] == [0, 1, 2, 3, None]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1, 2, 3], {0: 0, 1: 1, 2: 2, 3: 3}),
        ([1, 2, 3, 4], {1: 0, 2: 1, 3: 2, 4: 3}),
        ([0, 1, 2, 3, 4], {0: 0, 1: 0, 2: 1, 3: 2, 4: 3}),
        ([0, 1, 2, 3, 255], {0: 0, 1: 1, 2: 2, 3: 3, 255: None}),
        ([0, 1, 2], {0: 0, 1: 1, 2: 2}),
        ([130, 131, 133], {130: 0, 131: 1, 133: 3}),
    ],
)
def test_classes_are_told_by_their_numbers(tmp_path: Path, values: list[int], expected: dict[int, int]) -> None:
    assert severities(burn_map(tmp_path / "map.tif", values)) == expected


def test_many_values_are_barc256_and_the_users_breaks_go_before(tmp_path: Path) -> None:
    path = burn_map(tmp_path / "map.tif", [0, 1, 75, 76, 109, 110, 187, 188, 255])
    found = severities(path)
    assert [found[value] for value in (0, 75, 76, 109, 110, 187, 188)] == [0, 0, 1, 1, 2, 2, 3]
    assert coding_of(path).how == "BARC256, breaks 75, 109, 187"
    found = severities(path, breaks=(0.0, 75.0, 109.0))  # WEPPcloud's
    assert [found[value] for value in (0, 1, 75, 76, 109, 110, 255)] == [0, 1, 1, 2, 2, 3, 3]


def test_what_is_no_class_map_is_refused_with_what_to_do(tmp_path: Path) -> None:
    dnbr = burn_map(tmp_path / "dnbr.tif", list(range(-300, 100)), dtype="int16")
    with pytest.raises(NotBurnSeverity, match="more than 256 values") as caught:
        coding_of(dnbr)
    assert "dNBR" in str(caught.value.hint)
    with pytest.raises(NotBurnSeverity, match=r"fractions such as 0\.5"):
        coding_of(burn_map(tmp_path / "half.tif", [0.5, 1.0], dtype="float32"))
    for values in ([-5, 3, 9], [41, 42, 52, 71], [2, 3, 4], [0, 3, 7, 9]):
        with pytest.raises(NotBurnSeverity):
            coding_of(burn_map(tmp_path / "other.tif", values, dtype="int16"))
    with pytest.raises(NotBurnSeverity, match="no data at all"):
        coding_of(burn_map(tmp_path / "void.tif", [255], nodata=255))
    with pytest.raises(MapWithoutCrs):
        coding_of(burn_map(tmp_path / "nowhere.tif", [0, 1, 2, 3], crs=None))
    (tmp_path / "text.tif").write_text("<html>404</html>")
    with pytest.raises(MapUnreadable):
        coding_of(tmp_path / "text.tif")


def test_a_map_that_is_added_is_kept_as_classes_registered_and_set(new_batch, tmp_path: Path, capsys) -> None:
    folder = new_batch("two")
    path = burn_map(tmp_path / "barc.tif", [1, 2, 3, 4])
    capsys.readouterr()
    assert main(["add", "two", "sbs", str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["classes"] == {"unburned": 100, "low": 100, "moderate": 100, "high": 100, "no data": 0}
    resource = BatchRunner.getInstance(folder).resources["sbs_map"]
    assert resource["sha256"] == sha256_of_file(path) and resource["bytes"] == path.stat().st_size
    control = Disturbed.getInstance(folder / "_base")
    kept = folder / "_base" / control.sbs_map
    assert sha256_of_file(kept) == resource["checksum"] and control.problems() == []
    assert main(["add", "two", "sbs", str(path)]) == 0
    assert "classes 1 to 4" in capsys.readouterr().out
    bad = burn_map(tmp_path / "bad.tif", list(range(-300, 100)), dtype="int16")
    assert main(["add", "two", "sbs", str(bad)]) == 2
    assert main(["add", "two", "sbs", str(path), "--breaks", "9,8,7"]) == 2
    assert sha256_of_file(kept) == resource["checksum"], "a refused map changes nothing"
