"""Compares a century of generated weather with each station's statistics, and with CLIGEN's own series.

`python benchmarks/weather.py [--cli FILE ...]` prints two Markdown tables; `--cli` adds series made by CLIGEN.
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt

from weppbatch.files import shipped
from weppbatch.formats.climate_cli import read_climate
from weppbatch.formats.climate_series import ClimateSeries
from weppbatch.formats.station_par import Station, read_station
from weppbatch.hydrology.storms import DAYS, wet_share
from weppbatch.hydrology.weather import generate, monthly_precip_mm

Floats = npt.NDArray[np.float64]
YEARS = 100
SEEDS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cli", type=Path, nargs="*", default=[], help="series made by CLIGEN, to be shown beside")
    cli = parser.parse_args().cli
    stations = [read_station(path) for path in sorted((shipped("config") / "stations").glob("*.par"))]
    print("| series | mm/yr | wet days/yr | Tmax °C | Tmin °C | Ly/d | storm h | tp | ip | peak mm/h |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for station in stations:
        print(row_of_station(station))
        started = perf_counter()
        series = generate(station, YEARS, seed=1)
        took_ms = 1000 * (perf_counter() - started)
        print(row_of_series(f"generated, {YEARS} years in {took_ms:.0f} ms", series))
    for path in cli:
        series = read_climate(path)
        print(row_of_series(f"CLIGEN: {series.station}, {series.years} years", series))
    print(f"\nMonths within two standard errors of the station's mean, {SEEDS} seeds, and the largest bias:\n")
    print("| station | precipitation | wet days | Tmax | Tmin | radiation |")
    print("|---|---|---|---|---|---|")
    for station in stations:
        print(f"| {station.name} | {' | '.join(agreement(station))} |")


def row_of_station(station: Station) -> str:
    """What the station file says."""
    wet_days = DAYS * wet_share(np.array(station.p_wet_wet), np.array(station.p_wet_dry))
    means = [np.average(months, weights=DAYS) for months in (station.tmax_f, station.tmin_f, station.solar_ly)]
    tmax, tmin, solar = (means[0] - 32) / 1.8, (means[1] - 32) / 1.8, means[2]
    precip = monthly_precip_mm(station).sum()
    return (
        f"| **{station.name}** | {precip:.0f} | {wet_days.sum():.1f} | {tmax:.2f} | {tmin:.2f} | {solar:.0f} "
        "| | | | |"
    )


def row_of_series(name: str, series: ClimateSeries) -> str:
    """The same of a series, and its storms' means; the peak is its 95th percentile."""
    wet = series.precip_mm > 0
    peak = np.quantile((series.precip_mm * series.ip)[wet] / np.maximum(series.duration_h[wet], 0.01), 0.95)
    return (
        f"| {name} | {series.precip_mm.sum() / series.years:.0f} | {wet.sum() / series.years:.1f} "
        f"| {series.tmax_c.mean():.2f} | {series.tmin_c.mean():.2f} | {series.radiation_ly.mean():.0f} "
        f"| {series.duration_h[wet].mean():.2f} | {series.tp[wet].mean():.3f} | {series.ip[wet].mean():.2f} "
        f"| {peak:.1f} |"
    )


def agreement(station: Station) -> list[str]:
    """For each quantity: the share of months within two standard errors, and the bias furthest from zero."""
    wet = wet_share(np.array(station.p_wet_wet), np.array(station.p_wet_dry))
    wanted = {
        "mm": monthly_precip_mm(station) / DAYS,
        "": wet,
        "°C": (np.array(station.tmax_f) - 32) / 1.8,
        "°C ": (np.array(station.tmin_f) - 32) / 1.8,
        "Ly": np.array(station.solar_ly),
    }
    z: dict[str, list[Floats]] = {unit: [] for unit in wanted}
    bias: dict[str, list[Floats]] = {unit: [] for unit in wanted}
    for seed in range(SEEDS):
        series = generate(station, YEARS, seed=seed)
        rain = (series.precip_mm > 0).astype(float)
        values = (series.precip_mm, rain, series.tmax_c, series.tmin_c, series.radiation_ly)
        for unit, daily in zip(wanted, values, strict=True):
            means = by_month(series, daily)
            difference = means.mean(axis=0) - wanted[unit]
            bias[unit].append(difference)
            z[unit].append(difference / (means.std(axis=0, ddof=1) / np.sqrt(YEARS)))
    found = []
    for unit in wanted:
        share = (np.abs(z[unit]) < 2).mean()
        mean_bias = np.mean(bias[unit], axis=0)
        month = int(np.abs(mean_bias).argmax())
        relative = mean_bias[month] / wanted[unit][month]
        shown = f"{mean_bias[month]:+.2f} {unit.strip()}" if "°" in unit else f"{100 * relative:+.1f} %"
        found.append(f"{100 * share:.0f} %, {shown}")
    return found


def by_month(series: ClimateSeries, daily: Floats) -> Floats:
    """The mean of each month of each year, shape (years, 12)."""
    key = (series.year - series.first_year) * 12 + series.month - 1
    return np.asarray((np.bincount(key, daily) / np.bincount(key)).reshape(series.years, 12))


if __name__ == "__main__":
    main()
