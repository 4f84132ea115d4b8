"""Runs' own pages, made one at a time when asked for; what was made is given again while its run stays the same."""

from collections import OrderedDict
from pathlib import Path
from threading import Lock

from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.report.run_page import run_page
from weppbatch.report.run_pages import state_of

KEPT = 32


class RunPages:
    """The pages of a batch's runs, the latest of them at hand."""

    def __init__(self, batch: Path) -> None:
        self.batch = batch
        self.made = 0
        self._at_work = Lock()
        self._pages: OrderedDict[str, tuple[str, str]] = OrderedDict()

    def page(self, runid: str) -> str | None:
        """The HTML of a run's page as it is now, None when there is no such run."""
        with self._at_work:
            plan = Plan(self.batch)
            if runid not in plan.entries:
                return None
            ledger = Ledger(plan, [runid])
            state = state_of(ledger, runid)
            known = self._pages.pop(runid, ("", ""))
            if known[0] != state:
                known = state, run_page(ledger, runid, state=state)
                self.made += 1
            self._pages[runid] = known
            while len(self._pages) > KEPT:
                self._pages.popitem(last=False)
            return known[1]
