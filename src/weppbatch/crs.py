"""Coordinate reference systems: what a user wrote, the UTM zone of a place, shapes moved between systems."""

from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from weppbatch.errors import ConfigError

WGS84 = CRS.from_epsg(4326)
Shape = TypeVar("Shape", bound=BaseGeometry)


def utm_epsg(longitude_deg: float, latitude_deg: float) -> int:
    """The EPSG code of the WGS84 UTM zone of a place; 326zz in the north, 327zz in the south.

    The exceptions around Norway and Svalbard are not followed: a zone's neighbour is accurate enough there.
    """
    zone = int((longitude_deg + 180.0) // 6.0) % 60 + 1
    return (32600 if latitude_deg >= 0 else 32700) + zone


def projected_metres(text: str) -> CRS:
    """A CRS from an EPSG code or any text PROJ understands, checked to be projected in metres.

    Raises ConfigError when it is unknown, geographic, or in another unit.
    """
    try:
        crs = CRS.from_user_input(int(text) if text.isdigit() else text)
    except CRSError as error:
        raise ConfigError(
            f"'{text}' is not a coordinate reference system", hint="give a code such as EPSG:5070"
        ) from error
    units = {axis.unit_name for axis in crs.axis_info}
    if not crs.is_projected or not units <= {"metre", "meter"}:
        raise ConfigError(
            f"'{text}' is not projected in metres ({', '.join(sorted(units))})",
            hint="give a projected system such as EPSG:5070, or 'utm'",
        )
    return crs


@lru_cache(maxsize=128)
def transformer(source: CRS | str, target: CRS | str) -> Transformer:
    """The transformer between two systems, x (east) before y (north) in both; kept, since making one is slow."""
    return Transformer.from_crs(source, target, always_xy=True)


def project(shape: Shape, source: CRS, target: CRS) -> Shape:
    """A shape in another system, x before y in both; coordinates without an image become infinite."""
    mover = transformer(source, target)

    def move(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(mover.transform(xy[:, 0], xy[:, 1]))

    return shapely.transform(shape, move)
