"""A batch through Snakemake's own Slurm executor: a job a watershed, bounded, and what a dead driver leaves."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from single_node import wait_for
from slurm_batch import TASKS, Cluster, assert_whole, cluster, done, events, node, on_slurm, running, statuses

from weppbatch.batch.plan import Plan
from weppbatch.batch.profile import job_prefix
from weppbatch.batch.runner import BatchRunner
from weppbatch.files import read_json, shipped
from weppbatch.tasks import graph

__all__ = ["cluster", "node"]
pytestmark = on_slurm
RUNS = ("ws-1", "ws-2")
SOON = 300.0  # seconds at most for a job to begin or end, on a busy machine


@pytest.fixture
def batch(cluster: Cluster, new_batch: Callable[[str], Path]) -> Path:
    """A batch of two watersheds."""
    return new_batch("jobs")


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """The shipped profile as a site would copy it: the same, but it asks Slurm more often."""
    settings = yaml.safe_load((shipped("profiles") / "slurm" / "config.yaml").read_text())
    settings |= {
        "slurm-init-seconds-before-status-checks": 2,
        "seconds-between-status-checks": 2,
        "latency-wait": 5,
    }
    path = tmp_path / "site"
    path.mkdir()
    (path / "config.yaml").write_text(yaml.safe_dump(settings))
    return path


def bounded(profile: Path, **settings: object) -> Path:
    """The profile with other settings."""
    file = profile / "config.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | settings))
    return profile


def driving(cluster: Cluster, profile: Path) -> "subprocess.Popen[bytes]":
    """A run over Slurm whose two jobs wait in their terrain tools."""
    cluster.hold(*RUNS)
    driver = cluster.starting("run", "jobs", "--profile", profile)
    wait_for(lambda: running(cluster.root / "jobs", RUNS), SOON, "both runs to be at their outlets")
    return driver


def test_each_watershed_is_one_job_of_its_size_under_the_executions_name(
    cluster: Cluster, batch: Path, profile: Path
):
    driver = driving(cluster, profile)
    jobs = cluster.node.jobs(fields="%i|%m|%j")
    cluster.let_go()
    assert driver.wait(timeout=SOON) == 0
    assert_whole(batch)
    execution = read_json(batch / graph.sentinel("ws-1", "watershed"))["execution"]
    assert len(jobs) == 2
    assert all(name.startswith(job_prefix(execution)) for _, _, name in jobs)
    plan = Plan(batch)
    assert sorted(memory for _, memory, _ in jobs) == sorted(f"{plan.mem_mb(runid, 1)}M" for runid in RUNS)
    by_run = {
        runid: {
            read_json(batch / graph.sentinel(runid, task))["job_id"] for task in graph.selected({"watershed": 1})
        }
        for runid in RUNS
    }
    assert sorted(by_run.values(), key=sorted) == sorted(({job} for job, _, _ in jobs), key=sorted)


def test_waiting_jobs_never_exceed_the_profiles_bound(cluster: Cluster, batch: Path, profile: Path):
    cluster.node.set_node("drain")
    try:
        driver = cluster.starting("run", "jobs", "--profile", bounded(profile, jobs=1))
        wait_for(cluster.node.jobs, SOON, "the first job")
        waiting = [_jobs_after(0.5, cluster) for _ in range(20)]
    finally:
        cluster.node.set_node("resume")
    later = []
    while driver.poll() is None:
        later.append(_jobs_after(0.5, cluster))
    assert driver.returncode == 0
    assert set(waiting) == {1}, "with one job waiting, the other is not submitted"
    assert max(later) == 1
    assert_whole(batch)


def _jobs_after(seconds: float, cluster: Cluster) -> int:
    """How many jobs are in the queue, a moment from now."""
    time.sleep(seconds)
    return len(cluster.node.jobs())


@pytest.mark.parametrize("way", ["signal", "cancel"])
def test_stopping_the_driver_empties_the_queue(cluster: Cluster, batch: Path, profile: Path, way: str):
    driver = driving(cluster, profile)
    if way == "signal":
        driver.send_signal(signal.SIGINT)
    else:
        assert cluster.weppbatch("cancel", "jobs").returncode == 0
    assert driver.wait(timeout=SOON) == 5
    cluster.node.wait_until_empty(SOON)
    assert set(statuses(batch).values()) == {"interrupted"}
    cluster.let_go()
    assert cluster.weppbatch("run", "jobs", "--cores", 2).returncode == 0
    assert_whole(batch)


@pytest.mark.parametrize("way", ["run", "cancel"])
def test_jobs_that_a_killed_driver_left_are_ended_before_anything_else(
    cluster: Cluster, batch: Path, profile: Path, way: str
):
    driver = driving(cluster, profile)
    left = {row[2] for row in cluster.node.jobs()}
    driver.kill()
    driver.wait()
    assert {row[2] for row in cluster.node.jobs()} == left, "they live on without their driver"
    if way == "cancel":
        assert cluster.weppbatch("cancel", "jobs").returncode == 0
        assert cluster.node.jobs() == []
    driver = cluster.starting("run", "jobs", "--cores", 2)
    wait_for(lambda: not left.intersection(row[2] for row in cluster.node.jobs()), SOON, "the left jobs to end")
    cluster.let_go()
    assert driver.wait(timeout=2 * SOON) == 0
    assert_whole(batch)
    last = BatchRunner.getInstance(batch).history[-1]["execution"]
    assert {read_json(batch / graph.sentinel(runid, "outlet"))["execution"] for runid in RUNS} == {last}


def test_a_job_that_scancel_ended_is_tried_again_by_the_same_start(cluster: Cluster, batch: Path, profile: Path):
    driver = driving(cluster, profile)
    job = cluster.node.jobs()[0][0]
    cluster.node.call("scancel", job)
    cluster.let_go()
    assert driver.wait(timeout=2 * SOON) == 0
    assert_whole(batch)


def test_a_time_limit_fails_that_watershed_alone(cluster: Cluster, batch: Path, profile: Path):
    cluster.hold("ws-2")
    minutes = "1 if wildcards.runid == 'ws-2' else 10"  # of the outlet; a job may take what its tasks may together
    shares = {task: {"runtime": minutes if task == "outlet" else 0} for task in TASKS}
    limited = bounded(profile, retries=0, **{"set-resources": shares})
    driver = cluster.starting("run", "jobs", "--profile", limited)
    assert driver.wait(timeout=3 * SOON) in (1, 5)
    assert statuses(batch)["ws-1"] == "succeeded"
    before = done(batch)
    assert {task for runid, task in before if runid == "ws-2"} == {"clone", "extent", "dem"}, "what was done stays"
    cluster.let_go()
    assert cluster.weppbatch("run", "jobs", "--cores", 2).returncode == 0
    assert_whole(batch)
    assert {key: at for key, at in done(batch).items() if key in before} == before
    assert events(batch).count("run_started") == 2
