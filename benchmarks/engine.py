"""How fast the embedded engine is, and how much memory it takes, with all its tables written to disk.

`python benchmarks/engine.py [--sizes 100 1000 10000] [--years 30] [--json]` builds watersheds of burned and
unburned hillslopes of four textures, simulates each in a process of its own that is tied to one core, and prints
Markdown tables. "Summary" writes all tables but the days of single hillslopes; "daily" these too. Settings are the
defaults of a batch (FAO-56, drainage by the hour, frost) in a climate of rain, but where a table names others:
"plain" are those of WEPP without its side files (Penman, drainage by the day). Cold is a first run on a machine,
which compiles; warm is any other. Where others work on the machine, the processor's
time tells more than the clock. `--json` prints milliseconds and megabytes alone. `--wepp EXE` times a real WEPP on
some of the same hillslopes, one after the other on the same core.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from weppbatch.engines.embedded import Embedded
from weppbatch.engines.export import write_inputs
from weppbatch.engines.protocol import WatershedOptions
from weppbatch.engines.schemas import DAILY
from weppbatch.engines.tables import Tables
from weppbatch.engines.watershed import ChannelLink, Hillslope, Watershed
from weppbatch.engines.wepp_process import WeppRunner
from weppbatch.engines.wepp_settings import WeppSettings
from weppbatch.files import shipped
from weppbatch.formats.management import StaticCover
from weppbatch.formats.slope import SlopeProfile
from weppbatch.formats.soil import Soil, SoilLayer
from weppbatch.formats.station_par import read_station
from weppbatch.hydrology.state import EngineOptions
from weppbatch.hydrology.weather import generate

STARTED = perf_counter()
STATIONS = {"rain": "ca046006", "frost": "id106388"}
FIRST_YEAR, SEED = 2001, 7
TIMED = 200  # hillslopes of the timed runs
COMPARED = 12  # hillslopes that a real WEPP is timed on
PLAIN = EngineOptions(evapotranspiration="penman", drainage_steps_per_day=1)
REPEATS = 3
# Cover, and Kr relative to forest and conductivity (mm/h) of a loam, by class of burn.
COVERS = (
    (StaticCover("forest", 0.9, 1.0, 1.0, 20.0, 14.0, 2.0, 0.1), "unburned", 1.0, 50.0),
    (StaticCover("forest low sev fire", 0.75, 0.85, 0.85, 0.3, 4.0, 0.3, 0.04), "low", 2.5, 20.0),
    (StaticCover("forest high sev fire", 0.4, 0.3, 0.3, 0.2, 2.0, 0.3, 0.06), "high", 3.5, 15.0),
)
# Sand and clay in percent, field capacity and wilting point.
TEXTURES = {
    "loam": (42.0, 18.0, 0.26, 0.12),
    "silt loam": (20.0, 15.0, 0.29, 0.12),
    "sandy loam": (65.0, 10.0, 0.19, 0.08),
    "clay loam": (32.0, 34.0, 0.32, 0.19),
}
SLOPES = (0.08, 0.2, 0.35, 0.5)
LENGTHS_M = (60.0, 120.0, 200.0, 300.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--sizes", type=int, nargs="*", default=[100, 1000, 10_000], help="hillslopes for memory")
    parser.add_argument("--years", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--wepp", type=Path, help="an executable of WEPP to time beside the embedded engine")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--climate", choices=STATIONS, default="rain", help=argparse.SUPPRESS)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--daily", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--repeats", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        engine_options = PLAIN if options.plain else EngineOptions()
        found = watershed(options.one, options.years, options.climate)
        print(json.dumps(measure(found, engine_options, options.daily, options.repeats)))
        return
    timed = {
        kind: apart(TIMED, options.years, daily=kind == "daily", repeats=REPEATS) for kind in ("daily", "summary")
    }
    sized = {str(size): apart(size, options.years, daily=True) for size in options.sizes}
    figures = {
        "ms_per_hillslope_year": {
            kind: one["best_s"] * 1000.0 / TIMED / options.years for kind, one in timed.items()
        },
        "peak_rss_mb": {size: one["peak_rss_mb"] for size, one in sized.items()},
    }
    if options.json:
        print(json.dumps(figures))
        return
    print(f"{STATIONS['rain']}, a batch's defaults, {options.years} years, {TIMED} hillslopes, one core, ", end="")
    print(f"best of {REPEATS}\n")
    print("| tables | ms a hillslope-year | of the processor | first in a process | MB written |")
    print("|---|---|---|---|---|")
    for kind, one in timed.items():
        ms = [one[name] * 1000.0 / TIMED / options.years for name in ("best_s", "cpu_s", "first_s")]
        print(f"| {kind} | {ms[0]:.3f} | {ms[1]:.3f} | {ms[2]:.3f} | {one['written_mb']:.1f} |")
    tell_settings(options.years)
    if options.wepp:
        clock, cpu = wepp_ms(options.wepp, options.years)
        print(
            f"\nReal WEPP, {COMPARED} of the hillslopes, rain, defaults: {clock:.2f} ms a hillslope-year, ", end=""
        )
        print(f"{cpu:.2f} of the processor.")
    with tempfile.TemporaryDirectory() as empty:
        cold = apart(1, options.years, daily=True, WEPPBATCH_CACHE=empty)
    warm = timed["daily"]["load_s"]
    print(f"\nOne hillslope with an empty cache: {cold['first_s'] + cold['load_s']:.1f} s, compilation included; ")
    print(f"with a filled one the engine is loaded and has its weather after {warm:.1f} s.\n")
    print(f"| hillslopes x {options.years} years, daily | peak memory, MB | s | ms a hillslope-year | MB written |")
    print("|---|---|---|---|---|")
    for size, one in sized.items():
        ms = one["first_s"] * 1000.0 / int(size) / options.years
        print(f"| {size} | {one['peak_rss_mb']:.0f} | {one['first_s']:.1f} | {ms:.3f} | {one['written_mb']:.0f} |")


def tell_settings(years: int) -> None:
    """A row a climate and settings, all days of all hillslopes written."""
    print("\n| climate | settings | ms a hillslope-year, daily | of the processor |")
    print("|---|---|---|---|")
    for climate in STATIONS:
        for settings in ("defaults", "plain"):
            flags = ["--climate", climate, *(["--plain"] if settings == "plain" else [])]
            one = apart(TIMED, years, *flags, daily=True, repeats=REPEATS)
            ms = [one[name] * 1000.0 / TIMED / years for name in ("best_s", "cpu_s")]
            print(f"| {climate} ({STATIONS[climate]}) | {settings} | {ms[0]:.3f} | {ms[1]:.3f} |")


def wepp_ms(executable: Path, years: int) -> tuple[float, float]:
    """Milliseconds a hillslope-year of a real WEPP with the side files of a batch's defaults, on one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    found = watershed(COMPARED, years, "rain")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(found, folder, WeppSettings(frost=True))
        with WeppRunner(executable, folder) as runner:
            began, before = perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            for item in found.hillslopes:
                runner.run(f"p{item.wepp_id}", f"hillslope {item.wepp_id}", timeout_s=600.0)
            clock, after = perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return clock * 1000.0 / COMPARED / years, worked * 1000.0 / COMPARED / years


def apart(size: int, years: int, *flags: str, daily: bool, repeats: int = 1, **environment: str) -> dict[str, Any]:
    """Measure in a process of its own."""
    command = [
        sys.executable,
        __file__,
        "--one",
        str(size),
        "--years",
        str(years),
        "--repeats",
        str(repeats),
        *flags,
    ]
    command += ["--daily"] if daily else []
    done = subprocess.run(command, env=os.environ | environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(found: Watershed, options: EngineOptions, daily: bool, repeats: int) -> dict[str, float]:
    """Seconds of the first and of the best run on one core, this process's peak memory, and what was written."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    load_s = perf_counter() - STARTED
    taken, worked = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repeats):
            began, before = perf_counter(), process_time()
            with Tables(Path(folder), daily=daily) as tables:
                Embedded().run(found, WatershedOptions(hillslope=options), tables, threads=1)
            taken.append(perf_counter() - began)
            worked.append(process_time() - before)
        written = sum(path.stat().st_size for path in Path(folder).iterdir())
        assert (Path(folder) / f"{DAILY}.parquet").exists() == daily
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "load_s": load_s,
        "first_s": taken[0],
        "best_s": min(taken),
        "cpu_s": min(worked),
        "peak_rss_mb": peak_kb / 1024.0,
        "written_mb": written / 1e6,
    }


def watershed(size: int, years: int, climate: str) -> Watershed:
    """Hillslopes, two to a channel, along a tree of channels in which two flow into each."""
    channels = (size + 1) // 2
    links = tuple(
        ChannelLink(
            topaz_id=10 * number + 4,
            wepp_id=size + number,
            order=1,
            downstream_topaz_id=10 * (number // 2) + 4 if number > 1 else None,
            slope=SlopeProfile(180.0, 1.5, 300.0, ((0.0, 0.1), (1.0, 0.06)), 400.0),
        )
        for number in range(1, channels + 1)
    )
    station = read_station(shipped("config") / "stations" / f"{STATIONS[climate]}.par")
    weather = generate(station, years, FIRST_YEAR, SEED)
    slopes = tuple(hillslope(number) for number in range(1, size + 1))
    return Watershed("benchmark", slopes, links, weather, sum(item.area_m2 for item in slopes))


def hillslope(number: int) -> Hillslope:
    """The hillslopes go through all covers, textures, slopes and lengths."""
    cover, burn_class, kr_times, avke_mm_h = COVERS[number % len(COVERS)]
    texture = list(TEXTURES)[number // 3 % len(TEXTURES)]
    slope, length_m = SLOPES[number // 12 % len(SLOPES)], LENGTHS_M[number // 48 % len(LENGTHS_M)]
    profile = SlopeProfile(180.0, 200.0, length_m, ((0.0, slope / 2), (0.5, slope * 1.5), (1.0, slope / 4)), 500.0)
    channel = (number + 1) // 2
    made = soil(texture, avke_mm_h, kr_times)
    return Hillslope(
        topaz_id=10 * channel + 3 - number % 2,
        wepp_id=number,
        channel_topaz_id=10 * channel + 4,
        position="left" if number % 2 else "right",
        area_m2=200.0 * length_m,
        disturbed_class=cover.name,
        burn_class=burn_class,
        soil_key=made.name,
        slope=profile,
        soil=made,
        ksatadj=int(burn_class == "high"),
        lkeff_mm_h=0.1 if burn_class == "high" else 0.0,
        cover=cover,
    )


def soil(texture: str, avke_mm_h: float, kr_times: float) -> Soil:
    """Two layers over a nearly tight one."""
    sand, clay, capacity, wilting = TEXTURES[texture]
    top = SoilLayer(
        depth_mm=200.0,
        sand_pct=sand,
        clay_pct=clay,
        organic_matter_pct=4.0,
        cec_meq_100g=12.0,
        rock_pct=20.0,
        bulk_density_g_cm3=1.3,
        ksat_mm_h=avke_mm_h,
        anisotropy=10.0,
        field_capacity=capacity,
        wilting_point=wilting,
    )
    return Soil(
        name=f"{texture} {avke_mm_h:g}",
        texture=texture,
        layers=(top, replace(top, depth_mm=800.0, ksat_mm_h=30.0, anisotropy=1.0)),
        albedo=0.1,
        initial_saturation=0.75,
        ki_kg_s_m4=1e6,
        kr_s_m=3e-5 * kr_times,
        tauc_n_m2=1.0,
        avke_mm_h=avke_mm_h,
        restrictive=True,
        kslast_mm_h=0.01,
        restrictive_thickness_mm=10_000.0,
    )


if __name__ == "__main__":
    main()
