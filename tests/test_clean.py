"""What is of no more use is listed, and removed only when it is named; a batch only when its name is said again."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import begun
from weppbatch.batch.clean import TRASH, leftovers
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.app import main
from weppbatch.lock import holding


@pytest.fixture
def batch(new_batch: Callable[[str], Path]) -> Path:
    """A batch of two watersheds whose windows are made."""
    folder = new_batch("untidy")
    begun(folder, "extent")
    return folder


def listed(batch: Path) -> set[tuple[str, str]]:
    return {(one.kind, str(one.path.relative_to(batch))) for one in leftovers(batch)}


def everything(batch: Path) -> set[Path]:
    return set(batch.rglob("*"))


def test_a_tidy_batch_has_nothing_to_remove(batch: Path, capsys: pytest.CaptureFixture[str]):
    assert listed(batch) == set()
    before = everything(batch)
    assert main(["clean", "untidy", "--vanished", "--excluded", "--scratch", "--resources", "--yes"]) == 0
    assert "Nothing to remove" in capsys.readouterr().out
    assert everything(batch) == before


def make_scratch(batch: Path) -> dict[str, Path]:
    """What killed and failed tasks and writers leave."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    tasks = batch / "runs" / "ws-1" / ".tasks"
    left = {
        "killed": tasks / "dem.scratch",
        "failed": tasks / "outlet.failed",
        "record": tasks / f".dem.{gone.pid}.tmp.json",
        "state": batch / f".batch_runner.{gone.pid}.tmp.nodb",
        "snapshot": batch / ".snapshots" / f".{gone.pid}.tmp",
    }
    for name in ("killed", "failed", "snapshot"):
        (left[name] / "deep").mkdir(parents=True)
        (left[name] / "deep" / "half.tif").write_bytes(b"x" * 1000)
    for name in ("record", "state"):
        left[name].write_text("{")
    return left


def test_scratch_is_listed_with_its_size_and_removed_on_request(batch: Path, capsys: pytest.CaptureFixture[str]):
    before = everything(batch)
    left = make_scratch(batch)
    (batch / f".live.{os.getpid()}.tmp").write_text("a living process writes this")
    capsys.readouterr()
    assert main(["clean", "untidy", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {(row["kind"], row["path"]) for row in rows} == {
        ("scratch", str(path.relative_to(batch))) for path in left.values()
    }
    assert sum(row["bytes"] for row in rows) == 3002
    assert main(["clean", "untidy"]) == 0
    assert "Nothing was removed" in capsys.readouterr().out and left["killed"].exists()
    assert main(["clean", "untidy", "--scratch", "--yes"]) == 0
    assert everything(batch) - before == {batch / f".live.{os.getpid()}.tmp"}


def test_the_scratch_of_a_living_task_stays(batch: Path):
    left = make_scratch(batch)
    with holding(left["killed"].with_suffix(".lock")):
        assert main(["clean", "untidy", "--scratch", "--yes"]) == 0
    assert left["killed"].exists() and not left["failed"].exists()


def test_an_excluded_run_is_removed_on_request_and_made_anew_when_it_is_included(batch: Path):
    assert main(["exclude", "untidy", "ws-1", "--why", "a reservoir"]) == 0
    assert listed(batch) == {("excluded", "runs/ws-1"), ("excluded", "logs/ws-1")}
    assert main(["clean", "untidy", "--scratch", "--yes"]) == 0
    assert (batch / "runs" / "ws-1").exists(), "what was not named stays"
    assert main(["clean", "untidy", "--excluded", "--yes"]) == 0
    assert not (batch / "runs" / "ws-1").exists() and (batch / "runs" / "ws-2").exists()
    assert main(["include", "untidy", "ws-1"]) == 0
    assert {runid: s.status for runid, s in Ledger(Plan(batch)).runs.items()} == {
        "ws-1": "pending",
        "ws-2": "succeeded",
    }


def test_only_uploads_that_nothing_names_are_orphans(batch: Path, sample_dem: Path):
    resources = batch / "resources"
    for name in ("maps/sbs.tif", "maps/sbs.tif.aux.xml", "old/sbs.tif", "stations/one.par", "vrt/part.tif"):
        (resources / name).parent.mkdir(exist_ok=True)
        shutil.copy(sample_dem, resources / name)
    mosaic = resources / "vrt" / "dem.vrt"
    subprocess.run(
        [sys.executable, "-c", MOSAIC, resources / "vrt" / "part.tif", mosaic],
        check=True,
    )
    settings = [f"disturbed.sbs_map={resources}/maps/sbs.tif", f"ron.dem={mosaic}"]
    assert main(["set", "untidy", *settings, "climate.stations=../resources/stations"]) == 0
    assert listed(batch) == {("resources", "resources/old/sbs.tif")}
    assert main(["push", "untidy", "--runs", "ws-1"]) == 0
    assert main(["set", "untidy", "disturbed.sbs_map="]) == 0
    assert listed(batch) == {("resources", "resources/old/sbs.tif")}, "ws-1 still names the map"
    assert main(["clean", "untidy", "--resources", "--yes"]) == 0
    assert not (resources / "old" / "sbs.tif").exists() and (resources / "maps" / "sbs.tif").exists()
    assert (resources / "watersheds.geojson").exists() and (resources / "run_features.geojsonl").exists()


MOSAIC = """
import sys, rasterio
part, mosaic = sys.argv[1:]
with rasterio.open(part) as s:
    t, crs = s.transform, s.crs
    body = f'''<VRTDataset rasterXSize="{s.width}" rasterYSize="{s.height}"><SRS>{crs.to_wkt()}</SRS>
<GeoTransform>{t.c},{t.a},0,{t.f},0,{t.e}</GeoTransform>
<VRTRasterBand dataType="{s.dtypes[0].capitalize()}" band="1">
<SimpleSource><SourceFilename relativeToVRT="1">part.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource>
</VRTRasterBand></VRTDataset>'''
open(mosaic, "w").write(body)
"""


def test_without_a_yes_or_somebody_to_ask_nothing_is_removed(
    batch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    left = make_scratch(batch)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert main(["clean", "untidy", "--scratch"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert left["killed"].exists()


def test_a_running_batch_is_neither_cleaned_nor_deleted(batch: Path):
    left = make_scratch(batch)
    with holding(batch / ".lock", execution="batch:untidy:1"):
        assert main(["clean", "untidy", "--scratch", "--yes"]) == 4
        assert main(["delete", "untidy", "--confirm", "untidy"]) == 4
    assert left["killed"].exists() and (batch / "batch_runner.nodb").exists()


def test_a_killed_cleaning_leaves_no_half_run_and_the_next_one_ends_it(batch: Path):
    assert main(["exclude", "untidy", "ws-1", "--why", "a reservoir"]) == 0
    slow = (
        "import shutil,sys,time; from weppbatch.batch import clean; "
        "clean.shutil.rmtree=lambda path,**_: path.exists() and (print('removing', flush=True), time.sleep(60)); "
        "from weppbatch.commands.app import main; main(['clean','untidy','--excluded','--yes'])"
    )
    process = subprocess.Popen([sys.executable, "-c", slow], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert any("removing" in line for line in process.stdout)
    assert (batch / TRASH / "runs_ws-1").exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (batch / "runs" / "ws-1").exists()
    assert ("scratch", TRASH) in listed(batch)
    assert main(["clean", "untidy", "--scratch", "--yes"]) == 0
    assert not (batch / TRASH).exists()
    assert "lock_taken_over" in [event["event"] for event in BatchRunner.getInstance(batch).history]


def test_delete_wants_the_name_again(
    batch: Path, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.stdin", io.StringIO("tidy\n"))
    assert main(["delete", "untidy"]) == 2
    assert "nothing was deleted" in capsys.readouterr().err
    assert main(["delete", "untidy", "--confirm", "tidy"]) == 2
    assert (batch / "batch_runner.nodb").exists()
    monkeypatch.setattr("sys.stdin", io.StringIO("untidy\n"))
    assert main(["delete", "untidy"]) == 0
    assert list(root.iterdir()) == []


def test_a_link_to_a_batch_is_not_followed_by_delete(batch: Path, root: Path):
    (root / "linked").symlink_to(batch, target_is_directory=True)
    assert main(["delete", "linked", "--confirm", "linked"]) == 2
    assert (batch / "batch_runner.nodb").exists()


def test_whoever_may_not_change_batches_removes_nothing(batch: Path, monkeypatch: pytest.MonkeyPatch):
    left = make_scratch(batch)
    monkeypatch.setenv("WEPPBATCH_ADMINS", "somebody-else")
    assert main(["clean", "untidy", "--scratch", "--yes"]) == 2
    assert main(["delete", "untidy", "--confirm", "untidy"]) == 2
    assert main(["cancel", "untidy"]) == 2
    assert left["killed"].exists()
    assert main(["clean", "untidy"]) == 0
