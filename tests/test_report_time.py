"""Who ran when, where the time went, what would make it faster: from records, and from times made up for a rule."""

import json
import re
from pathlib import Path

import pytest

from report_batch import fail, finish, ledger_of, make_batch
from report_page import CHROMIUM, Elements, data_of, in_chromium, unpacked
from weppbatch.batch.runner import BatchRunner
from weppbatch.errors import DataError
from weppbatch.report import advice
from weppbatch.report.advice import Facts, advice_of
from weppbatch.report.build import build_report
from weppbatch.report.timeline import Job, Start, jobs_of, starts_of, task_times
from weppbatch.report.timing import timeline_data, timing_of


def job(runid="a", task="wepp", began_s=0.0, length_s=100.0, *, cpu_s=None, host="one", waited_s=0.0, rss_mb=300.0):
    used = length_s if cpu_s is None else cpu_s
    return Job(
        runid, task, "succeeded", host, began_s, began_s + length_s, used, rss_mb, waited_s, 1, "batch:x:now"
    )


def start(*jobs: Job, cores: int = 2, began_s: float = 0.0, ended_s: float | None = None) -> Start:
    ended = max(one.ended_s for one in jobs) if ended_s is None else ended_s
    return Start("batch:x:now", cores, True, began_s, ended, jobs)


def facts(*jobs: Job, cores: int = 2, **more) -> Facts:
    return Facts(start(*jobs, cores=cores), task_times(jobs), **more)


def test_tasks_side_by_side_lie_on_lanes_of_their_own_and_of_their_machine():
    lanes = start(
        job("a", began_s=0, length_s=10),
        job("b", began_s=5, length_s=10),
        job("c", began_s=10, length_s=10),
        job("d", began_s=5, length_s=1, host="two"),
    ).lanes
    assert {key: [one.runid for one in jobs] for key, jobs in lanes.items()} == {
        ("one", 0): ["a", "c"],
        ("one", 1): ["b"],
        ("two", 0): ["d"],
    }


def test_a_core_is_busy_while_a_task_has_it_and_a_task_may_have_several():
    assert start(job(length_s=100), job("b", length_s=50)).busy_s() == pytest.approx(150)
    assert start(job(length_s=100, cpu_s=200)).busy_s() == pytest.approx(200)
    assert start(job(length_s=100, cpu_s=900)).busy_s() == pytest.approx(200), "never more than there are"
    assert start(job(length_s=100), ended_s=150).busy_s() == pytest.approx(100)


def test_the_end_begins_when_there_is_not_work_for_all_cores_any_more():
    assert start(job(length_s=100), job("b", length_s=40)).tail_s == pytest.approx(60)
    assert start(job(length_s=100), job("b", length_s=100)).tail_s == pytest.approx(0)


def test_where_the_time_went_is_summed_by_task_in_their_order():
    found = task_times(
        [job("a", "wepp", length_s=10), job("b", "wepp", length_s=30, rss_mb=900), job("a", "dem", length_s=60)]
    )
    assert [(time.task, time.count, time.wall_s) for time in found] == [("dem", 1, 60), ("wepp", 2, 40)]
    wepp = found[1]
    assert (wepp.median_s, wepp.largest_s, wepp.largest_run, wepp.peak_mb, wepp.peak_run) == (20, 30, "b", 900, "b")
    assert sum(time.share for time in found) == pytest.approx(1)


def test_a_timeline_comes_back_from_its_text_in_tenths_of_a_second():
    data = timeline_data([start(job("a", began_s=1.2), job("b", "dem", 0.0, 3.46))], ["a", "b"])
    found = data["starts"][0]
    columns = {name: unpacked(found[name]) for name in ("run", "task", "lane", "began", "length")}
    assert data["tasks"] == ["dem", "wepp"]
    assert sorted(zip(*columns.values(), strict=True)) == [(0, 1, 1, 12, 1000), (1, 0, 0, 0, 35)]


def test_a_thousand_runs_of_eighteen_tasks_take_little_room():
    jobs = [job(f"ws-{run}", began_s=run * 18.0 + at, length_s=0.9) for run in range(1000) for at in range(18)]
    assert len(json.dumps(timeline_data([start(*jobs)], [f"ws-{run}" for run in range(1000)]))) < 250_000


# --- advice: each rule with what it says, and with what makes it say nothing ---


def test_cores_idle_at_the_end_are_seen_and_a_late_start_is_named_as_the_cause():
    early = advice.idle_end(facts(job("big", length_s=1000), job("small", length_s=200)))
    late = advice.idle_end(
        facts(job("a", length_s=500), job("b", length_s=500), job("big", began_s=500, length_s=500))
    )
    assert (
        early is not None and "big was the last to end, with WEPP" in early.text and "had begun early" in early.text
    )
    assert late is not None and "--runs big first" in late.text
    assert advice.idle_end(facts(job("a", length_s=500), job("b", length_s=490))) is None
    assert advice.idle_end(facts(job("a", length_s=500), cores=1)) is None


def test_memory_that_lets_fewer_tasks_go_on_at_once_is_said_with_what_they_used():
    found = advice.memory_bound(facts(job(rss_mb=400), cores=4, asked_mb=3000, memory_mb=7000))
    assert found is not None and "2 at a time fit, for 4 cores" in found.text and "400 MB" in found.text
    assert advice.memory_bound(facts(job(), cores=2, asked_mb=3000, memory_mb=7000)) is None
    assert advice.memory_bound(facts(job(), cores=4)) is None


def test_a_task_that_takes_most_of_the_time_is_named_with_what_makes_it_less():
    found = advice.dominating(facts(job(length_s=300), job(task="dem", length_s=100)))
    assert found is not None and found.head == "WEPP takes most of the time" and "75 %" in found.text
    scenarios = [job(task=f"omni.uniform_{name}", length_s=100) for name in ("low", "high")]
    found = advice.dominating(facts(*scenarios, job(length_s=120)))
    assert found is not None and "omni.scenarios" in found.text
    assert advice.dominating(facts(*(job(task=name) for name in ("wepp", "dem", "soils")))) is None


def test_waiting_for_another_attempt_is_counted():
    found = advice.waited(facts(job(task="dem", waited_s=45), job("b", "dem", waited_s=30), job()))
    assert found is not None and "2 waited 75 s in all (DEM)" in found.text
    assert advice.waited(facts(job(task="dem", waited_s=45))) is None


def test_a_task_that_does_not_compute_is_seen_only_when_it_takes_much_of_the_time():
    found = advice.off_cpu(facts(job(task="dem", length_s=100, cpu_s=20), job(length_s=100)))
    assert found is not None and "DEM 20 %" in found.text and "WEPP" not in found.text
    assert advice.off_cpu(facts(job(task="dem", length_s=5, cpu_s=1), job(length_s=100))) is None


def test_time_between_short_tasks_is_seen():
    short = [job(f"r{at}", "clone", began_s=at * 2.0, length_s=0.5) for at in range(100)]
    found = advice.gaps(facts(*short, cores=1))
    assert found is not None and "less than 0.50 s" in found.text
    assert advice.gaps(facts(*(job(f"r{at}", began_s=at * 100.0) for at in range(5)), cores=1)) is None


def test_more_cores_are_advised_only_where_those_that_there_are_compute_all_the_time():
    busy = [job("a", length_s=500), job("b", length_s=500)]
    found = advice.more_cores(facts(*busy))
    assert found is not None and "100 % of the time of 2 cores" in found.text
    assert advice.more_cores(facts(*(job(name, length_s=500, cpu_s=100) for name in "ab"))) is None
    assert advice.more_cores(facts(*busy, cores=4)) is None


def test_a_start_of_less_than_a_minute_needs_no_advice():
    assert advice_of(facts(job(length_s=30))) == []
    assert advice_of(facts(job(length_s=300))) != []


# --- from a batch's records to the page ---


@pytest.fixture
def batch(root: Path) -> Path:
    """ws-1 done, ws-2 failed at its DEM, ws-3 untouched; the start said that it had three cores."""
    folder = make_batch(root, ["Cove Creek", "Titus Creek", "Añasco"])
    finish(folder, "ws-1")
    fail(folder, "ws-2", "dem", DataError("no DEM", hint="add one"))
    with BatchRunner.getInstance(folder).locked() as runner:
        runner.add_history("run_started", reason="", execution="batch:hills:now", cores=3)
    return folder


def test_records_tell_of_every_task_that_ended_also_of_a_failed_one(batch: Path):
    ledger = ledger_of(batch)
    jobs = jobs_of(ledger)
    assert [(one.runid, one.task, one.status) for one in jobs if one.status != "succeeded"] == [
        ("ws-2", "dem", "failed")
    ]
    assert {one.runid for one in jobs} == {"ws-1", "ws-2"} and len(jobs) == 8
    (found,) = starts_of(ledger, jobs)
    assert (found.cores, found.told_cores) == (3, True)
    assert all(one.wall_s == pytest.approx(3.0) for one in jobs)


def test_the_part_on_time_shows_what_the_records_say(batch: Path):
    html = build_report(ledger_of(batch)).read_text(encoding="utf-8")
    page = Elements(html)
    assert "8 tasks of 2 runs on 3 cores" in page.words
    data = data_of(html)["time"]
    assert data["starts"][0]["count"] == 8 and set(data["states"]) == {"failed", "succeeded"}
    assert "Where the time went" in page.words


def test_a_batch_without_a_record_has_no_part_on_time(root: Path):
    folder = make_batch(root, ["Cove Creek"])
    assert timing_of(ledger_of(folder)) is None
    assert 'id="time"' not in build_report(ledger_of(folder)).read_text(encoding="utf-8")


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_chromium_draws_the_timeline_without_an_error(batch: Path, tmp_path: Path):
    dom, console = in_chromium(build_report(ledger_of(batch)).as_uri(), tmp_path)
    assert not console
    label = re.search(r'<canvas id="time-lanes"[^>]*aria-label="([^"]*)"', dom)
    assert label is not None and label[1].startswith("8 tasks on 8 lanes")
    assert re.search(r'id="chart-cores".*?<svg[^>]*aria-label="Tasks at work', dom, re.S)
