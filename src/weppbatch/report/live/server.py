"""The batch's report over HTTP, live, on loopback, for whoever has the token. Reads and never writes.

What can be had lies where it lies in the batch: the report's files, runs' own pages (made when asked for), tasks'
records and logs; and the state and events that the page's live part reads. Anything else is refused.
"""

import hmac
import json
import os
import secrets
import shutil
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from weppbatch.errors import WeppbatchError
from weppbatch.report.live.fresh import PAGE, PAUSE_S
from weppbatch.report.live.hub import LOOK_S, Hub
from weppbatch.report.live.pages import RunPages
from weppbatch.tasks import graph

LOOPBACK = "127.0.0.1"
HOSTS = ("127.0.0.1", "localhost")  # others in the header: a page elsewhere that a name server leads here
MOST_WATCHERS = 64
ALIVE_S = 15.0
SOCKET_S = 60.0
WAITING = Path(__file__).with_name("waiting.html")
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".log": "text/plain; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".gpkg": "application/geopackage+sqlite3",
    ".tif": "image/tiff",
    ".svg": "image/svg+xml",
}
FRAMES = "frame-ancestors 'none'"  # for pages: what else they may do, they say themselves
POLICY = f"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; {FRAMES}"
RECORDS = (".json", ".failed.json", ".running.json")


class LiveServer(ThreadingHTTPServer):
    """Serves one batch under `url` until `shutdown`, then `close`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, folder: Path, port: int = 0, *, look_s: float = LOOK_S, report_s: float = PAUSE_S) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.folder = folder.resolve()
        self.token = secrets.token_urlsafe(24)
        self.hub = Hub(self.folder, look_s, report_s)
        self.pages = RunPages(self.folder)

    @property
    def url(self) -> str:
        """Where the report is, with the token."""
        return f"http://{LOOPBACK}:{self.server_port}/{self.token}/"

    def close(self) -> None:
        """End the looking and let go of the port."""
        self.hub.stop()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Answers one request; the token is the first part of its path."""

    server: LiveServer
    protocol_version = "HTTP/1.1"
    server_version = "weppbatch"
    sys_version = ""
    timeout = SOCKET_S

    def do_GET(self) -> None:
        """Send what was asked for."""
        host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        token, *rest = [unquote(part) for part in urlsplit(self.path).path.split("/")[1:]] or [""]
        if host not in HOSTS or not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        try:
            self._answer(rest)
        except WeppbatchError as error:  # a batch that can't be read just now
            self._send_text(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}\n", TYPES[".log"])

    def _answer(self, names: list[str]) -> None:
        report, runs = self.server.hub.report.folder, self.server.folder / "runs"
        match names:
            case [""]:
                self._redirect(f"report/{PAGE}")
            case ["state.json"]:
                self._send_state()
            case ["events"]:
                self._send_events()
            case ["report", page] if page == PAGE and not (report / PAGE).exists():
                self._look()  # which begins the report
                self._send_file(WAITING, POLICY)
            case ["report", "runs", page] if page.endswith(".html"):
                self._send_run_page(page.removesuffix(".html"))
            case ["report", *inside]:
                self._send_inside(report, inside or [""])
            case ["logs", runid, log] if graph.is_task(log.removesuffix(".log")):
                self._send_inside(self.server.folder / "logs", [runid, log])
            case ["runs", runid, ".tasks", name] if _is_record(name) and _is_plain(runid):
                self._send_inside(runs / runid / ".tasks", [name])
            case _:
                self._refuse(HTTPStatus.NOT_FOUND)

    do_HEAD = do_GET

    def _send_inside(self, base: Path, names: list[str]) -> None:
        """A file of a folder; nothing outside of it, whatever the names and links say."""
        path = base.joinpath(*names).resolve() if all(map(_is_plain, names)) else base
        if path.is_relative_to(base.resolve()) and path.is_file():
            self._send_file(path)
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def _send_run_page(self, runid: str) -> None:
        page = self.server.pages.page(runid)
        if page is None:
            self._refuse(HTTPStatus.NOT_FOUND)
        else:
            self._send_text(HTTPStatus.OK, page, TYPES[".html"], FRAMES)

    def _send_file(self, path: Path, policy: str = FRAMES) -> None:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())  # of this very file: another may be put in its place
            self._head(HTTPStatus.OK, TYPES.get(path.suffix, "application/octet-stream"), policy)
            self.send_header("Content-Length", str(status.st_size))
            self.send_header("Last-Modified", self.date_time_string(int(status.st_mtime)))
            self.end_headers()
            if self.command != "HEAD":
                shutil.copyfileobj(stream, self.wfile)

    def _send_state(self) -> None:
        """All there is, as JSON."""
        changes = self._look()
        self._send_text(HTTPStatus.OK, json.dumps(changes[0] if changes else {}), TYPES[".json"])

    def _look(self) -> list[dict[str, Any]]:
        """What there is now, from a look of now."""
        self.server.hub.watching(1)
        try:
            return self.server.hub.since(0, ALIVE_S)[1]
        finally:
            self.server.hub.watching(-1)

    def _send_events(self) -> None:
        """Server-sent events (html.spec.whatwg.org, 9.2): everything first, then what changes, until the end."""
        hub = self.server.hub
        try:
            if hub.watching(1) > MOST_WATCHERS:
                self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
                return
            self.close_connection = True
            self._head(HTTPStatus.OK, "text/event-stream", POLICY)
            self.send_header("Connection", "close")
            self.end_headers()
            version = 0
            while self.command != "HEAD" and not hub.ended:
                version, changes = hub.since(version, ALIVE_S)
                lines = [f"id: {version}\ndata: {json.dumps(change)}\n\n" for change in changes] or [": alive\n\n"]
                self.wfile.write("".join(lines).encode())
                self.wfile.flush()
        except (ConnectionError, TimeoutError):
            self.close_connection = True  # the watcher has gone
        finally:
            hub.watching(-1)

    def _refuse(self, status: HTTPStatus) -> None:
        self._send_text(status, f"{status.value} {status.phrase}\n", TYPES[".log"])

    def _redirect(self, place: str) -> None:
        self._head(HTTPStatus.FOUND, TYPES[".html"], POLICY)
        self.send_header("Location", place)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_text(self, status: HTTPStatus, text: str, kind: str, policy: str = POLICY) -> None:
        body = text.encode()
        self._head(status, kind, policy)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str, policy: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")  # the token stands in the address
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Cache-Control", "no-store")

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: a log of requests would hold the token."""


def _is_plain(name: str) -> bool:
    """Whether a name is that of a file or folder that may be seen, and no way to another."""
    return bool(name) and not name.startswith(".") and not set(name) & set("/\\\0")


def _is_record(name: str) -> bool:
    """Whether a file of a run's `.tasks` is a task's record."""
    return any(name.endswith(suffix) and graph.is_task(name.removesuffix(suffix)) for suffix in RECORDS)
