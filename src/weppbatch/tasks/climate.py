"""Task climate: the run's daily weather, generated from a station's statistics or taken from a user's .cli file.

Reads where the hillslopes are; writes `climate/climate.parquet` and the same series as `climate/climate.cli`.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from weppbatch.errors import ConfigError, InputProblems
from weppbatch.files import replacing
from weppbatch.formats.climate_cli import read_climate, write_climate
from weppbatch.formats.climate_series import DAILY, ClimateSeries, check_series
from weppbatch.hydrology.weather import M_PER_FT, generate, scaled_series, scaled_station
from weppbatch.nodb.climate import Climate
from weppbatch.nodb.outside import outside_path
from weppbatch.tasks.run import Metrics, Run
from weppbatch.tasks.stations import closest, distance_km, named, station_folder

FIRST_YEAR = 1
"""Generated years are counted, for they are no years of the calendar."""
FAR_KM = 100.0
FAR_M = 500.0


class UnusableScaling(InputProblems, ConfigError):
    """Precipitation as the settings scale it is none that WEPP takes."""


def run(run: Run) -> Metrics:
    """Make the series, write it twice, and say where it comes from."""
    control = run.control(Climate)
    place = _place(run)
    if control.mode == "observed":
        raise ConfigError(
            "climate.mode observed is not available yet",
            hint="use vanilla, or user_defined with a .cli file of observed weather",
        )
    series, source = (_generated if control.mode == "vanilla" else _users)(run, control, place)
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
        name = "precip_scale_factor" if control.precip_scaling == "scalar" else "precip_monthly_factors"
        raise UnusableScaling(
            f"scaled by climate.{name}={getattr(control, name)}, the weather can't be used:",
            problems,
            hint=f"set climate.{name} nearer to 1, or climate.precip_scaling=none",
        )


def _generated(run: Run, control: Climate, place: "_Place") -> tuple[ClimateSeries, dict[str, Any]]:
    """A series from the nearest station's statistics, or from those of the station that was named."""
    folder = station_folder(outside_path(control, "stations") if control.stations else None)
    if control.station_selection == "closest":
        chosen = closest(folder, place.longitude_deg, place.latitude_deg)
    else:
        chosen = named(folder, control.station_id, place.longitude_deg, place.latitude_deg)
    run.outside(chosen.path)
    station, factors = chosen.station, control.monthly_factors()
    if factors is not None:
        station = scaled_station(station, factors, with_intensity=control.adjust_mx_pt5)
    seed = seed_of(run.runid, control.seed)
    run.log(f"{control.years} years from {station.name} ({chosen.station_id}), {chosen.distance_km:.0f} km away")
    series = generate(station, control.years, FIRST_YEAR, seed)
    where = place.compared(chosen.distance_km, station.elevation_ft * M_PER_FT)
    if control.station_selection == "closest":
        place.warn_if_far(run, f"the nearest station, {station.name},", where)
    return series, {"source": "generated", "station": station.name, "station_id": chosen.station_id} | where


def _users(run: Run, control: Climate, place: "_Place") -> tuple[ClimateSeries, dict[str, Any]]:
    """The user's own series, checked, and scaled where that is asked for."""
    if not control.cli_file:
        raise ConfigError("climate.cli_file is empty", hint="name the .cli file, or set climate.mode=vanilla")
    path = outside_path(control, "cli_file")
    series, factors = read_climate(path), control.monthly_factors()
    run.outside(path)
    if factors is not None:
        series = scaled_series(series, factors)
    away_km = distance_km(place.longitude_deg, place.latitude_deg, series.longitude_deg, series.latitude_deg)
    where = place.compared(away_km, series.elevation_m)
    place.warn_if_far(run, f"the weather of {path.name}", where)
    run.log(f"{series.years} years from {path}")
    return series, {"source": "user_defined", "station": series.station, "file": path.name} | where


@dataclass(frozen=True)
class _Place:
    """Where a watershed lies: the mean of its hillslopes, by area."""

    longitude_deg: float
    latitude_deg: float
    elevation_m: float

    def compared(self, away_km: float, station_m: float) -> dict[str, Any]:
        """Distance and difference in elevation of a station, as metrics."""
        return {
            "distance_km": round(away_km, 1),
            "watershed_above_station_m": round(self.elevation_m - station_m, 1),
        }

    def warn_if_far(self, run: Run, what: str, where: dict[str, Any]) -> None:
        """Say when weather from so far away, or from so much lower or higher, is another climate."""
        if where["distance_km"] > FAR_KM or abs(where["watershed_above_station_m"]) > FAR_M:
            run.warn(
                f"{what} is {where['distance_km']:.0f} km away and {-where['watershed_above_station_m']:+.0f} m in "
                "elevation from the watershed"
            )


def _place(run: Run) -> _Place:
    """The watershed's middle and mean elevation."""
    columns = ["area_m2", "centroid_longitude_deg", "centroid_latitude_deg", "elevation_m"]
    table = pq.read_table(run.input("watershed/hillslopes.parquet"), columns=columns)
    area_m2, *values = (table.column(name).to_numpy() for name in columns)
    return _Place(*(float(np.average(value, weights=area_m2)) for value in values))
