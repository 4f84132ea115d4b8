"""The embedded engine over a whole watershed: balances, order, options, and the degenerate cases."""

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from wepp_watershed import BURNED, channel, climate, dry, one_channel, watershed
from weppbatch.engines.account import Account
from weppbatch.engines.embedded import Embedded
from weppbatch.engines.inputs import daily_weather, hillslope_input
from weppbatch.engines.protocol import Phosphorus, WatershedOptions, engine_of, options_of
from weppbatch.engines.routing import receive
from weppbatch.engines.schemas import DAILY, DAILY_COLUMNS, SCHEMAS
from weppbatch.engines.tables import FILES, Tables
from weppbatch.engines.years import Years
from weppbatch.errors import ConfigError, EngineError
from weppbatch.hydrology.channel import ChannelOptions, Flow
from weppbatch.hydrology.groundwater import GroundwaterOptions
from weppbatch.hydrology.hillslope import simulate
from weppbatch.hydrology.state import EngineOptions
from weppbatch.nodb.wepp import Wepp

YEARS = 3


@pytest.fixture(scope="module")
def weather():
    return climate(YEARS)


@pytest.fixture
def simulated(tmp_path):
    """Runs a watershed; gives the summary and the tables by name."""

    def run(found, options=WatershedOptions()):
        with Tables(tmp_path) as tables:
            summary = Embedded().run(found, options, tables)
        return summary, {name: pd.read_parquet(tmp_path / f"{name}.parquet") for name in SCHEMAS if name != DAILY}

    return run


def test_water_and_sediment_close_from_hillslopes_to_outlet(simulated, weather):
    summary, tables = simulated(watershed(weather))
    assert summary["closure_mm_max"] < 1e-6 and summary["sediment_closure_kg_max"] < 1e-6
    daily, hillslopes, channels = (tables[name] for name in ("outlet_daily", "hillslopes", "channels"))
    stored = daily[["soil_water_mm", "snow_water_mm", "canopy_water_mm", "groundwater_mm"]].sum(axis=1)
    missing = daily.precip_mm - daily.et_mm - daily.streamflow_mm - daily.deep_loss_mm - stored.diff()
    assert missing[1:].abs().max() < 1e-6
    parts = daily[["runoff_m3", "lateral_m3", "baseflow_m3", "rain_on_channels_m3"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(daily.streamflow_m3.to_numpy())
    bed = daily.channel_detached_kg - daily.channel_deposited_kg
    assert (daily.hillslope_sediment_kg + bed).to_numpy() == pytest.approx(daily.sediment_kg.to_numpy(), abs=1e-6)
    classes = daily[["clay_kg", "silt_kg", "small_aggregates_kg", "large_aggregates_kg", "sand_kg"]].sum(axis=1)
    assert classes.to_numpy() == pytest.approx(daily.sediment_kg.to_numpy())
    assert summary["sediment_yield_t_yr"] > 1.0 and summary["runoff_mm_yr"] > 10.0

    outlet = channels[channels.is_outlet].iloc[0]
    assert outlet.streamflow_m3_yr == pytest.approx(daily.streamflow_m3.sum() / YEARS)
    assert outlet.sediment_yield_t_yr == pytest.approx(summary["sediment_yield_t_yr"])
    came = hillslopes.sediment_yield_t_yr.sum() + channels.detached_t_yr.sum() - channels.deposited_t_yr.sum()
    assert outlet.sediment_yield_t_yr == pytest.approx(came)
    for name in ("runoff", "lateral"):
        volume = (hillslopes[f"{name}_mm_yr"] * hillslopes.area_m2).sum() / 1000.0
        assert outlet[f"{name}_m3_yr"] == pytest.approx(volume)
    spent = hillslopes[["runoff_mm_yr", "lateral_mm_yr", "percolation_mm_yr", "et_mm_yr", "storage_change_mm_yr"]]
    assert spent.sum(axis=1).to_numpy() == pytest.approx(hillslopes.precip_mm_yr.to_numpy())


def test_the_summarys_water_adds_up(simulated, weather):
    summary, _ = simulated(watershed(weather), WatershedOptions(groundwater=GroundwaterOptions(initial_mm=200.0)))
    assert summary["precip_mm_yr"] == pytest.approx(
        sum(summary[f"{name}_mm_yr"] for name in ("et", "streamflow", "deep_loss", "storage_change"))
    )
    assert json.dumps(summary, allow_nan=False)


def test_soil_loss_is_by_the_hillslopes_area_and_sediment_yield_by_the_simulated_one(simulated, weather):
    summary, tables = simulated(watershed(weather))
    assert summary["area_ha"] > summary["hillslope_area_ha"]
    loss_t, yield_t = summary["soil_loss_t_yr"], summary["sediment_yield_t_yr"]
    assert summary["soil_loss_t_ha_yr"] == pytest.approx(loss_t / summary["hillslope_area_ha"])
    assert summary["sediment_yield_t_ha_yr"] == pytest.approx(yield_t / summary["area_ha"])
    for name, area in (("hillslopes", "area_m2"), ("channels", "drained_area_m2")):
        table = tables[name]
        by_area = table["sediment_yield_t_yr"] / table[area] * 1e4
        assert table["sediment_yield_t_ha_yr"].to_numpy() == pytest.approx(by_area.to_numpy())


def test_the_order_of_hillslopes_and_channels_changes_nothing(simulated, weather):
    found = watershed(weather)
    turned = replace(found, hillslopes=found.hillslopes[::-1], channels=found.channels[::-1])
    first, tables = simulated(found)
    second, other = simulated(turned)
    pd.testing.assert_frame_equal(tables["outlet_daily"], other["outlet_daily"], rtol=1e-12)
    assert first["sediment_yield_t_yr"] == pytest.approx(second["sediment_yield_t_yr"], rel=1e-12)


def test_fire_brings_more_runoff_and_much_more_sediment(simulated, weather):
    burned, forest = simulated(watershed(weather))[0], simulated(watershed(weather, burned=False))[0]
    assert burned["runoff_mm_yr"] > forest["runoff_mm_yr"]
    assert burned["soil_loss_t_ha_yr"] > 10 * forest["soil_loss_t_ha_yr"]
    assert burned["et_mm_yr"] < forest["et_mm_yr"]


def test_events_are_the_days_with_runoff(simulated, weather):
    summary, tables = simulated(watershed(weather))
    events, daily = tables["events"], tables["outlet_daily"]
    at_outlet = events[(events.kind == "channel") & (events.topaz_id == 24)].set_index("date")
    wet = daily[daily.runoff_m3 > 0.005].set_index("date")
    assert at_outlet.index.equals(wet.index) and len(wet) > 3
    assert at_outlet.sediment_kg.to_numpy() == pytest.approx(wet.sediment_kg.to_numpy())
    assert (at_outlet.peak_m3_s <= wet.peak_m3_s).all(), "the day's peak stands on lateral flow and baseflow"
    slopes = events[events.kind == "hillslope"]
    assert slopes.sediment_kg.sum() / 1000.0 / YEARS == pytest.approx(summary["hillslope_yield_t_yr"], rel=1e-3)
    assert (events.duration_s <= 86_400.0).all()


def test_the_warm_up_counts_in_no_mean_but_stays_in_the_days(simulated, weather):
    summary, tables = simulated(watershed(weather), WatershedOptions(warm_up_years=1))
    daily = tables["outlet_daily"]
    later = daily[[day.year > 2001 for day in daily.date]]
    assert len(daily) == weather.days and summary["averaged_years"] == 2
    assert summary["runoff_mm_yr"] == pytest.approx(later.runoff_m3.sum() / 2 / (summary["area_ha"] * 10))
    assert summary["largest_peak_m3_s"] == pytest.approx(later.peak_m3_s.max())
    with pytest.raises(ConfigError, match="warm_up_years=3 leaves none"):
        simulated(watershed(weather), WatershedOptions(warm_up_years=3))


def test_baseflow_only_moves_water_between_streamflow_and_depth(simulated, weather):
    found = watershed(weather)
    on, off = (
        simulated(found, WatershedOptions(groundwater=GroundwaterOptions(enabled=enabled)))[0]
        for enabled in (True, False)
    )
    assert on["baseflow_mm_yr"] > 1.0 and off["baseflow_mm_yr"] == 0.0
    assert off["deep_loss_mm_yr"] == pytest.approx(off["percolation_mm_yr"] + off["transmission_loss_mm_yr"])
    assert on["runoff_mm_yr"] + on["lateral_mm_yr"] == pytest.approx(
        off["runoff_mm_yr"] + off["lateral_mm_yr"] + off["transmission_loss_mm_yr"], rel=1e-9
    )
    small = simulated(found, WatershedOptions(baseflow_threshold_ha=1000.0))[0]
    assert small["baseflow_mm_yr"] == 0.0, "a watershed below the threshold has none"


def test_rain_falls_on_the_channels_water_too(simulated, weather):
    found = watershed(weather)
    summary, tables = simulated(found)
    surface_m2 = found.area_m2 - found.hillslope_area_m2
    assert tables["outlet_daily"].rain_on_channels_m3.sum() == pytest.approx(
        weather.precip_mm.sum() * surface_m2 / 1000.0
    )
    assert summary["precip_mm_yr"] == pytest.approx(weather.precip_mm.sum() / YEARS)


def test_what_a_dry_bed_drinks_comes_back_as_baseflow(simulated, weather):
    found = one_channel(weather)
    crust = replace(found.hillslopes[0].soil, initial_saturation=0.1, kslast_mm_h=1e-9, avke_mm_h=0.5)
    found = replace(found, hillslopes=(replace(found.hillslopes[0], soil=crust),))
    summary, tables = simulated(found)
    daily = tables["outlet_daily"]
    assert summary["transmission_loss_mm_yr"] > 0.001 and summary["closure_mm_max"] < 1e-6
    assert daily.baseflow_m3.sum() > 0.9 * daily.transmission_loss_m3.sum()


def test_channel_options_reach_the_channels(simulated, weather):
    found = watershed(weather)
    hard = simulated(found, WatershedOptions(channel=ChannelOptions(critical_shear_n_m2=1000.0)))[0]
    soft = simulated(found, WatershedOptions(channel=ChannelOptions(erodibility_s_m=1e-5)))[0]
    assert hard["channel_detached_t_yr"] == 0.0 < soft["channel_detached_t_yr"]


def test_phosphorus_is_concentration_times_what_left(simulated, weather):
    given = Phosphorus(runoff_mg_l=0.5, lateral_mg_l=0.2, baseflow_mg_l=0.1, sediment_mg_kg=1000.0)
    summary, _ = simulated(watershed(weather), WatershedOptions(phosphorus=given))
    assert summary["phosphorus_sediment_kg_yr"] == pytest.approx(summary["sediment_yield_t_yr"])
    litres = summary["runoff_mm_yr"] * summary["area_ha"] * 1e4
    assert summary["phosphorus_runoff_kg_yr"] == pytest.approx(litres * 0.5 / 1e6)
    parts = ("runoff", "lateral", "baseflow", "sediment")
    assert summary["phosphorus_kg_yr"] == pytest.approx(sum(summary[f"phosphorus_{p}_kg_yr"] for p in parts))


def test_a_watershed_without_rain_has_no_event_and_is_legal(simulated):
    summary, tables = simulated(watershed(dry()))
    assert summary["precip_mm_yr"] == summary["runoff_mm_yr"] == summary["sediment_yield_t_yr"] == 0.0
    assert summary["sediment_delivery_ratio"] is None
    assert tables["events"].empty and list(tables["events"].columns) == SCHEMAS["events"].names
    assert len(tables["channels"]) == 3


def test_one_channel_with_one_hillslope_is_legal(simulated, weather):
    summary, tables = simulated(one_channel(weather))
    assert (summary["hillslopes"], summary["channels"]) == (1, 1)
    assert tables["channels"].downstream_topaz_id.isna().all()
    assert tables["channels"].sediment_yield_t_yr[0] == pytest.approx(summary["sediment_yield_t_yr"])


def test_a_channel_without_hillslopes_is_legal(simulated, weather):
    found = one_channel(weather)
    summary, tables = simulated(replace(found, channels=(*found.channels, channel(34, 3, 24))))
    assert summary["closure_mm_max"] < 1e-6
    assert tables["channels"].set_index("topaz_id").runoff_m3_yr[34] == 0.0


def test_a_balance_that_does_not_close_is_a_fault(weather):
    found = one_channel(weather)
    years = Years.of(weather, 0)
    result = simulate(hillslope_input(found.hillslopes[0]), daily_weather(weather), EngineOptions())
    for lost in ("runoff_m3", "sediment_kg"):
        account = Account(found, years, GroundwaterOptions(enabled=False))
        account.add_hillslope(result)
        account.deep_loss_m3 += result.percolation_mm * result.area_m2 / 1000.0
        sent, wrong = Flow.none(weather.days), Flow.none(weather.days)
        receive(sent, result)
        receive(wrong, result)
        assert account.summary(sent, WatershedOptions())["closure_mm_max"] < 1e-6
        setattr(wrong, lost, np.zeros_like(getattr(wrong, lost)))
        with pytest.raises(EngineError, match="don't close"):
            account.summary(wrong, WatershedOptions())


def test_soil_and_cover_reach_the_hillslope_engine_as_they_are(weather):
    hillslope = one_channel(weather).hillslopes[0]
    made = hillslope_input(hillslope)
    assert (made.soil.ksatadj, made.soil.lkeff_mm_h, made.soil.kslast_mm_h) == (1, 0.1, 0.01)
    assert made.soil.layers.depth_mm.tolist() == [200.0, 800.0]
    assert (made.cover.max_lai, made.cover.dead_root_kg_m2, made.cover.rill_spacing_m) == (2.0, 0.2, 1.0)
    assert (made.slope.tolist(), made.length_m) == ([0.1, 0.45, 0.2], 150.0)
    bare = replace(hillslope.soil.layers[0], field_capacity=None)
    open_below = replace(hillslope.soil, restrictive=False, layers=(bare,))
    made = hillslope_input(replace(hillslope, soil=open_below))
    assert made.soil.kslast_mm_h is None and np.isnan(made.soil.layers.field_capacity).all()


def test_a_hillslope_sends_its_channel_all_that_leaves_it(weather):
    result = simulate(hillslope_input(one_channel(weather).hillslopes[0]), daily_weather(weather), EngineOptions())
    flow = Flow.none(weather.days)
    receive(flow, result)
    assert flow.sediment_kg.sum() == pytest.approx(result.sediment_kg.sum())
    assert flow.streamflow_m3.sum() == pytest.approx(
        (result.runoff_mm + result.lateral_mm).sum() * result.area_m2 / 1e3
    )
    assert (flow.peak_m3_s * 86_400.0 >= flow.runoff_m3 * (1 - 1e-12)).all()


def test_a_hillslope_at_the_top_sends_its_water_through_the_whole_channel(simulated, weather):
    found = one_channel(weather)
    at_top = replace(found, hillslopes=(replace(found.hillslopes[0], position="top"),))
    along, whole = (simulated(case)[0]["channel_detached_t_yr"] for case in (found, at_top))
    assert whole > 1.1 * along > 0


def test_the_calendar_is_that_of_the_weather(weather):
    years = Years.of(weather, 0)
    found = [(day.year, day.month, day.day) for day in years.date.tolist()]
    assert found == list(zip(weather.year.tolist(), weather.month.tolist(), weather.day.tolist(), strict=True))


def test_tables_appear_whole_or_not_at_all(tmp_path):
    with pytest.raises(RuntimeError), Tables(tmp_path) as tables:
        tables.columns("events", {name: [] for name in SCHEMAS["events"].names})
        raise RuntimeError("stop")
    assert list(tmp_path.iterdir()) == []
    with Tables(tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    assert len(pd.read_parquet(tmp_path / "hillslopes.parquet")) == 0


def test_many_rows_leave_memory_by_row_group(tmp_path):
    rows = {name: np.zeros(50_000) for name in SCHEMAS["events"].names}
    rows |= {"kind": np.full(50_000, "hillslope"), "date": np.zeros(50_000, "datetime64[D]")}
    with Tables(tmp_path) as tables:
        for _ in range(4):
            tables.columns("events", rows)
    written = pq.ParquetFile(tmp_path / "events.parquet").metadata
    assert (written.num_rows, written.num_row_groups) == (200_000, 2)


def test_every_setting_reaches_the_options_or_is_refused():
    control = Wepp(
        wd="", snow=False, pmet=False, wepp_ui=False, frost=False, gwstorage_mm=50.0, channel_avke_mm_h=3.0
    )
    options = options_of(control)
    assert options.hillslope.snow_threshold_c < -100.0 and not options.hillslope.frost
    assert (options.hillslope.evapotranspiration, options.hillslope.drainage_steps_per_day) == ("penman", 1)
    assert (options.groundwater.initial_mm, options.channel.avke_mm_h) == (50.0, 3.0)
    assert asdict(options_of(Wepp(wd="")).hillslope) == asdict(EngineOptions())
    for setting in ({"tcr": True}, {"channel_routing": "muskingum_cunge"}):
        with pytest.raises(ConfigError, match=next(iter(setting))):
            options_of(Wepp(wd="", **setting))


def test_the_embedded_engine_is_there_without_anything_from_outside(tmp_path):
    assert engine_of(Wepp(wd=""), tmp_path).name == "embedded"


def test_every_hillslopes_days_are_written_when_they_are_asked_for(weather, tmp_path):
    found = watershed(weather)
    with Tables(tmp_path, daily=True) as tables:
        Embedded().run(found, WatershedOptions(), tables)
    daily = pd.read_parquet(tmp_path / f"{DAILY}.parquet")
    assert list(daily.columns) == ["topaz_id", "wepp_id", "date", *DAILY_COLUMNS]
    assert len(daily) == len(found.hillslopes) * weather.days and daily.topaz_id.nunique() == 7
    hillslopes = pd.read_parquet(tmp_path / "hillslopes.parquet").set_index("topaz_id")
    yearly = daily.groupby("topaz_id")[["runoff_mm", "percolation_mm", "sediment_kg"]].sum() / YEARS
    assert yearly.runoff_mm.to_numpy() == pytest.approx(hillslopes.runoff_mm_yr[yearly.index].to_numpy(), rel=1e-5)
    assert (yearly.sediment_kg / 1000.0).to_numpy() == pytest.approx(
        hillslopes.sediment_yield_t_yr[yearly.index].to_numpy(), rel=1e-5
    )
    one = daily[daily.topaz_id == 31]
    stored = one[["soil_water_mm", "snow_water_mm", "canopy_water_mm"]].sum(axis=1)
    left = ["runoff_mm", "lateral_mm", "percolation_mm", "transpiration_mm", "soil_evaporation_mm"]
    left += ["snow_evaporation_mm", "interception_mm"]
    assert (one.precip_mm - one[left].sum(axis=1) - stored.diff())[1:].abs().max() < 1e-3, "seven digits"


def test_the_summary_tells_each_land_use(simulated, weather):
    mixed = watershed(weather)
    forest = watershed(weather, burned=False).hillslopes
    mixed = replace(mixed, hillslopes=(*mixed.hillslopes[:4], *forest[4:]))
    summary, tables = simulated(mixed)
    burned, unburned = summary["land_use"]
    assert (burned["disturbed_class"], burned["burn_class"], burned["hillslopes"]) == (BURNED.name, "high", 4)
    assert burned["area_ha"] + unburned["area_ha"] == pytest.approx(summary["hillslope_area_ha"])
    assert burned["soil_loss_t_yr"] + unburned["soil_loss_t_yr"] == pytest.approx(summary["soil_loss_t_yr"])
    assert burned["soil_loss_t_ha_yr"] > unburned["soil_loss_t_ha_yr"]
    rows = tables["hillslopes"][tables["hillslopes"].burn_class == "high"]
    assert burned["runoff_mm_yr"] == pytest.approx(np.average(rows.runoff_mm_yr, weights=rows.area_m2))
