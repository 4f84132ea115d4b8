"""What a killed start leaves: nothing half-taken, nobody still writing, and a next start that goes on."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import BIN
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.app import main
from weppbatch.files import read_json, sha256_of_file
from weppbatch.lock import Lock


def started(batch: Path, *command: str) -> subprocess.Popen[bytes]:
    """A start of the batch in a process group of its own, with a task under way."""
    process = subprocess.Popen(
        [BIN / command[0], *command[1:]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while not list(batch.glob("runs/*/.tasks/outlet.running.json")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    return process


def workers(batch: Path) -> list[str]:
    """The living processes that speak of the batch or work in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or entry.name == str(os.getpid()):
            continue
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            where = str((entry / "cwd").readlink())
        except OSError:
            continue
        if str(batch) in words or where.startswith(str(batch)):
            found.append(f"{entry.name}: {words}")
    return found


def task_servers(batch: Path) -> list[int]:
    """The task server of the batch, and the tasks that it has forked."""
    return [int(one.split(":")[0]) for one in workers(batch) if "weppbatch.tasks.server" in one]


def parent_of_a_task(batch: Path) -> int:
    """The process that forked or started a running task."""
    pid = read_json(next(batch.glob("runs/*/.tasks/*.running.json")))["pid"]
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def wait_until_quiet(batch: Path, seconds: float) -> list[str]:
    """The workers that still live after so many seconds."""
    deadline = time.monotonic() + seconds
    while workers(batch) and time.monotonic() < deadline:
        time.sleep(0.05)
    return workers(batch)


def assert_whole(batch: Path) -> None:
    """Every sentinel's files are there as it records them."""
    sentinels = [path for path in batch.glob("runs/*/.tasks/*.json") if path.name.count(".") == 1]
    for path in sentinels:
        for entry in read_json(path)["outputs"]:
            assert sha256_of_file(path.parents[1] / entry["path"]) == entry["sha256"], entry["path"]


def commands(batch: Path) -> dict[str, tuple[str, ...]]:
    """The two ways to start a batch."""
    workflow = Path(__file__).parents[1] / "workflow" / "Snakefile"
    profile = workflow.parents[1] / "profiles" / "default"
    plain = ("snakemake", "-s", str(workflow), "--workflow-profile", str(profile), "--cores", "2")
    return {
        "weppbatch run": ("weppbatch", "run", batch.name, "--cores", "2"),
        "snakemake": (*plain, "--config", f"batch={batch}"),
    }


@pytest.mark.parametrize("way", ["weppbatch run", "snakemake"])
def test_after_sigkill_nobody_writes_on_and_the_next_run_completes(new_batch: Callable[[str], Path], way: str):
    batch = new_batch("killed")
    process = started(batch, *commands(batch)[way])
    assert parent_of_a_task(batch) in task_servers(batch)
    process.kill()
    process.wait()
    assert wait_until_quiet(batch, 5) == []
    assert_whole(batch)
    ledger = Ledger(Plan(batch))
    # A task is killed as soon as it misses its parent; a short one may have ended before.
    assert {state.status for state in ledger.runs.values()} <= {"interrupted", "pending"}
    assert not Lock(batch / ".lock").is_held()
    assert main(["run", "killed", "--cores", "2"]) == 0
    assert_whole(batch)
    history = BatchRunner.getInstance(batch).history
    taken_over = next(event for event in history if event["event"] == "lock_taken_over")
    assert taken_over["previous_holder"]["pid"] == process.pid
    assert taken_over["known"] == f"the lock was free and there is no process {process.pid}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_soon_and_as_interrupted(new_batch: Callable[[str], Path], number: signal.Signals):
    batch = new_batch("stopped")
    process = started(batch, *commands(batch)["weppbatch run"])
    process.send_signal(number)
    assert process.wait(timeout=20) == 5
    assert wait_until_quiet(batch, 2) == []
    assert_whole(batch)
    history = BatchRunner.getInstance(batch).history
    assert history[-1]["event"] == "run_finished" and history[-1]["outcome"] == "interrupted"
    assert main(["run", "stopped", "--cores", "2"]) == 0


@pytest.mark.parametrize("way", ["weppbatch run", "snakemake"])
def test_a_killed_task_server_is_started_again_and_the_same_start_completes(
    new_batch: Callable[[str], Path], way: str
):
    batch = new_batch("serverkill")
    process = started(batch, *commands(batch)[way])
    os.kill(parent_of_a_task(batch), signal.SIGKILL)
    assert process.wait(timeout=120) == 0
    assert_whole(batch)
    assert workers(batch) == []


def test_without_a_task_server_a_kill_leaves_nobody_either(
    new_batch: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WEPPBATCH_SERVER", "off")
    batch = new_batch("alone")
    process = started(batch, *commands(batch)["weppbatch run"])
    assert task_servers(batch) == []
    process.kill()
    process.wait()
    assert wait_until_quiet(batch, 5) == []
    assert main(["run", "alone", "--cores", "2"]) == 0
    assert_whole(batch)


def test_when_snakemake_is_killed_its_tasks_end_before_the_start_does(new_batch: Callable[[str], Path]):
    batch = new_batch("beheaded")
    process = started(batch, *commands(batch)["weppbatch run"])
    (snakemake,) = (int(line.split(":")[0]) for line in workers(batch) if "-m snakemake" in line)
    os.kill(snakemake, signal.SIGKILL)
    assert process.wait(timeout=30) == 5
    assert workers(batch) == []
    assert_whole(batch)
    failed = [read_json(path)["category"] for path in batch.glob("runs/*/.tasks/*.failed.json")]
    assert set(failed) == {"interrupted"} and not list(batch.glob("runs/*/.tasks/*.running.json"))
    assert main(["run", "beheaded", "--cores", "2"]) == 0


def test_a_killed_task_is_done_again_by_the_same_start(new_batch: Callable[[str], Path]):
    batch = new_batch("taskkill")
    process = started(batch, *commands(batch)["weppbatch run"])
    running = next(batch.glob("runs/*/.tasks/outlet.running.json"))
    os.kill(read_json(running)["pid"], signal.SIGKILL)
    assert process.wait(timeout=120) == 0
    assert_whole(batch)
