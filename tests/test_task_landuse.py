"""The task landuse on four hillslopes: keys, fire, covers, and what it refuses."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from parameter_run import IDS, SHIFTED, fresh, make_run, quarters, write_map
from weppbatch.errors import ConfigError, InputError
from weppbatch.files import sha256_of_file
from weppbatch.nodb.base import WrongSettings
from weppbatch.nodb.controls import set_fields
from weppbatch.tasks import landuse
from weppbatch.tasks.landuse import UnmappedLandCover
from weppbatch.tasks.parameters import COVER_COLUMNS, class_covers
from weppbatch.tasks.record import file_entries
from weppbatch.terrain.burn_severity import NotBurnSeverity
from weppbatch.terrain.zonal import MapMissesWatershed, MapNotClasses


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path)


def cover_map(run, *values, **options):
    path = write_map(run.batch / "_base" / "landcover.tif", quarters(*values), **options)
    return f"landuse.landcover={path.name}"


def burn_map(run, *values, **options):
    path = write_map(run.batch / "_base" / "sbs.tif", quarters(*values), **options)
    return f"disturbed.sbs_map={path.name}"


def table(run):
    return pd.read_parquet(run.wd / landuse.TABLE).set_index("topaz_id")


def test_each_hillslope_gets_its_dominant_class_and_that_classs_cover(run):
    values = quarters(42, 52, 71, 81)
    values[1:4, 1:10] = 41  # a third of hillslope 22
    path = write_map(run.batch / "_base" / "landcover.tif", values)
    run = fresh(run, f"landuse.landcover={path.name}")
    metrics = landuse.run(run)
    found = table(run)
    assert found.index.tolist() == list(IDS) and found["wepp_id"].tolist() == [1, 2, 3, 4]
    assert found["landuse_key"].tolist() == [42, 52, 71, 81]
    assert found["disturbed_class"].tolist() == ["forest", "shrub", "tall grass", "agriculture crops"]
    assert found["dominant_share"].tolist() == [54 / 81, 1, 1, 1]
    assert set(found["burn_class"]) == {"unburned"}
    for topaz_id, row in found.iterrows():
        cover = class_covers()[row["disturbed_class"]].values
        assert {column: row[column] for column in COVER_COLUMNS} == dict(cover), topaz_id
    assert metrics["class_shares"]["forest"] == pytest.approx(81 / 306, abs=1e-4)
    assert metrics["maps"] == {"landcover": "landcover.tif"} and metrics["synthetic"] is False
    assert [text.split()[0] for text in metrics["tables"]] == ["landcover.csv", "covers.csv"]
    assert sorted(run.inputs) == [str(path), "watershed/hillslopes.parquet", "watershed/subwta.tif"]


def test_one_class_everywhere_needs_no_map(run):
    landuse.run(fresh(run, "landuse.mode=single", "landuse.single_key=61"))
    assert set(table(run)["disturbed_class"]) == {"young forest"}


def test_fire_changes_forests_always_shrubs_by_default_and_grass_when_asked(run):
    run = fresh(run, cover_map(run, 42, 61, 52, 71), burn_map(run, 3, 1, 2, 3))
    metrics = landuse.run(run)
    found = table(run)
    assert found["landcover_key"].tolist() == [42, 61, 52, 71]
    assert found["landuse_key"].tolist() == [105, 106, 120, 71]
    assert found["burn_class"].tolist() == ["high", "low", "moderate", "high"]
    assert found["disturbed_class"].tolist() == [
        "forest high sev fire",
        "forest low sev fire",
        "shrub moderate sev fire",
        "tall grass",
    ]
    assert found["label"].tolist()[0] == "Forest High Severity Fire"
    assert metrics["burn_shares"]["high"] == pytest.approx(153 / 306, abs=1e-4)
    landuse.run(fresh(run, "disturbed.burn_shrubs=no", "disturbed.burn_grass=yes"))
    assert table(run)["landuse_key"].tolist() == [105, 106, 52, 129]


def test_the_other_coding_of_severity_gives_the_same(run):
    run = fresh(run, cover_map(run, 42, 61, 52, 71), burn_map(run, 3, 1, 2, 3))
    landuse.run(run)
    before = table(run)
    landuse.run(fresh(run, burn_map(run, 133, 131, 132, 133)))
    assert table(run).equals(before)


def test_a_burned_class_and_water_and_roads_do_not_burn_again(run):
    landuse.run(fresh(run, cover_map(run, 105, 11, 24, 31), burn_map(run, 1, 3, 3, 3)))
    assert table(run)["landuse_key"].tolist() == [105, 11, 24, 31]


def test_keys_130_to_132_of_a_land_cover_map_are_grass_and_no_severity(run):
    landuse.run(fresh(run, cover_map(run, 130, 42, 42, 42)))
    found = table(run)
    assert found["disturbed_class"].tolist() == ["grass moderate sev fire", "forest", "forest", "forest"]
    assert set(found["burn_class"]) == {"unburned"}


def test_a_burn_map_given_as_land_cover_and_the_other_way_round_are_refused(run):
    with pytest.raises(UnmappedLandCover, match="looks like a burn severity map") as caught:
        landuse.run(fresh(run, cover_map(run, 130, 131, 132, 132)))
    assert "disturbed.sbs_map" in str(caught.value.hint)
    with pytest.raises(NotBurnSeverity, match="values are 41, 42, 52, 71"):
        landuse.run(fresh(run, cover_map(run, 42, 42, 42, 42), burn_map(run, 41, 42, 52, 71)))


def test_every_class_without_a_mapping_is_named_with_cells_and_hillslopes(run):
    with pytest.raises(UnmappedLandCover) as caught:
        landuse.run(fresh(run, cover_map(run, 42, 17, 99, 17)))
    assert caught.value.problems == [
        "key 17 has no disturbed class: 144 cells, 2 hillslopes (23, 33)",
        "key 99 has no disturbed class: 81 cells, 1 hillslope (31)",
    ]
    assert "landcover_table" in str(caught.value.hint)
    assert not (run.wd / landuse.TABLE).exists()


def test_a_users_table_maps_what_the_shipped_one_does_not(run):
    (run.batch / "_base" / "keys.csv").write_text("key,label,disturbed_class\n17,Heath,shrub\n99,Scree,bare\n")
    run = fresh(run, cover_map(run, 42, 17, 99, 17), "landuse.landcover_table=keys.csv", burn_map(run, 1, 3, 3, 0))
    metrics = landuse.run(run)
    found = table(run)
    assert found["disturbed_class"].tolist() == ["forest low sev fire", "shrub high sev fire", "bare", "shrub"]
    assert found["label"].tolist()[3] == "Heath"
    assert metrics["tables"][2].startswith("keys.csv own")


def test_an_unmapped_class_that_is_nowhere_dominant_does_no_harm(run):
    values = quarters(42, 42, 42, 42)
    values[2, 2] = 17
    path = write_map(run.batch / "_base" / "landcover.tif", values)
    landuse.run(fresh(run, f"landuse.landcover={path.name}"))


def test_hillslopes_on_which_the_map_has_no_data_are_named_and_no_table_is_asked_for(run):
    blank = r"the map has no data there: 162 of 162 cells, 2 hillslopes \(22, 31\)"
    with pytest.raises(MapMissesWatershed, match=blank) as caught:
        landuse.run(fresh(run, cover_map(run, 0, 42, 250, 42, nodata=250)))
    assert caught.value.hint == "give a map that covers these hillslopes"
    with pytest.raises(UnmappedLandCover, match=blank) as mixed:
        landuse.run(fresh(run, cover_map(run, 0, 17, 250, 42, nodata=250)))
    assert "landcover_table" in str(mixed.value.hint) and "covers the hillslopes" in str(mixed.value.hint)


def test_every_file_from_outside_is_an_input_by_its_absolute_path(run):
    canopy = write_map(run.batch / "_base" / "canopy.tif", quarters(50, 60, 70, 80))
    (run.batch / "_base" / "keys.csv").write_text("key,label,disturbed_class\n17,Heath,shrub\n")
    settings = [cover_map(run, 42, 17, 42, 42), burn_map(run, 3, 1, 2, 3), "landuse.landcover_table=keys.csv"]
    run = fresh(run, *settings, f"disturbed.canopy_map={canopy}")
    landuse.run(run)
    names = ("canopy.tif", "keys.csv", "landcover.tif", "sbs.tif")
    entries = file_entries(run.wd, run.inputs)
    assert [entry["path"] for entry in entries[:4]] == [str(run.batch / "_base" / name) for name in names]
    assert all(entry["sha256"] == sha256_of_file(Path(run.wd, entry["path"])) for entry in entries)


def test_of_a_mosaic_the_parts_that_were_read_are_inputs(run):
    base = run.batch / "_base"
    cover_map(run, 42, 42, 42, 42)
    write_map(base / "far.tif", quarters(1, 1, 1, 1), transform=SHIFTED)
    parts = "".join(
        f"<SimpleSource><SourceFilename relativeToVRT='1'>{name}</SourceFilename><SourceBand>1</SourceBand>"
        f"<SrcRect xOff='0' yOff='0' xSize='20' ySize='20'/><DstRect xOff='{at}' yOff='0' xSize='20' ySize='20'/>"
        "</SimpleSource>"
        for name, at in (("landcover.tif", 0), ("far.tif", 40))
    )
    (base / "mosaic.vrt").write_text(
        "<VRTDataset rasterXSize='60' rasterYSize='20'><SRS>EPSG:32616</SRS>"
        "<GeoTransform>740000,30,0,4020000,0,-30</GeoTransform>"
        f"<VRTRasterBand dataType='Byte' band='1'>{parts}</VRTRasterBand></VRTDataset>"
    )
    run = fresh(run, "landuse.landcover=mosaic.vrt")
    landuse.run(run)
    assert [Path(name).name for name in run.inputs if Path(name).is_absolute()] == ["mosaic.vrt", "landcover.tif"]


def test_a_map_that_misses_the_watershed_is_an_error(run):
    with pytest.raises(MapMissesWatershed, match=r"landuse\.landcover") as caught:
        landuse.run(fresh(run, cover_map(run, 42, 42, 42, 42, transform=SHIFTED)))
    assert "give a map that covers it" in str(caught.value.hint)
    with pytest.raises(MapMissesWatershed, match=r"disturbed\.sbs_map"):
        landuse.run(fresh(run, cover_map(run, 42, 42, 42, 42), burn_map(run, 1, 1, 1, 1, transform=SHIFTED)))
    run = fresh(run, "disturbed.outside_sbs=unburned")
    landuse.run(run)
    assert set(table(run)["burn_class"]) == {"unburned"}
    assert any("outside the burn severity map" in text for text in run.warnings)


def test_a_map_of_fractions_is_refused(run):
    path = write_map(run.batch / "_base" / "landcover.tif", quarters(42.5, 42, 42, 42, dtype="float32"))
    with pytest.raises(MapNotClasses, match=r"42\.5"):
        landuse.run(fresh(run, f"landuse.landcover={path.name}"))


def test_no_map_and_an_unknown_single_key_say_what_to_set(run):
    with pytest.raises(ConfigError, match=r"landuse\.landcover is empty") as caught:
        landuse.run(run)
    assert str(caught.value.hint).startswith("weppbatch set batch landuse.landcover=FILE.tif")
    assert "mode=single" in str(caught.value.hint)
    with pytest.raises(ConfigError, match="single_key is 17"):
        landuse.run(fresh(run, "landuse.mode=single", "landuse.single_key=17"))


def test_a_setting_that_names_no_file_is_refused_when_it_is_set(run):
    with pytest.raises(WrongSettings) as caught:
        set_fields(run.batch.parent / "batch" / "runs" / "creek", ["landuse.landcover=nothing.tif"])
    assert "nothing.tif does not exist" in str(caught.value)
    with pytest.raises(WrongSettings, match="no land cover key"):
        set_fields(run.wd, ['landuse.covers={"forest": {"canopy": 0.5}}'])


def test_a_users_fractions_replace_those_of_the_key_after_the_fire(run):
    run = fresh(
        run,
        cover_map(run, 42, 42, 52, 42),
        burn_map(run, 3, 0, 0, 0),
        'landuse.covers={"42": {"canopy": 0.7}, "105": {"interrill": 0.2, "rill": 0.1}}',
    )
    landuse.run(run)
    found = table(run)
    assert found["canopy_cover"].tolist() == [0.4, 0.7, 0.4, 0.7]
    assert found["interrill_cover"].tolist() == [0.2, 1.0, 0.85, 1.0]
    assert found["rill_cover"].tolist() == [0.1, 1.0, 0.85, 1.0]
    with pytest.raises(ConfigError, match="17"):
        landuse.run(fresh(run, 'landuse.covers={"17": {"canopy": 0.7}}'))


def test_a_canopy_map_replaces_the_canopy_of_unburned_forests_alone(run):
    canopy = quarters(50, 60, 70, 255)
    canopy[1:10, 1:4] = 80  # 27 of 81 cells of hillslope 22
    path = write_map(run.batch / "_base" / "canopy.tif", canopy)
    run = fresh(run, cover_map(run, 42, 42, 52, 61), burn_map(run, 0, 3, 0, 0), f"disturbed.canopy_map={path.name}")
    landuse.run(run)
    assert table(run)["canopy_cover"].tolist() == [pytest.approx(0.60), 0.40, 0.40, 0.80]
    assert any("not 0 to 100 percent" in text for text in run.warnings)
    assert any("1 hillslope (33)" in text for text in run.warnings)


def test_a_synthetic_map_is_said_in_the_metrics(run):
    run = fresh(run, cover_map(run, 42, 42, 42, 42, SYNTHETIC="by a rule", SOURCE="a rule"))
    metrics = landuse.run(run)
    assert metrics["synthetic"] is True and metrics["maps"] == {"landcover": "a rule"}


def test_a_wrong_table_of_keys_is_refused_before_anything_is_written(run):
    (run.batch / "_base" / "keys.csv").write_text("key,label,disturbed_class\nnan,Heath,shrub\n")
    with pytest.raises(InputError, match="key is nan"):
        landuse.run(fresh(run, cover_map(run, 42, 42, 42, 42), "landuse.landcover_table=keys.csv"))
    assert not (run.wd / landuse.TABLE).exists()


def test_no_figure_of_the_table_is_missing(run):
    landuse.run(fresh(run, cover_map(run, 11, 24, 90, 82), burn_map(run, 3, 3, 3, 3)))
    found = table(run)
    assert not found.isna().any().any()
    assert np.isfinite(found[list(COVER_COLUMNS)].to_numpy(dtype=float)).all()


def test_worldcover_has_its_own_keys_and_burns_too(run):
    run = fresh(
        run, "landuse.landcover_legend=worldcover", cover_map(run, 10, 20, 30, 95), burn_map(run, 3, 1, 0, 0)
    )
    metrics = landuse.run(run)
    found = table(run)
    assert found["landuse_key"].tolist() == [105, 121, 30, 95]
    assert found["label"].tolist()[2:] == ["Grassland", "Mangroves"]
    assert metrics["tables"][0].startswith("worldcover.csv 1")
    with pytest.raises(UnmappedLandCover, match="key 42"):
        landuse.run(fresh(run, cover_map(run, 42, 20, 30, 95)))


def test_a_users_table_may_be_yaml(run):
    keys = run.batch / "_base" / "keys.yaml"
    keys.write_text("- {key: 17, label: Heath, disturbed_class: shrub}\n")
    run = fresh(run, cover_map(run, 17, 42, 42, 42), "landuse.landcover_table=keys.yaml")
    landuse.run(run)
    assert table(run)["disturbed_class"].tolist()[0] == "shrub"
    keys.write_text("key: 17\n")
    with pytest.raises(InputError, match="no list of rows"):
        landuse.run(fresh(run))
