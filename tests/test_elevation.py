"""Elevation sources against real files and a real server on loopback that fails on purpose."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject
from shapely.geometry import box

from dem_server import Server, serving
from real_terrain import CRS, HILLS
from weppbatch.elevation.catalog import UnknownSource, source_of
from weppbatch.elevation.choose import NoDem, choose
from weppbatch.elevation.http import LONGEST_WAIT_S, NotARaster, Refused, Unsteady
from weppbatch.elevation.remote import BadTemplate, DamagedTile
from weppbatch.elevation.service import NoKey, NoLibrary
from weppbatch.elevation.source import DemSource, NotCovered, WindowTooLarge
from weppbatch.errors import NetworkError
from weppbatch.terrain.grid import Grid
from weppbatch.terrain.sources import DemOptions, PolygonOutsideDem, read_window

GRID = Grid.around(HILLS.bounds, CRS, 30.0, 1000.0)
QUICK = "attempts=4&wait_s=0.01&timeout_s=0.5"
KINDS = ("raster", "vrt", "folder", "url", "template", "opentopography")


@pytest.fixture(scope="session")
def tiles(sample_dem: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample terrain in tiles of a tenth of a degree, named by their south-west corner; and as one file."""
    folder = tmp_path_factory.mktemp("tiles")
    with rasterio.open(sample_dem) as whole:
        profile = whole.profile | {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "deflate"}
        cells = whole.read(1)
        with rasterio.open(folder / "whole.tif", "w", **profile) as target:
            target.write(cells, 1)
        everything = rasterio.windows.Window(0, 0, whole.width, whole.height)
        for south, west in product(np.arange(35.9, 36.6, 0.1), np.arange(-84.6, -83.9, 0.1)):
            window = whole.window(west, south, west + 0.1, south + 0.1).round_offsets().round_lengths()
            if not rasterio.windows.intersect([window, everything]):
                continue
            window = window.intersection(everything)
            part = whole.read(1, window=window)
            place = {"height": part.shape[0], "width": part.shape[1], "transform": whole.window_transform(window)}
            name = folder / f"n{abs(south):.1f}w{abs(west):.1f}.tif"
            with rasterio.open(name, "w", **profile | place) as target:
                target.write(part, 1)
    return folder


@pytest.fixture
def server(tiles: Path):
    with serving(tiles) as state:
        yield state


def cut_out(path: Path):
    """What a service answers for a box."""

    def answer(query: dict[str, list[str]]) -> bytes:
        west, south, east, north = (float(query[name][0]) for name in ("west", "south", "east", "north"))
        with rasterio.open(path) as whole:
            if rasterio.coords.disjoint_bounds((west, south, east, north), whole.bounds):
                return b""
            window = whole.window(west, south, east, north).round_offsets().round_lengths()
            cells = whole.read(1, window=window, boundless=True, fill_value=-32768)
            profile = {
                "driver": "GTiff", "height": cells.shape[0], "width": cells.shape[1], "count": 1, "nodata": -32768,
                "dtype": cells.dtype, "crs": whole.crs, "transform": whole.window_transform(window),
            }  # fmt: skip
            with rasterio.MemoryFile() as memory:
                with memory.open(**profile) as target:
                    target.write(cells, 1)
                return memory.read()

    return answer


def spec_of(kind: str, sample_dem: Path, tiles: Path, server: Server, tmp_path: Path) -> str:
    if kind == "vrt":
        from weppbatch.elevation.mosaic import mosaic

        return str(mosaic(sorted(tiles.glob("n*.tif")), tmp_path))
    if kind == "folder":
        folder = tmp_path / "side by side"
        folder.mkdir()
        for tile in tiles.glob("n*.tif"):
            (folder / tile.name).symlink_to(tile)
        return str(folder)
    return {
        "raster": str(sample_dem),
        "url": f"{server.url}/whole.tif#{QUICK}",
        "template": f"{server.url}/{{ns}}{{lat:.1f}}{{ew}}{{lon:.1f}}.tif#tile=0.1&arcsec=3&{QUICK}",
        "opentopography": "opentopography://SRTMGL3#" + QUICK,
    }[kind]


def a_source(spec: str, tmp_path: Path, max_bytes: int = 1 << 30) -> DemSource:
    return source_of(spec, tmp_path, tmp_path / "cache", max_bytes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_source_gives_the_same_window_as_the_file_it_came_from(
    kind: str, sample_dem: Path, tiles: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENTOPOGRAPHY_API_KEY", "a secret")
    monkeypatch.setenv("WEPPBATCH_OPENTOPOGRAPHY_URL", f"{server.url}/API/globaldem")
    server.answer = cut_out(sample_dem)
    source = a_source(spec_of(kind, sample_dem, tiles, server, tmp_path), tmp_path)
    assert isinstance(source, DemSource)

    chosen = choose([source], HILLS, GRID, DemOptions(), print)

    expected, _ = read_window(sample_dem, chosen.grid, DemOptions())
    np.testing.assert_allclose(chosen.elevation_m, expected, atol=1e-6)
    assert chosen.degraded == ""
    assert chosen.provenance["spec"] == source.spec and chosen.provenance["product"] == source.product
    assert chosen.provenance["sha256"] and chosen.provenance["vertical_unit"] == "m"
    assert 80 < (source.resolution_m(GRID) or 0) < 100  # 3 arc-seconds at 36 degrees north
    assert "a secret" not in str(chosen.provenance)
    far = box(500000, 4700000, 501000, 4701000)
    with pytest.raises((NotCovered, PolygonOutsideDem)):
        choose([source], far, Grid.around(far.bounds, CRS, 30.0, 0.0), DemOptions(), print)


def test_only_the_window_travels_and_a_second_watershed_asks_for_nothing_again(
    server: Server, tiles: Path, tmp_path: Path
) -> None:
    spec = f"{server.url}/whole.tif#{QUICK}"
    first = a_source(spec, tmp_path)
    first.bring(GRID, print)
    asked, sent = sum(server.requests.values()), server.bytes
    assert first.traffic.bytes == sent > 0
    assert first.traffic.requests == asked
    assert a_source(spec, tmp_path).bring(GRID, print).path.exists()
    assert sum(server.requests.values()) == asked


def test_a_tile_that_is_not_there_is_asked_for_once_within_a_start(server: Server, tmp_path: Path) -> None:
    spec = f"{server.url}/no{{lat:02d}}_{{lon:03d}}.tif#arcsec=1&{QUICK}"

    def bring(start: str) -> int:
        before = sum(server.requests.values())
        with pytest.raises(NotCovered, match="no tile"):
            source_of(spec, tmp_path, tmp_path / "cache", 1 << 30, start=start).bring(GRID, print)
        return sum(server.requests.values()) - before

    assert bring("the first") > 0
    assert bring("the first") == 0
    assert bring("the next") > 0
    assert bring("") > 0 and bring("") > 0


def test_a_service_that_has_nothing_is_asked_once_within_a_start(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENTOPOGRAPHY_API_KEY", "a secret")
    monkeypatch.setenv("WEPPBATCH_OPENTOPOGRAPHY_URL", f"{server.url}/API/globaldem")
    server.answer = lambda query: b""
    for asked in (len(server.queries) + 1, len(server.queries) + 1):
        source = source_of("opentopography://SRTMGL3#" + QUICK, tmp_path, tmp_path / "cache", 1 << 30, start="one")
        with pytest.raises(NotCovered):
            source.bring(GRID, print)
        assert len(server.queries) >= asked
    assert len(server.queries) == len({str(query) for query in server.queries})


def test_all_tasks_that_ask_a_server_keep_its_pace_together(server: Server, tmp_path: Path) -> None:
    began = time.time()
    for _ in range(2):  # two tasks, the second of which finds nothing in the store
        source_of(f"{server.url}/whole.tif#{QUICK}&requests_per_s=50", tmp_path, tmp_path / "cache", 1 << 30).bring(
            GRID, print
        )
        for piece in (tmp_path / "cache").rglob("*.json"):
            piece.unlink()
    (pace,) = (tmp_path / "cache").glob(".*.pace")
    asked = sum(server.requests.values())
    assert asked >= 4 and float(pace.read_text()) >= began + asked / 50


def test_the_server_may_be_gone_once_all_is_fetched(tiles: Path, tmp_path: Path) -> None:
    with serving(tiles) as server:
        spec = spec_of("template", Path(), tiles, server, tmp_path)
        before = read_window(a_source(spec, tmp_path).bring(GRID, print).path, GRID, DemOptions())[0]
    after = read_window(a_source(spec, tmp_path).bring(GRID, print).path, GRID, DemOptions())[0]
    np.testing.assert_array_equal(before, after)


def test_of_many_tasks_that_ask_at_once_one_fetches(server: Server, tmp_path: Path) -> None:
    spec = f"{server.url}/whole.tif#{QUICK}"
    sources = [a_source(spec, tmp_path) for _ in range(4)]
    started = threading.Barrier(4)

    def bring(source: DemSource) -> Path:
        started.wait()
        return source.bring(GRID, print).path

    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(bring, sources))
    assert len(paths) == 1
    assert sum(source.traffic.pieces > 0 for source in sources) == 1


@pytest.mark.parametrize("failures", [["500", "500"], ["429:0"], ["cut"], ["slow"], ["ok", "cut", "503"]])
def test_what_may_pass_is_tried_again(failures: list[str], server: Server, tmp_path: Path) -> None:
    server.failures = list(failures)
    source = a_source(f"{server.url}/whole.tif#{QUICK}", tmp_path)
    read_window(source.bring(GRID, print).path, GRID, DemOptions())
    assert source.traffic.retries == len(set(failures) - {"ok"}) + failures.count("500") - ("500" in failures)


@pytest.mark.parametrize(
    ("failure", "error", "said"),
    [
        ("404", NotCovered, "no tile"),
        ("403", Refused, "answered 403"),
        ("400", NotARaster, "answered 400"),
        ("html", NotARaster, "a page"),
        (f"429:{LONGEST_WAIT_S + 1:.0f}", Unsteady, "answered 429"),
    ],
)
def test_what_will_not_pass_is_asked_once(
    failure: str, error: type[Exception], said: str, server: Server, tmp_path: Path
) -> None:
    server.failures = [failure]
    source = a_source(f"{server.url}/whole.tif#{QUICK}", tmp_path)
    with pytest.raises(error, match=said):
        source.bring(GRID, print)
    assert sum(server.requests.values()) == 1
    assert not list((tmp_path / "cache").rglob("*.tif"))


@pytest.mark.parametrize("failure", ["cut", "slow", "500"])
def test_a_server_that_never_gets_well_leaves_nothing_that_looks_like_a_dem(
    failure: str, server: Server, tmp_path: Path
) -> None:
    server.failures = ["ok", *[failure] * 50]
    source = a_source(f"{server.url}/whole.tif#{QUICK}", tmp_path)
    with pytest.raises(Unsteady):
        source.bring(GRID, print)
    assert not list((tmp_path / "cache").rglob("*.tif"))
    server.failures.clear()
    assert source.bring(GRID, print).path.exists()


def test_a_tile_cut_short_on_the_server_is_named(server: Server, tiles: Path, tmp_path: Path) -> None:
    whole = (tiles / "whole.tif").read_bytes()
    with serving(tmp_path) as other:
        (tmp_path / "short.tif").write_bytes(whole[: len(whole) // 2])
        with pytest.raises((DamagedTile, NotARaster), match=r"short\.tif"):
            a_source(f"{other.url}/short.tif#{QUICK}", tmp_path).bring(GRID, print)
    assert not list((tmp_path / "cache").rglob("*.tif"))


def test_a_piece_that_was_damaged_on_disk_is_fetched_again(server: Server, tmp_path: Path) -> None:
    spec = f"{server.url}/whole.tif#{QUICK}"
    path = a_source(spec, tmp_path).bring(GRID, print).path
    good = path.read_bytes()
    path.write_bytes(good[:-10] + b"ten bytes.")
    again = a_source(spec, tmp_path)
    again.bring(GRID, print)
    assert path.read_bytes()[-10:] == good[-10:] and again.traffic.pieces == 1


def test_a_window_that_is_too_large_is_refused_before_anything_is_fetched(server: Server, tmp_path: Path) -> None:
    with pytest.raises(WindowTooLarge, match="are allowed"):
        a_source(f"{server.url}/whole.tif#{QUICK}", tmp_path, max_bytes=1000).bring(GRID, print)
    assert not list((tmp_path / "cache").rglob("*.tif"))


def test_a_server_without_ranges_is_refused(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    with pytest.raises(NotARaster, match="does not serve parts"):
        a_source(f"{server.url}/whole.tif#{QUICK}", tmp_path).bring(GRID, print)


def test_opentopography_without_a_key_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENTOPOGRAPHY_API_KEY", raising=False)
    with pytest.raises(NoKey, match="OPENTOPOGRAPHY_API_KEY"):
        a_source("opentopography://COP30", tmp_path).bring(GRID, print)


@pytest.mark.parametrize("failure", ["html", "cut", "500", "truncated"])
def test_a_service_that_fails_leaves_nothing(
    failure: str, server: Server, sample_dem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENTOPOGRAPHY_API_KEY", "a secret")
    monkeypatch.setenv("WEPPBATCH_OPENTOPOGRAPHY_URL", f"{server.url}/API/globaldem")
    answer = cut_out(sample_dem)
    server.answer = (lambda query: answer(query)[:-2000]) if failure == "truncated" else answer
    server.failures = [] if failure == "truncated" else [failure] * 50
    with pytest.raises((NotARaster, Unsteady)) as raised:
        a_source("opentopography://SRTMGL3#" + QUICK, tmp_path).bring(GRID, print)
    assert "secret" not in str(raised.value)
    assert not list((tmp_path / "cache").rglob("*.tif"))


@pytest.fixture
def usgs(sample_dem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The library seamless-3dep, with its mosaic of 60 m on loopback: the sample terrain as float32."""
    from seamless_3dep import _vrt_pools

    folder = tmp_path / "usgs"
    folder.mkdir()
    place = from_origin(-84.75, 36.75, 2 / 3600, 2 / 3600)  # whole cells to a degree, as USGS has them
    profile = {"driver": "GTiff", "width": 1800, "height": 1800, "count": 1, "dtype": "float32", "nodata": -9999.0}
    tiled = {"crs": "EPSG:4326", "transform": place, "tiled": True, "blockxsize": 64, "blockysize": 64}
    with rasterio.open(sample_dem) as whole, rasterio.open(folder / "dem.tif", "w", **profile, **tiled) as target:
        cells = np.full((1800, 1800), -9999.0, dtype="float32")
        where = {"dst_transform": place, "dst_crs": whole.crs, "dst_nodata": -9999.0}
        reproject(rasterio.band(whole, 1), cells, resampling=Resampling.bilinear, **where)
        target.write(cells, 1)
    # In a process of its own: GDAL asks while it holds Python's lock, which a server in this one would wait for.
    code = (
        "import sys, dem_server as d\nwith d.serving(d.Path(sys.argv[1])) as s: print(s.url, flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(
        command, cwd=Path(__file__).parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        monkeypatch.setitem(_vrt_pools.VRTLinks, 60, f"{process.stdout.readline().strip()}/dem.tif")
        _vrt_pools.VRTPool.close()
        yield folder
        _vrt_pools.VRTPool.close()
        process.kill()


def test_the_3dep_service_gives_its_window_and_is_not_asked_again(usgs: Path, tmp_path: Path) -> None:
    source = a_source("3dep-service://60", tmp_path)
    chosen = choose([source], HILLS, GRID, DemOptions(), print)
    expected, _ = read_window(usgs / "dem.tif", chosen.grid, DemOptions())
    np.testing.assert_allclose(chosen.elevation_m, expected, atol=1e-3)
    assert chosen.provenance["product"] == "USGS 3DEP service, 60 m" and source.traffic.pieces > 0
    again = a_source("3dep-service://60", tmp_path)
    again.bring(chosen.grid, print)
    assert again.traffic.pieces == 0
    far = box(500000, 4700000, 501000, 4701000)
    with pytest.raises(NotCovered):
        a_source("3dep-service://60", tmp_path).bring(Grid.around(far.bounds, CRS, 30.0, 0.0), print)


def test_a_3dep_service_that_fails_is_one_of_the_network_and_leaves_nothing(usgs: Path, tmp_path: Path) -> None:
    (usgs / "dem.tif").write_bytes(b"no raster")
    with pytest.raises(NetworkError, match="3DEP did not answer"):
        a_source("3dep-service://60", tmp_path).bring(GRID, print)
    assert not list((tmp_path / "cache").rglob("*.tif"))


def test_without_its_library_the_3dep_service_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "seamless_3dep", None)
    with pytest.raises(NoLibrary, match="seamless-3dep") as raised:
        a_source("3dep-service://30", tmp_path).bring(GRID, print)
    assert "weppbatch[dem]" in str(raised.value.hint)


def test_a_coarser_source_is_the_fall_back_and_the_result_says_so(
    sample_dem: Path, server: Server, tmp_path: Path
) -> None:
    absent = a_source(f"{server.url}/not{{lat:02d}}_{{lon:03d}}.tif#arcsec=1&{QUICK}", tmp_path)
    chosen = choose([absent, a_source(str(sample_dem), tmp_path)], HILLS, GRID, DemOptions(), print)
    assert "elevations of 83 m" in chosen.degraded or "not of 28 m" in chosen.degraded
    assert chosen.provenance["passed_over"][0]["spec"] == absent.spec
    finer = choose([a_source(str(sample_dem), tmp_path), absent], HILLS, GRID, DemOptions(), print)
    assert finer.degraded == "" and finer.provenance["passed_over"] == []


def test_a_source_that_does_not_answer_is_no_reason_for_another(
    sample_dem: Path, server: Server, tmp_path: Path
) -> None:
    server.failures = ["500"] * 50
    busy = a_source(f"{server.url}/whole.tif#{QUICK}", tmp_path)
    with pytest.raises(Unsteady):
        choose([busy, a_source(str(sample_dem), tmp_path)], HILLS, GRID, DemOptions(), print)


def test_when_nothing_covers_the_watershed_each_source_says_why(
    sample_dem: Path, server: Server, tmp_path: Path
) -> None:
    far = box(500000, 4700000, 502000, 4702000)
    grid = Grid.around(far.bounds, CRS, 30.0, 500.0)
    sources = [a_source(str(sample_dem), tmp_path), a_source(f"{server.url}/x{{lat:02d}}.tif#{QUICK}", tmp_path)]
    with pytest.raises(NoDem, match=r"outside.*no tile") as raised:
        choose(sources, far, grid, DemOptions(), print)
    assert raised.value.category == "data" and "add NAME dem" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ("copernicus://glo300", UnknownSource),
        ("opentopography://NOPE", UnknownSource),
        ("https://host/a.tif#speed=3", UnknownSource),
        ("https://host/a.tif#tile=0", UnknownSource),
        ("https://host/{latitude}.tif", BadTemplate),
    ],
)
def test_a_source_that_there_is_not_is_named(spec: str, error: type[Exception], tmp_path: Path) -> None:
    with pytest.raises(error):
        a_source(spec, tmp_path)


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("copernicus://glo30", "Copernicus_DSM_COG_10_N36_00_W085_00_DEM.tif"),
        ("3dep://1", "USGS_1_n37w085.tif"),
        ("3dep://13", "USGS_13_n37w085.tif"),
    ],
)
def test_known_tile_layouts_are_filled_in(spec: str, name: str, tmp_path: Path) -> None:
    addresses = a_source(spec, tmp_path)._addresses((-84.3, 36.1, -84.2, 36.2))
    assert [url.rpartition("/")[2] for _, url in addresses] == [name]
