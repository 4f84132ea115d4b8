"""The names of the numbers of plants that grow: the columns of their tables, and their state.

Days are days of the year, 0 for none; masses kg/m2, lengths m, covers and shares fractions. Nothing is computed.
"""

from typing import NamedTuple

from weppbatch.hydrology.state import Floats

ANNUAL, PERENNIAL, FALLOW = 1, 2, 3

# columns of plants: NSERL Report 10, ch. 8 and 9; WEPP's names in brackets
CANOPY_RATE, HEIGHT_RATE, ENERGY, BASE_C, RESIDUE_RATE = range(5)  # (bb, bbb, beinp, btemp, cf)
EMERGENCE, CRITICAL, CUT_HEIGHT, CANOPY_KEPT, STEM_M = range(5, 10)  # (crit, critvm, cuthgt, decfct, diam)
DECLINE, BIOMASS_KEPT, EXTINCTION, STANDING_KEPT, FRICTION = range(10, 15)  # (dlai, dropfc, extnct, fact, flivmx)
HEAT_SUM, HARVEST_SHARE, MOST_HEIGHT, FRAGILE, DECAY = range(15, 20)  # (gddmax, hi, hmax, mfocod, oratea)
ROOT_DECAY, OPTIMAL_C, TOLERANCE, SPACING, MOST_DEPTH = range(20, 25)  # (orater, otemp, pltol, pltsp, rdmax)
ROOT_SHARE, MOST_ROOTS, FALL_DAYS, HOT_C, COLD_C, MOST_LEAVES = range(25, 31)  # (rsr, rtmmax, spriod, tmpmax ...)
PLANT_COLUMNS = 31

# columns of crops; the last two are rows of the passes from the first to before the last
PLANT, KIND, PLANTED, HARVESTED, STOPPED, ROW_WIDTH = range(6)
AFTER, AFTER_DAY, AFTER_STANDING, AFTER_FLAT = range(6, 10)  # what is done with an annual's residue: 1 to 4
FIRST_TILLAGE, LAST_TILLAGE, FIRST_CUT, LAST_CUT = range(10, 14)
CROP_COLUMNS = 14
HERBICIDE, BURNT, SILAGE, MOWN = range(1, 5)

# columns of tillage, each an operation on a day
DAY, CODE, DEPTH, PRIMARY, RIDGE, ROUGHNESS, DISTURBED, IMPLEMENT_DEPTH = range(8)
BURIED_BETWEEN, BURIED_RILL = 8, 10  # each of fragile residue, and of other in the next column
ADDED_PLANT, ADDED, REMOVED = range(12, 15)
TILLAGE_COLUMNS = 15
MOST_PLAIN_TILLAGE, ADDS, REMOVES = 4, (10, 12), (11, 13)

# columns of cuts and of grazing: a cut has no last day
FIRST_DAY, LAST_DAY, ANIMALS, FIELD_M2, WEIGHT_KG, DIGESTIBLE = range(6)
CUT_COLUMNS = 6

# the soil and the field, which stay as they are
KI, KR, KI_RATIO, KR_RATIO, SHEAR_RATIO, SOIL_DEPTH, RIDGE_M, ORGANIC = range(8)
RILLS_TEMPORARY = 8
GROUND_COLUMNS = 9

# the state of the plants
BIOMASS, CANOPY, HEIGHT, LEAVES, HEAT, ROOTS, ROOTS_150, ROOTED, STANDING = range(9)
PEAK, PEAK_CANOPY, YIELD_SHARE, YIELD_GROWTH, FALLEN_DAYS, FALLING = range(9, 15)
FROZEN, HOT, COOL_DAYS, YOUNG, STANDING_FULL, STEM_COVER = range(15, 21)
YEAR, TURN, DISTURBED_DAYS, STRESS = range(21, 25)
GROWN, DECAYED, TAKEN, BROUGHT = range(25, 29)  # sums of all days above the roots: closes what stands and lies
PLANT_STATES = 29

# rows of the three pools of dead matter: flat in rills and between them, buried, roots; and their properties
ON_RILL, ON_GROUND, BURIED, DEAD_ROOTS, RATE, ROOT_RATE, COVERING, OF_PLANT = range(8)
POOL_ROWS = 8


class Growing(NamedTuple):
    """A field's rotation as the day loop reads it; no plants at all where the cover is static.

    `years` and `switches` have a row a year: the crops by number (-1 for none), and the day after which each gives
    way to the next.
    """

    plants: Floats
    crops: Floats
    years: Floats
    switches: Floats
    tillage: Floats
    cuts: Floats
    ground: Floats
    now: Floats
    pools: Floats
