"""The batch live in a browser: a real server on loopback, read as a browser reads it, and as an attacker would."""

import http.client
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any

import pytest

from report_batch import fail, finish, ledger_of, make_batch
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.undertaking import Undertaking
from weppbatch.commands.app import main
from weppbatch.errors import DataError
from weppbatch.files import sha256_of_file
from weppbatch.lock import holding
from weppbatch.report.build import build_report
from weppbatch.report.live.server import LiveServer

LOOK_S = 0.1
HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ws-1 done, ws-2 failed with a hostile message, ws-3 waiting; a report, a log, and links that lead out."""
    root = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(root))
        folder = make_batch(root, ["Cove Creek", "Titus Creek", "Añasco"])
        finish(folder, "ws-1")
        fail(folder, "ws-2", "dem", DataError(HOSTILE))
        build_report(ledger_of(folder))
    (folder / "logs" / "ws-2").mkdir(parents=True)
    (folder / "logs" / "ws-2" / "dem.log").write_text("what the task said\n")
    (folder / "report" / ".hidden").write_text("hidden")
    (folder / "report" / "link").symlink_to("/etc")
    (folder / "report" / "secret.csv").symlink_to(folder / "batch_runner.nodb")
    return folder


@contextmanager
def serving(batch: Path) -> Iterator[LiveServer]:
    server = LiveServer(batch, look_s=LOOK_S)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.close()


@pytest.fixture(scope="module")
def server(batch: Path) -> Iterator[LiveServer]:
    with serving(batch) as found:
        yield found


def ask(server: LiveServer, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer; the path as it is, without any cleaning."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def watch(server: LiveServer) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.request("GET", f"/{server.token}/events")
    return connection, connection.getresponse()


def next_change(answer: http.client.HTTPResponse) -> dict[str, Any]:
    while True:
        line = answer.readline()
        assert line, "the server ended the events"
        if line.startswith(b"data: "):
            found: dict[str, Any] = json.loads(line[6:])
            return found


def test_report_run_pages_records_and_logs_can_be_had_with_the_token_where_they_lie_in_the_batch(
    server: LiveServer,
):
    for path, kind, text in (
        ("report/index.html", "text/html", b"Cove Creek"),
        ("report/runs.csv", "text/csv", b"ws-1"),
        ("report/geoparquet/watersheds.parquet", "application/vnd.apache.parquet", b"PAR1"),
        ("report/runs/ws-1.html", "text/html", b"ws-1"),
        ("runs/ws-1/.tasks/outlet.json", "application/json", b'"task": "outlet"'),
        ("runs/ws-2/.tasks/dem.failed.json", "application/json", b'"category": "data"'),
        ("logs/ws-2/dem.log", "text/plain", b"what the task said"),
    ):
        status, headers, body = ask(server, f"/{server.token}/{path}")
        assert (status, headers["Content-Type"].partition(";")[0]) == (200, kind), path
        assert text in body
        assert headers["Referrer-Policy"] == "no-referrer" and headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    status, headers, _ = ask(server, f"/{server.token}/")
    assert (status, headers["Location"]) == (302, "report/index.html")


def test_a_runs_page_is_made_when_it_is_asked_for_and_again_only_when_its_run_changed(
    batch: Path, monkeypatch: pytest.MonkeyPatch
):
    with serving(batch) as server:
        page = ask(server, f"/{server.token}/report/runs/ws-1.html")[2]
        assert ask(server, f"/{server.token}/report/runs/ws-1.html")[2] == page
        assert server.pages.made == 1
        record = batch / "runs" / "ws-1" / ".tasks" / "outlet.json"
        before, times = record.read_bytes(), record.stat()
        record.write_bytes(before.replace(b"0.912", b"0.512"))
        assert ask(server, f"/{server.token}/report/runs/ws-1.html")[2] != page
        record.write_bytes(before)
        os.utime(record, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert server.pages.made == 2
        assert ask(server, f"/{server.token}/report/runs/ws-9.html")[0] == 404
    assert not (batch / "report" / "runs").exists()


def test_a_batch_without_a_report_gets_one_while_its_page_says_so(batch: Path):
    (batch / "report").rename(batch / "elsewhere")
    try:
        with serving(batch) as server:
            status, _, body = ask(server, f"/{server.token}/report/index.html")
            assert status == 200 and b"is being made" in body
            deadline = monotonic() + 60
            while b"is being made" in body and monotonic() < deadline:  # as the page asks again and again
                _, _, body = ask(server, f"/{server.token}/report/index.html")
            assert b"Cove Creek" in body
        assert not (batch / "report").exists()
    finally:
        (batch / "elsewhere").rename(batch / "report")


def test_it_listens_on_loopback_alone(server: LiveServer):
    assert server.server_address[0] == "127.0.0.1"
    assert server.url.startswith("http://127.0.0.1:") and server.token in server.url


@pytest.mark.parametrize("path", ["/", "/report/index.html", "/{wrong}/", "/{wrong}/state.json", "/{short}/"])
def test_without_the_right_token_everything_is_forbidden(server: LiveServer, path: str):
    wrong = server.token[:-1] + ("A" if server.token[-1] != "A" else "B")
    status, _, body = ask(server, path.format(wrong=wrong, short=server.token[:-1]))
    assert (status, body) == (403, b"403 Forbidden\n")


def test_a_page_elsewhere_that_is_led_here_by_its_name_is_refused(server: LiveServer):
    path = f"/{server.token}/state.json"
    assert ask(server, path, Host="evil.example:80")[0] == 403
    assert ask(server, path, Host=f"localhost:{server.server_port}")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "report/../batch_runner.nodb",
        "report/%2e%2e/batch_runner.nodb",
        "report/..%2fbatch_runner.nodb",
        "report/%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd",
        "report//etc/passwd",
        "report/%2fetc%2fpasswd",
        "report/..\\batch_runner.nodb",
        "report/index.html%00.csv",
        "report/.hidden",
        "report/link/passwd",
        "report/secret.csv",
        "report/",
        "report",
        "report/geoparquet",
        "logs/../batch_runner.nodb",
        "logs/ws-2/../../batch_runner.nodb",
        "logs/ws-2/passwd.log",
        "logs/batch.jsonl",
        "logs/../report/dem.log",
        "runs/ws-1/watershed.geojson",
        "runs/ws-1/.tasks/outlet.lock",
        "runs/ws-1/.tasks/nothing.json",
        "runs/ws-1/.tasks/../ron.nodb",
        "runs/ws-1/.tasks/..%2fron.nodb",
        "runs/../_base/.tasks/outlet.json",
        "runs/.tasks/outlet.json",
        "report/runs/..%2f..%2fws-1.html",
        "report/runs/../index.html",
        "live.js",
        "server.py",
        "hub.py",
        "batch_runner.nodb",
        "%2e%2e/batch_runner.nodb",
    ],
)
def test_nothing_outside_of_the_report_and_the_logs_can_be_had(server: LiveServer, path: str):
    assert ask(server, f"/{server.token}/{path}")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed_through_it(server: LiveServer, method: str):
    assert ask(server, f"/{server.token}/report/runs.csv", method)[0] == 501


def test_watching_writes_no_byte(server: LiveServer, batch: Path):
    def seen() -> dict[str, str]:
        return {str(path): sha256_of_file(path) for path in batch.rglob("*") if path.is_file()}

    before = seen()
    assert ask(server, f"/{server.token}/state.json")[0] == 200
    assert seen() == before


def test_the_state_comes_from_the_files_and_changes_are_pushed(server: LiveServer, batch: Path):
    connection, answer = watch(server)
    assert answer.getheader("Content-Type") == "text/event-stream"
    first = next_change(answer)
    assert first["whole"] and not first["snapshot"]["running"]
    assert {runid: run["status"] for runid, run in first["runs"].items()} == {
        "ws-1": "succeeded",
        "ws-2": "failed",
        "ws-3": "pending",
    }
    assert first["runs"]["ws-2"]["reason"].endswith(HOSTILE)
    BatchRunner.getInstance(batch).exclude("ws-3", "too small")
    server.hub.batch._due = 0.0
    change = next_change(answer)
    assert not change["whole"]
    assert {runid: run["status"] for runid, run in change["runs"].items()} == {"ws-3": "excluded"}
    connection.close()


def test_however_many_watch_there_is_one_look_at_a_time_and_none_without_them(batch: Path):
    with serving(batch) as server:
        assert server.hub.looks == 0
        began = monotonic()
        watchers = [watch(server) for _ in range(8)]
        for _, answer in watchers:
            assert next_change(answer)["whole"]
        for connection, _ in watchers:
            connection.close()
        assert 1 <= server.hub.looks <= 1 + (monotonic() - began) / LOOK_S


def test_a_batch_that_can_not_be_read_just_now_is_said_and_read_again_later(batch: Path):
    state = (batch / "batch_runner.nodb").read_bytes()
    with serving(batch) as server:
        (batch / "batch_runner.nodb").write_bytes(b"{")
        found = json.loads(ask(server, f"/{server.token}/state.json")[2])
        (batch / "batch_runner.nodb").write_bytes(state)
        assert "batch_runner.nodb" in found["snapshot"]["problem"]
        connection, answer = watch(server)
        while not (change := next_change(answer))["runs"]:
            pass
        assert set(change["runs"]) == {"ws-1", "ws-2", "ws-3"} and "problem" not in change["snapshot"]
        connection.close()


def test_a_port_that_is_taken_is_an_error_of_the_user(
    batch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("WEPPBATCH_ROOT", str(batch.parent))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["serve", "hills", "--port", str(taken.getsockname()[1])]) == 2
    assert "can't be had" in capsys.readouterr().err


def test_the_report_follows_a_batch_that_runs_and_the_batchs_own_stays(
    batch: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("weppbatch.report.live.fresh.LOWEST", 0)  # the other tests would keep it waiting
    own = batch / "report" / "index.html"
    before = own.read_bytes()
    os.utime(own, (1e9, 1e9))
    with holding(batch / ".lock", execution="batch:hills:2", purpose="run"), serving(batch) as server:
        Undertaking.write(batch, "batch:hills:2", {"ws-1": ("clone",)})
        os.utime(batch / ".start.json", (1e9, 1e9))
        connection, answer = watch(server)
        while (change := next_change(answer))["snapshot"]["report_at"] == "2001-09-09T01:46:40+00:00":
            pass
        connection.close()
        assert change["snapshot"]["report_at"]
        made = server.hub.report.folder
        assert made != batch / "report"
        status, _, body = ask(server, f"/{server.token}/report/index.html")
        assert status == 200 and b"Cove Creek" in body
    assert not made.exists()
    assert own.read_bytes() == before
