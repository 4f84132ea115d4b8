"""The task list, the sentinels, and one module a task."""
