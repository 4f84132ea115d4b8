"""The command `weppbatch`: all commands in the order of the journey, and the one place where errors end.

Exit codes: 0 done, 1 some runs failed, 2 the input is wrong, 3 a fault of ours, 4 the batch is busy, 5 interrupted.
"""

import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from weppbatch import __version__
from weppbatch.batch.root import batches_root
from weppbatch.commands.console import readable
from weppbatch.disk import disk_full
from weppbatch.errors import Interrupted, NotPermitted, WeppbatchError

_TYPER_INTERRUPTED = 130  # what typer makes of Ctrl-C
# The modules in the order of the journey, each with its commands. A command loads its own module alone, for some
# load the whole of the geometry and table libraries, which `status` has no use for.
JOURNEY = {
    "create": ("configs", "create", "list"),
    "add": ("add",),
    "set": ("set", "show"),
    "tasks": ("tasks",),
    "validate": ("validate",),
    "doctor": ("doctor",),
    "exclude": ("exclude", "include"),
    "run": ("run", "retry"),
    "stage": ("stage",),
    "submit": ("submit",),
    "status": ("status",),
    "serve": ("serve",),
    "cancel": ("cancel",),
    "push": ("push",),
    "audit": ("audit",),
    "logs": ("logs",),
    "report": ("report",),
    "rasters": ("rasters",),
    "export": ("export",),
    "clean": ("clean",),
    "delete": ("delete",),
    "demo": ("demo",),
    "task": ("task",),
    "shard": ("shard",),
}


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"weppbatch {__version__}")
        raise typer.Exit


def options(
    debug: Annotated[bool, typer.Option("--debug", help="show the traceback of an error")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="show the version")
    ] = False,
) -> None:
    """Run one prepared WEPP project over hundreds of watersheds."""


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The command line with the command that the arguments name; with all of them when they name none."""
    app = typer.Typer(
        name="weppbatch",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
        epilog="Batches lie in ./batches, or where WEPPBATCH_ROOT says. "
        "More on a command: weppbatch COMMAND --help",
    )
    app.callback()(options)
    asked = next((word for word in arguments if not word.startswith("-")), "")
    named = [module for module, commands in JOURNEY.items() if asked in commands]
    for module in named or JOURNEY:
        import_module(f"weppbatch.commands.{module}").register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with its arguments (those of the process by default) and give its exit code.

    Errors end here: what weppbatch reports becomes two lines on stderr; anything else is a fault of ours.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        code = app_for(given)(given, prog_name="weppbatch", standalone_mode=False)
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
        print("hint: run it again as weppbatch --debug ... and report the traceback", file=sys.stderr)
    return 3
