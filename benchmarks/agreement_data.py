"""The cases of the agreement benchmark: hillslopes that were run in real WEPP, and what came out.

A table (cases.csv) names each case's four input files, relative to itself. What the repository carries is written
by weppbatch's own writers; its climates are compressed. Nothing is simulated here.
"""

import csv
import gzip
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from weppbatch.engines.inputs import daily_weather, plane_input
from weppbatch.formats.climate_cli import read_climate, write_climate
from weppbatch.formats.management import read_management, write_management
from weppbatch.formats.slope import read_slope, write_slope
from weppbatch.formats.soil import read_soil, write_soil
from weppbatch.hydrology.plants import interception_mm
from weppbatch.hydrology.state import CoverInput, DailyWeather, Floats, HillslopeInput, HillslopeResult, Ints

FOLDERS = {"plain": Path(__file__).parent / "data" / "agreement"}
FOLDERS["defaults"] = FOLDERS["plain"] / "defaults"
"""The sets of cases: WEPP without its side files, and with those of a batch's defaults."""
COLUMNS = {
    "runoff": "runoff_mm",
    "et": "et_mm",
    "percolation": "wb_Dp_mm",
    "lateral": "wb_latqcc_mm",
    "peak": "peak_annmax_mean_mmh",
    "sediment": "pass_sed_kg_per_m",
    "plants": "transpiration_mm",
}
"""The table's column of each value of a Reference; the last stands in the newer set only."""
GROUPS = ("climate", "texture", "management", "shape", "severity")
"""What cases are told apart by; the last in the newer set only."""
NAMES = (
    *("case", "slope_file", "soil_file", "management_file", "climate_file", "shape", "length_m", "width_m"),
    *("texture", "management", "climate", "years"),
)
KEPT = (*NAMES, "precip_mm", *(column for value, column in COLUMNS.items() if value != "plants"))
"""The columns that the repository carries of a table of other sources."""


@dataclass(frozen=True)
class Reference:
    """What a model gives for a case, a year: water (mm), the mean of the annual peaks (mm/h), sediment (kg/m).

    `plants` is the part of evapotranspiration that plants transpire and catch; NaN where it isn't known.
    """

    runoff: float
    et: float
    percolation: float
    lateral: float
    peak: float
    sediment: float
    plants: float


@dataclass(frozen=True)
class Case:
    """One case: its names in the table's groups, what to simulate, and what real WEPP gave."""

    name: str
    groups: dict[str, str]
    years: int
    hillslope: HillslopeInput
    reference: Reference


def read_cases(table: Path) -> Iterator[tuple[DailyWeather, list[Case]]]:
    """The cases of a table by climate, with the weather of the years that were run."""
    rows = list(csv.DictReader(table.open(newline="")))
    if not rows:
        raise SystemExit(f"{table} has no cases")

    def key(row: dict[str, str]) -> tuple[str, int]:
        return row["climate_file"], int(row["years"])

    for (climate_file, years), same in groupby(sorted(rows, key=key), key=key):
        with unpacked(table.parent / climate_file) as path:
            weather = first_years(daily_weather(read_climate(path)), years)
        yield weather, [read_case(table.parent, row) for row in same]


def read_case(folder: Path, row: dict[str, str]) -> Case:
    """One row of the table with the files that it names."""
    profile = read_slope(folder / row["slope_file"])[0]
    soil = read_soil(folder / row["soil_file"])
    cover = read_management(folder / row["management_file"]).cover
    return Case(
        name=row["case"],
        groups={group: row[group] for group in GROUPS if group in row},
        years=int(row["years"]),
        hillslope=plane_input(row["case"], profile, soil, cover),
        reference=Reference(*(float(row.get(name, math.nan)) for name in COLUMNS.values())),
    )


def means(result: HillslopeResult, width_m: float, year: Ints, plants: Floats) -> Reference:
    """A result as means a year: mm, the mean of the annual peaks in mm/h, sediment in kg per m of width."""
    years = int(year[-1] - year[0]) + 1
    peak_mm_h = result.peak_m3_s / result.area_m2 * 3.6e6
    annual = [peak_mm_h[year == one].max() for one in np.unique(year)]
    return Reference(
        runoff=float(result.runoff_mm.sum()) / years,
        et=float(result.et_mm.sum()) / years,
        percolation=float(result.percolation_mm.sum()) / years,
        lateral=float(result.lateral_mm.sum()) / years,
        peak=float(np.mean(annual)),
        sediment=float(result.sediment_kg.sum()) / years / width_m,
        plants=float(plants.sum()) / years,
    )


def of_plants(result: HillslopeResult, cover: CoverInput) -> Floats:
    """What plants transpired and what evaporated from their leaves (mm a day); WEPP counts them as one."""
    holds_mm = interception_mm(cover.canopy_cover, cover.live_biomass_kg_m2 or 0.0)
    before = np.concatenate([[0.0], result.canopy_water_mm[:-1]])
    caught = np.minimum(np.maximum(holds_mm - before, 0.0), result.rain_melt_mm)
    total: Floats = result.transpiration_mm + before + caught - result.canopy_water_mm
    return total


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The file itself, or, if it is there compressed only, what it unpacks to."""
    packed = path.with_name(path.name + ".gz")
    if path.exists() or not packed.exists():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / path.name
        plain.write_bytes(gzip.decompress(packed.read_bytes()))
        yield plain


def first_years(weather: DailyWeather, years: int) -> DailyWeather:
    """The weather of the first years, from 1 January on; fewer if there are not as many."""
    days = int((weather.year < weather.year[0] + years).sum())
    daily = {
        field.name: getattr(weather, field.name)[:days]
        for field in fields(weather)
        if field.name not in ("latitude_deg", "elevation_m", "monthly_mean_c")
        and not field.name.startswith("breakpoint")
    }
    starts = weather.breakpoint_start
    return replace(weather, **daily, breakpoint_start=None if starts is None else starts[: days + 1])


def carry(table: Path, into: Path) -> None:
    """Write a table's cases and files in the form that the repository carries, by weppbatch's own writers."""
    rows = list(csv.DictReader(table.open(newline="")))
    files = {row[f"{kind}_file"] for row in rows for kind in ("slope", "soil", "management", "climate")}
    for name in sorted(files):
        source, target = table.parent / name, into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        match source.suffix:
            case ".slp":
                write_slope(target, read_slope(source))
            case ".sol":
                write_soil(target, read_soil(source), version="2006.2")
            case ".man":
                write_management(target, read_management(source))
            case _:
                write_climate(target, read_climate(source))
                target.with_name(target.name + ".gz").write_bytes(gzip.compress(target.read_bytes(), mtime=0))
                target.unlink()
    with (into / "cases.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, KEPT, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
