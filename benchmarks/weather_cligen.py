"""Compares generated and observed weather with CLIGEN 5.32.3's own for three stations, from the facts in data/.

`python benchmarks/weather_cligen.py` prints Markdown tables: storms and their peaks over 100 years, the storms of
the same observed days, and the months. `data/README.md` says where the facts come from.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from weppbatch.files import shipped
from weppbatch.formats.climate_series import ClimateSeries
from weppbatch.formats.station_par import read_station
from weppbatch.hydrology.weather import generate

DATA = Path(__file__).parent / "data"
YEARS = 100
SEEDS = 20
QUANTILES = (0.1, 0.5, 0.9, 0.99)
LEAST_H = 0.05
"""What a storm's duration is at least taken as: CLIGEN prints one decimal or two, and 0.0 h has no intensity."""

Floats = npt.NDArray[np.float64]


def main() -> None:
    cligen = json.loads((DATA / "cligen.json").read_text())
    print("| station | series | wet days/yr | storm h, 10/50/90/99 % | peak mm/h, 10/50/90/99 % | ip | tp |")
    print("|---|---|---|---|---|---|---|")
    for station_id, facts in cligen.items():
        station = read_station(shipped("config") / "stations" / f"{station_id}.par")
        print(row(f"**{station.name}**", f"CLIGEN, {facts['years']} years {facts['mode']}", facts))
        print(row("", f"generated, {YEARS} years", statistics(generate(station, YEARS, seed=1))))
        if facts["mode"] == "observed":
            _, mine, _ = observed_again(station_id, facts["first_year"], 1)
            print(row("", "observed, the same days", statistics(mine)))
    print(
        f"\nThe same observed days, {SEEDS} seeds: how many can be told from CLIGEN's (Kolmogorov-Smirnov, 5 %)\n"
    )
    print("| station | wet days | duration | ip | peak | tp |")
    print("|---|---|---|---|---|---|")
    for station_id, facts in cligen.items():
        if facts["mode"] == "observed":
            print(same_days(station_id, facts))
    print(
        f"\nMonths of New Meadows, CLIGEN's 31 years against {YEARS} generated, in standard errors of the former\n"
    )
    print(months(cligen["id106388"]))


def statistics(series: ClimateSeries) -> dict[str, Any]:
    """A series in small: its months' means, with their standard errors, and its storms' quantiles."""
    wet = series.precip_mm > 0
    daily = {
        "precip_mm": series.precip_mm,
        "wet_days": wet.astype(float),
        "tmax_c": series.tmax_c,
        "tmin_c": series.tmin_c,
        "radiation_ly": series.radiation_ly,
        "tdew_c": series.tdew_c,
    }
    # (whether dew points, radiation and wind of the observed files are still CLIGEN's own can't be told from them)
    found: dict[str, Any] = {"wet_days_yr": round(float(wet.sum()) / series.years, 1), "months": {}}
    key = (series.year - series.first_year) * 12 + series.month - 1
    for name, values in daily.items():
        sums = np.bincount(key, values).reshape(series.years, 12)
        means = sums if name in ("precip_mm", "wet_days") else sums / np.bincount(key).reshape(series.years, 12)
        error = means.std(axis=0, ddof=1) / np.sqrt(series.years)
        found["months"][name] = {"mean": means.mean(axis=0).round(3).tolist(), "error": error.round(4).tolist()}
    storms = storms_of(series)
    found["duration_h"] = np.quantile(storms["duration"], QUANTILES).round(2).tolist()
    found["peak_mm_h"] = np.quantile(storms["peak"], QUANTILES).round(1).tolist()
    found["ip"], found["tp"] = (round(float(storms[name].mean()), 3) for name in ("ip", "tp"))
    return found


def storms_of(series: ClimateSeries) -> dict[str, Floats]:
    """Duration (h), ip, peak intensity (mm/h) and tp of each wet day."""
    wet = series.precip_mm > 0
    duration, ip, depth = series.duration_h[wet], series.ip[wet], series.precip_mm[wet]
    peak = ip * depth / np.maximum(duration, LEAST_H)
    return {"duration": duration, "ip": ip, "peak": peak, "tp": series.tp[wet]}


def row(station: str, name: str, facts: dict[str, Any]) -> str:
    """A line of the first table."""
    storms = (" / ".join(f"{value:g}" for value in facts[what]) for what in ("duration_h", "peak_mm_h"))
    return f"| {station} | {name} | {facts['wet_days_yr']} | {' | '.join(storms)} | {facts['ip']} | {facts['tp']} |"


def observed_again(station_id: str, first_year: int, seed: int) -> tuple[dict[str, Floats], ClimateSeries, int]:
    """CLIGEN's observed days, and what our observed mode makes of their depths and temperatures."""
    table = pq.read_table(DATA / f"cligen_{station_id}.parquet")
    days = {name: table.column(name).to_numpy().astype(np.float64).round(3) for name in table.column_names}
    years = round(table.num_rows / 365.25)
    station = read_station(shipped("config") / "stations" / f"{station_id}.par")
    given = {name: days[name] for name in ("precip_mm", "tmax_c", "tmin_c")}
    return days, generate(station, years, first_year, seed, given), years


def same_days(station_id: str, facts: dict[str, Any]) -> str:
    """How many seeds' storms can be told from CLIGEN's, given the same rain and temperatures."""
    told = dict.fromkeys(("duration", "ip", "peak", "tp"), 0)
    for seed in range(SEEDS):
        days, series, _ = observed_again(station_id, facts["first_year"], seed)
        wet = days["precip_mm"] > 0
        peak = days["ip"][wet] * days["precip_mm"][wet] / np.maximum(days["duration_h"][wet], LEAST_H)
        cligen = {"duration": days["duration_h"][wet], "ip": days["ip"][wet], "peak": peak, "tp": days["tp"][wet]}
        for name, mine in storms_of(series).items():
            steps = 1 if name == "peak" else 10
            told[name] += int(differ(rounded(cligen[name], steps), rounded(mine, steps)))
    counts = " | ".join(f"{count} of {SEEDS}" for count in told.values())
    name = read_station(shipped("config") / "stations" / f"{station_id}.par").name
    return f"| {name} | {int(wet.sum())} | {counts} |"


def rounded(values: Floats, steps: int) -> Floats:
    """Values as those files have them that were rounded to one decimal (0.05 is 0.1); peaks to 1 mm/h."""
    return np.asarray(np.floor(values * steps + 0.5 + 1e-6) / steps)


def differ(one: Floats, other: Floats) -> bool:
    """Whether two samples are of different distributions: two-sided Kolmogorov-Smirnov, 5 %."""
    both = np.sort(np.concatenate([one, other]))
    below = [np.searchsorted(np.sort(sample), both, side="right") / sample.size for sample in (one, other)]
    limit = 1.358 * np.sqrt((one.size + other.size) / (one.size * other.size))
    return bool(np.abs(below[0] - below[1]).max() > limit)


def months(facts: dict[str, Any]) -> str:
    """For each quantity, the twelve differences of the means over the standard error of both."""
    station = read_station(shipped("config") / "stations" / "id106388.par")
    mine = statistics(generate(station, YEARS, seed=1))["months"]
    lines = ["| | " + " | ".join("JFMAMJJASOND") + " |", "|---" * 13 + "|"]
    for name, cligen in facts["months"].items():
        error = np.hypot(cligen["error"], mine[name]["error"])
        z = (np.array(mine[name]["mean"]) - np.array(cligen["mean"])) / np.maximum(error, 1e-9)
        lines.append(f"| {name} | " + " | ".join(f"{value:+.1f}" for value in z) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
