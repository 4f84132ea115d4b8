"""Wepp: which engine runs a watershed, and with which options; settings only."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from weppbatch.nodb.base import NoDbBase


class Wepp(NoDbBase):
    """Settings of the task wepp. Names and defaults are those of WEPPcloud, with units."""

    filename: ClassVar[str] = "wepp.nodb"
    RENAMED: ClassVar[dict[str, str]] = {
        "wepp_ui": "wepp_ui",
        "pmet": "pmet",
        "pmet_kcb": "pmet_kcb",
        "pmet_rawp": "pmet_rawp",
        "frost": "frost",
        "snow": "snow",
        "tcr": "tcr",
    }

    engine: Literal["embedded", "wepp"] = Field(
        default="embedded", description="embedded: weppbatch's own; wepp: the executable named in wepp_executable"
    )
    wepp_executable: str = Field(
        default="", description="path of a WEPP executable for engine wepp; empty: that of WEPP_EXE"
    )
    wepp_timeout_s: float = Field(
        default=0, ge=0, le=1e6, description="s; how long one call of WEPP may take; 0: 60 and 2 a year"
    )
    wepp_max_hillslopes: int = Field(
        default=75, ge=1, le=100_000, description="hillslopes that the executable holds; 75 in the stock build"
    )
    wepp_max_channels: int = Field(
        default=75, ge=1, le=100_000, description="channels that the executable holds; 75 in the stock build"
    )
    wepp_ui: bool = Field(
        default=True, description="whether seepage is computed by the hour (wepp_ui.txt) instead of by the day"
    )

    pmet: bool = Field(
        default=True, description="whether evapotranspiration is FAO-56 with the two below; else Penman's of 1963"
    )
    pmet_kcb: float = Field(
        default=0.95, ge=0.1, le=2, description="mid-season crop coefficient; 1.2 raises, 0.65 lowers transpiration"
    )
    pmet_rawp: float = Field(default=0.8, ge=0, le=1, description="readily available part of the soil's water")
    frost: bool = Field(
        default=True, description="whether the soil freezes, as in WEPP; False: embedded engine only"
    )
    snow: bool = Field(default=True, description="whether snow is computed with the options below")
    snow_rst_c: float = Field(
        default=0.0, ge=-10, le=10, description="degrees C; rain turns to snow below it; -2 is advised for gridMET"
    )
    snow_new_density_kg_m3: float = Field(default=100.0, ge=10, le=900, description="kg/m3; density of new snow")
    snow_settled_density_kg_m3: float = Field(
        default=250.0, ge=10, le=900, description="kg/m3; density of settled snow"
    )

    baseflow: bool = Field(default=True, description="whether a linear groundwater reservoir feeds the channels")
    gwstorage_mm: float = Field(default=200.0, ge=0, le=10_000, description="mm; groundwater at the start")
    bfcoeff_per_day: float = Field(
        default=0.04, ge=0, le=1, description="per day; share of groundwater that flows out (0.01 to 0.10 is usual)"
    )
    dscoeff_per_day: float = Field(
        default=0.0, ge=0, le=1, description="per day; share of groundwater that is lost to depth"
    )
    bfthreshold_ha: float = Field(default=1.0, ge=0, le=1e6, description="ha; watersheds below it have no baseflow")

    channel_erodibility_s_m: float = Field(default=1e-6, ge=0, le=1, description="s/m; erodibility of channels")
    channel_critical_shear_n_m2: float = Field(
        default=19.0,
        gt=0,
        le=1000,
        description="N/m2; shear from which on channels erode; about the bed's D50 in mm",
    )
    channel_manning_bare: float = Field(default=0.03, gt=0, le=1, description="Manning's n of a bare channel")
    channel_manning_vegetated: float = Field(
        default=0.04, gt=0, le=1, description="Manning's n of a channel with vegetation"
    )
    channel_avke_mm_h: float = Field(
        default=10.0, ge=0, le=1000, description="mm/h; effective conductivity of the channels' soil"
    )
    channel_routing: Literal["creams", "muskingum_cunge"] = Field(
        default="creams", description="how peaks are found in channels; embedded: creams"
    )
    channel_interval_s: int = Field(
        default=600, ge=10, le=3600, description="s; time step of muskingum_cunge; 60 for a single storm"
    )

    tcr: bool = Field(
        default=False,
        description="whether critical shear depends on the channel's slope; not with the embedded engine",
    )
    tcr_taumin_n_m2: float = Field(default=35.0, gt=0, le=1000, description="N/m2; least critical shear")
    tcr_taumax_n_m2: float = Field(default=70.0, gt=0, le=1000, description="N/m2; largest critical shear")
    tcr_k: float = Field(default=0.02, gt=0, le=10, description="coefficient of the slope in critical shear")
    tcr_n: float = Field(default=1.0, gt=0, le=10, description="exponent of the slope in critical shear")

    phosphorus: bool = Field(
        default=False, description="whether phosphorus is computed from the four concentrations"
    )
    phosphorus_runoff_mg_l: float | None = Field(default=None, ge=0, le=1000, description="mg/L; in surface runoff")
    phosphorus_lateral_mg_l: float | None = Field(default=None, ge=0, le=1000, description="mg/L; in lateral flow")
    phosphorus_baseflow_mg_l: float | None = Field(default=None, ge=0, le=1000, description="mg/L; in baseflow")
    phosphorus_sediment_mg_kg: float | None = Field(default=None, ge=0, le=1e6, description="mg/kg; on sediment")

    warm_up_years: int = Field(
        default=0, ge=0, le=100, description="first years left out of averages and return periods"
    )
    hillslope_daily: bool = Field(
        default=False, description="whether every hillslope's days are written (wepp/hillslope_daily.parquet)"
    )
    keep_text_files: bool = Field(
        default=False,
        description="engine wepp: whether its own files are kept; for its inputs alone: weppbatch export",
    )

    @model_validator(mode="after")
    def _complete(self) -> "Wepp":
        """Options that need each other."""
        if self.tcr_taumin_n_m2 > self.tcr_taumax_n_m2:
            raise ValueError("tcr_taumin_n_m2 must not exceed tcr_taumax_n_m2")
        if self.bfcoeff_per_day + self.dscoeff_per_day > 1:
            raise ValueError("bfcoeff_per_day and dscoeff_per_day together must not exceed 1")
        concentrations = (
            self.phosphorus_runoff_mg_l,
            self.phosphorus_lateral_mg_l,
            self.phosphorus_baseflow_mg_l,
            self.phosphorus_sediment_mg_kg,
        )
        if self.phosphorus and None in concentrations:
            raise ValueError("phosphorus needs all four phosphorus_... concentrations")
        return self

    def problems(self) -> list[str]:
        """Settings that the chosen engine doesn't compute: none is passed over in silence."""
        if self.engine == "wepp":
            own = (True, 0.0, 100.0, 250.0)
            asked = (self.snow, self.snow_rst_c, self.snow_new_density_kg_m3, self.snow_settled_density_kg_m3)
            return [] if asked == own else ["snow: WEPP's own snow has a threshold of 0 and densities 100 and 250"]
        unknown = {
            "tcr": (self.tcr, "the embedded engine's critical shear doesn't depend on the channel's slope"),
            "channel_routing": (self.channel_routing != "creams", "the embedded engine knows creams only"),
        }
        return [f"{name}: {why}" for name, (asked, why) in unknown.items() if asked]
