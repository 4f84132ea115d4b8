# The batch of this start, and what the rules of every task share.
#
# Snakemake deletes declared files before a task begins and when it fails, but for update(...): so a task's files stay
# until it has new ones, and only its sentinel goes at once, so that nothing old is taken for new.
from pathlib import Path

from snakemake.exceptions import WorkflowError

from weppbatch.batch.workflow import WorkflowBatch
from weppbatch.errors import WeppbatchError
from weppbatch.tasks.graph import PREPROCESS

try:
    batch = WorkflowBatch(
        Path(config["batch"]),
        config["runs"],
        config["tasks"],
        main=workflow.is_main_process,
        dry=workflow.output_settings.dryrun,
        remote=workflow.remote_exec,
    )
except WeppbatchError as error:
    raise WorkflowError(f"{error} ({error.hint})" if error.hint else str(error))


wildcard_constraints:
    runid=r"[A-Za-z0-9][A-Za-z0-9._-]*",
    scenario=r"[A-Za-z0-9][A-Za-z0-9._-]*",


def named(task, wildcards):
    """The task of a job: that of a rule for many is named with its wildcards."""
    return task.format(**dict(wildcards.items()))


def upstream(task):
    """What a task rests on, by the task list; a result that is used as it is does not grow old."""

    def inputs(wildcards):
        job = named(task, wildcards)
        names = batch.plan.inputs(job, wildcards.runid)
        kept = batch.plan.kept(job, wildcards.runid)
        return [ancient(name) for name in names] if kept else names

    return inputs


def configured(task):
    """The digest of what configures a task of a run; another one makes the task stale."""
    return lambda wildcards: batch.plan.digest(named(task, wildcards), wildcards.runid)


def priority(task):
    """Larger watersheds first, and a begun chain before the next."""
    return lambda wildcards: batch.plan.priority(
        named(task, wildcards), wildcards.runid
    )


def threads(wildcards):
    """Cores for a task that can use several."""
    return batch.plan.threads(workflow.cores or 1)


# Memory and minutes in proportion to the window; and which attempt this is, since a task at once repeats a failure
# that is not worth another.
sized = {
    "mem_mb": lambda wildcards, attempt: batch.plan.mem_mb(wildcards.runid, attempt),
    "runtime": lambda wildcards, attempt: batch.plan.runtime_min(
        wildcards.runid, attempt
    ),
    "attempt": lambda wildcards, attempt: attempt,
}
