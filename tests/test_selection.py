"""What `--runs` and `--tasks` mean."""

import pytest

from weppbatch.batch.selection import needs_states, run_ids, task_names
from weppbatch.errors import InputProblems

RUNIDS = ["oak", "elm", "ash", "fir", "yew"]
EXCLUDED = {"ash": {"why": "a reservoir"}}
STATES = {"oak": "failed", "elm": "stale", "ash": "failed", "fir": "pending", "yew": "interrupted"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", ["oak", "elm", "fir", "yew"]),
        ("yew,oak", ["yew", "oak"]),
        ("0:2", ["oak", "elm"]),
        ("1:3", ["elm"]),
        ("3:", ["fir", "yew"]),
        (":2", ["oak", "elm"]),
        ("0:100", ["oak", "elm", "fir", "yew"]),
        ("@failed", ["oak"]),
        ("@stale", ["elm"]),
        ("@missing", ["fir", "yew"]),
        ("@failed, 0:2 ,yew", ["oak", "elm", "yew"]),
    ],
)
def test_runs_are_chosen_by_name_place_and_state_and_excluded_ones_stay_out(text: str, expected: list[str]):
    assert run_ids(text, RUNIDS, EXCLUDED, STATES) == expected
    assert needs_states(text) == ("@" in text)


def test_everything_wrong_with_a_choice_is_said_at_once_with_the_nearest_names():
    with pytest.raises(InputProblems) as caught:
        run_ids("okk,ash,@faild,1:x,9:12,elm", RUNIDS, EXCLUDED, STATES)
    text = str(caught.value)
    assert len(caught.value.problems) == 5
    for part in ("did you mean 'oak'", "'ash' is excluded: a reservoir", "did you mean '@failed'", "'1:x'", "9:12"):
        assert part in text
    with pytest.raises(InputProblems, match="no run is named"):
        run_ids(" , ", RUNIDS, EXCLUDED, STATES)


def test_a_range_of_excluded_runs_alone_is_no_error():
    assert run_ids("2:3", RUNIDS, EXCLUDED, STATES) == []


def test_tasks_are_named_one_by_one_or_as_a_group():
    assert task_names("") is None
    assert task_names("wepp,dem") == ("dem", "wepp")
    assert task_names("preprocess") == ("extent", "dem", "outlet")
    assert task_names("all") == ("watershed", "landuse", "soils", "climate", "wepp", "watar", "omni")
    assert task_names("omni.mulch_60_uniform_low,omni,omni.uniform_low,wepp") == (
        *("wepp", "omni.uniform_low", "omni.mulch_60_uniform_low", "omni"),
    )


def test_tasks_that_there_are_not_are_all_named():
    with pytest.raises(InputProblems) as caught:
        task_names("wep,clone,omni.,zzz,omni")
    text = str(caught.value)
    assert len(caught.value.problems) == 4
    assert "did you mean 'wepp'" in text and "no task 'omni.'; did you mean 'omni'" in text
