"""What a task costs before its work begins: `python benchmarks/overhead.py [--tasks N] [--repeat N] [--json]`.

Real Snakemake at `--cores 2` with the project's profile over tasks that do nothing, wall time divided by tasks:

floor   `shell: "true"`: Snakemake's own cost
ours    `shell: "exec weppbatch task ..."` with the task server, started in that time as a start does it
script  a `script:` rule that imports what the tasks import

Only the function called at last is another one than in a real start: `idle_task`, in place of the one that
does a task with its lock, log and records. `script` is far slower, so fewer of its tasks are done, and Snakemake's
start (a run without tasks) counts for it as for the others: divided by the full number. The CPU time, of all
processes together, says more than the wall time when others use the machine.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from weppbatch.files import shipped
from weppbatch.tasks.graph import TASKS
from weppbatch.tasks.serving import TaskServer

CORES = 2
COMMANDS = {
    "floor": 'shell: "true"',
    "ours": 'shell: "exec weppbatch task clone --run {wildcards.number} --attempt 1"',
    "script": 'script: "imports.py"',
}
SNAKEFILE = """
rule all:
    input: expand("done/{{number}}", number=range({tasks}))

rule task:
    output: touch("done/{{number}}")
    {command}
"""


def main() -> None:
    options = argparse.ArgumentParser(description="What a task costs before its work begins.")
    options.add_argument("--tasks", type=int, default=1000, help="of `floor` and `ours`")
    options.add_argument("--script-tasks", type=int, default=100, help="of `script`")
    options.add_argument("--repeat", type=int, default=1, help="times; the median is shown")
    options.add_argument("--json", action="store_true", help="milliseconds a task as JSON")
    given = options.parse_args()
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # where the server finds `idle_task`
    measured = [measure(given.tasks, min(given.script_tasks, given.tasks)) for _ in range(given.repeat)]
    wall_ms = {way: statistics.median(one[way].wall_ms for one in measured) for way in COMMANDS}
    cpu_ms = {way: statistics.median(one[way].cpu_ms for one in measured) for way in COMMANDS}
    if given.json:
        print(json.dumps({f"{way}_ms": round(value, 1) for way, value in wall_ms.items()}))
        return
    print(f"{given.tasks} tasks that do nothing, {CORES} cores, a task (median of {given.repeat}):")
    for way in COMMANDS:
        above = f"{wall_ms[way] - wall_ms['floor']:+9.1f} ms" if way != "floor" else ""
        print(f"  {way:8}{wall_ms[way]:8.1f} ms wall {cpu_ms[way]:8.1f} ms CPU {above}")
    print(f"script is {wall_ms['script'] / wall_ms['ours']:.0f} times ours")


@dataclass(frozen=True)
class Cost:
    """Milliseconds, of some tasks together or of one."""

    wall_ms: float
    cpu_ms: float

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(self.wall_ms - other.wall_ms, self.cpu_ms - other.cpu_ms)

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.wall_ms + other.wall_ms, self.cpu_ms + other.cpu_ms)

    def __truediv__(self, tasks: int) -> "Cost":
        return Cost(self.wall_ms / tasks, self.cpu_ms / tasks)


def measure(tasks: int, script_tasks: int) -> dict[str, Cost]:
    """What a task costs in each way, one after the other."""
    start = cost("floor", 0)
    return {
        "floor": cost("floor", tasks) / tasks,
        "ours": cost("ours", tasks) / tasks,
        "script": (cost("script", script_tasks) - start) / script_tasks + start / tasks,
    }


def cost(way: str, tasks: int) -> Cost:
    """What so many tasks cost, with the server's start and end where there is one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Snakefile").write_text(SNAKEFILE.format(tasks=tasks, command=COMMANDS[way]))
        (folder / "imports.py").write_text("".join(f"import weppbatch.tasks.{task}\n" for task in TASKS))
        began, before = perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        server = TaskServer(folder, entry="idle_task") if way == "ours" else None
        try:
            call_snakemake(folder, tasks, server)
        finally:
            if server is not None:
                server.stop()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Cost((perf_counter() - began) * 1e3, cpu_s * 1e3)


def call_snakemake(folder: Path, tasks: int, server: TaskServer | None) -> None:
    environment = dict(os.environ)
    if server is not None:
        environment |= server.environment
        environment["PATH"] = os.pathsep.join([str(server.folder), environment["PATH"]])
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--cores", str(CORES), "--quiet", "all"),
            *("--workflow-profile", str(shipped("profiles") / "default")),
        ],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0 or len(list((folder / "done").glob("*"))) != tasks:
        raise SystemExit(f"Snakemake failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


if __name__ == "__main__":
    main()
