"""The page on trouble against the sources: the program says what it quotes, and every kind of error is there."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import walk_packages

import pytest

import weppbatch
from docs_commands import FENCE, ROOT
from weppbatch.errors import WeppbatchError
from weppbatch.nodb.controls import setting_names

SOURCES = ROOT / "src" / "weppbatch"
PAGE = ROOT / "docs" / "trouble.md"
# Kinds of error whose words come from elsewhere: from the system, from a server, or from a list of problems.
IN_WORDS = {
    "ImplausibleElevation",
    "EmptyMask",
    "FlowLeavesWindow",
    "Refused",
    "StillFetching",
    "OutOfMemory",
    "MissingAttribute",
    "NotPermitted",
}
GENERAL = {
    "InputError",
    "InputProblems",
    "ConfigError",
    "DataError",
    "EngineError",
    "ResourceError",
    "NetworkError",
}


def text_of(node: ast.expr) -> str | None:
    """A literal text with {} for what is filled in; None for what is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp):
        return text_of(node.left)
    return None


@cache
def trees() -> list[ast.Module]:
    return [ast.parse(path.read_text()) for path in sorted(SOURCES.rglob("*.py"))]


@cache
def said() -> dict[str, list[str]]:
    """What each kind of error is raised with."""
    found = defaultdict(list)
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                for argument in node.args:
                    text = text_of(argument)
                    if text:
                        found[name].append(text)
            # A class that makes its message itself says it to its base.
            if isinstance(node, ast.ClassDef):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Call) and "super().__init__" in ast.unparse(inner.func) and inner.args:
                        found[node.name] += filter(None, [text_of(inner.args[0])])
    return found


@cache
def all_texts() -> list[str]:
    """Every literal text of the sources."""
    nodes = (node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.expr))
    return [text for text in map(text_of, nodes) if text]


def parts() -> tuple[str, str]:
    """What the page says of the doctor, and the rest of it."""
    before, heading, after = FENCE.sub("", PAGE.read_text()).partition("## What the doctor says")
    doctor, _, rest = after.partition("\n## ")
    assert heading and rest
    return doctor, before + rest


def quoted(text: str | None = None) -> Iterator[str]:
    """What the first column of the page's tables quotes, but for those of the doctor."""
    for line in (text or parts()[1]).splitlines():
        if line.startswith("| ") and not line.startswith("| what you see"):
            yield from re.findall(r"`([^`]+)`", line.split(" | ")[0])


def pattern(symptom: str) -> re.Pattern[str]:
    """A quoted text, in which ... stands for anything."""
    parts = [re.escape(part.strip()) for part in symptom.split("...")]
    return re.compile(".*?".join(parts), re.DOTALL)


@cache
def messages() -> list[re.Pattern[str]]:
    return [pattern(symptom) for symptom in quoted() if len(re.sub("[^A-Za-z]", "", symptom)) > 3]


def kinds() -> list[str]:
    """All kinds of error that weppbatch has, by name."""
    for module in walk_packages(weppbatch.__path__, "weppbatch."):
        if not module.name.startswith("weppbatch.shipped"):
            import_module(module.name)
    found: set[str] = set()
    waiting = [WeppbatchError]
    while waiting:
        below = waiting.pop().__subclasses__()
        found |= {kind.__name__ for kind in below if kind.__module__.startswith("weppbatch.")}
        waiting += below
    return sorted(found - GENERAL - IN_WORDS)


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_error_is_found_on_the_page_by_its_words(kind: str) -> None:
    texts = said()[kind]
    assert texts, f"{kind} is never raised with a text of its own"
    assert any(one.search(text) for one in messages() for text in texts), texts


@pytest.mark.parametrize("symptom", sorted({one for one in quoted() if " " in one and len(one) > 12}))
def test_what_the_page_quotes_is_said_by_the_program(symptom: str) -> None:
    words = [part.strip(" .") for part in symptom.split("...") if len(part.strip(" .,:")) > 3]
    assert words
    assert any(all(word in text for word in words) for text in all_texts()), words


def abouts() -> set[str]:
    """What findings of the doctor are about, as far as that is a literal."""
    calls = (node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call))
    found = {text_of(call.args[1]) for call in calls if ast.unparse(call.func) == "Finding" and len(call.args) > 3}
    return {text.partition("{")[0].strip() for text in found if text}


@pytest.mark.parametrize("about", sorted(abouts()))
def test_what_the_doctor_finds_is_on_the_page_by_what_it_is_about(about: str) -> None:
    assert any(symptom.startswith(f"{about}:") or symptom.startswith(f"{about} ") for symptom in quoted(parts()[0]))


def test_the_page_knows_no_finding_that_the_doctor_does_not_make() -> None:
    known = abouts() | set(setting_names())
    about = {symptom.partition(":")[0] for symptom in quoted(parts()[0]) if ":" in symptom}
    assert {one.replace(" ...", "") for one in about - {"..."}} <= known
