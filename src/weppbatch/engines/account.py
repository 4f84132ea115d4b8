"""The watershed's books: what came in, what left, what stayed, day by day; the balance, and the means over years.

Hillslopes and channels are added one by one; only sums are kept.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from weppbatch.engines.land_use import ByLandUse
from weppbatch.engines.protocol import Summary, WatershedOptions
from weppbatch.engines.watershed import Watershed
from weppbatch.engines.years import Years
from weppbatch.errors import EngineError
from weppbatch.hydrology.channel import ChannelResult, Flow
from weppbatch.hydrology.groundwater import Groundwater, GroundwaterOptions
from weppbatch.hydrology.state import Floats, HillslopeResult

CLOSURE_MM = 1e-5  # a day that misses more than this is a fault; hillslopes promise 1e-6
CLOSURE_SHARE = 1e-9  # of the sediment that moved
CLASS_NAMES = ("clay", "silt", "small_aggregates", "large_aggregates", "sand")
WATER = (
    *("precip", "rain_melt", "transpiration", "soil_evaporation", "snow_evaporation"),
    *("interception", "percolation", "soil_water", "snow_water", "canopy_water"),
)


class Account:
    """Daily sums over a watershed: water in m3, sediment in kg."""

    def __init__(self, watershed: Watershed, years: Years, groundwater: GroundwaterOptions) -> None:
        days = years.date.size
        self.watershed, self.years, self.groundwater = watershed, years, groundwater
        self.water_m3: dict[str, Floats] = {name: np.zeros(days) for name in WATER}
        self.stored_m3, self.deep_loss_m3, self.transmission_loss_m3 = np.zeros((3, days))
        self.soil_loss_kg, self.hillslope_deposited_kg, self.hillslope_kg = np.zeros((3, days))
        self.detached_kg, self.deposited_kg = np.zeros((2, days))
        self.hillslope_closure_mm = 0.0
        self.initial_groundwater_m3 = 0.0
        self.by_land_use = ByLandUse()

    def add_hillslope(self, result: HillslopeResult) -> None:
        """Enter one hillslope's days."""
        for name, series in self.water_m3.items():
            series += getattr(result, f"{name}_mm") * (result.area_m2 / 1000.0)
        self.soil_loss_kg += result.detached_kg
        self.hillslope_deposited_kg += result.deposited_kg
        self.hillslope_kg += result.sediment_kg
        self.hillslope_closure_mm = max(self.hillslope_closure_mm, result.closure_mm)

    def add_channel(self, result: ChannelResult, stored: Groundwater) -> None:
        """Enter one channel's days, and those of the groundwater beside it."""
        self.stored_m3 += stored.storage_m3
        self.deep_loss_m3 += stored.deep_loss_m3
        self.initial_groundwater_m3 += stored.initial_m3
        self.transmission_loss_m3 += result.transmission_loss_m3
        self.detached_kg += result.detached_kg
        self.deposited_kg += result.deposited_kg

    @property
    def et_m3(self) -> Floats:
        """Evapotranspiration: of plants, soil and snow, and of water on leaves and litter."""
        parts = ("transpiration", "soil_evaporation", "snow_evaporation", "interception")
        return sum((self.water_m3[name] for name in parts), np.zeros(self.years.date.size))

    @property
    def all_stored_m3(self) -> Floats:
        """What is stored at the end of each day in soil, snow, canopy and ground."""
        parts = ("soil_water", "snow_water", "canopy_water")
        return sum((self.water_m3[name] for name in parts), self.stored_m3.copy())

    def gained_m3(self, outlet: Flow) -> Floats:
        """What fell on hillslopes and channels each day less what evaporated, flowed out or was lost to depth."""
        gained_m3: Floats = self.water_m3["precip"] + outlet.rain_m3 - self.et_m3
        return gained_m3 - outlet.streamflow_m3 - self.deep_loss_m3

    def missing_mm(self, outlet: Flow) -> Floats:
        """What each day's water balance misses, from the second day on, in mm over the watershed.

        What the day gained = the change of what is stored in soil, snow, canopy and ground.
        """
        missing_m3: Floats = self.gained_m3(outlet)[1:] - np.diff(self.all_stored_m3)
        return missing_m3 / (self.watershed.area_m2 / 1000.0)

    def missing_kg(self, outlet: Flow) -> Floats:
        """What each day's sediment balance misses: what was detached less what was deposited less what left."""
        on_land_kg = self.soil_loss_kg - self.hillslope_deposited_kg
        in_channels_kg = self.detached_kg - self.deposited_kg
        missing_kg: Floats = on_land_kg + in_channels_kg - outlet.sediment_kg.sum(axis=1)
        return missing_kg

    def daily(self, outlet: Flow) -> Mapping[str, Any]:
        """The columns of outlet_daily."""
        per_mm = self.watershed.area_m2 / 1000.0
        depths = {f"{name}_mm": series / per_mm for name, series in self.water_m3.items()}
        depths["precip_mm"] = (self.water_m3["precip"] + outlet.rain_m3) / per_mm
        classes = {f"{name}_kg": outlet.sediment_kg[:, kind] for kind, name in enumerate(CLASS_NAMES)}
        return (
            depths
            | classes
            | {
                "date": self.years.date,
                "et_mm": self.et_m3 / per_mm,
                "groundwater_mm": self.stored_m3 / per_mm,
                "deep_loss_mm": self.deep_loss_m3 / per_mm,
                "runoff_m3": outlet.runoff_m3,
                "lateral_m3": outlet.lateral_m3,
                "baseflow_m3": outlet.baseflow_m3,
                "rain_on_channels_m3": outlet.rain_m3,
                "transmission_loss_m3": self.transmission_loss_m3,
                "streamflow_m3": outlet.streamflow_m3,
                "streamflow_mm": outlet.streamflow_m3 / per_mm,
                "peak_m3_s": outlet.total_peak_m3_s,
                "hillslope_sediment_kg": self.hillslope_kg,
                "channel_detached_kg": self.detached_kg,
                "channel_deposited_kg": self.deposited_kg,
                "sediment_kg": outlet.sediment_kg.sum(axis=1),
            }
        )

    def summary(self, outlet: Flow, options: WatershedOptions) -> Summary:
        """Means, extremes and balances of the whole. Raises EngineError when a balance doesn't close."""
        return (
            self._sizes()
            | self._water(outlet)
            | self._sediment(outlet)
            | self._balances(outlet)
            | (_phosphorus_kg(self.years, outlet, options) if options.phosphorus else {})
            | {"land_use": self.by_land_use.rows(), "options": asdict(options)}
        )

    def _sizes(self) -> Summary:
        watershed, years = self.watershed, self.years
        conductivity = [item.soil.kslast_mm_h for item in watershed.hillslopes if item.soil.restrictive]
        return {
            "runid": watershed.runid,
            "station": watershed.climate.station,
            "first_year": years.first_year,
            "years": years.simulated,
            "averaged_years": years.averaged,
            "hillslopes": len(watershed.hillslopes),
            "channels": len(watershed.channels),
            "area_ha": watershed.area_m2 / 1e4,
            "hillslope_area_ha": watershed.hillslope_area_m2 / 1e4,
            "basin_area_ha": watershed.basin_area_m2 / 1e4,
            "kslast_mm_h_min": min(conductivity, default=None),
            "kslast_mm_h_max": max(conductivity, default=None),
        }

    def _water(self, outlet: Flow) -> Summary:
        """Mean depths a year over the simulated area."""
        per_mm, mean = self.watershed.area_m2 / 1000.0, self.years.mean
        depths = {
            "precip": self.water_m3["precip"] + outlet.rain_m3,
            "rain_melt": self.water_m3["rain_melt"] + outlet.rain_m3,
            "transpiration": self.water_m3["transpiration"],
            "soil_evaporation": self.water_m3["soil_evaporation"],
            "snow_evaporation": self.water_m3["snow_evaporation"],
            "interception": self.water_m3["interception"],
            "et": self.et_m3,
            "percolation": self.water_m3["percolation"],
            "transmission_loss": self.transmission_loss_m3,
            "deep_loss": self.deep_loss_m3,
            "runoff": outlet.runoff_m3,
            "lateral": outlet.lateral_m3,
            "baseflow": outlet.baseflow_m3,
            "rain_on_channels": outlet.rain_m3,
            "streamflow": outlet.streamflow_m3,
        }
        peak = self.years.counted * outlet.total_peak_m3_s
        return {f"{name}_mm_yr": mean(series) / per_mm for name, series in depths.items()} | {
            "storage_change_mm_yr": self.years.change(self.all_stored_m3, self.gained_m3(outlet)) / per_mm,
            "streamflow_m3_yr": mean(outlet.streamflow_m3),
            "runoff_days_yr": mean(outlet.runoff_m3 > 0),
            "largest_peak_m3_s": float(peak.max()),
            "largest_peak_date": str(self.years.date[peak.argmax()]) if peak.any() else None,
        }

    def _sediment(self, outlet: Flow) -> Summary:
        """Mean masses a year, in tonnes."""
        mean, hectares = self.years.mean, self.watershed.area_m2 / 1e4
        classes_t = [mean(outlet.sediment_kg[:, kind]) / 1000.0 for kind in range(len(CLASS_NAMES))]
        soil_loss, detached = mean(self.soil_loss_kg) / 1000.0, mean(self.detached_kg) / 1000.0
        yielded, loosened = sum(classes_t), soil_loss + detached
        return {
            "soil_loss_t_yr": soil_loss,
            "soil_loss_t_ha_yr": soil_loss / (self.watershed.hillslope_area_m2 / 1e4),
            "hillslope_deposition_t_yr": mean(self.hillslope_deposited_kg) / 1000.0,
            "hillslope_yield_t_yr": mean(self.hillslope_kg) / 1000.0,
            "channel_detached_t_yr": detached,
            "channel_deposited_t_yr": mean(self.deposited_kg) / 1000.0,
            "sediment_yield_t_yr": yielded,
            "sediment_yield_t_ha_yr": yielded / hectares,
            "sediment_delivery_ratio": yielded / loosened if loosened > 0 else None,
            "sediment_class_shares": {
                name: mass / yielded if yielded > 0 else None
                for name, mass in zip(CLASS_NAMES, classes_t, strict=True)
            },
        }

    def _balances(self, outlet: Flow) -> Summary:
        """The largest misses of any day; raises EngineError when one is too large or not a number."""
        missing_mm, missing_kg = (
            float(np.abs(series).max(initial=0.0)) for series in (self.missing_mm(outlet), self.missing_kg(outlet))
        )
        water_mm = max(missing_mm, self.hillslope_closure_mm)
        moved_kg = float((self.soil_loss_kg + self.detached_kg).max(initial=0.0))
        if not water_mm <= CLOSURE_MM or not missing_kg <= CLOSURE_SHARE * max(moved_kg, 1.0):
            raise EngineError(
                f"the balances of run {self.watershed.runid} don't close: "
                f"{water_mm:g} mm of water, {missing_kg:g} kg of sediment in a day",
                hint="this is a fault of weppbatch; please report it with the run's files",
            )
        return {
            "closure_mm_max": water_mm,
            "hillslope_closure_mm_max": self.hillslope_closure_mm,
            "sediment_closure_kg_max": missing_kg,
        }


def _phosphorus_kg(years: Years, outlet: Flow, options: WatershedOptions) -> Summary:
    """Mean loads a year: each kind of water and the sediment times its concentration (1 mg/L = 1 g/m3)."""
    given = options.phosphorus
    if given is None:
        return {}
    loads = {
        "runoff": years.mean(outlet.runoff_m3) * given.runoff_mg_l / 1000.0,
        "lateral": years.mean(outlet.lateral_m3) * given.lateral_mg_l / 1000.0,
        "baseflow": years.mean(outlet.baseflow_m3) * given.baseflow_mg_l / 1000.0,
        "sediment": years.mean(outlet.sediment_kg.sum(axis=1)) * given.sediment_mg_kg / 1e6,
    }
    return {f"phosphorus_{name}_kg_yr": load for name, load in loads.items()} | {
        "phosphorus_kg_yr": sum(loads.values())
    }
