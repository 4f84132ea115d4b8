"""Bytes over HTTP, with care: time-outs, a pace shared by all tasks, retries of what may pass, and named failures.

GDAL's own /vsicurl can't tell a missing tile from a busy server, knows no Retry-After and counts nothing; so GDAL
reads through `ranged.RangedFile`, and this module asks. It keeps no files and knows no rasters.
"""

import fcntl
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import stamina

from weppbatch import __version__
from weppbatch.elevation.source import Traffic
from weppbatch.errors import ConfigError, DataError, NetworkError

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
LONGEST_WAIT_S = 120.0  # a server that asks for more is left to the next attempt of the task
PAGE_BYTES = 65536
MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # TIFF and BigTIFF


class Missing(DataError):
    """The server has nothing at this address (404, 410, 204)."""


class Refused(ConfigError):
    """The server wants other credentials (401, 403)."""


class NotARaster(NetworkError):
    """The server answered with something else than what was asked for, such as a page that says sorry."""


class Unsteady(NetworkError):
    """The server was busy, slow, broke off or could not be reached; trying again may help."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message, hint="run it again when the server answers; what was fetched is kept")
        self.retry_after_s = retry_after_s


@dataclass
class Manners:
    """How a server is asked: seconds without a byte, seconds for one answer, attempts, first wait, requests a s."""

    timeout_s: float = 30.0
    answer_s: float = 300.0
    attempts: int = 5
    first_wait_s: float = 0.5
    requests_per_s: float = 20.0


class Version(NamedTuple):
    """What a server says of a file's state: bytes, and ETag and Last-Modified where it gives them."""

    size: int
    etag: str = ""
    last_modified: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return self._asdict()


@dataclass
class Client:
    """Asks one server; `pace` is the file by which all tasks keep its rate limit together."""

    pace: Path
    manners: Manners = field(default_factory=Manners)
    traffic: Traffic = field(default_factory=Traffic)

    def part(self, url: str, first: int, last: int) -> tuple[bytes, Version]:
        """The bytes `first` to `last` (inclusive, or to the file's end) at an address, and its state.

        Raises Missing, Refused, NotARaster, Unsteady.
        """
        body, headers = self._ask(url, (first, last))
        size = int(headers["content-range"].rpartition("/")[2])
        version = Version(size, headers.get("etag", ""), headers.get("last-modified", ""))
        if len(body) != min(last, size - 1) - first + 1:
            raise Unsteady(f"{shown(url)} sent {len(body)} bytes where others were asked for")
        return body, version

    def whole(self, url: str, limit_bytes: int) -> bytes:
        """All that is at an address, which has to be a TIFF; raises as `part` does."""
        body, _ = self._ask(url, None, limit_bytes)
        if not body.startswith(MAGIC):
            raise NotARaster(f"{shown(url)} answered with something else than a GeoTIFF: {opening(body)}")
        return body

    def _ask(
        self, url: str, span: tuple[int, int] | None, limit_bytes: int | None = None
    ) -> tuple[bytes, dict[str, str]]:
        tries = stamina.retry_context(
            on=_wait_of,
            attempts=self.manners.attempts,
            timeout=None,
            wait_initial=self.manners.first_wait_s,
            wait_max=30.0,
            wait_jitter=self.manners.first_wait_s,
        )
        for attempt in tries:
            with attempt:
                self.traffic.retries += attempt.num > 1
                return self._ask_once(url, span, limit_bytes)
        raise AssertionError("stamina raises what the last attempt raised")

    def _ask_once(
        self, url: str, span: tuple[int, int] | None, limit_bytes: int | None
    ) -> tuple[bytes, dict[str, str]]:
        headers = {"User-Agent": f"weppbatch/{__version__}", "Accept-Encoding": "identity"}
        if span:
            headers["Range"] = "bytes={}-{}".format(*span)
        self._keep_pace()
        self.traffic.requests += 1
        with self._named(url):
            request = urllib.request.Request(url, headers=headers)
            with urllib.request.urlopen(request, timeout=self.manners.timeout_s) as answer:
                found = {name.lower(): value for name, value in answer.headers.items()}
                self._check_kind(url, answer.status, found, span)
                limit = span[1] - span[0] + 1 if span else limit_bytes
                return self._body(url, answer, found, limit), found

    def _check_kind(self, url: str, status: int, headers: dict[str, str], span: tuple[int, int] | None) -> None:
        kind = headers.get("content-type", "").lower()
        if status == 204:
            raise Missing(f"{shown(url)} has no data there")
        if any(word in kind for word in ("html", "json", "xml")):
            raise NotARaster(f"{shown(url)} answered with a page ({kind}), not with a raster")
        if span and (status != 206 or not headers.get("content-range", "").rpartition("/")[2].isdigit()):
            raise NotARaster(
                f"{shown(url)} does not serve parts of files",
                hint="download the file and name it instead",
            )

    def _body(self, url: str, answer: Any, headers: dict[str, str], limit: int | None) -> bytes:
        """The answer's content, whole or not at all; counted as it comes."""
        deadline = time.monotonic() + self.manners.answer_s
        chunks: list[bytes] = []
        got = 0
        while chunk := answer.read1(PAGE_BYTES):
            chunks.append(chunk)
            got += len(chunk)
            self.traffic.bytes += len(chunk)
            if limit is not None and got > limit:
                raise NotARaster(f"{shown(url)} sends more than the {limit:,} bytes that were expected")
            if time.monotonic() > deadline:
                raise Unsteady(f"{shown(url)} is too slow: {got:,} bytes in {self.manners.answer_s:g} s")
        expected = headers.get("content-length", "")
        if expected.isdigit() and got != int(expected):
            raise Unsteady(f"{shown(url)} broke off after {got:,} of {int(expected):,} bytes")
        return b"".join(chunks)

    @contextmanager
    def _named(self, url: str) -> Iterator[None]:
        """Failures of the network under the names of this module."""
        try:
            yield
        except urllib.error.HTTPError as error:
            said = f"{shown(url)} answered {error.code} {error.reason}"
            if error.code in TRANSIENT:
                wait = _retry_after(error.headers.get("Retry-After"))
                self._hold_pace(wait or 0.0)
                raise Unsteady(said, retry_after_s=wait) from None
            if error.code in (404, 410):
                raise Missing(said) from None
            if error.code in (401, 403):
                raise Refused(said, hint="check the key or the account for this source") from None
            if error.code == 416:
                raise NotARaster(f"{said}: the file is shorter than it was") from None
            raise NotARaster(said) from None
        except urllib.error.URLError as error:
            raise Unsteady(f"{shown(url)} can't be reached: {error.reason}") from None
        except (http.client.HTTPException, OSError) as error:
            raise Unsteady(f"{shown(url)} broke off: {error or type(error).__name__}") from None

    def _keep_pace(self) -> None:
        """Wait for this request's turn among all processes that ask the same server."""
        now = time.time()
        turn = self._next_turn(lambda planned: max(planned, now), 1.0 / self.manners.requests_per_s)
        time.sleep(min(max(turn - now, 0.0), LONGEST_WAIT_S))

    def _hold_pace(self, wait_s: float) -> None:
        """Nobody asks before a server's own Retry-After is over."""
        if wait_s:
            self._next_turn(lambda planned: max(planned, time.time() + min(wait_s, LONGEST_WAIT_S)), 0.0)

    def _next_turn(self, choose: Any, step_s: float) -> float:
        self.pace.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.pace, os.O_RDWR | os.O_CREAT, 0o664)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            text = os.pread(descriptor, 64, 0).decode().strip()
            # a turn farther off than any server may ask for is a clock that was put back
            planned = float(text) if text else 0.0
            planned = 0.0 if planned > time.time() + 2 * LONGEST_WAIT_S else planned
            turn = float(choose(planned))
            os.pwrite(descriptor, f"{turn + step_s:<30.6f}".encode(), 0)
            return turn
        finally:
            os.close(descriptor)


def shown(url: str) -> str:
    """An address for messages: without query, in which there may be a key."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def opening(body: bytes) -> str:
    """The first bytes of an answer, for messages."""
    return repr(body[:40].decode("ascii", "replace"))


def _wait_of(error: Exception) -> bool | float:
    """Whether to ask again, and when the server itself said so, after how many seconds."""
    if not isinstance(error, Unsteady):
        return False
    if error.retry_after_s is None:
        return True
    return error.retry_after_s if error.retry_after_s <= LONGEST_WAIT_S else False


def _retry_after(text: str | None) -> float | None:
    """Seconds from a Retry-After header: a number or a date."""
    if not text:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except ValueError:
        return None
