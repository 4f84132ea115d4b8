"""The task watar: from a run's tables to what became of its ash, with options, maps and the degenerate cases."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from parameter_run import GRID, quarters, write_map
from wepp_watershed import climate, dry, watershed, write_tables
from weppbatch.errors import ConfigError, DataError, InputError
from weppbatch.files import shipped
from weppbatch.nodb.ash import Ash
from weppbatch.nodb.controls import set_fields
from weppbatch.nodb.wepp import Wepp
from weppbatch.tasks import watar, wepp
from weppbatch.tasks.ash_recurrence import ranks
from weppbatch.tasks.ash_tables import OPTIONAL, SCHEMAS
from weppbatch.tasks.climate import write_series
from weppbatch.tasks.graph import TASKS
from weppbatch.tasks.run import Run

YEARS = 4
SEVERITY = {22: "low", 23: "moderate", 31: "high", 32: "unburned", 33: "high", 42: "low", 43: "moderate"}


def prepare(batch, found):
    """A run with all that watar reads, the task wepp's results among it."""
    wd = batch / "runs" / "w1"
    (batch / "_base").mkdir()
    write_tables(found, wd)
    path = wd / "watershed/hillslopes.parquet"
    pd.read_parquet(path).assign(slope_scalar=0.3).to_parquet(path)
    write_series(wd / "climate/climate.parquet", found.climate, {})
    for kind in (Wepp, Ash):
        kind(wd=str(wd)).dump()
    run = Run(batch=batch, runid="w1", scratch=wd, log=lambda _: None, threads=1)
    wepp.run(run)
    return run


def severities(found, by_id=SEVERITY):
    """The watershed with a burn class for every hillslope."""
    return replace(
        found, hillslopes=tuple(replace(one, burn_class=by_id[one.topaz_id]) for one in found.hillslopes)
    )


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """A batch with one run of four years."""
    folder = tmp_path_factory.mktemp("ash")
    prepare(folder, severities(watershed(climate(YEARS))))
    return folder


def ashes(batch, scratch, *settings):
    """The task with settings: its metrics, its summary, its tables by name, and the run."""
    run = Run(batch=batch, runid="w1", scratch=scratch, log=lambda _: None)
    Ash(wd=str(run.wd)).path.unlink()
    Ash(wd=str(run.wd)).dump()
    set_fields(run.wd, settings)
    metrics = watar.run(run)
    tables = {path.stem: pd.read_parquet(path) for path in (scratch / "ash").glob("*.parquet")}
    return metrics, json.loads((scratch / "ash/summary.json").read_text()), tables, run


def test_the_task_writes_its_tables_and_every_mass_is_accounted_for(batch, tmp_path):
    metrics, summary, tables, run = ashes(batch, tmp_path, "ash.wind_transport=yes")
    assert sorted(tables) == sorted(set(SCHEMAS) - set(OPTIONAL))
    assert {f"ash/{name}.parquet" for name in SCHEMAS} | {"ash/summary.json"} == set(TASKS["watar"].files)
    assert {"wepp/hillslope_wet_days.parquet", "climate/climate.parquet"} <= set(run.inputs)
    assert summary["closure_t_ha_max"] < 1e-9 and metrics["closure_t_ha_max"] == summary["closure_t_ha_max"]
    fires = tables["hillslope_fires"]
    assert len(fires) == 6 * YEARS  # one of the seven is unburned
    gone = fires.water_t_ha + fires.wind_t_ha + fires.decomposed_t_ha + fires.remaining_t_ha
    assert (gone - fires.load_t_ha).abs().max() < 1e-9
    assert fires.water_t_ha.max() > 1.0 and fires.wind_t_ha.max() > 1.0
    whole = tables["cumulatives"].query("burn_class == 'all'")
    parts = tables["cumulatives"].query("burn_class != 'all'").groupby("fire_year")
    for name in ("initial_t", "water_t", "wind_t", "transport_t", "decomposed_t", "remaining_t"):
        assert parts[name].sum().to_numpy() == pytest.approx(whole[name].to_numpy())
    assert (whole.water_t + whole.wind_t + whole.decomposed_t + whole.remaining_t).to_numpy() == pytest.approx(
        np.full(YEARS, summary["initial_t"])
    )
    assert (whole.transport_t - whole.water_t - whole.wind_t).abs().max() < 1e-9
    by_day = tables["daily"].groupby("fire_year")
    for name in ("water_t", "wind_t"):
        assert by_day[name].sum().to_numpy() == pytest.approx(whole[name].to_numpy())
        assert by_day[f"cumulative_{name}"].last().to_numpy() == pytest.approx(whole[name].to_numpy())
    kept = tables["daily"]
    assert (kept.remaining_t + kept.cumulative_transport_t + kept.cumulative_decomposed_t).to_numpy() == (
        pytest.approx(np.full(len(kept), summary["initial_t"]))
    )
    together = tables["daily_by_burn_class"].groupby(["fire_year", "days_from_fire"]).transport_t.sum()
    assert together.to_numpy() == pytest.approx(kept.transport_t.to_numpy())
    assert tables["annuals"].year_after_fire.eq(1).all() and len(tables["annuals"]) == YEARS


def test_white_ash_follows_high_severity_and_black_the_others(batch, tmp_path):
    metrics, summary, tables, _ = ashes(batch, tmp_path)
    found = tables["hillslopes"].set_index("topaz_id")
    types = {"low": "black", "moderate": "black", "high": "white", "unburned": "none"}
    assert found.ash_type.to_dict() == {topaz_id: types[name] for topaz_id, name in SEVERITY.items()}
    assert found.ash_load_t_ha.to_dict() == pytest.approx(
        {i: {"black": 11.0, "white": 15.5, "none": 0.0}[found.ash_type[i]] for i in SEVERITY}
    )
    assert found.ash_depth_mm[31] == pytest.approx(5.0)
    area = found.area_m2 / 1e4
    assert summary["initial_t"] == pytest.approx((found.ash_load_t_ha * area).sum())
    assert summary["water_t"] == pytest.approx((found.ash_water_t_ha * area).sum())
    assert set(summary["by_burn_class"]) == {"low", "moderate", "high"}
    assert summary["wind_t"] == 0.0
    by_class = {name: row["water_t"] for name, row in summary["by_burn_class"].items()}
    assert metrics["water_t_by_burn_class"] == by_class and sum(by_class.values()) == pytest.approx(
        metrics["water_t"]
    )
    day = tables["return_periods"].query("statistic == 'largest_day' and kind == 'water'")
    assert (
        list(metrics["largest_day_water_t"].values()) == day.ash_t.tolist()
        and "5" in metrics["largest_day_water_t"]
    )


def test_days_are_those_of_the_weather_with_the_runoff_that_wepp_found(batch, tmp_path):
    _, _, tables, run = ashes(batch, tmp_path, "ash.hillslope_days=yes", "ash.fire_month=12", "ash.fire_day=30")
    days = tables["hillslope_days"]
    missing = days.groupby(["topaz_id", "fire_year"])
    load = tables["hillslopes"].set_index("topaz_id").ash_load_t_ha
    for (topaz_id, _), one in missing:
        gone = one.cumulative_water_t_ha + one.cumulative_wind_t_ha + one.cumulative_decomposed_t_ha
        assert (load[topaz_id] - gone - one.remaining_t_ha).abs().max() < 1e-9
        assert one.days_from_fire.is_monotonic_increasing
    daily = pd.read_parquet(run.wd / "wepp/hillslope_wet_days.parquet")
    joined = days.merge(daily, on=["topaz_id", "date"], suffixes=("", "_wepp"), how="left")
    for name in ("runoff_mm", "rain_melt_mm", "soil_water_mm"):
        assert joined[name].to_numpy() == pytest.approx(joined[f"{name}_wepp"].to_numpy())
    first = days[days.fire_year == days.fire_year.max()].date.min()
    assert first.year == days.fire_year.max() - YEARS + 1 or first.year == days.fire_year.max()
    assert days[days.water_t_ha > 0].ash_runoff_mm.min() > 0


def test_return_periods_are_ranks_over_the_fires_with_burn_classes_and_the_reservoir(batch, tmp_path):
    _, summary, tables, _ = ashes(batch, tmp_path, "ash.reservoir_capacity_m3=1000", "ash.final_density_g_cm3=0.5")
    found, fires = tables["return_periods"], tables["cumulatives"].query("burn_class == 'all'")
    assert set(found.statistic) == {"largest_day", "first_year"} and set(found.kind) == {"water", "transport"}
    assert set(found.return_period_years) == {2.0, 5.0}  # four fires reach (4 + 1) / 1
    year = found.query("statistic == 'first_year' and kind == 'water'").iloc[0]
    assert (year["rank"], year.weibull_years) == (2, 2.5)
    assert year.ash_t == pytest.approx(sorted(fires.water_t)[-2])
    assert fires.set_index("fire_year").water_t[year.fire_year] == pytest.approx(year.ash_t)
    assert year.low_t + year.moderate_t + year.high_t == pytest.approx(year.ash_t) and year.unburned_t == 0
    assert year.reservoir_share_percent == pytest.approx(100 * year.ash_t / 0.5 / 1000)
    assert year.reservoir_g_l == pytest.approx(year.ash_t * 1e6 / (800 * 1000))
    day = found.query("statistic == 'largest_day' and kind == 'water'").iloc[0]
    largest = tables["daily"].groupby("fire_year").water_t.max()
    assert day.ash_t == pytest.approx(sorted(largest)[-2])
    row = tables["daily"].query("fire_year == @day.fire_year and days_from_fire == @day.days_from_fire").iloc[0]
    assert row.date == day.date and row.water_t == pytest.approx(day.ash_t)
    assert summary["reservoir"]["share_percent"] == pytest.approx(100 * summary["water_t"] / 0.5 / 1000)


def test_weibull_gives_the_periods_that_the_fires_reach():
    assert list(ranks(1)) == [(2, 1, 2.0)]
    assert [period for period, *_ in ranks(40)] == [2, 5, 10, 20, 25]
    assert ranks(99)[5] == (50, 2, 50.0) and ranks(99)[6] == (100, 1, 100.0) and len(ranks(99)) == 7


def test_contaminants_follow_the_ash_of_their_burn_class(batch, tmp_path):
    _, _, tables, run = ashes(batch, tmp_path / "a", "ash.contaminants=yes")
    found = tables["contaminants"].query("statistic == 'first_year_mean' and contaminant == 'Pb'")
    found = found.set_index("burn_class")
    assert found.mass_kg["high"] == pytest.approx(found.ash_t["high"] * 25 / 1000)
    assert found.mass_kg["moderate"] == pytest.approx(found.ash_t["moderate"] * 70 / 1000)
    assert np.isnan(found.mass_kg["low"]) and found.without_figure_t["all"] == pytest.approx(found.ash_t["low"])
    assert found.mass_kg["all"] == pytest.approx(found.mass_kg["high"] + found.mass_kg["moderate"])
    assert found.reservoir_mg_l["all"] == pytest.approx(found.mass_kg["all"] * 1e6 / 800_000_000)
    own = tmp_path / "own.csv"
    own.write_text("contaminant,low_mg_kg,high_mg_kg\nHg,1,2\nHg,1,2\nCd,-1,x\n")
    with pytest.raises(InputError) as caught:
        ashes(batch, tmp_path / "b", "ash.contaminants=yes", f"ash.contaminant_table={own}")
    for part in ("line 3: Hg is given twice", "line 4: low_mg_kg is -1", "line 4: high_mg_kg is 'x'"):
        assert part in str(caught.value)
    own.write_text("contaminant,low_mg_kg,high_mg_kg\nHg,1,2\n")
    metrics, _, tables, run = ashes(batch, tmp_path / "c", "ash.contaminants=yes", f"ash.contaminant_table={own}")
    assert set(tables["contaminants"].contaminant) == {"Hg"} and metrics["tables"][0].startswith("own.csv")
    assert str(own) in run.inputs


def test_every_field_of_the_control_changes_the_result_or_is_refused(batch, tmp_path):
    assert set(TASKS["watar"].settings["ash"]) == set(Ash(wd="").settings())
    deep = {name: f"ash.{name}=40" for name in ("black_depth_mm", "white_depth_mm")}  # not gone by one storm
    _, before, _, _ = ashes(batch, tmp_path / "before", *deep.values())
    for number, setting in enumerate(
        (
            "model=watanabe_dynamic",
            "fire_month=3",
            "black_depth_mm=9",
            "white_depth_mm=9",
            "depth_mode=load",
            "black_density_g_cm3=0.3",
            "white_density_g_cm3=0.4",
            "final_density_g_cm3=0.7",
            "particle_density_g_cm3=2",
            "compaction_per_mm=0.02",
            "decomposition_per_mm=0.01",
            "roughness_mm=3",
            "black_erodibility_t_ha_mm=2",
            "white_erodibility_t_ha_mm=0.5",
            "final_erodibility_t_ha_mm=0.5",
            "reservoir_storage_percent=50",
        )
    ):
        extra = ["ash.white_load_t_ha=50", "ash.black_load_t_ha=3"] if setting == "depth_mode=load" else []
        others = [text for name, text in deep.items() if name not in setting]
        _, after, _, _ = ashes(batch, tmp_path / str(number), f"ash.{setting}", *extra, *others)
        told = ("initial_t", "water_t", "decomposed_t", "remaining_t", "reservoir")
        assert any(after[name] != before[name] for name in told), setting
    dynamic = "ash.model=watanabe_dynamic"
    one, two = (
        ashes(batch, tmp_path / name, dynamic, *more)[1]["water_t"]
        for name, more in (("w1", []), ("w2", ["ash.black_organic_fraction=0.1", "ash.white_organic_fraction=0.1"]))
    )
    assert one != two
    with pytest.raises(InputError, match="watanabe_static is not computed"):
        ashes(batch, tmp_path / "static", "ash.model=watanabe_static")
    with pytest.raises(InputError, match="needs a map of loads"):
        ashes(batch, tmp_path / "maps", "ash.depth_mode=maps")
    Ash(wd=str(batch / "runs/w1"), revision=0, model="watanabe_static").settings()
    control = Ash.getInstance(batch / "runs/w1")
    with control.locked():
        control.model = "watanabe_static"
    with pytest.raises(ConfigError, match="watanabe_static"):
        watar.run(Run(batch=batch, runid="w1", scratch=tmp_path / "x", log=lambda _: None))


def test_the_dynamic_form_follows_the_ash_through_the_whole_record(batch, tmp_path):
    thick = ("ash.black_depth_mm=200", "ash.white_depth_mm=200")
    _, summary, tables, _ = ashes(batch, tmp_path, "ash.model=watanabe_dynamic", *thick)
    assert summary["days_followed"] == 365 * YEARS + 1
    assert sorted(tables["annuals"].year_after_fire.unique()) == list(range(1, YEARS + 1))
    whole = tables["cumulatives"].query("burn_class == 'all'").set_index("fire_year")
    by_year = tables["annuals"].groupby("fire_year")
    for name in ("water_t", "decomposed_t"):
        assert by_year[name].sum().to_numpy() == pytest.approx(whole[name].to_numpy())
    assert by_year.remaining_t.last().to_numpy() == pytest.approx(whole.remaining_t.to_numpy(), abs=1e-9)
    assert summary["water_t"] == pytest.approx(by_year.water_t.first().mean())
    assert (tables["hillslope_fires"].first_year_water_t_ha < tables["hillslope_fires"].water_t_ha).any()


def test_blocks_of_fires_and_few_hillslopes_at_once_give_the_same(batch, tmp_path, monkeypatch):
    settings = ("ash.model=watanabe_dynamic", "ash.wind_transport=yes")
    _, before, first, _ = ashes(batch, tmp_path / "a", *settings)
    monkeypatch.setattr(watar, "SUMS_AT_ONCE", 1)
    monkeypatch.setattr(watar, "CELLS_AT_ONCE", 1)
    _, after, second, _ = ashes(batch, tmp_path / "b", *settings)
    assert after["water_t"] == pytest.approx(before["water_t"], rel=1e-12)
    for name, table in first.items():
        keys = [column for column in table.columns[:4] if column.endswith(("year", "class", "fire", "id"))]
        pd.testing.assert_frame_equal(
            table.sort_values(keys, ignore_index=True, kind="stable"),
            second[name].sort_values(keys, ignore_index=True, kind="stable"),
            rtol=1e-9,
        )


def map_run(batch, tmp_path, field, values, **more):
    """A map over the grid of `subwta.tif`, whose quarters are hillslopes 22, 23, 31 and 33."""
    labels = quarters(22, 23, 31, 33, "float32")
    labels[:2, :2], labels[:2, 2:4], labels[:2, 4:6] = 32, 42, 43
    write_map(batch / "runs/w1/watershed/subwta.tif", labels, nodata=-np.inf)
    return f"ash.{field}={write_map(tmp_path / f'{field}.tif', values, transform=GRID.transform, **more)}"


def test_maps_of_loads_and_types_are_read_as_median_and_most_frequent(batch, tmp_path):
    loads = quarters(5.0, 6.0, 7.0, np.nan, "float32")
    loads[5:, :10] = np.where(loads[5:, :10] == 7.0, 70.0, loads[5:, :10])
    loads[10:13, :10] = 7.0
    types = quarters(1, 2, 2, 1)
    load_map = map_run(batch, tmp_path, "load_map", loads)
    type_map = map_run(batch, tmp_path, "type_map", types)
    _, _, tables, run = ashes(batch, tmp_path / "a", "ash.depth_mode=maps", load_map, type_map)
    found = tables["hillslopes"].set_index("topaz_id")
    assert found.ash_load_t_ha[[22, 23, 31, 33]].tolist() == [5.0, 6.0, 70.0, 0.0]
    assert found.ash_type[[22, 23, 31, 33]].tolist() == ["black", "white", "white", "none"]
    assert found.ash_load_t_ha[32] == 5.0  # the map of types says that it has ash, though it is unburned
    assert any("no ash load in load_map.tif for 1 hillslope (33)" in line for line in run.warnings)
    assert {str(tmp_path / "load_map.tif"), str(tmp_path / "type_map.tif")} <= set(run.inputs)
    for field, values, problem in (
        ("load_map", quarters(-1.0, 2.0, 3.0, 4.0, "float32"), "loads below 0"),
        ("type_map", quarters(0, 1, 2, 3), "values such as 3"),
    ):
        setting = map_run(batch, tmp_path, field, values)
        both = ("ash.depth_mode=maps", load_map) if field == "type_map" else ("ash.depth_mode=maps",)
        with pytest.raises(InputError, match=problem):
            ashes(batch, tmp_path / field, *both, setting)


@pytest.mark.parametrize(
    ("found", "note"),
    [
        (lambda: watershed(climate(1), burned=False), "no ash"),
        (lambda: watershed(dry(2)), "no ash was moved"),
        (lambda: watershed(climate(1)), "one year of weather"),
    ],
)
def test_nothing_burned_no_runoff_and_one_year_are_legal_and_said(tmp_path, found, note):
    (tmp_path / "batch").mkdir()
    prepare(tmp_path / "batch", found())
    metrics, summary, tables, run = ashes(tmp_path / "batch", tmp_path / "out", "ash.contaminants=yes")
    assert any(note in line for line in metrics["notes"]) and summary["notes"] == metrics["notes"]
    assert not run.warnings
    assert len(tables["hillslopes"]) == 7 and summary["closure_t_ha_max"] < 1e-9
    if note == "no ash":
        assert summary["initial_t"] == 0 and summary["transport_percent"] is None
        assert tables["return_periods"].empty and tables["hillslope_fires"].empty and tables["daily"].empty
    if note == "no ash was moved":
        assert tables["daily"].empty and (tables["cumulatives"].remaining_t == summary["initial_t"] * 1.0).any()
        assert (tables["return_periods"].ash_t == 0).all()
    for name, table in SCHEMAS.items():
        if name not in ("hillslope_days",):
            assert pq.read_schema(tmp_path / f"out/ash/{name}.parquet").equals(table)


def test_the_warm_up_of_wepp_is_no_fire_year(tmp_path):
    (tmp_path / "batch").mkdir()
    run = prepare(tmp_path / "batch", watershed(climate(3)))
    set_fields(run.wd, ["wepp.warm_up_years=2"])
    wepp.run(run)
    _, summary, _, _ = ashes(tmp_path / "batch", tmp_path / "out")
    assert (summary["fires"], summary["first_fire_year"]) == (1, 2003)


def test_results_of_other_hillslopes_are_refused(batch, tmp_path):
    (tmp_path / "batch").mkdir()
    run = prepare(tmp_path / "batch", watershed(climate(1)))
    path = run.wd / "wepp/hillslope_wet_days.parquet"
    table = pd.read_parquet(path)
    table["topaz_id"] = table["topaz_id"].replace(22, 92)
    pq.write_table(pq.read_table(path).set_column(0, "topaz_id", [table["topaz_id"].to_numpy()]), path)
    with pytest.raises(DataError, match="don't fit together"):
        ashes(tmp_path / "batch", tmp_path / "out")
    path.unlink()
    with pytest.raises(DataError, match=r"hillslope_wet_days\.parquet"):
        ashes(tmp_path / "batch", tmp_path / "out2")


def test_the_shipped_table_has_what_weppcloud_has():
    text = (shipped("config") / "tables/contaminants.csv").read_text()
    assert "As,,0.713,2.441" in text and text.startswith("# version: 1")
