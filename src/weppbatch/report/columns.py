"""The columns of the runs table: key and unit in files, head and digits on the page, and in which view they stand.

Only their list; the figures are found in `figures`.
"""

import pyarrow as pa

from weppbatch.report.column import VIEWS, Column
from weppbatch.tasks import graph

__all__ = ["PEAK_PERIODS_YEARS", "RUN_COLUMNS", "RUN_SCHEMA", "VIEWS", "Column"]

PEAK_PERIODS_YEARS = (2, 5, 10, 25)
TEXT, REAL, COUNT = pa.string(), pa.float64(), pa.int64()
RESULTS, PEAKS, ASH, INPUTS, TERRAIN, WORK = ((view,) for view in VIEWS)
NAMED = PEAKS + ASH + INPUTS + TERRAIN + WORK  # where there is room for the name beside the run's id


def _result(key: str, label: str, what: str, unit: str, digits: int, *, on_page: bool = True) -> Column:
    return Column(key, label, REAL, what, unit, digits, on_page, views=RESULTS)


_RUN = (
    Column("runid", "Run", TEXT, "The run's id, made from the feature's attributes by the batch's template"),
    Column("name", "Name", TEXT, "The feature's own name, as its file has it", views=NAMED),
    Column("status", "State", TEXT, "What the run's records show"),
    Column("reason", "Reason", TEXT, "Why it is in this state", on_page=False),
)
_TERRAIN = (
    Column(
        "polygon_area_km2",
        "Polygon",
        REAL,
        "Geodesic area of the polygon that was given; empty where an outlet was given",
        "km²",
        2,
        views=TERRAIN,
    ),
    Column(
        "basin_area_km2",
        "Basin",
        REAL,
        "Area that drains to the outlet on the DEM",
        "km²",
        2,
        views=TERRAIN + RESULTS,
    ),
    Column(
        "iou",
        "Overlap",
        REAL,
        "Intersection over union of polygon and basin; 1 is a perfect fit, below 0.70 the outlet is flagged",
        "",
        2,
        views=TERRAIN,
    ),
    Column("flags", "Flags", TEXT, "Why the outlet should be looked at", views=TERRAIN),
    Column("outlet_method", "Outlet by", TEXT, "How the outlet was found", views=TERRAIN),
    Column(
        "outlet_moved_m",
        "Outlet moved",
        REAL,
        "How far an outlet that was given was moved to the nearest channel",
        "m",
        0,
        views=TERRAIN,
    ),
    Column("conditioning", "Conditioning", TEXT, "How closed depressions were removed", on_page=False),
    Column("hillslopes", "Hillslopes", COUNT, "Number of hillslopes", "", 0, views=TERRAIN),
    Column("channels", "Channels", COUNT, "Number of channel segments", "", 0, views=TERRAIN),
    Column("channel_length_km", "Channel length", REAL, "Total length of all channels", "km", 1, views=TERRAIN),
    Column(
        "hillslope_length_mean_m",
        "Hillslope length",
        REAL,
        "Mean of the hillslopes' representative lengths, after the length policy",
        "m",
        0,
        views=TERRAIN,
    ),
    Column(
        "hillslope_slope_mean",
        "Hillslope slope",
        REAL,
        "Mean of the hillslopes' slopes, by area",
        "m/m",
        0,
        percent=True,
        views=TERRAIN,
    ),
    Column("outlet_longitude_deg", "Outlet longitude", REAL, "WGS84", "°", 5, views=TERRAIN),
    Column("outlet_latitude_deg", "Outlet latitude", REAL, "WGS84", "°", 5, views=TERRAIN),
    Column("crs", "CRS", TEXT, "The system the run was worked in", on_page=False),
    Column("cell_size_m", "Cell", REAL, "Side of a cell", "m", 1, on_page=False),
)
_INPUTS = (
    Column(
        "dominant_class",
        "Main land use",
        TEXT,
        "The disturbed class with the largest part of the hillslopes' area, after the fire where there was one",
        views=INPUTS,
    ),
    Column(
        "dominant_class_share",
        "Its share",
        REAL,
        "Share of the hillslopes' area with that class",
        "1",
        0,
        percent=True,
        views=INPUTS,
    ),
    Column(
        "burned_share",
        "Burned",
        REAL,
        "Share of the hillslopes' area that is simulated as burned: its class is one after a fire",
        "1",
        0,
        percent=True,
        views=INPUTS + RESULTS,
    ),
    Column(
        "high_severity_share",
        "High severity",
        REAL,
        "Share of the hillslopes' area that is simulated as burned with high severity",
        "1",
        0,
        percent=True,
        views=INPUTS,
    ),
    Column(
        "dominant_texture", "Main texture", TEXT, "The soil texture with the most hillslopes' area", views=INPUTS
    ),
    Column(
        "kslast_mm_h",
        "kslast",
        REAL,
        "Conductivity below the soil profile, as most of the hillslopes' area has it. It decides how much water "
        "drains to depth instead of running off or moving sideways: the single most important soil setting",
        "mm/h",
        short=True,
        views=INPUTS,
    ),
    Column("kslast_mm_h_min", "Least kslast", REAL, "The least of its hillslopes", "mm/h", on_page=False),
    Column("kslast_mm_h_max", "Largest kslast", REAL, "The largest of its hillslopes", "mm/h", on_page=False),
    Column(
        "station", "Station", TEXT, "Whose statistics or records the weather was made from, by name", views=INPUTS
    ),
    Column("station_id", "Station id", TEXT, "The station's number", on_page=False),
    Column(
        "station_distance_km",
        "Station distance",
        REAL,
        "From the watershed's middle to the station",
        "km",
        0,
        views=INPUTS,
    ),
    Column(
        "above_station_m",
        "Above station",
        REAL,
        "How much higher the watershed's mean elevation is than the station",
        "m",
        0,
        views=INPUTS,
    ),
    Column("weather", "Weather", TEXT, "Generated from the station's statistics, or a user's own", views=INPUTS),
    Column("years", "Years", COUNT, "Years of weather", "", 0, views=INPUTS),
    Column("averaged_years", "Averaged", COUNT, "Years that the means are taken over", "", 0, on_page=False),
    Column("synthetic", "Synthetic", TEXT, "Tasks that read a map marked as synthetic, not observed", views=INPUTS),
)
_RESULTS = (
    _result("precip_mm_yr", "Precipitation", "Mean precipitation, rain and snow", "mm/yr", 0),
    _result("et_mm_yr", "ET", "Mean evapotranspiration, interception included", "mm/yr", 0),
    _result("runoff_mm_yr", "Surface runoff", "Mean surface runoff at the outlet", "mm/yr", 1),
    _result(
        "streamflow_mm_yr",
        "Streamflow",
        "Mean flow at the outlet: surface runoff, lateral flow, baseflow and rain on channels",
        "mm/yr",
        1,
    ),
    Column(
        "largest_peak_m3_s",
        "Largest peak",
        REAL,
        "The largest peak flow of all years at the outlet",
        "m³/s",
        2,
        views=PEAKS,
    ),
    *(
        Column(
            f"peak_{years}yr_m3_s",
            f"{years}-year peak",
            REAL,
            f"The peak flow at the outlet that is reached or exceeded once in {years} years, of the annual maxima "
            "after Weibull; empty where the record is too short",
            "m³/s",
            2,
            views=PEAKS,
        )
        for years in PEAK_PERIODS_YEARS
    ),
    _result("soil_loss_t_ha_yr", "Soil loss", "Mean soil detached on hillslopes, by their area", "t/ha/yr", 3),
    _result("sediment_yield_t_yr", "Sediment yield", "Mean mass of sediment that leaves at the outlet", "t/yr", 1),
    _result(
        "sediment_yield_t_ha_yr",
        "Yield by area",
        "Mean sediment that leaves at the outlet, by the area that was simulated",
        "t/ha/yr",
        3,
    ),
    _result(
        "sediment_delivery_ratio",
        "Delivery ratio",
        "Sediment that leaves at the outlet by all that was detached on hillslopes and in channels",
        "1",
        2,
        on_page=False,
    ),
)
_ASH = (
    *(
        Column(key, label, REAL, f"{what}; ash after a fire in any year", unit, digits, views=ASH)
        for key, label, what, unit, digits in (
            ("ash_initial_t", "Ash", "What the fire leaves", "t", 0),
            ("ash_transport_t", "Moved", "What runoff and wind move in the first year, mean of all fires", "t", 0),
            ("ash_transport_percent", "Of all", "Its share of what the fire left", "%", 0),
            ("ash_wind_t", "By wind", "What wind moves in the first year, mean of all fires", "t", 0),
            ("ash_low_t", "From low severity", "Moved by runoff in the first year, mean of all fires", "t", 0),
            ("ash_moderate_t", "From moderate", "Moved by runoff in the first year, mean of all fires", "t", 0),
            ("ash_high_t", "From high", "Moved by runoff in the first year, mean of all fires", "t", 0),
            ("ash_day_2yr_t", "Largest day, 2 years", "Moved by runoff on the first year's largest day", "t", 0),
            ("ash_day_10yr_t", "Largest day, 10 years", "As much or more after one fire in ten", "t", 0),
            ("ash_day_25yr_t", "Largest day, 25 years", "As much or more after one fire in 25", "t", 0),
            ("ash_reservoir_percent", "Of the reservoir", "Volume that runoff brings in the first year", "%", 2),
        )
    ),
)
_WORK = (
    Column("engine", "Engine", TEXT, "What simulated it", views=WORK),
    Column(
        "closure_mm_max",
        "Water balance",
        REAL,
        "The largest miss of any day's water balance, of a hillslope or of the whole",
        "mm",
        style="power",
        views=WORK,
    ),
    Column("wall_s", "Time", REAL, "Time of all tasks, one after the other", "s", 1, style="seconds", views=WORK),
    Column("max_rss_mb", "Memory", REAL, "The largest process of all tasks", "MB", 0, views=WORK),
    Column("warnings", "Warnings", TEXT, "What the tasks said beside their results", on_page=False),
    Column("finished_at", "Finished", TEXT, "When the last of its tasks finished (UTC)", on_page=False),
    *(
        Column(f"{task}_s", spec.label, REAL, f"Time of the task {task}", "s", 1, on_page=False)
        for task, spec in graph.TASKS.items()
    ),
    Column("scenarios_s", "Its scenarios", REAL, "Time of the tasks of all scenarios", "s", 1, on_page=False),
)
RUN_COLUMNS: tuple[Column, ...] = (*_RUN, *_TERRAIN, *_INPUTS, *_RESULTS, *_ASH, *_WORK)
RUN_SCHEMA = pa.schema([pa.field(column.key, column.type) for column in RUN_COLUMNS])
