"""A small real batch: the sample terrain, two watersheds of it, and the commands as a user calls them."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from weppbatch.batch.root import batch_folder
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.app import main
from weppbatch.files import shipped
from weppbatch.nodb import workspace
from weppbatch.tasks import graph
from weppbatch.tasks.execute import Job, execute
from weppbatch.terrain.sample import write_sample_dem

BIN = Path(sys.executable).parent
# Under nohup or in a script's background Ctrl-C is ignored, and all that tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
LATER = "landuse,soils,climate,wepp,watar,omni"


@pytest.fixture(autouse=True)
def environment_kept() -> Iterator[None]:
    """Puts the environment back as it was: the Snakefile's own code sets it for the tasks of its process."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def sample_dem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample terrain as a GeoTIFF."""
    path = tmp_path_factory.mktemp("terrain") / "dem.tif"
    write_sample_dem(path)
    return path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for batches."""
    monkeypatch.setenv("WEPPBATCH_ROOT", str(tmp_path / "batches"))
    for name in ("WEPPBATCH_ADMINS", "BATCH_RUNNER_ENABLED", "WEPPBATCH_CORES"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "batches"


@pytest.fixture(scope="session")
def two_watersheds_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two smallest watersheds of the demo, as a GeoJSON of their own."""
    collection = json.loads((shipped("config") / "demo" / "watersheds.geojson").read_text())
    usable = [feature for feature in collection["features"] if feature["properties"].get("area_km2")]
    usable.sort(key=lambda feature: float(feature["properties"]["area_km2"]))
    path = tmp_path_factory.mktemp("watersheds") / "two.geojson"
    path.write_text(json.dumps(collection | {"features": usable[:2]}))
    return path


@pytest.fixture
def two_watersheds(two_watersheds_file: Path, tmp_path: Path) -> Path:
    """A copy of the two watersheds, for one test to change."""
    return Path(shutil.copy(two_watersheds_file, tmp_path))


def make_batch(name: str, sample_dem: Path, watersheds: Path) -> Path:
    """A batch of two watersheds, ready to run up to their hillslopes and channels."""
    for words in (
        ("create", name),
        ("add", name, "dem", str(sample_dem)),
        ("add", name, "watersheds", str(watersheds)),
        ("validate", name, "--template", "ws-{one_based_index}"),
        ("tasks", name, "--off", LATER),
    ):
        assert main(words) == 0, words
    return batch_folder(name)


@pytest.fixture
def new_batch(root: Path, sample_dem: Path, two_watersheds: Path) -> Callable[[str], Path]:
    """Makes a batch of two watersheds, ready to run up to their hillslopes and channels."""
    return lambda name: make_batch(name, sample_dem, two_watersheds)


def begun(batch: Path, *tasks: str, execution: str = "batch:by:hand") -> None:
    """Do the first tasks of every run in this process, and ask for no more than them."""
    others = sorted({*graph.PREPROCESS, *graph.CHECKLIST} - {*tasks})
    assert main(["tasks", batch.name, "--on", ",".join(tasks), "--off", ",".join(others)]) == 0
    workspace.snapshot(batch)
    for runid in BatchRunner.getInstance(batch).runids:
        for task in ("clone", *tasks):
            execute(Job(batch, runid, task, execution=execution))


def snakemake(batch: Path, *options: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Plain Snakemake over a batch, as its manual describes it."""
    targets = [option for option in options if option.startswith("runs/") or option == "preprocess"]
    rest = [option for option in options if option not in targets]
    return subprocess.run(
        [
            *(BIN / "snakemake", *targets, "--snakefile", shipped("workflow") / "Snakefile"),
            *("--workflow-profile", shipped("profiles") / "default", "--cores", "2"),
            *(*rest, "--config", f"batch={batch}"),
        ],
        cwd=cwd or batch.parent,
        env=os.environ | {"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
