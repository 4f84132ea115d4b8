"""What a column of the runs table is, and the views of the page's table. Which there are is in `columns`."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

VIEWS: Mapping[str, str] = {
    "results": "Water and sediment",
    "peaks": "Peaks by return period",
    "ash": "Ash",
    "inputs": "Land, soil and weather",
    "terrain": "Terrain and outlet",
    "work": "Time and checks",
}


@dataclass(frozen=True)
class Column:
    """A column of the runs table: key in files, head and unit on the page, what it means, digits shown.

    `short`: with the digits that it needs. `style`: "seconds" is written as a duration, "power" as a power of ten.
    `views`: the views of the page's table that have it, of VIEWS; the first of them is its own.
    """

    key: str
    label: str
    type: pa.DataType
    help: str
    unit: str = ""
    digits: int | None = None
    on_page: bool = True
    percent: bool = False
    short: bool = False
    style: str = ""
    views: tuple[str, ...] = ()

    @property
    def page_unit(self) -> str:
        """The unit on the page, where a ratio may stand in percent."""
        return "%" if self.percent else self.unit

    @property
    def numeric(self) -> bool:
        """Whether it is aligned and sorted as a number."""
        return bool(pa.types.is_floating(self.type) or pa.types.is_integer(self.type))
