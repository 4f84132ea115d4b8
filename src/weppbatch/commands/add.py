"""`weppbatch add`: watersheds and elevations brought into a batch, and what was found in them."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weppbatch.batch import hold
from weppbatch.batch.access import current_user, require_admin, require_enabled
from weppbatch.batch.root import batch_folder
from weppbatch.batch.runner import BatchRunner
from weppbatch.commands.arguments import AsJson, Name
from weppbatch.commands.console import say, say_json, say_table
from weppbatch.errors import InputError
from weppbatch.nodb.base import LOCK_WAIT_S

if TYPE_CHECKING:
    from weppbatch.batch.dem import Coverage
    from weppbatch.batch.features import FeatureCheck

SHOWN_OUTSIDE = 5


class Kind(StrEnum):
    """What can be added."""

    watersheds = "watersheds"
    dem = "dem"
    sbs = "sbs"


def add(
    name: Name,
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help="watersheds (GeoJSON), dem or sbs")],
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="watersheds and an sbs are copied in; a dem stays where it is: file, folder of tiles, or URL",
        ),
    ],
    then: Annotated[
        list[str] | None, typer.Option("--then", help="dem: the next source, for what those before don't cover")
    ] = None,
    breaks: Annotated[
        str, typer.Option(help="sbs: the highest values of unburned, low and moderate, such as 75,109,187")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Add watersheds (GeoJSON), elevations (raster) or a burn severity map (sbs).

    Watersheds: polygons, or points where they drain. Every feature is checked; bad ones are rejected with reasons,
    the rest go on. The same command again replaces what was there.

    \b
    Examples: weppbatch add myfire watersheds huc12.geojson
              weppbatch add myfire dem /data/dem.tif
              weppbatch add myfire dem 3dep://13 --then copernicus://glo30
              weppbatch add myfire sbs barc4.tif
    """
    require_enabled()
    require_admin()
    if then and kind is not Kind.dem:
        raise InputError("--then is for elevation sources")
    batch = BatchRunner.getInstance(batch_folder(name))
    if kind is Kind.watersheds:
        _add_watersheds(batch, Path(file), as_json)
    elif kind is Kind.sbs:
        _add_burn_map(batch, Path(file), breaks, as_json)
    else:
        _add_dem(batch, [file, *(then or [])], as_json)


def _add_watersheds(batch: BatchRunner, file: Path, as_json: bool) -> None:
    from weppbatch.batch import geojson  # it loads what reads maps and tables
    from weppbatch.batch.dem import coverage

    with hold.having(Path(batch.wd), "add", wait_s=LOCK_WAIT_S):
        before = batch.validation_state
        report = geojson.register(batch, file, current_user())
    if as_json:
        say_json(report.resource | {"features": [_as_json(check) for check in report.checks]})
        return
    resource = report.resource
    system = resource["crs"] if resource["crs_declared"] else "WGS84 assumed, the file declares no CRS"
    say(f"{file.name}: {resource['feature_count']} features, {system}")
    if report.unchanged:
        say("The file is the one that was there already.")
    elif report.replaced:
        stale = "; the run ids must be validated again" if before != "missing" else ""
        say(f"It replaces the watersheds of {report.replaced['uploaded_at']}{stale}.")
    remarks = [(check, "rejected", reason) for check in report.checks for reason in check.reasons]
    remarks += [(c, "repaired", note) for c in report.checks if c.accepted for note in c.notes]
    remarks.sort(key=lambda remark: remark[0].index)
    say_table(["feature", "id", "state", "why"], [(check.index, check.id, *rest) for check, *rest in remarks])
    rejected = resource["feature_count"] - resource["accepted_count"]
    say(f"{resource['accepted_count']} watersheds can be used, {rejected} rejected.")
    if "bounds" in batch.resources.get("dem", {}):
        _say_coverage(coverage(batch.resources["dem"], report.checks))
    say(f"Next: weppbatch validate {batch.folder_name}")


def _as_json(check: "FeatureCheck") -> dict[str, Any]:
    return {
        "index": check.index,
        "id": check.id,
        "accepted": check.accepted,
        "reasons": check.reasons,
        "notes": check.notes,
        "area_m2": check.area_m2,
    }


def _add_dem(batch: BatchRunner, specs: list[str], as_json: bool) -> None:
    from weppbatch.batch.dem import register_dem

    resource = register_dem(batch, specs, current_user())
    found = _coverage_of(batch, resource)
    if as_json:
        inside = None if found is None else {"inside": found.inside, "outside": found.outside}
        say_json(resource | {"watersheds": inside})
        return
    for source in resource["sources"]:
        if "resolution" not in source:
            say(f"{source['spec']}: {source['product']}")
            continue
        across, down = source["resolution"]
        say(f"{source['path']}: {source['driver']}, {source['crs']}, cells of {across:.6g} x {down:.6g}")
        west, south, east, north = source["bbox"]
        say(f"longitudes {west:.4f} to {east:.4f}, latitudes {south:.4f} to {north:.4f}")
    say("Set as ron.dem." if len(specs) == 1 else "Set as ron.dem and ron.dem_fallbacks.")
    if found is not None:
        _say_coverage(found)
    if any(Path(batch.wd).glob("runs/*/.tasks/clone.json")):
        say(f"Runs that are cloned already keep theirs; to give them this: weppbatch push {batch.folder_name}")
    if any("://" in spec for spec in specs):
        say(f"To fetch ahead what the batch needs: weppbatch stage {batch.folder_name}")


def _add_burn_map(batch: BatchRunner, file: Path, breaks: str, as_json: bool) -> None:
    from weppbatch.batch.burn_map import register_burn_map
    from weppbatch.terrain.severity_coding import parsed_breaks

    resource = register_burn_map(batch, file, current_user(), parsed_breaks(breaks) if breaks else None)
    if as_json:
        say_json(resource)
        return
    say(f"{file.name} was read by: {resource['coding']}. Cells:")
    say_table(["class", "cells"], list(resource["classes"].items()))
    say(f"Kept as {resource['relative_path']}, set as disturbed.sbs_map. Runs that are cloned get it by: push")


def _coverage_of(batch: BatchRunner, resource: dict[str, Any]) -> "Coverage | None":
    from weppbatch.batch import geojson
    from weppbatch.batch.dem import coverage
    from weppbatch.batch.features import check_features

    if "watershed_geojson" not in batch.resources or "bounds" not in resource:
        return None
    loaded, _ = geojson.registered(batch)
    return coverage(resource, check_features(loaded.data, loaded.crs))


def _say_coverage(found: "Coverage") -> None:
    say(f"{found.inside} of {found.inside + len(found.outside)} watersheds lie within the DEM.")
    if found.outside:
        more = ", ..." if len(found.outside) > SHOWN_OUTSIDE else ""
        say(f"Not within it: {', '.join(found.outside[:SHOWN_OUTSIDE])}{more}")
    if found.swapped:
        say(f"With longitude and latitude exchanged, {found.swapped} of them would be.")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(add)
