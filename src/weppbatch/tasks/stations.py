"""Which weather station a watershed gets: the closest of a folder of .par files, or one by its name.

Files are read only as far as their place until one is chosen. Nothing is generated here.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from typing import NamedTuple

from weppbatch.errors import ConfigError, InputProblems
from weppbatch.files import shipped
from weppbatch.formats.station_par import HEIGHT, PLACE, Station, read_station
from weppbatch.hydrology.weather import M_PER_FT

EARTH_KM = 6371.0
NAME_A_FOLDER = "set climate.stations to a folder of .par files, or to nothing for those that come with weppbatch"


class NoStation(ConfigError):
    """The folder has no station, or not the one that was named."""


class Where(NamedTuple):
    """Where a station stands."""

    longitude_deg: float
    latitude_deg: float
    elevation_m: float


@dataclass(frozen=True)
class Chosen:
    """A station, its file, and how far away it is."""

    station: Station
    path: Path
    distance_km: float

    @property
    def station_id(self) -> str:
        """The name of its file without .par."""
        return self.path.stem


def station_folder(setting: Path | None) -> Path:
    """The folder of station files: the setting's, or the one that comes with weppbatch."""
    return setting or shipped("config") / "stations"


def closest(
    folder: Path, longitude_deg: float, latitude_deg: float, elevation_m: float = 0.0, km_per_100m: float = 0.0
) -> Chosen:
    """The station with the least great-circle distance, to which each 100 m of difference in elevation adds
    `km_per_100m`; of equal ones the first by name.

    Raises NoStation when there is none, InputProblems naming every file whose place can't be read.
    """
    places = {path: _place(path) for path in _files(folder)}
    problems = [
        f"{path.name}: lines 2 and 3 have no latitude, longitude and elevation"
        for path, place in places.items()
        if not place
    ]
    if problems:
        raise InputProblems(f"not station files, in {folder}:", problems, hint="mend them or take them out")
    found = {path: place for path, place in places.items() if place}
    distances = {
        path: distance_km(longitude_deg, latitude_deg, place.longitude_deg, place.latitude_deg)
        for path, place in found.items()
    }

    def apart(path: Path) -> tuple[float, str]:
        above_m = abs(found[path].elevation_m - elevation_m)
        return distances[path] + km_per_100m * above_m / 100.0, path.name

    path = min(found, key=apart)
    return Chosen(read_station(path), path, distances[path])


def named(folder: Path, station_id: str, longitude_deg: float, latitude_deg: float) -> Chosen:
    """The station whose file is called `station_id`.par, in capitals or not.

    Raises NoStation with the nearest name when there is none, or when no name was given.
    """
    wanted = station_id.strip().lower().removesuffix(".par")
    by_name = {path.stem.lower(): path for path in _files(folder)}
    if wanted not in by_name:
        near = get_close_matches(wanted, by_name, n=1) or sorted(by_name)[:3]
        what = f"there is no station '{station_id}' in {folder}" if wanted else "climate.station_id is empty"
        raise NoStation(what, hint=f"there is {', '.join(by_name[name].stem for name in near)}")
    station = read_station(by_name[wanted])
    away_km = distance_km(longitude_deg, latitude_deg, station.longitude_deg, station.latitude_deg)
    return Chosen(station, by_name[wanted], away_km)


def distance_km(
    longitude_deg: float, latitude_deg: float, to_longitude_deg: float, to_latitude_deg: float
) -> float:
    """The great-circle distance of two places (km), by the haversine formula."""
    one, other = radians(latitude_deg), radians(to_latitude_deg)
    across = radians(to_longitude_deg - longitude_deg)
    a = sin((other - one) / 2) ** 2 + cos(one) * cos(other) * sin(across / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(1.0, a)))


def _files(folder: Path) -> list[Path]:
    """The station files of a folder, by name."""
    if not folder.is_dir():
        raise NoStation(f"climate.stations: {folder} is not a folder", hint=NAME_A_FOLDER)
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".par")
    if not found:
        raise NoStation(f"there is no station file (.par) in {folder}", hint=NAME_A_FOLDER)
    return found


def _place(path: Path) -> Where | None:
    """Where a station stands, from its file's second and third line, or None."""
    with path.open(encoding="latin-1") as stream:
        stream.readline()
        place, height = PLACE.search(stream.readline()), HEIGHT.search(stream.readline())
    try:
        return Where(float(place[2]), float(place[1]), float(height[1]) * M_PER_FT) if place and height else None
    except ValueError:
        return None
