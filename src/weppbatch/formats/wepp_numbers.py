"""Numbers as WEPP's fixed columns print them: stars where one didn't fit, exponents that lost their letter.

Text in, floats out; what can't be known is NaN. Knows no file's layout.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weppbatch.errors import EngineError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
STARS = re.compile(r"\*+")
LOST_LETTER = re.compile(r"(?<=\d)([+-]\d{3})(?!\d)")  # 0.12345-100 is 0.12345E-100


class UnreadableOutput(EngineError):
    """What WEPP left is not the file it should be: cut off, of another layout, or not of the days asked for."""


def wepp_floats(tokens: Sequence[str]) -> Floats:
    """The numbers that tokens spell; NaN for stars and NaN. Raises ValueError for what is no number."""
    try:
        return np.array(tokens, dtype=np.float64)
    except ValueError:
        return np.array([_repaired(token) for token in tokens], dtype=np.float64)


def wepp_float(token: str) -> float:
    """One number, NaN for stars. Raises ValueError for what is no number."""
    return float(_repaired(token))


def _repaired(token: str) -> str:
    if STARS.search(token):
        return "nan"
    return LOST_LETTER.sub(r"E\1", token.replace("D", "E").replace("d", "e"))


def output_text(path: Path) -> str:
    """The text of an output. Raises UnreadableOutput when it isn't there or is empty."""
    try:
        text = path.read_text(encoding="latin-1")
    except FileNotFoundError as error:
        raise UnreadableOutput(f"WEPP left no {path.name}") from error
    if not text.strip():
        raise UnreadableOutput(f"WEPP left {path.name} empty")
    return text
