"""The list of tasks: what each is called, what it follows, what configures it and which files it makes.

Rules, checklist, ledger, plan and report all read it, by way of `graph`. Light: the standard library alone.
"""

from weppbatch.tasks.spec import TaskSpec

CONTROL_FILES = tuple(
    f"{name}.nodb"
    for name in ("ron", "watershed", "landuse", "soils", "climate", "wepp", "ash", "omni", "disturbed")
)
_SOIL_PROPERTIES = ("sand_map", "clay_map", "bulk_density_map", "organic_carbon_map", "soil_depth_map")
_CHANNELS = ("csa_ha", "mcl_m", "fill_or_breach", "blc_dist_m", "flat_increment_m", "max_junctions")
WEPP_DECLARED = (
    *("wepp/hillslopes.parquet", "wepp/channels.parquet", "wepp/outlet_daily.parquet"),
    *("wepp/hillslope_wet_days.parquet", "wepp/events.parquet", "wepp/return_periods.parquet"),
    "wepp/summary.json",
)
WEPP_FILES = (*WEPP_DECLARED[:-1], "wepp/hillslope_daily.parquet", WEPP_DECLARED[-1])

_WORKSPACE = (
    TaskSpec(
        name="clone",
        label="Working directory",
        after=(),
        settings={},
        files=CONTROL_FILES,
    ),
    TaskSpec(
        name="extent",
        label="Extent",
        after=("clone",),
        settings={"ron": ("target_crs", "cell_size_m", "buffer_m")},
        files=("watershed.geojson", "extent.json"),
        reads_feature=True,
        point_settings={"ron": ("outlet_buffer_m",)},
    ),
)

_TERRAIN = (
    TaskSpec(
        name="dem",
        label="DEM",
        after=("extent",),
        settings={
            "ron": (
                *("dem", "dem_fallbacks", "dem_vertical_unit", "dem_resampling"),
                *("elevation_min_m", "elevation_max_m", "min_valid_fraction", "max_hole_cells", "min_relief_m"),
            )
        },
        files=("dem/dem.tif", "dem/provenance.json"),
        declared=("dem/dem.tif",),
        outside_files={"ron": ("dem", "dem_fallbacks")},
        # The window is fitted to the basin of the channel that the outlet is moved to.
        point_settings={"ron": ("buffer_m",), "watershed": ("outlet_reach_m", *_CHANNELS)},
    ),
    TaskSpec(
        name="outlet",
        label="Outlet",
        after=("dem",),
        settings={"watershed": (*_CHANNELS, "retry_iou", "flag_iou")},
        point_settings={"watershed": ("outlet_reach_m", "outlet_far_m")},
        files=(
            *(
                f"watershed/{name}.tif"
                for name in ("relief", "flovec", "floaccum", "netful", "chnjnt", "bound", "mask")
            ),
            "watershed/find_outlet.geojson",
            "watershed/outlet.geojson",
            "watershed/basin.geojson",
            "watershed/wbt.log",
        ),
        declared=("watershed/outlet.geojson",),
        engine="whitebox",
    ),
    TaskSpec(
        name="watershed",
        label="Watershed",
        after=("outlet",),
        settings={
            "watershed": (
                *("clip_hillslopes", "clip_hillslope_length_m", "min_hillslope_length_m"),
                *("bieger2015_widths", "profile_max_points"),
            )
        },
        files=(
            *("watershed/order.tif", "watershed/subwta.tif", "watershed/netw.tsv", "watershed/topaz.log"),
            *("watershed/hillslopes.parquet", "watershed/channels.parquet", "watershed/slopes.parquet"),
            *("watershed/subcatchments.geojson", "watershed/channels.geojson"),
        ),
        declared=("watershed/hillslopes.parquet", "watershed/channels.parquet"),
        engine="whitebox",
    ),
)

_PARAMETERS = (
    TaskSpec(
        name="landuse",
        label="Land use",
        after=("watershed",),
        settings={
            "landuse": ("mode", "landcover", "landcover_legend", "landcover_table", "single_key", "covers"),
            "disturbed": ("sbs_map", "outside_sbs", "burn_shrubs", "burn_grass", "canopy_map"),
        },
        files=("landuse/landuse.parquet",),
        declared=("landuse/landuse.parquet",),
        outside_files={"landuse": ("landcover", "landcover_table"), "disturbed": ("sbs_map", "canopy_map")},
        tables=("landcover", "worldcover", "covers"),
    ),
    TaskSpec(
        name="soils",
        label="Soils",
        after=("landuse",),
        settings={
            "soils": (
                *("mode", "soil_map", "soil_table", *_SOIL_PROPERTIES, "property_units", "missing_soil"),
                *("single_texture", "initial_saturation", "restrictive_ksat_mm_h", "kslast_mm_h"),
                *("default_kslast_mm_h", "min_depth_mm", "max_depth_mm", "internal_conductivity_adjustment"),
            ),
            "disturbed": ("soil_format", "lookup_table"),
        },
        files=("soils/soils.parquet", "soils/layers.parquet"),
        declared=("soils/soils.parquet", "soils/layers.parquet"),
        version=2,
        outside_files={"soils": ("soil_map", "soil_table", *_SOIL_PROPERTIES), "disturbed": ("lookup_table",)},
        tables=("soil_parameters", "soil_profiles", "fixed_soils"),
    ),
    TaskSpec(
        name="climate",
        label="Climate",
        after=("watershed",),
        settings={
            "climate": (
                *("mode", "station_selection", "station_id", "station_km_per_100m", "stations"),
                *("years", "seed", "cli_file"),
                *("observed_series", "observed_interpolation", "observed_start_year", "observed_end_year"),
                *("adjust_mx_pt5", "precip_scaling", "precip_scale_factor", "precip_monthly_factors"),
                "precip_map",
            )
        },
        files=("climate/climate.cli", "climate/climate.parquet"),
        declared=("climate/climate.parquet", "climate/climate.cli"),
        version=2,
        outside_files={"climate": ("cli_file", "stations", "observed_series", "precip_map")},
    ),
)

_MODEL = (
    TaskSpec(
        name="wepp",
        label="WEPP",
        after=("landuse", "soils", "climate"),
        settings={
            "wepp": (
                *("engine", "wepp_ui", "pmet", "pmet_kcb", "pmet_rawp", "frost"),
                *("snow", "snow_rst_c", "snow_new_density_kg_m3", "snow_settled_density_kg_m3"),
                *("baseflow", "gwstorage_mm", "bfcoeff_per_day", "dscoeff_per_day", "bfthreshold_ha"),
                *("channel_erodibility_s_m", "channel_critical_shear_n_m2", "channel_manning_bare"),
                *("channel_manning_vegetated", "channel_avke_mm_h", "channel_routing"),
                *("tcr", "tcr_taumin_n_m2", "tcr_taumax_n_m2", "tcr_k", "tcr_n"),
                *("phosphorus", "phosphorus_runoff_mg_l", "phosphorus_lateral_mg_l"),
                *("phosphorus_baseflow_mg_l", "phosphorus_sediment_mg_kg"),
                *("warm_up_years", "hillslope_daily", "wepp_executable", "channel_interval_s"),
            )
        },
        outside_files={"wepp": ("wepp_executable",)},
        folders=("wepp/runs",),
        files=WEPP_FILES,
        declared=WEPP_DECLARED,
        version=2,
        engine="embedded",
    ),
    TaskSpec(
        name="watar",
        label="Ash",
        after=("climate", "wepp"),
        settings={
            "ash": (
                *("model", "fire_month", "fire_day", "depth_mode", "black_depth_mm", "white_depth_mm"),
                *("black_load_t_ha", "white_load_t_ha", "load_map", "type_map"),
                *("black_density_g_cm3", "white_density_g_cm3", "final_density_g_cm3", "particle_density_g_cm3"),
                *("compaction_per_mm", "decomposition_per_mm", "roughness_mm"),
                *("black_erodibility_t_ha_mm", "white_erodibility_t_ha_mm", "final_erodibility_t_ha_mm"),
                *("black_organic_fraction", "white_organic_fraction", "wind_transport"),
                *("reservoir_capacity_m3", "reservoir_storage_percent"),
                *("contaminants", "contaminant_table", "hillslope_days"),
            )
        },
        files=(
            *("ash/hillslopes.parquet", "ash/hillslope_fires.parquet", "ash/hillslope_days.parquet"),
            *("ash/annuals.parquet", "ash/cumulatives.parquet", "ash/daily.parquet"),
            *("ash/daily_by_burn_class.parquet", "ash/return_periods.parquet", "ash/contaminants.parquet"),
            "ash/summary.json",
        ),
        declared=("ash/hillslopes.parquet", "ash/summary.json"),
        outside_files={"ash": ("load_map", "type_map", "contaminant_table")},
        tables=("contaminants",),
    ),
    TaskSpec(
        name="omni",
        label="Scenarios",
        after=("wepp",),
        settings={"omni": ("scenarios", "contrasts", "contrast_areas")},
        files=(
            *("omni/scenarios.parquet", "omni/hillslope_summaries.parquet", "omni/ranking.parquet"),
            *("omni/contrasts.parquet", "omni/contrast_hillslopes.parquet", "omni/summary.json"),
        ),
        declared=("omni/scenarios.parquet", "omni/summary.json"),
        outside_files={"omni": ("contrast_areas",)},
    ),
)

SPECS = (*_WORKSPACE, *_TERRAIN, *_PARAMETERS, *_MODEL)
