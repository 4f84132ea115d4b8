"""What a run-id template may do with a value: six functions and a format, each bounded, and their errors.

Plain values in, text out; the template itself is read in template.py.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from weppbatch.batch.runids import sanitise
from weppbatch.errors import InputError

MAX_TEXT = 500  # characters of a template, and of any text that it makes on the way
MAX_WIDTH = 64


class TemplateError(InputError):
    """A template that can't be read, or that does not suit a feature."""


class MissingAttribute(TemplateError):
    """A feature has no value for an attribute that the template names."""

    def __init__(self, name: str) -> None:
        super().__init__(f"attribute '{name}' is missing or null")
        self.name = name


def bounded(text: str) -> str:
    """The text itself; raises TemplateError when it is longer than MAX_TEXT."""
    if len(text) > MAX_TEXT:
        raise TemplateError(f"the template gives a text of more than {MAX_TEXT} characters")
    return text


def _plain(value: Any) -> str | int | float | bool:
    """A text or number; a whole number stored as 12.0, as GIS exports do, counts as 12."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, str | int | float) and not (isinstance(value, int) and abs(value) >= 10**30):
        return value
    raise TemplateError(f"{type(value).__name__} is neither a text nor a number of usual size")


def text(value: Any) -> str:
    """A text or number as text; raises TemplateError for anything else."""
    return bounded(str(_plain(value)))


def formatted(value: Any, spec: str) -> str:
    """A text or number in a checked format; raises TemplateError when the two don't suit."""
    plain = _plain(value)
    try:
        return format(plain, spec)
    except (ValueError, OverflowError) as error:
        raise TemplateError(f"the format '{spec}' does not suit {plain!r:.40}") from error


def _slug(value: Any) -> str:
    return re.sub(r"[^a-z0-9]+", "-", sanitise(text(value)).lower()).strip("-")


def _zfill(value: Any, width: Any) -> str:
    if type(width) is not int or not 0 <= width <= MAX_WIDTH:
        raise TemplateError(f"the width of zfill is a whole number from 0 to {MAX_WIDTH}")
    return text(value).zfill(width)


def _replace(value: Any, old: Any, new: Any) -> str:
    if old == "":
        raise TemplateError("replace needs a text to look for")
    return text(value).replace(text(old), text(new))


FUNCTIONS: Mapping[str, tuple[Callable[..., str], int]] = {
    "slug": (_slug, 1),
    "lower": (lambda value: text(value).lower(), 1),
    "upper": (lambda value: text(value).upper(), 1),
    "title": (lambda value: text(value).title(), 1),
    "zfill": (_zfill, 2),
    "replace": (_replace, 3),
}
