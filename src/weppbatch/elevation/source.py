"""What every elevation source can do, whatever it is made of.

A source is asked for the files that cover a window, and gives one raster or mosaic on this machine. It neither
projects nor judges elevations.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from weppbatch.errors import DataError
from weppbatch.terrain.grid import Grid

Log = Callable[[str], None]
Bounds = tuple[float, float, float, float]


class NotCovered(DataError):
    """The source has nothing where the window lies."""


class WindowTooLarge(DataError):
    """The window has more cells, or more bytes to be fetched, than the settings allow."""


@dataclass
class Traffic:
    """What was fetched: pieces, bytes that came over the network, requests, retries, seconds."""

    pieces: int = 0
    bytes: int = 0
    requests: int = 0
    retries: int = 0
    wall_s: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As plain values, for metrics."""
        return vars(self) | {"wall_s": round(self.wall_s, 3)}


@dataclass(frozen=True)
class Brought:
    """Elevations on this machine: `path` is a raster or a mosaic; `about` says what it is for the provenance."""

    path: Path
    about: dict[str, Any] = field(default_factory=dict)


@runtime_checkable
class DemSource(Protocol):
    """Elevations from somewhere. `spec` is how the settings name it, `product` what it is."""

    spec: str
    product: str
    traffic: Traffic

    def bring(self, grid: Grid, log: Log) -> Brought:
        """What covers a window, on this machine when this returns, whole and checked.

        Raises NotCovered where the source has nothing, WindowTooLarge before anything is fetched, NetworkError when
        it does not answer as it should, InputError when it can't be used at all.
        """
        ...

    def resolution_m(self, grid: Grid) -> float | None:
        """The side of its cells near a window, in metres; None when that can't be told without fetching."""
        ...
