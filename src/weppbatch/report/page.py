"""The report's page: one HTML file that needs nothing else, from plain values.

Everything is escaped: text by Jinja's autoescape, data as JSON that can't end its script element. Computes no
figures.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from weppbatch.files import utc_now
from weppbatch.report.ash import ash_sums
from weppbatch.report.asked import differences, last_start, plain
from weppbatch.report.assets import assets_of
from weppbatch.report.overview import BURNED_NOTE, caveats, conductivity, spreads, totals
from weppbatch.report.payload import page_columns, payload
from weppbatch.report.provenance import Provenance
from weppbatch.report.scenarios import FIGURES, MEASURE, Scenarios
from weppbatch.report.shown import Quantity, shown, shown_bytes, shown_seconds
from weppbatch.report.summary import MOST_LISTED, Summary
from weppbatch.report.tables import Row
from weppbatch.report.timing import Timing
from weppbatch.report.words import STATES
from weppbatch.tasks import graph

LIBRARIES = ("leaflet", "tabulator", "d3", "plot")
STYLES = ("report.css", "page/map.css", "page/charts.css", "page/live.css")
SCRIPTS = (
    *("page/core.js", "page/record.js", "page/tables.js", "page/matrix.js", "page/results.js"),
    *("page/shapes.js", "page/colours.js", "page/legend.js", "page/map.js", "page/map_panel.js"),
    *("page/plots.js", "page/charts.js", "page/time.js", "page/live.js"),
)


def page_of(
    summary: Summary,
    provenance: Provenance,
    scenarios: Scenarios,
    manifest: dict[str, Any],
    rows: Sequence[Row],
    drawing: dict[str, Any],
    files: Sequence[dict[str, Any]],
    timing: Timing | None = None,
    pages: Sequence[str] = (),
) -> str:
    """The page's HTML."""
    ledger = summary.ledger
    columns = page_columns(rows)
    data = payload(summary, scenarios, columns, rows, drawing)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            batch=ledger.plan.runner.batch_name,
            page=assets_of(LIBRARIES, STYLES, SCRIPTS),
            made_at=utc_now(),
            summary=summary,
            causes=summary.causes,
            notices=summary.notices,
            most_listed=MOST_LISTED,
            asked=last_start(ledger.plan.runner),
            runs=list(ledger.runs.values()),
            totals=totals(rows),
            spreads=spreads(rows),
            ash=ash_sums(rows),
            scenarios=scenarios,
            scenario_figures=FIGURES,
            scenario_bar=list(FIGURES).index(MEASURE),
            caveats=caveats(rows),
            conductivity=conductivity(rows),
            burned_note=BURNED_NOTE if any(row["burned_share"] for row in rows) else "",
            columns=columns,
            views=data["views"],
            tasks=[name for name in data["tasks"] if not graph.scenario_of(name)],
            states=STATES,
            manifest=manifest,
            settings=provenance.settings(),
            differences=differences(provenance),
            files=files,
            timing=timing,
            data=data | {"pages": list(pages), "time": timing and timing.data},
        )
    )


def log_link(path: str) -> str:
    """The address of a file of the batch, seen from the page."""
    return "../" + quote(path)


def moment(text: str | None) -> str:
    """An ISO 8601 time as people read it: 2026-01-31 12:00 UTC."""
    return f"{text[:10]} {text[11:16]} UTC" if text else ""


def environment() -> Environment:
    """Jinja with everything escaped, and the filters of the pages."""
    made = Environment(
        loader=PackageLoader("weppbatch.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    made.filters |= {
        "shown": shown,
        "seconds": shown_seconds,
        "bytes": shown_bytes,
        "log_link": log_link,
        "moment": moment,
        "plain": plain,
    }
    made.tests["quantity"] = lambda part: isinstance(part, Quantity)
    return made
