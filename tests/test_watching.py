"""A start watched while it runs, and told of when it has ended."""

import json
import os
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from report_batch import fail, finish, make_batch, succeed
from weppbatch.batch.event_log import event_log
from weppbatch.batch.live import LiveBatch
from weppbatch.batch.metrics import write_metrics
from weppbatch.batch.notify import message, notify, recipients
from weppbatch.batch.plan import Plan
from weppbatch.batch.progress import Progress
from weppbatch.batch.undertaking import Undertaking
from weppbatch.commands.app import main
from weppbatch.commands.display import Screen
from weppbatch.errors import DataError, InputProblems
from weppbatch.lock import holding
from weppbatch.tasks.record import TaskFiles

EXECUTION = "batch:hills:2026-01-31T12:00:00.000Z"
TASKS = ("clone", "extent", "dem", "outlet", "watershed")


@pytest.fixture
def batch(root: Path) -> Path:
    return make_batch(root, ["Cove Creek", "Titus Creek", "Añasco"])


@pytest.fixture
def progress(batch: Path) -> Progress:
    """A start that does everything of three runs, of which nothing is done yet."""
    Undertaking.write(batch, EXECUTION, {f"ws-{place}": TASKS for place in (1, 2, 3)})
    later(batch)
    asked = Undertaking.read(batch)
    assert asked is not None
    return Progress(batch, asked, Plan(batch).window_cells)


def later(batch: Path) -> None:
    """Put what the start has on file a second back, so that what follows is younger."""
    path = batch / ".start.json"
    stamp = path.stat().st_mtime_ns - 10**9
    os.utime(path, ns=(stamp, stamp))


def named(events: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    return {tuple(event[key] for key in ("event", "runid", "task") if key in event) for event in events}


def test_what_gets_done_fails_and_runs_is_seen_once(batch: Path, progress: Progress):
    assert progress.look() == []
    finish(batch, "ws-1")
    fail(batch, "ws-2", "dem", DataError("no elevations there", hint="add a DEM"))
    files = TaskFiles(batch / "runs" / "ws-3", "extent")
    files.folder.mkdir(parents=True)
    files.running.write_text(json.dumps({"started_at": "2026-01-31T12:00:00.000Z", "host": "node7"}))
    with holding(files.lock):
        os.utime(files.folder, (1e9, 1e9))  # nothing in it will change any more
        events = progress.look()
        assert named(events) == {
            *(("task_done", "ws-1", task) for task in TASKS),
            ("run_done", "ws-1"),
            *(("task_done", "ws-2", task) for task in ("clone", "extent")),
            ("task_failed", "ws-2", "dem"),
            ("task_started", "ws-3", "extent"),
        }
        assert progress.look() == []
        snapshot = progress.snapshot()
    assert snapshot["runs"] == {"total": 3, "done": 1, "failed": 1, "running": 1, "waiting": 0}
    assert snapshot["tasks"]["dem"] == {"total": 3, "todo": 1, "running": 0, "done": 1, "failed": 1, "held_up": 0}
    assert snapshot["tasks"]["outlet"]["held_up"] == 1
    (job,) = snapshot["running"]
    assert (job["runid"], job["task"], job["host"]) == ("ws-3", "extent", "node7")
    (failure,) = snapshot["failures"]
    assert (failure["message"], failure["hint"]) == ("no elevations there", "add a DEM")
    os.utime(files.folder, (1e9, 1e9))
    assert progress.look() == []
    assert progress.snapshot()["running"] == []  # its lock is free: it was killed


def test_a_failure_that_a_later_attempt_mends_is_gone(batch: Path, progress: Progress):
    fail(batch, "ws-2", "dem", DataError("the server did not answer"))
    progress.look()
    assert progress.snapshot()["tasks"]["watershed"]["held_up"] == 1
    (batch / "runs" / "ws-2" / ".tasks" / "dem.failed.json").unlink()
    succeed(batch, "ws-2", "dem", metrics={}, warnings=[])
    assert ("task_done", "ws-2", "dem") in named(progress.look())
    snapshot = progress.snapshot()
    assert (snapshot["failed"], snapshot["tasks"]["watershed"]["held_up"]) == (0, 0)


def test_results_of_an_earlier_start_do_not_count_for_this_one(batch: Path):
    finish(batch, "ws-1")
    for path in (batch / "runs" / "ws-1" / ".tasks").iterdir():
        os.utime(path, (1e9, 1e9))
    asked = Undertaking.write(batch, EXECUTION, {"ws-1": TASKS})
    progress = Progress(batch, asked, Plan(batch).window_cells)
    assert progress.look() == []
    assert progress.snapshot()["tasks"]["dem"]["todo"] == 1


def test_the_time_left_is_unknown_until_each_task_was_done_once(batch: Path, progress: Progress):
    progress.look()
    assert progress.snapshot()["left_s"] is None
    finish(batch, "ws-1")
    progress.look()
    progress.began -= 300.0
    snapshot = progress.snapshot()
    # a third of the work is done, so twice the time so far is left
    assert snapshot["left_s"] == pytest.approx(2 * snapshot["elapsed_s"], rel=0.01)


def test_what_a_start_does_is_on_file_as_it_was_asked(batch: Path):
    jobs = {"ws-1": TASKS, "ws-2": TASKS[:2], "ws-3": TASKS}
    written = Undertaking.write(batch, EXECUTION, jobs)
    assert Undertaking.read(batch) == written
    (batch / ".start.json").write_text("{")
    assert Undertaking.read(batch) is None


def test_a_start_is_followed_from_elsewhere_until_it_ends(batch: Path):
    live = LiveBatch(batch)
    assert live.look() == [] and not live.running
    with holding(batch / ".lock", execution=EXECUTION, purpose="run"):
        Undertaking.write(batch, EXECUTION, {"ws-1": TASKS})
        later(batch)
        assert named(live.look()) == {("start_begun",)}
        finish(batch, "ws-1")
        assert ("run_done", "ws-1") in named(live.look())
        assert live.running and live.states()["ws-1"]["status"] == "succeeded"
    assert named(live.look()) == {("start_ended",)}
    assert not live.running


def test_a_plain_snakemake_is_followed_too(batch: Path):
    finish(batch, "ws-1")
    for path in (batch / "runs" / "ws-1" / ".tasks").iterdir():
        os.utime(path, (1e9, 1e9))
    with holding(batch / ".lock", execution=EXECUTION, purpose="run"):
        live = LiveBatch(batch)
        live.look()
        assert live.progress is not None
        assert live.progress.asked.jobs == {"ws-2": TASKS, "ws-3": TASKS}


def test_the_screen_shows_tasks_running_and_failures_as_text(batch: Path, progress: Progress):
    fail(batch, "ws-2", "dem", DataError("no [bold]elevations[/bold] \x1b[31mthere"))
    finish(batch, "ws-1")
    events = progress.look()
    out = StringIO()
    console = Console(file=out, force_terminal=True, width=100, height=30, markup=False, emoji=False)
    with Screen("hills: " + EXECUTION, console) as screen:
        screen.update(progress.snapshot(), events)
    shown = out.getvalue()
    assert EXECUTION in shown and "1 of 3" in shown
    assert "Failed (1)" in shown and "no [bold]elevations[/bold] \\x1b[31mthere" in shown


def test_metrics_are_read_by_the_client_of_prometheus(batch: Path, progress: Progress, tmp_path: Path):
    finish(batch, "ws-1")
    progress.look()
    path = tmp_path / "hills.prom"
    write_metrics(path, 'hi"lls\\', progress.snapshot(), exit_code=1)
    families = {family.name: family for family in text_string_to_metric_families(path.read_text())}
    done = [
        sample.value
        for sample in families["weppbatch_tasks"].samples
        if sample.labels == {"batch": 'hi"lls\\', "task": "dem", "state": "done"}
    ]
    assert done == [1.0]
    assert families["weppbatch_exit_code"].samples[0].value == 1.0
    assert families["weppbatch_running"].samples[0].value == 0.0


class Hook(BaseHTTPRequestHandler):
    """Takes what is posted; says no below /no, and leads elsewhere below /moved."""

    got: list[Any] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, json.loads(body)))
        self.send_response(500 if self.path.startswith("/no") else 307 if self.path == "/moved" else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[str]:
    """The address of a webhook."""
    Hook.got = []
    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_everyone_is_told_and_who_could_not_be_is_said(
    batch: Path, progress: Progress, hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WEPPBATCH_MAIL", f"/bin/sh -c 'cat > {tmp_path}/mail.txt'")
    fail(batch, "ws-2", "dem", DataError("no elevations there"))
    progress.look()
    content = message(
        progress.snapshot(), batch="hills", folder=str(batch), exit_code=1, counts={"failed": 1}, report="r.html"
    )
    told = [
        *(f"{hook}/yes", f"{hook}/no?token=secret", f"{hook}/moved", "mailto:someone@example.org"),
        *(f'command:echo "$WEPPBATCH_OUTCOME" > {tmp_path}/said.txt', "command:echo no >&2; exit 3"),
    ]
    problems = notify(batch, told, content)
    assert [path for path, _ in Hook.got] == ["/yes", "/no?token=secret", "/moved"]
    posted = Hook.got[0][1]
    assert (posted["outcome"], posted["exit_code"]) == ("completed with failures", 1)
    assert posted["text"] == "hills: completed with failures (1 failed)"
    assert posted["failures"][0]["message"] == "no elevations there"
    mail = (tmp_path / "mail.txt").read_text()
    assert mail.startswith("To: someone@example.org\nSubject: [weppbatch] hills: completed with failures (1")
    assert "ws-2 dem: no elevations there" in mail
    assert (tmp_path / "said.txt").read_text() == "completed with failures\n"
    assert len(problems) == 3 and "exit code 3: no" in problems[2]
    assert "secret" not in "".join(problems)
    logged = (batch / "logs" / "batch.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in logged[-3:]] == ["notification_failed"] * 3


def test_whom_to_tell_is_checked_before_anything_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WEPPBATCH_NOTIFY", "mailto:a@b.example\ncommand:true\n")
    assert recipients([]) == ["mailto:a@b.example", "command:true"]
    assert recipients(["command:false"]) == ["command:false"]
    with pytest.raises(InputProblems) as wrong:
        recipients(["ftp://a", "mailto:nobody", "https://", "mailto:a@b\nBcc: c@d", "command: "])
    assert len(wrong.value.problems) == 5


def test_a_run_tells_its_events_to_machines_log_metrics_and_hook(
    new_batch: Callable[[str], Path],
    hook: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    folder = new_batch("two")
    monkeypatch.setenv("WEPPBATCH_METRICS", str(tmp_path))
    capsys.readouterr()
    words = ("run", "two", "--tasks", "extent", "--cores", "2", "--json")
    assert main([*words, "--notify", f"{hook}/", "--notify", "command:exit 9"]) == 0
    said = capsys.readouterr()
    events = [json.loads(line) for line in said.out.splitlines()]
    assert (events[0]["event"], events[-1]["event"]) == ("started", "finished")
    done = {(event["runid"], event["task"]) for event in events if event["event"] == "task_done"}
    assert done == {(runid, task) for runid in ("ws-1", "ws-2") for task in ("clone", "extent")}
    assert (events[-1]["outcome"], events[-1]["exit_code"]) == ("complete", 0)
    assert "command:exit 9 could not be told: exit code 9" in said.err
    logged = event_log(folder, events[0]["execution"]).read_text().splitlines()
    kept = [event for event in events[:-1] if event["event"] != "progress"]
    assert [json.loads(line) for line in logged][:-1] == kept
    assert json.loads(logged[-1])["outcome"] == "complete"
    assert Hook.got[0][1]["execution"] == events[0]["execution"]
    assert 'weppbatch_exit_code{batch="two"} 0.0' in (tmp_path / "weppbatch_two.prom").read_text()
    assert main(["status", "two", "--watch"]) == 0
    assert "Nothing runs." in capsys.readouterr().out
