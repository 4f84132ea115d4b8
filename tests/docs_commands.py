"""What the documentation says that can be typed: its blocks, the commands in them, and what stands before them.

A block of commands is fenced with `sh`. A comment on the line above may say `<!-- not run: REASON -->`, for a
reason of REASONS, or `<!-- exit code: N -->`. A page's first line may say `<!-- begins with: STATE -->`, a state of
STATES.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
REASONS = ("needs a cluster", "needs a network", "takes minutes", "installs", "stays until Ctrl-C")
STATES = ("an empty folder", "a batch", "a finished batch")
FENCE = re.compile(r"(?m)^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL)
COMMENT = re.compile(r"<!-- ([a-z ]+): (.*?) -->")
COMMANDS = ("weppbatch", "snakemake", "make")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, title, text without indentation, and the comment above it."""

    language: str
    title: str
    text: str
    line: int
    remark: tuple[str, str] | None = None

    def commands(self) -> list[str]:
        """Its commands, each as it is typed: lines are joined where a quote or a backslash does."""
        found: list[str] = []
        pending = ""
        for line in self.text.splitlines():
            pending += line + "\n"
            try:
                words = shlex.split(pending, comments=True)
            except ValueError:  # a quote is open
                continue
            if line.endswith("\\"):
                continue
            found += [pending.strip()] if words else []
            pending = ""
        assert not pending.strip(), f"a quote is never closed: {pending}"
        return found


def pages() -> list[Path]:
    """The README and all pages of the documentation."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name_of(page: Path) -> str:
    """A page as its path in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        language, _, rest = match["info"].strip().partition(" ")
        title = re.search(r'title="(.*?)"', rest)
        indent = len(match["indent"])
        lines = [line[indent:] for line in match["text"].splitlines()]
        above = text[: match.start()].rstrip("\n").rpartition("\n")[2]
        remark = COMMENT.search(above)
        yield Block(
            language,
            title[1] if title else "",
            "\n".join(lines) + "\n",
            text.count("\n", 0, match.start()) + 1,
            (remark[1], remark[2]) if remark else None,
        )


def state(page: Path) -> str:
    """What lies in the folder in which a page's commands are run."""
    remark = COMMENT.match(page.read_text(encoding="utf-8"))
    return remark[2] if remark and remark[1] == "begins with" else "a finished batch"


def inline_commands(page: Path) -> list[str]:
    """The commands of weppbatch in the running text, placeholders and all."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return [found for found in re.findall(r"`([^`\n]+)`", text) if found.startswith("weppbatch ")]


def named_files(page: Path) -> set[str]:
    """The benchmarks and tests that a page says to run or read."""
    return set(re.findall(r"\b((?:benchmarks|tests)/[\w/]+\.py)\b", page.read_text(encoding="utf-8")))
