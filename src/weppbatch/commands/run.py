"""`weppbatch run` and `retry`: doing what is missing, and saying what became of it."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from weppbatch.batch import pilot as piloting
from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.audit import Audit, audit
from weppbatch.batch.drive import Drive, default_cores
from weppbatch.batch.findings import refuse, warnings_of
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.profile import Profile
from weppbatch.batch.root import batch_folder
from weppbatch.batch.selection import task_names
from weppbatch.batch.start import Start
from weppbatch.batch.work import Choice, Work, work_of
from weppbatch.commands.console import say, say_json
from weppbatch.commands.plan import plan_json, say_pilot, say_plan

NAMED = 5  # run ids that are written out

Name = Annotated[str, typer.Argument(metavar="NAME", help="the batch")]
Cores = Annotated[int | None, typer.Option(min=1, help="tasks side by side; default WEPPBATCH_CORES, else 3")]
Runs = Annotated[
    str, typer.Option(metavar="RUNS", help="all, run ids, 0:10, @failed, @stale or @missing; commas between")
]
Force = Annotated[
    bool | None,
    typer.Option(
        "--force/--no-force",
        help="make the tasks again although their results are good; --no-force withdraws what was asked so",
        show_default=False,
    ),
]
Tasks = Annotated[
    str, typer.Option(metavar="TASKS", help="only these, with what they rest on; commas between, or preprocess")
]
Anyway = Annotated[
    bool, typer.Option("--anyway", help="start although the doctor finds errors; what is wrong fails in its runs")
]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="only say what would be done; changes nothing")]
AsJson = Annotated[bool, typer.Option("--json", help="for machines")]
Where = Annotated[
    str,
    typer.Option("--profile", help="where the jobs run: default, slurm, or the folder of your own profile"),
]
Reason = Annotated[str, typer.Option(help="why, for the history")]


def run(
    name: Name,
    cores: Cores = None,
    runs: Runs = "all",
    tasks: Tasks = "",
    force: Force = None,
    pilot: Annotated[
        bool, typer.Option("--pilot", help="only the smallest, the median and the largest; estimates the rest")
    ] = False,
    profile: Where = "default",
    anyway: Anyway = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    reason: Reason = "",
) -> None:
    """Run what is missing or stale in every watershed.

    Example: weppbatch run myfire --runs @stale,0:10 --cores 4 --reason "new outlets"
    """
    choice = Choice(runs, task_names(tasks), force, pilot)
    where = Profile.named(profile)
    _start(name, choice, cores or default_cores(), dry_run, as_json, reason, where, anyway)


def retry(
    name: Name,
    cores: Cores = None,
    tasks: Tasks = "",
    anyway: Anyway = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    reason: Reason = "",
) -> None:
    """Run the failed watersheds again, and no other.

    Example: weppbatch retry myfire --reason "the new DEM covers them"
    """
    choice = Choice("@failed", task_names(tasks))
    _start(name, choice, cores or default_cores(), dry_run, as_json, reason, anyway=anyway)


def _start(
    name: str,
    choice: Choice,
    cores: int,
    dry_run: bool,
    as_json: bool,
    reason: str,
    where: Profile | None = None,
    anyway: bool = False,
) -> None:
    """Plan, and unless it is only a plan that is asked for, do it and end with its exit code."""
    folder = batch_folder(name).resolve()
    if dry_run:
        _preview(folder, choice, cores, as_json)
        return
    require_enabled()
    require_admin()
    choice.check(folder)
    start = Start.begin(folder)
    try:
        ledger, work = start.work(choice)
        if not work.jobs:
            _say_machine_or_nothing(ledger, work, choice, cores, as_json)
            return
        if not anyway:
            see_the_doctor(name, ledger, work, cores, quiet=as_json)
        _announce(start, ledger, work, choice, cores, reason)
        if not as_json:
            say(f"{start.execution}: {len(work.jobs)} of {len(ledger.runs)} runs to do")
        where = where or Profile.named("default")
        drive = Drive(start, cores, (lambda runid, what: None) if as_json else _say, where)
        drive.run(work)
        folded = start.end("interrupted" if drive.interrupted else "done")
    finally:
        start.lock.release()
    asked = folded if choice.tasks is None else Ledger(Plan(folder, named=choice.tasks))
    found = audit(asked, list(work.jobs))
    code = found.exit_code(interrupted=drive.interrupted)
    pilot = _judge(folder, choice, work, cores) if choice.pilot else None
    if not as_json:
        if drive.why_stopped:
            say(f"Stopped: {drive.why_stopped}.")
        say(f"{found.summary()}.")
        _tell_failures(name, folded)
        if pilot:
            say_pilot(pilot)
    from weppbatch.report.build import build_report  # all that draws is heavy, and often there is nothing to do

    page = build_report(folded)
    if as_json:
        say_json(_outcome(start.execution, asked, work, found, code, page, pilot))
    else:
        say(f"{folded.summary().capitalize()}. Report: {page}")
    raise typer.Exit(code)


def _preview(folder: Path, choice: Choice, cores: int, as_json: bool) -> None:
    """Say what would be done; changes no byte."""
    ledger, work = work_of(folder, choice)
    if work.jobs and not as_json:
        say_plan(ledger, work, cores)
        say("Nothing was changed.")
    else:
        _say_machine_or_nothing(ledger, work, choice, cores, as_json)


def see_the_doctor(name: str, ledger: Ledger, work: Work, cores: int, *, quiet: bool, command: str = "run") -> None:
    """Refuse work that can't succeed, and say that there are warnings."""
    from weppbatch.batch.doctor import examine_work  # it loads what reads maps and tables

    found = examine_work(ledger, work, cores)
    refuse(name, found, command)
    count = len(warnings_of(found))
    if count and not quiet:
        say(f"{count} warning{'s' if count > 1 else ''}: weppbatch doctor {name}")


def _announce(start: Start, ledger: Ledger, work: Work, choice: Choice, cores: int, reason: str) -> None:
    """State and record what this start does."""
    start.undertake(choice, ledger, work)
    start.announce(
        reason,
        by="weppbatch run",
        cores=cores,
        runs=len(work.jobs),
        asked={"runs": choice.runs, "tasks": choice.tasks, "force": bool(choice.force), "pilot": choice.pilot},
        jobs={task: sum(why.values()) for task, why in work.counts().items()},
    )


def _say_machine_or_nothing(ledger: Ledger, work: Work, choice: Choice, cores: int, as_json: bool) -> None:
    """A plan for machines, or that there is nothing to do."""
    if as_json:
        say_json(plan_json(ledger, work, cores))
    else:
        asked = "" if choice.runs == "all" else f" in {choice.runs}"
        say(f"Nothing to do{asked}: {ledger.summary()}.")


def _judge(folder: Path, choice: Choice, tried: Work, cores: int) -> piloting.Pilot:
    """What the pilot tells about the rest of what was chosen."""
    ledger, rest = work_of(folder, replace(choice, pilot=False))
    if choice.force:
        rest = rest.only([runid for runid in rest.runids if runid not in tried.jobs])
    return piloting.judge(ledger, tried.runids, rest, cores)


def _outcome(
    execution: str,
    ledger: Ledger,
    work: Work,
    found: Audit,
    code: int,
    page: Path,
    pilot: piloting.Pilot | None,
) -> dict[str, Any]:
    """What a start did, for machines."""
    return {
        "execution": execution,
        "exit_code": code,
        "jobs": {runid: list(tasks) for runid, tasks in work.jobs.items()},
        "runs": {runid: ledger.runs[runid].to_json() for runid in work.jobs},
        "audit": found.to_json(),
        "report": str(page),
        **({"pilot": pilot.to_json()} if pilot else {}),
    }


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
    """Add the commands to the app."""
    app.command()(run)
    app.command()(retry)
