"""What a start costs as batches grow: `python benchmarks/scale.py [--runs N,N] [--plot FILE.svg] [--json]`.

Synthetic batches, by default of 100, 1,000 and 5,000 small watersheds, through the commands that users call. Their
tasks only write their files (`writing_task`); lock, log, checksums and sentinel of each are real, so is Snakemake.

first_job_s    from `weppbatch run` to the first task's start
ms_per_job     from the first task's start to the last one's end, by the number of tasks
driver_rss_mb  the largest size of `weppbatch run` and its Snakemake together
noop_s         `weppbatch run` again, with everything done (median of three)
status_s       `weppbatch status` (median of three)

Of a batch with more tasks than `--jobs` the start is stopped (Ctrl-C) when so many are done, and the rest is done
without Snakemake. Left out is the report at the end of a start, for what it shows is there only after real tasks.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

from weppbatch.batch.ledger import fold
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.states import DONE
from weppbatch.tasks.execute import Job, execute
from weppbatch.tasks.graph import TASKS, sentinel
from writing_task import only_write

COLUMNS = ("first_job_s", "ms_per_job", "noop_s", "status_s", "driver_rss_mb")
SENTINELS = "runs/*/.tasks/*.json"
LOOK_S = 5.0
STOPPED = 5  # the exit code of a start that was interrupted
ACROSS = 100  # watersheds side by side
SIDE_DEG, STEP_DEG = 0.003, 0.005
DRIVER = """
import sys
from weppbatch.batch import drive
from weppbatch.commands.app import main
from weppbatch.report import build
drive.ENTRY = "writing_task"
build.build_report = lambda ledger: ledger.plan.folder / "report"
sys.exit(main(sys.argv[1:]))
"""


def main() -> None:
    options = argparse.ArgumentParser(description="What a start costs as batches grow.")
    options.add_argument("--runs", default="100,1000,5000", help="sizes of the batches, commas between")
    options.add_argument("--cores", type=int, default=2)
    options.add_argument("--jobs", type=int, default=10_000, help="tasks that are done under Snakemake at most")
    options.add_argument("--plot", type=Path, help="also draw the figures, as SVG or PNG")
    options.add_argument("--json", action="store_true", help="the figures as JSON, by number of runs")
    given = options.parse_args()
    found: dict[str, dict[str, float]] = {}
    for runs in map(int, given.runs.split(",")):
        with tempfile.TemporaryDirectory(prefix="scale-") as root:
            found[str(runs)] = measure(Path(root), runs, given.cores, given.jobs)
        if not given.json:
            print(json.dumps({str(runs): found[str(runs)]}), file=sys.stderr, flush=True)
    if given.plot:
        draw(found, given.plot)
    if given.json:
        print(json.dumps(found))
        return
    print("| runs | " + " | ".join(COLUMNS) + " |\n" + "|---" * (1 + len(COLUMNS)) + "|")
    for size, figures in found.items():
        print(f"| {size} | " + " | ".join(f"{figures[name]:g}" for name in COLUMNS) + " |")


def measure(root: Path, runs: int, cores: int, jobs: int) -> dict[str, float]:
    """The figures of one batch."""
    os.environ["WEPPBATCH_ROOT"] = str(root / "batches")
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # where the task server finds `writing_task`
    watersheds = root / "watersheds.geojson"
    watersheds.write_text(json.dumps(squares(runs)))
    for words in (
        ("create", "scale"),
        ("add", "scale", "watersheds", str(watersheds)),
        ("validate", "scale", "--template", "{properties['name']}"),
        ("set", "scale", "landuse.mode=single", "soils.mode=single"),
        ("tasks", "scale", "--on", "all"),
    ):
        called(*words)
    began = datetime.now(UTC)
    batch = root / "batches" / "scale"
    driver_rss_mb = driven(batch, ("run", "scale", "--cores", str(cores)), jobs)
    records = list(sentinels(batch))
    do_the_rest(batch)
    first = min(read_time(record["started_at"]) for record in records)
    last = max(read_time(record["finished_at"]) for record in records)
    return {
        "first_job_s": round((first - began).total_seconds(), 2),
        "ms_per_job": round((last - first).total_seconds() * 1e3 / len(records), 1),
        "noop_s": round(median(called("run", "scale") for _ in range(3)), 2),
        "status_s": round(median(called("status", "scale") for _ in range(3)), 2),
        "driver_rss_mb": round(driver_rss_mb),
    }


def squares(runs: int) -> dict[str, Any]:
    """So many small square watersheds, none touching another."""
    features = []
    for number in range(runs):
        west, south = -84.7 + number % ACROSS * STEP_DEG, 36.2 + number // ACROSS * STEP_DEG
        east, north = west + SIDE_DEG, south + SIDE_DEG
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {"name": f"ws-{number:05d}"}, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def called(*words: str) -> float:
    """The seconds that a command takes, as its user waits for it."""
    began = perf_counter()
    command = [sys.executable, "-P", "-m", "weppbatch.client", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"weppbatch {' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return perf_counter() - began


def driven(batch: Path, words: tuple[str, ...], jobs: int) -> float:
    """Call the command with tasks that only write, until so many are done; the largest size of it and its Snakemake
    (MB)."""
    log = batch.parent / "start.log"
    with log.open("wb") as stream:
        process = subprocess.Popen([sys.executable, "-P", "-c", DRIVER, *words], stdout=stream, stderr=stream)
        sizes: dict[int, float] = {}
        watch = threading.Thread(target=watch_sizes, args=(process, sizes), daemon=True)
        watch.start()
        while process.poll() is None:
            sleep(LOOK_S)
            if sum(1 for _ in batch.glob(SENTINELS)) > jobs:
                process.send_signal(signal.SIGINT)
                process.wait()
        watch.join()
        code = process.returncode
    if code not in (0, STOPPED):
        raise SystemExit(f"the start ended with {code}: {log.read_text()[-4000:]}")
    return sizes.pop(process.pid) + max(sizes.values())


def do_the_rest(batch: Path) -> None:
    """Do what a stopped start left, in this process, and fold it as the end of a start does."""
    only_write()
    for runid in BatchRunner.getInstance(batch).runids:
        for task in TASKS:
            if not (batch / sentinel(runid, task)).exists():
                execute(Job(batch, runid, task))
    fold(batch)


def watch_sizes(process: "subprocess.Popen[bytes]", sizes: dict[int, float]) -> None:
    """Note the largest size (MB) of a process and of each Snakemake that it called, until it ends."""
    while process.poll() is None:
        for pid in [process.pid, *snakemakes(process.pid)]:
            try:
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            except OSError:
                continue
            peak_kb = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
            sizes[pid] = max(sizes.get(pid, 0.0), peak_kb / 1024)
        sleep(0.2)


def snakemakes(pid: int) -> list[int]:
    """The children of a process that are Snakemake."""
    found = []
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (thread / "children").read_text().split()
            found += [
                int(child) for child in children if b"\0snakemake\0" in Path(f"/proc/{child}/cmdline").read_bytes()
            ]
        except OSError:
            continue
    return found


def sentinels(batch: Path) -> Iterator[dict[str, Any]]:
    """Every sentinel of a batch."""
    for path in batch.glob(SENTINELS):
        record = json.loads(path.read_text())
        if record["status"] in DONE:
            yield record


def read_time(text: str) -> datetime:
    """A time as sentinels have it."""
    return datetime.fromisoformat(text)


def draw(found: dict[str, dict[str, float]], path: Path) -> None:
    """The figures against the number of runs, both axes logarithmic: a straight line of slope one is linear."""
    from matplotlib.figure import Figure

    runs = [int(size) for size in found]
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel="runs", ylabel="seconds")
    jobs = [size * len(TASKS) * found[str(size)]["ms_per_job"] / 1e3 for size in runs]
    axes.plot(runs, jobs, marker="o", label="all tasks, first start to last end")
    labels = {"first_job_s": "until the first task", "noop_s": "nothing to do", "status_s": "status"}
    for name, label in labels.items():
        axes.plot(runs, [found[str(size)][name] for size in runs], marker="o", label=label)
    axes.set_xticks(runs, [f"{size:,}" for size in runs])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


if __name__ == "__main__":
    main()
