"""Builds a batch's `report` folder from whatever is done: page, merged tables, map layers, figures, manifest.

Reads one run after the other; every file is whole or as it was before. Derives no state: the ledger is given.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from weppbatch.batch.ledger import Ledger
from weppbatch.files import replacing, sha256_of_file, write_json, write_text
from weppbatch.report.figures import run_row
from weppbatch.report.joined import CHANNELS, HILLSLOPES, SCENARIOS
from weppbatch.report.page import page_of
from weppbatch.report.plots import soil_loss_plot, task_times_plot
from weppbatch.report.provenance import Provenance
from weppbatch.report.results import Features, parts_of, read_result, readable_schemas
from weppbatch.report.run_pages import refresh_run_pages
from weppbatch.report.scenarios import Scenarios
from weppbatch.report.sketch import Sketches
from weppbatch.report.spatial import FILES, BatchLayers
from weppbatch.report.summary import Summary
from weppbatch.report.tables import MergedTable, Row, write_runs_csv, write_runs_parquet
from weppbatch.report.timing import timing_of

PAGE = "index.html"
BESIDE = (
    *("runs.csv", "runs.parquet", "hillslopes.parquet", "channels.parquet", *FILES, "status.json"),
    *SCENARIOS,
)


def build_report(ledger: Ledger, folder: Path | None = None) -> Path:
    """Write the report of a batch, into its folder `report` or another one, and return the path of its page.

    Works however few runs are done. A run whose files can't be read is named on the page and left out of the
    merged tables.
    """
    folder = folder or ledger.plan.folder / "report"
    folder.mkdir(exist_ok=True)
    provenance, summary, scenarios = Provenance(ledger), Summary(ledger), Scenarios()
    write_json(folder / "status.json", ledger.to_json())
    rows, drawing = _write_merged(ledger, folder, provenance, summary, scenarios)
    with replacing(folder / "runs.parquet") as path:
        write_runs_parquet(path, rows)
    with replacing(folder / "runs.csv") as path:
        write_runs_csv(path, rows)
    write_text(folder / "figures" / "soil_loss.svg", soil_loss_plot(rows))
    write_text(folder / "figures" / "task_times.svg", task_times_plot(rows))
    manifest = provenance.manifest()
    files = [
        {"name": name, "bytes": (folder / name).stat().st_size, "sha256": sha256_of_file(folder / name)}
        for name in BESIDE
    ]
    write_json(folder / "manifest.json", manifest | {"files": files})
    timing, pages = timing_of(ledger), refresh_run_pages(ledger, folder)
    write_text(
        folder / PAGE,
        page_of(summary, provenance, scenarios, manifest, rows, drawing, files, timing, pages),
    )
    return folder / PAGE


def _write_merged(
    ledger: Ledger, folder: Path, provenance: Provenance, summary: Summary, scenarios: Scenarios
) -> tuple[list[Row], dict[str, Any]]:
    """Write what is too large to hold, run by run; returns the row of each run, and what the map draws."""
    features = Features(ledger.plan.folder)
    sketcher = Sketches(len(ledger.runs))
    rows: list[Row] = []
    sketches = []
    with ExitStack() as stack:
        paths = [stack.enter_context(replacing(folder / name)) for name in BESIDE[2:4]]
        hillslopes = stack.enter_context(MergedTable(paths[0], readable_schemas(ledger, HILLSLOPES)))
        channels = stack.enter_context(MergedTable(paths[1], readable_schemas(ledger, CHANNELS)))
        compared = {
            name: stack.enter_context(
                MergedTable(stack.enter_context(replacing(folder / name)), readable_schemas(ledger, [part]))
            )
            for name, part in SCENARIOS.items()
        }
        layers = stack.enter_context(BatchLayers(folder, hillslopes.schema, channels.schema))
        for runid in ledger.runs:
            result = read_result(ledger, features, runid)
            row = run_row(result)
            if result.hillslopes is not None:
                merged = hillslopes.add(runid, result.hillslopes)
                layers.add_parts(layers.subcatchments, merged, result.subcatchment_shapes)
            if result.channels is not None:
                merged = channels.add(runid, result.channels)
                layers.add_parts(layers.channels, merged, result.channel_shapes)
            for name, table in parts_of(result, SCENARIOS).items():
                compared[name].add(runid, table)
            layers.add_run(result, row)
            scenarios.add(result)
            provenance.add(result)
            summary.add(result)
            rows.append(row)
            sketches.append(sketcher.draw(result, row))
    return rows, sketcher.drawing(sketches)
