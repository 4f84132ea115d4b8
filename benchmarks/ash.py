"""How long the ash model takes on one core, and how its mass closes.

`python benchmarks/ash.py [--hillslopes N] [--years N]`. Weather comes from a shipped station; runoff is a share of
the larger rains that differs by hillslope, so that no run of the hillslope engine is timed with it. Files are not
part of it. It prints the events of the laboratory: 30 mm of white ash under 44 mm of runoff, 10 mm under 22 mm.
"""

import argparse
from time import perf_counter

import numpy as np

from weppbatch.files import shipped
from weppbatch.formats.climate_series import ClimateSeries
from weppbatch.formats.station_par import read_station
from weppbatch.hydrology.ash import AshLayers, AshOptions, AshWeather, daily_sums, transport
from weppbatch.hydrology.state import Ints
from weppbatch.hydrology.weather import generate

AT_ONCE = 100  # hillslopes in memory, as the task has them
GROUPS = 4


def main() -> None:
    options = argparse.ArgumentParser(description="Time of the ash model on one core.")
    options.add_argument("--hillslopes", type=int, default=1000)
    options.add_argument("--years", type=int, default=40)
    asked = options.parse_args()
    series = generate(read_station(shipped("config") / "stations" / "id106388.par"), asked.years, 2001, seed=1)
    fires = np.flatnonzero((series.month == 8) & (series.day == 4))
    print(f"{asked.hillslopes} hillslopes x {fires.size} fires, one core")
    print("| model | wind | followed, days | s | million layer-days a second | closure t/ha | delivered % |")
    print("|---|---|---|---|---|---|---|")
    for model, wind, days in (
        ("srivastava", False, 365),
        ("srivastava", True, 365),
        ("watanabe_dynamic", False, 365),
        ("watanabe_dynamic", False, series.days),
    ):
        chosen = AshOptions(model=model, wind_transport=wind)  # type: ignore[arg-type]
        timed(series, fires, 365, chosen, AT_ONCE)  # compiled, or read from the cache
        took_s, closure, share, followed = timed(series, fires, days, chosen, asked.hillslopes)
        shown = days if days == 365 else f"{days} (the record)"
        print(
            f"| {model} | {'yes' if wind else 'no'} | {shown} | {took_s:.2f} | {followed / took_s / 1e6:.0f} "
            f"| {closure:.1e} | {share:.1%} |"
        )
    print()
    for depth_mm, runoff_mm in ((30, 44), (30, 22), (10, 22)):
        print(f"white ash, {depth_mm} mm, {runoff_mm} mm of runoff: {event(depth_mm, runoff_mm):.0%} removed")


def timed(
    series: ClimateSeries, fires: Ints, days: int, options: AshOptions, hillslopes: int
) -> tuple[float, float, float, int]:
    """Seconds, largest miss, share that water and wind took, and layers x days that were followed."""
    took_s, closure, load, moved, followed = 0.0, 0.0, 0.0, 0.0, 0
    sums = daily_sums(fires.size, days, GROUPS)
    for first in range(0, hillslopes, AT_ONCE):
        layers, weather = hillslopes_of(series, first, min(AT_ONCE, hillslopes - first))
        started = perf_counter()
        found = transport(layers, weather, fires, days, options, sums)
        took_s += perf_counter() - started
        closure = max(closure, found.closure_t_ha)
        load += layers.load_t_ha.sum() * fires.size
        moved += found.water_t_ha.sum() + found.wind_t_ha.sum()
        followed += int(found.days.sum())
    return took_s, closure, moved / load, followed


def hillslopes_of(series: ClimateSeries, first: int, count: int) -> tuple[AshLayers, AshWeather]:
    """Hillslopes of half white, half black ash, each with its own threshold of runoff."""
    number = np.arange(first, first + count)
    draw = np.random.default_rng(first)
    layers = AshLayers(
        load_t_ha=np.where(number % 2, 15.5, 11.0),
        white=number % 2 == 1,
        slope=draw.uniform(0.05, 0.7, count),
        area_ha=draw.uniform(1.0, 15.0, count),
        group=np.where(number % 2, 3, 1 + number // 2 % 2),
    )
    rain = np.broadcast_to(series.precip_mm, (count, series.days)).copy()
    threshold = draw.uniform(5.0, 30.0, (count, 1))
    runoff = 0.4 * np.maximum(rain - threshold, 0.0)
    return layers, AshWeather(rain, runoff, np.zeros_like(rain), series.wind_m_s)


def event(depth_mm: float, runoff_mm: float) -> float:
    """The share of a white layer that one day's runoff removes, with 1 mm of infiltration."""
    water = np.zeros((1, 365))
    runoff = water.copy()
    water[0, 1], runoff[0, 1] = runoff_mm + 1.0, runoff_mm
    options = AshOptions()
    load = 10.0 * depth_mm * options.white.density_g_cm3
    layers = AshLayers(np.array([load]), np.array([True]), np.array([0.3]), np.array([1.0]), np.array([3]))
    weather = AshWeather(water, runoff, np.zeros_like(water), np.zeros(365))
    found = transport(layers, weather, np.array([0]), 364, options, daily_sums(1, 364, GROUPS))
    return float(found.water_t_ha[0, 0] / load)


if __name__ == "__main__":
    main()
