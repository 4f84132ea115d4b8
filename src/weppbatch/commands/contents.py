"""The table of contents of `weppbatch --help`: every command under its heading, in the order of the journey.

A command's module is loaded when the command is called or completed, never for the table: some modules load all the
geometry and table libraries.
"""

from difflib import get_close_matches
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Entry(NamedTuple):
    """A command, the module of `weppbatch.commands` that has it, and its line in the table."""

    command: str
    module: str
    line: str


CONTENTS = {
    "Prepare": (
        Entry("configs", "create", "List the base configurations that a batch can start from"),
        Entry("create", "create", "Make a batch with its base project"),
        Entry("list", "create", "List the batches"),
        Entry("add", "add", "Add watersheds, elevations or a burn severity map"),
        Entry("show", "set", "Show the settings, with units and defaults"),
        Entry("set", "set", "Change settings"),
        Entry("tasks", "tasks", "Show or change the checklist of tasks"),
        Entry("validate", "validate", "Give every watershed its run id by a template"),
    ),
    "Check": (
        Entry("doctor", "doctor", "Say what would go wrong, before anything runs"),
        Entry("exclude", "exclude", "Leave watersheds out, with the reason"),
        Entry("include", "exclude", "Take excluded watersheds back"),
    ),
    "Run": (
        Entry("run", "run", "Do what is missing or stale in every watershed"),
        Entry("retry", "run", "Do the failed watersheds again, and no other"),
        Entry("stage", "stage", "Fetch what needs a network, so that later tasks need none"),
        Entry("submit", "submit", "Hand the work to Slurm, as an array of jobs"),
        Entry("cancel", "cancel", "Stop what runs, from any terminal or host"),
    ),
    "Watch": (
        Entry("status", "status", "Show the state of every run and task"),
        Entry("serve", "serve", "Show the batch and its report live in a browser"),
        Entry("logs", "logs", "Show logs, or bundle them for a bug report"),
    ),
    "After a run": (
        Entry("report", "report", "Write the report and its tables from whatever is done"),
        Entry("rasters", "rasters", "Write maps of runs as Cloud Optimized GeoTIFFs"),
        Entry("export", "export", "Write a run as the input files of WEPP itself"),
    ),
    "Keep house": (
        Entry("push", "push", "Bring changed settings to runs that are cloned already"),
        Entry("audit", "audit", "Compare what was asked with what is on disk"),
        Entry("clean", "clean", "List what is of no more use, and remove it"),
        Entry("delete", "delete", "Delete a batch with all its runs and results"),
    ),
    "Try": (
        Entry("demo", "demo", "Run ten watersheds on real terrain, polygon to report"),
        Entry("task", "task", "Do one task of one run by hand, to watch it fail"),
    ),
}
HIDDEN = {"shard": "shard"}  # what jobs on a cluster call
LINES = {entry.command: entry.line for entries in CONTENTS.values() for entry in entries}
MODULES = {entry.command: entry.module for entries in CONTENTS.values() for entry in entries} | HIDDEN
OF_EVERY_APP: dict[str, Any] = {
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"], "max_content_width": 110},
}


class Contents(TyperGroup):
    """The group of all commands: lists them by the table, and loads one when it is called for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands' names, in the order of the table."""
        return list(LINES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name, its module loaded now; None when there is none."""
        if cmd_name not in self.commands and cmd_name in MODULES:
            app = typer.Typer(**OF_EVERY_APP, add_completion=False)
            app.callback()(lambda: None)  # a group, however many commands the module has
            import_module(f"weppbatch.commands.{MODULES[cmd_name]}").register(app)
            group = typer.main.get_group(app)
            self.commands = {**self.commands, **group.commands}
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the words begin with; a usage error that names the nearest when there is none."""
        word = args[0]
        if word not in MODULES and not word.startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(word, LINES, n=1, cutoff=0.5)
            ctx.fail(f"there is no command '{word}'" + (f"; did you mean '{near[0]}'?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the table, then the options."""
        width = max(map(len, LINES))
        for heading, entries in CONTENTS.items():
            with formatter.section(heading):
                formatter.write_dl([(entry.command.ljust(width), entry.line) for entry in entries])
        TyperCommand.format_options(self, ctx, formatter)  # type: ignore[arg-type] # it needs no more than a command

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The commands and options that begin so, with the table's lines."""
        listed: dict[str, Any] = {
            command: TyperCommand(command, short_help=line) for command, line in LINES.items()
        }
        return TyperGroup(name=self.name, params=self.params, commands=listed).shell_complete(ctx, incomplete)
