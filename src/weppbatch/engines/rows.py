"""The rows of the tables hillslopes and channels: one element's days as means over the years that count."""

from collections.abc import Mapping
from typing import Any

from weppbatch.engines.watershed import ChannelLink, Hillslope
from weppbatch.engines.years import Years
from weppbatch.hydrology.channel import ChannelResult, Inflow
from weppbatch.hydrology.groundwater import Groundwater
from weppbatch.hydrology.state import HillslopeResult

EVENT_M3 = 0.005  # runoff from which on WEPP lists an event


def hillslope_row(hillslope: Hillslope, result: HillslopeResult, years: Years) -> Mapping[str, Any]:
    """A hillslope's row of the table: means of the years that count."""
    hectares = result.area_m2 / 1e4
    storage_mm = result.soil_water_mm + result.snow_water_mm + result.canopy_water_mm
    gained_mm = result.precip_mm - result.runoff_mm - result.lateral_mm - result.percolation_mm - result.et_mm
    runoff_m3 = result.runoff_mm * result.area_m2 / 1000.0
    detached, deposited, yielded = (
        years.mean(series) / 1000.0 for series in (result.detached_kg, result.deposited_kg, result.sediment_kg)
    )
    water = ("precip", "runoff", "lateral", "percolation", "transpiration", "soil_evaporation")
    evaporated = ("snow_evaporation", "interception")
    return {
        "topaz_id": hillslope.topaz_id,
        "wepp_id": hillslope.wepp_id,
        "channel_topaz_id": hillslope.channel_topaz_id,
        "position": hillslope.position,
        "disturbed_class": hillslope.disturbed_class,
        "burn_class": hillslope.burn_class,
        "soil_key": hillslope.soil_key,
        "texture": hillslope.soil.texture,
        "kslast_mm_h": hillslope.soil.kslast_mm_h if hillslope.soil.restrictive else None,
        "area_m2": result.area_m2,
        **{f"{name}_mm_yr": years.mean(getattr(result, f"{name}_mm")) for name in (*water, *evaporated)},
        "et_mm_yr": years.mean(result.et_mm),
        "storage_change_mm_yr": years.change(storage_mm, gained_mm),
        "runoff_events_yr": years.mean(runoff_m3 > EVENT_M3),
        "largest_peak_m3_s": years.largest(result.peak_m3_s),
        "soil_loss_t_yr": detached,
        "soil_loss_t_ha_yr": detached / hectares,
        "deposition_t_yr": deposited,
        "sediment_yield_t_yr": yielded,
        "sediment_yield_t_ha_yr": yielded / hectares,
        "closure_mm_max": result.closure_mm,
    }


def channel_row(
    link: ChannelLink,
    drained_m2: float,
    inflow: Inflow,
    result: ChannelResult,
    stored: Groundwater,
    years: Years,
) -> Mapping[str, Any]:
    """A channel's row of the table: means of the years that count, of what passes its foot."""
    flow = result.flow
    streamflow_m3 = years.mean(flow.streamflow_m3)
    coming_kg = inflow.head.sediment_kg.sum(axis=1) + inflow.side.sediment_kg.sum(axis=1)
    yielded = years.mean(flow.sediment_kg.sum(axis=1)) / 1000.0
    return {
        "topaz_id": link.topaz_id,
        "wepp_id": link.wepp_id,
        "order": link.order,
        "downstream_topaz_id": link.downstream_topaz_id,
        "is_outlet": link.downstream_topaz_id is None,
        "length_m": link.slope.length_m,
        "width_m": link.slope.width_m,
        "drained_area_m2": drained_m2,
        "runoff_m3_yr": years.mean(flow.runoff_m3),
        "lateral_m3_yr": years.mean(flow.lateral_m3),
        "baseflow_m3_yr": years.mean(flow.baseflow_m3),
        "rain_m3_yr": years.mean(flow.rain_m3),
        "streamflow_m3_yr": streamflow_m3,
        "streamflow_mm_yr": streamflow_m3 / drained_m2 * 1000.0,
        "transmission_loss_m3_yr": years.mean(result.transmission_loss_m3),
        "deep_loss_m3_yr": years.mean(stored.deep_loss_m3),
        "runoff_events_yr": years.mean(flow.runoff_m3 > EVENT_M3),
        "largest_peak_m3_s": years.largest(flow.total_peak_m3_s),
        "sediment_in_t_yr": years.mean(coming_kg) / 1000.0,
        "detached_t_yr": years.mean(result.detached_kg) / 1000.0,
        "deposited_t_yr": years.mean(result.deposited_kg) / 1000.0,
        "sediment_yield_t_yr": yielded,
        "sediment_yield_t_ha_yr": yielded / drained_m2 * 1e4,
    }
