"""`weppbatch demo`: the whole journey on real terrain, with what a user would type shown at every step."""

import shlex
from collections.abc import Callable
from pathlib import Path

import typer

from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.root import batches_root
from weppbatch.commands.console import say, say_table
from weppbatch.files import replacing, shipped
from weppbatch.tasks import graph
from weppbatch.terrain.sample import SOURCE, write_sample_dem
from weppbatch.terrain.synthetic import write_synthetic_maps

NAME = "demo"
STATION = "ca046006"  # Mount Wilson, California: real figures of another place
YEARS = 30
TEMPLATE = "{slug(properties['HucName'])}"


def register(app: typer.Typer) -> None:
    """Add the command to the app; it calls the app's other commands, as a user would."""

    def step(*arguments: object) -> int:
        words = [str(argument) for argument in arguments]
        say(f"\n$ weppbatch {' '.join(_quoted(word) for word in words)}")
        return int(app(words, standalone_mode=False) or 0)

    @app.command()
    def demo() -> None:
        """Run a batch of ten watersheds on real terrain and report it.

        The terrain is an SRTM window of the Cumberland Mountains, Tennessee. Two of the watersheds are bad on
        purpose, to show how they are reported. Example: weppbatch demo
        """
        folder = batches_root() / NAME
        if not (folder / "batch_runner.nodb").exists():
            _make(folder, step)
        code = step("run", NAME, "--reason", "the demo")
        ledger = Ledger(Plan(folder.resolve()))
        _show(ledger)
        say(f"\nTerrain: {SOURCE}.\nOpen {folder / 'report' / 'index.html'} in a browser.")
        raise typer.Exit(code)


def _quoted(word: str) -> str:
    """A word as one would type it in a shell."""
    return f'"{word}"' if "'" in word else shlex.quote(word)


def _make(folder: Path, step: Callable[..., int]) -> None:
    """Make the demo's batch, up to its run ids."""
    step("create", NAME, "--config", "disturbed9002_wbt")
    terrain = folder / "resources" / "dem" / "srtm-cumberland.tif"
    with replacing(terrain) as temporary:
        write_sample_dem(temporary)
    step("add", NAME, "dem", terrain)
    maps = write_synthetic_maps(terrain, folder / "resources" / "synthetic")
    say(f"\nMaps made from the terrain by a rule, marked SYNTHETIC: {maps.landcover.parent}")
    step(
        *("set", NAME, f"landuse.landcover={maps.landcover}", f"disturbed.sbs_map={maps.burn_severity}"),
        *(f"soils.soil_map={maps.soil}", f"soils.soil_table={maps.soil_table}"),
        *("climate.station_selection=user", f"climate.station_id={STATION}", f"climate.years={YEARS}"),
    )
    step("add", NAME, "watersheds", shipped("config") / "demo" / "watersheds.geojson")
    step("validate", NAME, "--template", TEMPLATE)


def _show(ledger: Ledger) -> None:
    """What every watershed became: area, hillslopes, channels, fit of the outlet, seconds a task."""
    rows = []
    for runid, state in ledger.runs.items():
        records = {task: task_state.record or {} for task, task_state in state.tasks.items()}
        shape = records.get("watershed", {}).get("metrics", {})
        outlet = records.get("outlet", {}).get("metrics", {})
        area_km2 = f"{outlet['basin_area_m2'] / 1e6:.1f}" if outlet else ""
        iou = f"{outlet['iou']:.2f}" if outlet else ""
        seconds = [f"{record['wall_s']:.1f}" if record else "" for record in records.values()]
        rows.append([runid, state.status, area_km2, shape.get("hillslopes"), shape.get("channels"), iou, *seconds])
    columns = ["run", "state", "area km2", "hillslopes", "channels", "IoU"]
    say()
    say_table([*columns, *(f"{task} s" for task in graph.TASKS)], rows)
