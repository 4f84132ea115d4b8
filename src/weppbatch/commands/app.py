"""The command `weppbatch`: all commands in the order of the journey, and the one place where errors end.

Exit codes: 0 done, 1 some runs failed, 2 the input is wrong, 3 a fault of ours, 4 the batch is busy, 5 interrupted.
"""

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from weppbatch import __version__
from weppbatch.batch.root import batches_root
from weppbatch.commands.console import readable
from weppbatch.commands.contents import OF_EVERY_APP, Contents
from weppbatch.disk import disk_full
from weppbatch.errors import Interrupted, NotPermitted, WeppbatchError

_TYPER_INTERRUPTED = 130  # what typer makes of Ctrl-C


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"weppbatch {__version__}")
        raise typer.Exit


def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="show the traceback of an error; also after the command")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="show the version")
    ] = False,
) -> None:
    """Run one prepared WEPP project over hundreds of watersheds."""


def app() -> typer.Typer:
    """The command line with all commands; each loads its own module when it is called."""
    made = typer.Typer(
        name="weppbatch",
        cls=Contents,
        no_args_is_help=True,
        epilog="Batches lie in ./batches, or where WEPPBATCH_ROOT says. "
        "More on a command, with examples: weppbatch COMMAND --help. "
        "Completion of commands, options, batches, runs and tasks: weppbatch --install-completion",
        **OF_EVERY_APP,
    )
    made.callback()(options)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with its arguments (those of the process by default) and give its exit code.

    Errors end here: what weppbatch reports becomes two lines on stderr; anything else is a fault of ours.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given  # before the command or after it
    words = [word for word in given if word != "--debug"]
    if debug and words[:1] == ["task"]:
        words.append("--debug")  # a task has its own options
    try:
        code = app()(words, prog_name="weppbatch", standalone_mode=False)
    except typer.TyperException as error:
        return _usage(error)
    except (KeyboardInterrupt, typer.Abort):
        return _reported(Interrupted("interrupted"), debug)
    except WeppbatchError as error:
        return _reported(error, debug)
    except PermissionError as error:
        denied = f"no permission for {error.filename}" if error.filename else str(error)
        return _reported(NotPermitted(denied, hint="ask its owner, or whoever looks after the batches"), debug)
    except Exception as error:  # noqa: BLE001
        full = disk_full(error, batches_root()) if batches_root().exists() else None
        return _fault(error, debug) if full is None else _reported(full, debug)
    if code == _TYPER_INTERRUPTED:
        return _reported(Interrupted("interrupted"), debug)
    return code if isinstance(code, int) else 0


def _usage(error: typer.TyperException) -> int:
    print(f"error: {readable(error.format_message())}", file=sys.stderr)
    context = getattr(error, "ctx", None)
    if context is not None:
        print(f"hint: {context.command_path} --help", file=sys.stderr)
    return 2


def _reported(error: WeppbatchError, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    print(f"error: {readable(str(error))}", file=sys.stderr)
    if error.hint:
        print(f"hint: {readable(error.hint)}", file=sys.stderr)
    return error.exit_code


def _fault(error: Exception, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    print(f"error: a fault in weppbatch: {type(error).__name__}: {error}", file=sys.stderr)
    if not debug:
        print("hint: run it again with --debug and report the traceback", file=sys.stderr)
    return 3
