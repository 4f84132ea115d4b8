"""How Fortran reads a text file with free format: lines in, numbers and words out, problems gathered.

Knows nothing of any particular format.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from weppbatch.errors import InputError, InputProblems

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?")
INTEGER = re.compile(r"[+-]?\d+")
TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|[^\s,]+")

Token = int | float | str


class Unreadable(Exception):
    """The rest of a file can't be read, because something before it is missing; a reader ends it."""


def read_text(path: Path) -> str:
    """The file's text, UTF-8 or else Latin-1, with plain line ends.

    Raises InputError when it is not there or is no text.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError(f"there is no file {path}") from error
    if b"\0" in content:
        raise InputError(f"{path} is not a text file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse_number(token: str) -> float | None:
    """The number that a token spells, or None; NaN, infinities and Fortran's overflow stars are no numbers."""
    if not NUMBER.fullmatch(token):
        return None
    value = float(token.replace("d", "e").replace("D", "e"))
    return value if np.isfinite(value) else None


def parse_token(token: str) -> Token:
    """An int when it looks like one, else a float, else the text itself."""
    if INTEGER.fullmatch(token):
        return int(token)
    value = parse_number(token)
    return token if value is None else value


def spell(value: float) -> str:
    """The shortest text that reads back as the same number, as Fortran reads it too."""
    if isinstance(value, int | np.integer):
        return str(int(value))
    if not np.isfinite(value):
        raise ValueError(f"{value} can't be written")
    return repr(float(value))


def quote(text: str) -> str:
    """A text between apostrophes, those inside doubled, as Fortran's free format has it."""
    return "'" + text.replace("'", "''") + "'"


def unquote(token: str) -> str:
    """The text of a token that may be quoted."""
    if len(token) >= 2 and token[0] == token[-1] and token[0] in "'\"":
        return token[1:-1].replace("''", "'") if token[0] == "'" else token[1:-1]
    return token


def one_line(text: str, what: str) -> str:
    """The text itself; raises InputError when it would break a line-based file."""
    if "\n" in text or "\r" in text:
        raise InputError(f"the {what} {text!r} has a line break, which the file can't hold")
    return text


def shown(line_numbers: Sequence[int]) -> str:
    """Line numbers for a message, the first five of them: 'line 7' or 'lines 7, 9 and 300 more'."""
    numbers = [str(number) for number in line_numbers[:5]]
    if len(line_numbers) == 1:
        return f"line {numbers[0]}"
    more = f" and {len(line_numbers) - 5} more" if len(line_numbers) > 5 else ""
    return f"lines {', '.join(numbers)}{more}"


class Reader:
    """Walks through a file's lines as Fortran's free format does, and gathers what is wrong.

    Blank lines and those that begin with # are skipped between records.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.kind = kind
        self.lines = read_text(path).split("\n")
        self.position = 0
        self.problems: list[str] = []

    def problem(self, text: str, line: int | None = None) -> None:
        """Note a problem of a line (the one read last when none is given)."""
        self.problems.append(f"line {line or self.position}: {text}")

    def unreadable(self, text: str) -> Unreadable:
        """Note a problem after which nothing more can be read; to be raised."""
        self.problem(text)
        return Unreadable()

    def finish(self) -> None:
        """Raise InputProblems when there were any."""
        if self.problems:
            raise InputProblems(
                f"{self.path} is not a {self.kind} that can be used",
                self.problems,
                hint="mend these lines, or make the file again",
            )

    def line(self, what: str) -> str:
        """The next line, whatever it holds."""
        if self.position >= len(self.lines) or (
            self.position == len(self.lines) - 1 and not self.lines[self.position]
        ):
            raise self.unreadable(f"the file ends where {what} should stand")
        self.position += 1
        return self.lines[self.position - 1]

    def record(self, what: str) -> str:
        """The next line that is neither blank nor a comment."""
        while True:
            line = self.line(what)
            if line.strip() and not line.lstrip().startswith("#"):
                return line

    def comments(self) -> list[str]:
        """The comment lines that follow, without their #; they are read over."""
        found = []
        while self.position < len(self.lines) and self.lines[self.position].lstrip().startswith("#"):
            found.append(self.lines[self.position].lstrip()[1:].strip())
            self.position += 1
        return found

    def at_end(self) -> bool:
        """Whether only blank lines and comments are left."""
        rest = self.lines[self.position :]
        return all(not line.strip() or line.lstrip().startswith("#") for line in rest)

    def tokens(self, count: int, what: str) -> list[list[str]]:
        """At least `count` tokens from as many lines as that takes; what stands beyond them is left out."""
        rows: list[list[str]] = []
        while (missing := count - sum(map(len, rows))) > 0:
            if rows and self.at_end():
                raise self.unreadable(f"{what}: {count - missing} values where {count} should stand")
            found = TOKEN.findall(self.record(what))
            note = next((i for i, token in enumerate(found) if token.startswith("#")), len(found))
            rows.append(found[: min(note, missing)])
        return rows

    def numbers(self, count: int, what: str) -> list[float]:
        """The next `count` numbers; one that is none is noted and becomes NaN."""
        values = []
        for token in [token for row in self.tokens(count, what) for token in row]:
            value = parse_number(token)
            if value is None:
                self.problem(f"{what}: {token!r} is not a number")
            values.append(float("nan") if value is None else value)
        return values

    def integer(self, what: str, low: int, high: int) -> int:
        """The next record's first value, a whole number from `low` to `high`."""
        token = self.tokens(1, what)[0][0]
        if not INTEGER.fullmatch(token):
            raise self.unreadable(f"{what}: {token!r} is not a whole number")
        if not low <= int(token) <= high:
            raise self.unreadable(f"{what} is {token}, not between {low} and {high}")
        return int(token)
