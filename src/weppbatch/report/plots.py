"""Figures of a batch as SVG files that stand alone: ranked bars from rows of the runs table.

For Snakemake's own report and for slides; the page draws its own.
"""

from collections.abc import Sequence
from xml.etree import ElementTree

from weppbatch.report.shown import shown_seconds, shown_short
from weppbatch.report.tables import Row
from weppbatch.tasks import graph

WIDTH, HEAD, BAR, LABEL, NUMBER = 760, 46, 20, 190, 110
MOST_BARS = 40
COLOURS = {"earth": "#bf4a0a", "work": "#22709f"}
Entry = tuple[str, float, str]  # label, value, and the value in words


def soil_loss_plot(rows: Sequence[Row]) -> str:
    """The watersheds with most soil loss, ranked."""
    key = "soil_loss_t_ha_yr"
    known = sorted((row for row in rows if row[key] is not None), key=lambda row: (-row[key], row["runid"]))
    entries = [(row["runid"], row[key], f"{shown_short(row[key])} t/ha/yr") for row in known]
    return bars("Mean soil loss of hillslopes, by watershed", entries, COLOURS["earth"])


def task_times_plot(rows: Sequence[Row]) -> str:
    """Where the time went: the seconds of each task over all watersheds."""
    entries = []
    for task, spec in graph.TASKS.items():
        seconds = [row[f"{task}_s"] for row in rows if row[f"{task}_s"] is not None]
        if seconds:
            entries.append((spec.label, sum(seconds), f"{shown_seconds(sum(seconds))} of {len(seconds)}"))
    return bars("Time of all watersheds together, by task", entries, COLOURS["work"])


def bars(title: str, entries: Sequence[Entry], colour: str) -> str:
    """Horizontal bars under a title; with none, that there is nothing to show yet."""
    shown, left = entries[:MOST_BARS], len(entries) - MOST_BARS
    height = HEAD + BAR * max(1, len(shown) + (left > 0)) + 10
    svg = ElementTree.Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height}",
        width=str(WIDTH),
        height=str(height),
        role="img",
    )
    ElementTree.SubElement(svg, "title").text = title
    ElementTree.SubElement(svg, "rect", width="100%", height="100%", fill="#ffffff")
    _text(svg, 12, 26, title, size=16)
    if not entries:
        _text(svg, 12, HEAD + 14, "nothing yet")
    largest = max((value for _, value, _ in shown), default=0.0) or 1.0
    room = WIDTH - LABEL - NUMBER - 24
    for place, (label, value, words) in enumerate(shown):
        top = HEAD + BAR * place
        width = max(1.0, room * value / largest)
        _text(svg, 12, top + 14, label if len(label) <= 26 else label[:25] + "…")
        ElementTree.SubElement(
            svg,
            "rect",
            x=str(LABEL),
            y=str(top + 3),
            width=f"{width:.1f}",
            height=str(BAR - 6),
            fill=colour,
        )
        _text(svg, LABEL + width + 6, top + 14, words)
    if left > 0:
        _text(svg, 12, HEAD + BAR * len(shown) + 14, f"and {left} more, with less")
    return ElementTree.tostring(svg, "unicode") + "\n"


def _text(svg: ElementTree.Element, x: float, y: float, text: str, *, size: int = 12) -> None:
    words = ElementTree.SubElement(svg, "text", x=f"{x:.1f}", y=str(y), fill="#1d2a30")
    words.set("font-family", "system-ui, sans-serif")
    words.set("font-size", str(size))
    words.text = text
