"""Observed daily weather of a place out of grids: NetCDF files or Zarr stores, as gridMET and Daymet lay them out.

In: a file or folder and a longitude and latitude. Out: each quantity with its days there (the nearest cell, or
between the four around), in the units of `observed.converted`; all problems at once. It reads no other cells.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from weppbatch.crs import transformer
from weppbatch.errors import DataError, InputProblems
from weppbatch.formats.observed import NEEDED, UNITS, Dates, Floats, converted, quantity_of

if TYPE_CHECKING:
    import xarray as xr

Interpolation = Literal["nearest", "linear"]
NETCDF = (".nc", ".nc4", ".cdf", ".netcdf")
YEAR = re.compile(r"(?<!\d)((?:1[89]|20|21)\d\d)(?!\d)")
WGS84 = "EPSG:4326"


class PlaceOutsideGrid(DataError):
    """The grid doesn't cover the watershed, or has no data there."""


class Place(NamedTuple):
    """Where, and how a value there is found."""

    longitude_deg: float
    latitude_deg: float
    interpolation: Interpolation


class Found(NamedTuple):
    """Quantities with their days, and the files that they were read from."""

    raw: dict[str, tuple[Dates, Floats]]
    files: list[Path]


def is_grid(path: Path) -> bool:
    """Whether a path is a NetCDF file, a Zarr store, or a folder with either."""
    return path.suffix.lower() in NETCDF or is_zarr(path) or (path.is_dir() and bool(_members(path)))


def is_zarr(path: Path) -> bool:
    """Whether a folder is a Zarr store."""
    return path.is_dir() and any((path / name).exists() for name in ("zarr.json", ".zgroup", ".zmetadata"))


def read_grid(path: Path, place: Place | None, first_year: int, last_year: int) -> Found:
    """The quantities at a place, of the files that may have days of the years.

    Without a place no values are read, and all are 0: what is there is seen, for every place.
    Raises InputProblems with all files that can't be read and variables whose unit isn't known, PlaceOutsideGrid
    when the place lies outside or has no data.
    """
    members = [path] if path.suffix.lower() in NETCDF or is_zarr(path) else _members(path)
    parts: dict[str, list[tuple[Dates, Floats]]] = {}
    problems: list[str] = []
    files = []
    for member in _of_years(members, first_year, last_year):
        made, wrong = _read_member(member, place, first_year, last_year)
        problems += [f"{member.name}: {text}" for text in wrong]
        if made:
            files.append(member)
        for quantity, days, values in made:
            parts.setdefault(quantity, []).append((days, values))
    if problems:
        raise InputProblems(f"{path} (climate.observed_series) can't be used:", problems)
    raw = {name: _joined(found) for name, found in parts.items()}
    for name, what in NEEDED.items():
        if place is not None and name in raw and not np.isfinite(raw[name][1]).any():
            raise PlaceOutsideGrid(
                f"{path} has no {what} at {_spelled(place)}",
                hint="the cell is masked, as over water: try climate.observed_interpolation=linear",
            )
    return Found(raw, [_recorded(file) for file in files])


def lying_outside(
    path: Path, places: Mapping[str, tuple[float, float]], first_year: int, last_year: int
) -> list[str]:
    """Which places (longitude, latitude, by name) the grids of the years don't cover, by the first of the files.

    Files that can't be read are passed over: `read_grid` tells them.
    """
    import xarray as xr

    members = [path] if path.suffix.lower() in NETCDF or is_zarr(path) else _members(path)
    for member in _of_years(members, first_year, last_year):
        engine = "zarr" if member.is_dir() else "netcdf4"
        with (
            suppress(OSError, ValueError, KeyError, RuntimeError),
            xr.open_dataset(member, engine=engine) as dataset,
        ):
            for variable in dataset.data_vars.values():
                time = next((dim for dim in variable.dims if _is_time(dataset, str(dim))), None)
                if time is not None and variable.ndim == 3:
                    return [name for name, at in places.items() if not _covers(dataset, variable, str(time), at)]
    return []


def _covers(dataset: "xr.Dataset", variable: "xr.DataArray", time: str, at: tuple[float, float]) -> bool:
    """Whether a grid has a cell at a place."""
    place = Place(*at, "nearest")
    across, along = _axes(variable, time)
    try:
        for axis, position in zip((across, along), _projected(dataset, variable, across, place), strict=True):
            _cells(dataset[axis].values.astype(np.float64), position, place)
    except PlaceOutsideGrid:
        return False
    return True


def _members(folder: Path) -> list[Path]:
    """The NetCDF files and Zarr stores of a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in NETCDF or is_zarr(path))


def _of_years(members: Iterable[Path], first_year: int, last_year: int) -> list[Path]:
    """The members but those whose name has one year, and not one of these."""
    years = {member: {int(text) for text in YEAR.findall(member.stem)} for member in members}
    return [member for member, named in years.items() if len(named) != 1 or first_year <= min(named) <= last_year]


def _recorded(path: Path) -> Path:
    """The file that stands for a member in records: of a Zarr store the one that describes it."""
    if not path.is_dir():
        return path
    return next(path / name for name in ("zarr.json", ".zmetadata", ".zgroup") if (path / name).exists())


def _joined(parts: list[tuple[Dates, Floats]]) -> tuple[Dates, Floats]:
    """Parts of a series one after the other."""
    return np.concatenate([days for days, _ in parts]), np.concatenate([values for _, values in parts])


def _read_member(
    path: Path, place: Place | None, first_year: int, last_year: int
) -> tuple[list[tuple[str, Dates, Floats]], list[str]]:
    """The quantities of a file or store, and what is wrong with it."""
    import xarray as xr  # takes a while, and only this mode needs it

    try:
        with xr.open_dataset(path, engine="zarr" if path.is_dir() else "netcdf4") as dataset:
            return _quantities(dataset, path, place, first_year, last_year)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        return [], [f"it can't be read: {error}"]


def _quantities(
    dataset: "xr.Dataset", path: Path, place: Place | None, first_year: int, last_year: int
) -> tuple[list[tuple[str, Dates, Floats]], list[str]]:
    """The quantities of an open dataset, and what is wrong with it."""
    made, problems = [], []
    for name, variable in dataset.data_vars.items():
        titles = (str(variable.attrs.get(key, "")) for key in ("long_name", "standard_name"))
        quantity = quantity_of(str(name), *titles, path.stem.split("_")[0])
        time = next((dim for dim in variable.dims if _is_time(dataset, str(dim))), None)
        if quantity is None or time is None or variable.ndim != 3:
            continue
        days = _days(dataset[time])
        year = days.astype("datetime64[Y]").astype(np.int64) + 1970
        wanted = np.flatnonzero((year >= first_year) & (year <= last_year))
        if not wanted.size:
            continue
        unit = str(variable.attrs.get("units", ""))
        directional = quantity == "wind_direction"  # 350 and 10 degrees don't average to 180
        values = np.zeros(wanted[-1] - wanted[0] + 1)
        if place is not None:
            there = place._replace(interpolation="nearest") if directional else place
            values = _at(dataset, variable.isel({time: slice(wanted[0], wanted[-1] + 1)}), str(time), there)
        found = converted(quantity, unit, values[wanted - wanted[0]])
        if found is None:
            problems.append(f"the unit of {name}, '{unit}', is none of {', '.join(UNITS[quantity])}")
        else:
            made.append((found[0], days[wanted], found[1]))
    return made, problems


def _is_time(dataset: "xr.Dataset", dim: str) -> bool:
    """Whether a dimension has dates, of any calendar."""
    if dim not in dataset.coords:
        return False
    values = dataset[dim].values
    return bool(values.size) and (values.dtype.kind == "M" or hasattr(values.flat[0], "calendar"))


def _days(time: "xr.DataArray") -> Dates:
    """The days of a time coordinate; calendars without leap days are taken by their dates."""
    values = time.values
    if values.dtype.kind == "M":
        return np.asarray(values.astype("datetime64[D]"))
    return np.array([f"{day.year:04d}-{day.month:02d}-{day.day:02d}" for day in values], dtype="datetime64[D]")


def _at(dataset: "xr.Dataset", variable: "xr.DataArray", time: str, place: Place) -> Floats:
    """A variable's values of every day at the place."""
    across, along = _axes(variable, time)
    x, y = _projected(dataset, variable, across, place)
    columns, column_weights = _cells(dataset[across].values.astype(np.float64), x, place)
    rows, row_weights = _cells(dataset[along].values.astype(np.float64), y, place)
    block = variable.isel({across: columns, along: rows}).transpose(time, along, across).values.astype(np.float64)
    weights = np.broadcast_to(row_weights[:, np.newaxis] * column_weights, block.shape) * np.isfinite(block)
    total = weights.sum(axis=(1, 2))
    with np.errstate(invalid="ignore"):
        return np.where(total > 0, (np.nan_to_num(block) * weights).sum(axis=(1, 2)) / total, np.nan)


def _axes(variable: "xr.DataArray", time: str) -> tuple[str, str]:
    """The names of the dimensions from west to east and from north to south."""
    names = [str(dim) for dim in variable.dims if dim != time]
    across = next((name for name in names if name.lower() in ("lon", "longitude", "x")), names[-1])
    return across, next(name for name in names if name != across)


def _projected(dataset: "xr.Dataset", variable: "xr.DataArray", across: str, place: Place) -> tuple[float, float]:
    """The place in the grid's own coordinates.

    A grid of longitudes is counted from its western edge on, so that 0 to 360 needs no care.
    """
    if across.lower() in ("lon", "longitude"):
        west = float(dataset[across].values.min()) - 0.5 * _step(dataset[across].values)
        return west + (place.longitude_deg - west) % 360.0, place.latitude_deg
    named = variable.encoding.get("grid_mapping") or variable.attrs.get("grid_mapping")
    mapping = named or next((n for n, v in dataset.variables.items() if "grid_mapping_name" in v.attrs), None)
    if mapping is None or mapping not in dataset.variables:
        raise ValueError(f"{variable.name} has no grid mapping that says where its x and y lie")
    from pyproj import CRS

    crs = CRS.from_cf(dataset[mapping].attrs)
    x, y = transformer(WGS84, crs.to_wkt()).transform(place.longitude_deg, place.latitude_deg)
    unit_m = 1000.0 if dataset[across].attrs.get("units") == "km" else 1.0
    return x / unit_m, y / unit_m


def _step(coordinates: Floats) -> float:
    """The distance of cells."""
    return float(np.abs(np.diff(coordinates)).mean()) if coordinates.size > 1 else 0.0


def _cells(coordinates: Floats, at: float, place: Place) -> tuple[list[int], Floats]:
    """Which cells along an axis count, and how much: one, or the two around.

    Raises PlaceOutsideGrid beyond half a cell outside of the outermost centres.
    """
    half = 0.5 * _step(coordinates) or np.inf
    if not coordinates.min() - half <= at <= coordinates.max() + half:
        raise PlaceOutsideGrid(
            f"the watershed, at {_spelled(place)}, lies outside of the grid: {at:.6g} is not within "
            f"{coordinates.min() - half:.6g} to {coordinates.max() + half:.6g}",
            hint="give a series that covers it (climate.observed_series), or exclude the watershed",
        )
    if place.interpolation == "nearest" or coordinates.size == 1:
        return [int(np.abs(coordinates - at).argmin())], np.ones(1)
    order = np.argsort(coordinates)
    position = float(np.interp(at, coordinates[order], np.arange(order.size)))
    before = min(int(position), order.size - 2)
    share = position - before
    pair = [(int(order[before]), 1.0 - share), (int(order[before + 1]), share)]
    pair.sort()
    return [index for index, _ in pair], np.array([weight for _, weight in pair])


def _spelled(place: Place) -> str:
    return f"{place.longitude_deg:.4f}, {place.latitude_deg:.4f}"
