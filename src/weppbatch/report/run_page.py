"""The page of one run: one HTML file that needs nothing else, made from whatever the run has.

Reads the run's records, tables and controls, and lays them out; changes nothing. `run_pages` keeps the files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from jinja2 import Environment

from weppbatch.batch.ledger import Ledger
from weppbatch.files import utc_now
from weppbatch.report.assets import Assets, assets_of
from weppbatch.report.columns import RUN_COLUMNS, Column
from weppbatch.report.figures import run_row
from weppbatch.report.overview import BURNED_NOTE
from weppbatch.report.page import environment
from weppbatch.report.results import Features, RunResult, read_result
from weppbatch.report.run_daily import MONTHS
from weppbatch.report.run_made import made, tasks
from weppbatch.report.run_sections import Section, sections
from weppbatch.report.shown import places, shown, shown_short
from weppbatch.report.sketch import Sketches
from weppbatch.report.summary import flag_texts
from weppbatch.report.tables import Row
from weppbatch.report.units import US_UNITS
from weppbatch.report.words import STATES

LIBRARIES = ("leaflet", "d3", "plot")
STYLES = ("report.css", "page/map.css", "page/charts.css")
SCRIPTS = (
    *("page/core.js", "page/shapes.js", "page/colours.js", "page/legend.js", "page/map.js", "page/run_map.js"),
    *("page/plots.js", "page/run_flow.js", "page/run_charts.js"),
)
MAP_FILES = ("watershed/subcatchments.geojson", "watershed/channels.geojson", "dem/dem.tif")
HEAD = (
    *("precip_mm_yr", "et_mm_yr", "runoff_mm_yr", "streamflow_mm_yr", "largest_peak_m3_s", "soil_loss_t_ha_yr"),
    *("sediment_yield_t_ha_yr", "sediment_yield_t_yr", "sediment_delivery_ratio"),
)
ABOUT = (
    *("basin_area_km2", "hillslopes", "channels", "burned_share", "dominant_class", "dominant_texture"),
    *("kslast_mm_h", "station", "years", "iou", "engine"),
)


def run_page(ledger: Ledger, runid: str, features: Features | None = None, state: str = "") -> str:
    """The HTML of a run's page. `state`: what it is made from, for `run_pages`. Raises KeyError for no such run."""
    result = read_result(ledger, features or Features(ledger.plan.folder), runid)
    row = run_row(result)
    found, drawing = sections(result), run_map(result, row)
    burned = bool(row["burned_share"])
    return (
        run_environment()
        .get_template("run.html.j2")
        .render(
            batch=ledger.plan.runner.batch_name,
            page=page_assets(),
            state=state,
            made_at=utc_now(),
            run=result.state,
            name=result.name,
            states=STATES,
            head=figures_of(row, HEAD),
            about=figures_of(row, ABOUT),
            worth=worth_a_look(result),
            burned_note=BURNED_NOTE if burned else "",
            map_files=MAP_FILES if drawing else (),
            sections={section.key: section for section in found},
            made=made(result),
            tasks=tasks(result),
            data=page_data(runid, found) | {"map": drawing, "burned_note": BURNED_NOTE if burned else ""},
        )
    )


def page_assets() -> Assets:
    """The styles and scripts of every run's page."""
    return assets_of(LIBRARIES, STYLES, SCRIPTS)


def run_map(result: RunResult, row: Row) -> dict[str, Any] | None:
    """What the map draws, with every bend of the run's shapes; None where nothing is known to draw."""
    sketches = Sketches(1, fine=True)
    drawn = sketches.draw(result, row)
    return sketches.drawing([drawn]) if "b" in drawn else None


@dataclass(frozen=True)
class Figure:
    """A figure of the run as the page's head shows it; `digits`: decimals, None for as many as it needs."""

    column: Column
    value: Any
    text: str
    digits: int | None = None

    @property
    def unit(self) -> str:
        """Its unit; '' for a share or a count."""
        return "" if self.column.percent or self.column.unit == "1" else self.column.unit


def figures_of(row: Row, keys: Sequence[str]) -> list[Figure]:
    """The figures of a run that it has. Those of HEAD are results, with three digits that count."""
    known = {column.key: column for column in RUN_COLUMNS}
    found = []
    for key in keys:
        column, value = known[key], row[key]
        if value in (None, ""):
            continue
        digits = places(value) if key in HEAD else None if column.short else column.digits
        text = shown(value, digits) if key in HEAD else _text(column, value)
        found.append(Figure(column, value, f"{text} %" if column.percent else text, digits))
    return found


def _text(column: Column, value: Any) -> str:
    if column.short:
        return shown_short(value)
    return shown(100 * value if column.percent else value, column.digits)


def worth_a_look(result: RunResult) -> list[str]:
    """Flags of the outlet, warnings of the tasks, files that can't be read."""
    return list(dict.fromkeys([*flag_texts(result), *result.warnings, *result.problems]))


def page_data(runid: str, found: Sequence[Section]) -> dict[str, Any]:
    """What the page's scripts draw from."""
    content: Mapping[str, dict[str, Any]] = {section.key: section.content for section in found if section.content}
    data: dict[str, Any] = {"runid": runid, "units": US_UNITS, "months": MONTHS}
    if "flow" in content:
        data["flow"] = content["flow"]["series"]
    if "balance" in content:
        balance = content["balance"]
        data["balance"] = {kind: [term.to_json() for term in balance[kind]] for kind in ("years", "months")}
    if "events" in content:
        data["events"] = {key: content["events"][key] for key in ("points", "total_t")}
    if "periods" in content:
        data["periods"] = {
            "years": content["periods"]["years"],
            "quantities": [
                {key: quantity[key] for key in ("key", "label", "unit", "values")}
                for quantity in content["periods"]["quantities"]
            ],
        }
    if "hillslopes" in content:
        data["hillslopes"] = {
            key: content["hillslopes"][key] for key in ("curve", "half_area", "half_count", "label")
        }
    if "scenarios" in content:
        data["scenarios"] = {key: content["scenarios"][key] for key in ("figures", "lines", "base")}
    if "ash" in content:
        data["ash"] = {
            "years": content["ash"]["years"],
            "periods": [
                {"label": kind["label"], "values": [row and row["ash_t"] for row in kind["rows"]]}
                for kind in content["ash"]["periods"]
            ],
        }
    return data


def shown_day(day: date | None) -> str:
    """A day for people: an ISO date, or of simulated years that count from 1, as `year 7, 3 Sep`."""
    if day is None:
        return ""
    return day.isoformat() if day.year >= 1000 else f"year {day.year}, {day.day} {MONTHS[day.month - 1]}"


def shown_change(percent: float | None) -> str:
    """A change in percent with its sign."""
    if percent is None or percent != percent:
        return ""
    text = shown(round(abs(percent)), 0)
    return "±0 %" if text == "0" else f"{'+' if percent > 0 else '−'}{text} %"


def run_environment() -> Environment:
    """Jinja with the filters that a run's page needs beside those of every page."""
    made_with = environment()
    made_with.filters |= {"day": shown_day, "change": shown_change, "short": shown_short, "places": places}
    return made_with
