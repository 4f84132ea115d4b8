"""The files of runs' own pages in a report's folder: made when asked for, made anew when their run changed, removed
with it.

Each page carries a checksum of what it was made from. What stands on a page is for `run_page`.
"""

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from weppbatch import __version__
from weppbatch.batch.ledger import Ledger
from weppbatch.files import sha256_of_json, write_text
from weppbatch.report.assets import TEMPLATES
from weppbatch.report.results import Features
from weppbatch.report.run_page import page_assets, run_page

FOLDER = "runs"
HEAD_BYTES = 600  # of a page, in which its checksum stands
_STATE = re.compile(rb'name="weppbatch-run-state" content="([0-9a-f]*)"')


def write_run_pages(ledger: Ledger, runids: Iterable[str], folder: Path | None = None) -> list[Path]:
    """Write the pages of these runs, and return their paths."""
    features = Features(ledger.plan.folder)
    return [_write(ledger, runid, page_file(folder or _report_of(ledger), runid), features) for runid in runids]


def refresh_run_pages(ledger: Ledger, folder: Path | None = None) -> list[str]:
    """Make the pages that there are anew where their run changed, remove those of runs that are gone.

    Returns the runs that have one, in order.
    """
    folder = folder or _report_of(ledger)
    features: Features | None = None
    kept = []
    for path in sorted((folder / FOLDER).glob("*.html")):
        runid = path.stem
        if runid not in ledger.runs:
            path.unlink()
            continue
        if _made_from(path) != state_of(ledger, runid):
            features = features or Features(ledger.plan.folder)
            _write(ledger, runid, path, features)
        kept.append(runid)
    return kept


def page_file(folder: Path, runid: str) -> Path:
    """Where a run's page lies in a report's folder."""
    return folder / FOLDER / f"{runid}.html"


def state_of(ledger: Ledger, runid: str) -> str:
    """A checksum of all that a run's page is made from: its state, records, controls and feature, and the
    page's own
    parts. The tables are in it by the records' checksums."""
    wd = ledger.plan.folder / "runs" / runid
    files = sorted([*(wd / ".tasks").glob("*.json"), *wd.glob("*.nodb")])
    state = ledger.runs[runid]
    content = {
        "page": _parts(),
        "batch": ledger.plan.runner.batch_name,
        "status": state.status,
        "tasks": {name: (task.status, task.reason) for name, task in state.tasks.items()},
        "feature": ledger.plan.entries[runid]["feature_sha256"],
        "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }
    return sha256_of_json(content)


def _write(ledger: Ledger, runid: str, path: Path, features: Features) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, run_page(ledger, runid, features, state_of(ledger, runid)))
    return path


def _report_of(ledger: Ledger) -> Path:
    return ledger.plan.folder / "report"


def _made_from(path: Path) -> str:
    """The checksum that a page carries, '' without one."""
    with path.open("rb") as stream:
        found = _STATE.search(stream.read(HEAD_BYTES))
    return found[1].decode() if found else ""


@cache
def _parts() -> str:
    """A checksum of the page's template, styles and scripts, and of the version that fills them."""
    page = page_assets()
    templates = [TEMPLATES / "run.html.j2", *sorted((TEMPLATES / "run").glob("*.j2"))]
    texts = [path.read_text(encoding="utf-8") for path in templates]
    return sha256_of_json([__version__, page.policy, *map(str, page.styles), *texts])
