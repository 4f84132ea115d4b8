"""The demo's terrain: the SRTM window of the Tennessee hills that matplotlib ships as sample data.

SRTM, 3 arc-seconds, WGS84, metres; a work of the U.S. government, in the public domain.
"""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine

from weppbatch.errors import InputError

# The file's own `ymin` key is wrong (36.7329); row 0 is north, as the highest cell shows: Cross Mountain,
# 1,076 m, at 36.20 N 84.23 W.
TOP_DEG = 36.44625
SOURCE = "SRTM 3 arc-seconds, Jacksboro fault, Tennessee (matplotlib sample data jacksboro_fault_dem.npz)"


def write_sample_dem(path: Path) -> None:
    """Write the sample terrain as a GeoTIFF: int16 metres, EPSG:4326, 344 x 403 cells.

    Raises InputError when matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise InputError(
            "the demo's terrain comes with matplotlib, which is not installed",
            hint="pip install 'weppbatch[demo]'",
        ) from error
    with np.load(Path(matplotlib.get_data_path(), "sample_data", "jacksboro_fault_dem.npz")) as data:
        elevation_m = data["elevation"].astype(np.int16)
        left_deg, step_deg = float(data["xmin"]), float(data["dx"])
    rows, cols = elevation_m.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=rows,
        width=cols,
        count=1,
        dtype="int16",
        crs="EPSG:4326",
        transform=Affine(step_deg, 0.0, left_deg, 0.0, -step_deg, TOP_DEG),
        nodata=-32768,
        compress="deflate",
    ) as target:
        target.write(elevation_m, 1)
        target.update_tags(SOURCE=SOURCE, VERTICAL_UNIT="m")
