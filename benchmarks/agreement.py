"""Runs hillslopes that were run in real WEPP with the embedded engine, and compares what comes out.

`python benchmarks/agreement.py` prints Markdown tables: all cases, and by climate, texture, management and shape.
`--set defaults` takes the cases that were run with a batch's defaults (FAO-56, seepage by the hour) in the place
of those that were run without WEPP's side files; `--cases PATH` another table of the same columns with its files
beside it. `--json` prints the scores for machines, `--results PATH` writes every case's figures, `--plot PATH`
draws them. What was run in which WEPP: benchmarks/data/README.md.
"""

import argparse
import csv
import json
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from agreement_data import FOLDERS, GROUPS, Case, Reference, carry, means, of_plants, read_cases
from agreement_scores import scores, table
from weppbatch.hydrology.hillslope import simulate_many
from weppbatch.hydrology.state import EngineOptions

Floats = npt.NDArray[np.float64]
OPTIONS = {
    "plain": EngineOptions(evapotranspiration="penman", drainage_steps_per_day=1),
    "defaults": EngineOptions(),
}
"""How the engine runs for each set: as WEPP did, without its side files or with those of a batch's defaults."""
VALUES = tuple(Reference.__dataclass_fields__)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--set", choices=tuple(OPTIONS), default="plain", help="which cases, and with which options"
    )
    parser.add_argument("--cases", type=Path, help="table of cases in the place of the carried one")
    parser.add_argument("--json", action="store_true", help="print the scores for machines")
    parser.add_argument("--results", type=Path, help="write every case's figures to this CSV file")
    parser.add_argument("--plot", type=Path, help="draw reference against found to this SVG or PNG file")
    parser.add_argument("--threads", type=int, help="hillslopes side by side; by default as many as there are CPUs")
    parser.add_argument("--carry", type=Path, help="write the cases to this folder as the repository carries them")
    asked = parser.parse_args()
    table_of_cases = asked.cases or FOLDERS[asked.set] / "cases.csv"
    if asked.carry:
        carry(table_of_cases, asked.carry)
        return
    started = perf_counter()
    cases, found = run(table_of_cases, OPTIONS[asked.set], asked.threads)
    took_s = perf_counter() - started
    tables = compared(cases, found)
    if asked.json:
        print(
            json.dumps(
                {"all": tables["all"]["all"]} | {group: tables[group] for group in GROUPS if group in tables},
                indent=2,
            )
        )
    else:
        for group, named in tables.items():
            print(table(group, named) + "\n")
        years = sum(case.years for case in cases)
        print(f"{len(cases)} hillslopes, {years} hillslope-years in {took_s:.0f} s, reading included.")
    if asked.results:
        write_results(asked.results, cases, found)
    if asked.plot:
        from agreement_plot import draw

        draw(asked.plot, [case.groups["climate"] for case in cases], references(cases), arrays(found))


def run(table_of_cases: Path, options: EngineOptions, threads: int | None) -> tuple[list[Case], list[Reference]]:
    """All cases and what the embedded engine gives for each."""
    cases: list[Case] = []
    found: list[Reference] = []
    for weather, same in read_cases(table_of_cases):
        results = simulate_many([case.hillslope for case in same], weather, options, threads)
        for case, result in zip(same, results, strict=True):
            cases.append(case)
            plants = of_plants(result, case.hillslope.cover)
            found.append(means(result, case.hillslope.width_m, weather.year, plants))
    return cases, found


def arrays(values: list[Reference]) -> dict[str, Floats]:
    """A list of figures as an array for each of them."""
    return {name: np.array([getattr(value, name) for value in values]) for name in VALUES}


def references(cases: list[Case]) -> dict[str, Floats]:
    """What real WEPP gave for the cases."""
    return arrays([case.reference for case in cases])


def compared(cases: list[Case], found: list[Reference]) -> dict[str, dict[str, Any]]:
    """The scores of all cases and of each group's."""
    wanted, given = references(cases), arrays(found)
    tables: dict[str, dict[str, Any]] = {"all": {"all": scores(wanted, given)}}
    for group in (group for group in GROUPS if group in cases[0].groups):
        names = np.array([case.groups[group] for case in cases])
        tables[group] = {
            str(name): scores(
                {value: wanted[value][names == name] for value in VALUES},
                {value: given[value][names == name] for value in VALUES},
            )
            for name in np.unique(names)
        }
    return tables


def write_results(path: Path, cases: list[Case], found: list[Reference]) -> None:
    """A row a case: the reference figure and the found one of each value."""
    values = [value for value in VALUES if np.isfinite(getattr(cases[0].reference, value))]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["case", *(f"{value}_{source}" for value in values for source in ("wepp", "embedded"))])
        for case, result in sorted(zip(cases, found, strict=True), key=lambda pair: pair[0].name):
            pairs = [getattr(figures, value) for value in values for figures in (case.reference, result)]
            writer.writerow([case.name, *(f"{value:.4g}" for value in pairs)])


if __name__ == "__main__":
    main()
