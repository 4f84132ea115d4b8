"""A run's observed weather: daily series of a table or of grids, with storms and what is missing from a station.

In: the control, the station and where the watershed lies. Out: a ClimateSeries and where it comes from.
"""

from pathlib import Path
from typing import Any

from weppbatch.errors import ConfigError, InputError
from weppbatch.formats.climate_series import ClimateSeries
from weppbatch.formats.observed import Observed, assembled
from weppbatch.formats.observed_grid import Place, is_grid, read_grid
from weppbatch.formats.observed_table import read_table
from weppbatch.formats.station_par import Station
from weppbatch.hydrology.weather import generate
from weppbatch.hydrology.weather_scaling import with_own_months
from weppbatch.nodb.climate import Climate
from weppbatch.nodb.outside import outside_path
from weppbatch.tasks.places import Place as Watershed
from weppbatch.tasks.run import Run

MANY_INCOMPLETE = 0.005  # of the days; Daymet leaves out one in 1,461


def observed_weather(
    run: Run, control: Climate, place: Watershed, station: Station, seed: int
) -> tuple[ClimateSeries, dict[str, Any]]:
    """The observed series of the control's years at a watershed, with what isn't in it generated from the station.

    Raises ConfigError without a series, InputError when it is not there, InputProblems with everything that is
    wrong in it, PlaceOutsideGrid.
    """
    path, observed = _read(run, control, place)
    years = control.observed_end_year - control.observed_start_year + 1
    series = generate(station, years, control.observed_start_year, seed, observed.values)
    incomplete = observed.incomplete_days
    for note in observed.notes:
        run.warn(f"{path.name}: {note}")
    if incomplete > MANY_INCOMPLETE * series.days:
        run.warn(f"{path.name}: {incomplete} of {series.days} days are incomplete; what they lack is generated")
    here = (place.longitude_deg, place.latitude_deg, place.elevation_m)
    series = with_own_months(series, f"{path.stem}, storms of {station.name}", here)
    seen = sorted(name for name in observed.values if name not in ("precip_mm", "tmax_c", "tmin_c"))
    return series, {
        "source": "observed",
        "file": path.name,
        "first_year": control.observed_start_year,
        "last_year": control.observed_end_year,
        "incomplete_days": incomplete,
        "also_observed": seen,
    }


def _read(run: Run, control: Climate, place: Watershed) -> tuple[Path, Observed]:
    """The file or folder, and what it has of the control's years at the watershed."""
    if not control.observed_series:
        raise ConfigError(
            "climate.observed_series is empty",
            hint="name a CSV, a .prn, a NetCDF file, a Zarr store or a folder, or set climate.mode=vanilla",
        )
    path = outside_path(control, "observed_series")
    if not path.exists():
        raise InputError(f"{path} (climate.observed_series) is not there", hint="correct the setting")
    first, last = control.observed_start_year, control.observed_end_year
    if is_grid(path):
        at = Place(place.longitude_deg, place.latitude_deg, control.observed_interpolation)
        found = read_grid(path, at, first, last)
        raw, files = found.raw, found.files
    else:
        file = path / f"{run.runid}.csv" if path.is_dir() else path
        raw, files = read_table(file), [file]
    run.outside(*files)
    return path, assembled(path, raw, first, last, place.elevation_m)
