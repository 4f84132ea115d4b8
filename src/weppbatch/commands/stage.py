"""`weppbatch stage`: what needs a network, done here, so that compute nodes need none."""

from pathlib import Path
from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.plan import Plan
from weppbatch.batch.root import batch_folder
from weppbatch.batch.stage import fetching, local_files, of_this_machine, unreadable
from weppbatch.batch.submission import refuse_beside
from weppbatch.batch.work import work_of
from weppbatch.commands.arguments import Cores, Name, Reason
from weppbatch.commands.console import say
from weppbatch.commands.run import run
from weppbatch.errors import InputProblems


def stage(
    name: Name,
    cores: Cores = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="ask first which fetched tiles have changed, and fetch these again")
    ] = False,
    reason: Reason = "",
) -> None:
    """Fetch what comes over a network, and check that all else can be read.

    On a cluster: on a login node, before submit. Only tasks that fetch are done, with what they rest on.

    \b
    Example: weppbatch stage myfire
    """
    folder = batch_folder(name).resolve()
    require_enabled()
    require_admin()
    refuse_beside(folder)
    if refresh:
        _refresh(name, folder, cores, reason)
    ledger, work = work_of(folder)
    plan = ledger.plan
    files = local_files(plan, work.runids, plan.tasks)
    problems = unreadable(files)
    if problems:
        raise InputProblems(f"batch '{name}' names files that can't be read:", problems)
    tasks = fetching(plan, work.runids, plan.tasks)
    say(f"{len(files)} files can be read. To be fetched: {', '.join(tasks) or 'nothing'}.")
    for path in of_this_machine([folder, *files]):
        say(f"Only this machine may see {path}; compute nodes have to read it as well.")
    if tasks:
        run(name, cores, tasks=",".join(tasks), reason=reason)


def _refresh(name: str, folder: Path, cores: int | None, reason: str) -> None:
    """Make the DEMs of runs again whose tiles have changed on their server."""
    from weppbatch.batch.refresh import forget_changed  # it loads what reads maps and tables

    stale = forget_changed(Plan(folder), say)
    if not stale:
        say("No tile that was fetched has changed.")
        return
    try:
        run(name, cores, runs=",".join(stale), tasks="dem", force=True, reason=reason)
    except typer.Exit as ended:
        if ended.exit_code:
            raise


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(stage)
