"""The batch's tables and page: a thin skin over the package, called by rule `tables`."""

from pathlib import Path

from weppbatch.batch.ledger import fold
from weppbatch.report.build import build_report

page = build_report(fold(Path.cwd()))
Path(snakemake.log[0]).write_text(f"{page}\n")  # type: ignore[name-defined]  # noqa: F821
