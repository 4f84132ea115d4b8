"""Task climate: the run's daily weather, generated from a station's statistics, observed, or a user's .cli file.

Reads where the hillslopes are; writes `climate/climate.parquet` and the same series as `climate/climate.cli`.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from weppbatch.errors import ConfigError, InputProblems
from weppbatch.files import replacing
from weppbatch.formats.climate_cli import read_climate, write_climate
from weppbatch.formats.climate_series import DAILY, ClimateSeries, check_series
from weppbatch.hydrology.weather import M_PER_FT, generate, monthly_precip_mm
from weppbatch.hydrology.weather_scaling import mean_months_mm, scaled_series, scaled_station
from weppbatch.nodb.climate import Climate
from weppbatch.nodb.outside import outside_path
from weppbatch.tasks.observed import observed_weather
from weppbatch.tasks.places import Place, place_of
from weppbatch.tasks.reference_map import reference_factors
from weppbatch.tasks.run import Metrics, Run
from weppbatch.tasks.stations import Chosen, closest, distance_km, named, station_folder

FIRST_YEAR = 1
"""Generated years are counted, for they are no years of the calendar."""


class UnusableScaling(InputProblems, ConfigError):
    """Precipitation as the settings scale it is none that WEPP takes."""


def run(run: Run) -> Metrics:
    """Make the series, write it twice, and say where it comes from."""
    control = run.control(Climate)
    makers = {"vanilla": _generated, "observed": _observed, "user_defined": _users}
    series, source = makers[control.mode](run, control, place_of(run))
    _check_scaling(control, series)
    write_climate(run.output("climate/climate.cli"), series)
    write_series(run.output("climate/climate.parquet"), series, source)
    return source | summary(series)


def seed_of(runid: str, seed: int) -> int:
    """The generator's seed for a run: from its id and the control's number, 63 bits."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{runid}".encode()).digest()[:8]) >> 1


def write_series(path: Path, series: ClimateSeries, source: dict[str, Any]) -> None:
    """Write one row a day; where the series comes from stands in the schema's metadata."""
    columns = {name: pa.array(getattr(series, name), pa.int32()) for name in ("year", "month", "day")}
    columns |= {name: pa.array(getattr(series, name), pa.float64()) for name in DAILY}
    table = pa.table(columns).replace_schema_metadata({"source": json.dumps(source)})
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def summary(series: ClimateSeries) -> Metrics:
    """The figures worth showing beside a run."""
    years = series.years
    return {
        "years": years,
        "precip_mm_yr": round(float(series.precip_mm.sum()) / years, 1),
        "wet_days_yr": round(float((series.precip_mm > 0).sum()) / years, 1),
        "largest_day_mm": round(float(series.precip_mm.max()), 1),
        "mean_temperature_c": round(float((series.tmax_c + series.tmin_c).mean()) / 2.0, 2),
    }


def _check_scaling(control: Climate, series: ClimateSeries) -> None:
    """Raise UnusableScaling when a series that was scaled has days that WEPP would not take."""
    problems = check_series(series) if control.precip_scaling != "none" else []
    if problems:
        names = {"scalar": "precip_scale_factor", "monthly": "precip_monthly_factors", "map": "precip_map"}
        name = names[control.precip_scaling]
        raise UnusableScaling(
            f"scaled by climate.{name}={getattr(control, name)}, the weather can't be used:",
            problems,
            hint="correct the map, or set climate.precip_scaling=none"
            if control.precip_scaling == "map"
            else f"set climate.{name} nearer to 1, or climate.precip_scaling=none",
        )


Made = tuple[ClimateSeries, dict[str, Any]]


def _generated(run: Run, control: Climate, place: Place) -> Made:
    """A series from a station's statistics."""
    chosen = _station(run, control, place)
    station, seed = chosen.station, seed_of(run.runid, control.seed)
    factors, said = _factors(run, control, place, monthly_precip_mm(station))
    if factors is not None:
        station = scaled_station(station, factors, with_intensity=control.adjust_mx_pt5)
    series = generate(station, control.years, FIRST_YEAR, seed)
    return series, {"source": "generated"} | _said_of(run, control, place, chosen) | said


def _observed(run: Run, control: Climate, place: Place) -> Made:
    """An observed series, with a station's storms, scaled where that is asked for."""
    chosen = _station(run, control, place)
    series, source = observed_weather(run, control, place, chosen.station, seed_of(run.runid, control.seed))
    series, said = _scaled(run, control, place, series)
    return series, source | _said_of(run, control, place, chosen) | said


def _users(run: Run, control: Climate, place: Place) -> Made:
    """The user's own series, checked, and scaled where that is asked for."""
    if not control.cli_file:
        raise ConfigError("climate.cli_file is empty", hint="name the .cli file, or set climate.mode=vanilla")
    path = outside_path(control, "cli_file")
    series = read_climate(path)
    run.outside(path)
    series, said = _scaled(run, control, place, series)
    away_km = distance_km(place.longitude_deg, place.latitude_deg, series.longitude_deg, series.latitude_deg)
    where = place.compared(away_km, series.elevation_m)
    place.warn_if_far(run, f"the weather of {path.name}", where)
    run.log(f"{series.years} years from {path}")
    return series, {"source": "user_defined", "station": series.station, "file": path.name} | where | said


def _station(run: Run, control: Climate, place: Place) -> Chosen:
    """The closest station of the folder, or the one that was named."""
    folder = station_folder(outside_path(control, "stations") if control.stations else None)
    if control.station_selection == "closest":
        here = (place.longitude_deg, place.latitude_deg, place.elevation_m)
        chosen = closest(folder, *here, km_per_100m=control.station_km_per_100m)
    else:
        chosen = named(folder, control.station_id, place.longitude_deg, place.latitude_deg)
    run.outside(chosen.path)
    run.log(f"station {chosen.station.name} ({chosen.station_id}), {chosen.distance_km:.0f} km away")
    return chosen


def _said_of(run: Run, control: Climate, place: Place, chosen: Chosen) -> dict[str, Any]:
    """The station as metrics; a warning when it is far away and nobody named it."""
    where = place.compared(chosen.distance_km, chosen.station.elevation_ft * M_PER_FT)
    if control.station_selection == "closest":
        place.warn_if_far(run, f"the nearest station, {chosen.station.name},", where)
    return {"station": chosen.station.name, "station_id": chosen.station_id} | where


def _scaled(run: Run, control: Climate, place: Place, series: ClimateSeries) -> Made:
    """The series with its depths scaled as the control says, and the factors as metrics."""
    factors, said = _factors(run, control, place, mean_months_mm(series))
    return (series if factors is None else scaled_series(series, factors)), said


def _factors(
    run: Run, control: Climate, place: Place, own_mm: npt.NDArray[np.float64]
) -> tuple[list[float] | None, dict[str, Any]]:
    """The control's twelve factors, or those of its map over the weather's own monthly depths; and as metrics."""
    if control.precip_scaling != "map":
        return control.monthly_factors(), {}
    if not control.precip_map:
        raise ConfigError("climate.precip_map is empty", hint="name the map, or set climate.precip_scaling=none")
    path = outside_path(control, "precip_map")
    factors, said = reference_factors(path, place, own_mm)
    run.outside(path)
    return factors, said | {"precip_map": path.name, "precip_factors": [round(factor, 3) for factor in factors]}
