"""What became of a start, for machines and for people."""

from pathlib import Path
from typing import Any

from weppbatch.batch import pilot as piloting
from weppbatch.batch.audit import Audit
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.work import Work
from weppbatch.commands.console import say

NAMED = 5  # run ids that are written out


def outcome_of(
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


def tell_failures(name: str, ledger: Ledger) -> None:
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
