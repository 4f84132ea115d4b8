"""What the page holds of a large batch: records in short rows, causes and notices said once, the start in words."""

import json
from pathlib import Path
from typing import Any

import pytest

from report_batch import finish, ledger_of, make_batch
from report_page import Elements, data_of
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.states import RunState, TaskState
from weppbatch.errors import DataError
from weppbatch.nodb.controls import set_fields
from weppbatch.report import records
from weppbatch.report.asked import last_start
from weppbatch.report.build import build_report
from weppbatch.report.causes import Cause, Causes, Notices
from weppbatch.report.records import Records
from weppbatch.tasks import graph

METRICS = {f"figure_{place}_t_ha_yr": 1.23456789 * place for place in range(12)}


def done(**more: Any) -> TaskState:
    """A task that succeeded, as its sentinel says."""
    record = {
        **{"attempt": 1, "started_at": "2026-01-31T12:00:05.000Z", "finished_at": "2026-01-31T12:00:08.250Z"},
        **{"wall_s": 3.25, "cpu_s": 2.5, "max_rss_mb": 310.4, "host": "node-7", "job_id": "77", "warnings": []},
        **{"versions": {"weppbatch": "1", "engine": "embedded 1.2"}, "metrics": METRICS, "status": "succeeded"},
    } | more
    state = TaskState("succeeded")
    state.__dict__["record"] = record
    return state


def failed(message: str, trace: str) -> TaskState:
    state = TaskState("failed", f"dem: {message}")
    state.__dict__["record"] = (done().record or {}) | {
        **{"category": "data", "message": message, "hint": "add a DEM", "traceback": trace},
        **{"log": "logs/a/dem.log", "first_cause": {"message": message}},
    }
    return state


def batch_of(runs: int, **tasks: TaskState) -> Records:
    gathered = Records()
    for place in range(runs):
        gathered.add(RunState(f"ws-{place}", "succeeded", "", tasks))
    return gathered


def test_a_thousand_runs_of_eighteen_tasks_take_less_than_a_megabyte_of_records():
    names = [*graph.TASKS, *(f"omni.scenario_{place}" for place in range(18 - len(graph.TASKS)))]
    told = batch_of(1000, **{name: done() for name in names}).to_json(names)
    assert len(json.dumps(told, separators=(",", ":"))) < 1_000_000
    assert told["details"] is False
    assert told["texts"] == ["node-7", "weppbatch 1 · embedded 1.2"]
    assert told["runs"][999][17] == [0, None, 3.25, 0, 3.2, 310, 0, 1]


def test_a_hundred_runs_have_their_figures_in_the_page_with_the_digits_that_count():
    names = list(graph.TASKS)[:10]
    told = batch_of(100, **{name: done() for name in names}).to_json(names)
    assert told["details"] is True
    more = told["runs"][0][0][-1]
    assert more["metrics"]["figure_3_t_ha_yr"] == 3.7037
    assert (more["cpu_s"], more["job_id"], told["texts"][more["versions"]]) == (
        *(2.5, "77", "weppbatch 1 · embedded 1.2"),
    )
    assert len(json.dumps(told)) < 1_000_000


def test_failures_keep_message_hint_and_trace_however_many_there_are():
    many = Records()
    for place in range(500):
        trouble = failed(f"no elevations at {place}", "Traceback " + "x" * 3000)
        many.add(RunState(f"ws-{place}", "failed", "", {"dem": trouble}))
    told = many.to_json(["dem"])
    first, last = told["runs"][0][0][-1], told["runs"][-1][0][-1]
    assert told["texts"][last["message"]] == "no elevations at 499"
    assert told["texts"][last["hint"]] == "add a DEM"
    assert first["traceback"] == last["traceback"]  # the same text once


def test_traces_that_all_differ_are_kept_for_the_first_of_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(records, "TRACES_BYTES", 5000)
    many = Records()
    for place in range(5):
        many.add(RunState(f"ws-{place}", "failed", "", {"dem": failed("no", f"{place}" * 3000)}))
    kept = ["traceback" in run[0][-1] for run in many.to_json(["dem"])["runs"]]
    assert kept == [True, True, False, False, False]


def test_the_same_cause_in_many_runs_is_said_once():
    causes = Causes()
    for runid, hillslope in (("oak-1", 12), ("oak-2", 7), ("elm", 3)):
        text = f"hillslope {hillslope} of {runid} does not close by {hillslope}.5e-3 mm"
        causes.add(runid, Cause("failed", text, task="wepp", where="in WEPP · engine"))
    causes.add("fir", Cause("failed", "no elevations", task="dem", where="in DEM · data"))
    causes.add("ash", Cause("pending", "not done yet"))
    found = causes.listed(["failed", "pending"])
    assert [(cause.runs, cause.alike) for cause in found] == [
        *((["oak-1", "oak-2", "elm"], True), (["fir"], False), (["ash"], False)),
    ]
    assert found[0].message == "hillslope 12 of oak-1 does not close by 12.5e-3 mm"


def test_notices_of_most_runs_come_first():
    notices = Notices()
    for runid in ("a", "b", "c"):
        notices.add(runid, "the record has 30 years" if runid != "c" else "the record has 12 years")
    notices.add("b", "touches the edge")
    assert [(notice.text, notice.runs, notice.alike) for notice in notices.listed()] == [
        *(("the record has 30 years", ["a", "b", "c"], True), ("touches the edge", ["b"], False)),
    ]


def test_a_page_of_many_runs_with_one_trouble_lists_it_once_and_folds_the_ids(root: Path):
    folder = make_batch(root, [f"Creek {place}" for place in range(12)])
    set_fields(folder / "_base", ["watershed.csa_ha=5"])
    html = build_report(ledger_of(folder)).read_text(encoding="utf-8")
    text = Elements(html).words
    assert "pending 12 runs not done yet" in text and "and 4 more" in text
    data = data_of(html)
    assert len(data["groups"][0]) == 12
    assert "watershed.csa_ha 5.0 default 10.0" in text[text.index("Configuration") : text.index("Runs and tasks")]


def test_what_the_last_start_was_asked_is_said_in_words(root: Path):
    folder = make_batch(root, ["Cove Creek"])
    assert last_start(BatchRunner.getInstance(folder)) is None
    with BatchRunner.getInstance(folder).locked() as runner:
        asked = {"runs": "failed,<b>1:3</b>", "tasks": ["dem", "wepp"], "force": True, "pilot": False}
        runner.add_history("run_started", reason="for <i>BAER</i>", runs=1, asked=asked, execution="batch:hills:x")
    finish(folder, "ws-1")
    start = last_start(BatchRunner.getInstance(folder))
    assert start is not None
    assert start.facts["Watersheds"] == "failed,<b>1:3</b>; 1 had something to do"
    assert start.facts["Tasks"] == "DEM, WEPP"
    assert start.facts["Forced"].startswith("yes")
    html = build_report(ledger_of(folder)).read_text(encoding="utf-8")
    assert "for &lt;i&gt;BAER&lt;/i&gt;" in html and "failed,&lt;b&gt;1:3&lt;/b&gt;" in html
    assert "<i>BAER" not in html


def test_a_failure_and_a_first_cause_that_differ_are_both_told():
    state = failed("no memory", "")
    assert state.record is not None
    state.record["first_cause"] = {"message": str(DataError("no elevations"))}
    gathered = Records()
    gathered.add(RunState("a", "failed", "", {"dem": state}))
    told = gathered.to_json(["dem"])
    assert told["texts"][told["runs"][0][0][-1]["first_cause"]] == "no elevations"
