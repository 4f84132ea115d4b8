"""A hook of mkdocs: the pages of commands and settings, made from the command's help and the controls themselves.

They are made when the site is, so they can't be older than the code. Nothing is written into docs/.
"""

from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.testing import CliRunner

from weppbatch.commands.app import app
from weppbatch.commands.contents import CONTENTS
from weppbatch.nodb.base import BOOKKEEPING
from weppbatch.nodb.controls import CONTROLS
from weppbatch.tasks.graph import TASKS

WIDTH = "110"
TITLES = {
    "ron": "elevations and the window", "watershed": "outlet, channels and hillslopes", "landuse": "land cover",
    "soils": "soils", "climate": "weather", "wepp": "the engine", "ash": "ash", "omni": "scenarios",
    "disturbed": "fire and disturbance",
}  # fmt: skip


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the two pages."""
    for name, text in (("commands", commands_page()), ("settings", settings_page())):
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def commands_page() -> str:
    """Every command with its help, under the headings of `weppbatch --help`."""
    parts = [
        "# Commands",
        "What `weppbatch COMMAND --help` prints. `--debug`, before the command or after it, shows the traceback "
        "of an error. `weppbatch --install-completion` teaches the shell to complete commands, options, batches, "
        "runs, tasks and settings.",
    ]
    runner = CliRunner(env={"COLUMNS": WIDTH})
    for heading, entries in CONTENTS.items():
        parts.append(f"## {heading}")
        for entry in entries:
            said = runner.invoke(app(), [entry.command, "--help"], prog_name="weppbatch")
            parts += [f"### {entry.command}", f"{entry.line}.", f"```text\n{said.output.strip()}\n```"]
    return "\n\n".join(parts) + "\n"


def settings_page() -> str:
    """Every field of every control with its default, what it is, and the tasks that read it."""
    settings = {task: spec.settings_of(point=True) for task, spec in TASKS.items()}
    parts = [
        "# Settings",
        "What `weppbatch show NAME` lists. `weppbatch set NAME CONTROL.FIELD=VALUE` changes one; a changed setting "
        "makes the tasks stale that read it, and what rests on them, and nothing else.",
    ]
    for control, kind in CONTROLS.items():
        head = "| setting | default | what it is | read by |\n|---|---|---|---|"
        parts += [f"## {control}: {TITLES[control]}", head]
        fields = ((name, field) for name, field in kind.model_fields.items() if name not in BOOKKEEPING)
        for name, field in fields:
            reading = (task for task, read in settings.items() if name in read.get(control, ()))
            tasks = ", ".join(f"[{task}](../tasks/{task}.md)" for task in reading)
            default = _shown(field.get_default(call_default_factory=True))
            parts[-1] += f"\n| `{name}` | {default} | {_cell(field.description or '')} | {tasks} |"
    return "\n\n".join(parts) + "\n"


def _shown(value: Any) -> str:
    text = "none" if value is None else str(getattr(value, "value", value))
    return f"`{_cell(text)}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
