"""The columns of the result tables that every engine writes; what they mean is said in docs/watershed-engine.md."""

from collections.abc import Mapping

import pyarrow as pa


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


def _floats(*names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names, pa.float64())


def _singles(*names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names, pa.float32())


DAILY_COLUMNS = (
    "precip_mm",
    "rain_melt_mm",
    "runoff_mm",
    "lateral_mm",
    "percolation_mm",
    "transpiration_mm",
    "soil_evaporation_mm",
    "snow_evaporation_mm",
    "interception_mm",
    "soil_water_mm",
    "snow_water_mm",
    "canopy_water_mm",
    "peak_m3_s",
    "detached_kg",
    "deposited_kg",
    "sediment_kg",
)
"""The daily figures of a hillslope that the optional table keeps: the fields of a `HillslopeResult`."""


SCHEMAS: Mapping[str, pa.Schema] = {
    "hillslopes": _schema(
        topaz_id=pa.int64(),
        wepp_id=pa.int64(),
        channel_topaz_id=pa.int64(),
        position=pa.string(),
        disturbed_class=pa.string(),
        burn_class=pa.string(),
        soil_key=pa.string(),
        texture=pa.string(),
        kslast_mm_h=pa.float64(),
        **_floats(
            "area_m2",
            "precip_mm_yr",
            "runoff_mm_yr",
            "lateral_mm_yr",
            "percolation_mm_yr",
            "transpiration_mm_yr",
            "soil_evaporation_mm_yr",
            "snow_evaporation_mm_yr",
            "interception_mm_yr",
            "et_mm_yr",
            "storage_change_mm_yr",
            "runoff_events_yr",
            "largest_peak_m3_s",
            "soil_loss_t_yr",
            "soil_loss_t_ha_yr",
            "deposition_t_yr",
            "sediment_yield_t_yr",
            "sediment_yield_t_ha_yr",
            "closure_mm_max",
        ),
    ),
    "channels": _schema(
        topaz_id=pa.int64(),
        wepp_id=pa.int64(),
        order=pa.int64(),
        downstream_topaz_id=pa.int64(),
        is_outlet=pa.bool_(),
        **_floats(
            "length_m",
            "width_m",
            "drained_area_m2",
            "runoff_m3_yr",
            "lateral_m3_yr",
            "baseflow_m3_yr",
            "rain_m3_yr",
            "streamflow_m3_yr",
            "streamflow_mm_yr",
            "transmission_loss_m3_yr",
            "deep_loss_m3_yr",
            "runoff_events_yr",
            "largest_peak_m3_s",
            "sediment_in_t_yr",
            "detached_t_yr",
            "deposited_t_yr",
            "sediment_yield_t_yr",
            "sediment_yield_t_ha_yr",
        ),
    ),
    "outlet_daily": _schema(
        date=pa.date32(),
        **_floats(
            "precip_mm",
            "rain_melt_mm",
            "transpiration_mm",
            "soil_evaporation_mm",
            "snow_evaporation_mm",
            "interception_mm",
            "et_mm",
            "percolation_mm",
            "soil_water_mm",
            "snow_water_mm",
            "canopy_water_mm",
            "groundwater_mm",
            "deep_loss_mm",
            "runoff_m3",
            "lateral_m3",
            "baseflow_m3",
            "rain_on_channels_m3",
            "transmission_loss_m3",
            "streamflow_m3",
            "streamflow_mm",
            "peak_m3_s",
            "hillslope_sediment_kg",
            "channel_detached_kg",
            "channel_deposited_kg",
            "sediment_kg",
            "clay_kg",
            "silt_kg",
            "small_aggregates_kg",
            "large_aggregates_kg",
            "sand_kg",
        ),
    ),
    "events": _schema(  # a long table: seven digits are enough, as in the next
        kind=pa.dictionary(pa.int8(), pa.string()),
        topaz_id=pa.int32(),
        wepp_id=pa.int32(),
        date=pa.date32(),
        **_singles(
            "precip_mm",
            "runoff_mm",
            "runoff_m3",
            "peak_m3_s",
            "duration_s",
            "detached_kg",
            "deposited_kg",
            "sediment_kg",
        ),
    ),
    "hillslope_wet_days": _schema(
        topaz_id=pa.int32(),
        date=pa.date32(),
        **_singles("rain_melt_mm", "runoff_mm", "soil_water_mm", "snow_water_mm"),
    ),
    "return_periods": _schema(
        quantity=pa.string(),
        series=pa.string(),
        return_period_years=pa.float64(),
        value=pa.float64(),
        date=pa.date32(),
    ),
    "hillslope_daily": _schema(
        topaz_id=pa.int32(),
        wepp_id=pa.int32(),
        date=pa.date32(),
        **_singles(*DAILY_COLUMNS),
    ),
}
DAILY = "hillslope_daily"  # the only one that is not always written
KINDS = ("hillslope", "channel")  # the dictionary of events
