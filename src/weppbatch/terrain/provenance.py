"""Where elevations came from: the source's files with their checksums, as plain values for a record.

In: an open raster and the area that is read from it. Out: a dict. Reads no elevations.
"""

from pathlib import Path
from typing import Any

import rasterio
from rasterio.coords import disjoint_bounds
from rasterio.io import DatasetReader

from weppbatch.files import sha256_of_json, sha256_once

Bounds = tuple[float, float, float, float]


def provenance_of(path: Path, source: DatasetReader, bounds: Bounds) -> dict[str, Any]:
    """The source's identity: path, driver, crs, resolution, data type, nodata, bytes, sha256, its SOURCE tag.

    `bounds` is the part that is read, in the source's CRS. Of a mosaic (VRT) the parts that lie in it are named
    too, and bytes and sha256 then cover the mosaic's own file and these parts.
    Raises OSError when one of the files is missing or can't be read.
    """
    sums = [(str(part), part.stat().st_size, sha256_once(part)) for part in files_read(path, source, bounds)]
    provenance: dict[str, Any] = {
        "source": str(path),
        "driver": source.driver,
        "crs": source.crs.to_string(),
        "resolution": list(source.res),
        "dtype": source.dtypes[0],
        "declared_nodata": None if source.nodata is None else str(source.nodata),
        "bytes": sum(size for _, size, _ in sums),
        "sha256": sums[0][2] if len(sums) == 1 else sha256_of_json([digest for _, _, digest in sums]),
    }
    if len(sums) > 1:
        provenance["parts"] = [{"source": name, "bytes": size, "sha256": digest} for name, size, digest in sums[1:]]
    if "SOURCE" in source.tags():
        provenance["source_tag"] = source.tags()["SOURCE"]
    return provenance


def files_read(path: Path, source: DatasetReader, bounds: Bounds) -> list[Path]:
    """The raster's file, first, and of a mosaic the parts that lie in `bounds`, given in its CRS."""
    parts = [Path(name) for name in source.files if not _same_file(Path(name), path)]
    return [path, *(part for part in parts if _lies_in(part, source, bounds))]


def _same_file(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _lies_in(part: Path, mosaic: DatasetReader, bounds: Bounds) -> bool:
    """Whether a part of a source may hold cells of `bounds`; what is no raster (a sidecar file) always counts.

    A mosaic of a country has thousands of tiles, of which a watershed touches one or two.
    """
    try:
        with rasterio.open(part) as tile:
            return tile.crs != mosaic.crs or not disjoint_bounds(tile.bounds, bounds)
    except rasterio.errors.RasterioIOError:
        return True
