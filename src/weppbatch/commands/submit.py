"""`weppbatch submit`: a batch on a cluster, as an array of Slurm jobs."""

from typing import Annotated

import typer

from weppbatch.batch.access import require_admin, require_enabled
from weppbatch.batch.drive import default_cores
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.notify import recipients
from weppbatch.batch.root import batch_folder
from weppbatch.batch.selection import task_names
from weppbatch.batch.submit import Request
from weppbatch.batch.submit import submit as submit_batch
from weppbatch.batch.work import Choice, Work
from weppbatch.commands.arguments import Anyway, AsJson, Force, Name, Reason, Runs, Tasks
from weppbatch.commands.console import say, say_json
from weppbatch.commands.run import see_the_doctor


def submit(
    name: Name,
    array: Annotated[int, typer.Option(min=1, help="elements of the array: the runs are divided among them")],
    cores: Annotated[
        int | None, typer.Option(min=1, help="tasks side by side in an element; default WEPPBATCH_CORES, else 3")
    ] = None,
    runs: Runs = "all",
    tasks: Tasks = "",
    force: Force = None,
    at_most: Annotated[int | None, typer.Option(min=1, help="elements side by side (default: all)")] = None,
    mem_mb: Annotated[
        int | None, typer.Option("--mem-mb", min=100, help="an element's memory (default: from its runs' sizes)")
    ] = None,
    minutes: Annotated[
        int | None, typer.Option(min=1, help="an element's time limit (default: from its runs' sizes)")
    ] = None,
    sbatch: Annotated[
        list[str] | None,
        typer.Option(help='options for sbatch, as they are: "--partition=short --account=lab"; can be repeated'),
    ] = None,
    anyway: Anyway = False,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Submit what is missing or stale to Slurm, as an array of jobs, and return at once.

    Each element runs its share of the watersheds as `run` does; a last job folds the results and writes the report.
    The doctor is asked first, as by `run`. What an element that was killed or ran out of time left
    undone, the next submit or run does.

    \b
    Example: weppbatch submit myfire --array 8 --cores 4 --sbatch "--partition=short"
    """
    folder = batch_folder(name).resolve()
    require_enabled()
    require_admin()
    choice = Choice(runs, task_names(tasks), force)
    recipients(())  # the last job tells them; a wrong one is an error now
    request = Request(choice, array, cores or default_cores(), at_most, mem_mb, minutes, sbatch or ())

    def look(ledger: Ledger, work: Work) -> None:
        see_the_doctor(name, ledger, work, request.cores, quiet=as_json, command="submit")

    submission = submit_batch(folder, request, reason=reason, look=None if anyway else look)
    if as_json:
        say_json(None if submission is None else submission.state())
        return
    if submission is None:
        say("Nothing to do.")
        return
    say(f"{submission.execution}: {sum(map(len, submission.shards))} runs in {len(submission.shards)} elements")
    say(f"An element may use {submission.cores} cores, {submission.mem_mb} MB and {submission.minutes} minutes.")
    say(f"Slurm job {submission.array_job}, and {submission.last_job} to fold and report when all have ended.")
    say(f"weppbatch status {name} shows where it stands, weppbatch cancel {name} stops it.")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(submit)
