"""Where a watershed lies, as one place: the mean of its hillslopes, by area."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from weppbatch.tasks.run import Run

FAR_KM = 100.0
FAR_M = 500.0

Floats = npt.NDArray[np.float64]
COLUMNS = ("centroid_longitude_deg", "centroid_latitude_deg", "elevation_m", "area_m2")


@dataclass(frozen=True)
class Place:
    """The middle and mean elevation of a watershed; and those of its hillslopes, with their areas, shape (n, 4)."""

    longitude_deg: float
    latitude_deg: float
    elevation_m: float
    hillslopes: Floats

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


def place_of(run: Run) -> Place:
    """The watershed's middle and mean elevation."""
    table = pq.read_table(run.input("watershed/hillslopes.parquet"), columns=list(COLUMNS))
    hillslopes = np.column_stack([table.column(name).to_numpy() for name in COLUMNS])
    longitude, latitude, elevation = np.average(hillslopes[:, :3], axis=0, weights=hillslopes[:, 3]).tolist()
    return Place(longitude, latitude, elevation, hillslopes)
