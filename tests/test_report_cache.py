"""A report that is built again takes what did not change from the last build, and is the same as one built anew."""

import os
import re
import shutil
from pathlib import Path

import geopandas
import pyarrow.parquet as pq
import pytest

from report_batch import fail, finish, ledger_of, make_batch, simulate
from weppbatch.batch.runner import BatchRunner
from weppbatch.errors import DataError
from weppbatch.files import read_json
from weppbatch.nodb.controls import set_fields
from weppbatch.report import build
from weppbatch.report.build import build_report
from weppbatch.report.cache import FILE
from weppbatch.report.spatial import TYPES

OLD_S = 1e9


@pytest.fixture
def batch(root: Path) -> Path:
    """ws-1 and ws-3 simulated, ws-2 failed, ws-4 not begun; all their files long since at rest, and a report."""
    folder = make_batch(root, ["Cove Creek", "Titus Creek", "Añasco", "Onion Creek"], task="wepp")
    finish(folder, "ws-1", flags=("poor_fit",))
    simulate(folder, "ws-1")
    finish(folder, "ws-3", hillslopes=5)
    simulate(folder, "ws-3", times=3.0)
    fail(folder, "ws-2", "dem", DataError("no elevations there"))
    rest(folder / "runs")
    build_report(ledger_of(folder))
    return folder


def rest(folder: Path) -> None:
    """Make every file of a folder old, in the order in which they were written."""
    paths = sorted(folder.rglob("*"), key=lambda path: path.stat().st_mtime_ns)
    for place, path in enumerate(paths):
        os.utime(path, (OLD_S + place, OLD_S + place))


def built(batch: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Build the report again; which runs were read for it."""
    read: list[str] = []
    really = build.read_result

    def reading(ledger, features, runid):
        read.append(runid)
        return really(ledger, features, runid)

    monkeypatch.setattr(build, "read_result", reading)
    build_report(ledger_of(batch))
    monkeypatch.setattr(build, "read_result", really)
    return read


def contents(report: Path) -> dict[str, object]:
    """What the files of a report hold, without times and checksums that follow from when they were written."""
    found: dict[str, object] = {}
    for path in sorted(path for path in report.rglob("*") if path.is_file()):
        name = str(path.relative_to(report))
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            found[name] = (str(table.schema), table.to_pylist())
        elif path.suffix == ".gpkg":
            found[name] = {layer: geopandas.read_file(path, layer=layer).to_json() for layer in TYPES}
        elif name == "manifest.json":
            found[name] = {key: value for key, value in read_json(path).items() if key not in ("made_at", "files")}
        elif name == "index.html":
            found[name] = re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.]+( UTC|Z)|[\d.,]+ (k?B|bytes|MB)", "", path.read_text())
        else:
            found[name] = path.read_text()
    return found


def anew(batch: Path) -> dict[str, object]:
    """What a report holds that is built without anything kept."""
    shutil.rmtree(batch / "report")
    (batch / FILE).unlink()
    build_report(ledger_of(batch))
    return contents(batch / "report")


def test_nothing_is_read_again_and_no_table_written_while_nothing_changed(
    batch: Path, monkeypatch: pytest.MonkeyPatch
):
    before = contents(batch / "report")
    written = (batch / "report" / "batch.gpkg").stat().st_mtime_ns
    assert built(batch, monkeypatch) == []
    assert (batch / "report" / "batch.gpkg").stat().st_mtime_ns == written
    assert contents(batch / "report") == before == anew(batch)


@pytest.mark.parametrize(("runid", "times"), [("ws-1", 7.0), ("ws-3", 7.0)])
def test_only_the_run_that_changed_is_read_and_all_is_as_if_built_anew(
    batch: Path, monkeypatch: pytest.MonkeyPatch, runid: str, times: float
):
    before = contents(batch / "report")
    simulate(batch, runid, times=times)
    assert built(batch, monkeypatch) == [runid]
    after = contents(batch / "report")
    assert after["hillslopes.parquet"] != before["hillslopes.parquet"]
    assert after == anew(batch)


def test_a_run_that_changed_just_now_is_read_once_more_for_it_may_change_within_the_clocks_tick(
    batch: Path, monkeypatch: pytest.MonkeyPatch
):
    finish(batch, "ws-4", hillslopes=2)
    assert built(batch, monkeypatch) == ["ws-4"]
    assert built(batch, monkeypatch) == ["ws-4"]
    rest(batch / "runs" / "ws-4")
    assert built(batch, monkeypatch) == ["ws-4"]
    assert built(batch, monkeypatch) == []
    assert contents(batch / "report") == anew(batch)


def test_a_run_that_has_lost_its_results_and_one_that_is_left_out_are_not_kept(
    batch: Path, monkeypatch: pytest.MonkeyPatch
):
    (batch / "runs" / "ws-1" / "wepp" / "hillslopes.parquet").unlink()
    BatchRunner.getInstance(batch).exclude("ws-3", "too small")
    assert built(batch, monkeypatch) == ["ws-1", "ws-3"]
    after = contents(batch / "report")
    assert "soil_loss_t_ha_yr" not in pq.read_schema(batch / "report" / "hillslopes.parquet").names
    assert after == anew(batch)


def test_other_settings_of_the_batch_or_a_file_that_is_not_as_it_was_written_let_all_be_read(
    batch: Path, monkeypatch: pytest.MonkeyPatch
):
    every = ["ws-1", "ws-2", "ws-3", "ws-4"]
    set_fields(batch / "_base", ["watershed.csa_ha=5"])
    assert built(batch, monkeypatch) == every
    assert built(batch, monkeypatch) == []
    with (batch / "report" / "channels.parquet").open("ab") as stream:
        stream.write(b"more")
    assert built(batch, monkeypatch) == every
    (batch / FILE).write_text("{")
    assert built(batch, monkeypatch) == every


def test_a_report_in_another_folder_takes_what_the_batchs_own_has_and_keeps_its_own(
    batch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    kept = (batch / FILE).read_bytes()
    (tmp_path / "live").mkdir()
    monkeypatch.setattr(build, "read_result", None)  # nothing is read
    build_report(ledger_of(batch), tmp_path / "live" / "report")
    assert contents(tmp_path / "live" / "report") == contents(batch / "report")
    assert (batch / FILE).read_bytes() == kept
    assert (tmp_path / "live" / FILE).exists()
