"""The files of a batch for maps, each opened with the library that its readers use."""

import json
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import fiona
import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import rasterio
from rio_cogeo.cogeo import cog_validate

from conftest import begun
from report_batch import fail, finish, ledger_of, make_batch, simulate
from weppbatch.commands.app import main
from weppbatch.errors import DataError
from weppbatch.files import read_json
from weppbatch.nodb.controls import set_fields
from weppbatch.report.build import build_report
from weppbatch.report.columns import RUN_SCHEMA
from weppbatch.report.plots import soil_loss_plot
from weppbatch.report.qgis import class_rules
from weppbatch.report.spatial import TYPES
from weppbatch.report.tables import MergedTable
from weppbatch.terrain.grid import Grid, write_raster


@pytest.fixture
def batch(root: Path) -> Path:
    """ws-1 and ws-3 simulated, ws-2 failed."""
    folder = make_batch(root, ["Cove Creek", "Titus Creek", "Añasco"])
    for runid, times in (("ws-1", 1.0), ("ws-3", 5.0)):
        finish(folder, runid, flags=("poor_fit",))
        simulate(folder, runid, times=times)
    fail(folder, "ws-2", "dem", DataError("no elevations there"))
    return folder


def report_of(batch: Path) -> Path:
    return build_report(ledger_of(batch)).parent


def test_fiona_and_pyogrio_read_the_same_layers_from_the_geopackage(batch: Path):
    package = report_of(batch) / "batch.gpkg"
    assert set(fiona.listlayers(package)) == {*TYPES, "layer_styles"}
    for name in TYPES:
        with fiona.open(package, layer=name) as layer:
            assert (layer.schema["geometry"], layer.crs.to_epsg()) == (TYPES[name], 4326)
            features = list(layer)
        assert len(features) == pyogrio.read_info(package, layer=name)["features"] > 0
        assert all(feature["properties"]["runid"] for feature in features)


def test_geoparquet_holds_the_same_features_and_finds_them_by_place(batch: Path):
    report = report_of(batch)
    for name in TYPES:
        path = report / "geoparquet" / f"{name}.parquet"
        frame = geopandas.read_parquet(path)
        package = geopandas.read_file(report / "batch.gpkg", layer=name)
        assert frame.crs.equals("OGC:CRS84")
        assert frame["runid"].tolist() == package["runid"].tolist()
        assert frame.geometry.geom_equals_exact(package.geometry.to_crs("OGC:CRS84"), 1e-9).all()
        west, south, east, north = package[package["runid"] == "ws-3"].total_bounds
        found = geopandas.read_parquet(path, bbox=(west - 1e-4, south - 1, east + 1, north + 1))
        assert set(found["runid"]) == ({"ws-3"} if name != "outlets" else {"ws-1", "ws-3"})  # both at one place
        meta = json.loads(pq.read_metadata(path).metadata[b"geo"])
        assert meta["columns"]["geometry"]["bbox"] == pytest.approx(list(frame.total_bounds))


def test_every_layer_of_the_geopackage_has_a_default_style_that_names_its_own_columns(batch: Path):
    with sqlite3.connect(report_of(batch) / "batch.gpkg") as database:
        rows = database.execute(
            "SELECT f_table_name, f_geometry_column, styleName, styleQML, useAsDefault FROM layer_styles"
        ).fetchall()
        assert database.execute("PRAGMA user_version").fetchone() == (10200,)
        defaults = {layer: name for layer, _, name, _, default in rows if default}
        assert defaults == {
            "watersheds": "Soil loss",
            "subcatchments": "Soil loss",
            "channels": "Strahler order",
            "outlets": "Fit",
        }
        assert {name for layer, _, name, *_ in rows if layer == "watersheds"} >= {"State", "Surface runoff"}
        for layer, geometry, _, text, _ in rows:
            assert geometry == "geom"
            style = ElementTree.fromstring(text)
            rules = style.findall("renderer-v2/rules/rule")
            symbols = {symbol.get("name") for symbol in style.findall("renderer-v2/symbols/symbol")}
            assert [rule.get("symbol") for rule in rules] == sorted(symbols, key=int)
            assert [rule.get("filter") for rule in rules].count("ELSE") == 1
            # QGIS' expressions of these rules are SQL, so SQLite can say whether each feature falls under one rule.
            counts = [
                database.execute(f"SELECT count(*) FROM {layer} WHERE {rule.get('filter')}").fetchone()[0]
                for rule in rules
                if rule.get("filter") != "ELSE"
            ]
            either = " OR ".join(f"({rule.get('filter')})" for rule in rules if rule.get("filter") != "ELSE")
            once = database.execute(f"SELECT count(*) FROM {layer} WHERE {either}").fetchone()[0]
            assert sum(counts) == once


def test_a_batch_without_results_is_coloured_by_state(root: Path):
    folder = make_batch(root, ["Cove Creek"])
    with sqlite3.connect(report_of(folder) / "batch.gpkg") as database:
        found = dict(database.execute("SELECT f_table_name, styleName FROM layer_styles WHERE useAsDefault"))
    assert found["watersheds"] == "State"
    assert found["subcatchments"] == "Burn severity"


def test_classes_are_told_in_words_and_what_has_no_result_is_told_too():
    rules = class_rules("soil_loss_t_ha_yr", [0.5, 2.0], ("#000000", "#111111", "#222222"), "t/ha/yr")
    assert [rule.label for rule in rules] == [
        "under 0.5 t/ha/yr",
        "0.5 to 2 t/ha/yr",
        "2 and more t/ha/yr",
        "no result",
    ]
    assert [rule.colour for rule in rules[:3]] == ["#000000", "#111111", "#222222"]


def test_merged_tables_are_written_in_few_row_groups(batch: Path):
    assert pq.read_metadata(report_of(batch) / "hillslopes.parquet").num_row_groups == 1
    assert pq.read_table(batch / "report" / "hillslopes.parquet").num_rows == 6


def test_a_large_merged_table_is_written_in_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("weppbatch.report.tables.PORTION_ROWS", 2)
    one = pa.table({"topaz_id": [22, 23]})
    with MergedTable(tmp_path / "x.parquet") as merged:
        for runid in ("a", "b"):
            merged.add(runid, one)
    assert pq.read_metadata(tmp_path / "x.parquet").num_row_groups == 2


def terrain(batch: Path) -> None:
    """A DEM and labels for ws-1: hillslopes 21, 31 and 41, a channel 24, and cells outside."""
    wd, grid = batch / "runs" / "ws-1", Grid("EPSG:32616", 700000.0, 4000000.0, 30.0, 700, 600)
    labels = np.zeros((grid.rows, grid.cols), dtype="int32")
    for place, label in enumerate((21, 31, 41, 24)):
        labels[100 * place : 100 * (place + 1), 50:550] = label
    write_raster(wd / "dem" / "dem.tif", np.linspace(200, 900, labels.size).reshape(labels.shape), grid)
    write_raster(wd / "watershed" / "subwta.tif", labels, grid)


def test_rasters_are_cloud_optimized_with_results_on_their_hillslopes(batch: Path, tmp_path: Path):
    terrain(batch)
    assert main(["rasters", "hills", "--runs", "ws-1", "--to", str(tmp_path / "maps")]) == 0
    paths = {path.stem: path for path in (tmp_path / "maps" / "ws-1").iterdir()}
    assert {"elevation", "subcatchments", "soil_loss_t_ha_yr", "runoff_mm_yr", "slope_scalar"} <= set(paths)
    for path in paths.values():
        whole, errors, remarks = cog_validate(path, strict=True, quiet=True)
        assert (whole, errors, remarks) == (True, [], [])
    with rasterio.open(paths["soil_loss_t_ha_yr"]) as source:
        assert (source.units, source.tags()["run"]) == (("t/ha/yr",), "ws-1")
        assert source.overviews(1)
        values = source.read(1, masked=True)
    assert values[50, 100] == pytest.approx(0.4) and values[250, 100] == pytest.approx(1.2)
    assert values.mask[350, 100] and values.mask[0, 0] and values.mask[600, 100]
    with rasterio.open(paths["elevation"]) as source:
        assert source.read(1)[0, 0] == pytest.approx(200.0)


def test_a_run_without_terrain_has_no_rasters_and_says_so(batch: Path, tmp_path: Path, capsys):
    assert main(["rasters", "hills", "--runs", "ws-2", "--to", str(tmp_path / "maps")]) == 0
    assert "Nothing to draw yet of ws-2" in capsys.readouterr().out


def test_the_manifest_names_what_is_needed_to_make_the_batch_again(batch: Path):
    set_fields(batch / "_base", ["watershed.csa_ha=5"])
    manifest = read_json(report_of(batch) / "manifest.json")
    assert any(line.startswith("numpy==") for line in manifest["packages"])
    assert manifest["checklist"]["watershed"] is True
    (settings,) = (line for line in manifest["commands"] if line.startswith("weppbatch set hills "))
    assert "watershed.csa_ha=5.0" in settings.split()
    assert f"weppbatch add hills watersheds {batch}/resources/watersheds.geojson" in manifest["commands"]
    one = manifest["runs"]["ws-1"]["tasks"]["wepp"]
    assert len(one["inputs_sha256"]) == len(one["outputs_sha256"]) == 64


def test_snakemakes_own_report_has_captions_and_categories_also_after_failures(batch: Path, tmp_path: Path, capsys):
    path = tmp_path / "report.zip"
    assert main(["report", "hills", "--snakemake", str(path)]) == 0
    assert "with the tasks of 3 runs" in capsys.readouterr().out
    with ZipFile(path) as archive:
        names = {Path(name).name for name in archive.namelist()}
        page = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("report.html"))
    assert {"index.html", "runs.csv", "soil_loss.svg", "task_times.svg", "manifest.json"} <= names
    assert "Where it came from" in page and "A burned condition holds in every one" in page
    assert main(["report", "hills", "--snakemake", str(tmp_path / "report.pdf")]) == 2


def test_figures_are_svg_that_shows_hostile_names_as_text():
    row = dict.fromkeys(RUN_SCHEMA.names) | {"runid": "</text><script>", "soil_loss_t_ha_yr": 2.5}
    figure = ElementTree.fromstring(soil_loss_plot([row]))
    shown = [text.text for text in figure.iter("{http://www.w3.org/2000/svg}text")]
    assert shown == ["Mean soil loss of hillslopes, by watershed", "</text><script>", "2.5 t/ha/yr"]
    assert "nothing yet" in soil_loss_plot([])


def test_the_commands_of_the_manifest_make_the_same_batch_again(
    new_batch: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def results(folder: Path) -> dict[str, dict[str, str]]:
        manifest = read_json(report_of(folder) / "manifest.json")
        return {
            runid: {task: made["outputs_sha256"] for task, made in run["tasks"].items() if task != "clone"}
            for runid, run in manifest["runs"].items()
        }

    folder = new_batch("two")
    assert main(["set", "two", "ron.buffer_m=600"]) == 0
    begun(folder, "extent", "dem")
    first = results(folder)
    assert set(first["ws-1"]) == {"extent", "dem"}
    *commands, run = read_json(folder / "report" / "manifest.json")["commands"]
    assert run == "weppbatch run two"
    monkeypatch.setenv("WEPPBATCH_ROOT", str(tmp_path / "elsewhere"))
    for line in commands:
        assert main(shlex.split(line)[1:]) == 0, line
    begun(tmp_path / "elsewhere" / "two", "extent", "dem")
    assert results(tmp_path / "elsewhere" / "two") == first


def test_a_geopackage_that_was_cut_short_is_not_put_in_place(batch: Path):
    report = report_of(batch)
    before = (report / "batch.gpkg").read_bytes()
    limit = len(before) // 2
    script = (
        "import resource, signal, sys; from pathlib import Path; from weppbatch.batch.ledger import Ledger;"
        "from weppbatch.batch.plan import Plan; from weppbatch.report.build import build_report;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, -1)); build_report(Ledger(Plan(Path(sys.argv[1]))))"
    )
    done = subprocess.run([sys.executable, "-c", script, batch], capture_output=True, text=True, check=False)
    assert "DiskFull" in done.stderr and ".gpkg could not be written whole" in done.stderr
    assert (report / "batch.gpkg").read_bytes() == before
    assert not list(report.rglob(".*.tmp*"))
