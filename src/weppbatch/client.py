"""The console script's entry: the standard library only, so that a command loads no more than it needs.

A task is handed to the start's task server when the environment names one; its exit code comes back. Without a
server, this process does the task itself. Nothing here knows what a task does.
"""

# Every task of a start passes here, so even `socket` counts: its import costs as much as Python's own start.
# A start runs this very file by `python -I -S`, without site-packages: nothing else of weppbatch at the top.
import _socket
import os
import sys

SOCKET = "WEPPBATCH_SOCKET"
INTERRUPTED = 5


def main() -> int:
    """Run the `weppbatch` command and return its exit code."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["task"] and SOCKET in os.environ:
        code = ask(os.environ[SOCKET], arguments[1:])
        if code is not None:
            return code
    if sys.flags.no_site:
        os.execv(sys.executable, [sys.executable, "-P", "-m", "weppbatch.client", *arguments])
    if arguments[:1] == ["task"]:
        from weppbatch.batch.access import require_permission
        from weppbatch.tasks.entry import main as task_main

        return task_main(arguments[1:], require_permission)
    from weppbatch.commands.app import main as app_main

    return app_main()


def ask(path: str, arguments: list[str]) -> int | None:
    """Have the server at `path` do a task as if this process did it; its exit code, None when nobody serves there.

    Ctrl-C here ends the task there, and so does the end of this process.
    """
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect(path)
        request = _request(arguments)
        streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
        sent = connection.sendmsg([request], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
        connection.sendall(request[sent:])
    except OSError:
        return None
    return _outcome(connection)


def _request(arguments: list[str]) -> bytes:
    """This process as a server can take it on: umask, folder, arguments, environment; its length before it."""
    umask = os.umask(0)
    os.umask(umask)
    folder = os.getcwdb()  # noqa: PTH109 (pathlib's import would cost more than all of this)
    fields = [b"%d" % umask, folder, b"%d" % len(arguments), *map(os.fsencode, arguments)]
    fields += [name + b"=" + value for name, value in os.environb.items()]
    body = b"\0".join(fields)
    return len(body).to_bytes(8, "big") + body


def _outcome(connection: _socket.socket) -> int:
    """Wait for the server's two lines: the task's process group, then its exit code."""
    lines = b""
    while True:
        try:
            part = connection.recv(64)
        except KeyboardInterrupt:
            connection.shutdown(_socket.SHUT_WR)  # the server ends the task and still says how it ended
            continue
        if not part:
            break
        lines += part
    numbers = lines.split()
    if len(numbers) == 2:
        return int(numbers[1])
    print("error: the task server ended before the task, and the task with it", file=sys.stderr)
    try:
        if numbers:
            os.killpg(int(numbers[0]), 9)
    except ProcessLookupError:
        pass
    return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
