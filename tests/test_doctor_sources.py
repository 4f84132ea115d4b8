"""The doctor on elevation sources, observed weather and outlets; watersheds left out several at once; submit."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio

from conftest import begun
from observed_weather import write_gridmet
from test_doctor import about, around, batch, errors, extents, raster
from weppbatch.batch import doctor_inputs
from weppbatch.batch.doctor import examine
from weppbatch.batch.findings import Finding
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.app import main
from weppbatch.nodb.controls import set_fields
from weppbatch.tasks.soil_survey import SoilSurvey

__all__ = ["batch"]


def only_around(batch: Path, sample_dem: Path, runid: str, path: Path) -> Path:
    """The part of the sample terrain around one watershed."""
    west, south, east, north = around(extents(batch)[runid])
    with rasterio.open(sample_dem) as whole:
        window = whole.window(west, south, east, north).round_offsets().round_lengths()
        cells = whole.read(1, window=window)
        place = {"height": cells.shape[0], "width": cells.shape[1], "transform": whole.window_transform(window)}
        with rasterio.open(path, "w", **(whole.profile | place)) as target:
            target.write(cells, 1)
    return path


def told(batch: Path, what: str) -> list[Finding]:
    return [finding for finding in examine(batch) if finding.about == what]


def test_watersheds_that_no_source_covers_are_errors_and_a_fall_back_is_noted(
    batch: Path, sample_dem: Path, tmp_path: Path
) -> None:
    part = only_around(batch, sample_dem, "ws-1", tmp_path / "part.tif")
    set_fields(batch / "_base", [f"ron.dem={part}"])
    (single,) = told(batch, "ron.dem")
    assert (single.severity, single.runids) == ("error", ("ws-2",))
    (tmp_path / "empty.tif").write_bytes(part.read_bytes())
    set_fields(batch / "_base", [f'ron.dem_fallbacks=["{tmp_path / "empty.tif"}"]'])
    (none,) = told(batch, "ron.dem")
    assert (none.severity, none.runids) == ("error", ("ws-2",)) and "no source" in none.text
    set_fields(batch / "_base", [f'ron.dem_fallbacks=["{sample_dem}"]'])
    assert told(batch, "ron.dem") == []
    (note,) = told(batch, "ron.dem_fallbacks")
    assert (note.severity, note.runids) == ("note", ("ws-2",)) and str(sample_dem) in note.text
    assert main(["doctor", "two"]) == 0


def test_a_folder_of_tiles_is_looked_at_by_where_they_lie(batch: Path, sample_dem: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tiles"
    folder.mkdir()
    only_around(batch, sample_dem, "ws-1", folder / "one.tif")
    set_fields(batch / "_base", [f"ron.dem={folder}"])
    (missing,) = told(batch, "ron.dem")
    assert (missing.severity, missing.runids) == ("error", ("ws-2",))
    only_around(batch, sample_dem, "ws-2", folder / "two.tif")
    assert told(batch, "ron.dem") == []
    (folder / "three.tif").write_bytes(b"nothing")
    assert "three.tif" in told(batch, "ron.dem")[0].text


def test_a_remote_fall_back_is_said_not_to_be_known(batch: Path, sample_dem: Path, tmp_path: Path) -> None:
    part = only_around(batch, sample_dem, "ws-1", tmp_path / "part.tif")
    set_fields(batch / "_base", [f"ron.dem={part}", 'ron.dem_fallbacks=["copernicus://glo30"]'])
    (note,) = told(batch, "ron.dem")
    assert (note.severity, note.runids) == ("note", ("ws-2",)) and "copernicus://glo30" in note.text


def observed(batch: Path, series: Path, first: int, last: int) -> list[Finding]:
    years = [f"climate.observed_start_year={first}", f"climate.observed_end_year={last}"]
    set_fields(batch / "_base", ["climate.mode=observed", f"climate.observed_series={series}", *years])
    return [finding for finding in examine(batch) if finding.about.startswith("climate")]


def daily(path: Path, first: int, last: int) -> Path:
    days = np.arange(np.datetime64(f"{first}-01-01"), np.datetime64(f"{last + 1}-01-01"))
    path.write_text("date,precip_mm,tmax_c,tmin_c\n" + "".join(f"{day},1.0,10,2\n" for day in days))
    return path


def test_observed_years_that_are_not_there_are_errors(batch: Path, tmp_path: Path) -> None:
    table = daily(tmp_path / "days.csv", 1990, 1992)
    assert observed(batch, table, 1990, 1992) == []
    (found,) = observed(batch, table, 1990, 1995)
    assert found.severity == "error" and "1993 to 1995" in found.text and "1992-12-31" in found.text
    folder = tmp_path / "each"
    folder.mkdir()
    daily(folder / "ws-1.csv", 1991, 1992)
    found = observed(batch, folder, 1990, 1992)
    assert {finding.runids for finding in found} == {("ws-1",), ("ws-2",)}
    assert any("no table of theirs" in finding.text for finding in found)


def test_grids_are_looked_at_by_what_describes_them(batch: Path, tmp_path: Path) -> None:
    west, south, east, north = extents(batch)["ws-1"]
    corner = {"west": (west + east) / 2 - 0.1, "north": (south + north) / 2 + 0.08}  # the middle one of 4 x 5 cells
    grid = tmp_path / "grid"
    write_gridmet(grid, 2000, **corner, names="pr tmmx tmmn")
    assert all(finding.runids == ("ws-2",) for finding in observed(batch, grid, 2000, 2000))
    (found,) = [finding for finding in observed(batch, grid, 2000, 2001) if not finding.runids]
    assert "2001" in found.text
    away = tmp_path / "away"
    write_gridmet(away, 2000, names="pr tmmx tmmn")
    (outside,) = observed(batch, away, 2000, 2000)
    assert outside.runids == ("ws-1", "ws-2") and "does not cover" in outside.text
    bare = tmp_path / "bare"
    write_gridmet(bare, 2000, **corner, names="pr tmmx")
    assert any("minimum temperature" in finding.text for finding in observed(batch, bare, 2000, 2000))


def test_a_soil_table_is_read_once(batch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bounds = around(*extents(batch).values())
    raster(batch / "_base" / "soil.tif", bounds, np.full((100, 100), 8, np.int32))
    (batch / "_base" / "soil.csv").write_text("mukey,texture\n8,loam\n")
    read: list[Path] = []

    def reading(path: Path) -> SoilSurvey:
        read.append(path)
        return SoilSurvey(path)

    monkeypatch.setattr(doctor_inputs, "SoilSurvey", reading)
    set_fields(batch / "_base", ["soils.mode=gridded", "soils.soil_map=soil.tif", "soils.soil_table=soil.csv"])
    assert errors(batch) == [] and len(read) == 1
    (batch / "_base" / "soil.csv").write_text("mukey,texture\n88,loam\n")
    assert about(batch) == {"soils.soil_map"} and len(read) == 2


def test_maps_of_properties_have_to_cover_the_watersheds_too(batch: Path) -> None:
    bounds = extents(batch)
    names = ("sand", "clay", "organic_carbon", "soil_depth")
    for name in names:
        raster(batch / "_base" / f"{name}.tif", around(bounds["ws-1"]), np.full((50, 50), 30.0, np.float32))
    set_fields(batch / "_base", ["soils.mode=properties", *(f"soils.{name}_map={name}.tif" for name in names)])
    assert {finding.about for finding in errors(batch)} == {f"soils.{name}_map" for name in names}
    assert all(finding.runids == ("ws-2",) for finding in errors(batch))


def test_several_watersheds_are_left_out_and_taken_back_in_one_line(
    batch: Path, sample_dem: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["exclude", "two", "ws-1, ws-2", "--why", "a reservoir"]) == 0
    assert BatchRunner.getInstance(batch).excluded.keys() == {"ws-1", "ws-2"}
    assert main(["include", "two", "ws-1,ws-2"]) == 0
    assert BatchRunner.getInstance(batch).excluded == {}
    assert main(["exclude", "two", "ws-1,ws-9", "--why", "a reservoir"]) == 2
    assert main(["exclude", "two", "ws-1"]) == 2
    assert BatchRunner.getInstance(batch).excluded == {}, "of several none is left out when one is wrong"
    set_fields(batch / "_base", [f"ron.dem={only_around(batch, sample_dem, 'ws-1', tmp_path / 'part.tif')}"])
    capsys.readouterr()
    assert main(["exclude", "two", "@doctor"]) == 0
    assert "does not cover them" in BatchRunner.getInstance(batch).excluded["ws-2"]["why"]
    assert main(["include", "two", "ws-2,ws-1"]) == 2
    assert BatchRunner.getInstance(batch).excluded.keys() == {"ws-2"}
    assert main(["include", "two", "ws-2"]) == 0


def test_submit_asks_the_doctor_as_run_does(
    batch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no Slurm
    set_fields(batch / "_base", ["wepp.warm_up_years=100"])
    before = BatchRunner.getInstance(batch).history
    assert main(["submit", "two", "--array", "2"]) == 2
    said = capsys.readouterr().err
    assert "warm_up_years=100" in said and "weppbatch submit two --anyway" in said
    assert BatchRunner.getInstance(batch).history == before and not (batch / ".submission").exists()
    assert main(["submit", "two", "--array", "2", "--anyway"]) == 2
    assert "no sbatch" in capsys.readouterr().err


def test_run_ids_that_several_watersheds_would_have_are_errors(batch: Path) -> None:
    assert main(["validate", "two", "--template", "same"]) == 2
    (found,) = told(batch, "run ids")
    assert found.severity == "error" and "'same' is that of 2 features" in found.text


def test_a_disk_that_is_too_small_is_an_error(batch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(batch, "extent")
    (batch / "runs" / "ws-2" / ".tasks" / "extent.json").unlink()
    assert told(batch, "disk") == []
    usage = shutil.disk_usage(batch)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10))
    (found,) = told(batch, "disk")
    assert found.severity == "error" and "will be written" in found.text
