"""Running WEPP: what goes wrong around it. A script stands in for the executable; it computes nothing."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import pytest

from wepp_watershed import climate, watershed
from weppbatch.engines.protocol import WatershedOptions, engine_of
from weppbatch.engines.tables import Tables
from weppbatch.engines.wepp_process import WeppFailed, WeppRunner, executable_of, why
from weppbatch.engines.wepp_settings import WeppSettings, settings_of
from weppbatch.engines.weppexe import WeppExe
from weppbatch.errors import ConfigError, Interrupted, OutOfMemory
from weppbatch.formats.wepp_numbers import UnreadableOutput
from weppbatch.nodb.wepp import Wepp

DONE = "echo ' WEPP COMPLETED HILLSLOPE SIMULATION SUCCESSFULLY'"


@pytest.fixture
def stand_in(tmp_path):
    def make(*lines):
        path = tmp_path / "wepp"
        path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "runs"
    made.mkdir()
    (made / "p1.run").write_text("m\nYes\n")
    return made


def run(executable, folder, timeout_s=20.0):
    with WeppRunner(executable, folder) as runner:
        runner.run("p1", "hillslope 22 (p1)", timeout_s)
    return runner


def test_success_is_what_wepp_says_and_its_version_is_kept(stand_in, folder):
    runner = run(stand_in('read first; echo "got $first"', "echo '  * VERSION 2024.204 *'", DONE), folder)
    assert runner.version == "2024.204"
    assert (folder / "p1.out").read_text().startswith("got m"), "the answers come on standard input"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["echo ' p1.cli        File does not exist'"], "p1.cli File does not exist"),
        (["echo ' LAHEY error code =    2'; echo ' ***ERROR***'"], "it printed nothing"),
        (
            ["echo '*** nop read as 245.  Must be between 0 and 200 ***'", "exit 0"],
            "nop read as 245. Must be between",
        ),
        ([DONE, "exit 2"], "COMPLETED"),
        (["exit 0"], "it printed nothing"),
        (["kill -SEGV $$"], "stopped by signal SIGSEGV"),
    ],
)
def test_whatever_the_exit_code_wepp_failed_unless_it_says_otherwise(stand_in, folder, lines, said):
    with pytest.raises(WeppFailed, match=r"WEPP, hillslope 22 \(p1\): ") as caught:
        run(stand_in(*lines), folder)
    assert said in caught.value.message and caught.value.category == "engine"


def test_the_fortran_runtime_names_the_file_that_it_read():
    erred = "At line 523 of file input.for (unit = 11, file = 'p1.sol')\nFortran runtime error: End of file\n\n"
    said = " (option 2 or 3 must be previously selected)\n Enter name of file -->\n"
    assert why(erred, said) == "Fortran runtime error: End of file (reading p1.sol)"


def test_a_killed_wepp_asks_for_memory_and_a_stopped_one_is_interrupted(stand_in, folder):
    with pytest.raises(WeppFailed) as caught:
        run(stand_in("kill -KILL $$"), folder)
    assert caught.value.category == OutOfMemory.category and caught.value.retry == OutOfMemory.retry
    with pytest.raises(Interrupted, match="SIGTERM"):
        run(stand_in("kill -TERM $$"), folder)


def test_a_hang_ends_with_its_time_and_leaves_no_process(stand_in, folder):
    started = monotonic()
    with pytest.raises(WeppFailed, match=r"no result within 0\.3 s; the last it said: file name read in: p1\.slp"):
        run(stand_in("echo $$ > pid", "echo ' file name read in:   p1.slp  '", "exec sleep 60"), folder, 0.3)
    assert monotonic() - started < 10
    pid = int((folder / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_wepp_dies_with_the_process_that_called_it(stand_in, folder):
    script = (
        "import sys; from pathlib import Path; from weppbatch.engines.wepp_process import WeppRunner;"
        "WeppRunner(Path(sys.argv[1]), Path(sys.argv[2])).run('p1', 'x', 60)"
    )
    hanging = stand_in("echo $$ > pid", "exec sleep 60")
    caller = subprocess.Popen([sys.executable, "-c", script, str(hanging), str(folder)])
    while not (folder / "pid").exists() or not (folder / "pid").read_text():
        sleep(0.02)
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    pid = int((folder / "pid").read_text())
    for _ in range(200):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        sleep(0.02)
    pytest.fail("WEPP outlived its caller")


def test_the_first_failure_ends_the_hillslopes_beside_it(stand_in, tmp_path):
    executable = stand_in("case $(pwd -P; cat) in *H1.pass*) exit 1;; esac", "exec sleep 60")
    engine = WeppExe(executable, tmp_path / "runs", WeppSettings())
    started = monotonic()
    with pytest.raises(WeppFailed, match="hillslope 22"), Tables(tmp_path / "out") as tables:
        engine.run(watershed(climate(1)), WatershedOptions(), tables, threads=2)
    assert monotonic() - started < 20 and threading.active_count() < 10
    assert not list((tmp_path / "out").glob("*.parquet"))


def test_success_without_results_is_none(stand_in, tmp_path):
    engine = WeppExe(stand_in(DONE), tmp_path / "runs", WeppSettings())
    with pytest.raises(UnreadableOutput, match=r"left no H1\.pass\.txt"), Tables(tmp_path / "out") as tables:
        engine.run(watershed(climate(1)), WatershedOptions(), tables, threads=1)


def test_what_the_executable_cannot_hold_is_told_before_it_runs(stand_in, tmp_path):
    settings = WeppSettings(max_hillslopes=6, max_channels=2)
    engine = WeppExe(stand_in("touch ran"), tmp_path / "runs", settings)
    said = "7 hillslopes, at most 6; 3 channels, at most 2"
    with pytest.raises(ConfigError, match=said) as caught, Tables(tmp_path / "out") as tables:
        engine.run(watershed(climate(1)), WatershedOptions(), tables)
    assert "wepp_max_hillslopes" in (caught.value.hint or "") and not (tmp_path / "runs").exists()


def test_the_executable_is_the_controls_or_else_that_of_the_environment(stand_in, tmp_path, monkeypatch):
    monkeypatch.delenv("WEPP_EXE", raising=False)
    with pytest.raises(ConfigError, match="none is named"):
        executable_of("", tmp_path)
    with pytest.raises(ConfigError, match=r"elsewhere of WEPP_EXE is not there"):
        monkeypatch.setenv("WEPP_EXE", str(tmp_path / "elsewhere"))
        executable_of("", tmp_path)
    path = stand_in(DONE)
    monkeypatch.setenv("WEPP_EXE", str(path))
    assert executable_of("", tmp_path / "other") == path and executable_of("wepp", tmp_path) == path
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="can't be run"):
        executable_of("wepp", tmp_path)


def test_a_control_chooses_the_engine_and_its_side_files(stand_in, tmp_path):
    control = Wepp(wd=str(tmp_path), engine="wepp", wepp_executable=str(stand_in(DONE)), wepp_timeout_s=7)
    engine = engine_of(control, tmp_path / "runs")
    assert isinstance(engine, WeppExe) and engine.settings.hillslope_timeout_s(30) == 7
    assert set(engine.settings.side_files(10)) == {"wepp_ui.txt", "pmetpara.txt", "frost.txt"}
    plain = control.model_copy(update={"wepp_ui": False, "pmet": False, "frost": False, "wepp_timeout_s": 0})
    assert settings_of(plain).side_files(10) == {} and settings_of(plain).hillslope_timeout_s(30) == 120
    every = control.model_copy(update={"tcr": True, "channel_routing": "muskingum_cunge"})
    files = settings_of(every).side_files(10)
    assert {"frost.txt", "tcr.txt", "chan.inp"} < set(files)
    assert files["chan.inp"] == "1 600\n0\n1\n10\n" and settings_of(every).peaks == 4
    assert replace(settings_of(every), routing_interval_s=None).peaks == 2


def test_snow_that_wepp_does_not_know_is_not_passed_over(tmp_path):
    assert Wepp(wd="", engine="wepp").problems() == []
    assert Wepp(wd="", engine="wepp", frost=True, tcr=True, channel_routing="muskingum_cunge").problems() == []
    assert "threshold of 0" in Wepp(wd="", engine="wepp", snow_rst_c=-2).problems()[0]
