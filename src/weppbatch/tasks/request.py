"""What a client asks of the task server, how its bytes are read, and how a process takes its place.

The client's side of the format is in `weppbatch.client`, which may import nothing from here.
"""

import os
import socket
from dataclasses import dataclass, field

LENGTH_BYTES = 8
MOST_BYTES = 64 * 1024 * 1024
TASK_MINUTES = "WEPPBATCH_TASK_MINUTES"


class BadRequest(ValueError):
    """What came over the connection is no request."""


@dataclass(frozen=True)
class Request:
    """One task to do in a client's place: its arguments, environment, folder, umask and standard streams."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str
    umask: int
    streams: tuple[int, ...]

    @property
    def limit_s(self) -> float | None:
        """The seconds that the task may take, by WEPPBATCH_TASK_MINUTES; None for no limit."""
        return limit_s(self.environment.get(TASK_MINUTES, ""))

    def take_place(self) -> None:
        """Make this process like the client's: streams, umask, environment, folder.

        Raises OSError when the folder is gone.
        """
        for number, stream in enumerate(self.streams):
            os.dup2(stream, number)
        self.close()
        os.umask(self.umask)
        os.environ.clear()
        os.environ.update(self.environment)
        os.chdir(self.folder)

    def close(self) -> None:
        """Let go of the client's streams."""
        for stream in self.streams:
            os.close(stream)


def limit_s(minutes: str) -> float | None:
    """Minutes as text in seconds; None where there is no text, or none that is a positive number."""
    try:
        seconds = float(minutes or 0) * 60
    except ValueError:
        return None
    return seconds if seconds > 0 else None


@dataclass
class Arriving:
    """A request as its bytes come in."""

    content: bytes = b""
    streams: list[int] = field(default_factory=list)

    def receive(self, connection: socket.socket) -> Request | None:
        """Take what has come; the request once it is whole.

        Raises BadRequest when the client ended before, or sends what no client of ours sends.
        """
        part, streams, _, _ = socket.recv_fds(connection, 65536, 3)
        self.streams += streams
        self.content += part
        length = int.from_bytes(self.content[:LENGTH_BYTES], "big")
        if not part or length > MOST_BYTES:
            raise BadRequest
        if len(self.content) < LENGTH_BYTES + length or len(self.content) < LENGTH_BYTES:
            return None
        return self._parsed()

    def _parsed(self) -> Request:
        umask, folder, count, *rest = (os.fsdecode(one) for one in self.content[LENGTH_BYTES:].split(b"\0"))
        arguments, variables = rest[: int(count)], rest[int(count) :]
        if len(self.streams) != 3 or len(arguments) != int(count):
            raise BadRequest
        pairs = (variable.partition("=") for variable in variables)
        environment = {name: value for name, _, value in pairs}
        return Request(arguments, environment, folder, int(umask), tuple(self.streams))

    def close(self) -> None:
        """Let go of what has come."""
        for stream in self.streams:
            os.close(stream)
