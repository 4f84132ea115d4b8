"""`weppbatch run` and `retry`: doing what is missing, and saying what became of it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from weppbatch.batch import pilot as piloting
from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.audit import audit
from weppbatch.batch.drive import Drive, default_cores
from weppbatch.batch.findings import refuse, warnings_of
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.metrics import metrics_file
from weppbatch.batch.notify import recipients
from weppbatch.batch.plan import Plan
from weppbatch.batch.profile import Profile
from weppbatch.batch.progress import Progress
from weppbatch.batch.root import batch_folder
from weppbatch.batch.selection import task_names
from weppbatch.batch.start import Start
from weppbatch.batch.undertaking import Undertaking
from weppbatch.batch.work import Choice, Work, work_of
from weppbatch.commands.arguments import Anyway, Cores, DryRun, Force, Name, Reason, Runs, Tasks
from weppbatch.commands.console import say, say_json
from weppbatch.commands.display import display_for, say_line
from weppbatch.commands.following import Following
from weppbatch.commands.outcome import outcome_of, tell_failures
from weppbatch.commands.plan import plan_json, say_pilot, say_plan

AsEvents = Annotated[bool, typer.Option("--json", help="for machines: a line for each event, the outcome last")]
Where = Annotated[
    str,
    typer.Option("--profile", help="where the jobs run: default, slurm, or the folder of your own profile"),
]
Notify = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WHOM",
        help="tell of the end: https://..., mailto:NAME@HOST or command:...; can be repeated; "
        "default WEPPBATCH_NOTIFY, one a line",
    ),
]


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
    as_json: AsEvents = False,
    reason: Reason = "",
    notify: Notify = None,
) -> None:
    """Run what is missing or stale in every watershed.

    \b
    Example: weppbatch run myfire --runs @stale,0:10 --cores 4 --reason "new outlets"
    """
    choice = Choice(runs, task_names(tasks), force, pilot)
    where = Profile.named(profile)
    asked = Asked(name, choice, cores or default_cores(), as_json, reason, recipients(notify or ()), where, anyway)
    _preview(asked) if dry_run else _start(asked)


def retry(
    name: Name,
    cores: Cores = None,
    tasks: Tasks = "",
    anyway: Anyway = False,
    dry_run: DryRun = False,
    as_json: AsEvents = False,
    reason: Reason = "",
    notify: Notify = None,
) -> None:
    """Run the failed watersheds again, and no other.

    \b
    Example: weppbatch retry myfire --reason "the new DEM covers them"
    """
    choice = Choice("@failed", task_names(tasks))
    where = Profile.named("default")
    asked = Asked(name, choice, cores or default_cores(), as_json, reason, recipients(notify or ()), where, anyway)
    _preview(asked) if dry_run else _start(asked)


@dataclass(frozen=True)
class Asked:
    """What the user asks of one start."""

    name: str
    choice: Choice
    cores: int
    as_json: bool
    reason: str
    told: list[str]
    where: Profile
    anyway: bool

    @property
    def folder(self) -> Path:
        """The batch's folder."""
        return batch_folder(self.name).resolve()


def _start(asked: Asked) -> None:
    """Plan, do it, and end with its exit code."""
    require_enabled()
    require_admin()
    folder, choice = asked.folder, asked.choice
    choice.check(folder)
    metrics_file(asked.name)
    start = Start.begin(folder)
    try:
        ledger, work = start.work(choice)
        if not work.jobs:
            _say_machine_or_nothing(ledger, work, asked, line=True)
            return
        if not asked.anyway:
            see_the_doctor(asked.name, ledger, work, asked.cores, quiet=asked.as_json)
        undertaking = _announce(start, ledger, work, asked)
        if not asked.as_json:
            say(f"{start.execution}: {len(work.jobs)} of {len(ledger.runs)} runs to do")
        display = display_for(f"{asked.name}: {start.execution}", as_json=asked.as_json)
        progress = Progress(folder, undertaking, ledger.plan.window_cells)
        with Following(progress, display, asked.told) as following:
            drive = Drive(start, asked.cores, following, asked.where)
            with following.shown():
                drive.run(work)
            _end(asked, work, drive, following)
    finally:
        start.lock.release()


def _end(asked: Asked, work: Work, drive: Drive, following: Following) -> None:
    """Fold, audit, report, tell; ends with the exit code of the start."""
    folder, name, choice = asked.folder, asked.name, asked.choice
    folded = drive.start.end("interrupted" if drive.interrupted else "done")
    ledger = folded if choice.tasks is None else Ledger(Plan(folder, named=choice.tasks))
    found = audit(ledger, list(work.jobs))
    code = found.exit_code(interrupted=drive.interrupted)
    pilot = _judge(folder, choice, work, asked.cores) if choice.pilot else None
    if not asked.as_json:
        if drive.why_stopped:
            say(f"Stopped: {drive.why_stopped}.")
        say(f"{found.summary()}.")
        tell_failures(name, folded)
        if pilot:
            say_pilot(pilot)
    from weppbatch.report.build import build_report  # all that draws is heavy, and often there is nothing to do

    page = build_report(folded)
    event = following.ended(code, folded.to_json()["counts"], str(page))
    if asked.as_json:
        say_line(event | outcome_of(drive.start.execution, ledger, work, found, code, page, pilot))
    else:
        say(f"{folded.summary().capitalize()}. Report: {page}")
    raise typer.Exit(code)


def _preview(asked: Asked) -> None:
    """Say what would be done; changes no byte."""
    ledger, work = work_of(asked.folder, asked.choice)
    if work.jobs and not asked.as_json:
        say_plan(ledger, work, asked.cores)
        say("Nothing was changed.")
    else:
        _say_machine_or_nothing(ledger, work, asked)


def see_the_doctor(name: str, ledger: Ledger, work: Work, cores: int, *, quiet: bool, command: str = "run") -> None:
    """Refuse work that can't succeed, and say that there are warnings."""
    from weppbatch.batch.doctor import examine_work  # it loads what reads maps and tables

    found = examine_work(ledger, work, cores)
    refuse(name, found, command)
    count = len(warnings_of(found))
    if count and not quiet:
        say(f"{count} warning{'s' if count > 1 else ''}: weppbatch doctor {name}")


def _announce(start: Start, ledger: Ledger, work: Work, asked: Asked) -> Undertaking:
    """State and record what this start does."""
    choice = asked.choice
    undertaking = start.undertake(choice, ledger, work)
    start.announce(
        asked.reason,
        by="weppbatch run",
        cores=asked.cores,
        runs=len(work.jobs),
        asked={"runs": choice.runs, "tasks": choice.tasks, "force": bool(choice.force), "pilot": choice.pilot},
        jobs={task: sum(why.values()) for task, why in work.counts().items()},
    )
    return undertaking


def _say_machine_or_nothing(ledger: Ledger, work: Work, asked: Asked, *, line: bool = False) -> None:
    """A plan for machines, or that there is nothing to do."""
    if asked.as_json:
        (say_line if line else say_json)(plan_json(ledger, work, asked.cores))
    else:
        which = "" if asked.choice.runs == "all" else f" in {asked.choice.runs}"
        say(f"Nothing to do{which}: {ledger.summary()}.")


def _judge(folder: Path, choice: Choice, tried: Work, cores: int) -> piloting.Pilot:
    """What the pilot tells about the rest of what was chosen."""
    ledger, rest = work_of(folder, replace(choice, pilot=False))
    if choice.force:
        rest = rest.only([runid for runid in rest.runids if runid not in tried.jobs])
    return piloting.judge(ledger, tried.runids, rest, cores)


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(run)
    app.command()(retry)
