"""Task climate on a run's folder: the station that is chosen, what is written, and what is refused before."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
from affine import Affine

from climate_run import NewRun, new_run
from weppbatch.errors import ConfigError, InputError, InputProblems, WeppbatchError
from weppbatch.files import shipped
from weppbatch.formats.climate_cli import read_climate, write_climate
from weppbatch.formats.climate_series import DAILY
from weppbatch.formats.station_par import read_station, write_station
from weppbatch.hydrology.weather import generate
from weppbatch.nodb.climate import Climate
from weppbatch.tasks import climate
from weppbatch.tasks.stations import NoStation, closest, distance_km, named

STATIONS = shipped("config") / "stations"
__all__ = ["new_run"]
TENNESSEE = (-84.4, 35.9, 500.0)


def test_weather_of_the_nearest_station_is_written_twice_and_the_same(new_run: NewRun) -> None:
    run = new_run()
    metrics = climate.run(run)
    series = read_climate(run.scratch / "climate" / "climate.cli")
    table = pq.read_table(run.scratch / "climate" / "climate.parquet")
    assert table.column_names == ["year", "month", "day", *DAILY]
    assert table.num_rows == series.days == 365 * 3
    for name in table.column_names:
        assert np.array_equal(table.column(name).to_numpy(), getattr(series, name)), name
    assert (metrics["source"], metrics["station_id"], metrics["years"]) == ("generated", "ca046006", 3)
    assert metrics["distance_km"] == pytest.approx(28.3, abs=0.5)
    assert metrics["watershed_above_station_m"] == pytest.approx(1400.0 - 5710 * 0.3048, abs=0.1)
    assert metrics["precip_mm_yr"] == pytest.approx(series.precip_mm.sum() / 3, abs=0.1)
    assert b"ca046006" in table.schema.metadata[b"source"]
    assert run.inputs == ["watershed/hillslopes.parquet", str(STATIONS / "ca046006.par")]
    assert run.warnings == []
    made = sorted(str(path.relative_to(run.scratch)) for path in run.scratch.rglob("*") if path.is_file())
    assert made == ["climate/climate.cli", "climate/climate.parquet"]


def test_the_same_run_gets_the_same_bytes_and_other_runs_and_seeds_other_weather(new_run: NewRun) -> None:
    def made(**fields: Any) -> tuple[bytes, bytes]:
        run = new_run(**fields)
        climate.run(run)
        folder = run.scratch / "climate"
        return (folder / "climate.cli").read_bytes(), (folder / "climate.parquet").read_bytes()

    first = made()
    assert made() == first
    assert made(runid="ws-2")[0] != first[0]
    assert made(seed=1)[0] != first[0]


def test_a_station_far_away_is_said(new_run: NewRun) -> None:
    run = new_run(place=TENNESSEE)
    metrics = climate.run(run)
    assert metrics["distance_km"] > 2000
    assert len(run.warnings) == 1 and "km away" in run.warnings[0]
    assert not run.degraded


def test_a_station_that_is_much_higher_is_said(new_run: NewRun) -> None:
    run = new_run(place=(-118.3, 34.4, 300.0))
    climate.run(run)
    assert "+1440 m" in run.warnings[0]


def test_a_station_that_was_named_is_used_wherever_it_is(new_run: NewRun) -> None:
    run = new_run(place=TENNESSEE, station_selection="user", station_id="ID106388")
    metrics = climate.run(run)
    assert metrics["station_id"] == "id106388"
    assert metrics["distance_km"] > 2000
    assert run.warnings == []


def test_a_wrong_station_name_shows_the_nearest(new_run: NewRun) -> None:
    with pytest.raises(NoStation, match="id106389") as caught:
        climate.run(new_run(station_selection="user", station_id="id106389"))
    assert caught.value.hint is not None and "id106388" in caught.value.hint
    with pytest.raises(ConfigError, match="station_id is empty"):
        climate.run(new_run(station_selection="user"))


def test_stations_of_a_folder_of_the_batch_are_used(new_run: NewRun) -> None:
    run = new_run(stations="stations")
    folder = run.batch / "_base" / "stations"
    folder.mkdir()
    with pytest.raises(NoStation, match="no station file") as caught:
        climate.run(run)
    assert "climate.stations" in str(caught.value.hint)
    shutil.copy(STATIONS / "ut422852.par", folder / "mine.PAR")
    assert climate.run(run)["station_id"] == "mine"


def test_every_broken_station_file_is_named(tmp_path: Path) -> None:
    shutil.copy(STATIONS / "ut422852.par", tmp_path)
    (tmp_path / "a.par").write_text("nothing\n")
    (tmp_path / "b.par").write_text(" NAME\n LATT=  xx.yy LONG=-113.40 YEARS= 40. TYPE= 3\n")
    with pytest.raises(InputProblems) as caught:
        closest(tmp_path, -113.0, 39.0)
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["a.par", "b.par"]


def test_the_nearest_station_is_the_nearest_on_the_globe() -> None:
    assert closest(STATIONS, -116.0, 45.0).station_id == "id106388"
    assert closest(STATIONS, -113.0, 40.0).station_id == "ut422852"
    assert distance_km(0.0, 0.0, 90.0, 0.0) == pytest.approx(6371 * np.pi / 2)
    assert distance_km(179.5, 0.0, -179.5, 0.0) == pytest.approx(111.19, abs=0.1)  # across the date line
    assert named(STATIONS, "ut422852.par", -113.40, 39.83).distance_km == pytest.approx(0.0, abs=0.01)


def test_precipitation_is_scaled_by_month_and_intensities_where_asked(new_run: NewRun) -> None:
    def january(**fields: Any) -> tuple[float, float]:
        run = new_run(**fields)
        climate.run(run)
        series = read_climate(run.scratch / "climate" / "climate.cli")
        days = series.month == 1
        return series.precip_mm[days].sum(), series.duration_h[days].sum()

    factors = {"precip_scaling": "monthly", "precip_monthly_factors": [2.0, *[1.0] * 11]}
    (plain_mm, plain_h), (wetter_mm, wetter_h) = january(), january(**factors)
    assert wetter_mm == pytest.approx(2 * plain_mm, rel=0.02)
    assert wetter_h > 1.1 * plain_h
    assert january(**factors, adjust_mx_pt5=True)[1] < 0.9 * wetter_h


@pytest.fixture
def user_cli(tmp_path: Path) -> Path:
    """A .cli file of two years near Mt Wilson."""
    path = tmp_path / "mine.cli"
    write_climate(path, generate(read_station(STATIONS / "ca046006.par"), 2, first_year=1999, seed=3))
    return path


def test_a_users_file_is_taken_as_it_is(new_run: NewRun, user_cli: Path) -> None:
    run = new_run(mode="user_defined", cli_file=str(user_cli))
    metrics = climate.run(run)
    assert read_climate(run.scratch / "climate" / "climate.cli") == read_climate(user_cli)
    assert (metrics["source"], metrics["file"], metrics["years"]) == ("user_defined", "mine.cli", 2)
    assert run.inputs == ["watershed/hillslopes.parquet", str(user_cli)]


def test_a_users_file_is_scaled(new_run: NewRun, user_cli: Path) -> None:
    run = new_run(mode="user_defined", cli_file=str(user_cli), precip_scaling="scalar", precip_scale_factor=1.25)
    climate.run(run)
    before, after = read_climate(user_cli), read_climate(run.scratch / "climate" / "climate.cli")
    assert np.allclose(after.precip_mm, 1.25 * before.precip_mm)
    assert np.array_equal(after.duration_h, before.duration_h)


@pytest.mark.parametrize(
    ("scaling", "fields"),
    [
        ("precip_scale_factor=10.0", {"precip_scaling": "scalar", "precip_scale_factor": 10.0}),
        ("precip_monthly_factors=[10.0, ", {"precip_scaling": "monthly", "precip_monthly_factors": [10.0] * 12}),
    ],
)
def test_rain_that_is_scaled_beyond_what_wepp_takes_names_the_setting(
    new_run: NewRun, user_cli: Path, scaling: str, fields: dict[str, Any]
) -> None:
    series = read_climate(user_cli)
    rain_mm = np.where(series.precip_mm == series.precip_mm.max(), 250.0, series.precip_mm)
    write_climate(user_cli, replace(series, precip_mm=rain_mm))
    run = new_run(mode="user_defined", cli_file=str(user_cli), **fields)
    with pytest.raises(ConfigError, match="more than 2000 mm") as caught:
        climate.run(run)
    assert f"climate.{scaling}" in caught.value.message
    assert "precip_scaling=none" in str(caught.value.hint)
    assert caught.value.category == "config"
    assert not (run.scratch / "climate").exists()


def test_a_users_file_with_gaps_and_nan_is_refused_with_all_that_is_wrong(new_run: NewRun, user_cli: Path) -> None:
    lines = user_cli.read_text().splitlines()
    cells = lines[40].split()
    lines[40] = " ".join([*cells[:7], "NaN", *cells[8:]])
    del lines[60]
    user_cli.write_text("\n".join(lines) + "\n")
    run = new_run(mode="user_defined", cli_file=str(user_cli))
    with pytest.raises(InputProblems) as caught:
        climate.run(run)
    assert len(caught.value.problems) >= 2
    assert caught.value.hint == "mend these lines, or make the file again"
    assert not (run.scratch / "climate").exists() or not list((run.scratch / "climate").iterdir())


def test_a_users_file_that_is_missing_or_not_named_is_said(new_run: NewRun) -> None:
    with pytest.raises(ConfigError, match="cli_file is empty"):
        climate.run(new_run(mode="user_defined"))
    with pytest.raises(InputError, match=r"nowhere\.cli"):
        climate.run(new_run(mode="user_defined", cli_file="nowhere.cli"))


def test_setting_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    control = Climate(wd=str(tmp_path), cli_file="mine.cli", stations="mine", observed_series="days.csv")
    assert [problem.split(":")[0] for problem in control.problems()] == ["cli_file", "stations", "observed_series"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "days.csv").touch()
    (tmp_path / "mine.cli").touch()
    assert control.problems() == []


def reference_map(path: Path, *bands_mm: float, west: float = -118.5) -> Path:
    """A raster of 0.1 degree cells, each band with one depth west of -118.3 and twice that east of it."""
    values = np.array([[[mm, mm, 2 * mm, 2 * mm]] * 4 for mm in bands_mm], dtype="float32")
    shape = {"height": 4, "width": 4, "count": len(bands_mm), "dtype": "float32", "nodata": -9999.0}
    transform = Affine(0.1, 0, west, 0, -0.1, 34.6)
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:4326", transform=transform, **shape) as target:
        target.write(values)
    return path


def test_weather_is_brought_to_a_reference_maps_mean_over_the_hillslopes(
    new_run: NewRun, tmp_path: Path, user_cli: Path
) -> None:
    """Three quarters of the area lie in the west."""
    path = reference_map(tmp_path / "normals.tif", 600.0)
    run = new_run(precip_scaling="map", precip_map=str(path), years=100)
    metrics = climate.run(run)
    assert metrics["reference_mm_yr"] == 750.0
    assert metrics["precip_mm_yr"] == pytest.approx(750.0, rel=0.05)
    assert metrics["precip_factors"] == [pytest.approx(750 / metrics["own_mm_yr"], abs=1e-3)] * 12
    assert str(path) in run.inputs
    run = new_run(mode="user_defined", cli_file=str(user_cli), precip_scaling="map", precip_map=str(path))
    assert climate.run(run)["precip_mm_yr"] == pytest.approx(750.0, abs=0.1)


def test_a_map_of_twelve_months_gives_each_month_a_factor(new_run: NewRun, tmp_path: Path) -> None:
    months_mm = [160.0, 160.0, 120.0, 60.0, 20.0, 4.0, 1.0, 4.0, 20.0, 30.0, 60.0, 100.0]
    path = reference_map(tmp_path / "months.tif", *months_mm)
    run = new_run(precip_scaling="map", precip_map=str(path), years=100)
    metrics = climate.run(run)
    series = read_climate(run.scratch / "climate" / "climate.cli")
    january = series.precip_mm[series.month == 1].sum() / 100
    assert january == pytest.approx(200.0, rel=0.25)
    assert len(set(metrics["precip_factors"])) > 6


def test_a_map_that_cant_be_a_reference_says_why(new_run: NewRun, tmp_path: Path) -> None:
    def error(path: Path) -> WeppbatchError:
        with pytest.raises(WeppbatchError) as caught:
            climate.run(new_run(precip_scaling="map", precip_map=str(path)))
        return caught.value

    inches = error(reference_map(tmp_path / "inches.tif", 24.0))
    assert "a year: the map has 30 mm, the weather 8" in inches.message and "in mm" in str(inches.hint)
    assert "2 bands" in error(reference_map(tmp_path / "two.tif", 1.0, 2.0)).message
    assert error(reference_map(tmp_path / "away.tif", 600.0, west=10.0)).category == "data"
    assert "is not there" in error(tmp_path / "none.tif").message
    with pytest.raises(ConfigError, match="precip_map is empty"):
        climate.run(new_run(precip_scaling="map"))


def test_a_station_at_the_watersheds_height_is_preferred_to_a_nearer_one(new_run: NewRun, tmp_path: Path) -> None:
    """Of two stations 5 and 20 km away the nearer is 1,000 m lower, which counts as 200 km by default."""
    folder = tmp_path / "stations"
    folder.mkdir()
    station = read_station(STATIONS / "ca046006.par")
    write_station(
        folder / "low.par", replace(station, latitude_deg=34.35, elevation_ft=1312.0, longitude_deg=-118.3)
    )
    write_station(
        folder / "high.par", replace(station, latitude_deg=34.22, elevation_ft=4593.0, longitude_deg=-118.3)
    )
    run = new_run(stations=str(folder))
    before = run.control(Climate).settings()
    assert climate.run(run)["station_id"] == "high"
    assert run.control(Climate).settings() == before  # what was chosen is a result, and no setting
    assert climate.run(new_run(stations=str(folder), station_km_per_100m=0.0))["station_id"] == "low"
