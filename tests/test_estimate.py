"""What a start will cost, told from what finished tasks recorded."""

import shutil
from pathlib import Path

import pytest

from synthetic_batch import finish, finished_batch
from weppbatch.batch.estimate import Line, estimate, spoken_bytes, spoken_s
from weppbatch.batch.pilot import judge
from weppbatch.batch.plan import Plan
from weppbatch.batch.work import Choice, Work, work_of
from weppbatch.tasks import graph


def test_a_line_goes_through_its_points_and_is_nowhere_negative():
    assert Line.through([1, 2, 4], [5, 7, 11]) == Line(3, 2)
    assert Line.through([1, 2], [5, 7]).at(10) == pytest.approx(10 * (1 * 5 + 2 * 7) / 5)
    assert Line.through([3], [6]) == Line(0, 2)
    assert Line.through([1, 2, 3], [9, 6, 3]) == Line(6, 0), "falling"
    steep = Line.through([1, 2, 3], [0, 2, 6])
    assert steep.base == 0 and steep.slope > 0
    assert Line.through([2, 2, 2], [4, 4, 4]) == Line(0, 2)


@pytest.fixture
def batch(root: Path, sample_dem: Path) -> Path:
    """Four runs of ten are done; extent took 2 s and 1 s for every 10,000 cells, 100 MB and 50 for every 10,000."""
    folder = finished_batch("many", sample_dem)
    plan = Plan(folder)
    for number, runid in enumerate(plan.runids):
        if number % 3:
            shutil.rmtree(folder / "runs" / runid)
            continue
        cells = plan.window_cells(runid)
        finish(folder, runid, "extent", wall_s=2 + cells / 1e4, rss_mb=100 + cells / 200)
        for task in list(graph.TASKS)[2:]:
            finish(folder, runid, task, wall_s=0.0)
    return folder


def test_an_estimate_follows_what_was_measured(batch: Path):
    ledger, work = work_of(batch, Choice(tasks=("extent",)))
    assert len(work.jobs) == 6
    told = estimate(ledger, work, cores=2)
    cells = [ledger.plan.window_cells(runid) for runid in work.runids]
    extents_s = sum(2 + size / 1e4 for size in cells)
    assert told.by_task_s["extent"] == pytest.approx(extents_s, rel=0.01)
    assert told.task_s == pytest.approx(extents_s + 6, rel=0.3)  # and a second for each clone
    assert told.wall_s == pytest.approx(told.task_s / 2)
    assert told.memory_mb == pytest.approx(max(100 + max(cells) / 200, 100), rel=0.05)
    assert told.disk_bytes == pytest.approx(6 * len("watershed.geojson of ws-1extent.json of ws-1"), rel=0.1)
    assert told.unknown == {}
    one = estimate(ledger, work.only(work.runids[:1]), cores=8)
    assert one.wall_s == pytest.approx(one.task_s), (
        "one run's tasks follow each other, however many cores there are"
    )


def test_what_was_never_done_is_named_and_not_guessed(batch: Path):
    for runid in Plan(batch).runids:
        (batch / graph.sentinel(runid, "wepp")).unlink(missing_ok=True)
    ledger, work = work_of(batch)
    told = estimate(ledger, work, cores=2)
    assert told.unknown == {"wepp": 10}
    assert "Nothing is known yet about the cost of wepp (10)" in " ".join(told.words())
    nothing = estimate(ledger, Work({"ws-1": {"wepp": "not done yet"}}, {}), cores=2)
    assert nothing.to_json()["wall_s"] is None and len(nothing.words()) == 1


def test_a_pilot_says_what_it_tried_and_how_it_goes_on_from_there(batch: Path):
    ledger, rest = work_of(batch)
    tried = [runid for runid in ledger.plan.runids if runid not in rest.jobs][:3]
    (batch / graph.sentinel(tried[1], "watar")).unlink()
    ledger, rest = work_of(batch)
    told = judge(ledger, tried, rest, cores=2)
    words = " ".join(told.words())
    assert f"the largest, {tried[0]}" in words and f"the smallest, {tried[2]}" in words
    assert f"{tried[1]} is not complete: watar is to be done." in words
    assert "straight line in the cells" in words and "7 runs are left" in words


def test_times_and_sizes_are_said_as_people_say_them():
    assert [spoken_s(seconds) for seconds in (0.2, 40, 300, 7800, 260_000)] == [
        "1 s",
        "40 s",
        "5 min",
        "2 h 10 min",
        "3 d 0 h",
    ]
    assert [spoken_bytes(count) for count in (900, 12e6, 3.44e9, 2e12)] == ["1 kB", "12 MB", "3.44 GB", "2 TB"]
