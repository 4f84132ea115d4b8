"""The FindOutlet tool: the pour point of a watershed mask, or of a requested cell, with errors named by cause.

In: D8 pointers, channels and a mask on one grid. Out: the tool's GeoJSON, in the rasters' CRS, and its
properties. It does not judge how well the basin of the pour point fits the mask.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from weppbatch.errors import DataError
from weppbatch.files import read_json
from weppbatch.terrain.whitebox import WhiteboxFailed, WhiteboxTools


class NoOutletFound(DataError):
    """No channel cell will do as the outlet of the watershed."""


class EmptyMask(NoOutletFound):
    """The mask has no cell inside."""


class FlowLeavesWindow(NoOutletFound):
    """The flow path runs off the window, or into nodata, before it meets a usable channel cell."""


# What the tool prints, which error that is, and what helps.
CAUSES: tuple[tuple[str, type[NoOutletFound], str], ...] = (
    ("does not contain any positive", EmptyMask, "the polygon covers no cell centre: use smaller cells"),
    ("Unable to locate watershed boundary", EmptyMask, "the mask has no boundary: use a larger buffer"),
    ("invalid D8 pointer", FlowLeavesWindow, "use a larger ron.buffer_m"),
    ("pointer becomes invalid", FlowLeavesWindow, "use a larger ron.buffer_m, or a smaller watershed.csa_ha"),
    ("Failed to identify an outlet", NoOutletFound, "use a smaller watershed.csa_ha"),
    ("Failed to trace a valid outlet", NoOutletFound, "use a smaller watershed.csa_ha"),
)


def find_outlet(
    d8_pntr: Path,
    streams: Path,
    watershed: Path | None,
    output: Path,
    esri_pntr: bool = False,
    callback: Callable[[str], None] | None = None,
    *,
    requested_row_col: tuple[int, int] | None = None,
    whitebox: WhiteboxTools | None = None,
) -> dict[str, Any]:
    """Run FindOutlet and return the properties of the point that it wrote to `output`.

    Of a mask (1 inside, 0 or nodata outside) the tool walks down from the innermost cell until the path has left
    the mask on a channel cell with one inflow. With `requested_row_col` it walks from there instead.
    The properties include row, column, easting, northing, epsg and how the point was found.
    `callback` gets each line that the tool prints.
    Raises NoOutletFound or a kind of it, WhiteboxFailed when the tool itself broke.
    """
    requested = "{},{}".format(*requested_row_col) if requested_row_col else None
    try:
        printed = (whitebox or WhiteboxTools()).run(
            "FindOutlet",
            [output],
            d8_pntr=d8_pntr,
            streams=streams,
            watershed=watershed,
            requested_outlet_row_col=requested,
            output=output,
            esri_pntr=esri_pntr,
        )
    except WhiteboxFailed as error:
        for words, kind, hint in CAUSES:
            if words in error.line:
                raise kind(f"FindOutlet: {_short(error.line)}", hint=hint) from error
        raise
    if callback is not None:
        for line in printed.splitlines():
            callback(line)
    properties: dict[str, Any] = read_json(output)["features"][0]["properties"]
    return properties


def _short(line: str) -> str:
    """The tool's message with the first of its several reasons."""
    return line.split(" | ")[0].removesuffix(".")
