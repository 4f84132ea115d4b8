import json
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from weppbatch.errors import ConfigError, DataError
from weppbatch.nodb.base import BOOKKEEPING, WrongSettings
from weppbatch.nodb.controls import CONTROLS, describe, load, set_fields
from weppbatch.nodb.omni import Scenario
from weppbatch.nodb.ron import Ron
from weppbatch.nodb.watershed import Watershed
from weppbatch.nodb.workspace import scaffold

HEAVY = ("numpy", "rasterio", "geopandas", "numba", "pyproj", "shapely", "pandas", "jsonpickle", "yaml")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "_base"
    scaffold(folder, {"description": "plain"})
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.nodb")}


@pytest.mark.parametrize("name", CONTROLS)
def test_every_field_has_a_default_a_description_and_a_bound_if_it_is_a_number(name):
    kind = CONTROLS[name]
    assert kind.filename == f"{name}.nodb"
    schema = kind.model_json_schema()["properties"]
    for field, info in kind.model_fields.items():
        if field in BOOKKEEPING:
            continue
        assert not info.is_required(), field
        assert info.description, field
        for variant in schema[field].get("anyOf", [schema[field]]):
            if variant.get("type") in ("number", "integer"):
                assert {"minimum", "exclusiveMinimum"} & set(variant), field
                assert {"maximum", "exclusiveMaximum"} & set(variant), field


@pytest.mark.parametrize("name", CONTROLS)
def test_a_unit_in_a_fields_name_stands_in_its_description(name):
    units = {
        "_kg_m3": "kg/m3",
        "_t_ha_mm": "t/ha a mm",
        "_per_mm": "per mm",
        "_mm_h": "mm/h",
        "_t_ha": "t/ha",
        "_n_m2": "N/m2",
        "_s_m": "s/m",
        "_g_cm3": "g/cm3",
        "_mg_l": "mg/L",
        "_mg_kg": "mg/kg",
        "_m3": "m3",
        "_ha": "ha",
        "_mm": "mm",
        "_m": "m",
        "_percent": "percent",
    }  # the longer ones first
    for field, info in CONTROLS[name].model_fields.items():
        unit = next((unit for suffix, unit in units.items() if field.endswith(suffix)), "")
        assert (info.description or "").startswith(unit), field


@pytest.mark.parametrize("name", CONTROLS)
def test_the_defaults_of_a_control_survive_a_write(name, tmp_path):
    made = CONTROLS[name](wd=str(tmp_path))
    made.dump()
    assert load(tmp_path, name).settings() == made.settings()


def test_the_controls_are_those_that_the_clone_task_makes():
    from weppbatch.tasks.graph import CONTROL_FILES, TASKS

    assert tuple(kind.filename for kind in CONTROLS.values()) == CONTROL_FILES
    for spec in TASKS.values():
        for control, names in spec.settings.items():
            assert set(names) <= set(CONTROLS[control].model_fields), spec.name


def test_set_converts_texts_and_tells_old_and_new(base):
    changes = set_fields(
        base,
        [
            "watershed.csa_ha=5",
            "wepp.snow=no",
            "ron.target_crs=5070",
            "soils.kslast_mm_h=1e-2",
            "wepp.channel_erodibility_s_m=1e-6",
            'landuse.covers={"42": {"canopy": 0.5}}',
            'omni.scenarios=[{"kind": "undisturbed"}]',
        ],
    )
    assert changes["watershed.csa_ha"] == (10.0, 5.0)
    assert changes["wepp.snow"] == (True, False)
    assert changes["ron.target_crs"] == ("utm", "EPSG:5070")
    assert changes["soils.kslast_mm_h"] == (None, 0.01)
    assert load(base, "omni").settings()["scenarios"][0]["kind"] == "undisturbed"
    for none in ("", "none", "null"):
        assert set_fields(base, [f"soils.kslast_mm_h={none}"]) == {"soils.kslast_mm_h": (0.01, None)}
        set_fields(base, ["soils.kslast_mm_h=0.01"])


def test_all_problems_are_named_at_once_and_nothing_is_written(base):
    before = contents(base)
    with pytest.raises(WrongSettings) as caught:
        set_fields(
            base,
            [
                "wepp.snow=false",
                "watershed.csa_h=5",
                "watershed.mcl_m=abc",
                "watershd.csa_ha=5",
                "ron.cell_size_m=-2",
                "ron.elevation_min_m=nan",
                "ron.dem_resampling=cubc",
                "csa_ha=5",
                "watershed.csa_ha",
                "soils.mode=single",
                "soils.mode=gridded",
            ],
        )
    text = str(caught.value)
    assert len(caught.value.problems) == 9
    assert "watershed.csa_h: unknown field; did you mean 'csa_ha'?" in text
    assert "did you mean 'watershed'?" in text
    assert "'csa_ha=5' is not of the form control.field=value" in text
    assert "soils.mode is given twice" in text
    assert contents(base) == before
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("field", ["wd", "revision", "state_version", "metadata"])
def test_the_bookkeeping_can_not_be_set(base, field):
    with pytest.raises(WrongSettings, match="unknown field"):
        set_fields(base, [f"ron.{field}=1"])


def test_fields_that_depend_on_each_other_are_set_together(base):
    with pytest.raises(WrongSettings, match="must be below"):
        set_fields(base, ["ron.elevation_min_m=8999", "ron.elevation_max_m=1"])
    set_fields(base, ["ron.elevation_min_m=3000", "ron.elevation_max_m=4000"])
    with pytest.raises(WrongSettings, match="clip_hillslope_length_m"):
        set_fields(base, ["watershed.min_hillslope_length_m=500"])
    set_fields(base, ["watershed.min_hillslope_length_m=500", "watershed.clip_hillslope_length_m=600"])


def test_each_control_is_written_once_for_all_its_fields(base):
    set_fields(base, ["watershed.csa_ha=5", "watershed.mcl_m=60"])
    assert load(base, "watershed").revision == 2
    assert load(base, "ron").revision == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ron.target_crs=EPSG:4326", "not projected in metres"),
        ("ron.target_crs=EPSG:99999", "not a coordinate reference system"),
        ("ron.target_crs=nonsense", "must be 'utm' or an EPSG code"),
        ("ron.dem=no/such.tif", "does not exist"),
        ("ron.dem=uploads", "uploads is a folder without rasters"),
        ("ron.dem=copernicus://glo3", "no elevation source"),
        ('ron.dem_fallbacks=["no/such.tif"]', "does not exist"),
        ("soils.soil_table=uploads", "uploads is not a file"),
        ("climate.cli_file=uploads", "uploads is not a file"),
        ("climate.stations=soils.nodb", "soils.nodb is not a folder"),
        ("watershed.csa_ha=0", "greater than 0"),
        ("watershed.max_junctions=4", "less than or equal to 3"),
        ("watershed.fill_or_breach=topaz", "'breach'"),
        ("landuse.covers={bad", "valid dictionary"),
        ('landuse.covers={"42": {"canopy": 2}}', "less than or equal to 1"),
        ('landuse.covers={"42": {"canpy": 0.2}}', "canpy"),
        ("climate.precip_monthly_factors=[1, 2]", "at least 12"),
        ("climate.observed_end_year=1970", "observed_start_year"),
        ("ash.fire_month=2", None),
        ("ash.fire_day=32", "less than or equal to 31"),
        ("ash.particle_density_g_cm3=0.5", "must exceed"),
        ("wepp.phosphorus=true", "all four"),
        ("soils.min_depth_mm=5", "greater than or equal to 10"),
    ],
)
def test_nonsense_is_refused_with_its_reason(base, text, says):
    if says is None:
        set_fields(base, [text])
        with pytest.raises(WrongSettings, match="does not exist in month 2"):
            set_fields(base, ["ash.fire_day=30"])
        return
    with pytest.raises(WrongSettings, match=says):
        set_fields(base, [text])


def test_an_existing_dem_is_taken_relative_to_the_base(base):
    (base / "uploads" / "dem.tif").write_bytes(b"")
    set_fields(base, ["ron.dem=uploads/dem.tif"])
    assert load(base, "ron").settings()["dem"] == "uploads/dem.tif"


def test_describe_shows_values_units_and_what_was_changed(base):
    set_fields(base, ["watershed.csa_ha=5"])
    rows = {row.field: row for row in describe(base, "watershed")}
    assert rows["watershed.csa_ha"].value == 5.0
    assert rows["watershed.csa_ha"].default == 10.0
    assert rows["watershed.csa_ha"].changed
    assert rows["watershed.csa_ha"].description.startswith("ha; ")
    assert not rows["watershed.mcl_m"].changed
    assert {row.field.split(".")[0] for row in describe(base)} == set(CONTROLS)
    with pytest.raises(WrongSettings, match="did you mean 'watershed'"):
        describe(base, "watershd")


SCENARIOS = {
    "mulch_60_uniform_low__filters_smin10_smax25_burn1-3": {
        "kind": "mulch",
        "mulch_percent": 60,
        "base_scenario": "uniform_low",
        "min_slope_percent": 10,
        "max_slope_percent": 25,
        "burn_severities": [3, 1],
    },
    "thinning_65_90": {"kind": "thinning", "canopy_percent": 65, "ground_cover_percent": 90},
    "uniform_high": {"kind": "uniform_high"},
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenarios_name_is_weppclouds(name):
    assert Scenario.model_validate(SCENARIOS[name]).name == name


@pytest.mark.parametrize(
    ("scenarios", "says"),
    [
        ([{"kind": "mulch"}], "mulch takes mulch_percent and base_scenario"),
        ([{"kind": "undisturbed", "mulch_percent": 15}], "undisturbed takes none"),
        ([{"kind": "undisturbed", "burn_severities": [1]}], "takes no filters"),
        ([{"kind": "undisturbed", "min_slope_percent": 0}], "takes no filters"),
        ([{"kind": "undisturbed"}, {"kind": "undisturbed"}], "given twice"),
        ([{"kind": "mulch", "mulch_percent": 15, "base_scenario": "sbs_map"}], "not among the scenarios"),
        ([{"kind": "thining"}], "kind"),
    ],
)
def test_inconsistent_scenarios_are_refused(base, scenarios, says):
    with pytest.raises(WrongSettings, match=says):
        set_fields(base, [f"omni.scenarios={json.dumps(scenarios)}"])


def in_step(control: type, options: type, renamed: dict[str, str] | None = None) -> None:
    for field in fields(options):
        info = control.model_fields[(renamed or {}).get(field.name, field.name)]
        assert field.default is not MISSING
        assert info.default == field.default, field.name


def test_the_fields_of_watershed_are_those_of_the_outlet_step():
    from weppbatch.terrain.outlet import OutletOptions

    in_step(Watershed, OutletOptions)
    assert Watershed(wd="", csa_ha=5.0).outlet_options() == OutletOptions(csa_ha=5.0)


def test_the_fields_of_watershed_are_those_of_the_abstraction():
    from weppbatch.terrain.abstraction import AbstractionOptions

    in_step(Watershed, AbstractionOptions)
    made = Watershed(wd="", clip_hillslope_length_m=200.0).abstraction_options()
    assert made == AbstractionOptions(clip_hillslope_length_m=200.0)


def test_every_field_of_watershed_reaches_a_step():
    from weppbatch.terrain.abstraction import AbstractionOptions
    from weppbatch.terrain.outlet import OutletOptions

    reached = {field.name for options in (OutletOptions, AbstractionOptions) for field in fields(options)}
    assert set(Watershed.model_fields) - BOOKKEEPING == reached


def test_the_fields_of_ron_are_those_of_the_dem_reader():
    from weppbatch.terrain.sources import DemOptions

    in_step(Ron, DemOptions, {"vertical_unit": "dem_vertical_unit", "resampling": "dem_resampling"})
    made = Ron(wd="", dem_vertical_unit="ft", min_relief_m=5.0).dem_options()
    assert made == DemOptions(vertical_unit="ft", min_relief_m=5.0)


def test_an_outlet_is_read_back_from_its_file(tmp_path):
    from weppbatch.files import write_json
    from weppbatch.terrain.outlet import Outlet

    control = Watershed(wd=str(tmp_path))
    assert control.outlet is None
    outlet = Outlet(
        3, 4, 500_000.0, 4_000_000.0, -84.2, 36.2, "EPSG:32616", "overlap", "fill", 0.9, 1e6, 1.1e6, 10.0, 100.0
    )
    write_json(tmp_path / "watershed" / "outlet.geojson", outlet.to_geojson())
    assert control.outlet == outlet


def test_the_outlet_step_says_when_there_is_no_polygon_yet(tmp_path):
    with pytest.raises(DataError, match=r"extent\.json is missing"):
        Watershed(wd=str(tmp_path)).determine_outlet()


def test_reading_controls_loads_nothing_heavy():
    code = f"import sys, weppbatch.batch.runner; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_wrong_settings_are_a_configuration_error():
    assert issubclass(WrongSettings, ConfigError)
    assert WrongSettings("x", ["y"]).category == "config"
