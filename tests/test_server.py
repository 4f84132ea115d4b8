"""The task server: each task in a process of its own, whatever it does, and nobody left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import BIN, make_batch
from weppbatch import client
from weppbatch.batch.served import ENTRY
from weppbatch.batch.workflow import WorkflowBatch
from weppbatch.commands.app import main
from weppbatch.errors import InputError
from weppbatch.files import read_json
from weppbatch.nodb import workspace
from weppbatch.tasks import graph
from weppbatch.tasks.death import Crashed, Death, record_death
from weppbatch.tasks.execute import Job
from weppbatch.tasks.record import TaskFiles, Usage
from weppbatch.tasks.serving import TaskServer, serving, task_server

HERE = str(Path(__file__).parent)


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory, sample_dem: Path, two_watersheds_file: Path) -> Path:
    """A batch whose start has just taken its snapshot."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(tmp_path_factory.mktemp("served")))
        folder = make_batch("served", sample_dem, two_watersheds_file)
    workspace.snapshot(folder)
    return folder


@pytest.fixture(scope="module")
def server(batch: Path) -> Iterator[TaskServer]:
    """A server whose tasks misbehave as they are told."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", HERE)
        server = TaskServer(batch, entry="misbehaving")
    yield server
    server.stop()


@pytest.fixture
def files(batch: Path) -> TaskFiles:
    """The records of the task that the tests ask for; none at first."""
    files = TaskFiles(batch / "runs" / "ws-1", "clone")
    shutil.rmtree(files.wd, ignore_errors=True)
    (batch / "logs" / "ws-1" / "clone.log").unlink(missing_ok=True)
    return files


def ask(server: TaskServer, act: str, **variables: str) -> subprocess.Popen[str]:
    """A client that asks for the task, which then does what `act` says."""
    return subprocess.Popen(
        [server.folder / "weppbatch", "task", "clone", "--run", "ws-1"],
        cwd=server.batch,
        env=os.environ | server.environment | {"ACT": act} | variables,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process: subprocess.Popen[str]) -> tuple[int, str]:
    """A client's exit code and what it said."""
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def wait_for(what: Callable[[], Any], seconds: float = 60) -> Any:
    """The first true value of `what`, or its last one when time is up."""
    deadline = time.monotonic() + seconds
    while not (seen := what()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def log_of(batch: Path) -> str:
    path = batch / "logs" / "ws-1" / "clone.log"
    return path.read_text() if path.exists() else ""


def child_of_task(batch: Path) -> int:
    """The process that the task started, as its log names it."""
    lines = wait_for(lambda: [line.split() for line in log_of(batch).splitlines() if " child " in line])
    return int(lines[-1][-1])


def processes(server: TaskServer) -> set[int]:
    """The processes that the server has started and not yet seen to their end."""
    pid = server.process.pid
    return {int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


@pytest.mark.parametrize(
    ("act", "category", "said"),
    [
        ("abort", "internal", "SIGABRT"),
        ("segfault", "internal", "SIGSEGV"),
        ("os._exit", "internal", "exit code 0 and gave no result"),
        ("fork", "internal", "exit code 0 and gave no result"),
        ("sys.exit", "internal", "SystemExit"),
        ("memory", "resource", "MemoryError"),
        ("sigkill", "interrupted", "SIGKILL"),
    ],
)
def test_a_task_that_breaks_down_fails_alone_with_a_record(
    server: TaskServer, files: TaskFiles, act: str, category: str, said: str
):
    code, _ = outcome(ask(server, act))
    assert code not in (0, None)
    failed = read_json(files.failed)
    assert (failed["category"], failed["status"]) == (category, "failed")
    assert said in failed["message"]
    assert failed["first_cause"]["category"] == category and len(failed["attempts"]) == 1
    assert (files.kept_scratch / "ron.nodb").read_text() == "half"
    assert not files.sentinel.exists() and not files.running.exists() and not files.scratch.exists()
    assert outcome(ask(server, "well")) == (0, "")
    assert files.sentinel.exists() and not files.failed.exists()


def test_a_death_is_not_recorded_over_what_another_process_has_done_since(
    server: TaskServer, batch: Path, files: TaskFiles
):
    asker = ask(server, "overstay")
    child_of_task(batch)
    pid = read_json(files.running)["pid"]
    assert outcome(ask(server, "well", WEPPBATCH_EXECUTION="none"))[0] == 4  # while the first one holds the task
    asker.kill()
    assert wait_for(lambda: gone(pid), 10)
    assert outcome(ask(server, "well")) == (0, "")
    death = Death(pid, "2026-01-01T00:00:00.000Z", signal.SIGSEGV, Usage())
    files.failed.unlink(missing_ok=True)
    assert isinstance(record_death(Job(batch, "ws-1", "clone"), death), Crashed)
    assert not files.failed.exists()


def test_a_crash_leaves_its_stack_in_the_log_and_its_words_to_the_asker(
    server: TaskServer, batch: Path, files: TaskFiles
):
    code, said = outcome(ask(server, "segfault"))
    assert code == 3
    assert "error: clone of ws-1: the task's process crashed: Segmentation fault (SIGSEGV)" in said
    assert "Fatal Python error: Segmentation fault" in log_of(batch)
    assert "misbehaving.py" in log_of(batch)


def test_a_task_has_the_askers_environment_folder_and_umask(server: TaskServer, batch: Path, files: TaskFiles):
    before = os.umask(0o027)
    try:
        client = ask(server, "show", MARK="of the client", HOME="/elsewhere")
    finally:
        os.umask(before)
    assert outcome(client) == (0, "")
    seen = json.loads(log_of(batch).split("seen ")[1].splitlines()[0])
    seen.pop("kernels")
    assert seen == {
        "folder": str(batch),
        "umask": 0o027,
        "mark": "of the client",
        "home": "/elsewhere",
        "group": True,
    }


def test_what_a_task_leaves_running_ends_with_it(server: TaskServer, batch: Path, files: TaskFiles):
    assert outcome(ask(server, "child")) == (0, "")
    assert wait_for(lambda: gone(child_of_task(batch)), 5)
    assert files.sentinel.exists()


@pytest.mark.parametrize("act", ["overstay", "deaf"])
def test_a_task_over_its_limit_is_ended_with_its_whole_group(
    server: TaskServer, batch: Path, files: TaskFiles, act: str
):
    code, _ = outcome(ask(server, act, WEPPBATCH_TASK_MINUTES="0.01"))
    assert code != 0
    assert wait_for(lambda: gone(child_of_task(batch)), 5)
    failed = read_json(files.failed)
    assert failed["category"] == "resource"
    assert "limit of 0.01 minutes" in failed["message"]


@pytest.mark.parametrize("act", ["overstay", "deaf"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_task_ends_with_its_asker_and_is_recorded_as_interrupted(
    server: TaskServer, batch: Path, files: TaskFiles, act: str, number: signal.Signals
):
    asker = ask(server, act)
    child, task = child_of_task(batch), read_json(files.running)["pid"]
    asker.send_signal(number)
    code, _ = outcome(asker)
    assert code == (5 if number == signal.SIGINT else -number)
    assert wait_for(lambda: gone(task) and gone(child), 10)
    assert wait_for(lambda: files.failed.exists() and not processes(server), 10)
    assert read_json(files.failed)["category"] == "interrupted"


@pytest.mark.parametrize("act", ["overstay", "deaf"])
def test_a_task_ends_when_the_snakemake_that_asked_for_it_is_killed(
    server: TaskServer, batch: Path, files: TaskFiles, act: str
):
    command = [str(server.folder / "weppbatch"), "task", "clone", "--run", "ws-1"]
    snakemake = subprocess.Popen(
        ["sh", "-c", 'WEPPBATCH_JOB=$$ "$@" & wait', "sh", *command],
        cwd=batch,
        env=os.environ | server.environment | {"ACT": act},
    )
    child = child_of_task(batch)
    snakemake.kill()
    snakemake.wait()
    assert wait_for(lambda: gone(child) and files.failed.exists() and not processes(server), 10)
    assert read_json(files.failed)["category"] == "interrupted"


def test_what_a_task_used_is_recorded_with_its_children_in_success_and_in_death(
    server: TaskServer, files: TaskFiles
):
    assert outcome(ask(server, "busy")) == (0, "")
    done = read_json(files.sentinel)
    assert done["cpu_s"] >= 0.6 and done["wall_s"] >= 0.6
    assert outcome(ask(server, "crash"))[0] == 3
    failed = read_json(files.failed)
    assert failed["cpu_s"] >= 0.6 and failed["wall_s"] >= 0.6
    assert abs(failed["max_rss_mb"] - done["max_rss_mb"]) < 100


def test_the_server_has_one_thread_and_forgets_every_task(server: TaskServer, files: TaskFiles):
    assert outcome(ask(server, "well")) == (0, "")
    before = set(os.listdir(f"/proc/{server.process.pid}/fd"))  # noqa: PTH208
    assert outcome(ask(server, "well")) == (0, "")
    assert outcome(ask(server, "abort"))[0] == 3
    assert os.listdir(f"/proc/{server.process.pid}/task") == [str(server.process.pid)]  # noqa: PTH208
    assert set(os.listdir(f"/proc/{server.process.pid}/fd")) == before  # noqa: PTH208
    assert processes(server) == set()


def test_a_killed_server_takes_its_tasks_along_and_comes_back(server: TaskServer, batch: Path, files: TaskFiles):
    asker = ask(server, "overstay")
    child, task, killed = child_of_task(batch), read_json(files.running)["pid"], server.process.pid
    asker.send_signal(signal.SIGSTOP)
    os.kill(killed, signal.SIGKILL)
    assert wait_for(lambda: gone(task), 5)  # also while nobody but the kernel can see to it
    asker.send_signal(signal.SIGCONT)
    code, said = outcome(asker)
    assert code == 5 and "the task server ended before the task" in said
    assert wait_for(lambda: gone(child), 5)
    assert outcome(ask(server, "well")) == (0, "")
    assert server.process.pid != killed


def owned(batch: Path, entry: str, path: str) -> tuple[subprocess.Popen[str], str, str]:
    """A process that owns a server with this entry module from `path`; the server's folder and its process."""
    code = (
        "import sys, time; from pathlib import Path; from weppbatch.tasks.serving import TaskServer;"
        "server = TaskServer(Path(sys.argv[1]), entry=sys.argv[2]);"
        "print(server.folder, server.process.pid, flush=True); time.sleep(300)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, batch, entry],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    folder, pid = owner.stdout.readline().split()
    return owner, folder, pid


def test_a_server_ends_with_its_owner_and_all_tasks_with_it(batch: Path, files: TaskFiles):
    owner, folder, pid = owned(batch, "misbehaving", HERE)
    asker = subprocess.Popen(
        [f"{folder}/weppbatch", "task", "clone", "--run", "ws-1"],
        cwd=batch,
        env=os.environ | {client.SOCKET: f"{folder}/socket", "ACT": "deaf"},
    )
    child = child_of_task(batch)
    owner.kill()
    owner.wait()
    assert asker.wait(timeout=10) == 5
    assert wait_for(lambda: gone(int(pid)) and gone(child) and not Path(folder).exists(), 10)


def test_a_server_that_still_loads_ends_with_its_owner(batch: Path, tmp_path: Path):
    (tmp_path / "long_to_load.py").write_text("import time\ntime.sleep(300)\n", encoding="utf-8")
    owner, folder, pid = owned(batch, "long_to_load", str(tmp_path))
    assert wait_for(lambda: catches(Path(f"/proc/{pid}/status").read_text(), signal.SIGIO))
    owner.kill()
    owner.wait()
    assert wait_for(lambda: gone(int(pid)) and not Path(folder).exists(), 10)


def catches(status: str, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal, as its status in /proc says."""
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(mask, 16) >> (number - 1) & 1)


def test_without_a_server_the_command_does_the_task_itself(server: TaskServer, batch: Path, files: TaskFiles):
    for command in (server.folder / "weppbatch", BIN / "weppbatch"):
        shutil.rmtree(files.wd, ignore_errors=True)
        done = subprocess.run(
            [command, "task", "clone", "--run", "ws-1"],
            cwd=batch,
            env=os.environ | {client.SOCKET: str(batch / "nobody"), "ACT": "abort"},
            check=False,
        )
        assert done.returncode == 0
        assert files.sentinel.exists()


def test_an_unknown_run_is_refused_as_it_is_without_a_server(server: TaskServer, batch: Path):
    done = subprocess.run(
        [server.folder / "weppbatch", "task", "clone", "--run", "ws-7"],
        cwd=batch,
        env=os.environ | server.environment | {"ACT": "well"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no watershed of served has the run id 'ws-7'" in done.stderr
    assert not (batch / "runs" / "ws-7").exists()


def test_the_switch_turns_the_server_off(batch: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WEPPBATCH_SERVER", "off")
    assert task_server(batch, ENTRY) is None
    with serving(batch, ENTRY) as environment:
        assert environment == {}


@pytest.mark.parametrize(("name", "value"), [("WEPPBATCH_SERVER", "of"), ("WEPPBATCH_TASK_MINUTES", "-5")])
def test_a_switch_that_nobody_understands_is_refused(
    batch: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=name):
        task_server(batch, ENTRY)


def test_a_job_on_another_machine_asks_no_server(batch: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(client.SOCKET, "/run/of-the-machine-that-sent-it/socket")
    for name in ("PATH", "WEPPBATCH_JOB"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    WorkflowBatch(batch, "all", "checklist", main=False, dry=False, remote=True)
    assert client.SOCKET not in os.environ


def test_compiled_kernels_are_loaded_from_their_cache(tmp_path: Path):
    use = "from weppbatch.hydrology.infiltration import suction_mm as kernel;"
    call = "kernel(0.4, 0.3, 0.2);"
    load = "from weppbatch.tasks.kernels import load_kernels; loaded = load_kernels();"
    show = "print(loaded, len(kernel.overloads), load_kernels())"
    said = [
        subprocess.run(
            [sys.executable, "-c", use + code + show],
            env=os.environ | {"WEPPBATCH_CACHE": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for code in (load + call, load)
    ]
    assert said[0][:2] == ["0", "1"]
    assert int(said[1][0]) >= 1 and said[1][1:] == ["1", "0"]


def test_the_whole_chain_gives_the_same_with_and_without_a_server(
    root: Path, sample_dem: Path, two_watersheds: Path, monkeypatch: pytest.MonkeyPatch
):
    batch = make_batch("chain", sample_dem, two_watersheds)
    plain = ["landuse.mode=single", "soils.mode=single", "climate.station_selection=user"]
    assert main(["set", "chain", *plain, "climate.station_id=ca046006", "climate.years=1"]) == 0
    assert main(["tasks", "chain", "--on", "landuse,soils,climate,wepp"]) == 0
    results = []
    for switch in ("on", "off"):
        monkeypatch.setenv("WEPPBATCH_SERVER", switch)
        assert main(["run", "chain", "--cores", "2"]) == 0
        records = {
            (runid, task): read_json(batch / graph.sentinel(runid, task))
            for runid in ("ws-1", "ws-2")
            for task in graph.TASKS
            if (batch / graph.sentinel(runid, task)).exists()
        }
        assert len(records) == 2 * 9
        results.append({key: (record["outputs"], record["metrics"]) for key, record in records.items()})
        shutil.rmtree(batch / "runs")
    logs = ("watershed/wbt.log", "watershed/topaz.log")  # with the seconds that each tool took
    for key, (outputs, metrics) in results[0].items():
        others, same = results[1][key]
        assert metrics == same
        assert [one for one in outputs if one["path"] not in logs] == [
            one for one in others if one["path"] not in logs
        ]
