"""The scenarios of a management file: cropland plants, operations, initial conditions, years and the rest.

Reads one scenario at a time and keeps its rows as they stand; what they mean is left to management and cover.
"""

from collections.abc import Callable
from dataclasses import dataclass

from weppbatch.formats.text import INTEGER, Reader, Token, Unreadable, parse_number, parse_token

CROPLAND = 1
PERENNIAL = 2
CUT, GRAZED, NEITHER_CUT_NOR_GRAZED = 1, 2, 3
CULTIVATOR = 3
ADDS_RESIDUE, REMOVES_RESIDUE = (10, 12), (11, 13)
RESIDUE_MANAGEMENT = {1: ("d",), 2: ("d", "ff"), 3: ("d",), 4: ("d", "f")}  # herbicide, burning, silage, cutting


@dataclass(frozen=True)
class Scenario:
    """One scenario of a section: its name, three lines of comment, land use and the lines of its values."""

    name: str
    comments: tuple[str, str, str]
    land_use: int
    rows: tuple[tuple[Token, ...], ...]


def read_scenario(reader: Reader, section: str) -> Scenario:
    """The next scenario of a section."""
    name = reader.record("the name of a scenario").strip()
    comments = tuple(reader.line("a comment").strip() for _ in range(3))
    land_use = reader.integer(f"the land use of {name!r}", 1, 4)
    if land_use != CROPLAND:
        raise reader.unreadable(f"the land use of {name!r} is {land_use}; only cropland (1) is read")
    rows = _Rows(reader, name)
    LAYOUTS[section](rows)
    return Scenario(name, (comments[0], comments[1], comments[2]), land_use, tuple(rows.rows))


class _Rows:
    """The rows of one scenario while they are read."""

    def __init__(self, reader: Reader, name: str) -> None:
        self.reader = reader
        self.name = name
        self.rows: list[tuple[Token, ...]] = []

    def take(self, kinds: str) -> list[Token]:
        """Read a record of numbers (f), whole numbers (i) and dates (d); they are returned and kept as rows."""
        rows = self.reader.tokens(len(kinds), f"the values of {self.name!r}")
        values = [token for row in rows for token in row]
        for kind, token in zip(kinds, values, strict=True):
            if (kind == "i" and not INTEGER.fullmatch(token)) or (kind == "f" and parse_number(token) is None):
                what = "a whole number" if kind == "i" else "a number"
                self.reader.problem(f"{token!r} in {self.name!r} is not {what}")
        self.rows += [tuple(parse_token(token) for token in row) for row in rows]
        return [parse_token(token) for token in values]

    def whole(self) -> int:
        """Read a record of one whole number, on which what follows depends."""
        value = self.take("i")[0]
        if not isinstance(value, int):
            raise Unreadable
        return value

    def text(self) -> None:
        """Keep the next line as it is."""
        self.rows.append((self.reader.line(f"the unit of {self.name!r}").strip(),))


def _plant(rows: _Rows) -> None:
    rows.text()
    for kinds in ("f" * 10, "f" * 8, "i", "ffffffffif", "fff"):
        rows.take(kinds)


def _operation(rows: _Rows) -> None:
    rows.take("ffi")
    code = rows.whole()
    if code == CULTIVATOR:
        rows.take("i")
    rows.take("f" * 7)
    if code in ADDS_RESIDUE:
        rows.take("i")
        rows.take("f")
    elif code in REMOVES_RESIDUE:
        rows.take("f")


def _initial(rows: _Rows) -> None:
    for kinds in ("ffiiff", "i", "i", "fffff", "i", "fffff", "ff"):
        rows.take(kinds)


def _surface_effect(rows: _Rows) -> None:
    for _ in range(rows.whole()):
        for kinds in ("d", "i", "f", "i"):
            rows.take(kinds)


def _contour(rows: _Rows) -> None:
    rows.take("ffff")


def _yearly(rows: _Rows) -> None:
    for _ in range(4):  # plant, surface effect, contour and drainage
        rows.take("i")
    if rows.whole() == PERENNIAL:
        for kinds in ("d", "d", "d", "f"):  # senescence, planting, end of growth; row width
            rows.take(kinds)
        option = rows.whole()
        if option == CUT:
            for _ in range(rows.whole()):
                rows.take("d")
        elif option == GRAZED:
            for _ in range(rows.whole()):
                for kinds in ("ffff", "d", "d"):
                    rows.take(kinds)
        return
    for kinds in ("d", "d", "f"):  # harvest, planting; row width
        rows.take(kinds)
    for kinds in RESIDUE_MANAGEMENT.get(rows.whole(), ()):
        rows.take(kinds)


LAYOUTS: dict[str, Callable[[_Rows], None]] = {
    "plants": _plant,
    "operations": _operation,
    "initials": _initial,
    "surface_effects": _surface_effect,
    "contours": _contour,
    "drainages": _contour,  # four numbers, too
    "yearlies": _yearly,
}
