"""The report's page: one HTML file that needs nothing else, from plain values.

Everything is escaped: text by Jinja's autoescape, data as JSON that can't end its script element. Computes no
figures.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from weppbatch.files import utc_now
from weppbatch.report.ash import BY_CLASS, BY_PERIOD, ash_rows
from weppbatch.report.assets import assets_of
from weppbatch.report.columns import RUN_COLUMNS, VIEWS, Column
from weppbatch.report.overview import BURNED_NOTE, caveats, conductivity, spreads, totals
from weppbatch.report.provenance import Provenance
from weppbatch.report.scenarios import FIGURES, MEASURE, MOST_ROWS, Scenarios
from weppbatch.report.shown import shown, shown_bytes, shown_seconds, shown_short
from weppbatch.report.summary import STATES, Summary
from weppbatch.report.tables import Row
from weppbatch.report.units import US_UNITS
from weppbatch.tasks import graph

LIBRARIES = ("leaflet", "tabulator", "d3", "plot")
STYLES = ("report.css",)
SCRIPTS = ("page/core.js", "page/colours.js", "page/map.js", "page/tables.js")


def page_of(
    summary: Summary,
    provenance: Provenance,
    scenarios: Scenarios,
    manifest: dict[str, Any],
    rows: Sequence[Row],
    drawing: dict[str, Any],
    files: Sequence[dict[str, Any]],
) -> str:
    """The page's HTML."""
    ledger = summary.ledger
    names = graph.ordered([*graph.TASKS, *(task for run in ledger.runs.values() for task in run.tasks)])
    tasks = {name: graph.spec_of(name) for name in names}
    columns = [column for column in RUN_COLUMNS if column.on_page and _filled(column, rows)]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            batch=ledger.plan.runner.batch_name,
            page=assets_of(LIBRARIES, STYLES, SCRIPTS),
            made_at=utc_now(),
            summary=summary,
            runs=list(ledger.runs.values()),
            excluded=ledger.plan.runner.excluded,
            rows=rows,
            totals=totals(rows),
            spreads=spreads(rows),
            ash=ash_rows(rows),
            ash_classes=BY_CLASS,
            ash_periods=BY_PERIOD,
            scenarios=scenarios,
            scenario_figures=FIGURES,
            scenario_bar=list(FIGURES).index(MEASURE),
            most_rows=MOST_ROWS,
            caveats=caveats(rows),
            conductivity=conductivity(rows),
            burned_note=BURNED_NOTE if any(row["burned_share"] for row in rows) else "",
            columns=columns,
            views=views_of(columns),
            tasks=tasks,
            states=STATES,
            manifest=manifest,
            settings=provenance.settings(),
            files=files,
            data={
                "map": drawing,
                "units": US_UNITS,
                "records": summary.records,
                "tasks": {name: spec.label for name, spec in tasks.items()},
                "states": STATES,
                "burned_note": BURNED_NOTE,
            },
        )
    )


def views_of(columns: Sequence[Column]) -> dict[str, str]:
    """The views of the results table that have columns of their own; none while only the terrain is done."""
    own = {column.views[0] for column in columns if column.views}
    return {key: label for key, label in VIEWS.items() if key in own} if own & {"results", "inputs"} else {}


def cell(column: Column, row: Row) -> str:
    """A cell of the results table, for people."""
    value = row[column.key]
    if column.key == "wall_s":
        return shown_seconds(value)
    if column.key in ("flags", "weather"):
        return str(value or "").replace("_", " ")
    if column.key == "closure_mm_max":
        return "" if value is None else f"{value:.0e}"
    if column.key == "synthetic":
        return ", ".join(graph.TASKS[task].label for task in graph.TASKS if task in str(value).split("; "))
    if column.short and value is not None:
        return shown_short(value)
    if column.key == "outlet_method":
        return {"find_outlet": "FindOutlet", "overlap": "best overlap", "requested": "nearest channel"}.get(
            value, shown(value)
        )
    return shown(100 * value if column.percent and value is not None else value, column.digits)


def log_link(path: str) -> str:
    """The address of a file of the batch, seen from the page."""
    return "../" + quote(path)


def moment(text: str | None) -> str:
    """An ISO 8601 time as people read it: 2026-01-31 12:00 UTC."""
    return f"{text[:10]} {text[11:16]} UTC" if text else ""


def _filled(column: Column, rows: Sequence[Row]) -> bool:
    """Whether a column is worth its place: the run's own, or one with a value in any row."""
    return column.key in ("runid", "status", "iou", "flags") or any(
        row[column.key] not in (None, "") for row in rows
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("weppbatch.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    environment.filters |= {
        "shown": shown,
        "seconds": shown_seconds,
        "bytes": shown_bytes,
        "log_link": log_link,
        "moment": moment,
    }
    environment.globals["cell"] = cell
    return environment
