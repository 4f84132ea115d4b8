"""Files are whole or absent."""

import json
import multiprocessing
from pathlib import Path

import pytest

from weppbatch.errors import InputError
from weppbatch.files import (
    append_line,
    read_json,
    replacing,
    sha256_of_file,
    sha256_of_json,
    sha256_once,
    shipped,
    write_json,
    write_text,
)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    path = tmp_path / "state.json"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_of_the_old_file_never_sees_half_of_the_new_one(tmp_path: Path):
    path = tmp_path / "state.json"
    write_text(path, "old")
    with path.open() as reader:
        write_text(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


def test_the_temporary_file_keeps_the_suffix_by_which_writers_choose_the_format(tmp_path: Path):
    with replacing(tmp_path / "table.parquet") as temporary:
        assert temporary.suffix == ".parquet"
        assert temporary.parent == tmp_path
        temporary.write_text("x")
    assert (tmp_path / "table.parquet").read_text() == "x"


def test_nan_is_refused_in_json_and_nothing_is_written(tmp_path: Path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"slope": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_json_is_named_in_the_error(tmp_path: Path):
    (tmp_path / "a.json").write_text("{half")
    with pytest.raises(InputError, match=r"a\.json is not valid JSON"):
        read_json(tmp_path / "a.json")


def test_a_digest_does_not_depend_on_the_order_of_keys():
    assert sha256_of_json({"a": 1, "b": [2]}) == sha256_of_json({"b": [2], "a": 1})
    assert sha256_of_json({"a": 1}) != sha256_of_json({"a": 1.5})


def _append_many(path: Path) -> None:
    for number in range(200):
        append_line(path, {"number": number, "text": "x" * 200})


def test_lines_of_several_writers_never_mix(tmp_path: Path):
    path = tmp_path / "log.jsonl"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_append_many, args=(path,)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    lines = path.read_text().splitlines()
    assert len(lines) == 800
    assert all(json.loads(line)["text"] == "x" * 200 for line in lines)


def test_the_shipped_folders_are_found_and_an_unknown_one_is_an_error():
    assert (shipped("workflow") / "Snakefile").is_file()
    with pytest.raises(InputError, match="nowhere"):
        shipped("nowhere")


def test_a_checksum_is_kept_only_while_the_file_is_the_same(tmp_path):
    path = tmp_path / "map.tif"
    for content in (b"one", b"three", b"eleven"):
        path.write_bytes(content)
        assert sha256_once(path) == sha256_once(path) == sha256_of_file(path)
