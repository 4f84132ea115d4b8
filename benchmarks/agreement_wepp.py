"""Runs hillslopes of the shipped tables in a real WEPP as a batch's defaults do, for the agreement benchmark.

`python benchmarks/agreement_wepp.py --wepp PATH` writes the cases of `agreement.py --set defaults` again: each
class of cover on each texture in each climate, on slopes in turn, with the side files of a batch's defaults
(FAO-56, seepage by the hour). Soils are as WEPP can read them, without `ksatadj`. The embedded engine isn't run.
"""

import argparse
import csv
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from agreement_data import COLUMNS, FOLDERS, NAMES, Reference, means, unpacked
from weppbatch.engines.watershed import Hillslope
from weppbatch.engines.wepp_process import WeppRunner
from weppbatch.engines.wepp_results import read_hillslope
from weppbatch.engines.wepp_settings import WeppSettings
from weppbatch.engines.years import Years
from weppbatch.files import write_text
from weppbatch.formats.climate_cli import ClimateSeries, read_climate
from weppbatch.formats.management import write_management
from weppbatch.formats.slope import read_slope, write_slope
from weppbatch.formats.soil import write_soil
from weppbatch.formats.wepp_run import hillslope_run
from weppbatch.nodb.disturbed import Disturbed
from weppbatch.nodb.soils import Soils
from weppbatch.tasks.parameters import class_covers, fixed_soils, soil_parameters
from weppbatch.tasks.soil_units import texture_unit
from weppbatch.tasks.soils import Maker

CLASSES = {
    "forest": "unburned",
    "young forest": "unburned",
    "forest low sev fire": "low",
    "forest moderate sev fire": "moderate",
    "forest high sev fire": "high",
    "shrub": "unburned",
    "shrub low sev fire": "low",
    "shrub moderate sev fire": "moderate",
    "shrub high sev fire": "high",
    "tall grass": "unburned",
    "grass low sev fire": "low",
    "grass moderate sev fire": "moderate",
    "grass high sev fire": "high",
    "bare": "bare",
}
TEXTURES = ("clay loam", "loam", "sand loam", "silt loam")
CLIMATES = {"iowa_bp": 15, "mtwilson": 21, "newmeadows": 30, "syn_dry": 30, "syn_wet": 30}
SHAPES = ("u05", "u15", "u30", "u45", "sshape")
LENGTHS_M = (50, 100, 200, 400)
CLASS_STEP, CLIMATE_STEP = 7, 3  # so that every class and texture meets other slopes in every climate
WEATHER = "weather.cli"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wepp", type=Path, default=os.environ.get("WEPP_EXE"), help="executable; else WEPP_EXE")
    parser.add_argument("--into", type=Path, default=FOLDERS["defaults"], help="folder of the table and its files")
    parser.add_argument("--keep", type=Path, help="keep what WEPP read and wrote in this folder")
    asked = parser.parse_args()
    if asked.wepp is None:
        parser.error("no executable of WEPP: --wepp PATH or the environment's WEPP_EXE")
    with tempfile.TemporaryDirectory() as scratch:
        rows = made(Path(asked.wepp).absolute(), asked.into, asked.keep or Path(scratch))
    with (asked.into / "cases.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, (*NAMES, "severity", *COLUMNS.values()), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} cases in {asked.into}")


def made(executable: Path, into: Path, scratch: Path) -> list[dict[str, Any]]:
    """Run all cases; write their soils and covers, and give their rows."""
    rows: list[dict[str, Any]] = []
    for climate_name, years in CLIMATES.items():
        folder = scratch / climate_name
        folder.mkdir(parents=True, exist_ok=True)
        with unpacked(FOLDERS["plain"] / "climates" / f"{climate_name}.cli") as path:
            climate = read_climate(path)
            (folder / WEATHER).write_bytes(path.read_bytes())
        for name, text in WeppSettings().side_files(1).items():
            write_text(folder / name, text)
        cases = list(hillslopes(climate_name))
        for hillslope, _ in cases:
            write_inputs(folder, hillslope, years)
        with WeppRunner(executable, folder) as runner, ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            results = list(pool.map(partial(ran, runner, climate, years), [hillslope for hillslope, _ in cases]))
            for (hillslope, slope), found in zip(cases, results, strict=True):
                rows.append(row(hillslope, slope, climate_name, years, found))
                write_soil(into / rows[-1]["soil_file"], hillslope.soil)
                write_management(into / rows[-1]["management_file"], hillslope.cover, years=1)
        print(f"{climate_name}: {len(cases)} cases in WEPP {runner.version}")
    return rows


def hillslopes(climate_name: str) -> Iterator[tuple[Hillslope, str]]:
    """Each class on each texture, as a batch with one texture makes it, and the name of its slope file."""
    maker = Maker(Soils(wd=""), Disturbed(wd=""), soil_parameters(), fixed_soils())
    covers = class_covers()
    slopes = list(product(SHAPES, LENGTHS_M))
    moved = CLIMATE_STEP * list(CLIMATES).index(climate_name)
    for number, (name, texture) in enumerate(product(CLASSES, TEXTURES), 1):
        shape, length_m = slopes[(CLASS_STEP * number + moved) % len(slopes)]
        slope = f"{shape}_L{length_m}"
        profile = read_slope(FOLDERS["plain"] / "slopes" / f"{slope}.slp")[0]
        soil = maker.soil(texture_unit(texture, texture), name).soil
        hillslope = Hillslope(
            topaz_id=10 * number + 2,
            wepp_id=number,
            channel_topaz_id=10 * number + 4,
            position="left",
            area_m2=profile.length_m * profile.width_m,
            disturbed_class=name,
            burn_class=CLASSES[name],
            soil_key=soil.name,
            slope=profile,
            soil=soil,
            ksatadj=0,
            lkeff_mm_h=0.0,
            cover=covers[name].static_cover(),
        )
        yield hillslope, slope


def write_inputs(folder: Path, hillslope: Hillslope, years: int) -> None:
    """The files of one hillslope, as an export has them."""
    stem = folder / f"p{hillslope.wepp_id}"
    write_slope(stem.with_suffix(".slp"), [hillslope.slope])
    write_soil(stem.with_suffix(".sol"), hillslope.soil)
    write_management(stem.with_suffix(".man"), hillslope.cover, years)
    write_text(stem.with_suffix(".run"), hillslope_run(hillslope.wepp_id, years))
    stem.with_suffix(".cli").unlink(missing_ok=True)
    stem.with_suffix(".cli").hardlink_to(folder / WEATHER)


def ran(runner: WeppRunner, climate: ClimateSeries, years: int, hillslope: Hillslope) -> Reference:
    """What WEPP gives for a hillslope, in the mean of its years."""
    runner.run(f"p{hillslope.wepp_id}", hillslope.disturbed_class, WeppSettings().hillslope_timeout_s(years))
    whole = Years.of(climate, 0)
    days = int((climate.year < climate.first_year + years).sum())
    asked = replace(whole, date=whole.date[:days], counted=whole.counted[:days], simulated=years, averaged=years)
    result = read_hillslope(hillslope, runner.folder, asked)
    return means(result, hillslope.slope.width_m, climate.year[:days], plants=result.transpiration_mm)


def row(hillslope: Hillslope, slope: str, climate_name: str, years: int, found: Reference) -> dict[str, Any]:
    """A case's row of the table."""
    label = hillslope.disturbed_class.replace(" ", "_")
    return {
        "case": f"{slope}_{hillslope.soil.texture.replace(' ', '')}_{label}_{climate_name}",
        "slope_file": f"../slopes/{slope}.slp",
        "soil_file": f"soils/{hillslope.soil_key.replace(' ', '_')}.sol",
        "management_file": f"managements/{label}.man",
        "climate_file": f"../climates/{climate_name}.cli",
        "shape": slope.split("_")[0],
        "length_m": f"{hillslope.slope.length_m:g}",
        "width_m": f"{hillslope.slope.width_m:g}",
        "texture": hillslope.soil.texture,
        "management": hillslope.disturbed_class,
        "severity": hillslope.burn_class,
        "climate": climate_name,
        "years": years,
        **{column: f"{getattr(found, value):.6g}" for value, column in COLUMNS.items()},
    }


if __name__ == "__main__":
    main()
