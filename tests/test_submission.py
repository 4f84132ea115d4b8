"""A submission to a cluster, as far as it needs none: shares, needs, what it keeps away, and what is staged."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from weppbatch.batch.plan import Plan
from weppbatch.batch.profile import Profile, job_prefix
from weppbatch.batch.stage import fetching, local_files, of_this_machine, unreadable
from weppbatch.batch.submission import FOLDER, RECORD, Submission, unended
from weppbatch.batch.submit import DRIVER_MB, needs_of, shares_of
from weppbatch.commands.app import main
from weppbatch.errors import BatchBusy, InputError
from weppbatch.files import shipped, write_json
from weppbatch.lock import Lock
from weppbatch.nodb.ron import Ron
from weppbatch.tasks import graph

EXECUTION = "batch:sub:2026-01-31T12:00:00.000Z"


@pytest.fixture
def batch(new_batch: Callable[[str], Path]) -> Path:
    """A batch of two watersheds, without a run done."""
    return new_batch("sub")


@pytest.fixture
def plan(batch: Path) -> Plan:
    """The plan of a batch whose forty watersheds are of very different size."""
    plan = Plan(batch)
    entry = plan.entries["ws-1"]
    plan.entries = {f"r{index}": entry | {"area_m2": 1e6 * 1.2**index} for index in range(40)}
    return plan


def without_slurm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no command of Slurm be found."""
    monkeypatch.setenv("PATH", str(tmp_path))


def submitted(batch: Path) -> Submission:
    """The record of a submission that nobody has ended."""
    submission = Submission(
        folder=batch,
        execution=EXECUTION,
        by="anna",
        host="login1",
        at="2026-01-31T12:00:01.000Z",
        named=None,
        shards=[["ws-1"], ["ws-2"]],
        cores=1,
        mem_mb=1000,
        minutes=10,
        array_job="17",
        last_job="18",
    )
    submission.write()
    return submission


@pytest.mark.parametrize("elements", [1, 3, 8, 40, 100])
def test_every_run_is_in_one_share_and_the_shares_are_about_equal(plan: Plan, elements: int):
    shares = shares_of(plan, plan.runids, elements)
    assert len(shares) == min(elements, 40)
    assert sorted(runid for share in shares for runid in share) == sorted(plan.entries)
    cells = [sum(plan.window_cells(runid) for runid in share) for share in shares]
    largest = max(plan.window_cells(runid) for runid in plan.entries)
    assert max(cells) <= max(largest + 1e5, 1.2 * sum(cells) / len(cells))


def test_what_an_element_asks_for_follows_from_the_sizes_of_its_runs(plan: Plan):
    small, large = ["r0", "r1", "r2"], ["r37", "r38", "r39"]
    mem_mb, minutes = needs_of(plan, [small, large], plan.tasks, 2)
    assert mem_mb == DRIVER_MB + max(plan.mem_mb("r39", 1) + plan.mem_mb("r38", 1), plan.mem_mb("r39", 2))
    assert needs_of(plan, [small], plan.tasks, 2)[0] < mem_mb
    assert needs_of(plan, [large * 40], plan.tasks, 2)[1] > minutes >= plan.runtime_min("r39", 1)


def test_those_who_share_a_lock_keep_out_who_wants_it_alone(tmp_path: Path):
    first, second, alone = (Lock(tmp_path / ".lock") for _ in range(3))
    first.share()
    second.share()
    with pytest.raises(BatchBusy):
        alone.acquire()
    first.release()
    with pytest.raises(BatchBusy):
        alone.acquire()
    second.release()
    alone.acquire()
    with pytest.raises(BatchBusy):
        first.share()
    assert alone.holder() is not None
    alone.release()


def test_one_who_shared_a_lock_leaves_the_note_of_its_holder(tmp_path: Path):
    lock = Lock(tmp_path / ".lock")
    write_json(lock.note, {"user": "anna", "execution": EXECUTION})
    lock.share()
    lock.release()
    assert lock.holder() == {"user": "anna", "execution": EXECUTION}


def test_where_slurm_is_missing_submit_says_so_and_leaves_nothing(
    batch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    without_slurm(monkeypatch, tmp_path)
    assert main(["submit", "sub", "--array", "2"]) == 2
    assert "no sbatch" in capsys.readouterr().err
    assert unended(batch) is None
    assert not Lock(batch / ".lock").is_held()


def test_a_submission_that_can_not_be_asked_for_keeps_every_start_away(
    batch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    without_slurm(monkeypatch, tmp_path)
    submitted(batch)
    for command in (["run", "sub"], ["submit", "sub", "--array", "2"]):
        assert main(command) == 4
        said = capsys.readouterr().err
        assert "Slurm job 17 of anna" in said and str(batch / FOLDER / RECORD) in said


def test_a_submission_that_has_ended_keeps_nobody_away(batch: Path, tmp_path: Path):
    made = batch / FOLDER / "1" / ".snakemake" / "metadata" / "@long" / "name"
    made.parent.mkdir(parents=True)
    made.write_text("{}")
    submitted(batch).end("done")
    assert unended(batch) is None
    assert (batch / ".snakemake" / "metadata" / "@long" / "name").read_text() == "{}"
    assert not (batch / FOLDER / "1").exists()


def test_a_record_that_is_none_is_named(batch: Path):
    write_json(batch / FOLDER / RECORD, {"kind": "slurm array", "jobs": 3})
    with pytest.raises(InputError, match=re.escape(str(batch / FOLDER / RECORD))):
        Submission.read(batch)


def test_staging_names_every_file_that_can_not_be_read(
    batch: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["stage", "sub"]) == 0
    said = capsys.readouterr().out
    assert "1 files can be read. To be fetched: nothing." in said
    with Ron.getInstance(batch / "_base").locked() as ron:
        ron.dem = str(tmp_path / "gone.tif")
    assert main(["stage", "sub"]) == 2
    assert f"{tmp_path / 'gone.tif'}: No such file" in capsys.readouterr().err
    assert main(["submit", "sub", "--array", "2"]) == 2
    assert "gone.tif" in capsys.readouterr().err


def test_the_parts_of_a_mosaic_have_to_be_readable_too(batch: Path, sample_dem: Path, tmp_path: Path):
    part = Path(shutil.copy(sample_dem, tmp_path / "part.tif"))
    mosaic = tmp_path / "dem.vrt"
    mosaic.write_text(
        '<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand dataType="Int16" band="1"><SimpleSource>'
        f'<SourceFilename relativeToVRT="0">{part}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>'
        "</VRTRasterBand></VRTDataset>"
    )
    with Ron.getInstance(batch / "_base").locked() as ron:
        ron.dem = str(mosaic)
    plan = Plan(batch)
    assert local_files(plan, plan.runids, plan.tasks) == [mosaic, part]
    part.unlink()
    assert unreadable([mosaic, part]) == [f"{part}: No such file or directory"]


def test_only_what_fetches_is_done_ahead_and_submit_waits_for_it(batch: Path, capsys: pytest.CaptureFixture[str]):
    with Ron.getInstance(batch / "_base").locked() as ron:
        ron.dem = "https://127.0.0.1:9/dem.tif"
    plan = Plan(batch)
    assert fetching(plan, plan.runids, plan.tasks) == ("dem",)
    assert main(["submit", "sub", "--array", "2"]) == 2
    assert "dem of 2 runs is to be fetched first" in capsys.readouterr().err
    assert main(["stage", "sub", "--cores", "2"]) == 1, "nothing answers there"
    left = capsys.readouterr().out
    assert "dem: " in left
    made = {path.name for path in batch.glob("runs/ws-1/.tasks/*.json")}
    assert made == {"clone.json", "extent.json", "dem.failed.json"}


@pytest.mark.parametrize(
    ("source", "remote"),
    [
        ("https://example.org/dem.tif", True),
        ("s3://bucket/dem.tif", True),
        ("/vsicurl/https://example.org/dem.tif", True),
        ("/vsizip/maps.zip/dem.tif", False),
        ("file:///data/dem.tif", False),
        ("/data/dem.tif", False),
        ("uploads/dem.tif", False),
    ],
)
def test_what_is_read_over_a_network_is_known_by_its_address(source: str, remote: bool):
    assert graph.is_remote(source) is remote


def test_a_disk_of_this_machine_is_told_from_a_shared_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/vda / ext4 rw 0 0\nnas:/home /home nfs4 rw 0 0\ntmpfs /home/anna/tmp tmpfs rw 0 0\n")
    monkeypatch.setattr("weppbatch.batch.stage.MOUNTS", mounts)
    monkeypatch.setattr("sys.prefix", "/home/anna/venv")
    assert of_this_machine([Path("/home/anna/fire"), Path("/data/dem.tif"), Path("/home/anna/tmp/x")]) == [
        "/data/dem.tif (ext4 on /)",
        "/home/anna/tmp/x (tmpfs on /home/anna/tmp)",
    ]


def test_the_slurm_profile_groups_every_task_and_bounds_the_queue():
    settings = yaml.safe_load((shipped("profiles") / "slurm" / "config.yaml").read_text())
    assert settings["groups"] == dict.fromkeys([*graph.TASKS, "scenario"], "watershed")
    assert settings["jobs"] == 100 and settings["max-jobs-per-timespan"]
    assert settings["slurm-status-command"] == "squeue"


def test_a_start_on_slurm_names_its_jobs_after_its_execution():
    execution = f"batch:{'n' * 29}:2026-01-31T12:00:00.000Z"
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,50}", job_prefix(execution))
    assert job_prefix(execution) == f"{'n' * 29}-20260131T120000000Z"
    options = Profile.named("slurm").options(4, 9000, execution)
    assert job_prefix(execution) in options and "--cores" not in options
    assert {"4", "mem_mb=9000"} < set(Profile.named("default").options(4, 9000, execution))


def test_a_profile_that_is_not_there_is_refused(batch: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["run", "sub", "--profile", "slrum"]) == 2
    assert "there is no profile 'slrum'" in capsys.readouterr().err
