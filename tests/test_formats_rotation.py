from pathlib import Path

import pytest

from test_formats_management import BURNED, TILLED
from weppbatch.engines.rotation import rotation_input
from weppbatch.formats.management import read_management, static_management, write_management
from weppbatch.formats.rotation import Grazing, Tillage, rotation_of
from weppbatch.hydrology import crop_columns as of

CARRIED = Path(__file__).parents[1] / "benchmarks" / "data" / "agreement" / "managements"
CORN = Path(__file__).parent / "data" / "managements" / "corn.man"


@pytest.fixture
def tilled(tmp_path):
    """The rotation of a file that tills, cuts, grazes and burns."""
    (tmp_path / "a.man").write_text(TILLED)
    return rotation_of(read_management(tmp_path / "a.man"))


def test_crops_have_their_dates_and_uses(tilled):
    cut, grazed, burned = tilled.crops
    assert (cut.plant, cut.kind, cut.planted, cut.stopped, cut.row_width_m, cut.cuts) == (
        2,
        2,
        0,
        244,
        1.2,
        (200, 243),
    )
    assert cut.tillage == (Tillage(245, 1, 0.0, False), Tillage(250, 3, 0.1, True))
    assert grazed.grazing == (Grazing(100, 200, 10.0, 5.0, 400.0, 0.5),) and not grazed.tillage
    assert (burned.kind, burned.planted, burned.harvested, burned.residue_option) == (1, 100, 280, 2)
    assert (burned.residue_day, burned.residue_shares) == (290, (0.5, 0.5))
    assert tilled.years == ((0, 1), (2,)) and tilled.residue_plant == 1 and not tilled.is_static


def test_operations_add_remove_and_till(tilled):
    fire, mulch, tine = tilled.operations
    assert (fire.code, fire.residue_removed) == (11, 0.9)
    assert (mulch.residue_plant, mulch.residue_added_kg_m2, mulch.residue_removed) == (1, 0.2, 0.0)
    assert (tine.code, tine.buried_interrill, tine.depth_m) == (3, (0.1, 0.1), 0.0)


def test_a_rotation_survives_being_written_and_read(tilled, tmp_path):
    write_management(tmp_path / "b.man", read_management(tmp_path / "a.man"))
    assert rotation_of(read_management(tmp_path / "b.man")) == tilled


@pytest.mark.parametrize("flow_elements", [1, 2])
def test_a_cover_that_stays_the_same_has_nothing_that_grows(flow_elements):
    rotation = rotation_of(static_management(BURNED, 4, flow_elements=flow_elements))
    assert rotation.is_static and rotation.years == ((0,),) * 4
    assert rotation_input(rotation) is None


def test_the_carried_managements_are_static_or_not():
    static = {
        path.stem.rsplit("_", 1)[0]
        for path in CARRIED.glob("*.man")
        if rotation_of(read_management(path)).is_static
    }
    assert static == {"bare", "forest", "highsev", "lowsev", "sodgrass"}


def test_tables_hold_a_row_for_each_plant_crop_pass_and_use(tilled):
    tables = rotation_input(tilled)
    assert tables.plants.shape == (2, of.PLANT_COLUMNS) and tables.crops.shape == (3, of.CROP_COLUMNS)
    plant = tables.plants[0]
    assert (plant[of.ENERGY], plant[of.EXTINCTION], plant[of.MOST_HEIGHT], plant[of.FRAGILE]) == (13, 0.9, 0.2, 2)
    assert (plant[of.DECAY], plant[of.ROOT_SHARE], plant[of.COLD_C], plant[of.MOST_LEAVES]) == (
        0.0073,
        0.33,
        -40,
        0.5,
    )
    assert tables.crops[:, of.FIRST_TILLAGE : of.LAST_CUT + 1].tolist() == [
        [0, 2, 0, 2],
        [2, 2, 2, 3],
        [2, 2, 3, 3],
    ]
    assert tables.tillage[:, of.DAY].tolist() == [245, 250] and tables.tillage[0, of.REMOVED] == 0.9
    assert tables.cuts[:, of.FIRST_DAY].tolist() == [200, 243, 100] and tables.cuts[2, of.LAST_DAY] == 200
    assert tables.years.tolist() == [[0, 1], [2, -1]]


def test_an_annual_keeps_what_its_tillage_buries():
    tables = rotation_input(rotation_of(read_management(CORN)))
    assert tables.crops[0, of.KIND] == of.ANNUAL and tables.tillage[:, of.DAY].tolist() == [120, 300]
    first = tables.tillage[0]
    assert first[of.BURIED_BETWEEN : of.BURIED_RILL + 2].tolist() == [0.6, 0.35, 0.6, 0.35]
    assert (first[of.RIDGE], first[of.ROUGHNESS], first[of.DISTURBED], first[of.IMPLEMENT_DEPTH]) == (
        *(0.025, 0.015, 1.0),
        0.05,
    )
