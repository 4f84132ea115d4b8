"""What a plan lists is what Snakemake does, whatever state the runs are in, and looking changes nothing."""

import json
import os
import random
import re
import shutil
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from synthetic_batch import finish, finished_batch
from weppbatch.batch.drive import command, memory_mb
from weppbatch.batch.plan import Plan
from weppbatch.batch.profile import Profile
from weppbatch.batch.start import Start
from weppbatch.batch.work import Choice, Work, work_of
from weppbatch.commands.app import main
from weppbatch.files import write_json
from weppbatch.nodb.controls import set_fields
from weppbatch.nodb.watershed import Watershed
from weppbatch.tasks import graph
from weppbatch.tasks.record import TaskFiles

SEEDS = 6
MULCH = '{"kind": "mulch", "mulch_percent": 60, "base_scenario": "uniform_low"}'
OMNI = f'omni.scenarios=[{MULCH}, {{"kind": "uniform_low"}}]'
CHAIN = graph.chain(("uniform_low", "mulch_60_uniform_low"))
AFTER_SOILS = CHAIN.following(["soils"])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, sample_dem: Path) -> Path:
    """A finished batch of the demo's watersheds, with files of a few bytes."""
    root = tmp_path_factory.mktemp("synthetic")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(root))
        return finished_batch("many", sample_dem, OMNI)


@pytest.fixture
def batch(finished: Path, root: Path) -> Path:
    """A copy of the finished batch, for one test to change."""
    root.mkdir()
    return Path(shutil.copytree(finished, root / "many"))


def where() -> list[str]:
    """Snakemake's options for this machine, as a start gives them."""
    return Profile.named("default").options(2, memory_mb(), "batch:many:1")


def dry_run(batch: Path, work: Work) -> set[tuple[str, str]]:
    """The jobs that Snakemake would do when it is called as a start calls it."""
    start = Start.begin(batch)
    try:
        with start.handing_down(work.jobs) as (environment, descriptors):
            done = subprocess.run(
                command(batch, work, *where(), "--dry-run"),
                cwd=batch,
                env=os.environ | environment,
                pass_fds=descriptors,
                capture_output=True,
                text=True,
                check=False,
            )
    finally:
        start.lock.release()
    assert done.returncode == 0, done.stderr
    rule = r"^rule (\w+):\n(?:    .*\n)*?    wildcards: runid=([^\s,]+)(?:, scenario=(\S+))?$"
    found = re.findall(rule, done.stdout, re.MULTILINE)
    return {(graph.task_of(scenario) if scenario else name, runid) for name, runid, scenario in found}


def jobs(work: Work) -> set[tuple[str, str]]:
    return {(task, runid) for runid, tasks in work.jobs.items() for task in tasks}


def everything(batch: Path) -> dict[str, tuple[int, int, int]]:
    """Size, time of change and inode of every file and folder, which any write would change."""
    found = {}
    for path in batch.rglob("*"):
        state = path.stat()
        found[str(path.relative_to(batch))] = (state.st_size, state.st_mtime_ns, state.st_ino)
    return found


# --- what can have happened to a task of a run ------------------------------------------------------------------


def lose_proof(batch: Path, runid: str, task: str) -> None:
    TaskFiles(batch / "runs" / runid, task).sentinel.unlink(missing_ok=True)


def lose_file(batch: Path, runid: str, task: str) -> None:
    names = graph.spec_of(task).files
    (batch / "runs" / runid / names[len(runid) % len(names)]).unlink(missing_ok=True)


def change_setting(batch: Path, runid: str, task: str) -> None:
    with Watershed.getInstance(batch / "runs" / runid).locked() as control:
        control.csa_ha = 7.5


def change_input(batch: Path, runid: str, task: str) -> None:
    for name in graph.spec_of(task).declared[:1]:
        (batch / "runs" / runid / name).write_text("something else")


def make_again(batch: Path, runid: str, task: str) -> None:
    finish(batch, runid, task)


def fail(batch: Path, runid: str, task: str) -> None:
    """A failure of a start: Snakemake has removed the proof."""
    fail_by_hand(batch, runid, task)
    lose_proof(batch, runid, task)


def fail_by_hand(batch: Path, runid: str, task: str) -> None:
    """A failure beside the older proof."""
    cause = {"category": "data", "message": "no cells"}
    common = {"execution": "x", "status": "failed", "attempts": [], "started_at": "2026", "finished_at": "2026"}
    record = {**common, **cause, "first_cause": cause, "job_id": "1"}
    write_json(TaskFiles(batch / "runs" / runid, task).failed, record)


def kill(batch: Path, runid: str, task: str) -> None:
    mark = {"execution": "x", "status": "running", "started_at": "2026", "finished_at": None, "job_id": "1"}
    write_json(TaskFiles(batch / "runs" / runid, task).running, mark)


def lose_all(batch: Path, runid: str, task: str) -> None:
    shutil.rmtree(batch / "runs" / runid)


HAPPENINGS: tuple[Callable[[Path, str, str], None], ...] = (
    lose_proof,
    lose_file,
    change_setting,
    change_input,
    make_again,
    fail,
    fail_by_hand,
    kill,
    lose_all,
)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_plan_lists_exactly_what_snakemake_does(
    batch: Path, seed: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("weppbatch.batch.remembered.SETTLED_S", 0.0)
    assert main(["status", "many"]) == 0  # and what it remembers must not hide what happens now
    chance = random.Random(seed)
    runids = list(Plan(batch).runids)
    tasks = list(CHAIN.tasks)
    for runid in chance.sample(runids, 6):
        for _ in range(chance.choice((1, 1, 2))):
            if (batch / "runs" / runid).exists():
                chance.choice(HAPPENINGS)(batch, runid, chance.choice(tasks[1:]))
    off = chance.sample(list(graph.CHECKLIST), chance.choice((0, 1, 3)))
    if off:
        assert main(["tasks", "many", "--off", ",".join(off)]) == 0
    assert main(["exclude", "many", chance.choice(runids), "--why", "a reservoir"]) == 0
    choice = Choice(
        runs=chance.choice(("all", "all", "0:5", "@failed,@stale", "@missing")),
        tasks=chance.choice((None, None, ("climate",), ("outlet", "soils"), ("omni.uniform_low",))),
        force=chance.choice((None, None, True)),
        pilot=chance.random() < 0.2,
    )
    before = everything(batch)
    _, work = work_of(batch, choice)
    options = ["--runs", choice.runs, *(["--tasks", ",".join(choice.tasks)] if choice.tasks else [])]
    options += [*(["--force"] if choice.force else []), *(["--pilot"] if choice.pilot else [])]
    capsys.readouterr()
    assert main(["run", "many", "-n", "--json", *options]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert main(["run", "many", "-n", *options]) == 0
    assert everything(batch) == before, "looking changed the batch"
    assert {(job["task"], job["runid"]) for job in listed["jobs"]} == jobs(work)
    assert dry_run(batch, work) == jobs(work), (choice, off)
    shutil.rmtree(batch / ".cache")
    assert work_of(batch, choice)[1] == work, "what was remembered is not what there is"


def test_what_rests_on_a_job_is_a_job_too_but_for_what_is_kept(batch: Path):
    lose_proof(batch, "ws-1", "outlet")
    lose_proof(batch, "ws-1", "landuse")
    assert main(["tasks", "many", "--off", "soils"]) == 0
    _, work = work_of(batch)
    assert dry_run(batch, work) == jobs(work)
    assert dict(work.jobs) == {
        "ws-1": {
            "outlet": "not done yet",
            "watershed": "outlet is to be made again",
            "landuse": "not done yet",
            "climate": "watershed is to be made again",
            "wepp": "landuse is to be made again",
            "watar": "climate is to be made again",
            **{f"omni.{name}": "landuse is to be made again" for name in CHAIN.scenarios},
            "omni": "wepp is to be made again",
        }
    }


def test_what_happened_to_an_unticked_task_beside_its_result_is_no_work(batch: Path):
    assert main(["tasks", "many", "--off", "soils,climate"]) == 0
    fail_by_hand(batch, "ws-1", "soils")
    kill(batch, "ws-2", "climate")
    change_input(batch, "ws-3", "watershed")
    ledger, work = work_of(batch)
    assert {(runid, task) for task, runid in jobs(work)} == {("ws-3", task) for task in ("landuse", *AFTER_SOILS)}
    assert ledger.runs["ws-1"].status == ledger.runs["ws-2"].status == "succeeded"


def test_one_setting_of_the_ash_is_one_job_of_its_own_run(batch: Path):
    set_fields(batch / "runs" / "ws-2", ["ash.white_depth_mm=8"])
    _, work = work_of(batch)
    assert jobs(work) == {("watar", "ws-2")} == dry_run(batch, work)


def test_a_file_touched_but_not_changed_is_no_work_and_a_changed_one_is(batch: Path):
    dem = batch / "runs" / "ws-1" / "dem" / "dem.tif"
    dem.write_text(dem.read_text())
    assert not work_of(batch)[1].jobs
    dem.write_text("other heights")
    assert work_of(batch)[1].jobs["ws-1"]["outlet"] == "dem/dem.tif was changed since"


def test_a_task_that_asks_for_more_memory_than_there_is_gets_all_of_it(
    batch: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WEPPBATCH_MEM_MB", "500")
    lose_proof(batch, "ws-1", "wepp")
    _, work = work_of(batch)
    assert Plan(batch).mem_mb("ws-1", 2) >= 2 * Plan(batch).mem_mb("ws-1", 1) - 1 > 1000
    assert "mem_mb=500" in where()
    assert dry_run(batch, work) == jobs(work)
    monkeypatch.setenv("WEPPBATCH_MEM_MB", "much")
    assert main(["run", "many"]) == 2


def test_snakemakes_marks_of_a_killed_start_do_not_redo_what_is_finished(batch: Path):
    lose_proof(batch, "ws-1", "wepp")
    marks = batch / ".snakemake" / "incomplete"
    marks.mkdir(parents=True)
    (marks / urlsafe_b64encode(graph.sentinel("ws-1", "soils").encode()).decode()).write_text("")
    _, work = work_of(batch)
    assert jobs(work) == {(task, "ws-1") for task in AFTER_SOILS} == dry_run(batch, work)
