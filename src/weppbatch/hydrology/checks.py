"""What in a hillslope or its weather can't be computed with, said all at once before anything runs."""

import math
from collections.abc import Iterator
from dataclasses import fields

import numpy as np

from weppbatch.hydrology.state import CoverInput, DailyWeather, EngineOptions, HillslopeInput, Layers, SoilInput

SHORTEST_M = 0.1
MAY_BE_MISSING = {"bulk_density_g_cm3", "ksat_mm_h", "field_capacity", "wilting_point"}
MOST_SHOWN = 5
MOST_BREAKPOINTS = 1000


def hillslope_problems(inputs: HillslopeInput) -> list[str]:
    """Every problem of one hillslope, each naming it."""
    found = [*profile_problems(inputs), *soil_problems(inputs.soil), *cover_problems(inputs.cover)]
    return [f"hillslope {inputs.name}: {problem}" for problem in found]


def profile_problems(inputs: HillslopeInput) -> Iterator[str]:
    """Problems of length, width and slope profile."""
    for name in ("length_m", "width_m"):
        value = getattr(inputs, name)
        if not (math.isfinite(value) and value >= SHORTEST_M):
            yield f"{name} is {value}; it must be at least {SHORTEST_M}"
    fraction, slope = inputs.distance_fraction, inputs.slope
    if fraction.size < 2 or fraction.size != slope.size:
        yield f"the profile has {fraction.size} distances and {slope.size} slopes; 2 or more of each are needed"
        return
    if not (np.isfinite(fraction).all() and np.isfinite(slope).all()):
        yield "the profile has values that are no numbers"
    elif fraction[0] != 0.0 or abs(fraction[-1] - 1.0) > 1e-9 or (np.diff(fraction) <= 0.0).any():
        yield "the profile's distances must rise from 0 to 1"
    elif (slope < 0.0).any():
        yield f"the profile's least slope is {slope.min():.4f}; it must not be negative"


def soil_problems(soil: SoilInput) -> Iterator[str]:
    """Problems of a soil's own values and of its layers."""
    for name in ("ki_kg_s_m4", "kr_s_m", "tauc_n_m2"):
        value = getattr(soil, name)
        if not (math.isfinite(value) and value > 0.0):
            yield f"{name} is {value}; it must be positive"
    for name in ("albedo", "initial_saturation"):
        value = getattr(soil, name)
        if not 0.0 <= value <= 1.0:
            yield f"{name} is {value}; it must lie between 0 and 1"
    if soil.avke_mm_h is not None and not (math.isfinite(soil.avke_mm_h) and soil.avke_mm_h > 0.0):
        yield f"avke_mm_h is {soil.avke_mm_h}; it must be positive"
    if soil.kslast_mm_h is not None and not (math.isfinite(soil.kslast_mm_h) and soil.kslast_mm_h >= 0.0):
        yield f"kslast_mm_h is {soil.kslast_mm_h}; it must not be negative"
    if not (math.isfinite(soil.lkeff_mm_h) and soil.lkeff_mm_h >= 0.0):
        yield f"lkeff_mm_h is {soil.lkeff_mm_h}; it must not be negative"
    yield from layer_problems(soil.layers)


def layer_problems(layers: Layers) -> Iterator[str]:
    """Problems of a soil's layers."""
    sizes = {getattr(layers, one.name).size for one in fields(layers)}
    if len(sizes) != 1 or 0 in sizes:
        yield f"its soil layers have columns of different or no length: {sorted(sizes)}"
        return
    for one in fields(layers):
        values = getattr(layers, one.name)
        if np.isinf(values).any() or (np.isnan(values).any() and one.name not in MAY_BE_MISSING):
            yield f"a soil layer's {one.name} is no number"
    if (np.diff(layers.depth_mm, prepend=0.0) <= 0.0).any():
        yield "its soil layers' depths must be positive and increase"
    if (layers.ksat_mm_h <= 0.0).any():
        yield f"a soil layer's ksat_mm_h is {np.nanmin(layers.ksat_mm_h)}; it must be positive"
    if (layers.anisotropy <= 0.0).any():
        yield "a soil layer's anisotropy must be positive"
    density = layers.bulk_density_g_cm3
    if ((density < 0.3) | (density > 2.4)).any():
        yield f"a soil layer's bulk density lies outside 0.3 to 2.4: {np.nanmin(density)} to {np.nanmax(density)}"
    wilting, capacity = layers.wilting_point, layers.field_capacity
    if ((wilting < 0.0) | (capacity > 1.0) | (wilting > capacity)).any():
        yield "a soil layer breaks 0 <= wilting point <= field capacity <= 1"
    for name in ("sand_pct", "clay_pct", "organic_matter_pct", "rock_pct"):
        values = getattr(layers, name)
        if ((values < 0.0) | (values > 100.0)).any():
            yield f"a soil layer's {name} lies outside 0 to 100"
    if (layers.sand_pct + layers.clay_pct > 100.0 + 1e-6).any():
        yield "a soil layer's sand and clay exceed 100 %"


def cover_problems(cover: CoverInput) -> Iterator[str]:
    """Problems of plants and ground cover."""
    for one in fields(cover):
        value = getattr(cover, one.name)
        if value is None:
            continue
        if not math.isfinite(value) or value < 0.0:
            yield f"{one.name} is {value}; it must be a number of at least 0"
        elif one.name.endswith("_cover") and value > 1.0:
            yield f"{one.name} is {value}; a cover is a fraction from 0 to 1"
    if cover.rill_spacing_m <= 0.0:
        yield "rill_spacing_m must be positive"


def option_problems(options: EngineOptions) -> Iterator[str]:
    """Problems of the engine's options."""
    for name, most in (("storm_steps", 100), ("drainage_steps_per_day", 288)):
        value = getattr(options, name)
        if not 1 <= value <= most:
            yield f"{name} is {value}; it must lie between 1 and {most}"
    for name in ("new_snow_density_kg_m3", "settled_snow_density_kg_m3"):
        if not 10.0 <= getattr(options, name) <= 522.0:
            yield f"{name} is {getattr(options, name)}; it must lie between 10 and 522"
    if not (math.isfinite(options.kcb) and options.kcb >= 0.0 and 0.0 <= options.rawp <= 1.0):
        yield f"kcb is {options.kcb} and rawp {options.rawp}; kcb must not be negative, rawp a fraction"


def weather_problems(weather: DailyWeather) -> Iterator[str]:
    """Problems of the daily weather, with the first days that have them."""
    names = ("precip_mm", "duration_h", "tp", "ip", "tmax_c", "tmin_c", "radiation_ly", "wind_m_s", "tdew_c")
    sizes = {getattr(weather, name).size for name in (*names, "year", "month", "day")}
    if len(sizes) != 1:
        yield f"the weather's columns have different lengths: {sorted(sizes)}"
        return
    for name in names:
        yield from days_with(weather, ~np.isfinite(getattr(weather, name)), f"{name} is no number")
    wet = weather.precip_mm > 0.0
    yield from days_with(weather, weather.precip_mm < 0.0, "precip_mm is negative")
    points = weather.breakpoint_start
    if points is None:
        yield from days_with(weather, wet & ~(weather.duration_h > 0.0), "rain without a duration")
    elif points.size != weather.days + 1:
        yield f"weather: {points.size} starts of breakpoints for {weather.days} days; one more than days is needed"
    else:
        unspread = wet & (np.diff(points) < 2) & ~(weather.duration_h > 0.0)
        yield from days_with(weather, unspread, "rain without breakpoints or a duration")
        yield from days_with(
            weather, np.diff(points) > MOST_BREAKPOINTS, f"more than {MOST_BREAKPOINTS} breakpoints"
        )
    yield from days_with(weather, weather.tmin_c > weather.tmax_c, "tmin_c is above tmax_c")
    yield from days_with(weather, weather.radiation_ly < 0.0, "radiation_ly is negative")
    yield from days_with(weather, weather.wind_m_s < 0.0, "wind_m_s is negative")
    if not -90.0 <= weather.latitude_deg <= 90.0:
        yield f"the weather's latitude is {weather.latitude_deg}"


def days_with(weather: DailyWeather, bad: np.ndarray[tuple[int], np.dtype[np.bool_]], what: str) -> Iterator[str]:
    """One line for all days that have a problem, if any."""
    days = np.flatnonzero(bad)
    if days.size:
        shown = [f"{weather.year[i]}-{weather.month[i]:02}-{weather.day[i]:02}" for i in days[:MOST_SHOWN]]
        more = f" and {days.size - MOST_SHOWN} more" if days.size > MOST_SHOWN else ""
        yield f"weather: {what} on {', '.join(shown)}{more}"
