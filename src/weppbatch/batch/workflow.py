"""The Snakefile's view of its batch: opened at parse time, closed by its handlers.

A start that only looks (a dry run, a lint, a summary) takes no lock and changes no byte.
"""

import os
import sys
from pathlib import Path

from snakemake.cli import get_argument_parser
from snakemake.persistence import PersistenceBase

from weppbatch.batch import cancel
from weppbatch.batch.access import require_enabled
from weppbatch.batch.ledger import BATCH_LOCK
from weppbatch.batch.plan import Plan
from weppbatch.batch.served import ENTRY
from weppbatch.batch.start import EXECUTION, Start, handed_down, handed_work
from weppbatch.client import SOCKET
from weppbatch.errors import InputError, Interrupted
from weppbatch.lock import Lock
from weppbatch.tasks import graph
from weppbatch.tasks.serving import TaskServer, find_commands, task_server

WORKDIR = "WEPPBATCH_WORKDIR"  # where Snakemake works, when that is not the batch itself
BATCH = "WEPPBATCH_BATCH"

# Snakemake's options that look at a workflow, or tidy it, and run no job.
LOOKING_OPTIONS = (
    "lint",
    "report",
    "reporter",
    "dag",
    "rulegraph",
    "filegraph",
    "d3dag",
    "summary",
    "detailed_summary",
    "list_rules",
    "list_target_rules",
    "list_changes",
    "list_input_changes",
    "list_params_changes",
    "list_untracked",
    "print_compilation",
    "generate_unit_tests",
    "containerize",
    "archive",
)


class WorkflowBatch:
    """The batch that this Snakemake works on."""

    def __init__(self, folder: Path, runs: str, tasks: str, *, main: bool, dry: bool, remote: bool) -> None:
        require_enabled()
        if not (folder / "batch_runner.nodb").is_file():
            raise InputError(
                f"'{folder}' is no batch (it has no batch_runner.nodb)",
                hint="snakemake --config batch=batches/NAME",
            )
        if dry:
            _leave_no_inventory()
        self.folder = folder.resolve()
        self.workdir = Path(os.environ.get(WORKDIR) or self.folder)
        self.execution = handed_down(self.folder) if main else os.environ.get(EXECUTION)
        self.start: Start | None = None
        self.server: TaskServer | None = None
        if self.execution is None and main and not dry and not only_looks(sys.argv[1:]):
            self.start = Start.begin(self.folder)
            self.execution = self.start.execution
        if self.start is not None or remote:
            os.environ.pop(SOCKET, None)  # another start's server, or one on the machine that sent this job
        if not main:
            self._refuse_orphan()
        self._prepare_jobs()
        handed = self.execution is not None and main and self.start is None
        self.work = handed_work() if handed else None
        self.plan = Plan(self.folder, work=self.work)
        self.runids = self.plan.runids if runs == "all" else _known(runs, self.plan.runids, "run id")
        self.tasks = self.plan.tasks if tasks == "checklist" else _known(tasks, self._known_tasks(), "task")

    def _refuse_orphan(self) -> None:
        """Raise Interrupted in a cluster's job whose start has died when another start has the batch by now."""
        holder = Lock(self.folder / BATCH_LOCK).holder()
        if holder is not None and self.execution and holder.get("execution") not in ("", None, self.execution):
            raise Interrupted(f"{self.execution} asked for this job and has ended; {holder['execution']} runs now")

    def targets(self) -> list[str]:
        """The sentinels to make: all that are asked for, or exactly those that the calling start wants."""
        if self.work is None:
            return self.plan.sentinels(self.runids, self.tasks)
        return [graph.sentinel(runid, task) for runid, tasks in self.work.items() for task in tasks]

    def _known_tasks(self) -> tuple[str, ...]:
        """The tasks that any run has, scenarios among them."""
        own = (task for runid in self.plan.runids for task in self.plan.chain(runid).tasks)
        return graph.ordered([*graph.TASKS, *own])

    def _prepare_jobs(self) -> None:
        """What the jobs of this process find in their environment."""
        find_commands()
        os.environ[BATCH] = str(self.folder)
        os.environ["WEPPBATCH_JOB"] = str(os.getpid())  # a task ends when the process that asked for it has died
        if self.execution:
            os.environ[EXECUTION] = self.execution

    def begun(self, *, here: bool) -> None:
        """Work begins (onstart); `here`: on this machine, where a task server helps."""
        if self.start is None:
            return
        self.start.announce(by="snakemake")
        cancel.watch(self.start.told_to_stop)
        self.server = task_server(self.folder, ENTRY) if here else None
        if self.server is not None:
            os.environ.update(self.server.environment)
            find_commands()

    def ended(self, outcome: str) -> None:
        """Work has ended (onsuccess, onerror)."""
        if self.server is not None:
            self.server.stop()
        if self.start is not None:
            self.start.end(outcome)


def _leave_no_inventory() -> None:
    """Keep Snakemake's preview from writing its inventory of file times into the batch."""
    PersistenceBase.save_iocache = lambda self: None


def only_looks(arguments: list[str]) -> bool:
    """Whether these options of Snakemake's run no job."""
    options, _ = get_argument_parser().parse_known_args(arguments)
    return any(getattr(options, name, None) for name in LOOKING_OPTIONS)


def _known(text: str, names: tuple[str, ...], what: str) -> tuple[str, ...]:
    """The names in a comma-separated text, in the batch's order."""
    asked = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(asked - set(names))
    if unknown or not asked:
        raise InputError(
            f"unknown {what}: {', '.join(unknown) or repr(text)}", hint=f"known: {', '.join(names[:20])}"
        )
    return tuple(name for name in names if name in asked)
