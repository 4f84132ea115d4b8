"""Task clone: the batch's prepared project becomes a run's own working directory.

Controls are copied as JSON from the snapshot of `_base` that this start took. Cloning again renews the controls
and deletes no result.
"""

from weppbatch.nodb import workspace
from weppbatch.tasks.run import Metrics, Run


def run(run: Run) -> Metrics:
    """Copy the controls of the current snapshot into the run's folder."""
    snapshot = workspace.current_snapshot(run.batch)
    workspace.clone(snapshot, run.wd, run.scratch)
    run.log(f"cloned from snapshot {snapshot.name}")
    return {"snapshot": snapshot.name}
