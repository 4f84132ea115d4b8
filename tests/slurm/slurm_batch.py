"""Small real batches on a real Slurm, and a gate that holds a watershed's terrain tools until a test opens it."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from single_node import SingleNode, missing_programs, single_node

from conftest import BIN
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.runner import BatchRunner
from weppbatch.files import read_json, sha256_of_file
from weppbatch.tasks import graph
from weppbatch.terrain.whitebox import executable

ASKED = "WEPPBATCH_TEST_SLURM"
TASKS = graph.selected({"watershed": True})
KILL_WAIT_S = 10

GATE = """\
#!/bin/sh
for held in {gate}/*; do
    case "$*" in */runs/$(basename "$held")/*) while [ -e "$held" ]; do sleep 0.2; done ;; esac
done
exec {tools} "$@"
"""


def why_not() -> str:
    """Why the tests on Slurm can't be done here, or ''."""
    missing = missing_programs()
    if missing:
        return f"no {', '.join(missing)}: make test-slurm"
    return "" if os.environ.get(ASKED) else "starts a Slurm: make test-slurm"


on_slurm = pytest.mark.skipif(bool(why_not()), reason=why_not())


@dataclass(frozen=True)
class Cluster:
    """A Slurm, the folder of its batches, and the gate of the terrain tools."""

    node: SingleNode
    root: Path
    gate: Path

    @property
    def environment(self) -> dict[str, str]:
        """What the commands of weppbatch need to know."""
        return {
            **self.node.environment,
            "WEPPBATCH_ROOT": str(self.root),
            "WHITEBOX_TOOLS_EXE": str(self.gate.with_suffix(".sh")),
        }

    def weppbatch(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Call a command of weppbatch."""
        command = [str(BIN / "weppbatch"), *map(str, words)]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def starting(self, *words: object) -> subprocess.Popen[bytes]:
        """Begin a command of weppbatch and go on."""
        command = [str(BIN / "weppbatch"), *map(str, words)]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, env=self.environment, stdout=quiet, stderr=quiet, start_new_session=True)

    def hold(self, *runids: str) -> None:
        """Let the terrain tools of these runs wait from now on."""
        for runid in runids:
            (self.gate / runid).touch()

    def let_go(self) -> None:
        """Let all that waits go on."""
        for path in self.gate.iterdir():
            path.unlink()


@pytest.fixture(scope="module")
def node() -> Iterator[SingleNode]:
    """A Slurm of one node."""
    with single_node(kill_wait_s=KILL_WAIT_S) as running:
        yield running


@pytest.fixture
def cluster(node: SingleNode, root: Path, tmp_path: Path) -> Iterator[Cluster]:
    """The Slurm with nothing in its queue, and an empty folder for batches."""
    gate = tmp_path / "gate"
    gate.mkdir()
    script = gate.with_suffix(".sh")
    script.write_text(GATE.format(gate=gate, tools=executable()))
    script.chmod(0o755)
    yield Cluster(node, root, gate)
    shutil.rmtree(gate)
    for name in {row[2] for row in node.jobs()}:
        node.call("scancel", f"--name={name}")
    node.wait_until_empty()


def done(batch: Path) -> dict[tuple[str, str], str]:
    """When every task that is done finished."""
    return {
        (runid, task): read_json(batch / graph.sentinel(runid, task))["finished_at"]
        for runid in Plan(batch).runids
        for task in TASKS
        if (batch / graph.sentinel(runid, task)).exists()
    }


def statuses(batch: Path) -> dict[str, str]:
    """The state of every run, as the files show it."""
    return {runid: state.status for runid, state in Ledger(Plan(batch)).runs.items()}


def running(batch: Path, runids: Sequence[str], task: str = "outlet") -> bool:
    """Whether all these runs are at a task."""
    return all((batch / "runs" / runid / ".tasks" / f"{task}.running.json").exists() for runid in runids)


def events(batch: Path) -> list[str]:
    """The events of a batch's history, oldest first."""
    return [str(event["event"]) for event in BatchRunner.getInstance(batch).history]


def assert_whole(batch: Path) -> None:
    """Every run is done, and every sentinel's files are there as it records them."""
    assert set(statuses(batch).values()) <= {"succeeded", "degraded"}
    for runid, task in done(batch):
        for entry in read_json(batch / graph.sentinel(runid, task))["outputs"]:
            assert sha256_of_file(batch / "runs" / runid / entry["path"]) == entry["sha256"], entry["path"]
