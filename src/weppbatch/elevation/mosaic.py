"""Rasters of one system and one cell size as one mosaic (VRT), written without GDAL's own tools.

In: files whose grids line up or nearly so. Out: a VRT beside or above them. Which files belong together is for the
caller to say.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import rasterio

from weppbatch.files import sha256_of_json, write_text

GDAL_TYPES = {
    "uint8": "Byte", "int16": "Int16", "uint16": "UInt16", "int32": "Int32", "uint32": "UInt32",
    "float32": "Float32", "float64": "Float64",
}  # fmt: skip
FILLER = -32768.0  # nodata of a mosaic whose parts declare none: between them there is nothing


def mosaic(paths: Sequence[Path], folder: Path) -> Path:
    """One raster of all: the file itself when there is one, else `folder`/mosaic-<digest>.vrt, made if need be."""
    if len(paths) == 1:
        return paths[0]
    ordered = sorted(paths)
    target = folder / f"mosaic-{sha256_of_json([str(path) for path in ordered])[:12]}.vrt"
    text = _vrt([_about(path) for path in ordered])
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        write_text(target, text)
    return target


def _about(path: Path) -> dict[str, Any]:
    with rasterio.open(path) as part:
        return {
            "path": path.absolute(),
            "transform": part.transform,
            "size": (part.width, part.height),
            "bounds": part.bounds,
            "crs": part.crs.to_wkt(),
            "dtype": part.dtypes[0],
            "nodata": part.nodata,
            "scaling": (part.offsets[0], part.scales[0], part.units[0]),
        }


def _vrt(parts: list[dict[str, Any]]) -> str:
    first = parts[0]["transform"]
    left, top = min(part["bounds"].left for part in parts), max(part["bounds"].top for part in parts)
    right, bottom = max(part["bounds"].right for part in parts), min(part["bounds"].bottom for part in parts)
    width, height = round((right - left) / first.a), round((bottom - top) / first.e)
    offset, scale, unit = parts[0]["scaling"]
    nodata = parts[0]["nodata"]
    filler = FILLER if nodata is None else nodata
    lines = [
        f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}">',
        f"  <SRS>{escape(parts[0]['crs'])}</SRS>",
        f"  <GeoTransform>{left!r}, {first.a!r}, 0.0, {top!r}, 0.0, {first.e!r}</GeoTransform>",
        f'  <VRTRasterBand dataType="{GDAL_TYPES.get(parts[0]["dtype"], "Float32")}" band="1">',
        f"    <NoDataValue>{filler!r}</NoDataValue>",
        f"    <UnitType>{escape(unit or '')}</UnitType>",
        f"    <Offset>{offset!r}</Offset><Scale>{scale!r}</Scale>",
    ]
    for part in parts:
        columns, rows = part["size"]
        x, y = (part["bounds"].left - left) / first.a, (part["bounds"].top - top) / first.e
        across, down = columns * part["transform"].a / first.a, rows * part["transform"].e / first.e
        declared = part["nodata"]
        lines += [
            "    <ComplexSource>" if declared is not None else "    <SimpleSource>",
            f'      <SourceFilename relativeToVRT="0">{escape(str(part["path"]))}</SourceFilename>',
            "      <SourceBand>1</SourceBand>",
            f'      <SrcRect xOff="0" yOff="0" xSize="{columns}" ySize="{rows}"/>',
            f'      <DstRect xOff="{x!r}" yOff="{y!r}" xSize="{across!r}" ySize="{down!r}"/>',
            *([f"      <NODATA>{declared!r}</NODATA>"] if declared is not None else []),
            "    </ComplexSource>" if declared is not None else "    </SimpleSource>",
        ]
    return "\n".join([*lines, "  </VRTRasterBand>", "</VRTDataset>", ""])


def same_grid(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two rasters can be parts of one mosaic: system, and cell size within a thousandth."""
    a, b = one["transform"], other["transform"]
    near = abs(a.a - b.a) <= 1e-3 * abs(a.a) and abs(a.e - b.e) <= 1e-3 * abs(a.e)
    return bool(one["crs"] == other["crs"] and near)


def describe(path: Path) -> dict[str, Any]:
    """What `same_grid` compares, of a file."""
    return _about(path)
