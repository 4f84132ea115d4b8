"""A batch as an array of jobs of a real Slurm: all goes well, and all that can end an element."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from single_node import SingleNode, wait_for
from slurm_batch import (
    KILL_WAIT_S,
    TASKS,
    Cluster,
    assert_whole,
    cluster,
    done,
    events,
    node,
    on_slurm,
    running,
    statuses,
)

from conftest import BIN, snakemake
from weppbatch.batch.runner import BatchRunner
from weppbatch.batch.submission import Submission
from weppbatch.files import read_json
from weppbatch.lock import holding
from weppbatch.tasks import graph

__all__ = ["cluster", "node"]
pytestmark = on_slurm
RUNS = ("ws-1", "ws-2")
SOON = 300.0  # seconds at most for a job to begin or end, on a busy machine
REQUEUE_WAIT_S = 120.0


@pytest.fixture
def batch(cluster: Cluster, new_batch: Callable[[str], Path]) -> Path:
    """A batch of two watersheds."""
    return new_batch("array")


def submit(cluster: Cluster, *options: object) -> Submission:
    """Submit the batch, an element for each of its runs."""
    said = cluster.weppbatch("submit", "array", "--array", 2, "--cores", 1, *options)
    assert said.returncode == 0, said.stderr
    submission = Submission.read(cluster.root / "array")
    assert submission is not None
    return submission


def held(cluster: Cluster, batch: Path, *options: object) -> Submission:
    """A submission whose second run waits in its terrain tools, after the other has ended."""
    cluster.hold("ws-2")
    submission = submit(cluster, *options)
    wait_for(lambda: running(batch, ["ws-2"]), SOON, "ws-2 to be at its outlet")
    wait_for(lambda: statuses(batch)["ws-1"] == "succeeded", SOON, "ws-1 to be done")
    return submission


def element_of(submission: Submission, runid: str) -> int:
    """The element that a run belongs to."""
    return next(index for index, share in enumerate(submission.shards) if runid in share)


def test_an_array_does_every_run_once_and_its_last_job_folds_and_reports(cluster: Cluster, batch: Path):
    submission = submit(cluster, "--reason", "the whole fire")
    assert sorted(runid for share in submission.shards for runid in share) == sorted(RUNS)
    names = {row[2] for row in cluster.node.jobs()}
    assert names == {submission.execution}
    cluster.node.wait_until_empty(SOON)
    assert_whole(batch)
    for runid in RUNS:
        for task in TASKS:
            record = read_json(batch / graph.sentinel(runid, task))
            assert record["execution"] == submission.execution
            assert int(record["job_id"]) >= int(submission.array_job)
    runner = BatchRunner.getInstance(batch)
    assert {run["status"] for run in runner.runs.values()} == {"succeeded"}
    begun, ended = runner.history[-2:]
    assert (begun["event"], begun["reason"], begun["by"]) == ("run_started", "the whole fire", "weppbatch submit")
    assert (ended["event"], ended["outcome"]) == ("run_finished", "done")
    assert (batch / "report" / "index.html").stat().st_mtime_ns > (batch / "runs").stat().st_mtime_ns
    assert "Nothing to do" in cluster.weppbatch("submit", "array", "--array", 2).stdout


def test_plain_snakemake_knows_afterwards_what_the_elements_did(cluster: Cluster, batch: Path):
    submit(cluster)
    cluster.node.wait_until_empty(SOON)
    before = done(batch)
    assert "Nothing to be done" in snakemake(batch).stderr
    assert cluster.weppbatch("set", "array", "watershed.clip_hillslope_length_m=200").returncode == 0
    assert cluster.weppbatch("push", "array", "--runs", "ws-1").returncode == 0
    assert snakemake(batch).returncode == 0
    after = done(batch)
    assert {key for key in after if after[key] != before[key]} == {("ws-1", "watershed")}


def test_nothing_else_begins_beside_a_submission(cluster: Cluster, batch: Path):
    submission = held(cluster, batch)
    for command in (["run", "array"], ["submit", "array", "--array", "2"], ["stage", "array"]):
        refused = cluster.weppbatch(*command)
        assert refused.returncode == 4, command
        assert f"Slurm job {submission.array_job}" in refused.stderr
    plain = snakemake(batch)
    assert plain.returncode == 1 and f"Slurm job {submission.array_job}" in plain.stderr
    assert cluster.weppbatch("run", "array", "-n").returncode == 0
    shown = json.loads(cluster.weppbatch("status", "array", "--json").stdout)
    assert shown["execution"] == submission.execution
    assert shown["submission"]["jobs"] == {"running": 1}
    assert shown["runs"]["ws-2"]["status"] == "running"
    cluster.let_go()
    cluster.node.wait_until_empty(SOON)
    assert_whole(batch)


def test_a_submission_is_refused_while_a_run_has_the_batch(cluster: Cluster, batch: Path):
    with holding(batch / ".lock", execution="batch:array:other"):
        refused = cluster.weppbatch("submit", "array", "--array", 2)
        assert refused.returncode == 4
    assert cluster.node.jobs() == [] and Submission.read(batch) is None


def test_cancel_ends_every_job_and_the_next_submission_goes_on(cluster: Cluster, batch: Path):
    held(cluster, batch)
    before = done(batch)
    cancelled = cluster.weppbatch("cancel", "array", "--reason", "wrong soils")
    assert cancelled.returncode == 0, cancelled.stderr
    assert cluster.node.jobs() == []
    assert statuses(batch) == {"ws-1": "succeeded", "ws-2": "interrupted"}
    assert "cancelled" in events(batch)
    cluster.let_go()
    submit(cluster)
    cluster.node.wait_until_empty(SOON)
    assert_whole(batch)
    assert {key: at for key, at in done(batch).items() if key in before} == before


def test_a_job_that_scancel_ended_is_folded_as_interrupted_and_gone_on_with(cluster: Cluster, batch: Path):
    submission = held(cluster, batch)
    before = done(batch)
    cluster.node.call("scancel", f"{submission.array_job}_{element_of(submission, 'ws-2')}")
    cluster.node.wait_until_empty(SOON)
    runner = BatchRunner.getInstance(batch)
    assert {runid: run["status"] for runid, run in runner.runs.items()} == {
        "ws-1": "succeeded",
        "ws-2": "interrupted",
    }
    assert runner.history[-1]["event"] == "run_finished" and runner.history[-1]["outcome"] == "interrupted"
    assert (batch / "report" / "index.html").exists()
    cluster.let_go()
    submit(cluster)
    cluster.node.wait_until_empty(SOON)
    assert_whole(batch)
    assert {key: at for key, at in done(batch).items() if key in before} == before


def test_after_sigkill_of_an_element_and_its_last_job_a_plain_run_goes_on(cluster: Cluster, batch: Path):
    submission = held(cluster, batch)
    cluster.node.call("scancel", submission.last_job)
    element = f"{submission.array_job}_{element_of(submission, 'ws-2')}"
    cluster.node.call("scancel", "--full", f"--signal={signal.SIGKILL.name}", element)
    cluster.node.wait_until_empty(SOON)
    assert statuses(batch)["ws-2"] == "interrupted"
    cluster.let_go()
    assert cluster.weppbatch("run", "array", "--cores", 2).returncode == 0
    assert_whole(batch)
    assert events(batch)[-4:] == ["run_started", "run_finished", "run_started", "run_finished"]


def test_a_time_limit_leaves_what_the_next_submission_goes_on_with(cluster: Cluster, batch: Path):
    held(cluster, batch, "--minutes", 1)
    cluster.node.wait_until_empty(60 + SOON + KILL_WAIT_S)
    assert statuses(batch) == {"ws-1": "succeeded", "ws-2": "interrupted"}
    cluster.let_go()
    submit(cluster)
    cluster.node.wait_until_empty(SOON)
    assert_whole(batch)


def test_a_node_that_goes_down_puts_its_element_back_and_it_goes_on_by_itself(cluster: Cluster, batch: Path):
    held(cluster, batch)
    wait_for(lambda: len(running_jobs(cluster.node)) == 1, SOON, "the other element to end")
    before = done(batch)
    cluster.node.set_node("down")
    wait_for(lambda: not running_jobs(cluster.node), SOON, "the element to be put back")
    wait_for(lambda: statuses(batch)["ws-2"] == "interrupted", SOON, "what ran on the node to end")
    shown = json.loads(cluster.weppbatch("status", "array", "--json").stdout)
    assert shown["submission"]["jobs"] == {"pending": 1}
    assert cluster.weppbatch("run", "array").returncode == 4, "the element still waits for its node"
    cluster.let_go()
    if cluster.node.node_state() != "idle":  # a node that reports again comes back by itself
        cluster.node.set_node("resume")
    # Slurm lets two minutes pass, so that what ran there is surely gone: begun sooner it is a duplicate, and held.
    cluster.node.wait_until_empty(REQUEUE_WAIT_S + SOON)
    assert_whole(batch)
    assert {key: at for key, at in done(batch).items() if key in before} == before
    assert events(batch)[-2:] == ["run_started", "run_finished"]


def running_jobs(slurm: SingleNode) -> list[str]:
    """The jobs that run or are just ending."""
    return [job for job, state, _ in slurm.jobs() if state != "PENDING"]


def test_what_slurm_refuses_leaves_no_submission(cluster: Cluster, batch: Path):
    refused = cluster.weppbatch("submit", "array", "--array", 2, "--sbatch", "--partition=nowhere")
    assert refused.returncode == 2
    assert "nowhere" in refused.stderr or "partition" in refused.stderr
    assert cluster.node.jobs() == []
    assert cluster.weppbatch("run", "array", "--cores", 2).returncode == 0


def test_a_silent_controller_is_not_taken_for_an_empty_queue(cluster: Cluster, batch: Path, tmp_path: Path):
    held(cluster, batch)
    deaf = tmp_path / "slurm.conf"
    text = (cluster.node.folder / "slurm.conf").read_text()
    deaf.write_text(text.replace("SlurmctldPort=", "SlurmctldTimeout=5\nMessageTimeout=2\nSlurmctldPort=1"))
    environment = cluster.environment | {"SLURM_CONF": str(deaf)}
    refused = subprocess.run(
        [BIN / "weppbatch", "run", "array"], env=environment, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 4
    assert "can't be asked" in refused.stderr
