"""The batch's live page and its report over HTTP, on loopback, for whoever has the token. Reads and never writes.

What can be had: the page, its state and events, files of the report, logs of tasks. Anything else is refused.
"""

import hmac
import json
import secrets
import shutil
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from weppbatch.report.live.fresh import PAUSE_S
from weppbatch.report.live.hub import LOOK_S, Hub
from weppbatch.tasks import graph

LOOPBACK = "127.0.0.1"
HOSTS = ("127.0.0.1", "localhost")  # others in the header: a page elsewhere that a name server leads here
MOST_WATCHERS = 64
ALIVE_S = 15.0
SOCKET_S = 60.0
ASSETS = Path(__file__).parent
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
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class LiveServer(ThreadingHTTPServer):
    """Serves one batch under `url` until `shutdown`, then `close`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, folder: Path, port: int = 0, *, look_s: float = LOOK_S, report_s: float = PAUSE_S) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.folder = folder.resolve()
        self.token = secrets.token_urlsafe(24)
        self.hub = Hub(self.folder, look_s, report_s)

    @property
    def url(self) -> str:
        """Where the page is, with the token."""
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
        match rest:
            case [""]:
                self._send_file(ASSETS / "live.html", PAGE_POLICY)
            case ["live.js" | "live.css" as name]:
                self._send_file(ASSETS / name)
            case ["state.json"]:
                self._send_state()
            case ["events"]:
                self._send_events()
            case ["report", *names]:
                self._send_inside(self.server.hub.report.folder, names or [""])
            case ["logs", runid, log] if log.removesuffix(".log") in graph.TASKS:
                self._send_inside(self.server.folder / "logs", [runid, log])
            case _:
                self._refuse(HTTPStatus.NOT_FOUND)

    do_HEAD = do_GET

    def _send_inside(self, base: Path, names: list[str]) -> None:
        """A file of a folder; nothing outside of it, whatever the names and links say."""
        plain = all(name and not name.startswith(".") and not set(name) & set("/\\\0") for name in names)
        path = base.joinpath(*names).resolve() if plain else base
        if path.is_relative_to(base.resolve()) and path.is_file():
            self._send_file(path)
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def _send_file(self, path: Path, policy: str = "frame-ancestors 'none'") -> None:
        with path.open("rb") as stream:
            self._head(HTTPStatus.OK, TYPES.get(path.suffix, "application/octet-stream"), policy)
            self.send_header("Content-Length", str(path.stat().st_size))
            self.end_headers()
            if self.command != "HEAD":
                shutil.copyfileobj(stream, self.wfile)

    def _send_state(self) -> None:
        """All there is, as JSON."""
        self.server.hub.watching(1)
        try:
            _, changes = self.server.hub.since(0, ALIVE_S)
        finally:
            self.server.hub.watching(-1)
        self._send_text(HTTPStatus.OK, json.dumps(changes[0] if changes else {}), TYPES[".json"])

    def _send_events(self) -> None:
        """Server-sent events (html.spec.whatwg.org, 9.2): everything first, then what changes, until the end."""
        hub = self.server.hub
        try:
            if hub.watching(1) > MOST_WATCHERS:
                self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
                return
            self.close_connection = True
            self._head(HTTPStatus.OK, "text/event-stream", PAGE_POLICY)
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

    def _send_text(self, status: HTTPStatus, text: str, kind: str) -> None:
        body = text.encode()
        self._head(status, kind, PAGE_POLICY)
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
