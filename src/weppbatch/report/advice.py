"""What to change so that a batch goes faster, in plain words derived from measured times alone.

In: one start and what its tasks took. Out: advice, each with the figures that it rests on. A rule is a
function of the facts that gives advice or nothing; none guesses.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from weppbatch.batch.drive import memory_mb
from weppbatch.batch.ledger import Ledger
from weppbatch.report.shown import shown, shown_seconds
from weppbatch.report.timeline import Job, Start, TaskTime, task_times
from weppbatch.tasks import graph

LEAST_S = 60.0  # a start shorter than this is fast enough
IDLE_END = 0.1  # share of all cores' time that stands idle at the end
DOMINATES = 0.5  # share of the tasks' time
BUSY = 0.9  # share of the cores' time
OFF_CPU = 0.6  # share of a task's time that it computes
WORTH = 0.1  # share of the tasks' time from which on a task is worth a word
WAITED_S = 60.0
GAPS = 0.25  # share of the cores' time that stands idle before the end
# What makes a task take less, where a setting does.
LESS_OF: dict[str, str] = {
    "wepp": "Fewer years of weather (climate.years), fewer hillslopes (a larger watershed.csa_ha), or "
    "wepp.hillslope_daily off take less",
    "omni": "Each scenario simulates the watershed once more: fewer of them (omni.scenarios) take less",
    "dem": "A DEM that lies on a disk of this machine takes less than one that is read over a network",
    "outlet": "Larger cells (ron.cell_size_m) or a smaller ron.buffer_m take less",
    "watershed": "Fewer hillslopes (a larger watershed.csa_ha) take less",
    "watar": "Ash by hillslope and day (ash.hillslope_days) off takes less",
    "climate": "Fewer years of weather (climate.years) take less",
}


@dataclass(frozen=True)
class Facts:
    """What the rules look at: a start, the tasks of it by time, and memory in MB as asked, shared and used.

    asked_mb: what the largest task asks for; memory_mb: what tasks share on this machine; None where not known.
    """

    start: Start
    times: Sequence[TaskTime]
    asked_mb: float | None = None
    memory_mb: float | None = None

    @property
    def core_s(self) -> float:
        """The time of all cores over the start."""
        return self.start.cores * self.start.span_s

    @property
    def tail_idle(self) -> float:
        """The share of all cores' time that stands idle at the end."""
        start = self.start
        idle_s = start.cores * start.tail_s - start.busy_s(start.ended_s - start.tail_s)
        return max(0.0, idle_s) / self.core_s

    @property
    def busy(self) -> float:
        """The share of the cores' time at work."""
        return self.start.busy_s() / self.core_s


@dataclass(frozen=True)
class Advice:
    """What was seen, in a few words, and what it means and what to do."""

    head: str
    text: str


def idle_end(facts: Facts) -> Advice | None:
    """Cores without work at the end, while the last run was still going."""
    start = facts.start
    if facts.tail_idle < IDLE_END or start.cores < 2:
        return None
    last = max(start.jobs, key=lambda job: job.ended_s)
    own = [job for job in start.jobs if job.runid == last.runid]
    began_s = min(job.began_s for job in own) - start.began_s
    lines = (
        f"For the last {shown_seconds(start.tail_s)} of {shown_seconds(start.span_s)} there was not work for all "
        f"{start.cores} cores; {last.runid} was the last to end, with {_label(last)}."
    )
    if began_s > 0.3 * start.span_s:
        more = (
            f" It had begun {shown_seconds(began_s)} after the start. Begun earlier (weppbatch run NAME --runs "
            f"{last.runid} first), it would not have been alone at the end."
        )
    else:
        more = (
            " It had begun early: more cores won't shorten this, only a smaller watershed or less to do for it "
            "will."
        )
    return Advice("Cores idle at the end", lines + more)


def memory_bound(facts: Facts) -> Advice | None:
    """Tasks ask for more memory than fits beside each other."""
    if facts.asked_mb is None or facts.memory_mb is None:
        return None
    fit = int(facts.memory_mb // max(facts.asked_mb, 1.0))
    if fit >= facts.start.cores:
        return None
    peak_mb = max((time.peak_mb for time in facts.times), default=0.0)
    return Advice(
        "Memory lowers how much goes on at once",
        f"The largest tasks ask for {shown(facts.asked_mb, 0)} MB each, of {shown(facts.memory_mb, 0)} MB "
        f"that tasks "
        f"share: {fit} at a time fit, for {facts.start.cores} cores. The most that any used was "
        f"{shown(peak_mb, 0)} MB. "
        "If the machine has more, set WEPPBATCH_MEM_MB to it; else take fewer cores, or larger cells "
        "(ron.cell_size_m).",
    )


def dominating(facts: Facts) -> Advice | None:
    """One task, or the scenarios together, takes most of the time."""
    whole_s = sum(time.wall_s for time in facts.times)
    by_box: dict[str, float] = {}
    for time in facts.times:
        by_box[graph.box_of(time.task)] = by_box.get(graph.box_of(time.task), 0.0) + time.wall_s
    box, wall_s = max(by_box.items(), key=lambda item: item[1], default=("", 0.0))
    if not whole_s or wall_s / whole_s < DOMINATES:
        return None
    label = graph.spec_of(box).label
    less = LESS_OF.get(box)
    return Advice(
        f"{label} takes most of the time",
        f"{shown_seconds(wall_s)} of {shown_seconds(whole_s)} of all tasks' time, "
        f"{shown(100 * wall_s / whole_s, 0)} %." + (f" {less}." if less else ""),
    )


def waited(facts: Facts) -> Advice | None:
    """Tasks that waited after a failure that may pass."""
    late = [job for job in facts.start.jobs if job.waited_s > 0]
    total_s = sum(job.waited_s for job in late)
    if total_s < WAITED_S:
        return None
    labels = ", ".join(graph.spec_of(task).label for task in graph.ordered({job.task for job in late}))
    return Advice(
        "Tasks waited before another attempt",
        f"{len(late)} waited {shown_seconds(total_s)} in all ({labels}) after failures that may pass, mostly "
        f"of a network "
        "or a file system. weppbatch logs NAME --runs @failed tells the first cause; inputs on a disk of the "
        "machine "
        "don't have it.",
    )


def off_cpu(facts: Facts) -> Advice | None:
    """A task that takes its time without computing."""
    found = [
        time
        for time in facts.times
        if time.share >= WORTH and time.wall_s > 0 and time.cpu_s / time.wall_s < OFF_CPU
    ]
    if not found:
        return None
    told = "; ".join(f"{time.label} {shown(100 * time.cpu_s / time.wall_s, 0)} %" for time in found)
    return Advice(
        "Tasks waited for something else than their own computing",
        f"Share of their time that they computed: {told}. The rest is disk, network, or cores that other "
        f"programs or too "
        "many tasks at once used. A batch on a local disk, or --cores no larger than the machine has, may help.",
    )


def gaps(facts: Facts) -> Advice | None:
    """Cores idle between short tasks."""
    idle = 1.0 - facts.busy - facts.tail_idle
    lengths = sorted(job.wall_s for job in facts.start.jobs)
    middle_s = lengths[len(lengths) // 2]
    if idle < GAPS or middle_s > 2.0:
        return None
    return Advice(
        "Cores idle between tasks",
        f"{shown(100 * idle, 0)} % of the cores' time passed before the end without a task, and half of the "
        f"tasks take "
        f"less than {shown_seconds(middle_s)}: starting them costs about as much as doing them. Fewer, larger "
        f"watersheds "
        "in a batch go better; more cores don't.",
    )


def more_cores(facts: Facts) -> Advice | None:
    """All cores at work nearly all the time."""
    start = facts.start
    computed = sum(job.cpu_s for job in start.jobs) / facts.core_s
    if facts.busy < BUSY or facts.tail_idle >= IDLE_END or computed < OFF_CPU:
        return None
    return Advice(
        "The cores were busy",
        f"{shown(100 * facts.busy, 0)} % of the time of {start.cores} "
        f"{'core' if start.cores == 1 else 'cores'} was work: "
        "with more cores (--cores, or a cluster) it goes faster nearly in proportion.",
    )


RULES: Sequence[Callable[[Facts], Advice | None]] = (
    idle_end,
    memory_bound,
    dominating,
    waited,
    off_cpu,
    gaps,
    more_cores,
)


def advice_of(facts: Facts) -> list[Advice]:
    """What every rule has to say of a start; nothing of one that took no time to speak of."""
    if facts.start.span_s < LEAST_S or not facts.start.jobs:
        return []
    return [found for rule in RULES if (found := rule(facts)) is not None]


def facts_of(ledger: Ledger, start: Start) -> Facts:
    """The facts of a start; what its tasks ask of memory only where it was this machine that did them."""
    here = {job.host for job in start.jobs} == {socket.gethostname()}
    asked_mb = max((ledger.plan.mem_mb(job.runid, 1) for job in start.jobs), default=0) if here else None
    return Facts(start, task_times(start.jobs), asked_mb, memory_mb() if here else None)


def _label(job: Job) -> str:
    return graph.spec_of(job.task).label
