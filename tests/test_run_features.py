"""A run's feature is found by its run id alone, whatever else its file says."""

import json
from pathlib import Path

import pytest

from weppbatch.errors import InputError
from weppbatch.tasks.features import RUN_FEATURES, feature_of, sha256_of


def written(batch: Path, *runids: str, end: str = "\n") -> Path:
    """A file of run features in which every feature also names its neighbour as an attribute."""
    path = batch / RUN_FEATURES
    path.parent.mkdir(parents=True)
    lines = [
        json.dumps(
            {
                "type": "Feature",
                "properties": {"next": other, "runid": other},
                "runid": runid,
                "sha256": f"of {runid}",
            }
        )
        for runid, other in zip(runids, (*runids[1:], runids[0]), strict=True)
    ]
    path.write_text("\n".join(lines) + end)
    return batch


@pytest.mark.parametrize("end", ["\n", ""])
def test_each_run_finds_its_own_feature(tmp_path: Path, end: str) -> None:
    batch = written(tmp_path, "a", "aa", "OR-1", "OR-10", end=end)
    assert [sha256_of(batch, runid) for runid in ("OR-10", "a", "aa", "OR-1")] == [
        "of OR-10",
        "of a",
        "of aa",
        "of OR-1",
    ]


def test_a_run_id_that_is_only_an_attribute_is_none(tmp_path: Path) -> None:
    batch = written(tmp_path, "a", "b")
    path = batch / RUN_FEATURES
    path.write_text(path.read_text().replace('"next": "b"', '"next": "c"'))
    with pytest.raises(InputError, match="'c'"):
        feature_of(batch, "c")
