"""Kills a running batch at random moments, in every way, and counts what it left: `make kill-matrix`.

Each trial starts a small batch of the whole chain anew, sends one signal to one of its processes at a random
moment, and then asks: did the start end, does any process live on, is everything that counts as done whole, does
the state say running, and does the next `weppbatch run` go on by itself to the very results of an undisturbed run?
It prints a table of counts and ends with 1 if any answer was wrong.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from conftest import BIN, make_batch
from test_killed import commands, wait_until_quiet
from weppbatch.batch.audit import audit
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.commands.app import main as weppbatch
from weppbatch.files import read_json, shipped
from weppbatch.lock import Lock
from weppbatch.tasks.record import read_record
from weppbatch.terrain.sample import write_sample_dem
from weppbatch.terrain.synthetic import write_synthetic_maps

NAME = "killed"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
END_S = 120.0
QUIET_S = 5.0
LOGS = ("wbt.log", "topaz.log")  # they hold times and paths


@dataclass(frozen=True)
class Cell:
    """One kind of kill: how the batch was started, who was hit, and with what."""

    way: str
    victim: str
    number: signal.Signals


@dataclass
class Count:
    """What came of the kills of one cell."""

    kills: int = 0
    too_late: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def children(pid: int) -> list[int]:
    """All processes below a process, nearest first."""
    found: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            own = [int(word) for word in listing.read_text().split()]
        except OSError:
            continue
        found += own
        for child in own:
            found += children(child)
    return found


def words_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def running_tasks(batch: Path) -> list[int]:
    """The processes of the tasks under way."""
    records = [read_record(path) for path in batch.glob("runs/*/.tasks/*.running.json")]
    return [int(record["pid"]) for record in records if record is not None]


def below(pid: int, *words: str) -> list[int]:
    return [child for child in children(pid) if any(word in words_of(child) for word in words)]


# How each kind of victim is found among what a start (a pid) of a batch has under way.
VICTIMS: dict[str, Callable[[int, Path], list[int]]] = {
    "driver": lambda pid, batch: [pid],
    "snakemake": lambda pid, batch: below(pid, "-m snakemake"),
    "task": lambda pid, batch: running_tasks(batch),
    "tool": lambda pid, batch: below(pid, "whitebox_tools"),
    "server": lambda pid, batch: below(pid, "weppbatch.tasks.server"),
    "everything": lambda pid, batch: [pid, *children(pid)],
}


def cells(ways: list[str], victims: list[str]) -> list[Cell]:
    """Every kind of kill; plain Snakemake is its own driver, and a power cut is SIGKILL of everything."""
    return [
        Cell(way, victim, number)
        for way in ways
        for victim in victims
        for number in SIGNALS
        if not (way == "snakemake" and victim == "snakemake")
        and not (victim in ("everything", "tool") and number != signal.SIGKILL)
    ]


def prepare(root: Path, years: int) -> Path:
    """A batch of two small watersheds, ready for the whole chain."""
    collection = json.loads((shipped("config") / "demo" / "watersheds.geojson").read_text())
    usable = [feature for feature in collection["features"] if feature["properties"].get("area_km2")]
    usable.sort(key=lambda feature: float(feature["properties"]["area_km2"]))
    watersheds = root / "two.geojson"
    watersheds.write_text(json.dumps(collection | {"features": usable[:2]}))
    terrain = root / "dem.tif"
    write_sample_dem(terrain)
    batch = make_batch(NAME, terrain, watersheds)
    maps = write_synthetic_maps(terrain, root / "maps")
    settings = [
        *(f"landuse.landcover={maps.landcover}", f"disturbed.sbs_map={maps.burn_severity}"),
        *(f"soils.soil_map={maps.soil}", f"soils.soil_table={maps.soil_table}"),
        *("climate.station_selection=user", "climate.station_id=ca046006", f"climate.years={years}"),
    ]
    assert weppbatch(["set", NAME, *settings]) == 0
    assert weppbatch(["tasks", NAME, "--on", "landuse,soils,climate,wepp"]) == 0
    return batch


def results(batch: Path) -> dict[str, str]:
    """The checksum of every file that a proof speaks of, by path; logs and controls left out."""
    found = {}
    for path in batch.glob("runs/*/.tasks/*.json"):
        if path.name.count(".") == 1:
            for entry in read_json(path)["outputs"]:
                if not entry["path"].endswith((*LOGS, ".nodb")):
                    found[f"{path.parents[1].name}/{entry['path']}"] = entry["sha256"]
    return found


def start(batch: Path, way: str) -> subprocess.Popen[bytes]:
    command = commands(batch)[way]
    return subprocess.Popen(
        [BIN / command[0], *command[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def strike(process: subprocess.Popen[bytes], batch: Path, cell: Cell, delay_s: float) -> bool:
    """Wait, then send the signal to the victim as soon as there is one; False when the start ended before."""
    begun = time.monotonic()
    while process.poll() is None:
        victims = VICTIMS[cell.victim](process.pid, batch) if time.monotonic() - begun >= delay_s else []
        for pid in victims if cell.victim == "everything" else victims[:1]:
            try:
                os.kill(pid, cell.number)
            except ProcessLookupError:
                continue
        if victims:
            return True
        time.sleep(0.01)
    return False


def trial(batch: Path, cell: Cell, delay_s: float, expected: dict[str, str], count: Count) -> None:
    """One kill, and everything that has to hold afterwards."""
    process = start(batch, cell.way)
    struck = strike(process, batch, cell, delay_s)
    try:
        code: int | None = process.wait(END_S)
    except subprocess.TimeoutExpired:
        code = None
    count.kills += struck
    count.too_late += not struck
    wrong = [] if code is not None else [f"did not end within {END_S:g} s"]
    wrong += [f"lives on: {words}" for words in wait_until_quiet(batch, QUIET_S)]
    ledger = Ledger(Plan(batch))
    damage = [
        one for one in audit(ledger, deep=True).findings if one.kind in ("lost", "size", "checksum", "running")
    ]
    wrong += [f"{one.kind}: {one.task} of {one.runid}: {one.detail}" for one in damage]
    if Lock(batch / ".lock").is_held():
        wrong.append("the batch is still held")
    if struck:
        count.outcomes[f"exit {code}"] += 1
    again = subprocess.run(
        [BIN / "weppbatch", "run", NAME, "--cores", "2"],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    if again.returncode != 0:
        wrong.append(f"the next run ended with {again.returncode}: {again.stdout[-300:]}{again.stderr[-300:]}")
    differs = [name for name, sha256 in expected.items() if results(batch).get(name) != sha256]
    wrong += [f"another result than undisturbed: {name}" for name in differs[:3]]
    count.wrong += [f"{cell.way}, {cell.victim}, {cell.number.name}, {delay_s:.2f} s: {text}" for text in wrong]


def run_matrix(options: argparse.Namespace, root: Path) -> dict[Cell, Count]:
    chance = random.Random(options.seed)
    os.environ["WEPPBATCH_ROOT"] = str(root / "batches")
    batch = prepare(root, options.years)
    kept = root / "kept"
    shutil.copytree(batch, kept)
    expected: dict[str, str] = {}
    seconds: dict[str, float] = {}
    for way in options.ways:
        shutil.rmtree(batch)
        shutil.copytree(kept, batch)
        begun = time.monotonic()
        if start(batch, way).wait() != 0:
            raise SystemExit(f"an undisturbed {way} failed; see {batch}")
        seconds[way] = time.monotonic() - begun
        expected = expected or results(batch)
        print(f"{way}: {seconds[way]:.1f} s undisturbed, {len(expected)} files", flush=True)
    counts = {cell: Count() for cell in cells(options.ways, options.victims)}
    try:
        for _ in range(options.each):
            for cell, count in counts.items():
                shutil.rmtree(batch)
                shutil.copytree(kept, batch)
                before = len(count.wrong)
                trial(batch, cell, chance.uniform(0.2, 0.95 * seconds[cell.way]), expected, count)
                if len(count.wrong) > before and options.keep:
                    shutil.copytree(batch, options.keep / f"{len(count.wrong)}-{cell.victim}-{cell.number.name}")
                print("F" if len(count.wrong) > before else ".", end="", flush=True)
    except KeyboardInterrupt:
        print(" stopped; so far:", end="")
    print(flush=True)
    return counts


def show(counts: dict[Cell, Count]) -> None:
    print(f"{'started by':14} {'hit':11} {'with':8} {'kills':>5} {'late':>5} {'wrong':>5}  how the start ended")
    for cell, count in counts.items():
        if count.kills or count.too_late:
            ends = ", ".join(f"{number} x {text}" for text, number in sorted(count.outcomes.items()))
            print(
                f"{cell.way:14} {cell.victim:11} {cell.number.name:8} {count.kills:5} {count.too_late:5} "
                f"{len(count.wrong):5}  {ends}"
            )
    kills, wrong = sum(c.kills for c in counts.values()), [text for c in counts.values() for text in c.wrong]
    print(f"{kills} kills, {len(wrong)} wrong")
    for text in wrong:
        print(f"  {text}")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--each", type=int, default=3, metavar="N", help="kills of every kind")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--years", type=int, default=3, help="years of weather")
    options.add_argument("--ways", nargs="+", default=["weppbatch run", "snakemake"], metavar="WAY")
    options.add_argument("--victims", nargs="+", default=list(VICTIMS), choices=list(VICTIMS), metavar="WHO")
    options.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep a copy of each batch with a wrong answer"
    )
    options.add_argument("--json", action="store_true", help="the counts for machines, as the last line")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="kill-matrix-") as root:
        counts = run_matrix(chosen, Path(root))
    show(counts)
    if chosen.json:
        rows = [
            {"way": cell.way, "victim": cell.victim, "signal": cell.number.name}
            | {"kills": count.kills, "too_late": count.too_late, "outcomes": count.outcomes, "wrong": count.wrong}
            for cell, count in counts.items()
        ]
        print(json.dumps(rows))
    return 1 if any(count.wrong for count in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
