"""`weppbatch demo`: the whole journey on real terrain, with what a user would type shown at every step."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.root import batches_root
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.app import app
from weppbatch.commands.console import say, say_table
from weppbatch.files import replacing, shipped
from weppbatch.nodb.scenario_names import BASE, name_of
from weppbatch.tasks import graph
from weppbatch.terrain.sample import SOURCE, write_sample_dem
from weppbatch.terrain.synthetic import write_synthetic_maps

NAME = "demo"
STATION = "ca046006"  # Mount Wilson, California: real figures of another place
YEARS = 30
SCENARIOS: tuple[Mapping[str, Any], ...] = (
    *({"kind": kind} for kind in ("undisturbed", "sbs_map", "uniform_high", "prescribed_fire")),
    {"kind": "thinning", "canopy_percent": 65, "ground_cover_percent": 93},
    {"kind": "mulch", "mulch_percent": 60, "base_scenario": "sbs_map"},
)
TEMPLATE = "{slug(properties['HucName'])}"
SHOWN = "sediment_yield_t_ha_yr"  # of scenarios
RESULTS = {
    "precip_mm_yr": ("precipitation mm/yr", 0),
    "runoff_mm_yr": ("run-off mm/yr", 0),
    "streamflow_mm_yr": ("streamflow mm/yr", 0),
    "et_mm_yr": ("ET mm/yr", 0),
    "soil_loss_t_ha_yr": ("soil loss t/ha/yr", 2),
    "sediment_yield_t_yr": ("sediment t/yr", 0),
    "sediment_yield_t_ha_yr": ("sediment t/ha/yr", 2),
}

ASH = {
    "initial_t": ("ash t", 0),
    "transport_t": ("moved t", 0),
    "transport_percent": ("of all %", 0),
    "reservoir_share_percent": ("of a reservoir %", 2),
}


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(demo)


def demo() -> None:
    """Run a batch of ten watersheds on real terrain and report it.

    The terrain is an SRTM window of the Cumberland Mountains, Tennessee. Two of the watersheds are bad on
    purpose, to show how they are reported.

    \b
    Example: weppbatch demo
    """
    folder = batches_root() / NAME
    if not (folder / BatchRunner.filename).exists():
        _step("create", NAME, "--config", "disturbed9002_wbt")
    if BatchRunner.getInstance(folder).validation_state != "valid":
        _prepare(folder)
    code = _step("run", NAME, "--reason", "the demo")
    _step("report", NAME, "--runs", "all")
    ledger = Ledger(Plan(folder.resolve()))
    _show(ledger)
    say(f"\nTerrain: {SOURCE}.\nOpen {folder / 'report' / 'index.html'} in a browser.")
    raise typer.Exit(code)


def _step(*arguments: object) -> int:
    """Show and call another command, as a user would; its exit code."""
    words = [str(argument) for argument in arguments]
    say(f"\n$ weppbatch {' '.join(_quoted(word) for word in words)}")
    return int(app()(words, standalone_mode=False) or 0)


def _quoted(word: str) -> str:
    """A word as one would type it in a shell."""
    return f'"{word}"' if "'" in word else shlex.quote(word)


def _prepare(folder: Path) -> None:
    """Bring the demo's batch up to its run ids, also one that an interrupted demo left half-made."""
    terrain = folder / "resources" / "dem" / "srtm-cumberland.tif"
    with replacing(terrain) as temporary:
        write_sample_dem(temporary)
    _step("add", NAME, "dem", terrain)
    maps = write_synthetic_maps(terrain, folder / "resources" / "synthetic")
    say(f"\nMaps made from the terrain by a rule, marked SYNTHETIC: {maps.landcover.parent}")
    _step(
        *("set", NAME, f"landuse.landcover={maps.landcover}", f"disturbed.sbs_map={maps.burn_severity}"),
        *(f"soils.soil_map={maps.soil}", f"soils.soil_table={maps.soil_table}"),
        *("climate.station_selection=user", f"climate.station_id={STATION}", f"climate.years={YEARS}"),
    )
    _step("add", NAME, "watersheds", shipped("config") / "demo" / "watersheds.geojson")
    _step("validate", NAME, "--template", TEMPLATE)
    _step("set", NAME, f"omni.scenarios={json.dumps(SCENARIOS)}")


def _show(ledger: Ledger) -> None:
    """What every watershed became, and the seconds of every task."""
    shapes, results, ashes, seconds, compared = [], [], [], [], []
    scenarios = [BASE, *(name_of(fields) for fields in SCENARIOS)]
    for runid, state in ledger.runs.items():
        records = {task: task_state.record or {} for task, task_state in state.tasks.items()}
        metrics = {task: record.get("metrics", {}) for task, record in records.items()}
        outlet, watershed, wepp = (metrics.get(task, {}) for task in ("outlet", "watershed", "wepp"))
        area_km2 = outlet["basin_area_m2"] / 1e6 if outlet else None
        counts = (watershed.get("hillslopes"), watershed.get("channels"))
        shapes.append([runid, state.status, _figure(area_km2, 1), *counts, _figure(outlet.get("iou"), 2)])
        results.append([runid, *(_figure(wepp.get(name), digits) for name, (_, digits) in RESULTS.items())])
        ashes.append(
            [runid, *(_figure(metrics.get("watar", {}).get(name), digits) for name, (_, digits) in ASH.items())]
        )
        yields = metrics.get("omni", {}).get("scenarios", {})
        compared.append([runid, *(_figure(yields.get(name, {}).get(SHOWN), 2) for name in scenarios)])
        times = {task: record["wall_s"] for task, record in records.items() if record.get("wall_s") is not None}
        in_scenarios = sum(wall_s for task, wall_s in times.items() if graph.scenario_of(task))
        seconds.append([runid, *(_figure(times.get(task), 1) for task in graph.TASKS), _figure(in_scenarios, 1)])
    for columns, rows in (
        (["run", "state", "area km2", "hillslopes", "channels", "IoU"], shapes),
        (["run", *(title for title, _ in RESULTS.values())], results),
        (["run", *(title for title, _ in ASH.values())], ashes),
        (["sediment t/ha/yr", *scenarios], compared),
        (["seconds", *graph.TASKS, "its scenarios"], seconds),
    ):
        say()
        say_table(columns, rows)


def _figure(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
