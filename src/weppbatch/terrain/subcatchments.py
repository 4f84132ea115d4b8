"""TOPAZ subcatchments: every cell of the basin labelled with its hillslope or channel, and the table of links.

In: the rasters and the outlet that the outlet step left. Out: order.tif, subwta.tif, netw.tsv. It measures
nothing; that is the abstraction's.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from weppbatch.errors import DataError
from weppbatch.files import read_json, write_json
from weppbatch.terrain.grid import grid_of, read_raster
from weppbatch.terrain.whitebox import WhiteboxTools

MAX_INFLOWS = 3


class TooManyInflows(DataError):
    """More channels meet in a cell than TOPAZ can number."""


class UnlabelledCells(DataError):
    """Cells of the basin belong to no hillslope and no channel."""


@dataclass(frozen=True)
class Link:
    """A channel between two nodes of the network; `top` and `bottom` are (row, column).

    `bottom` is the junction's cell and belongs to the next link; the outlet link ends in its own cell.
    """

    topaz_id: int
    top: tuple[int, int]
    bottom: tuple[int, int]
    length_m: float
    order: int
    inflow_topaz_ids: tuple[int, ...]
    is_headwater: bool
    is_outlet: bool


def delineate_subcatchments(terrain: Path, folder: Path, log: Callable[[str], None] = lambda _: None) -> None:
    """Label the basin's subcatchments: hillslopes ...1 (top), ...2 (left), ...3 (right), channels ...4.

    Reads relief, flovec, netful, chnjnt, bound .tif and outlet.geojson of `terrain`; writes order.tif, subwta.tif,
    netw.tsv and topaz.log into `folder`. Raises TooManyInflows, UnlabelledCells, WhiteboxFailed.
    """
    most = int(np.nanmax(np.where(read_raster(terrain / "bound.tif") > 0, read_raster(terrain / "chnjnt.tif"), 0)))
    if most > MAX_INFLOWS:
        raise TooManyInflows(
            f"{most} channels flow into one cell, {MAX_INFLOWS} can be numbered", hint="raise watershed.csa_ha"
        )
    tools = WhiteboxTools(folder / "topaz.log")
    rasters = {"d8_pntr": terrain / "flovec.tif", "streams": terrain / "netful.tif"}
    order, subwta, netw = folder / "order.tif", folder / "subwta.tif", folder / "netw.tsv"
    tools.run("StrahlerStreamOrder", [order], **rasters, output=order)
    pour_point = folder / "pour_point.geojson"
    write_json(pour_point, _projected_outlet(terrain))
    tools.run(
        "HillslopesTopaz",
        [subwta, netw],
        **rasters,
        dem=terrain / "relief.tif",
        pour_pts=pour_point,
        watershed=terrain / "bound.tif",
        chnjnt=terrain / "chnjnt.tif",
        order=order,
        subwta=subwta,
        netw=netw,
    )
    pour_point.unlink()
    _check_labels(terrain / "bound.tif", subwta)
    log(f"{len(read_network(netw))} channels")


def read_network(netw: Path) -> list[Link]:
    """The links of a HillslopesTopaz table, in its order.

    The table's columns ds_x and us_x hold rows, ds_y and us_y columns; its `areaup` is not a drainage area and is
    left out. Raises DataError when the table is empty or not of that form.
    """
    with netw.open(encoding="utf-8", newline="") as stream:
        records = list(csv.DictReader(stream, delimiter="\t"))
    try:
        topaz_ids = {record["id"]: int(record["topaz_id"]) for record in records}
        links = [
            Link(
                topaz_id=int(record["topaz_id"]),
                top=(int(record["us_x"]), int(record["us_y"])),
                bottom=(int(record["ds_x"]), int(record["ds_y"])),
                length_m=float(record["length_m"]),
                order=int(record["order"]),
                inflow_topaz_ids=tuple(
                    topaz_ids[record[f"inflow{i}_id"]] for i in range(3) if record[f"inflow{i}_id"] != "-1"
                ),
                is_headwater=record["is_headwater"] == "true",
                is_outlet=record["is_outlet"] == "true",
            )
            for record in records
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{netw} is not a channel table of HillslopesTopaz: {error!r}") from error
    if sum(link.is_outlet for link in links) != 1:
        raise DataError(f"{netw} names {sum(link.is_outlet for link in links)} outlet channels, not one")
    return links


def _projected_outlet(terrain: Path) -> dict[str, object]:
    """The outlet in the raster's own system, which is how the tools read a pour point."""
    outlet = read_json(terrain / "outlet.geojson")["features"][0]["properties"]
    x_m, y_m = grid_of(terrain / "bound.tif").centre(outlet["row"], outlet["col"])
    point = {"type": "Point", "coordinates": [x_m, y_m]}
    return {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": point}]}


def _check_labels(bound: Path, subwta: Path) -> None:
    """Raise UnlabelledCells unless exactly the basin's cells have a label (the tool's nodata reads as -inf)."""
    basin, labelled = read_raster(bound) > 0, read_raster(subwta) > 0
    missing, foreign = int((basin & ~labelled).sum()), int((labelled & ~basin).sum())
    if missing or foreign:
        raise UnlabelledCells(
            f"{missing} of the basin's {int(basin.sum())} cells got no label, {foreign} cells outside got one",
            hint="raise watershed.csa_ha, or move the outlet by changing the polygon",
        )
