"""Elevation sources in a batch: adding them, running with them, staging, and what goes wrong later."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import rasterio

from conftest import begun
from dem_server import serving
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.app import main
from weppbatch.nodb.ron import Ron
from weppbatch.tasks.configuration import stamp_of
from weppbatch.tasks.execute import Job, execute
from weppbatch.terrain.sources import DemUnreadable

QUICK = "attempts=2&wait_s=0.01&timeout_s=2"


@pytest.fixture
def served(sample_dem: Path, tmp_path: Path):
    folder = tmp_path / "served"
    folder.mkdir()
    with rasterio.open(sample_dem) as whole:
        profile = whole.profile | {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "deflate"}
        with rasterio.open(folder / "dem.tif", "w", **profile) as target:
            target.write(whole.read(1), 1)
    with serving(folder) as server:
        yield server


def test_a_batch_runs_from_a_url_and_its_watersheds_share_what_was_fetched(
    new_batch: Callable[[str], Path], served, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = new_batch("remote")
    assert main(["add", "remote", "dem", f"{served.url}/dem.tif#{QUICK}"]) == 0
    assert "weppbatch stage remote" in capsys.readouterr().out
    begun(batch, "extent", "dem")
    records = [json.loads(path.read_text()) for path in sorted(batch.glob("runs/*/.tasks/dem.json"))]
    fetched = [record["metrics"]["fetched_bytes"] for record in records]
    assert len(records) == 2 and fetched[0] > 0 and sum(fetched) == served.bytes
    assert fetched[1] == 0  # the sample terrain is one piece
    for record in records:
        named = [entry["path"] for entry in record["inputs"] if "resources/dem" in entry["path"]]
        assert named and all(Path(name).exists() for name in named)
    assert main(["clean", "remote", "--resources", "--json"]) == 0
    assert "/dem/" not in capsys.readouterr().out  # what a run was made from is of use


def test_pieces_that_no_run_was_made_from_are_listed_for_removal(
    new_batch: Callable[[str], Path], served, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = new_batch("pruned")
    first = Ron.getInstance(batch / "_base").dem
    assert main(["add", "pruned", "dem", f"{served.url}/dem.tif#{QUICK}"]) == 0
    begun(batch, "extent", "dem")
    pieces = list((batch / "resources" / "dem").rglob("*.tif"))
    assert pieces
    assert main(["add", "pruned", "dem", first]) == 0
    assert "weppbatch push pruned" in capsys.readouterr().out
    assert main(["push", "pruned"]) == 0
    begun(batch, "extent", "dem")
    assert main(["clean", "pruned", "--resources", "--yes"]) == 0
    assert not any(piece.exists() for piece in pieces)


def test_a_second_source_serves_what_the_first_lacks_and_the_state_names_both(
    new_batch: Callable[[str], Path], served, sample_dem: Path
) -> None:
    batch = new_batch("second")
    absent = f"{served.url}/no{{lat:02d}}_{{lon:03d}}.tif#arcsec=1&{QUICK}"
    assert main(["add", "second", "dem", absent, "--then", str(sample_dem)]) == 0
    assert [one["spec"] for one in BatchRunner.getInstance(batch).resources["dem"]["sources"]] == [
        absent,
        str(sample_dem),
    ]
    begun(batch, "extent", "dem")
    record = json.loads(sorted(batch.glob("runs/*/.tasks/dem.json"))[0].read_text())
    assert record["status"] == "degraded"
    assert "no tile where the watershed is" in record["warnings"][-1]


def test_a_dem_that_turns_unreadable_is_a_failure_of_data_with_a_hint(
    new_batch: Callable[[str], Path], sample_dem: Path, tmp_path: Path
) -> None:
    batch = new_batch("damaged")
    copy = tmp_path / "copy.tif"
    copy.write_bytes(sample_dem.read_bytes())
    assert main(["add", "damaged", "dem", str(copy)]) == 0
    begun(batch, "extent")
    copy.write_bytes(sample_dem.read_bytes()[:3000])
    runid = BatchRunner.getInstance(batch).runids[0]
    with pytest.raises(DemUnreadable) as raised:
        execute(Job(batch, runid, "dem"))
    assert raised.value.category == "data" and "gdalinfo" in str(raised.value.hint)


def test_a_changed_part_of_a_mosaic_makes_the_dem_stale(sample_dem: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.tif"
    part.write_bytes(sample_dem.read_bytes())
    mosaic = tmp_path / "all.vrt"
    mosaic.write_text(
        "<VRTDataset><VRTRasterBand><SimpleSource><SourceFilename relativeToVRT='1'>part.tif</SourceFilename>"
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    before = stamp_of(str(mosaic), None)
    part.write_bytes(b"another")
    assert stamp_of(str(mosaic), None) != before


def test_no_watersheds_come_with_a_second_source(new_batch: Callable[[str], Path], two_watersheds: Path) -> None:
    new_batch("odd")
    assert main(["add", "odd", "watersheds", str(two_watersheds), "--then", "x"]) == 2


def test_staging_fetches_all_and_the_rest_needs_no_network(
    new_batch: Callable[[str], Path], served, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = new_batch("staged")
    assert main(["add", "staged", "dem", f"{served.url}/dem.tif#{QUICK}"]) == 0
    assert main(["stage", "staged", "--cores", "1"]) == 0
    assert len(list(batch.glob("runs/*/dem/dem.tif"))) == 2
    asked = sum(served.requests.values())
    assert main(["stage", "staged", "--cores", "1"]) == 0
    assert sum(served.requests.values()) == asked > 0


def test_a_tile_that_changed_on_its_server_is_noticed_and_its_runs_are_made_again(
    new_batch: Callable[[str], Path], served, sample_dem: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = new_batch("changed")
    assert main(["add", "changed", "dem", f"{served.url}/dem.tif#{QUICK}"]) == 0
    begun(batch, "extent", "dem")

    def heights() -> float:
        with rasterio.open(batch / "runs" / "ws-1" / "dem" / "dem.tif") as dem:
            return float(dem.read(1, masked=True).mean())

    before = heights()
    capsys.readouterr()
    assert main(["stage", "changed", "--refresh", "--cores", "1"]) == 0
    assert "No tile that was fetched has changed" in capsys.readouterr().out and heights() == before
    with rasterio.open(served.folder / "dem.tif", "r+") as dem:
        dem.write(dem.read(1) + 7, 1)
    assert main(["stage", "changed", "--cores", "1"]) == 0
    assert heights() == before, "what was fetched serves until it is asked for"
    asked = sum(served.requests.values())
    assert main(["stage", "changed", "--refresh", "--cores", "1"]) == 0
    said = capsys.readouterr().out
    assert "has changed on its server; 2 runs were made from it" in said
    assert heights() == pytest.approx(before + 7.0, abs=1e-3)
    assert sum(served.requests.values()) > asked
    assert main(["stage", "changed", "--refresh", "--cores", "1"]) == 0
    assert "No tile that was fetched has changed" in capsys.readouterr().out
