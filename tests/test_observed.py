"""Observed daily weather: what is read out of tables and grids, and what a run makes of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import observed_weather as made
from climate_run import new_run
from weppbatch.errors import ConfigError, InputProblems
from weppbatch.files import shipped
from weppbatch.formats.climate_cli import read_climate
from weppbatch.formats.climate_series import check_series
from weppbatch.formats.observed import UnusableSeries, assembled, dew_point_c, vapour_pressure_pa
from weppbatch.formats.observed_grid import Place, PlaceOutsideGrid, is_grid, read_grid
from weppbatch.formats.observed_table import read_table
from weppbatch.formats.station_par import read_station
from weppbatch.hydrology.weather import generate
from weppbatch.tasks import climate

__all__ = ["new_run"]
STATION = read_station(shipped("config") / "stations" / "ca046006.par")
HERE = (-118.3, 34.4)
DAYS_2000 = np.arange(np.datetime64("2000-01-01"), np.datetime64("2001-01-01"))


@pytest.fixture(scope="module")
def gridmet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of all variables."""
    folder = tmp_path_factory.mktemp("gridmet")
    for year in (2000, 2001):
        made.write_gridmet(folder, year)
    return folder


def cell_of(longitude_deg: float, latitude_deg: float) -> tuple[int, int]:
    return round((34.5 - latitude_deg) * 24), round((longitude_deg + 118.4) * 24)


def test_gridmets_files_give_the_nearest_cell_in_our_units(gridmet: Path) -> None:
    place = Place(-118.28, 34.45, "nearest")
    found = read_grid(gridmet, place, 2000, 2001)
    row, column = cell_of(-118.28, 34.45)
    wanted = made.values(2000, 4, 5)
    observed = assembled(gridmet, found.raw, 2000, 2001, 1500.0)
    assert observed.dates.size == 366 + 365 and observed.incomplete_days == 0
    for name, quantity in (("precip_mm", "precip"), ("tmax_c", "tmax"), ("tmin_c", "tmin")):
        assert observed.values[name][:366] == pytest.approx(wanted[quantity][:, row, column], abs=0.051), name
    ly = wanted["radiation"][:, row, column] * 86400 / 41840
    assert observed.values["radiation_ly"][:366] == pytest.approx(ly, abs=0.2)
    humid = dew_point_c(vapour_pressure_pa(np.array([0.004]), 1500.0))[0]
    assert observed.values["tdew_c"] == pytest.approx(np.full(731, humid), abs=0.02)
    assert sorted({path.name.split("_")[0] for path in found.files}) == sorted(made.GRIDMET)


def test_between_cells_values_are_weighted_and_directions_are_not(gridmet: Path) -> None:
    longitude, latitude = -118.4 + 1.25 / 24, 34.5 - 1.5 / 24
    raw = read_grid(gridmet, Place(longitude, latitude, "linear"), 2000, 2000).raw
    wanted = made.values(2000, 4, 5)["tmax"]
    four = wanted[:, 1:3, 1:3] * np.array([0.75, 0.25])
    assert raw["tmax"][1] == pytest.approx(four.sum(axis=2).mean(axis=1), abs=0.06)
    assert set(raw["wind_direction"][1]) == {350.0, 10.0}


def test_only_the_files_of_the_years_are_opened(gridmet: Path, tmp_path: Path) -> None:
    for path in gridmet.glob("*_2000.nc"):
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "pr_1999.nc").write_bytes(b"no NetCDF at all")
    assert read_grid(tmp_path, Place(*HERE, "nearest"), 2000, 2000).raw["precip"][0].size == 366
    with pytest.raises(InputProblems, match=r"pr_1999\.nc"):
        read_grid(tmp_path, Place(*HERE, "nearest"), 1999, 2000)


def test_longitudes_from_0_to_360_are_the_same_place(gridmet: Path, tmp_path: Path) -> None:
    with xr.open_dataset(gridmet / "pr_2000.nc") as dataset:
        dataset.assign_coords(lon=dataset.lon + 360.0).to_netcdf(tmp_path / "pr_2000.nc")
    one, other = (
        read_grid(path, Place(*HERE, "nearest"), 2000, 2000).raw["precip"] for path in (gridmet, tmp_path)
    )
    assert np.array_equal(one[1], other[1])


@pytest.mark.parametrize("kind", ["netcdf", "zarr", "folder of both"])
def test_daymets_projection_calendar_and_daylight_are_understood(tmp_path: Path, kind: str) -> None:
    first, second = (made.daymet(year, *HERE) for year in (2000, 2001))
    path = tmp_path / "daymet"
    if kind == "zarr":
        xr.concat([first, second], "time", data_vars="minimal").to_zarr(path)
    elif kind == "netcdf":
        path = tmp_path / "daymet.nc"
        xr.concat([first, second], "time", data_vars="minimal").to_netcdf(path)
    else:
        path.mkdir()
        first.to_netcdf(path / "daymet_2000.nc")
        second.to_zarr(path / "daymet_2001.zarr")
    assert is_grid(path)
    found = read_grid(path, Place(*HERE, "nearest"), 2000, 2001)
    observed = assembled(path, found.raw, 2000, 2001, 0.0)
    wanted = made.values(2000, 4, 5)
    assert observed.incomplete_days == 1
    assert np.isnan(observed.values["precip_mm"][365]) and observed.dates[365] == np.datetime64("2000-12-31")
    assert np.allclose(observed.values["precip_mm"][:365], wanted["precip"][:365, 1, 2])
    assert np.allclose(observed.values["radiation_ly"][:365], wanted["radiation"][:365, 1, 2] * 43200 / 41840)
    assert observed.values["tdew_c"][0] == pytest.approx(-0.25, abs=0.05)  # 600 Pa: a little below freezing
    assert all(file.is_file() for file in found.files)


def test_srad_without_the_length_of_days_is_refused(tmp_path: Path) -> None:
    made.daymet(2001, *HERE).drop_vars("dayl").to_netcdf(tmp_path / "all.nc")
    raw = read_grid(tmp_path / "all.nc", Place(*HERE, "nearest"), 2001, 2001).raw
    with pytest.raises(UnusableSeries, match="dayl"):
        assembled(tmp_path, raw, 2001, 2001, 0.0)


def test_a_watershed_outside_or_on_masked_cells_is_told_where_it_lies(gridmet: Path, tmp_path: Path) -> None:
    with pytest.raises(PlaceOutsideGrid, match=r"-84\.4000, 35\.9000") as caught:
        read_grid(gridmet, Place(-84.4, 35.9, "nearest"), 2000, 2000)
    assert caught.value.category == "data"
    with xr.open_dataset(gridmet / "pr_2000.nc") as dataset:
        dataset.where(dataset.lon < -119).to_netcdf(tmp_path / "pr_2000.nc")
    with pytest.raises(PlaceOutsideGrid, match="no precipitation"):
        read_grid(tmp_path, Place(*HERE, "nearest"), 2000, 2000)


def test_all_that_a_series_lacks_is_named_at_once(gridmet: Path, tmp_path: Path) -> None:
    for name in ("pr_2000", "pr_2001", "tmmx_2001"):
        (tmp_path / f"{name}.nc").symlink_to(gridmet / f"{name}.nc")
    raw = read_grid(tmp_path, Place(*HERE, "nearest"), 1998, 2003).raw
    with pytest.raises(UnusableSeries) as caught:
        assembled(tmp_path, raw, 1998, 2003, 0.0)
    assert caught.value.problems == [
        "precipitation is missing in 1998 to 1999, 2002 to 2003; it has days from 2000-01-01 to 2001-12-31",
        "maximum temperature is missing in 1998 to 2000, 2002 to 2003; it has days from 2001-01-01 to 2001-12-31",
        "it has no minimum temperature",
    ]


def test_a_unit_that_isnt_known_is_refused(gridmet: Path, tmp_path: Path) -> None:
    with xr.open_dataset(gridmet / "pr_2000.nc") as dataset:
        dataset.precipitation_amount.attrs["units"] = "furlong"
        dataset.to_netcdf(tmp_path / "pr_2000.nc")
    with pytest.raises(InputProblems, match="furlong"):
        read_grid(tmp_path, Place(*HERE, "nearest"), 2000, 2000)


def rows(year: int = 2000) -> list[str]:
    days = np.arange(np.datetime64(f"{year}-01-01"), np.datetime64(f"{year + 1}-01-01"))
    return [f"{day},{i % 5},{10 + i % 7},{i % 7}" for i, day in enumerate(days)]


def test_a_table_with_dates_is_read_by_its_own_units_or_those_it_says(tmp_path: Path) -> None:
    own, said = tmp_path / "own.csv", tmp_path / "said.csv"
    own.write_text("\n".join(["date,precip_mm,tmax_c,tmin_c", *rows()]) + "\n")
    said.write_text("\n".join(["date,ppt (in),tmax (degF),tmin (K)", *rows()]) + "\n")
    one, other = read_table(own), read_table(said)
    assert one["precip"][0].size == 366 and one["precip"][1][4] == 4.0
    assert np.allclose(other["precip"][1], 25.4 * one["precip"][1])
    assert np.allclose(other["tmax"][1], (one["tmax"][1] - 32) / 1.8)
    assert np.allclose(other["tmin"][1], one["tmin"][1] - 273.15)


def test_daymets_own_table_of_a_pixel_is_read(tmp_path: Path) -> None:
    path = tmp_path / "daymet.csv"
    head = [
        "Latitude: 34.4  Longitude: -118.3",
        "X & Y on Lambert Conformal Conic: -1650000 -730000",
        "Tile: 11014",
    ]
    names = "year,yday,dayl (s),prcp (mm/day),srad (W/m^2),swe (kg/m^2),tmax (deg c),tmin (deg c),vp (Pa)"
    days = [f"2000,{i},36000,{i % 3},300,0,12.5,-1.5,611" for i in range(1, 366)]
    path.write_text("\n".join([*head, names, *days]) + "\n")
    observed = assembled(path, read_table(path), 2000, 2000, 0.0)
    assert observed.incomplete_days == 1
    assert observed.values["radiation_ly"][0] == pytest.approx(300 * 36000 / 41840)
    assert observed.values["tdew_c"][0] == pytest.approx(0.0, abs=0.05)


def test_cligens_prn_is_read_by_its_dates(tmp_path: Path) -> None:
    path = tmp_path / "ws.prn"
    days = [day.astype(object) for day in DAYS_2000]
    lines = [f"{day.month:<5}{day.day:<5}{day.year:<5}{50:<5}{59:<5}{32:<5}" for day in days]
    lines[3] = lines[3][:15] + f"{9999:<5}{59:<5}{32:<5}"
    path.write_text("\n".join(lines) + "\n")
    raw = read_table(path)
    assert raw["precip"][1][0] == pytest.approx(12.7) and np.isnan(raw["precip"][1][3])
    assert raw["tmax"][1][0] == pytest.approx(15.0) and raw["tmin"][1][0] == 0.0
    assert np.array_equal(raw["precip"][0], DAYS_2000)


def test_everything_wrong_with_a_table_is_named_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    lines = ["date,precip_mm,tmax,tmin_c", *rows()]
    lines[3] = "2000-01-03,much,5,1"
    lines[5] = "2000-02-30,0,5,1"
    lines.append(lines[1])
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputProblems) as caught:
        read_table(path)
    assert [text.split(";")[0] for text in caught.value.problems] == [
        "line 6: the date is no day (1999-12-31)",
        "line 4: precip_mm is not a number",
        "tmax has no unit",
        "line 368: the day 2000-01-01 is given twice",
    ]


def test_observed_days_keep_their_rain_and_get_a_stations_storms() -> None:
    seen = generate(STATION, 3, 2000, seed=7)
    values = {"precip_mm": seen.precip_mm.copy(), "tmax_c": seen.tmax_c, "tmin_c": seen.tmin_c.copy()}
    values["precip_mm"][:100] = np.nan
    values["tmin_c"][200:300] = np.nan
    series = generate(STATION, 3, 2000, seed=8, observed=values)
    plain = generate(STATION, 3, 2000, seed=8)
    assert check_series(series) == []
    assert np.array_equal(series.precip_mm[100:], seen.precip_mm[100:])
    assert np.array_equal(series.precip_mm[:100], plain.precip_mm[:100])
    assert np.array_equal(series.tmax_c[200:300], plain.tmax_c[200:300])  # of a pair with a gap, neither is taken
    wet = series.precip_mm > 0
    assert (series.duration_h[wet] > 0).all() and (series.duration_h[~wet] == 0).all()
    assert (series.tdew_c <= (series.tmax_c + series.tmin_c) / 2 + 0.1).all()
    assert np.array_equal(series.radiation_ly, plain.radiation_ly)


def test_a_minimum_above_the_maximum_becomes_their_mean_and_is_said() -> None:
    daily = {
        name: (DAYS_2000, np.full(366, value)) for name, value in (("precip", 1.0), ("tmax", 5.0), ("tmin", 7.0))
    }
    observed = assembled("x", daily, 2000, 2000, 0.0)
    assert set(observed.values["tmax_c"]) == set(observed.values["tmin_c"]) == {6.0}
    assert "366 days" in observed.notes[0]


def test_a_run_with_grids_gets_their_weather_at_its_place(new_run, gridmet: Path) -> None:
    settings = {"mode": "observed", "observed_start_year": 2000, "observed_end_year": 2001}
    run = new_run(**settings, observed_series=str(gridmet))
    metrics = climate.run(run)
    series = read_climate(run.scratch / "climate" / "climate.cli")
    row, column = cell_of(-118.3, 34.4)
    assert series.precip_mm[:366] == pytest.approx(made.values(2000, 4, 5)["precip"][:, row, column], abs=0.06)
    assert (metrics["source"], metrics["station_id"], metrics["years"]) == ("observed", "ca046006", 2)
    assert metrics["also_observed"] == ["radiation_ly", "tdew_c", "wind_dir_deg", "wind_m_s"]
    assert series.first_year == 2000 and (series.latitude_deg, series.elevation_m) == (34.4, 1400.0)
    assert series.monthly_precip_mm.sum() == pytest.approx(series.precip_mm.sum() / 2, abs=1)
    assert str(gridmet / "pr_2000.nc") in run.inputs and run.warnings == []
    again = new_run(**settings, observed_series=str(gridmet), precip_scaling="scalar", precip_scale_factor=0.5)
    climate.run(again)
    halved = read_climate(again.scratch / "climate" / "climate.cli")
    assert halved == replace(series, precip_mm=0.5 * series.precip_mm, monthly_precip_mm=halved.monthly_precip_mm)


def test_a_folder_of_tables_has_one_for_each_run(new_run, tmp_path: Path) -> None:
    folder = tmp_path / "batch" / "_base" / "series"
    folder.mkdir(parents=True)
    (folder / "ws-1.csv").write_text("\n".join(["date,precip_mm,tmax_c,tmin_c", *rows()]) + "\n")
    years = {"observed_start_year": 2000, "observed_end_year": 2000}
    run = new_run(mode="observed", observed_series="series", **years)
    assert climate.run(run)["precip_mm_yr"] == pytest.approx(sum(i % 5 for i in range(366)), abs=0.1)
    assert str(folder / "ws-1.csv") in run.inputs
    with pytest.raises(ConfigError, match="observed_series is empty"):
        climate.run(new_run(mode="observed"))
