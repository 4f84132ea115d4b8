"""What WEPP left of a hillslope and of the channels, as the daily series that the tables are made of.

In: WEPP's outputs in a folder. Out: the types of the embedded engine, checked to be of the days that were asked.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from weppbatch.engines.watershed import Hillslope, Watershed
from weppbatch.engines.years import Years
from weppbatch.formats.wepp_loss import (
    OutletEvents,
    WatershedLoss,
    read_hillslope_loss,
    read_outlet_events,
    read_watershed_loss,
)
from weppbatch.formats.wepp_numbers import UnreadableOutput
from weppbatch.formats.wepp_pass import CLASSES, read_pass
from weppbatch.formats.wepp_run import pass_file
from weppbatch.formats.wepp_water import DailyWater, read_water
from weppbatch.hydrology.channel import SECONDS_PER_DAY
from weppbatch.hydrology.state import Floats, HillslopeResult, Ints


def read_hillslope(hillslope: Hillslope, folder: Path, years: Years) -> HillslopeResult:
    """A hillslope's days from its pass, water and loss files.

    Runoff is that of the water balance, which has also the days below 1 mm; sediment is that of the pass file.
    Where the water balance is WEPP's short one, lateral flow comes from the pass file and percolation is the rest.
    Raises UnreadableOutput when a file is not whole, or WEPP simulated other days than it was asked for.
    """
    wepp_id = hillslope.wepp_id
    passed = read_pass(folder / pass_file(wepp_id))
    water_file = folder / f"H{wepp_id}.wat.txt"
    water = read_water(water_file)
    loss = read_hillslope_loss(folder / f"H{wepp_id}.loss.txt")
    if loss.years != years.simulated:
        raise UnreadableOutput(f"WEPP simulated {loss.years} of {years.simulated} years of hillslope {wepp_id}")
    require_days(pass_file(wepp_id), passed.year, passed.julian, years)
    require_days(water_file.name, water.year, water.julian, years)
    area_m2 = hillslope.slope.length_m * hillslope.slope.width_m
    mm = 1000.0 / area_m2
    stored_mm = stored(water)
    lateral_mm = water.of("lateral_mm") if water.full else passed.lateral_m3 * mm
    residue_mm, soil_mm = water.of("residue_evaporation_mm"), water.of("soil_evaporation_mm")
    runoff_mm, precip_mm = water.of("runoff_mm"), water.of("precip_mm")
    et_mm = water.of("transpiration_mm") + soil_mm + residue_mm
    left_mm = precip_mm - runoff_mm - et_mm - lateral_mm - np.diff(stored_mm, prepend=stored_mm[0])
    left_mm[0] = 0.0  # what was there before the first day isn't said
    percolation_mm = water.of("percolation_mm") if water.full else _without_negatives(left_mm)
    missing_mm = (left_mm - percolation_mm)[1:] if water.full else np.zeros(1)
    runoff_m3 = runoff_mm / mm
    peak_m3_s = np.where(runoff_m3 > 0, np.maximum(passed.peak_m3_s, runoff_m3 / SECONDS_PER_DAY), 0.0)
    total_kg = passed.sediment_kg.sum()
    none = np.zeros(years.date.size)
    return HillslopeResult(
        name=str(hillslope.topaz_id),
        area_m2=area_m2,
        precip_mm=precip_mm,
        rain_melt_mm=water.of("rain_melt_mm") if water.full else precip_mm - np.diff(snow(water), prepend=0.0),
        runoff_mm=runoff_mm,
        lateral_mm=lateral_mm,
        percolation_mm=percolation_mm,
        transpiration_mm=water.of("transpiration_mm"),
        soil_evaporation_mm=soil_mm,
        snow_evaporation_mm=none,
        interception_mm=residue_mm,
        soil_water_mm=stored_mm - snow(water),
        snow_water_mm=snow(water),
        canopy_water_mm=none,
        peak_m3_s=peak_m3_s,
        max_excess_m3_s=peak_m3_s,
        runoff_duration_s=passed.duration_s,
        detached_kg=passed.detached_kg,
        deposited_kg=passed.deposited_kg,
        sediment_kg=passed.sediment_kg.sum(axis=1),
        class_fractions=passed.sediment_kg.sum(axis=0) / total_kg if total_kg > 0 else np.zeros(CLASSES),
        closure_mm=float(np.abs(missing_mm).max(initial=0.0)),
    )


@dataclass(frozen=True)
class Channels:
    """What WEPP left of the channels: water day by day, sediment year by year, the outlet's events."""

    water: DailyWater
    loss: WatershedLoss
    outlet: OutletEvents


def read_channels(watershed: Watershed, folder: Path, years: Years) -> Channels:
    """The channels of a watershed. Raises UnreadableOutput as `read_hillslope` does."""
    count = len(watershed.channels)
    water_file = folder / "chnwb.txt"
    water = read_water(water_file, count)
    require_days(water_file.name, water.year, water.julian, years)
    if not water.full:
        raise UnreadableOutput(f"{water_file.name} of WEPP has no water balance of channels")
    loss = read_watershed_loss(folder / "loss_pw0.txt", count)
    if list(loss.years) != list(range(years.first_year, years.first_year + years.simulated)):
        raise UnreadableOutput(f"loss_pw0.txt of WEPP has {loss.years.size} of {years.simulated} years")
    outlet = read_outlet_events(folder / "ebe_pw0.txt", len(watershed.hillslopes) + count)
    return Channels(water, loss, outlet)


def require_days(name: str, year: Ints, julian: Ints, years: Years) -> None:
    """Raise UnreadableOutput unless a file has every day of the simulation, in order."""
    first = years.date.astype("datetime64[Y]")
    expected = (years.date - first.astype("datetime64[D]")).astype(np.int64) + 1
    if julian.size != expected.size:
        raise UnreadableOutput(f"{name} of WEPP has {julian.size} of {expected.size} days")
    if (julian != expected).any():
        at = int(np.flatnonzero(julian != expected)[0])
        raise UnreadableOutput(
            f"{name} of WEPP has day {julian[at]} of year {year[at]} where {years.date[at]} should stand"
        )


def snow(water: DailyWater, element: int = 0) -> Floats:
    """The water in snow at the end of each day, in mm."""
    if water.full:
        return water.of("snow_mm", element)
    return water.of("snow_depth_mm", element) * water.of("snow_density_kg_m3", element) / 1000.0


def stored(water: DailyWater, element: int = 0) -> Floats:
    """The water in soil and snow at the end of each day, in mm."""
    frozen = water.of("frozen_mm", element) if water.full else 0.0
    stored_mm: Floats = water.of("liquid_mm", element) + frozen + snow(water, element)
    return stored_mm


def _without_negatives(series: Floats) -> Floats:
    """A series whose negative days (rounding of printed figures) are made up for by the days after them."""
    return np.diff(np.maximum.accumulate(np.maximum(np.cumsum(series), 0.0)), prepend=0.0)
