"""The console script's entry: the standard library only, so that a command loads no more than it needs."""

import sys


def main() -> int:
    """Run the `weppbatch` command and return its exit code."""
    if sys.argv[1:2] == ["task"]:
        from weppbatch.batch.access import require_permission
        from weppbatch.tasks.entry import main as task_main

        return task_main(sys.argv[2:], require_permission)
    from weppbatch.commands.app import main as app_main

    return app_main()


if __name__ == "__main__":
    sys.exit(main())
