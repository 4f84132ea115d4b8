"""`weppbatch serve`: the batch and its report in a browser, live."""

from typing import Annotated

import typer

from weppbatch.batch.root import batch_folder
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.arguments import Name
from weppbatch.commands.console import say
from weppbatch.commands.display import say_line
from weppbatch.errors import InputError


def serve(
    name: Name,
    port: Annotated[int, typer.Option(min=0, max=65535, help="the port; 0: any that is free")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="the address for machines")] = False,
) -> None:
    """Serve the batch and its report live to browsers on this machine, until Ctrl-C; changes nothing.

    Whoever has the address, which holds a secret token, can read. From elsewhere: ssh -L 8765:127.0.0.1:8765 HOST

    \b
    Example: weppbatch serve myfire --port 8765
    """
    from weppbatch.report.live.server import LiveServer  # all that draws is heavy

    folder = batch_folder(name).resolve()
    BatchRunner.getInstance(folder)
    try:
        server = LiveServer(folder, port)
    except OSError as error:
        raise InputError(f"port {port} can't be had: {error.strerror}", hint="name another, or --port 0") from error
    if as_json:
        say_line({"url": server.url})
    else:
        say(f"{name} live, until Ctrl-C: {server.url}")
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        say("")
    finally:
        server.close()


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(serve)
