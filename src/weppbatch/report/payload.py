"""The page's data: columns, rows, records, scenarios, words and units, which its scripts draw tables from.

Takes what was gathered of the batch and gives one JSON value, compact enough for a thousand runs. No markup here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from weppbatch.report.ash import BY_CLASS, BY_PERIOD
from weppbatch.report.columns import RUN_COLUMNS, VIEWS, Column
from weppbatch.report.overview import BURNED_NOTE
from weppbatch.report.scenarios import Scenarios
from weppbatch.report.summary import Summary
from weppbatch.report.tables import Row
from weppbatch.report.units import US_UNITS
from weppbatch.report.words import STATES
from weppbatch.tasks import graph

ALWAYS = ("runid", "status", "iou", "flags")  # the columns that stand even where no run has a value
METHODS = {"find_outlet": "FindOutlet", "overlap": "best overlap", "requested": "nearest channel"}


def payload(
    summary: Summary, scenarios: Scenarios, columns: Sequence[Column], rows: Sequence[Row], drawing: dict[str, Any]
) -> dict[str, Any]:
    """All of it. rows: one a run, in the order of the ledger's runs; columns: those of them that the page shows."""
    runs = summary.ledger.runs
    tasks = graph.ordered([*graph.TASKS, *(task for run in runs.values() for task in run.tasks)])
    return {
        "batch": summary.ledger.plan.runner.batch_name,
        "columns": [described(column) for column in columns],
        "views": views_of(columns),
        "rows": [[cell(column, row) for column in columns] for row in rows],
        "tasks": {name: _label(name, tasks) for name in tasks},
        "scenario_tasks": sum(1 for name in tasks if graph.scenario_of(name)),
        "states": STATES,
        "records": summary.records.to_json(tasks),
        "groups": [*(cause.runs for cause in summary.causes), *(notice.runs for notice in summary.notices)],
        "ash": [*BY_CLASS, *BY_PERIOD],
        "scenarios": scenarios.to_json(),
        "units": US_UNITS,
        "burned_note": BURNED_NOTE,
        "map": drawing,
        "pages": [],
    }


def page_columns(rows: Sequence[Row]) -> list[Column]:
    """The columns of the results table that are worth their place: the run's own, and those with a value."""
    return [column for column in RUN_COLUMNS if column.on_page and (column.key in ALWAYS or _filled(column, rows))]


def views_of(columns: Sequence[Column]) -> dict[str, str]:
    """The views of the results table that have columns of their own; none while only the terrain is done."""
    own = {column.views[0] for column in columns if column.views and column.key not in ("name", *ALWAYS[:2])}
    return {key: label for key, label in VIEWS.items() if key in own} if own & {"results", "inputs"} else {}


def described(column: Column) -> dict[str, Any]:
    """A column as the page's scripts know it; what it does not have is left out."""
    found = {
        "key": column.key,
        "label": column.label,
        "unit": "" if column.percent or column.unit == "1" else column.unit,
        "digits": column.digits,
        "percent": column.percent,
        "short": column.short,
        "style": column.style,
        "help": column.help,
        "views": column.views,
        "numeric": column.numeric,
    }
    return {key: value for key, value in found.items() if value or (key == "digits" and value == 0)}


def cell(column: Column, row: Row) -> Any:
    """A cell: a number in the column's unit with seven digits, a text in the page's words, None for nothing."""
    value = row[column.key]
    if value is None or value == "":
        return None
    if isinstance(value, float):
        if not np.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 1e15 else float(f"{value:.7g}")
    if column.key in ("flags", "weather"):
        return str(value).replace("_", " ")
    if column.key == "synthetic":
        return ", ".join(graph.TASKS[task].label for task in graph.TASKS if task in str(value).split("; "))
    return METHODS.get(value, value) if column.key == "outlet_method" else value


def _label(task: str, tasks: Sequence[str]) -> str:
    """What a task is called in the matrix: a scenario by its name, and their summary apart from them."""
    if task == graph.SUMMARY and any(map(graph.scenario_of, tasks)):
        return "Scenarios compared"
    return graph.scenario_of(task).replace("_", " ") or graph.spec_of(task).label


def _filled(column: Column, rows: Sequence[Row]) -> bool:
    return any(row[column.key] not in (None, "") for row in rows)
