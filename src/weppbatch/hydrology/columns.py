"""The names of the day loop's numbers: a hillslope's record, its layers' rows, the weather's columns, the state.

Compiled code reads plain arrays; here is what stands where. Nothing is computed.
"""

import numpy as np

# rows of Site.layers, mm and mm/h
THICKNESS, FOOT, CAPACITY, UPPER, KSAT, EXPONENT, THRESHOLD, ANISOTROPY, WILTING = range(9)
HEAT, SR_CAPACITY, SR_WILTING, SR_POROSITY, SR_ENTRY, SR_B, SR_KSAT = range(9, 16)
LOG_CAPACITY, LOG_POROSITY, WETTED = range(16, 19)  # of Saxton & Rawls's; the share of what infiltrates

# rows of what a layer's ice leaves of its conductivity (mm/h, across and down), and its frozen thickness (mm);
# of the water (mm) that stays in it, that it must have to flow sideways, and that it has room for
LATERAL_K, SERIES_K, ICE_DEPTH = range(3)
HELD, LEAST, ROOM = range(3, 6)
NOW_ROWS = 6

# rows of the sheets that freezing layers are divided into (mm); FROM_TOP: what is thawed lies above the ice
OF_LAYER, HEIGHT, LIQUID, ICE, FROZEN, FROM_TOP = range(6)
KNOWN_WET, POTENTIAL_M, CONDUCTS = range(6, 9)  # the content that the other two were computed for
DRY, PER_MM, PAIR_MM = range(9, 12)  # what stays: wilting point, 1 / height, water per difference in content below
MELTED = 12  # the share of a sheet's ice that has melted within it
SHEET_ROWS = 13

# rows of Site.sun, a column a day of the year
SLOPE_LY, LEVEL_LY, SLOPE_HALF_DAY = range(3)

# columns of the weather table
PRECIP, DURATION, TP, IP, TMAX, TMIN, TDEW, WIND, RADIATION, POTENTIAL, DAY_OF_YEAR = range(11)
REFERENCE, RECEIVED, OUTGOING, PER_MJ, BY_WIND = range(11, 16)
SHARPEST, FIRST_STEP, STEPS = range(16, 19)  # of the storm: its highest rate, and where its steps stand
CLOUD, BEAM_SHARE, SUN_SHARE = range(19, 22)  # and, from SUN_SHARE on, each hour's share of the radiation
WEATHER_COLUMNS = SUN_SHARE + 24

# the settings, an array
THRESHOLD_C, NEW_DENSITY, SETTLED_DENSITY, KCB, RAWP, STORM_STEPS, METHOD, DRAINAGE_STEPS = range(8)
LATITUDE, GROUND_MEAN, GROUND_SWING, GROUND_SHIFT, FROST_ON, ROUTED = range(8, 14)  # ROUTED: storms between points

# the state beside the layers' water
PACK, DENSITY, CANOPY_STORE, STAGE_ONE, STAGE_TWO, STAGE_DAYS = range(6)
RILL_WIDTH, ENERGY, RAIN, DAYS, ROUGHNESS, SETTLED = range(6, 12)
SNOW_AGE, EVENING_C, FROST, THAWED, CYCLES, STAGE, FROSTLESS, WAS_THAWED = range(12, 20)
ICE_FROM, ICE_TO, FULL_TO = range(20, 23)  # sheets counted from 1: first and last with ice, and how many are full
HEAT_FROM, BELOW_C, BELOW_M2K_W = range(23, 26)  # the sheet (from 1) that heat from below is known for; 0: none
STATES = 26

# a day's amounts of water in mm, as `day_water.drain_and_evaporate` fills them
PERCOLATION, LATERAL, RETURN_FLOW, FROM_SOIL, FROM_SNOW, TRANSPIRATION, FROM_CATCH, WANTED = range(8)
AMOUNTS = 8

FIELDS = (
    "length_m",
    "width_m",
    "mean_slope",
    "sine",
    "friction_rill",
    "friction_live",
    "rill_spacing_m",
    "rill_width_m",
    "litter_m",
    "frozen_k_share",
    "ki_factor",
    "kr_factor",
    "ke_mm_h",
    "ksatadj",
    "lkeff_mm_h",
    "ksflag",
    "suction_mm",
    "porosity_top",
    "capacity_top",
    "wilting_top",
    "rock_top",
    "ksat_min_mm_h",
    "crust",
    "crust_rate",
    "cover_wet",
    "cover_dry",
    "perennial",
    "base_mm_h",
    "initial_saturation",
    "ki",
    "kr",
    "tauc",
    "shear_aged",
    "clay",
    "interrill_cover",
    "roughness_m",
    "wear_rate",
    "loose_kg_m3",
    "settled_kg_m3",
    "rain_before_m",
    "days_before",
    "velocity_m_s",
    "sand",
    "shear_most",
    "albedo",
    "bare_share",
    "leaf_area",
    "extinction",
    "height_m",
    "root_mm",
    "stress",
    "canopy",
    "canopy_mm",
    "residue_mm",
    "stage_one_mm",
    "total_evaporable_mm",
    "readily_evaporable_mm",
    "total_available_mm",
)
SITE = np.dtype([(name, np.float64) for name in FIELDS])
