"""A task server's entry module whose tasks do nothing: what is left is what every task costs before its work."""

from collections.abc import Sequence

from weppbatch.tasks.entry import died, prepare

__all__ = ["died", "main", "prepare"]


def main(arguments: Sequence[str]) -> int:
    """Do nothing, successfully."""
    return 0
