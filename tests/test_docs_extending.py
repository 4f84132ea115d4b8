"""The page on extending: its blocks are put into a copy of the sources, and its commands are run there."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from docs_commands import ROOT, blocks
from docs_sandbox import write_data
from weppbatch.files import read_json

PAGE = ROOT / "docs" / "extending.md"
SOURCES = ("src", "workflow", "profiles", "config")
SETTINGS = ("landuse.mode=single", "landuse.single_key=71", "soils.mode=single", "climate.years=2")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources with everything on the page in it."""
    folder = tmp_path_factory.mktemp("clone")
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name)
    # The engine stays where it is: its kernels are compiled anew for every place that they lie at.
    engine = folder / "src" / "weppbatch" / "hydrology"
    shutil.rmtree(engine)
    engine.mkdir()
    (engine / "__init__.py").write_text(f"__path__ = [{str(ROOT / 'src' / 'weppbatch' / 'hydrology')!r}]\n")
    for block in blocks(PAGE):
        if block.language == "python":
            path = folder / block.title
            assert not path.exists()
            path.write_text(block.text)
        elif block.language == "diff":
            apply(block.text, folder / block.title)
    return folder


def apply(diff: str, path: Path) -> None:
    """Change a file as a diff without line numbers says; what it changes has to be there once."""
    lines = [line or " " for line in diff.rstrip("\n").splitlines()]
    before = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
    after = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
    text = path.read_text()
    assert text.count(before) == 1, f"{path.name} has not, or more than once:\n{before}"
    path.write_text(text.replace(before, after))


def test_what_the_page_adds_can_be_run_and_is_found_everywhere(
    clone: Path, sample_dem: Path, tmp_path: Path
) -> None:
    write_data(tmp_path / "data", sample_dem)
    with zipfile.ZipFile(tmp_path / "data" / "dem.zip", "w") as archive:
        archive.write(sample_dem, "terrain/dem.tif")
    environment = os.environ | {
        "PYTHONPATH": str(clone / "src"),
        "WEPPBATCH_ROOT": str(tmp_path / "batches"),
        "WEPPBATCH_CORES": "2",
    }

    def say(words: str) -> str:
        command = words.replace("/data/", f"{tmp_path}/data/").replace(
            "weppbatch ", f"{sys.executable} -P -m weppbatch.client ", 1
        )
        done = subprocess.run(
            ["bash", "-c", command], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
        return done.stdout

    say("weppbatch create myfire")
    say("weppbatch add myfire dem /data/dem.tif")
    say("weppbatch add myfire watersheds /data/watersheds.geojson")
    say("weppbatch validate myfire --template '{slug(properties[\"HucName\"])}'")
    say("weppbatch exclude myfire smoky-creek --why 'one is enough'")
    say(f"weppbatch set myfire {' '.join(SETTINGS)}")
    said = [say(command) for block in blocks(PAGE) if block.language == "sh" for command in block.commands()]

    run = tmp_path / "batches" / "myfire" / "runs" / "bruce-creek"
    assert pq.read_schema(run / "facing" / "facing.parquet").names == ["topaz_id", "area_m2", "faces_south"]
    assert 0.0 < read_json(run / ".tasks" / "facing.json")["metrics"]["south_share"] < 1.0
    assert "watershed.south_width_deg" in said[0]
    assert "facing" in said[4]  # the plan: its setting was changed
    assert read_json(run / "dem" / "provenance.json")["spec"].startswith("zip://")
    scenario = run / "_pups" / "omni" / "scenarios" / "grazing__filters_smax60" / "landuse" / "landuse.parquet"
    grazed, own = (
        pq.read_table(scenario).to_pandas(),
        pq.read_table(run / "landuse" / "landuse.parquet").to_pandas(),
    )
    assert grazed["label"].str.endswith(", grazed").any()
    assert grazed["rill_cover"].min() == pytest.approx(own["rill_cover"].min() * 2.0 / 3.0)
