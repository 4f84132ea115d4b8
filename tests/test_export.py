"""Export: every hillslope as WEPP's own files, which read back as what was simulated."""

import shutil
from dataclasses import replace

import pytest

from report_batch import finish, simulate
from report_batch import make_batch as make_reported_batch
from wepp_watershed import climate, watershed, write_tables
from weppbatch.commands.app import main
from weppbatch.commands.export import export
from weppbatch.engines.case import CLIMATE, TABLES
from weppbatch.engines.export import export_watershed
from weppbatch.errors import InputError
from weppbatch.files import read_json, write_json
from weppbatch.formats.climate_cli import read_climate
from weppbatch.formats.management import read_management
from weppbatch.formats.slope import read_slope
from weppbatch.formats.soil import read_soil, read_soils
from weppbatch.formats.wepp_run import WATERSHED_INPUTS, hillslope_run, watershed_run
from weppbatch.nodb.controls import set_fields
from weppbatch.nodb.wepp import Wepp
from weppbatch.tasks.record import TaskFiles

FILES = 7 * 5 + 7 + 2  # of each hillslope, of the channels, and two that WEPP looks for


@pytest.fixture(scope="module")
def found():
    return watershed(climate(2))


def test_every_file_reads_back_as_what_the_engine_used(found, tmp_path):
    assert export_watershed(found, tmp_path / "runs") == FILES
    for hillslope in found.hillslopes:
        stem = tmp_path / "runs" / f"p{hillslope.wepp_id}"
        assert read_slope(stem.with_suffix(".slp")) == [hillslope.slope]
        assert read_soil(stem.with_suffix(".sol")) == hillslope.soil
        assert read_management(stem.with_suffix(".man")).cover == hillslope.cover
    assert read_climate(tmp_path / "runs/p7.cli") == read_climate(tmp_path / "runs/p1.cli")
    assert read_climate(tmp_path / "runs/p1.cli").days == found.climate.days


def test_one_climate_serves_all_hillslopes_without_taking_their_space(found, tmp_path):
    export_watershed(found, tmp_path / "runs")
    assert len({path.stat().st_ino for path in (tmp_path / "runs").glob("*.cli")}) == 1


def test_an_export_replaces_the_one_before_as_a_whole(found, tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    (folder / "p99.slp").write_text("old")
    export_watershed(found, folder)
    assert not (folder / "p99.slp").exists() and len(list(folder.iterdir())) == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_the_answers_to_wepp_name_files_that_are_there(found, tmp_path):
    export_watershed(found, tmp_path)
    lines = hillslope_run(3, 2).splitlines()
    assert lines[:4] == ["m", "Yes", "1", "1"] and lines[-3:] == ["0", "2", "0"]
    assert (tmp_path / "p3.run").read_text().splitlines() == lines
    for name in ("p3.man", "p3.slp", "p3.cli", "p3.sol"):
        assert name in lines and (tmp_path / name).exists()
    assert all(len(line) <= 50 for line in lines), "WEPP cuts names at 50 characters"


def test_the_channels_follow_the_hillslopes_as_wepp_counts_them(found, tmp_path):
    export_watershed(found, tmp_path / "runs")
    rows = [line.split() for line in (tmp_path / "runs/pw0.str").read_text().splitlines()[1:]]
    assert rows == [
        ["2", "6", "7", "0", "0", "0", "0", "0", "0", "0"],  # element 8: channel 44
        ["2", "4", "5", "3", "0", "0", "0", "0", "0", "0"],  # 9: channel 34 with a hillslope at its top
        ["2", "1", "2", "0", "8", "9", "0", "0", "0", "0"],  # 10: channel 24, the outlet
    ]
    links = found.downstream_order
    assert read_slope(tmp_path / "runs/pw0.slp") == [link.slope for link in links]
    assert read_management(tmp_path / "runs/pw0.man").flow_elements == 3
    assert [soil.avke_mm_h for soil in read_soils(tmp_path / "runs/pw0.sol")] == [10.0] * 3
    beds = (tmp_path / "runs/pw0.chn").read_text().splitlines()
    assert beds[:4] == ["99.1", "3", "2", "1.0"] and len(beds) == 4 + 3 * 10
    assert beds[12] == "0.04 1e-06 19.0 0.5 0.1"
    lines = (tmp_path / "runs/pw0.run").read_text().splitlines()
    assert lines == watershed_run([1, 2, 3, 4, 5, 6, 7], 2).splitlines()
    assert lines[5:9] == ["7", "", "Yes", "H1.pass.txt"] and lines[27] == "" and lines[28] == "No"
    for name in WATERSHED_INPUTS:
        assert name in lines and (tmp_path / "runs" / name).exists()


def test_two_hillslopes_on_one_side_are_refused(found, tmp_path):
    twice = replace(found, hillslopes=(*found.hillslopes, replace(found.hillslopes[0], topaz_id=25, wepp_id=8)))
    with pytest.raises(InputError, match="hillslope 25 has no place at channel 24"):
        export_watershed(twice, tmp_path / "runs")
    assert not list(tmp_path.iterdir())


def test_the_command_writes_into_the_run_or_where_it_is_told(new_batch, found, tmp_path, capsys):
    batch = new_batch("exported")
    write_tables(found, batch / "runs" / "ws-1")
    Wepp(wd=str(batch / "runs" / "ws-1")).dump()
    export("exported", "ws-1")
    assert f"{FILES + 1} files" in capsys.readouterr().out  # the control asks for frost, too
    assert (batch / "runs/ws-1/wepp/runs/p7.sol").exists()
    export("exported", "ws-1", tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere/p1.man").exists()
    with pytest.raises(InputError, match="not empty"):
        export("exported", "ws-1", tmp_path / "elsewhere")


def test_the_command_says_what_is_not_there_yet(new_batch):
    new_batch("exported")
    with pytest.raises(InputError, match=r"no watershed/hillslopes.parquet.*climate/climate.cli yet"):
        export("exported", "ws-1")


def test_a_run_that_is_not_there_gets_the_nearest_ids(new_batch, capsys):
    new_batch("exported")
    assert main(["export", "exported", "ws-9"]) == 2
    said = capsys.readouterr().err
    assert "no run 'ws-9'" in said and "did you mean 'ws-2'?" in said


@pytest.mark.parametrize("place", ["taken", "taken/below"])
def test_a_file_where_the_folder_should_be_is_the_users_mistake(new_batch, found, tmp_path, capsys, place):
    batch = new_batch("exported")
    write_tables(found, batch / "runs" / "ws-1")
    Wepp(wd=str(batch / "runs" / "ws-1")).dump()
    (tmp_path / "taken").write_text("mine")
    assert main(["export", "exported", "ws-1", "--to", str(tmp_path / place)]) == 2
    said = capsys.readouterr().err
    assert str(tmp_path / place) in said and "hint: name a folder" in said
    assert (tmp_path / "taken").read_text() == "mine"


def test_an_export_says_that_the_run_is_not_of_today(root, tmp_path, found, capsys):
    batch = make_reported_batch(root, ["Cove Creek"], task="wepp")
    finish(batch, "ws-1")
    simulate(batch, "ws-1")
    for name in (*TABLES, CLIMATE):  # the engine's own tables in place of the report's
        (batch / "runs" / "ws-1" / name).unlink(missing_ok=True)
    write_tables(found, batch / "runs" / "ws-1")
    for task in ("watershed", "landuse", "soils", "climate", "wepp"):  # whose sentinels are older than these tables
        sentinel = TaskFiles(batch / "runs" / "ws-1", task).sentinel
        record = read_json(sentinel)
        sizes = [
            entry | {"bytes": (batch / "runs/ws-1" / entry["path"]).stat().st_size} for entry in record["outputs"]
        ]
        write_json(sentinel, record | {"outputs": sizes})

    def said() -> str:
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        capsys.readouterr()
        assert main(["export", "hills", "ws-1", "--to", str(tmp_path / "out")]) == 0
        return capsys.readouterr().out

    assert "warning" not in said()
    sentinel = TaskFiles(batch / "runs" / "ws-1", "landuse").sentinel
    kept = read_json(sentinel)
    changed = [entry | {"sha256": "0" * 64} for entry in kept["outputs"]]
    write_json(sentinel, kept | {"outputs": changed})
    for task in ("soils", "climate", "wepp"):
        TaskFiles(batch / "runs" / "ws-1", task).sentinel.touch()
    assert "warning: the run is exported as it is, but results of WEPP are old: they rest on" in said()
    set_fields(batch / "runs" / "ws-1", ["wepp.pmet_kcb=1.2"])
    assert "but wepp: its settings, or a file that they name, changed; weppbatch run hills" in said()
