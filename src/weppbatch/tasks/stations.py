"""Which weather station a watershed gets: the nearest of a folder of .par files, or one by its name.

Files are read only as far as their place until one is chosen. Nothing is generated here.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from math import asin, cos, radians, sin, sqrt
from pathlib import Path

from weppbatch.errors import ConfigError, InputProblems
from weppbatch.files import shipped
from weppbatch.formats.station_par import PLACE, Station, read_station

EARTH_KM = 6371.0
NAME_A_FOLDER = "set climate.stations to a folder of .par files, or to nothing for those that come with weppbatch"


class NoStation(ConfigError):
    """The folder has no station, or not the one that was named."""


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


def closest(folder: Path, longitude_deg: float, latitude_deg: float) -> Chosen:
    """The station with the least great-circle distance; of equal ones the first by name.

    Raises NoStation when there is none, InputProblems naming every file whose place can't be read.
    """
    places = {path: _place(path) for path in _files(folder)}
    problems = [
        f"{path.name}: the second line has no latitude and longitude" for path, place in places.items() if not place
    ]
    if problems:
        raise InputProblems(f"not station files, in {folder}:", problems, hint="mend them or take them out")
    distances = {path: distance_km(longitude_deg, latitude_deg, *place) for path, place in places.items() if place}
    path = min(distances, key=lambda path: (distances[path], path.name))
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


def _place(path: Path) -> tuple[float, float] | None:
    """Longitude and latitude from a file's second line, or None."""
    with path.open(encoding="latin-1") as stream:
        stream.readline()
        found = PLACE.search(stream.readline())
    try:
        return (float(found[2]), float(found[1])) if found else None
    except ValueError:
        return None
