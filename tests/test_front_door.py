"""The command line as a whole: its table of contents, its examples, completion, and how errors are told."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from weppbatch.commands import create
from weppbatch.commands.app import app, main
from weppbatch.commands.contents import CONTENTS, LINES, MODULES
from weppbatch.nodb.controls import setting_names
from weppbatch.tasks import graph

BIN = Path(sys.executable).parent
HEAVY = {"numpy", "pandas", "geopandas", "numba", "pyarrow", "rasterio", "shapely"}
WIDTH = 80


class Said:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def call(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Runs a command as the console script would, in a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", str(WIDTH))

    def run(*words: str | Path) -> Said:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def hills(new_batch) -> Path:
    """A batch with two runs, ws-1 and ws-2."""
    return new_batch("hills")


# --- the table of contents ----------------------------------------------------------------------------------


def test_the_help_is_a_table_of_contents_in_the_order_of_the_journey(call) -> None:
    listed = re.findall(r"^  ([a-z]+) {2,}(?=[A-Z])", call("--help").out, re.MULTILINE)
    assert listed == list(LINES)
    headings = re.findall(r"^([A-Z][a-z ]+):$", call("--help").out, re.MULTILINE)
    assert headings == [*CONTENTS, "Options"]
    journey = ["create", "add", "validate", "doctor", "run", "status", "report", "clean"]
    assert [name for name in listed if name in journey] == journey


def test_every_command_has_one_line_that_is_never_cut(call) -> None:
    lines = call("--help").out.splitlines()
    for command, text in LINES.items():
        assert f"  {command:8s}  {text}" in lines
        assert "..." not in text


@pytest.mark.parametrize("command", MODULES)
def test_every_command_shows_an_example_in_one_line(command: str, call) -> None:
    said = call(command, "--help")
    assert said.code == 0
    assert re.search(rf"^  Examples?: weppbatch {command}\b", said.out, re.MULTILINE)


def test_the_table_has_every_command_of_every_module_and_no_other() -> None:
    folder = Path(create.__file__).parent
    registered = set()
    for path in folder.glob("*.py"):
        if "def register(" in path.read_text():
            made = typer.Typer()
            __import__(f"weppbatch.commands.{path.stem}", fromlist=["register"]).register(made)
            for info in made.registered_commands:
                registered.add((info.name or info.callback.__name__, path.stem, bool(info.hidden)))
    assert registered == {(command, module, command not in LINES) for command, module in MODULES.items()}


def test_the_help_loads_no_command_and_a_command_only_its_own() -> None:
    loaded = "import sys; from weppbatch.commands.app import main; main({words}); print(*sys.modules)"
    for words, modules in ((["--help"], set()), (["status", "--help"], {"status"}), (["run", "-h"], {"run"})):
        done = subprocess.run(
            [sys.executable, "-c", loaded.format(words=words)], capture_output=True, text=True, check=True
        )
        found = set(done.stdout.split())
        assert not HEAVY & found
        commands = {f"weppbatch.commands.{module}" for module in MODULES.values()}
        assert commands & found == {f"weppbatch.commands.{module}" for module in modules}


def test_the_version_is_told_by_the_console_script() -> None:
    done = subprocess.run([BIN / "weppbatch", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("weppbatch ")


# --- errors -------------------------------------------------------------------------------------------------


def test_a_mistyped_command_names_the_nearest(call) -> None:
    said = call("valdate", "mine")
    assert said.code == 2
    assert said.err.startswith("error: there is no command 'valdate'; did you mean 'validate'?\nhint: ")
    assert "did you mean" not in call("zzzz").err


@pytest.mark.parametrize("words", [("run", "mine", "--core", "2"), ("create",), ("logs", "a", "--lines", "0")])
def test_what_can_not_be_parsed_is_an_error_with_exit_code_2(call, words: tuple[str, ...]) -> None:
    said = call(*words)
    assert said.code == 2
    assert [line.split(":")[0] for line in said.err.splitlines()] == ["error", "hint"]


def test_an_error_is_two_lines_and_a_traceback_only_with_debug_wherever_it_stands(call) -> None:
    said = call("validate", "nowhere")
    assert said.code == 2
    assert [line.split(":")[0] for line in said.err.splitlines()] == ["error", "hint"]
    for words in (("--debug", "validate", "nowhere"), ("validate", "nowhere", "--debug")):
        said = call(*words)
        assert said.code == 2
        assert "Traceback" in said.err


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_a_task_by_hand_has_a_traceback_only_with_debug(hills: Path, debug: tuple[str, ...]) -> None:
    words = [BIN / "weppbatch", "task", "outlet", "--run", "ws-1", "--batch", hills, *debug]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "error: outlet of ws-1" in done.stderr
    assert ("Traceback" in done.stderr) == bool(debug)


def test_a_fault_of_ours_is_told_in_one_line_with_exit_code_3(call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(create, "base_configs", lambda: 1 // 0)
    said = call("configs")
    assert said.code == 3
    assert said.err.startswith("error: a fault in weppbatch: ZeroDivisionError")
    assert "Traceback" not in said.err
    assert "Traceback" in call("configs", "--debug").err


def test_a_missing_permission_is_no_fault_of_ours(call, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise PermissionError(13, "Permission denied", "/data/batches/mine")

    monkeypatch.setattr(create, "base_configs", refuse)
    said = call("configs")
    assert said.code == 2
    assert said.err.startswith("error: no permission for /data/batches/mine")


# --- machines -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("configs",),
        ("create", "other"),
        ("list",),
        ("show", "hills"),
        ("set", "hills", "watershed.csa_ha=5"),
        ("tasks", "hills"),
        ("validate", "hills"),
        ("doctor", "hills"),
        ("exclude", "hills", "ws-1", "--why", "a trial"),
        ("run", "hills", "-n"),
        ("status", "hills"),
        ("logs", "hills"),
        ("logs", "hills", "ws-1"),
        ("push", "hills", "-n"),
        ("rasters", "hills", "--to", "maps"),
        ("clean", "hills"),
    ],
)
def test_what_a_machine_would_read_is_json_and_nothing_else(
    hills: Path, call, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = call(*words, "--json")
    assert said.code == 0, said.err
    json.loads(said.out)


def test_audit_says_what_is_missing_as_json_with_its_exit_code(hills: Path, call) -> None:
    said = call("audit", "hills", "--json")
    assert said.code == 1
    assert json.loads(said.out)


# --- completion ---------------------------------------------------------------------------------------------


def asking(line: str) -> dict[str, str]:
    """The environment in which bash asks for what the end of a line may become."""
    words = len(line.split(" ")) - 1
    return {"_WEPPBATCH_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(words)}


@pytest.fixture
def completed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """What bash would complete at the end of a line."""

    def ask(line: str) -> list[str]:
        for name, value in asking(line).items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        with pytest.raises(SystemExit):
            app()(prog_name="weppbatch")
        said = capsys.readouterr()
        assert said.err == ""
        return said.out.split()

    return ask


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("weppbatch va", ["validate"]),
        ("weppbatch ex", ["exclude", "export"]),
        ("weppbatch --ver", ["--version"]),
        ("weppbatch create new --config wbt", ["wbt_dense"]),
        ("weppbatch validate h", ["hills"]),
        ("weppbatch run x", []),
        ("weppbatch run hills --re", ["--reason"]),
        ("weppbatch run hills --runs @f", ["@failed"]),
        ("weppbatch run hills --runs ws-1,ws", ["ws-1,ws-2"]),
        ("weppbatch run hills --tasks pre", ["preprocess"]),
        ("weppbatch run hills --tasks wepp,wat", ["wepp,watershed", "wepp,watar"]),
        ("weppbatch tasks hills --off om", ["omni"]),
        ("weppbatch exclude hills @", ["@doctor"]),
        ("weppbatch include hills ws-1,", ["ws-1,ws-2"]),
        ("weppbatch logs hills ws-2 out", ["outlet"]),
        ("weppbatch export hills ws", ["ws-1", "ws-2"]),
        ("weppbatch export nowhere ws", []),
        ("weppbatch show hills wat", ["watershed"]),
        ("weppbatch push hills --controls ron,so", ["ron,soils"]),
        ("weppbatch set hills watershed.csa", ["watershed.csa_ha="]),
    ],
)
def test_a_shell_completes(hills: Path, completed, line: str, words: list[str]) -> None:
    assert completed(line) == words


def test_every_command_and_setting_is_completed_from_nothing(root: Path, completed) -> None:
    assert completed("weppbatch ")[: len(LINES)] == list(LINES)
    assert len(completed("weppbatch set mine ")) == len(setting_names())
    assert set(graph.TASKS) - {"clone"} <= set(completed("weppbatch run mine --tasks "))


def test_the_console_script_answers_the_shell(hills: Path) -> None:
    done = subprocess.run(
        [BIN / "weppbatch"],
        env=os.environ | asking("weppbatch run hills --runs ws-1,w"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["ws-1,ws-2"]


def test_completion_loads_no_library_that_a_name_does_not_need() -> None:
    code = f"""
import sys, typer
from weppbatch.commands.app import app
group = typer.main.get_group(app())
for command in {[command for command in LINES if command != "demo"]}:
    group.get_command(None, command)
    print(command, *({HEAVY} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [command for command in LINES if command != "demo"]
