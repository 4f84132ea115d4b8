"""Factors that bring a run's precipitation to a reference map's: the mean of a year, or of each month.

In: a raster of mean depths (mm) with one band or twelve, where the hillslopes are, and the weather's own mean
depths. Out: twelve factors.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from weppbatch.crs import transformer
from weppbatch.errors import ConfigError, InputProblems
from weppbatch.tasks.places import Place
from weppbatch.terrain.zonal import MapMissesWatershed, MapWithoutCrs, opened

Floats = npt.NDArray[np.float64]
SETTING = "climate.precip_map"
LEAST, MOST = 0.1, 10.0
DRY_MM = 0.5  # a month with less is left as it is: any factor would do


class NoReferenceFactor(InputProblems, ConfigError):
    """The map's depths are so far from the weather's that they must be in another unit, or of something else."""


def reference_factors(path: Path, place: Place, own_mm: Floats) -> tuple[list[float], dict[str, Any]]:
    """Twelve factors from the map's mean over the hillslopes (by area) and the weather's own monthly means (mm).

    Raises MapUnreadable, MapWithoutCrs, ConfigError for another number of bands, MapMissesWatershed, and
    NoReferenceFactor for factors outside of 0.1 to 10.
    """
    map_mm = _over(path, place)
    yearly = map_mm.size == 1
    own = np.array([own_mm.sum()]) if yearly else own_mm
    factors = np.where(own < DRY_MM, 1.0, map_mm / np.maximum(own, DRY_MM))
    bad = np.flatnonzero(~((factors >= LEAST) & (factors <= MOST)))
    if bad.size:
        names = ["a year"] if yearly else [f"month {month}" for month in range(1, 13)]
        raise NoReferenceFactor(
            f"{path} ({SETTING}) can't be what the weather is brought to:",
            [f"{names[i]}: the map has {map_mm[i]:.0f} mm, the weather {own[i]:.0f} mm" for i in bad],
            hint=f"a map in mm with factors of {LEAST:g} to {MOST:g} is taken; or set climate.precip_scaling=none",
        )
    said = {"reference_mm_yr": round(float(map_mm.sum()), 1), "own_mm_yr": round(float(own_mm.sum()), 1)}
    return (np.repeat(factors, 12) if yearly else factors).tolist(), said


def _over(path: Path, place: Place) -> Floats:
    """Each band's mean over the hillslopes' centroids, by area; those where the map has no data are left out."""
    longitude, latitude, _, area = place.hillslopes.T
    with opened(path, SETTING) as raster:
        if raster.crs is None:
            raise MapWithoutCrs(
                f"{path} ({SETTING}) has no coordinate reference system", hint="assign the right one"
            )
        if raster.count not in (1, 12):
            raise ConfigError(
                f"{path} ({SETTING}) has {raster.count} bands",
                hint="give the mean of a year in one band, or the twelve months, in mm",
            )
        x, y = transformer("EPSG:4326", raster.crs.to_wkt()).transform(longitude, latitude)
        samples = list(raster.sample(zip(x, y, strict=True), masked=True))
    values = np.array([np.where(np.ma.getmaskarray(bands), np.nan, bands.data) for bands in samples])
    known = np.isfinite(values).all(axis=1) & (values >= 0).all(axis=1)
    if not known.any():
        raise MapMissesWatershed(
            f"{path} ({SETTING}) has no data at any of the {area.size} hillslopes, around "
            f"{place.longitude_deg:.4f}, {place.latitude_deg:.4f}",
            hint="give a map that covers the watershed",
        )
    return np.asarray(np.average(values[known], axis=0, weights=area[known]))
