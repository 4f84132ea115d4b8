"""The task soils on four hillslopes: textures, a soil survey, disturbance, and what it refuses."""

import pandas as pd
import pytest

from parameter_run import SHIFTED, fresh, make_run, quarters, write_map
from weppbatch.errors import ConfigError, InputError, InputProblems
from weppbatch.formats.soil import Soil, SoilLayer, check_soil, read_soil, write_soil
from weppbatch.hydrology.soil_texture import cropland_erodibility, water_contents
from weppbatch.tasks import landuse, soils
from weppbatch.tasks.parameters import LAYER_COLUMNS, soil_parameters
from weppbatch.tasks.soil_units import UnusableSoils
from weppbatch.terrain.zonal import MapMissesWatershed

COLUMNS = (
    "mukey,muname,cokey,comppct_r,hzdept_r,hzdepb_r,desgnmaster,sandtotal_r,claytotal_r,om_r,cec7_r,dbthirdbar_r,"
    "ksat_r,wthirdbar_r,wfifteenbar_r,fragvol_r,sandvf_r"
)
LOAM = """
1,Loamy,11,80,0,25,A,40,20,4,18,1.3,9,28,14,20,12
1,Loamy,11,80,25,60,B,42,22,1,14,1.45,4,26,13,30,12
1,Loamy,11,80,60,110,C,45,18,0.5,10,1.5,9,24,11,40,12
"""
SAND = """
2,Sandy,21,70,0,15,A,70,8,2,9,1.4,28,16,6,10,20
2,Sandy,21,70,15,90,B,75,6,0.6,6,1.5,40,12,5,10,20
"""


@pytest.fixture
def run(tmp_path):
    made = make_run(tmp_path)
    path = write_map(made.batch / "_base" / "landcover.tif", quarters(42, 42, 71, 82))
    made = fresh(made, f"landuse.landcover={path.name}")
    landuse.run(made)
    return made


def with_map(run, *values, **options):
    path = write_map(run.batch / "_base" / "soil.tif", quarters(*values, dtype="int32"), **options)
    return f"soils.soil_map={path.name}"


def with_table(run, *parts, columns=COLUMNS, name="soil.csv"):
    text = "\n".join([columns, *(line for part in parts for line in part.split("\n") if line)])
    (run.batch / "_base" / name).write_text(text + "\n")
    return f"soils.soil_table={name}"


def surveyed(run, *parts, values=(1, 1, 1, 1), more=()):
    return fresh(run, with_map(run, *values), with_table(run, *parts), *more)


def tables(run):
    """Soils by topaz_id, and the layers of each soil."""
    layers = pd.read_parquet(run.wd / soils.LAYERS)
    return pd.read_parquet(run.wd / soils.SOILS).set_index("topaz_id"), {
        key: part.drop(columns=["soil_key", "layer"]).reset_index(drop=True)
        for key, part in layers.sort_values(["soil_key", "layer"]).groupby("soil_key")
    }


def as_soil(row, layers):
    """What the tables hold as a soil, as the engines put it together."""
    header = ("ki_kg_s_m4", "kr_s_m", "tauc_n_m2", "avke_mm_h", "ksflag", "kslast_mm_h", "restrictive_thickness_mm")
    return Soil(
        name=row["soil_key"],
        texture=row["texture"],
        layers=tuple(SoilLayer(**layer[list(LAYER_COLUMNS)]) for _, layer in layers.iterrows()),
        albedo=row["albedo"],
        initial_saturation=row["initial_saturation"],
        restrictive=bool(row["restrictive"]),
        **{name: row[name] for name in header},
    )


def test_one_texture_gives_its_profile_with_the_parameters_of_each_class(run):
    metrics = soils.run(fresh(run, "soils.mode=single", "soils.single_texture=clay loam"))
    found, layers = tables(run)
    assert found["wepp_id"].tolist() == [1, 2, 3, 4]
    assert found["texture"].unique().tolist() == ["clay loam"]
    forest = soil_parameters()["forest", "clay loam"]
    for name in ("ki_kg_s_m4", "kr_s_m", "tauc_n_m2", "avke_mm_h"):
        assert found.loc[22, name] == getattr(forest, name)
    assert found.loc[[22, 23], "soil_key"].tolist() == ["clay loam-forest"] * 2
    profile = layers["clay loam-forest"]
    assert profile["depth_mm"].tolist() == [200, 500, 1000]
    assert profile["ksat_mm_h"].tolist() == [35, 2.3, 2.3]  # the class's above 200 mm, the soil's below
    assert found["kslast_mm_h"].tolist() == [0.01] * 4 and found["initial_saturation"].tolist() == [0.75] * 4
    assert metrics["soils"] == 3 and metrics["kslast_mm_h"] == [0.01]


def test_crops_keep_the_soils_own_erodibility(run):
    soils.run(surveyed(run, LOAM))
    found, layers = tables(run)
    baseline = cropland_erodibility(40, 20, 12, 4, 18)
    assert found.loc[33, ["ki_kg_s_m4", "kr_s_m", "tauc_n_m2", "avke_mm_h"]].tolist() == list(
        vars(baseline).values()
    )
    assert found["ksflag"].tolist() == [0, 0, 0, 1]
    assert layers["1-loam-agriculture crops"]["ksat_mm_h"].tolist() == pytest.approx([32.4, 14.4, 32.4])


def test_every_soil_survives_wepps_own_format(run, tmp_path):
    soils.run(surveyed(run, LOAM, SAND, values=(1, 2, 1, 2)))
    found, layers = tables(run)
    for topaz_id, row in found.iterrows():
        soil = as_soil(row, layers[row["soil_key"]])
        assert check_soil(soil) == []
        write_soil(tmp_path / f"{topaz_id}.sol", soil)
        assert read_soil(tmp_path / f"{topaz_id}.sol").layers == soil.layers


def test_horizons_become_layers_by_the_surveys_rules(run):
    soils.run(surveyed(run, LOAM, values=(1, 1, 1, 1)))
    layers = tables(run)[1]["1-loam-forest"]
    assert layers["depth_mm"].tolist() == [200, 250, 600, 1200]  # 1100 mm rounded up to 200, split at 200
    assert layers["ksat_mm_h"].tolist() == pytest.approx([50, 32.4, 14.4, 32.4])  # 3.6 mm/h a um/s
    assert layers["anisotropy"].tolist() == [10, 10, 1, 1]
    # fractions of the fine earth: 28 % and 14 % of a soil with 20 % rock
    assert layers["field_capacity"].tolist()[:2] == pytest.approx([0.35, 0.35])
    assert layers["wilting_point"].tolist()[:2] == pytest.approx([0.175, 0.175])
    assert layers["rock_pct"].tolist() == [20, 20, 30, 40]


def test_a_thin_soil_is_deepened_to_the_least_that_wepp_takes(run):
    soils.run(surveyed(run, "1,Thin,1,100,0,12,A,40,20,4,18,1.3,9,28,14,20,12"))
    layers = tables(run)[1]["1-loam-forest"]
    assert layers["depth_mm"].tolist() == [200, 400]


def test_a_slow_horizon_ends_the_profile_and_sets_what_leaks_through_it(run):
    slow = LOAM.replace("1.45,4,26", "1.45,0.5,26")  # 1.8 mm/h
    soils.run(surveyed(run, slow))
    found, layers = tables(run)
    assert found.loc[22, "kslast_mm_h"] == pytest.approx(0.0018)
    assert layers["1-loam-forest"]["depth_mm"].tolist() == [200, 400]
    soils.run(fresh(run, "soils.restrictive_ksat_mm_h=1"))
    found, layers = tables(run)
    assert found.loc[22, "kslast_mm_h"] == 0.01 and len(layers["1-loam-forest"]) == 4


def test_a_slow_surface_horizon_is_kept(run):
    soils.run(surveyed(run, LOAM.replace("1.3,9,28", "1.3,0.1,28")))
    assert tables(run)[1]["1-loam-forest"]["depth_mm"].tolist() == [200, 250, 600, 1200]


def test_a_setting_overrides_what_leaks_and_clips_the_depth(run):
    more = ("soils.kslast_mm_h=0.001", "soils.max_depth_mm=500", "soils.initial_saturation=0.5")
    soils.run(surveyed(run, LOAM, more=more))
    found, layers = tables(run)
    assert set(found["kslast_mm_h"]) == {0.001} and set(found["initial_saturation"]) == {0.5}
    assert layers["1-loam-forest"]["depth_mm"].tolist() == [200, 250, 500]
    soils.run(fresh(run, "soils.max_depth_mm=none", "soils.min_depth_mm=2000"))
    assert tables(run)[1]["1-loam-forest"]["depth_mm"].tolist() == [200, 250, 600, 2000]


def test_organic_horizons_and_bedrock_are_no_layers(run):
    rows = """
1,Duff,1,100,0,5,O,,,80,,0.2,30,,,,
1,Duff,1,100,5,45,A,40,20,4,18,1.3,9,28,14,20,12
1,Duff,1,100,45,60,R,,,,,,,,,,
"""
    soils.run(surveyed(run, rows))
    found, layers = tables(run)
    assert layers["1-loam-forest"]["depth_mm"].tolist() == [200, 400]
    assert found.loc[22, "kslast_mm_h"] == 0.01


def test_the_largest_component_with_a_mineral_horizon_counts(run):
    rows = (
        "1,Mixed,1,60,0,20,R,,,,,,,,,,\n"
        + LOAM.replace("11,80", "2,25")
        + SAND.replace("2,Sandy,21,70", "1,Mixed,3,15")
    )
    soils.run(surveyed(run, rows))
    assert set(tables(run)[0]["texture"]) == {"loam"}


def test_missing_values_are_estimated_and_said(run):
    rows = "1,Bare,1,100,0,30,A,40,20,2.5,,,,,,,\n1,Bare,1,100,30,80,B,40,20,,,,,,,,"
    run = surveyed(run, rows)
    soils.run(run)
    layers = tables(run)[1]["1-loam-forest"]
    water = water_contents(40, 20, 2.5)
    assert layers["field_capacity"].tolist()[1] == water.field_capacity
    assert layers["wilting_point"].tolist()[1] == water.wilting_point
    assert layers["ksat_mm_h"].tolist()[1] == water.ksat_mm_h
    assert layers["bulk_density_g_cm3"].tolist()[0] == pytest.approx(1.44)
    assert layers["cec_meq_100g"].tolist()[0] == 15 and layers["rock_pct"].tolist()[0] == 0
    assert len(run.warnings) == 1
    assert run.warnings[0].startswith("values of 1 map unit were estimated")
    assert "bulk density 2, cec 2, ksat 2, om 1, rock 2, water contents 2" in run.warnings[0]


def test_only_map_units_with_estimates_are_counted_among_them(run):
    sparse = "1,Bare,1,100,0,30,A,40,20,2.5,,,,,,,\n3,Bare,3,100,0,30,A,40,20,2.5,18,,,,,,"
    run = surveyed(run, sparse, SAND, values=(1, 2, 2, 3))
    soils.run(run)
    assert len(run.warnings) == 1
    assert run.warnings[0].startswith("values of 2 map units were estimated")
    run = surveyed(run, LOAM, SAND, values=(1, 2, 2, 1))
    soils.run(run)
    assert run.warnings == []


def test_water_that_rock_leaves_no_room_for_is_estimated(run):
    soils.run(surveyed(run, LOAM.replace("1.3,9,28,14,20", "1.6,9,34,20,50")))
    assert tables(run)[1]["1-loam-forest"]["field_capacity"].tolist()[0] == water_contents(40, 20, 4).field_capacity


def test_a_table_of_textures_stands_for_profiles(run):
    table = with_table(run, "1,sand loam\n2,silt loam", columns="mukey,texture", name="textures.csv")
    soils.run(fresh(run, with_map(run, 1, 2, 1, 2), table))
    found, layers = tables(run)
    assert found["texture"].tolist() == ["sand loam", "silt loam", "sand loam", "silt loam"]
    assert layers["2-silt loam-forest"]["ksat_mm_h"].tolist() == [40, 6.8, 6.8]


def test_a_parquet_table_gives_the_same_as_csv(run):
    soils.run(surveyed(run, LOAM, SAND, values=(1, 2, 1, 2)))
    before = tables(run)
    frame = pd.read_csv(run.batch / "_base" / "soil.csv")
    frame.to_parquet(run.batch / "_base" / "soil.parquet")
    soils.run(fresh(run, "soils.soil_table=soil.parquet"))
    after = tables(run)
    pd.testing.assert_frame_equal(before[0], after[0])
    assert before[1].keys() == after[1].keys()
    for key in before[1]:
        pd.testing.assert_frame_equal(before[1][key], after[1][key])


def test_high_severity_repels_water_and_only_later_formats_have_a_floor(run):
    burned = write_map(run.batch / "_base" / "sbs.tif", quarters(3, 1, 3, 3))
    run = fresh(run, f"disturbed.sbs_map={burned.name}", "soils.mode=single")
    landuse.run(run)
    soils.run(run)
    found = tables(run)[0]
    assert found["ksatadj"].tolist() == [1, 0, 0, 0] and set(found["lkeff_mm_h"]) == {0.0}
    assert found.loc[22, "kr_s_m"] > found.loc[23, "kr_s_m"] > 3e-5
    soils.run(fresh(run, "disturbed.soil_format=9003"))
    assert tables(run)[0]["lkeff_mm_h"].tolist() == [0.1, 10, 0, 0]


def test_water_and_roads_have_soils_of_their_own_whatever_the_map_says(run):
    path = write_map(run.batch / "_base" / "landcover.tif", quarters(11, 24, 42, 42))
    run = surveyed(run, LOAM, values=(999, 999, 1, 1), more=(f"landuse.landcover={path.name}",))
    landuse.run(run)
    soils.run(run)
    found, layers = tables(run)
    assert found["soil_key"].tolist()[:2] == ["water", "developed high intensity"]
    assert found.loc[22, "tauc_n_m2"] == 999 and layers["water"]["depth_mm"].tolist() == [200]


def test_every_map_unit_without_a_row_is_named_with_cells_and_hillslopes(run):
    with pytest.raises(UnusableSoils) as caught:
        soils.run(surveyed(run, LOAM, "5,Rock,1,100,0,20,R,,,,,,,,,,", values=(1, 7, 5, 7)))
    assert caught.value.problems == [
        "map unit 5 has no mineral horizon: 81 cells, 1 hillslope (31)",
        "map unit 7 has no row in the table: 144 cells, 2 hillslopes (23, 33)",
    ]
    assert "missing_soil=dominant" in str(caught.value.hint)
    assert not (run.wd / soils.SOILS).exists()


def test_the_dominant_soil_stands_in_where_that_is_asked(run):
    run = surveyed(run, LOAM, SAND, values=(2, 7, 2, 1), more=("soils.missing_soil=dominant",))
    soils.run(run)
    assert tables(run)[0]["map_unit"].tolist() == ["2", "2", "2", "1"]
    assert run.degraded and "map unit 2 stands in" in run.warnings[0]


def test_there_is_no_stand_in_when_no_hillslope_has_a_soil(run):
    with pytest.raises(UnusableSoils, match="map unit 7 has no row"):
        soils.run(surveyed(run, LOAM, values=(7, 7, 7, 7), more=("soils.missing_soil=dominant",)))


def test_hillslopes_that_the_soil_map_leaves_blank_are_named(run):
    blank = r"the map has no data there: 72 of 72 cells, 1 hillslope \(23\)"
    with pytest.raises(MapMissesWatershed, match=blank) as caught:
        soils.run(fresh(run, with_map(run, 1, 0, 1, 1, nodata=0), with_table(run, LOAM)))
    assert str(caught.value.hint) == (
        "give a map that covers these hillslopes, or let the dominant soil stand in: "
        "weppbatch set batch soils.missing_soil=dominant"
    )
    with pytest.raises(UnusableSoils, match=blank) as mixed:
        soils.run(fresh(run, with_map(run, 1, 0, 7, 1, nodata=0), with_table(run, LOAM)))
    assert str(mixed.value.hint).startswith("complete the table, give a map")
    with pytest.raises(UnusableSoils) as in_table:
        soils.run(fresh(run, with_map(run, 1, 1, 7, 1), with_table(run, LOAM)))
    assert "give a map" not in str(in_table.value.hint)


@pytest.mark.parametrize("where", ["elsewhere", "here, without data"])
def test_a_map_without_the_watershed_is_the_same_error_in_both_tasks(run, where):
    options = {"transform": SHIFTED} if where == "elsewhere" else {"nodata": 1}
    cover = write_map(run.batch / "_base" / "missing.tif", quarters(1, 1, 1, 1), **options)
    run = fresh(run, f"landuse.landcover={cover.name}", f"soils.soil_map={cover.name}", with_table(run, LOAM))
    for task in (landuse, soils):
        with pytest.raises(MapMissesWatershed) as caught:
            task.run(run)
        assert (caught.value.category, caught.value.exit_code) == ("data", 1)
        assert "give a map that covers" in str(caught.value.hint)


def test_map_table_and_lookup_are_inputs_by_their_absolute_paths(run):
    (run.batch / "_base" / "lookup.csv").write_text(
        "disturbed_class,texture,ki,kr,shcrit,avke,ksatadj\n"
        + "".join(f"{name},loam,4e5,3e-5,1,50,0\n" for name in ("forest", "tall grass", "agriculture crops"))
    )
    run = surveyed(run, LOAM, more=("disturbed.lookup_table=lookup.csv",))
    soils.run(run)
    outside = sorted(name for name in run.inputs if name.startswith("/"))
    assert outside == [str(run.batch / "_base" / name) for name in ("lookup.csv", "soil.csv", "soil.tif")]


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("A,40,20", "A,,20", "line 2: sandtotal_r empty"),
        ("A,40,20", "A,nan,20", "line 2: sandtotal_r is nan"),
        ("A,40,20", "A,90,20", "add up to 110 %"),
        ("1.3,9,28,14", "1.3,-9.9,28,14", "line 2: ksat_r is -9.9"),
        ("1.3,9,28,14", "1.3,inf,28,14", "line 2: ksat_r is inf"),
        ("0,25,A", "0,,A", "line 2: hzdepb_r is empty"),
        ("25,60,B", "30,60,B", "line 3: the horizon from 30 to 60 cm does not follow"),
        ("25,60,B", "25,20,B", "does not follow"),
        ("4,18,1.3", ",18,1.3", "line 2: om_r of the surface is empty"),
        ("4,18,1.3", "4,much,1.3", "line 2: cec7_r is 'much', not a number"),
    ],
)
def test_a_wrong_value_of_the_soil_table_is_named(run, before, after, problem):
    assert before in LOAM
    with pytest.raises(UnusableSoils) as caught:
        soils.run(surveyed(run, LOAM.replace(before, after, 1), SAND))
    assert any(problem in text for text in caught.value.problems), caught.value.problems
    assert "correct these rows" in str(caught.value.hint)
    assert not (run.wd / soils.SOILS).exists()


def test_wrong_values_of_several_map_units_are_said_at_once_and_of_unused_ones_not(run):
    bad_loam, bad_sand = LOAM.replace("A,40,20", "A,nan,20"), SAND.replace("A,70,8", "A,70,-8")
    with pytest.raises(UnusableSoils) as caught:
        soils.run(surveyed(run, bad_loam, bad_sand, values=(1, 2, 1, 2)))
    assert len(caught.value.problems) == 2
    soils.run(surveyed(run, LOAM, bad_sand))


def test_a_table_without_its_columns_is_refused(run):
    with pytest.raises(InputProblems, match="no column claytotal_r"):
        soils.run(
            fresh(run, with_map(run, 1, 1, 1, 1), with_table(run, "1,10,5", columns="mukey,hzdepb_r,sandtotal_r"))
        )
    with pytest.raises(InputProblems, match="no column hzdepb_r") as caught:
        soils.run(fresh(run, with_table(run, "1,loam", columns="mukey,text")))
    assert "a texture for each map unit (mukey, texture)" in str(caught.value.hint)
    with pytest.raises(InputProblems, match="'silty'"):
        soils.run(fresh(run, with_map(run, 1, 1, 1, 1), with_table(run, "1,silty", columns="mukey,texture")))
    with pytest.raises(InputProblems, match="lines 2, 3"):
        soils.run(fresh(run, with_map(run, 1, 1, 1, 1), with_table(run, "1,loam\n1,loam", columns="mukey,texture")))
    (run.batch / "_base" / "soil.parquet").write_text("nonsense")
    with pytest.raises(InputError, match="can't be read"):
        soils.run(fresh(run, "soils.soil_table=soil.parquet"))


def test_a_lookup_without_a_class_that_occurs_is_refused(run):
    path = run.batch / "_base" / "lookup.csv"
    path.write_text("luse,stext,ki,kr,shcrit,avke,ksatadj\nforest,loam,4e5,3e-5,1,50,0\n")
    with pytest.raises(UnusableSoils) as caught:
        soils.run(fresh(run, "soils.mode=single", "disturbed.lookup_table=lookup.csv"))
    assert caught.value.problems == [
        "there are no soil parameters for 'tall grass' on 'loam'",
        "there are no soil parameters for 'agriculture crops' on 'loam'",
    ]


def test_a_users_lookup_takes_the_place_of_the_shipped_one(run):
    path = run.batch / "_base" / "lookup.csv"
    rows = [f"{name},loam,123456,7e-5,1.1,22,0" for name in ("forest", "tall grass", "agriculture crops")]
    path.write_text("\n".join(["luse,stext,ki,kr,shcrit,avke,ksatadj", *rows]) + "\n")
    metrics = soils.run(fresh(run, "soils.mode=single", "disturbed.lookup_table=lookup.csv"))
    assert set(tables(run)[0]["ki_kg_s_m4"]) == {123456}
    assert metrics["tables"][0].startswith("lookup.csv own")


def test_no_map_and_a_map_elsewhere_are_errors(run):
    with pytest.raises(ConfigError, match=r"soils\.soil_map"):
        soils.run(run)
    with pytest.raises(MapMissesWatershed, match=r"soils\.soil_map"):
        soils.run(fresh(run, with_map(run, 1, 1, 1, 1, transform=SHIFTED), with_table(run, LOAM)))


def test_a_soil_that_wepp_cannot_take_is_refused(run):
    rows = "\n".join(f"1,Deep,1,100,{10 * i},{10 * (i + 1)},A,40,20,4,18,1.3,9,28,14,20,12" for i in range(12))
    with pytest.raises(UnusableSoils, match="WEPP takes 1 to 10"):
        soils.run(surveyed(run, rows))


def test_no_figure_is_missing_in_the_tables(run):
    soils.run(surveyed(run, LOAM, SAND, values=(1, 2, 2, 1)))
    assert not pd.read_parquet(run.wd / soils.SOILS).isna().any().any()
    assert not pd.read_parquet(run.wd / soils.LAYERS).isna().any().any()
