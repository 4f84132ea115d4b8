"""Run-id templates: text with `{expression[:format]}` or `${Name}`, read by a small parser of our own.

Takes a template and one feature, gives text; runids.py makes a run id of that. Nothing is ever evaluated as
Python: an expression is a constant, a name, subscripts with constants, or a call of one of six functions.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weppbatch.batch.template_functions import (
    FUNCTIONS,
    MAX_TEXT,
    MAX_WIDTH,
    MissingAttribute,
    TemplateError,
    bounded,
    formatted,
    text,
)

MAX_DEPTH = 8  # calls within calls
NAMES = ("properties", "feature", "index", "one_based_index")

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>'(?:[^'\\]|\\['"\\])*'|"(?:[^"\\]|\\['"\\])*")
    |(?P<number>-?[0-9]{1,9}(?![0-9A-Za-z_.]))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>[][(),:}.])
    )""",
    re.VERBOSE,
)
_FORMAT = re.compile(
    r"(?:[^{}]?[<>^=])?[+ -]?0?(?P<width>[0-9]{0,3}),?(?:\.(?P<precision>[0-9]{1,3}))?[bdoxXeEfFgGns%]?"
)


Evaluate = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class _Piece:
    """Literal text, or an expression with its format."""

    text: str = ""
    evaluate: Evaluate | None = None
    spec: str = ""


@dataclass(frozen=True)
class Template:
    """A template that was read: `attributes` are the names that it takes from a feature's properties."""

    text: str
    pieces: tuple[_Piece, ...]
    attributes: tuple[str, ...]

    def render(self, feature: Mapping[str, Any], index: int) -> str:
        """The text for one GeoJSON feature, not yet sanitised; `index` counts from 0.

        Raises MissingAttribute, or TemplateError when a value does not suit its function or format.
        """
        properties = feature.get("properties")
        context = {
            "properties": properties if isinstance(properties, Mapping) else {},
            "feature": feature,
            "index": index,
            "one_based_index": index + 1,
        }
        made = ""
        for piece in self.pieces:
            value = piece.text if piece.evaluate is None else piece.evaluate(context)
            made = bounded(made + (formatted(value, piece.spec) if piece.spec else text(value)))
        return made


def parse(template: str) -> Template:
    """Read a template; raises TemplateError with the place where it can't be read, and what to write instead."""
    if len(template) > MAX_TEXT:
        raise TemplateError(f"the template has {len(template)} characters, the most is {MAX_TEXT}")
    if not template.strip():
        raise TemplateError("the template is empty", hint="for example: {properties['Name']}")
    return _Parser(template).parse()


# --- reading ------------------------------------------------------------------------------------------------


class _Parser:
    """Recursive descent over one template; `at` is the place reached."""

    def __init__(self, template: str) -> None:
        self.template = template
        self.at = 0
        self.attributes: dict[str, None] = {}

    def parse(self) -> Template:
        pieces: list[_Piece] = []
        while self.at < len(self.template):
            rest = self.template[self.at : self.at + 2]
            if rest in ("{{", "}}"):
                self.at += 2
                pieces.append(_Piece(rest[0]))
            elif rest == "${":
                self.at += 2
                pieces.append(self.attribute())
            elif rest[0] == "{":
                self.at += 1
                pieces.append(self.expression_piece())
            elif rest[0] == "}":
                raise self.error("a } without its {", hint="write }} for a brace in the text")
            else:
                self.at += 1
                pieces.append(_Piece(rest[0]))
        return Template(self.template, tuple(pieces), tuple(self.attributes))

    def error(self, what: str, *, hint: str | None = None) -> TemplateError:
        return TemplateError(f"template, character {self.at + 1}: {what}", hint=hint)

    def attribute(self) -> _Piece:
        """The rest of `${Name}` or `${Name:format}`."""
        end = self.template.find("}", self.at)
        if end < 0:
            raise self.error("${ without its }")
        name, colon, spec = self.template[self.at : end].partition(":")
        if not name.strip():
            raise self.error("${} names no attribute")
        self.check_format(spec, colon)
        self.at = end + 1
        return _Piece(evaluate=self.subscript(_name("properties"), name.strip(), "properties"), spec=spec)

    def expression_piece(self) -> _Piece:
        """The rest of `{expression}` or `{expression:format}`."""
        evaluate = self.expression(0)
        sign = self.next_token("sign")
        spec = ""
        if sign == ":":
            end = self.template.find("}", self.at)
            spec = self.template[self.at : end] if end >= 0 else ""
            self.check_format(spec, ":")
            self.at, sign = (end + 1, "}") if end >= 0 else (self.at, "")
        if sign == ".":
            raise self.error("attributes with a dot are not read", hint="write properties['Name']")
        if sign != "}":
            raise self.error(
                "expected } or :format", hint="an expression is properties['Name'], index or slug(...)"
            )
        return _Piece(evaluate=evaluate, spec=spec)

    def check_format(self, spec: str, colon: str) -> None:
        found = _FORMAT.fullmatch(spec)
        if colon and not spec:
            raise self.error("an empty format after :")
        if not found:
            raise self.error(f"'{spec}' is not a format", hint="for example 03d, .2f or >8")
        if max(int(found["width"] or 0), int(found["precision"] or 0)) > MAX_WIDTH:
            raise self.error(f"the format '{spec}' is wider than {MAX_WIDTH}")

    def next_token(self, *kinds: str) -> str:
        """The next token if it is of one of the kinds, else nothing, and the place stays."""
        found = _TOKEN.match(self.template, self.at)
        if not found or found.lastgroup not in kinds:
            return ""
        self.at = found.end()
        return found[found.lastgroup]

    def constant(self) -> str | int | None:
        if text := self.next_token("string"):
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        number = self.next_token("number")
        return int(number) if number else None

    def expression(self, depth: int) -> Evaluate:
        if depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} calls within calls")
        constant = self.constant()
        if constant is not None:
            return lambda context: constant
        start = self.at
        name = self.next_token("name")
        if not name:
            raise self.error(
                "expected an expression", hint="properties['Name'], index, one_based_index or slug(...)"
            )
        if name in FUNCTIONS:
            return self.call(name, depth)
        if name not in NAMES:
            self.at = start
            raise self.error(
                f"unknown name '{name}'", hint=f"write ${{{name}}} or {{properties['{name}']}} for an attribute"
            )
        return self.subscripts(name)

    def subscripts(self, name: str) -> Evaluate:
        evaluate, path = _name(name), name
        while self.template[self.at : self.at + 1] == "[":
            self.at += 1
            key = self.constant()
            if key is None:
                word = self.next_token("name")
                hint = f"write ['{word}'], with quotes" if word else None
                raise self.error("a subscript is a text in quotes or a number", hint=hint)
            if self.next_token("sign") != "]":
                raise self.error("expected ]")
            evaluate, path = self.subscript(evaluate, key, path), f"{path}[{key!r}]"
        return evaluate

    def subscript(self, inner: Evaluate, key: str | int, path: str) -> Evaluate:
        of_properties = path in ("properties", "feature['properties']")
        if of_properties and isinstance(key, str):
            self.attributes[key] = None
        missing = str(key) if of_properties else f"{path}[{key!r}]"

        def evaluate(context: Mapping[str, Any]) -> Any:
            container = inner(context)
            value = container.get(key) if isinstance(container, Mapping) else None
            if isinstance(container, Sequence) and not isinstance(container, str) and isinstance(key, int):
                value = container[key] if -len(container) <= key < len(container) else None
            if value is None:
                raise MissingAttribute(missing)
            return value

        return evaluate

    def call(self, name: str, depth: int) -> Evaluate:
        function, arity = FUNCTIONS[name]
        if self.next_token("sign") != "(":
            raise self.error(f"{name} is a function", hint=f"write {name}(...)")
        arguments = [self.expression(depth + 1)]
        sign = self.next_token("sign")
        while sign == ",":
            arguments.append(self.expression(depth + 1))
            sign = self.next_token("sign")
        if sign != ")":
            raise self.error("expected , or )")
        if len(arguments) != arity:
            raise self.error(f"{name} takes {arity} argument{'s' * (arity > 1)}, {len(arguments)} given")
        return lambda context: bounded(function(*(argument(context) for argument in arguments)))


def _name(name: str) -> Evaluate:
    return lambda context: context[name]
