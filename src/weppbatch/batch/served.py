"""What the task server of a start calls in the processes that it forks: a task, if this user may change batches."""

from collections.abc import Sequence

from weppbatch.batch.access import require_permission
from weppbatch.tasks import entry
from weppbatch.tasks.entry import died, prepare

__all__ = ["ENTRY", "died", "main", "prepare"]

ENTRY = __name__


def main(arguments: Sequence[str]) -> int:
    """Do the task that the arguments of `weppbatch task` ask for; its exit code."""
    return entry.main(arguments, require_permission)
