"""The sections of a run's page: which there are, what each shows, and where there is nothing, why.

In: a run result. Out: sections with plain values and the files that they come from. A file that can't be read costs
its own section, never the page.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from weppbatch.report.results import CANT_READ, WHY_OUTDATED, RunResult
from weppbatch.report.run_compared import ash, scenarios
from weppbatch.report.run_daily import SUMMARY, Daily
from weppbatch.report.run_files import RunFiles
from weppbatch.report.run_results import events, hillslopes, periods
from weppbatch.tasks import graph

Content = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """A section with what it shows; without that, `missing` says why. `files`: where it comes from."""

    key: str
    title: str
    content: Content = field(default_factory=dict)
    files: tuple[str, ...] = ()
    missing: str = ""


def _hydrograph(result: RunResult, files: RunFiles) -> Content:
    return {"series": Daily.read(files).series()}


def _balance(result: RunResult, files: RunFiles) -> Content:
    daily = Daily.read(files)
    return {
        "years": daily.by_year(),
        "months": daily.by_month(),
        "mean": daily.mean(),
        "warm_up": daily.warm_up,
        "missing_mm": daily.largest_missing_mm(),
        "closure_mm": files.json(SUMMARY).get("closure_mm_max"),
    }


def _hillslopes(result: RunResult, files: RunFiles) -> Content:
    found = hillslopes(result)
    files.read |= dict.fromkeys(
        ("wepp/hillslopes.parquet", "watershed/hillslopes.parquet", "landuse/landuse.parquet")
    )
    return found


# Title, the task that it shows the results of, and what makes it.
MAKERS: Mapping[str, tuple[str, str, Callable[[RunResult, RunFiles], Content]]] = {
    "flow": ("Hydrograph", "wepp", _hydrograph),
    "balance": ("Water balance", "wepp", _balance),
    "events": ("Sediment by event", "wepp", lambda result, files: events(files)),
    "periods": ("Return periods", "wepp", lambda result, files: periods(files)),
    "hillslopes": ("Hillslopes, ranked", "wepp", _hillslopes),
    "scenarios": ("Scenarios", "omni", lambda result, files: scenarios(files)),
    "ash": ("Ash", "watar", lambda result, files: ash(files)),
}


def sections(result: RunResult) -> list[Section]:
    """All sections of a run, in order."""
    return [_section(result, key, *maker) for key, maker in MAKERS.items()]


def _section(
    result: RunResult, key: str, title: str, task: str, make: Callable[[RunResult, RunFiles], Content]
) -> Section:
    if not result.shows(task):
        return Section(key, title, missing=_why_none(result, task))
    files = RunFiles(result.wd)
    try:
        return Section(key, title, make(result, files), tuple(files.read))
    except CANT_READ as error:
        said = error.args[0] if isinstance(error, KeyError) and error.args else error
        return Section(key, title, files=tuple(files.read), missing=f"Nothing to show: {said}.")


def _why_none(result: RunResult, task: str) -> str:
    """Why a task has no results that could be shown."""
    label = graph.spec_of(task).label
    if task in result.outdated:
        return f"The results of the task {label} are left out: {WHY_OUTDATED}."
    state = result.state.tasks.get(task)
    status = state.status if state else "not_selected"
    reason = f" ({state.reason})" if state and state.reason and status != "pending" else ""
    return f"The task {label} has no results: {status.replace('_', ' ')}{reason}."
