"""`weppbatch validate`: from attributes to run ids, with everything that stands in the way."""

import shlex
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import typer

from weppbatch.batch import hold
from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.root import batch_folder
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.vanished import compare
from weppbatch.commands.arguments import AsJson, Name
from weppbatch.commands.console import say, say_json, say_table
from weppbatch.nodb.base import LOCK_WAIT_S

PREVIEW_ROWS = 20
NAMED = 10  # run ids that are written out


def validate(
    name: Name,
    template: Annotated[
        str | None, typer.Option("--template", "-t", help="text with {expression} or ${Attribute}")
    ] = None,
    runs: Annotated[str, typer.Option(metavar="PATTERNS", help="show only these run ids: a-*,b-07")] = "*",
    as_json: AsJson = False,
) -> None:
    """Give every watershed its run id by a template.

    Without a template: show the attributes to make it from.

    An expression is properties['Name'], feature['id'], index or one_based_index, with slug, lower, upper, title,
    zfill and replace, and a format after a colon: {one_based_index:03d}. ${Name} is short for
    {properties['Name']}.

    \b
    Examples: weppbatch validate myfire
              weppbatch validate myfire --template '${HUC12}'
              weppbatch validate myfire -t "{slug(properties['Name'])}-{index:03d}"
    """
    batch = BatchRunner.getInstance(batch_folder(name))
    if template is None:
        _show_attributes(batch, as_json)
        return
    require_enabled()
    require_admin()
    from weppbatch.batch import validation  # it loads what reads maps and tables
    from weppbatch.batch.readiness import unready

    with hold.having(Path(batch.wd), "validate", wait_s=LOCK_WAIT_S):
        result = validation.validate(batch, template)
    if result["valid"]:
        result["compared"] = compare(Path(batch.wd), result["runs"]).to_json()
    warnings = unready(Path(batch.wd))
    if as_json:
        say_json(result | {"warnings": warnings})
    else:
        _show(name, result, runs.split(","), warnings)
    if not result["valid"]:
        raise typer.Exit(2)


def _show_attributes(batch: BatchRunner, as_json: bool) -> None:
    from weppbatch.batch import validation
    from weppbatch.batch.features import check_features
    from weppbatch.batch.geojson import registered

    loaded, resource = registered(batch)
    rows = validation.attributes(loaded.features)
    checks = check_features(loaded.data, loaded.crs)
    suggestion = validation.suggested_template([loaded.features[c.index] for c in checks if c.accepted])
    stored = batch.template_validation or {}
    if as_json:
        state = {"state": batch.validation_state, "template": stored.get("template")}
        say_json({"attributes": rows, "suggested_template": suggestion, "validation": state})
        return
    say(f"{resource['feature_count']} features in {Path(batch.wd, resource['relative_path'])}")
    say_table(
        ["attribute", "type", "present", "distinct", "samples"],
        [(r["name"], r["type"], r["present"], r["distinct"], _samples(r["samples"])) for r in rows],
    )
    if stored:
        summary = stored["summary"]
        say(f"Template {stored['template']} of {stored['validated_at']}: {batch.validation_state}, "
            f"{summary['runs']} runs, {summary['rejected']} features rejected.")  # fmt: skip
    if batch.validation_state != "valid":
        again = stored.get("template") if batch.validation_state == "stale" else None
        example = again or suggestion or "{one_based_index:03d}"
        say(f"Next: weppbatch validate {batch.folder_name} --template {shlex.quote(example)}")


def _samples(values: list[Any]) -> str:
    return " | ".join(text if len(text) <= 40 else text[:37] + "..." for text in map(str, values))


def _show(name: str, result: dict[str, Any], patterns: list[str], warnings: list[str]) -> None:
    renamed = {row["index"]: row["from"] for row in result["renamed"]}
    chosen = [run for run in result["runs"] if any(fnmatchcase(run["runid"], p.strip()) for p in patterns)]
    say_table(
        ["run id", "feature", "id", "km2", "made from"],
        [
            (run["runid"], run["index"], run["id"], _area(run), renamed.get(run["index"]))
            for run in chosen[:PREVIEW_ROWS]
        ],
    )
    if len(chosen) > PREVIEW_ROWS:
        say(f"... and {len(chosen) - PREVIEW_ROWS} more; see --json or --runs")
    if result["rejected"]:
        say("\nRejected features:")
        say_table(
            ["feature", "id", "why"], [(r["index"], r["id"], "; ".join(r["reasons"])) for r in result["rejected"]]
        )
    for row in result["duplicates"]:
        say(f"error: run id '{row['runid']}' would be that of features {', '.join(map(str, row['indexes']))}")
    for error in result["errors"]:
        say(f"error: {error}")
    for warning in warnings:
        say(f"warning: {warning}")
    summary = result["summary"]
    say(f"\n{summary['runs']} run ids from {summary['features']} features, {summary['renamed']} of them sanitised, "
        f"{summary['rejected']} features rejected.")  # fmt: skip
    if result["valid"]:
        _show_compared(name, result["compared"])
        say(f"Valid. Next: weppbatch run {name}")
    else:
        say("Invalid: nothing runs until the run ids are valid.")


def _area(run: dict[str, Any]) -> str:
    return "outlet" if run.get("point") else f"{run['area_m2'] / 1e6:.2f}"


def _show_compared(name: str, compared: dict[str, list[str]]) -> None:
    """What becomes of the runs that are on disk; nothing for a batch that never ran."""
    counts = {kind: len(runids) for kind, runids in compared.items()}
    if not counts["kept"] + counts["changed"] + counts["vanished"]:
        return
    say(f"Of the runs on disk, {counts['kept']} keep their watershed, {counts['changed']} have another outline and "
        f"will be made again, {counts['vanished']} vanished; {counts['new']} are new.")  # fmt: skip
    for kind in ("changed", "vanished"):
        if compared[kind]:
            more = f" and {counts[kind] - NAMED} more" if counts[kind] > NAMED else ""
            say(f"  {kind}: {', '.join(compared[kind][:NAMED])}{more}")
    if counts["vanished"]:
        say(f"Vanished runs stay on disk until: weppbatch clean {name} --vanished")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(validate)
