"""Every command that the documentation and the help show is run, or, where it says why not, at least understood."""

import importlib.util
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import typer

from docs_commands import COMMANDS, REASONS, ROOT, STATES, Block, blocks, inline_commands, name_of, named_files
from docs_commands import pages as all_pages
from docs_commands import state as state_of
from docs_sandbox import make_batch, write_data, write_surroundings
from weppbatch.commands.app import app, main
from weppbatch.commands.contents import LINES
from weppbatch.nodb.controls import setting_names
from weppbatch.tasks.graph import TASKS, spec_of

BIN = Path(sys.executable).parent
PAGES = [page for page in all_pages() if name_of(page) != "docs/extending.md"]  # that one has a test of its own
GROUP = typer.main.get_group(app())


@pytest.fixture(scope="session")
def prepared(sample_dem: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/data, and a folder for each state that a page may begin with."""
    folder = tmp_path_factory.mktemp("docs")
    write_data(folder / "data", sample_dem)
    before = Path.cwd(), dict(os.environ)
    os.environ.pop("WEPPBATCH_ROOT", None)
    try:
        for name in ("an empty folder", "a finished batch"):
            (folder / name).mkdir()
            write_surroundings(folder / name, folder / "data")
        os.chdir(folder / "a finished batch")
        make_batch(folder / "data", finished=False)
        shutil.copytree(folder / "a finished batch", folder / "a batch", symlinks=True)
        main(["run", "myfire", "--cores", "2"])
    finally:
        os.chdir(before[0])
        os.environ.clear()
        os.environ.update(before[1])
    return folder


@pytest.fixture
def begin(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Goes into a copy of a prepared folder, as a page's reader is in one."""

    def into(state: str) -> Path:
        monkeypatch.delenv("WEPPBATCH_ROOT", raising=False)
        monkeypatch.setenv("WEPPBATCH_CORES", "2")
        monkeypatch.setenv("PATH", f"{BIN}:/usr/bin:/bin")
        folder = tmp_path / "here"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(prepared / state, folder, symlinks=True)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("PWD", str(folder))
        return folder

    return into


def run(command: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A command as it is typed, with /data where it lies; its exit code."""
    text = command.replace("\\\n", " ").replace("/data/", f"{data}/").replace("$PWD", str(Path.cwd()))
    words = shlex.split(text, comments=True)
    if words[0] == "weppbatch":
        monkeypatch.setattr(sys, "stdin", io.StringIO("myfire\n"))  # `delete` asks for the name
        code = main(words[1:])
        if words[1] == "create":
            main(["set", words[2], "climate.years=3"])  # of the default's hundred, for the sake of time
        return code
    assert words[0] == "snakemake", f"'{words[0]}' is not run here; say above the block why: {REASONS}"
    return subprocess.run([BIN / words[0], *words[1:]], check=False).returncode


def completed(command: str, first: str) -> str:
    """`snakemake ... rest` with the options of the page's first one; targets stand before them."""
    words = shlex.split(command, comments=True)
    if words[:2] != ["snakemake", "..."]:
        return command
    targets = [word for word in words[2:] if "/" in word or word == "preprocess"]
    options = [word for word in words[2:] if word not in targets]
    given = shlex.split(first, comments=True)[1:]
    at = given.index("--config")
    return shlex.join(["snakemake", *targets, *given[:at], *options, *given[at:]])


# --- the pages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(b.language == "sh" for b in blocks(page))], ids=name_of
)
def test_the_commands_of_a_page_work_one_after_the_other(
    page: Path, begin, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begin(state_of(page))
    first = ""
    for block in blocks(page):
        if block.language == "json" and block.title:
            (folder / block.title).write_text(block.text)
        if block.language != "sh" or (block.remark and block.remark[0] == "not run"):
            continue
        expected = int(block.remark[1]) if block.remark and block.remark[0] == "exit code" else 0
        for command in block.commands():
            first = first or (command if command.startswith("snakemake ") else "")
            assert run(completed(command, first), prepared / "data", monkeypatch) == expected, command


@pytest.mark.parametrize("page", all_pages(), ids=name_of)
def test_what_is_not_run_says_why_and_is_understood(page: Path) -> None:
    assert state_of(page) in STATES
    for block in blocks(page):
        if block.remark and block.remark[0] == "not run":
            assert block.remark[1] in REASONS, f"line {block.line}"
            for command in block.commands():
                understood(command)


@pytest.mark.parametrize("page", all_pages(), ids=name_of)
def test_commands_stand_in_blocks_that_are_run(page: Path) -> None:
    for block in blocks(page):
        if block.language != "sh":
            typed = [line for line in block.text.splitlines() if line.removeprefix("$ ").startswith(typed_words())]
            assert not typed, f"line {block.line}: a block of commands begins with ```sh"
    outside = re.sub(r"(?ms)^ *```.*?^ *```$", "", page.read_text())
    indented = re.findall(r"(?m)^ {4,}(?:weppbatch|snakemake) .*", outside)
    assert not indented


def typed_words() -> tuple[str, ...]:
    """How a line of commands begins."""
    return tuple(f"{word} " for word in COMMANDS if word != "make")


@pytest.mark.parametrize("page", all_pages(), ids=name_of)
def test_commands_in_the_text_have_the_options_that_they_show(page: Path) -> None:
    for command in inline_commands(page):
        understood(command)
    for name in named_files(page):
        assert (ROOT / name).is_file(), name


def understood(command: str) -> None:
    """A command that can't be run here: there is such a command, and it has these options."""
    words = shlex.split(command, comments=True)
    if words[0] == "make":
        for target in words[1:]:
            if "=" not in target:
                assert re.search(rf"(?m)^{re.escape(target)}:", (ROOT / "Makefile").read_text()), command
    if words[0] == "python" and words[1].endswith(".py"):
        assert (ROOT / words[1]).is_file(), command
    if words[0] != "weppbatch" or len(words) < 2 or words[1] == "COMMAND":
        return
    if words[1].startswith("-"):
        assert words[1] in {"--version", "--help", "--debug", "--install-completion"}, command
        return
    found = GROUP.get_command(None, words[1])
    assert found is not None, command
    if words[1] == "task":
        return  # its options are argparse's, and the pages run it
    known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help", "-h", "--debug"}
    own = [word for before, word in pairwise(words[1:]) if before != "--sbatch"]
    asked = {word.partition("=")[0] for word in own if re.match(r"--?[a-z]", word)}
    assert asked <= known, f"{command}: there is no {asked - known}"


# --- the help -----------------------------------------------------------------------------------------------


def examples(command: str) -> list[str]:
    """The commands that a command's help shows."""
    text = GROUP.get_command(None, command).help.replace("\b", "")
    found = re.search(r"Examples?: (.*)\Z", text, re.DOTALL)
    assert found, command
    return [line.strip() for line in found[1].splitlines() if line.strip()]


NOT_RUN = {"serve": "stays until Ctrl-C", "submit": "needs a cluster", "demo": "takes minutes"}


@pytest.mark.parametrize("command", LINES)
def test_the_examples_of_a_command_work(
    command: str, begin, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = examples(command)
    assert all(example.startswith(f"weppbatch {command}") for example in shown)
    if command in NOT_RUN:
        for example in shown:
            understood(example)
        return
    begin("an empty folder" if command == "create" else "a finished batch")
    if command == "include":
        assert main(["exclude", "myfire", "bruce-creek,smoky-creek", "--why", "a trial"]) == 0
    for example in shown:
        assert run(example, prepared / "data", monkeypatch) == 0, example


# --- the site -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_a_page_that_names_its_files_and_settings(task: str) -> None:
    text = (ROOT / "docs" / "tasks" / f"{task}.md").read_text()
    for file in spec_of(task).files:
        assert Path(file).name in text, file
    for control in spec_of(task).settings:
        assert f"{control}." in text or f"show NAME {control}" in text, control
    assert "fails" in text or "## Errors" in text


def test_the_reference_has_every_command_and_setting() -> None:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None and spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    settings, commands = reference.settings_page(), reference.commands_page()
    for name in setting_names():
        control, _, field = name.partition(".")
        section = settings.partition(f"## {control}:")[2].partition("\n## ")[0]
        row = next(line for line in section.splitlines() if line.startswith(f"| `{field}` |"))
        assert len(row.split(" | ")[2]) > 3, f"{name} has no description"
    for command, line in LINES.items():
        assert f"### {command}\n\n{line}." in commands and f"Usage: weppbatch {command}" in commands


def test_every_block_of_the_pages_has_a_language() -> None:
    without = [
        f"{name_of(page)}:{block.line}" for page in all_pages() for block in blocks(page) if not block.language
    ]
    assert without == []


def test_a_block_is_read_as_a_shell_reads_it() -> None:
    text = "a 'b\nc'  # said\n# not said\nd \\\n  e\n\nf\n"
    assert Block("sh", "", text, 1).commands() == ["a 'b\nc'  # said", "d \\\n  e", "f"]
