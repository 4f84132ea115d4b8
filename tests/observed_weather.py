"""Observed weather as gridMET and Daymet lay it out, in small: files that tests write and read."""

from pathlib import Path

import numpy as np
import xarray as xr
from pyproj import CRS, Transformer

# name in the file, what it is called, its unit, scale and offset as packed
GRIDMET = {
    "pr": ("precipitation_amount", "mm", 0.1, 0.0),
    "tmmx": ("air_temperature", "K", 0.1, 220.0),
    "tmmn": ("air_temperature", "K", 0.1, 210.0),
    "srad": ("surface_downwelling_shortwave_flux_in_air", "W m-2", 0.1, 0.0),
    "sph": ("specific_humidity", "kg/kg", 1e-5, 0.0),
    "vs": ("wind_speed", "m/s", 0.1, 0.0),
    "th": ("wind_from_direction", "Degrees Clockwise from north", 1.0, 0.0),
}
DAYMET = {"prcp": "mm/day", "tmax": "degrees C", "tmin": "degrees C", "srad": "W/m2", "vp": "Pa", "dayl": "s/day"}
DAYMET_CRS = CRS.from_proj4("+proj=lcc +lat_1=25 +lat_2=60 +lat_0=42.5 +lon_0=-100 +ellps=WGS84 +units=m")


def values(year: int, rows: int, columns: int) -> dict[str, np.ndarray]:
    """Daily values of each quantity (days, rows, columns), other in every cell: of a year without leap day."""
    days = (np.datetime64(f"{year + 1}-01-01") - np.datetime64(f"{year}-01-01")).astype(int)
    random = np.random.default_rng(year)
    wet = random.random(days) < 0.3
    cell = np.arange(rows * columns, dtype=float).reshape(rows, columns)
    season = 10.0 - 12.0 * np.cos(2 * np.pi * np.arange(days) / 365.0)
    depth = np.where(wet, 1.0 + 20.0 * random.random(days), 0.0)

    def spread(daily: np.ndarray, step: float) -> np.ndarray:
        return daily[:, None, None] + step * cell

    return {
        "precip": np.where(wet[:, None, None], spread(depth, 0.5), 0.0),
        "tmax": spread(season + 6.0 + random.normal(0, 3, days).clip(-5, 5), 0.1),
        "tmin": spread(season - 6.0 + random.normal(0, 3, days).clip(-5, 5), 0.1),
        "radiation": spread(200.0 + 5 * season, 0.0),
        "humidity": spread(np.full(days, 0.004), 0.0),
        "vapour": spread(np.full(days, 600.0), 0.0),
        "wind": spread(2.0 + random.random(days), 0.0),
        "direction": spread(np.where(wet, 350.0, 10.0), 0.0),
        "day_length": spread(np.full(days, 43200.0), 0.0),
    }


def write_gridmet(folder: Path, year: int, west: float = -118.4, north: float = 34.5, names: str = "") -> None:
    """One file a variable for a year: pr_2000.nc ...; 4 x 5 cells of 1/24 degree, latitudes falling, packed."""
    folder.mkdir(parents=True, exist_ok=True)
    made = values(year, 4, 5)
    quantity = dict(
        zip(GRIDMET, ("precip", "tmax", "tmin", "radiation", "humidity", "wind", "direction"), strict=True)
    )
    for name in names.split() or GRIDMET:
        variable, unit, scale, offset = GRIDMET[name]
        daily = made[quantity[name]] + (273.15 if unit == "K" else 0.0)
        time = np.arange(np.datetime64(f"{year}-01-01"), np.datetime64(f"{year + 1}-01-01")).astype(
            "datetime64[ns]"
        )
        data = xr.DataArray(
            daily.astype(np.float64),
            dims=("day", "lat", "lon"),
            coords={"day": time, "lat": north - np.arange(4) / 24, "lon": west + np.arange(5) / 24},
            attrs={"units": unit, "long_name": name, "standard_name": name},
        )
        packing = {"dtype": "uint16", "scale_factor": scale, "add_offset": offset, "_FillValue": 32767}
        path = folder / f"{name}_{year}.nc"
        days = {"units": "days since 1900-01-01 00:00:00"}
        data.to_dataset(name=variable).to_netcdf(path, engine="netcdf4", encoding={variable: packing, "day": days})


def daymet(year: int, longitude_deg: float, latitude_deg: float) -> xr.Dataset:
    """All variables of a year on 4 x 5 cells of 1 km, the place in cell (1, 2); no 31 December in leap years."""
    made = values(year, 4, 5)
    x, y = Transformer.from_crs("EPSG:4326", DAYMET_CRS, always_xy=True).transform(longitude_deg, latitude_deg)
    days = np.arange(np.datetime64(f"{year}-01-01"), np.datetime64(f"{year + 1}-01-01"))[:365]
    quantities = ("precip", "tmax", "tmin", "radiation", "vapour", "day_length")
    variables = {
        name: xr.Variable(
            ("time", "y", "x"),
            made[quantity][:365],
            {"units": DAYMET[name], "grid_mapping": "lambert_conformal_conic"},
        )
        for name, quantity in zip(DAYMET, quantities, strict=True)
    }
    mapping = {
        "grid_mapping_name": "lambert_conformal_conic",
        "longitude_of_central_meridian": -100.0,
        "latitude_of_projection_origin": 42.5,
        "false_easting": 0.0,
        "false_northing": 0.0,
        "standard_parallel": [25.0, 60.0],
        "semi_major_axis": 6378137.0,
        "inverse_flattening": 298.257223563,
    }
    return xr.Dataset(
        variables | {"lambert_conformal_conic": xr.Variable((), np.int16(0), mapping)},
        coords={
            "time": ("time", days.astype("datetime64[ns]") + np.timedelta64(12, "h")),
            "y": ("y", y + 1000.0 * (1 - np.arange(4)), {"units": "m"}),
            "x": ("x", x + 1000.0 * (np.arange(5) - 2), {"units": "m"}),
        },
    )
