"""A real HTTP server on loopback that serves ranges of files, and fails on purpose where it is told to."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zlib import crc32


@dataclass
class Server:
    """`failures`: what happens instead, one after the other, at any request; `answer` answers a query."""

    folder: Path
    url: str = ""
    failures: list[str] = field(default_factory=list)
    requests: Counter = field(default_factory=Counter)
    queries: list[dict[str, list[str]]] = field(default_factory=list)
    bytes: int = 0
    ranges: bool = True
    answer: object = None


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server of a folder's files, until the block ends."""
    state = Server(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            state.requests[parts.path] += 1
            failure = state.failures.pop(0) if state.failures else ""
            if failure and failure not in ("cut", "slow", "ok"):
                return self.fail(failure)
            if parts.query:
                state.queries.append(parse_qs(parts.query))
                body = state.answer(parse_qs(parts.query))
                return self.send(200 if body else 204, body, {}, failure)
            path = state.folder / parts.path.lstrip("/")
            if not path.is_file():
                return self.fail("404")
            content = path.read_bytes()
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if not wanted or not state.ranges:
                return self.send(200, content, {}, failure)
            first, last = int(wanted[1]), min(int(wanted[2]), len(content) - 1)
            if first > last:
                return self.fail("416")
            headers = {"Content-Range": f"bytes {first}-{last}/{len(content)}", "ETag": f'"{crc32(content):x}"'}
            return self.send(206, content[first : last + 1], headers, failure)

        def do_HEAD(self) -> None:
            path = state.folder / urlsplit(self.path).path.lstrip("/")
            self.send_response(200 if path.is_file() else 404)
            self.send_header("Content-Length", str(path.stat().st_size if path.is_file() else 0))
            self.send_header("Accept-Ranges", "bytes")
            self.end_headers()

        def fail(self, failure: str) -> None:
            if failure == "html":
                page = b"<html><body>We are sorry</body></html>"
                return self.send(200, page, {"Content-Type": "text/html; charset=utf-8"}, "")
            code, _, after = failure.partition(":")
            headers = {"Retry-After": after} if after else {}
            return self.send(int(code), b"no", headers, "")

        def send(self, status: int, body: bytes, headers: dict[str, str], failure: str) -> None:
            self.send_response(status)
            for name, value in ({"Content-Type": "image/tiff"} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if failure == "slow":
                time.sleep(1.0)
            sent = body[: len(body) // 2] if failure == "cut" else body
            with suppress(OSError):  # who asked may not wait for it
                self.wfile.write(sent)
            state.bytes += len(sent)
            if failure == "cut":
                self.close_connection = True
                self.connection.close()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
