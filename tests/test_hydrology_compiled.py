"""Compiled code is kept on disk, and never older than its sources."""

import os
import subprocess
import sys
from pathlib import Path

from weppbatch.hydrology import compiled, storm


def test_any_changed_source_gives_another_folder(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    before = compiled.sources_digest(tmp_path)
    assert compiled.sources_digest(tmp_path) == before
    (tmp_path / "b.py").write_text("y = 1\n")
    with_another = compiled.sources_digest(tmp_path)
    (tmp_path / "a.py").write_text("x = 2\n")
    assert len({before, with_another, compiled.sources_digest(tmp_path)}) == 3


def test_the_second_process_loads_what_the_first_compiled(tmp_path):
    code = (
        "from weppbatch.hydrology import storm; storm.steepness(2.0); "
        "print(sum(storm.steepness.stats.cache_hits.values()))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "WEPPBATCH_CACHE": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert runs == ["0", "1"]


def test_an_unwritable_cache_is_passed_over(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("WEPPBATCH_CACHE", str(blocked))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert compiled.cache_folder().is_relative_to(tmp_path / "user")


def test_kernels_keep_their_names_and_words():
    assert storm.steepness.__name__ == "steepness"
    assert "1 - exp(-u)" in storm.steepness.__doc__
    assert Path(storm.__file__).parent == Path(compiled.__file__).parent
