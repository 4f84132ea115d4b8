"""Snakemake's own report of a batch, of whatever is there: after failures too, for only what exists is asked for.

The batch's page, tables and figures with captions, and the tasks that are done with their times. Calls Snakemake;
runs no task.
"""

import subprocess
import sys
from pathlib import Path

from weppbatch.batch.ledger import Ledger
from weppbatch.batch.states import DONE
from weppbatch.errors import EngineError, InputError
from weppbatch.files import shipped
from weppbatch.tasks import graph

MOST_RUNS = 100  # whose tasks are in it: the report draws each of them
SUFFIXES = (".zip", ".html")
SAID_CHARS = 500


class SnakemakeReportFailed(EngineError):
    """Snakemake ended without a report."""


def check_target(target: Path) -> None:
    """Raise InputError when no report can be written to a path."""
    if target.suffix not in SUFFIXES:
        raise InputError(f"{target} ends in neither .zip nor .html", hint="name it report.zip")
    if not target.absolute().parent.is_dir():
        raise InputError(f"{target.absolute().parent} is no folder", hint="make it first")


def write_snakemake_report(ledger: Ledger, target: Path) -> int:
    """Write it to a path ending in .zip or .html and return how many runs' tasks are in it.

    The batch's own report must have been written before. Raises SnakemakeReportFailed with Snakemake's words.
    """
    done = [
        runid
        for runid in ledger.plan.runids
        if any(state.status in DONE for state in ledger.runs[runid].tasks.values())
    ][:MOST_RUNS]
    sentinels = [
        graph.sentinel(runid, task)
        for runid in done
        for task, state in ledger.runs[runid].tasks.items()
        if state.status in DONE
    ]
    asked = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "tables", *sentinels),
            *("--snakefile", shipped("workflow") / "Snakefile", "--cores", "1"),
            *("--report", target.absolute(), "--config", f"batch={ledger.plan.folder}"),
        ],
        cwd=ledger.plan.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode or not target.exists():
        raise SnakemakeReportFailed(f"Snakemake could not write {target}: {asked.stderr.strip()[-SAID_CHARS:]}")
    return len(done)
