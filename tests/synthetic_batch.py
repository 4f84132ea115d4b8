"""A batch of many finished runs without the work: true controls and sentinels over files of a few bytes."""

from pathlib import Path

from conftest import make_batch
from weppbatch.batch.plan import Plan
from weppbatch.commands.app import main
from weppbatch.files import shipped
from weppbatch.nodb import workspace
from weppbatch.tasks import graph
from weppbatch.tasks.configuration import engine_version
from weppbatch.tasks.record import Record, TaskFiles, Usage, file_entries


def finished_batch(name: str, sample_dem: Path, *settings: str) -> Path:
    """A batch of the demo's watersheds, every task of every run done."""
    folder = make_batch(name, sample_dem, shipped("config") / "demo" / "watersheds.geojson")
    assert main(["tasks", name, "--on", "all"]) == 0
    assert not settings or main(["set", name, *settings]) == 0
    snapshot = workspace.snapshot(folder)
    for runid in Plan(folder).runids:
        wd = folder / "runs" / runid
        wd.mkdir(parents=True)
        workspace.clone(folder / ".snapshots" / snapshot, wd, wd)
        for task in Plan(folder).chain(runid).tasks:
            finish(folder, runid, task)
    return folder


def finish(folder: Path, runid: str, task: str, *, wall_s: float = 1.0, rss_mb: float = 100.0) -> None:
    """Leave what the task leaves when it succeeds, as of now."""
    plan = Plan(folder, work={runid: [task]})
    files = TaskFiles(folder / "runs" / runid, task)
    made = [name for name in graph.spec_of(task).files if task != "clone"]
    for name in made:
        (files.wd / name).parent.mkdir(parents=True, exist_ok=True)
        (files.wd / name).write_text(f"{name} of {runid}")
    read = [name for before in plan.chain(runid).after(task) for name in graph.spec_of(before).declared]
    record = Record(
        execution="batch:synthetic:1",
        job_id="1",
        task=task,
        runid=runid,
        attempt=1,
        started_at="2026-01-01T00:00:00.000Z",
        finished_at="2026-01-01T00:00:01.000Z",
        host="here",
        pid=1,
        config_sha256=plan.digest(task, runid),
        engine=engine_version(task),
        usage=Usage(wall_s, wall_s, rss_mb),
    )
    files.folder.mkdir(exist_ok=True)
    record.write_sentinel(
        files,
        inputs=file_entries(files.wd, read),
        outputs=file_entries(files.wd, made),
        metrics={},
        warnings=[],
        degraded=False,
    )
    files.failed.unlink(missing_ok=True)
    files.running.unlink(missing_ok=True)
