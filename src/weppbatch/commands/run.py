"""`weppbatch run`: doing what is missing, and saying what became of it."""

from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.drive import Drive, default_cores, exit_code, planned_jobs, work_of
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.root import batch_folder
from weppbatch.batch.start import Start
from weppbatch.commands.console import say, say_table
from weppbatch.report.build import build_report

NAMED = 5  # run ids that are written out


def run(
    name: Annotated[str, typer.Argument(help="the batch")],
    cores: Annotated[
        int | None, typer.Option(min=1, help="tasks side by side; default WEPPBATCH_CORES, else 3")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="only say what would be done")] = False,
    reason: Annotated[str, typer.Option(help="why, for the history")] = "",
) -> None:
    """Run what is missing or stale in every watershed.

    Example: weppbatch run myfire --cores 4 --reason "new outlets"
    """
    folder = batch_folder(name).resolve()
    if dry_run:
        _preview(name)
        return
    require_enabled()
    require_admin()
    start = Start.begin(folder)
    try:
        ledger, work = work_of(folder)
        if not work.runids:
            say(f"Nothing to do: {ledger.summary()}.")
            return
        start.announce(reason, by="weppbatch run", cores=cores or default_cores(), runs=len(work.runids))
        say(f"{start.execution}: {len(work.runids)} of {len(ledger.runs)} runs to do")
        drive = Drive(start, cores or default_cores(), _say)
        drive.run(work)
        ledger = start.end("interrupted" if drive.interrupted else "done")
    finally:
        start.lock.release()
    page = build_report(ledger)
    say(f"{ledger.summary().capitalize()}. Report: {page}")
    _tell_failures(name, ledger)
    raise typer.Exit(exit_code([ledger.runs[runid] for runid in work.runids], interrupted=drive.interrupted))


def _preview(name: str) -> None:
    ledger, work = work_of(batch_folder(name).resolve())
    if not work.runids:
        say(f"Nothing to do: {ledger.summary()}.")
        return
    states = [ledger.runs[runid] for runid in work.runids]
    say_table(["run", "state", "why"], [[state.runid, state.status, state.reason] for state in states])
    jobs = planned_jobs(ledger.plan.folder, work)
    say(f"Jobs: {', '.join(f'{count} {task}' for task, count in jobs.items())}. Nothing was changed.")


def _say(runid: str, what: str) -> None:
    say(f"  {runid}: {what}")


def _tell_failures(name: str, ledger: Ledger) -> None:
    """Each cause once, with the runs that it stopped."""
    causes: dict[tuple[str, str], list[str]] = {}
    logs: dict[tuple[str, str], str] = {}
    for runid, state in ledger.runs.items():
        for task_state in state.tasks.values():
            if task_state.status in ("failed", "interrupted") and task_state.record:
                cause = (task_state.reason, task_state.record.get("hint") or "")
                causes.setdefault(cause, []).append(runid)
                logs.setdefault(cause, task_state.record.get("log", ""))
    for (reason, hint), runids in causes.items():
        named = ", ".join(runids[:NAMED]) + (f" and {len(runids) - NAMED} more" if len(runids) > NAMED else "")
        say(f"{named}: {reason}")
        for line in filter(None, (hint, logs[reason, hint] and f"log: {logs[reason, hint]}")):
            say(f"  {line}")
    failed = [runid for runid, state in ledger.runs.items() if state.status == "failed"]
    if failed:
        say(f"Mend the cause and run again, or leave one out: weppbatch exclude {name} {failed[0]} --why ...")
        say(f"A setting that was changed with set reaches these runs by: weppbatch push {name}")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(run)
