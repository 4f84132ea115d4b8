"""Builds a batch's `report` folder from whatever is done: page, merged tables, map layers, figures, manifest.

Reads one run after the other, of those that changed since the last build; every file is whole or as it was before.
Derives no state: the ledger is given.
"""

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from weppbatch.batch.ledger import Ledger
from weppbatch.files import replacing, sha256_of_file, write_json, write_text
from weppbatch.report.cache import Kept, Told
from weppbatch.report.figures import run_row
from weppbatch.report.geoparquet import GeoTable
from weppbatch.report.joined import SCENARIOS
from weppbatch.report.page import page_of
from weppbatch.report.plots import soil_loss_plot, task_times_plot
from weppbatch.report.provenance import Provenance
from weppbatch.report.results import Features, parts_of, read_result, result_as_told
from weppbatch.report.run_pages import refresh_run_pages
from weppbatch.report.scenarios import Scenarios
from weppbatch.report.sketch import Sketches
from weppbatch.report.spatial import FILES, LEAST, PACKAGE, PARQUETS, TYPES, layers_of, write_package
from weppbatch.report.summary import Summary
from weppbatch.report.tables import MergedTable, write_runs_csv, write_runs_parquet
from weppbatch.report.timing import timing_of

PAGE = "index.html"
HILLSLOPES, CHANNELS = "hillslopes.parquet", "channels.parquet"
MERGED = (HILLSLOPES, CHANNELS, *SCENARIOS, *PARQUETS.values())
BESIDE = ("runs.csv", "runs.parquet", HILLSLOPES, CHANNELS, *FILES, "status.json", *SCENARIOS)


def build_report(ledger: Ledger, folder: Path | None = None) -> Path:
    """Write the report of a batch, into its folder `report` or another one, and return the path of its page.

    Works however few runs are done. A run whose files can't be read is named on the page and left out of the
    merged tables. What did not change since the last build is taken from it (see `cache`).
    """
    folder = folder or ledger.plan.folder / "report"
    folder.mkdir(exist_ok=True)
    provenance, summary, scenarios = Provenance(ledger), Summary(ledger), Scenarios()
    sketches = Sketches(len(ledger.runs), {runid: ledger.plan.area_m2(runid) for runid in ledger.runs})
    write_json(folder / "status.json", ledger.to_json())
    told = Build(ledger, folder, provenance, sketches).told()
    for runid, what in told.items():
        result = result_as_told(ledger, runid, what.name, what.problems, what.outdated)
        provenance.take(runid, what.provenance)
        summary.add(result)
        scenarios.add(result)
    rows = [what.row for what in told.values()]
    drawing = sketches.drawing([what.sketch for what in told.values()])
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


class Build:
    """What all runs tell, and the merged files of a report, which are written on the way."""

    def __init__(self, ledger: Ledger, folder: Path, provenance: Provenance, sketches: Sketches) -> None:
        self.ledger, self.folder = ledger, folder
        self.provenance, self.sketches = provenance, sketches
        self.kept = Kept.of(ledger, folder.parent, ledger.plan.folder, drawn=sketches.rests_on)

    def told(self) -> dict[str, Told]:
        """By run. What did not change comes from the last build: the files too, when nothing did."""
        known = {runid: self.kept.told(runid) for runid in self.ledger.runs}
        found = {runid: what for runid, what in known.items() if what is not None}
        if self.kept.folder is not None and len(found) == len(known) == len(self.kept.runs):
            if self.kept.folder != self.folder:
                self._copy(self.kept.folder)
            return found
        features = Features(self.ledger.plan.folder)
        with ExitStack() as files:
            paths = {name: files.enter_context(replacing(self.folder / name)) for name in MERGED}
            package = files.enter_context(replacing(self.folder / PACKAGE))
            with ExitStack() as tables:
                merged = {name: tables.enter_context(self._table(name, path)) for name, path in paths.items()}
                for runid, what in known.items():
                    if what is None:
                        found[runid] = self._read(features, runid, merged)
                    else:
                        for table in merged.values():
                            table.keep(runid)
            write_package(package, {layer: paths[name] for layer, name in PARQUETS.items()})
        self.kept.save(self.folder, merged)
        return {runid: found[runid] for runid in known}

    def _table(self, name: str, path: Path) -> MergedTable:
        """A merged file to be written."""
        earlier = self.kept.earlier(name)
        for layer, file in PARQUETS.items():
            if name == file:
                return GeoTable(path, TYPES[layer], earlier, LEAST.get(layer))
        return MergedTable(path, earlier)

    def _read(self, features: Features, runid: str, merged: Mapping[str, MergedTable]) -> Told:
        """What a run tells, from its files; its tables go into the merged ones."""
        result = read_result(self.ledger, features, runid)
        row = run_row(result)
        tables = {HILLSLOPES: result.hillslopes, CHANNELS: result.channels, **parts_of(result, SCENARIOS)}
        tables |= {PARQUETS[layer]: table for layer, table in layers_of(result, row).items()}
        for name, table in tables.items():
            if table is not None:
                merged[name].add(runid, table)
        sketch, provenance = self.sketches.draw(result, row), self.provenance.told_by(result)
        told = Told(row, sketch, provenance, result.name, result.problems, sorted(result.outdated))
        return self.kept.note(runid, told)

    def _copy(self, folder: Path) -> None:
        """Take over the files of another folder as they are."""
        for name in self.kept.files:
            with replacing(self.folder / name) as path:
                shutil.copyfile(folder / name, path)
        self.kept.save(self.folder, {})
