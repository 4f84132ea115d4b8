"""Where soils come from: SQLite with gNATSGO's names, maps of properties, and what stands in for bad ones."""

import sqlite3

import numpy as np
import pandas as pd
import pytest

from parameter_run import fresh, quarters, write_map
from test_task_soils import COLUMNS, LOAM, SAND, run, surveyed, tables, with_map
from weppbatch.errors import ConfigError, InputError
from weppbatch.tasks import soils
from weppbatch.tasks.soil_tables import survey_cells
from weppbatch.tasks.soil_units import UnusableSoils

__all__ = ["run"]


def survey() -> pd.DataFrame:
    lines = [line.split(",") for line in (LOAM + SAND).split("\n") if line]
    return pd.DataFrame(lines, columns=COLUMNS.split(","))


def as_gnatsgo(path, *, kind=str):
    """component, chorizon and mapunit, keys as text or numbers, and other map units beside."""
    table = survey()
    components = table[["mukey", "cokey", "comppct_r"]].drop_duplicates().astype({"mukey": kind})
    horizons = table.drop(columns=["mukey", "muname", "comppct_r"])
    others = pd.DataFrame({"mukey": [kind(900 + i) for i in range(50)], "cokey": "x", "comppct_r": "100"})
    with sqlite3.connect(path) as database:
        pd.concat([components, others]).to_sql("COMPONENT", database, index=False)
        horizons.rename(columns=str.upper).to_sql("chorizon", database, index=False)
        table[["mukey", "muname"]].drop_duplicates().astype({"mukey": kind}).to_sql(
            "mapunit", database, index=False
        )
    database.close()
    return path


@pytest.mark.parametrize("kind", [str, int])
def test_gnatsgos_sqlite_gives_the_same_soils_as_a_csv(run, kind):
    soils.run(surveyed(run, LOAM, SAND, values=(1, 2, 1, 2)))
    before = tables(run)
    as_gnatsgo(run.batch / "_base" / "gnatsgo.sqlite", kind=kind)
    run = fresh(run, "soils.soil_table=gnatsgo.sqlite")
    metrics = soils.run(run)
    after = tables(run)
    pd.testing.assert_frame_equal(before[0], after[0])
    for key in before[1]:
        pd.testing.assert_frame_equal(before[1][key], after[1][key])
    assert "gnatsgo.sqlite" in metrics["maps"]["soil_table"]
    assert str(run.batch / "_base" / "gnatsgo.sqlite") in run.inputs


def test_only_the_wanted_map_units_are_read_out_of_sqlite(tmp_path):
    path = as_gnatsgo(tmp_path / "g.db")
    assert {row["mukey"] for _, row in survey_cells(path, {2})} == {"2"}
    assert survey_cells(path, {3}) == []
    with sqlite3.connect(tmp_path / "flat.db") as database:
        survey().to_sql("horizons", database, index=False)
    assert len(survey_cells(tmp_path / "flat.db", {1})) == 3


def test_a_database_without_soils_says_what_it_has(tmp_path):
    with sqlite3.connect(tmp_path / "other.sqlite") as database:
        database.execute("CREATE TABLE birds (name TEXT)")
    with pytest.raises(InputError, match="component and chorizon") as caught:
        survey_cells(tmp_path / "other.sqlite", {1})
    assert "birds" in str(caught.value.hint)
    (tmp_path / "text.sqlite").write_text("mukey,texture\n" * 100)
    with pytest.raises(InputError, match="not a database"):
        survey_cells(tmp_path / "text.sqlite", {1})


def test_the_dominant_valid_soil_stands_in_for_an_invalid_one_and_is_counted(run):
    wrong = SAND.replace("A,70,8", "A,70,80")
    with pytest.raises(UnusableSoils, match="add up to 150 %"):
        soils.run(surveyed(run, LOAM, wrong, values=(1, 2, 1, 1)))
    run = surveyed(run, LOAM, wrong, values=(1, 2, 1, 1), more=("soils.missing_soil=dominant",))
    soils.run(run)
    assert tables(run)[0]["map_unit"].tolist() == ["1"] * 4
    assert run.degraded and "stands in on 1 of 4 hillslopes" in run.warnings[0]
    assert "map unit 2 can't be used" in run.warnings[0] and "add up to 150 %" in run.warnings[0]


def test_water_contents_that_cant_be_are_taken_from_texture_and_counted(run):
    run = surveyed(run, LOAM.replace("1.3,9,28,14", "1.3,9,14,28"))
    soils.run(run)
    layer = tables(run)[1]["1-loam-forest"].iloc[0]
    assert 0 < layer["wilting_point"] < layer["field_capacity"] < 1
    assert "water contents 1" in run.warnings[0]


def with_properties(run, *, units="percent", **maps):
    """Settings of mode properties: a map for each property, or a number everywhere."""
    values = {"sand": 40, "clay": 20, "organic_carbon": 2, "soil_depth": 90, "bulk_density": 1.35} | maps
    names = {}
    for name, value in values.items():
        cells = value if isinstance(value, np.ndarray) else np.full((20, 20), value)
        path = run.batch / "_base" / f"{name}.tif"
        names[name] = write_map(path, cells.astype("float32"), nodata=-1.0).name
    return fresh(
        run,
        *("soils.mode=properties", f"soils.property_units={units}"),
        *(f"soils.{name}_map={file}" for name, file in names.items()),
    )


def test_maps_of_properties_give_each_hillslope_its_own_profile(run):
    sand = quarters(40, 70, 40, 10, "float32")
    run = with_properties(run, sand=sand, soil_depth=quarters(90, 20, 90, 250, "float32"))
    metrics = soils.run(run)
    found, layers = tables(run)
    assert found["map_unit"].tolist() == ["grid 22", "grid 23", "grid 31", "grid 33"]
    assert found["texture"].tolist() == ["loam", "sand loam", "loam", "silt loam"]
    assert found["depth_mm"].tolist() == [1000, 400, 1000, 2600]
    profile = layers["grid 22-loam-forest"].iloc[-1]
    assert profile["organic_matter_pct"] == pytest.approx(3.448) and profile["bulk_density_g_cm3"] == 1.35
    assert 0 < profile["wilting_point"] < profile["field_capacity"] < 1 and profile["ksat_mm_h"] > 0
    assert metrics["maps"]["sand_map"] == "sand.tif" and run.warnings == []
    assert sum(name.endswith(".tif") for name in run.inputs if name.startswith("/")) == 5


def test_soilgrids_units_give_the_same_soil(run):
    soils.run(with_properties(run))
    before = tables(run)
    soils.run(with_properties(run, units="soilgrids", sand=400, clay=200, organic_carbon=200, bulk_density=135))
    pd.testing.assert_frame_equal(before[0], tables(run)[0])


def test_properties_that_cant_be_are_named_by_hillslope_or_replaced_by_the_dominant_soil(run):
    blank = quarters(20, 20, 20, -1, "float32")
    run = with_properties(run, clay=blank, sand=quarters(40, 90, 400, 40, "float32"))
    with pytest.raises(UnusableSoils) as caught:
        soils.run(run)
    assert caught.value.problems == [
        "hillslope 23: sandtotal_r and claytotal_r add up to 110 %",
        "hillslope 31: sand is 400, not between 0 and 100 (soils.property_units?)",
        "hillslope 33: no data of clay",
    ]
    run = fresh(run, "soils.missing_soil=dominant")
    soils.run(run)
    assert tables(run)[0]["map_unit"].tolist() == ["grid 22"] * 4
    assert run.degraded and "grid 22 stands in on 3 of 4 hillslopes" in run.warnings[0]


def test_maps_that_are_not_set_are_named(run):
    with pytest.raises(ConfigError, match=r"soils\.sand_map, soils\.clay_map") as caught:
        soils.run(fresh(run, "soils.mode=properties", with_map(run, 1, 1, 1, 1)))
    assert "bulk_density" not in str(caught.value)
