"""The shipped tables against their sources and rules, and what is said of a user's own."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weppbatch.errors import InputError, InputProblems
from weppbatch.formats.management import write_management
from weppbatch.formats.soil import Soil, check_soil
from weppbatch.hydrology.soil_texture import (
    TEXTURES,
    albedo,
    cropland_erodibility,
    default_bulk_density_g_cm3,
    simple_texture,
    water_contents,
)
from weppbatch.tasks.parameters import (
    class_covers,
    fixed_soils,
    land_covers,
    soil_parameters,
    texture_profiles,
)
from weppbatch.tasks.tables import table_path, table_version
from weppbatch.terrain.burn_severity import SEVERITIES

BY_TEXTURE = ("clay loam", "loam", "sand loam", "silt loam")


@pytest.mark.parametrize(
    ("name", "cover"),
    [
        ("forest", (0.90, 1.00, 1.00, 2.0, 14, 20, 0.10)),
        ("young forest", (0.80, 0.96, 0.96, 0.6, 12, 4, 0.08)),
        ("forest low sev fire", (0.75, 0.85, 0.85, 0.3, 4, 0.30, 0.04)),
        ("forest moderate sev fire", (0.60, 0.60, 0.60, 0.3, 3, 0.28, 0.06)),
        ("forest high sev fire", (0.40, 0.30, 0.30, 0.3, 2, 0.20, 0.06)),
        ("shrub", (0.40, 0.85, 0.85, 0.4, 2, 1, 0.10)),
        ("shrub high sev fire", (0.05, 0.30, 0.30, 0.2, 1, 2, 0.06)),
        ("tall grass", (0.40, 0.60, 0.60, 0.6, 6, 0.6, 0.02)),
        ("short grass", (0.60, 0.40, 0.40, 0.4, 9, 1, 0.04)),
        ("grass high sev fire", (0.041, 0.10, 0.10, 0.2, 1, 0.2, 0.02)),
    ],
)
def test_covers_are_those_of_the_disturbed_managements(name, cover):
    values = class_covers()[name].values
    columns = ("canopy_cover", "interrill_cover", "rill_cover", "rooting_depth_m", "max_lai", "plant_height_m")
    assert tuple(values[column] for column in (*columns, "random_roughness_m")) == cover


@pytest.mark.parametrize(
    ("name", "kr_1e5", "avke", "ksatadj"),
    [
        ("forest", (2, 3, 8, 5), (35, 50, 60, 40), 0),
        ("young forest", (3, 4, 9, 6), (33, 40, 50, 30), 0),
        ("shrub", (3, 5, 10, 7), (28, 35, 40, 25), 0),
        ("tall grass", (4, 6, 10, 8), (24, 30, 30, 20), 0),
        ("forest moderate sev fire", (5, 8, 12, 10), (18, 20, 20, 13), 0),
        ("shrub high sev fire", (6, 10, 14, 12), (14, 15, 15, 10), 1),
        ("grass high sev fire", (6, 10, 14, 12), (14, 15, 15, 10), 1),
        ("bare", (5, 6, 10, 8), (6, 10, 10, 6), 1),
    ],
)
def test_soil_parameters_are_those_of_the_disturbed_lookup(name, kr_1e5, avke, ksatadj):
    rows = [soil_parameters()[name, texture] for texture in BY_TEXTURE]
    assert [row.kr_s_m for row in rows] == pytest.approx([kr * 1e-5 for kr in kr_1e5])
    assert [row.avke_mm_h for row in rows] == list(avke)
    assert [row.tauc_n_m2 for row in rows] == [0.5, 1, 2, 1.5]
    assert {row.ksatadj for row in rows} == {ksatadj}
    forest = name.endswith("forest")
    assert [row.ki_kg_s_m4 for row in rows] == [*([4e5, 4e5] if forest else [1.5e6, 1e6]), 4e5, 1e6]


def test_every_class_has_a_cover_and_a_soil_on_every_texture_and_every_burn_a_class():
    covers, parameters, fixed = class_covers(), soil_parameters(), fixed_soils()
    assert {cover.disturbed_class for cover in land_covers().values()} == covers.keys()
    by_class = {cover.disturbed_class for cover in land_covers().values()}
    for name, cover in covers.items():
        if cover.fixed_soil:
            assert cover.fixed_soil in fixed
        else:
            assert {(name, texture) for texture in TEXTURES} <= parameters.keys()
        if cover.burns_as:
            assert {f"{cover.burns_as} {severity} sev fire" for severity in SEVERITIES[1:]} <= by_class


def test_covers_and_conductivity_fall_and_erodibility_rises_with_severity():
    covers, parameters = class_covers(), soil_parameters()
    for kind in ("forest", "shrub", "grass"):
        burned = [f"{kind} {severity} sev fire" for severity in SEVERITIES[1:]]
        for column in ("canopy_cover", "interrill_cover", "rill_cover"):
            found = [covers[name].values[column] for name in burned]
            assert found == sorted(found, reverse=True)
        for texture in TEXTURES:
            rows = [parameters[name, texture] for name in burned]
            assert [row.kr_s_m for row in rows] == sorted(row.kr_s_m for row in rows)
            assert [row.avke_mm_h for row in rows] == sorted((row.avke_mm_h for row in rows), reverse=True)


def test_no_fire_leaves_more_living_roots_than_there_were():
    covers = class_covers()
    for name, unburned in (("forest", "forest"), ("shrub", "shrub"), ("grass", "tall grass")):
        most = covers[unburned].values["max_root_mass_kg_m2"]
        assert all(
            covers[f"{name} {fire}"].values["max_root_mass_kg_m2"] <= most
            for fire in ("low sev fire", "moderate sev fire", "high sev fire", "prescribed fire")
        )


def test_wepps_management_files_take_every_cover(tmp_path):
    for number, cover in enumerate(class_covers().values()):
        write_management(tmp_path / f"p{number}.man", cover.static_cover(), 2)


def test_the_profiles_follow_their_rules():
    class_means_mm_h = {"clay loam": 2.3, "loam": 13.2, "sand loam": 25.9, "silt loam": 6.8}
    assert texture_profiles().keys() == set(TEXTURES)
    for texture, layers in texture_profiles().items():
        assert [layer.depth_mm for layer in layers] == [200, 500, 1000]
        assert [layer.anisotropy for layer in layers] == [10, 10, 1]
        assert [layer.organic_matter_pct for layer in layers] == [5, 1.5, 0.5]
        for layer in layers:
            assert simple_texture(layer.sand_pct, layer.clay_pct) == texture
            water = water_contents(layer.sand_pct, layer.clay_pct, layer.organic_matter_pct)
            assert layer.field_capacity == pytest.approx(water.field_capacity, abs=6e-5)
            assert layer.wilting_point == pytest.approx(water.wilting_point, abs=6e-5)
            density = default_bulk_density_g_cm3(layer.sand_pct, layer.clay_pct)
            assert layer.bulk_density_g_cm3 == pytest.approx(density, abs=0.005)
            assert layer.field_capacity < 1 - layer.bulk_density_g_cm3 / 2.65
            assert layer.ksat_mm_h == class_means_mm_h[texture]
            fall = 2 * (layers[0].organic_matter_pct - layer.organic_matter_pct)
            assert layer.cec_meq_100g == layers[0].cec_meq_100g - fall


@pytest.mark.parametrize(
    ("sand", "clay", "wilting_point", "field_capacity", "saturation", "ksat_mm_h"),
    [
        (88, 5, 5, 10, 46, 108.1),
        (65, 10, 8, 18, 45, 50.3),
        (40, 20, 14, 28, 46, 15.5),
        (20, 15, 11, 31, 48, 16.1),
        (30, 35, 22, 36, 48, 4.3),
        (25, 50, 30, 42, 50, 1.1),
    ],
)
def test_water_contents_are_those_of_saxton_and_rawls_table_3(
    sand, clay, wilting_point, field_capacity, saturation, ksat_mm_h
):
    found = water_contents(sand, clay, 2.5)
    assert 100 * found.wilting_point == pytest.approx(wilting_point, abs=0.6)
    assert 100 * found.field_capacity == pytest.approx(field_capacity, abs=0.6)
    assert 100 * found.saturation == pytest.approx(saturation, abs=0.6)
    assert found.ksat_mm_h == pytest.approx(ksat_mm_h, abs=0.06)


@given(sand=st.floats(0, 100), share=st.floats(0, 1), om=st.floats(0, 30), vfs=st.floats(0, 100))
def test_every_texture_gives_a_class_and_sane_figures(sand, share, om, vfs):
    clay = (100 - sand) * share
    assert simple_texture(sand, clay) in TEXTURES
    water = water_contents(sand, clay, om)
    assert 0 < water.wilting_point < water.field_capacity < 1 and water.ksat_mm_h > 0
    erodibility = cropland_erodibility(sand, clay, min(vfs, sand), om, 0.5 * clay + 2 * om)
    assert all(math.isfinite(value) and value > 0 for value in vars(erodibility).values())
    assert 0 <= albedo(om) <= 0.6


@pytest.mark.parametrize(
    ("sand", "clay", "texture"),
    [
        (20, 15, "silt loam"),
        (10, 35, "silt loam"),
        (40, 20, "loam"),
        (65, 10, "sand loam"),
        (90, 5, "sand loam"),
        (30, 35, "clay loam"),
        (10, 60, "clay loam"),
        (50, 40, "clay loam"),  # in a gap: sandy clay
        (48, 4, "silt loam"),  # in a gap: little clay, not sandy enough
    ],
)
def test_simple_textures(sand, clay, texture):
    assert simple_texture(sand, clay) == texture


def test_cropland_erodibility_by_hand():
    found = cropland_erodibility(40.0, 20.0, 10.0, 2.0, 15.0)
    assert found.ki_kg_s_m4 == pytest.approx(2.728e6 + 1.921e6)
    assert found.kr_s_m == pytest.approx(0.00197 + 0.003 + 0.03863 * math.exp(-3.68))
    assert found.tauc_n_m2 == pytest.approx(2.67 + 1.3 - 0.58)
    assert found.avke_mm_h == pytest.approx(-0.265 + 0.0086 * 40**1.8 + 11.46 * 15**-0.75)
    fine = cropland_erodibility(20.0, 50.0, 10.0, 2.0, 15.0)
    assert fine.ki_kg_s_m4 == pytest.approx(6.054e6 - 55_130 * 50)
    assert (fine.tauc_n_m2, fine.avke_mm_h) == (3.5, pytest.approx(0.0066 * math.exp(4.88)))


def test_a_table_is_known_by_its_version_and_checksum(tmp_path):
    assert table_version(table_path("covers")).startswith("covers.csv 1 (")
    own = tmp_path / "own.csv"
    own.write_text("key,label,disturbed_class\n1,Trees,forest\n")
    assert table_version(own).startswith("own.csv own (")


def own_table(folder, text):
    path = folder / "table.csv"
    path.write_text(text)
    return path


def test_own_keys_add_to_the_shipped_ones_and_replace_them(tmp_path):
    found = land_covers(own_table(tmp_path, "disturbed_class,key,label\nshrub,42,Chaparral\nbare,200,Mine\n"))
    assert found[42].disturbed_class == "shrub" and found[200].label == "Mine"
    assert found[41].disturbed_class == "forest"


def test_all_that_is_wrong_in_a_table_of_keys_is_said_at_once(tmp_path):
    path = own_table(
        tmp_path, "key,label,disturbed_class\n1,,forest\n2.5,Two,forest\n3,Three,forrest\n4,a,bare\n4,b,bare\n"
    )
    with pytest.raises(InputProblems) as caught:
        land_covers(path)
    text = str(caught.value)
    for part in (
        "line 2: label is empty",
        "line 3: key is 2.5",
        "line 4: there is no disturbed class 'forrest'",
        "line 6: 4 is given twice, first on line 5",
    ):
        assert part in text
    assert caught.value.hint == "correct the table and run again"


def test_lines_are_those_of_the_file_with_its_version_and_cells_over_two_lines(tmp_path):
    head = "# version: 3\n\nkey,label,disturbed_class\n"
    path = own_table(tmp_path, head + '1,"Trees,\nmany",forest\n# more\n3,Three,forrest\n1,Again,bare\n')
    with pytest.raises(InputProblems) as caught:
        land_covers(path)
    assert caught.value.problems[0].startswith("line 7: there is no disturbed class 'forrest'")
    assert caught.value.problems[1] == "line 8: 1 is given twice, first on line 4"
    lookup = "# version: 3\ndisturbed_class,texture,ki,kr,shcrit,avke,ksatadj\nforest,sandy,4e5,3e-5,1,50,0\n"
    with pytest.raises(InputProblems, match="line 3: there is no texture 'sandy'"):
        soil_parameters(own_table(tmp_path, lookup))


def test_weppclouds_own_lookup_is_understood(tmp_path):
    path = own_table(
        tmp_path,
        "luse,stext,ki,kr,shcrit,avke,ksflag,ksatadj,ksatfac,ksatrec,pmet_kcb,lkeff\n"
        "forest,loam,400000,3.00E-05,1,50,0,0,1.5,0.3,0.95,-9999\n"
        "forest high sev fire,loam,1000000,0.0001,1,15,0,1,100,0.3,0.95,0.1\n"
        "agriculture crops,loam,,,,,1,0,0,0,0.95,\n",
    )
    found = soil_parameters(path)
    assert found["forest", "loam"] == soil_parameters()["forest", "loam"]
    assert found["forest high sev fire", "loam"].lkeff_mm_h == 0.1
    assert found["agriculture crops", "loam"].avke_mm_h is None
    assert ("shrub", "loam") not in found


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("forest,loam,nan,3e-5,1,50,0", "line 2: ki_kg_s_m4 is nan"),
        ("forest,loam,4e5,inf,1,50,0", "line 2: kr_s_m is inf"),
        ("forest,loam,4e5,3e-5,1,0,0", "line 2: avke_mm_h is 0"),
        ("forest,loam,4e5,3e-5,1,fast,0", "line 2: avke_mm_h is 'fast', not a number"),
        ("forest,loam,4e5,3e-5,,50,0", "line 2: tauc_n_m2 empty; give all four"),
        ("forest,sandy,4e5,3e-5,1,50,0", "no texture 'sandy'"),
        ("forest,loam,4e5,3e-5,1,50,", "line 2: ksatadj is empty"),
        ("forest,loam,4e5,3e-5,1,50,2", "line 2: ksatadj is 2"),
    ],
)
def test_a_wrong_cell_of_a_lookup_is_named(tmp_path, row, problem):
    path = own_table(tmp_path, f"disturbed_class,texture,ki,kr,shcrit,avke,ksatadj\n{row}\n")
    with pytest.raises(InputProblems, match="can't be used") as caught:
        soil_parameters(path)
    assert problem in str(caught.value)


def test_a_lookup_without_its_columns_and_a_file_that_is_no_table_are_refused(tmp_path):
    with pytest.raises(InputProblems, match="no column texture"):
        soil_parameters(own_table(tmp_path, "luse,ki\nforest,1\n"))
    with pytest.raises(InputProblems, match="no column avke_mm_h"):
        soil_parameters(own_table(tmp_path, "luse,stext,ki,kr,shcrit,ksatadj\nforest,loam,1,1,1,0\n"))
    with pytest.raises(InputError, match="is empty"):
        soil_parameters(own_table(tmp_path, "# nothing\n"))
    with pytest.raises(InputError, match="is not there"):
        soil_parameters(tmp_path / "nothing.csv")
    (tmp_path / "table.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="can't be read"):
        soil_parameters(tmp_path / "table.csv")


def test_the_fixed_soils_are_sound():
    for fixed in fixed_soils().values():
        soil = Soil(
            fixed.name,
            fixed.texture,
            (fixed.layer,),
            fixed.albedo,
            0.75,
            fixed.ki_kg_s_m4,
            fixed.kr_s_m,
            fixed.tauc_n_m2,
        )
        assert check_soil(soil) == []
