"""A start's work in portions: all of it, once, in order, and of a size that cores and Snakemake bear."""

from pathlib import Path

import pytest

from weppbatch.batch.drive import Drive
from weppbatch.batch.profile import Profile
from weppbatch.batch.start import Start
from weppbatch.batch.work import Work
from weppbatch.lock import Lock
from weppbatch.tasks import graph


def test_waves_hold_all_the_work_once_and_in_order() -> None:
    jobs = {f"ws-{number}": {"clone": "not done yet", "extent": "settings changed"} for number in range(7)}
    done = frozenset(graph.sentinel(runid, "extent") for runid in jobs)
    waves = list(Work(jobs, {}, done).waves(3))
    assert [wave.runids for wave in waves] == [
        [f"ws-{n}" for n in numbers] for numbers in ((0, 1, 2), (3, 4, 5), (6,))
    ]
    assert set().union(*(wave.done for wave in waves)) == done
    assert all(wave.jobs[runid] == jobs[runid] for wave in waves for runid in wave.runids)


@pytest.mark.parametrize(
    ("profile", "cores", "runs"),
    [("default", 2, 200), ("default", 8, 400), ("default", 96, 1000), ("slurm", 2, 1000)],
)
def test_a_wave_is_many_times_what_the_cores_do_at_once(
    profile: str, cores: int, runs: int, tmp_path: Path
) -> None:
    start = Start(tmp_path, Lock(tmp_path / ".lock"), {"execution": "batch:many:1"})
    assert Drive(start, cores, lambda: None, Profile.named(profile)).wave_runs == runs
