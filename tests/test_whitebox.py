"""The WhiteboxTools runner against the real binary, and the private copy that it is run from."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Thread

import numpy as np
import psutil
import pytest

from terrain_helpers import demo_polygons, sample_window
from weppbatch.errors import ConfigError, EngineError, InputError, Interrupted, ResourceError
from weppbatch.terrain.grid import Grid, write_raster
from weppbatch.terrain.whitebox import SETTINGS, WhiteboxFailed, WhiteboxTools, executable, version

FLAT = Grid("EPSG:32616", 700000.0, 4000000.0, 30.0, 400, 400)


@pytest.fixture(scope="module")
def dem(sample_dem: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("window") / "dem.tif"
    write_raster(path, *sample_window(sample_dem, demo_polygons()["Montgomery Fork"]))
    return path


@pytest.fixture
def flat_dem(tmp_path: Path) -> Path:
    path = tmp_path / "flat.tif"
    write_raster(path, np.full((FLAT.rows, FLAT.cols), 300.0), FLAT)
    return path


def test_a_tool_leaves_its_output_and_the_log_tells_the_command(dem: Path, tmp_path: Path) -> None:
    output, log = tmp_path / "new folder" / "d8.tif", tmp_path / "wbt.log"
    WhiteboxTools(log).run("D8Pointer", [output], dem=dem, output=output)
    assert output.stat().st_size > 0
    assert "-r=D8Pointer" in log.read_text() and "exit code 0" in log.read_text()


def test_a_missing_input_is_told_in_the_tools_own_words(tmp_path: Path) -> None:
    with pytest.raises(WhiteboxFailed) as caught:
        output = tmp_path / "d8.tif"
        WhiteboxTools().run("D8Pointer", [output], dem=tmp_path / "nothing.tif", output=output)
    assert caught.value.tool == "D8Pointer" and caught.value.returncode != 0
    assert "No such file" in caught.value.message


def test_an_unknown_tool_fails_although_the_binary_exits_with_zero(tmp_path: Path) -> None:
    with pytest.raises(WhiteboxFailed):
        WhiteboxTools().run("NoSuchTool", [tmp_path / "x.tif"], output=tmp_path / "x.tif")


def test_an_output_that_the_tool_did_not_write_is_an_error_though_it_exits_with_zero(
    dem: Path, tmp_path: Path
) -> None:
    with pytest.raises(WhiteboxFailed, match=r"left no other\.tif"):
        WhiteboxTools().run("D8Pointer", [tmp_path / "other.tif"], dem=dem, output=tmp_path / "d8.tif")


def test_a_raster_that_was_cut_short_is_an_error_though_the_tool_exits_with_zero(
    dem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = tmp_path / "silent"
    silent.write_text(f'#!/bin/sh\nhead -c 20000 {dem} > "${{2#--output=}}"\n')
    silent.chmod(0o755)
    monkeypatch.setenv("WEPPBATCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WHITEBOX_TOOLS_EXE", str(silent))
    with pytest.raises(WhiteboxFailed, match=r"left d8\.tif unfinished"):
        WhiteboxTools().run("D8Pointer", [tmp_path / "d8.tif"], output=tmp_path / "d8.tif")


def test_a_failed_call_leaves_no_output_of_an_earlier_one(tmp_path: Path) -> None:
    stale = tmp_path / "d8.tif"
    stale.write_text("from yesterday")
    with pytest.raises(WhiteboxFailed):
        WhiteboxTools().run("D8Pointer", [stale], dem=tmp_path / "nothing.tif", output=stale)
    assert not stale.exists()


def test_a_warning_is_a_failure(dem: Path, tmp_path: Path) -> None:
    tools, d8, cells = WhiteboxTools(), tmp_path / "d8.tif", tmp_path / "cells.tif"
    tools.run("D8Pointer", [d8], dem=dem, output=d8)  # not conditioned: it has pits
    with pytest.raises(WhiteboxFailed, match="Interior pit cells"):
        tools.run("D8FlowAccumulation", [cells], input=d8, output=cells, pntr=True)


def test_a_tool_that_crashes_by_a_known_race_is_called_again(dem: Path, tmp_path: Path) -> None:
    log, output = tmp_path / "wbt.log", tmp_path / "filled.tif"
    for _ in range(20):
        WhiteboxTools(log).run("FillDepressions", [output], dem=dem, output=output)
    assert output.exists()
    assert log.read_text().count("exit code 0") == 20


def test_a_tool_that_takes_too_long_is_stopped(flat_dem: Path, tmp_path: Path) -> None:
    output = tmp_path / "filled.tif"
    start = time.monotonic()
    with pytest.raises(WhiteboxFailed, match=r"no result within 0\.5 s") as caught:
        WhiteboxTools(timeout_s=0.5).run("FillDepressions", [output], dem=flat_dem, output=output)
    assert caught.value.returncode is None and time.monotonic() - start < 5.0


def test_a_tool_dies_with_the_process_that_started_it(flat_dem: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from weppbatch.terrain.whitebox import WhiteboxTools; "
        "dem, output = map(Path, sys.argv[1:]); "
        "WhiteboxTools().run('FillDepressions', [output], dem=dem, output=output)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(flat_dem), str(tmp_path / "out.tif")])
    tool = None
    deadline = time.monotonic() + 30.0
    while tool is None and time.monotonic() < deadline:
        tool = next((p for p in psutil.Process(parent.pid).children() if p.name() == "whitebox_tools"), None)
        time.sleep(0.02)
    assert tool is not None
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _, living = psutil.wait_procs([tool], timeout=2.0)
    survived = any(process.status() != psutil.STATUS_ZOMBIE for process in living)
    for process in living:
        process.kill()
    assert not survived


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_tool_that_is_told_to_stop_is_interrupted_and_not_failed(
    flat_dem: Path, tmp_path: Path, number: signal.Signals
) -> None:
    def stop_it() -> None:
        while not (found := [p for p in psutil.Process().children() if p.name() == "whitebox_tools"]):
            time.sleep(0.01)
        found[0].send_signal(number)

    output = tmp_path / "filled.tif"
    stopping = Thread(target=stop_it)
    stopping.start()
    with pytest.raises(Interrupted):
        WhiteboxTools().run("FillDepressions", [output], dem=flat_dem, output=output, fix_flats=True)
    stopping.join()


def test_flags_that_would_change_every_other_call_are_refused() -> None:
    with pytest.raises(ValueError, match="max_procs"):
        WhiteboxTools().run("D8Pointer", [], max_procs=2)


@pytest.mark.parametrize("folder", ["csa=10", "it's"])
def test_a_path_that_the_binary_misreads_is_refused_with_a_hint(folder: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        WhiteboxTools().run("D8Pointer", [], dem=tmp_path / folder / "dem.tif")
    assert caught.value.hint is not None and "folder" in caught.value.hint


def test_runs_do_not_change_the_settings_beside_the_binary(dem: Path, tmp_path: Path) -> None:
    WhiteboxTools().run("D8Pointer", [tmp_path / "d8.tif"], dem=dem, output=tmp_path / "d8.tif")
    assert json.loads(executable().with_name("settings.json").read_text()) == SETTINGS


def test_the_version_is_the_one_the_binary_states() -> None:
    assert version() == "2.4.0"


def install_in(folder: str) -> str:
    os.environ["WEPPBATCH_CACHE"] = folder
    return f"{executable()} {version.__wrapped__()}"


def test_eight_processes_that_need_the_binary_at_once_share_one_whole_copy(tmp_path: Path) -> None:
    with ProcessPoolExecutor(8, mp_context=get_context("fork")) as pool:
        copies = set(pool.map(install_in, [str(tmp_path)] * 8))
    assert len(copies) == 1
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_a_copy_that_lost_a_file_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEPPBATCH_CACHE", str(tmp_path / "cache"))
    executable().with_name("settings.json").unlink()
    monkeypatch.setenv("WEPPBATCH_CACHE", str(tmp_path / "cache") + "/.")  # another text: nothing is remembered
    assert json.loads(executable().with_name("settings.json").read_text()) == SETTINGS


def test_without_a_home_to_write_in_the_copy_goes_to_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEPPBATCH_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", f"/dev/null/{tmp_path.name}")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert executable().is_relative_to(tmp_path / f"weppbatch-{os.getuid()}")


def test_a_cache_folder_that_was_asked_for_and_can_not_be_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEPPBATCH_CACHE", "/dev/null/cache")
    with pytest.raises(ResourceError, match="/dev/null/cache"):
        executable()


def test_another_binary_is_used_when_it_is_named_and_missed_when_it_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEPPBATCH_CACHE", str(tmp_path))
    monkeypatch.setenv("WHITEBOX_TOOLS_EXE", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="nowhere"):
        executable()
    no_program = tmp_path / "text"
    no_program.write_text("not a program")
    monkeypatch.setenv("WHITEBOX_TOOLS_EXE", str(no_program))
    with pytest.raises(EngineError, match="can't be run"):
        WhiteboxTools().run("D8Pointer", [])
