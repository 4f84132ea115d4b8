"""`weppbatch status`: what state every run is in, as the files show it now."""

from collections import Counter
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated

import typer

from weppbatch.batch.drift import control_hashes, drift
from weppbatch.batch.event_log import stamped
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.live import LiveBatch
from weppbatch.batch.plan import Plan
from weppbatch.batch.root import batch_folder
from weppbatch.batch.states import DONE, RunState
from weppbatch.batch.submission import unended
from weppbatch.batch.vanished import vanished
from weppbatch.commands.arguments import AsJson, Name
from weppbatch.commands.console import say, say_json, say_table
from weppbatch.tasks import graph

NAMED = 10  # run ids that are written out
ROWS = 200  # runs that the table shows unless all are asked for
LOOK_S = 1.0
SHARE = 20  # looking takes at most this part of the time


def status(
    name: Name,
    every: Annotated[
        bool, typer.Option("--all", help=f"a row for every run, also of a batch of more than {ROWS}")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="follow what runs now until it ends: from any terminal, user or host")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the state of every run and task, which runs' settings differ from the base project, and which vanished.

    \b
    Examples: weppbatch status myfire --json
              weppbatch status myfire --watch
    """
    if watch:
        _watch(batch_folder(name).resolve(), as_json=as_json)
        return
    ledger = Ledger(Plan(batch_folder(name).resolve()))
    ledger.remember()
    runner = ledger.plan.runner
    drifted = drift(control_hashes(ledger.plan.folder, runner.runids, runner.control_hashes, ledger.control_stamps))
    gone = vanished(runner)
    submitted = unended(ledger.plan.folder)
    if as_json:
        submission = submitted.state() if submitted else None
        say_json(ledger.to_json() | {"drift": drifted, "vanished": gone, "submission": submission})
        return
    shown = _worth_a_row(ledger.runs, every)
    with_scenarios = any(graph.scenario_of(task) for state in shown.values() for task in state.tasks)
    rows = []
    for runid, state in shown.items():
        tasks = [state.tasks[task].status if task in state.tasks else "" for task in graph.TASKS]
        tasks += [_scenarios(state)] * with_scenarios
        rows.append(
            [runid, state.status, *tasks, *([", ".join(drifted.get(runid, []))] * bool(drifted)), state.reason]
        )
    say_table(
        ["run", "state", *graph.TASKS, *(["its scenarios"] * with_scenarios), *(["drift"] * bool(drifted)), "why"],
        rows,
    )
    if len(shown) < len(ledger.runs):
        say(f"{len(shown)} of {len(ledger.runs)} runs are shown, those that are not complete. "
            "Every run: --all; for machines: --json")  # fmt: skip
    if drifted:
        controls = sorted({control for names in drifted.values() for control in names})
        say(f"Drift: {len(drifted)} runs have other settings than the base project, in {', '.join(controls)}. "
            f"To see them: weppbatch push {name} -n")  # fmt: skip
    if gone:
        named = ", ".join(gone[:NAMED]) + (f" and {len(gone) - NAMED} more" if len(gone) > NAMED else "")
        say(f"Vanished: no watershed has the run ids {named} any more. To remove them: "
            f"weppbatch clean {name} --vanished")  # fmt: skip
    if submitted:
        say(f"Submitted: {submitted.describe()}.")
    say(f"{ledger.to_json()['execution'] or 'never run'}: {ledger.summary()}")


def _scenarios(state: RunState) -> str:
    """How many of a run's scenarios are in which state."""
    counts = Counter(one.status for task, one in state.tasks.items() if graph.scenario_of(task))
    return ", ".join(f"{count} {status}" for status, count in counts.items())


def _watch(folder: Path, *, as_json: bool) -> None:
    """Show how a start gets on until it ends; what it says comes from the batch's files alone."""
    from weppbatch.commands.display import display_for  # only here: who looks once waits for no screen

    live = LiveBatch(folder)
    events = live.look()
    if not live.running or live.progress is None:
        if not as_json:
            say(f"Nothing runs. {Ledger(Plan(folder)).summary().capitalize()}.")
        return
    execution = live.progress.asked.execution
    with display_for(f"{folder.name}: {execution}", as_json=as_json) as display:
        while live.running:
            began = monotonic()
            display.update(live.progress.snapshot(), stamped(folder.name, execution, events))
            sleep(max(LOOK_S, SHARE * (monotonic() - began)))
            events = live.look()
        display.update(live.progress.snapshot(), stamped(folder.name, execution, events))
    if not as_json:
        say(f"{execution} has ended: {Ledger(Plan(folder)).summary()}.")


def _worth_a_row(runs: dict[str, RunState], every: bool) -> dict[str, RunState]:
    """All runs of a small batch; of a large one those that are not complete, as many as can be read."""
    if every or len(runs) <= ROWS:
        return runs
    unfinished = [runid for runid, state in runs.items() if state.status not in DONE]
    return {runid: runs[runid] for runid in unfinished[:ROWS]}


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(status)
