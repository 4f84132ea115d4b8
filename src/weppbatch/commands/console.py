"""How the commands print: plain tables and JSON. What is printed is decided by each command."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence

import typer
from rich import box
from rich.console import Console
from rich.table import Table

PIPED_WIDTH = 200  # a table in a pipe must not be folded at 80 columns


def say(text: str = "") -> None:
    """Print a line as it is: file names and attributes may hold brackets, which are no markup.

    What would steer the terminal, in an attribute of somebody's file, is shown and not obeyed.
    """
    typer.echo(readable(text))


def complain(text: str) -> None:
    """Say on stderr what went wrong beside the work, which goes on."""
    typer.echo(f"warning: {readable(text)}", err=True)


def readable(text: str) -> str:
    """A text with its control characters written out, all but line ends and tabs."""
    return "".join(
        repr(letter)[1:-1] if unicodedata.category(letter) == "Cc" and letter not in "\n\t" else letter
        for letter in text
    )


def say_json(value: object) -> None:
    """Print a value for machines to read."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def say_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under column names; nothing when there are none."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else readable(str(cell)) for cell in row))
    if table.rows:
        width = None if sys.stdout.isatty() else PIPED_WIDTH
        console = Console(highlight=False, markup=False, emoji=False, width=width)
        with console.capture() as captured:
            console.print(table)
        typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))
