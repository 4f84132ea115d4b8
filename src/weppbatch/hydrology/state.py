"""What the hillslope engine takes and gives: one hillslope, the days' weather, the options, the daily results.

Plain dataclasses of floats and arrays with their units in their names; nothing here computes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Layers:
    """A soil's layers from the surface down, arrays of one length; `depth_mm` is the depth of a layer's foot.

    Sand, clay, organic matter and rock are percent by mass; field capacity and wilting point are volume fractions.
    A layer of an old soil file lacks bulk density, conductivity, field capacity or wilting point: NaN there, and
    `pedotransfer.completed` estimates them.
    """

    depth_mm: Floats
    bulk_density_g_cm3: Floats
    ksat_mm_h: Floats
    anisotropy: Floats
    field_capacity: Floats
    wilting_point: Floats
    sand_pct: Floats
    clay_pct: Floats
    organic_matter_pct: Floats
    cec_meq_100g: Floats
    rock_pct: Floats


@dataclass(frozen=True)
class SoilInput:
    """The soil under one hillslope.

    `kslast_mm_h` is the conductivity of what lies under the last layer; None when the soil names no restrictive
    layer: the last layer then drains freely. Its thickness None takes it as thick as the last layer (soil files
    before 7778). `ksatadj` 1 lets the conductivity vary with the surface's wetness (hydrophobic burned soil), never
    below `lkeff_mm_h`. `ksflag` 1 adjusts it daily for cover and crust, as WEPP's ksflag. `avke_mm_h` is that of
    the topmost 200 mm; None takes the layers' own.
    """

    layers: Layers
    albedo: float
    initial_saturation: float
    ki_kg_s_m4: float
    kr_s_m: float
    tauc_n_m2: float
    avke_mm_h: float | None = None
    ksatadj: int = 0
    lkeff_mm_h: float = 0.0
    kslast_mm_h: float | None = 0.01
    restrictive_thickness_mm: float | None = 10_000.0
    ksflag: int = 0


@dataclass(frozen=True)
class CoverInput:
    """The plants and the ground cover, constant through the years (fractions 0-1, metres, kg/m2).

    Defaults are the constants of WEPP's managements for undisturbed and burned forest (a perennial "cropland").
    None means: as high as plants get (`max_plant_height_m`), the full `max_lai` (`leaf_area_index`), and the
    biomass and residue that go with the canopy and interrill cover.
    """

    canopy_cover: float
    interrill_cover: float
    rill_cover: float
    plant_height_m: float
    max_lai: float
    rooting_depth_m: float
    random_roughness_m: float
    live_root_kg_m2: float = 0.2
    dead_root_kg_m2: float = 0.2
    buried_residue_kg_m2: float = 0.0
    max_plant_height_m: float | None = None
    leaf_area_index: float | None = None
    live_biomass_kg_m2: float | None = None
    residue_kg_m2: float | None = None
    max_friction: float = 17.0
    stem_diameter_m: float = 0.005
    light_extinction: float = 0.45
    water_stress_fraction: float = 0.1
    rill_spacing_m: float = 1.0
    rill_width_m: float = 0.15
    days_since_disturbance: float = 330.0
    rain_since_disturbance_mm: float = 400.0
    loose_bulk_density_g_cm3: float = 1.1


@dataclass(frozen=True)
class RotationInput:
    """What grows on a hillslope and what is done to it: tables with the columns of `crop_columns`.

    `years` has a row a year with the numbers of its crops, -1 for none; plants, crops, tillage and cuts are counted
    from 0. `residue_plant` is the plant whose residue lies there at the start.
    """

    plants: Floats
    crops: Floats
    tillage: Floats
    cuts: Floats
    years: Floats
    residue_plant: int
    ridge_height_m: float
    rills_temporary: bool


@dataclass(frozen=True)
class HillslopeInput:
    """One hillslope: its profile from top to foot (fraction of the length, slope m/m), its soil and its cover.

    With a `rotation`, the cover is that of the first day only.
    """

    name: str
    width_m: float
    length_m: float
    distance_fraction: Floats
    slope: Floats
    soil: SoilInput
    cover: CoverInput
    aspect_deg: float = 180.0
    rotation: RotationInput | None = None


@dataclass(frozen=True)
class DailyWeather:
    """The weather of consecutive days, arrays of one length.

    `tp` is the time to peak as a fraction of the storm's duration, `ip` its peak over its mean intensity (CLIGEN).
    `monthly_mean_c` are the station's twelve mean temperatures, from which those of the deep soil follow; None
    takes those of the days. Breakpoints, where given, take the place of duration, tp and ip: `breakpoint_start`
    holds, a day and one more, where the day's points begin in `breakpoint_time_h` and `breakpoint_depth_mm`
    (cumulative).
    """

    latitude_deg: float
    elevation_m: float
    year: Ints
    month: Ints
    day: Ints
    precip_mm: Floats
    duration_h: Floats
    tp: Floats
    ip: Floats
    tmax_c: Floats
    tmin_c: Floats
    radiation_ly: Floats
    wind_m_s: Floats
    tdew_c: Floats
    monthly_mean_c: Floats | None = None
    breakpoint_start: Ints | None = None
    breakpoint_time_h: Floats | None = None
    breakpoint_depth_mm: Floats | None = None

    @property
    def days(self) -> int:
        """How many days there are."""
        return int(self.precip_mm.size)


@dataclass(frozen=True)
class EngineOptions:
    """What is chosen for all hillslopes of a run.

    The defaults are those of WEPPcloud's forest runs: FAO-56 evapotranspiration with `kcb` and `rawp`, percolation
    and lateral flow by the hour. "penman" and one drainage step a day are those of WEPP without its side files.
    """

    snow_threshold_c: float = 0.0
    new_snow_density_kg_m3: float = 100.0
    settled_snow_density_kg_m3: float = 250.0
    evapotranspiration: Literal["fao56", "penman", "priestley_taylor"] = "fao56"
    kcb: float = 0.95
    rawp: float = 0.8
    drainage_steps_per_day: int = 24
    storm_steps: int = 10
    frost: bool = True


@dataclass(frozen=True)
class HillslopeResult:
    """One hillslope's days: arrays of `n` days (water as depth over the hillslope), classes `n` x 5.

    For each day, to 1e-6 mm: precip = runoff + lateral + percolation + transpiration + soil_evaporation +
    snow_evaporation + interception + change of (soil_water + snow_water + canopy_water); `closure_mm` is the
    largest error. `soil_water_mm` counts all water, also ice and what lies below the wilting point.
    `rain_melt_mm` is what reaches the canopy or the ground as water; `interception_mm` what evaporates from leaves
    and litter. In kg a day: detached - deposited = sediment. The peak never exceeds `max_excess_m3_s`. Sediment's
    five fractions (primary clay, silt, small aggregates, large aggregates, sand) are those of the soil.
    """

    name: str
    area_m2: float
    precip_mm: Floats
    rain_melt_mm: Floats
    runoff_mm: Floats
    lateral_mm: Floats
    percolation_mm: Floats
    transpiration_mm: Floats
    soil_evaporation_mm: Floats
    snow_evaporation_mm: Floats
    interception_mm: Floats
    soil_water_mm: Floats
    snow_water_mm: Floats
    canopy_water_mm: Floats
    peak_m3_s: Floats
    max_excess_m3_s: Floats
    runoff_duration_s: Floats
    detached_kg: Floats
    deposited_kg: Floats
    sediment_kg: Floats
    class_fractions: Floats
    closure_mm: float

    @property
    def et_mm(self) -> Floats:
        """Evapotranspiration of each day, in mm: of plants, soil, snow, and what leaves and litter caught."""
        return self.transpiration_mm + self.soil_evaporation_mm + self.snow_evaporation_mm + self.interception_mm
