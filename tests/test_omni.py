"""Scenarios as tasks: their names, their order, what is planned for them; and what treatments do."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthetic_batch import finish, finished_batch
from weppbatch.batch import logs
from weppbatch.batch.audit import audit
from weppbatch.batch.estimate import estimate
from weppbatch.batch.ledger import Ledger
from weppbatch.batch.plan import Plan
from weppbatch.batch.work import Choice, work_of
from weppbatch.commands.app import main
from weppbatch.errors import InputProblems
from weppbatch.files import read_json, write_json
from weppbatch.nodb.base import WrongSettings
from weppbatch.nodb.controls import CONTROLS, set_fields
from weppbatch.nodb.omni import Omni, Scenario
from weppbatch.nodb.scenario_names import base_of, names_of
from weppbatch.tasks import graph
from weppbatch.tasks.contrasts import first_share, ranking
from weppbatch.tasks.treatments import mulched, within_filters

LOW, MULCH = "uniform_low", "mulch_60_uniform_low"
FIELDS: list[dict[str, Any]] = [{"kind": "mulch", "mulch_percent": 60, "base_scenario": LOW}, {"kind": LOW}]
THINNING = '{"kind": "thinning", "canopy_percent": 65, "ground_cover_percent": 93}'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, sample_dem: Path) -> Path:
    """A batch in which every task of every run is done, those of two scenarios among them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEPPBATCH_ROOT", str(tmp_path_factory.mktemp("made")))
        folder = finished_batch("many", sample_dem)
    for runid in Plan(folder).runids:
        with CONTROLS["omni"].getInstance(folder / "runs" / runid).locked() as control:
            control.scenarios = [Scenario.model_validate(one) for one in FIELDS]
        for task in (f"omni.{LOW}", f"omni.{MULCH}", "omni"):
            finish(folder, runid, task)
    return folder


@pytest.fixture
def compared(made: Path, root: Path) -> Path:
    """A copy of it, for one test to change."""
    root.mkdir()
    return Path(shutil.copytree(made, root / "many"))


def jobs(folder: Path) -> dict[str, list[str]]:
    """The tasks that a start would do, by run id."""
    return {runid: list(tasks) for runid, tasks in work_of(folder)[1].jobs.items()}


# --- names and order --------------------------------------------------------------------------------------------


def test_a_name_tells_what_a_scenario_rests_on():
    assert base_of("mulch_60_uniform_low__filters_smin10_smax25_burn1-3") == "uniform_low"
    assert base_of("mulch_15_sbs_map") == "sbs_map"
    assert base_of("thinning_65_93") == base_of("prescribed_fire__filters_burn0") == "undisturbed"
    assert base_of("uniform_high") == base_of("undisturbed") == ""


def test_slopes_that_differ_in_any_digit_make_another_name():
    names = {Scenario(kind="prescribed_fire", min_slope_percent=slope).name for slope in (10.0, 10.0000001, 10.5)}
    assert len(names) == 3 and "prescribed_fire__filters_smin10" in names


def test_order_comes_from_what_rests_on_what_and_not_from_the_list():
    chain = graph.chain((MULCH, "thinning_40_75", LOW, "undisturbed"))
    assert chain.tasks[-6:] == (
        *("watar", "omni.undisturbed", f"omni.{LOW}", f"omni.{MULCH}", "omni.thinning_40_75", "omni"),
    )
    assert f"omni.{LOW}" in chain.after(f"omni.{MULCH}") and "wepp" in chain.after(f"omni.{LOW}")
    assert set(chain.after("omni")) == {"wepp", *(task for task in chain.tasks if graph.scenario_of(task))}
    assert chain.following([f"omni.{LOW}"]) == (f"omni.{MULCH}", "omni")
    assert "omni.undisturbed" not in graph.chain(("thinning_40_75",)).after("omni.thinning_40_75")


def test_a_burned_batch_is_compared_with_itself_undisturbed_unless_scenarios_are_chosen():
    assert names_of(None, burned=True) == ("undisturbed",) and names_of(None, burned=False) == ()
    assert names_of([], burned=True) == ()


# --- settings ---------------------------------------------------------------------------------------------------


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder with all controls."""
    for kind in CONTROLS.values():
        kind(wd=str(tmp_path)).write_to(tmp_path)
    return tmp_path


def test_an_empty_list_of_a_version_that_did_nothing_with_it_is_no_choice(base: Path):
    content = read_json(base / "omni.nodb")
    content["py/state"] |= {"state_version": 1, "scenarios": []}
    write_json(base / "omni.nodb", content)
    assert Omni.getInstance(base).scenarios is None
    content["py/state"]["scenarios"] = [{"kind": "undisturbed"}]
    write_json(base / "omni.nodb", content)
    assert Omni.getInstance(base).names(burned=False) == ("undisturbed",)


def test_all_that_is_wrong_in_a_list_of_scenarios_is_told_at_once(base: Path):
    wrong = [{"kind": "frog"}, {"kind": "thinning"}, FIELDS[0], {"kind": "undisturbed"}, {"kind": "undisturbed"}]
    with pytest.raises(WrongSettings) as caught:
        set_fields(base, [f"omni.scenarios={json.dumps(wrong)}"])
    assert [line.split(":")[0] for line in caught.value.problems] == [
        *("omni.scenarios.0.kind", "omni.scenarios.1", "omni.scenarios", "omni.scenarios"),
    ]
    assert "base_scenario uniform_low is not among" in caught.value.problems[-1]


def test_what_a_scenario_or_contrast_lacks_is_told_before_anything_is_set(base: Path):
    with pytest.raises(WrongSettings, match="sbs_map needs a burn severity map"):
        set_fields(base, ['omni.scenarios=[{"kind": "sbs_map"}]'])
    (base / "sbs.tif").write_text("")
    set_fields(base, ["disturbed.sbs_map=sbs.tif"])
    with pytest.raises(WrongSettings, match="thinning in a burned batch rests on undisturbed"):
        set_fields(base, [f"omni.scenarios=[{THINNING}]"])
    set_fields(base, [f'omni.scenarios=[{THINNING}, {{"kind": "undisturbed"}}]'])
    with pytest.raises(WrongSettings) as caught:
        set_fields(base, ['omni.contrasts=[{"treated": "thining_65_93", "areas": true}]'])
    told = " ".join(caught.value.problems)
    assert all(text in told for text in ("'thining_65_93' is not", "hillslope_daily=true", "omni.contrast_areas"))
    with pytest.raises(WrongSettings, match="give one of"):
        set_fields(base, ['omni.contrasts=[{"treated": "undisturbed", "areas": true, "topaz_ids": [22]}]'])


def test_a_scenario_and_what_it_needs_of_other_controls_are_set_together(base: Path):
    (base / "sbs.tif").write_text("")
    contrast = '{"treated": "sbs_map", "topaz_ids": [22]}'
    together = ['omni.scenarios=[{"kind": "sbs_map"}]', f"omni.contrasts=[{contrast}]", "wepp.hillslope_daily=true"]
    with pytest.raises(WrongSettings, match="sbs_map needs a burn severity map"):
        set_fields(base, together)
    set_fields(base, [*together, "disturbed.sbs_map=sbs.tif"])
    assert Omni.getInstance(base).names(burned=True) == ("sbs_map",)


def test_set_says_how_many_jobs_and_how_much_disk_scenarios_mean(
    compared: Path, capsys: pytest.CaptureFixture[str]
):
    capsys.readouterr()
    assert main(["set", "many", 'omni.scenarios=[{"kind": "undisturbed"}, {"kind": "uniform_high"}]']) == 0
    said = " ".join(capsys.readouterr().out.split())
    runs = len(Plan(compared).runids)
    assert f"3 jobs a watershed, {3 * runs} in all for {runs}" in said
    assert "on disk, as finished scenarios tell" in said and "weppbatch push many" in said
    assert main(["set", "many", "omni.scenarios=[]"]) == 0
    assert "one job for every watershed" in capsys.readouterr().out


# --- scenarios as tasks -----------------------------------------------------------------------------------------


def test_only_what_lacks_its_proof_is_planned_with_what_rests_on_it(compared: Path):
    assert jobs(compared) == {}
    runid = Plan(compared).runids[0]
    (compared / graph.sentinel(runid, f"omni.{MULCH}")).unlink()
    assert jobs(compared) == {runid: [f"omni.{MULCH}", "omni"]}
    (compared / graph.sentinel(runid, f"omni.{LOW}")).unlink()
    assert jobs(compared) == {runid: [f"omni.{LOW}", f"omni.{MULCH}", "omni"]}


def test_one_scenario_can_be_named_and_forced_and_a_wrong_name_is_told(compared: Path):
    runids = Plan(compared).runids
    ledger, work = work_of(compared, Choice(tasks=(f"omni.{LOW}",), force=True))
    assert {tuple(tasks) for tasks in work.jobs.values()} == {(f"omni.{LOW}",)} and len(work.jobs) == len(runids)
    assert set(work.again()) == {graph.sentinel(runid, f"omni.{LOW}") for runid in runids}
    told = estimate(ledger, work, 2)
    assert not told.unknown and told.by_task_s[f"omni.{LOW}"] == pytest.approx(len(runids))
    forced = work_of(compared, Choice(tasks=("omni",), force=True))[1]
    assert set(forced.jobs[runids[0]]) == {f"omni.{LOW}", f"omni.{MULCH}", "omni"}
    with pytest.raises(InputProblems, match=r"did you mean 'omni\.uniform_low'"):
        work_of(compared, Choice(tasks=("omni.uniform_lo",)))


def test_a_lost_file_of_a_scenario_is_seen_also_after_a_look_was_remembered(
    compared: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("weppbatch.batch.remembered.SETTLED_S", -1e6)
    first = Ledger(Plan(compared))
    first.remember()
    assert {state.status for state in first.runs.values()} == {"succeeded"}
    runid = Plan(compared).runids[0]
    (compared / "runs" / runid / graph.FOLDER / LOW / "wepp" / "events.parquet").unlink()
    again = Ledger(Plan(compared))
    assert again.runs[runid].tasks[f"omni.{LOW}"].status == "stale"
    found = audit(again)
    assert {(one.task, one.kind) for one in found.findings} >= {(f"omni.{LOW}", "lost"), ("omni", "stale")}
    assert found.tasks == len(again.runs) * (len(graph.TASKS) + 2)


def test_logs_and_states_speak_of_scenarios(compared: Path):
    runid = Plan(compared).runids[0]
    log = logs.task_log(compared, runid, f"omni.{LOW}")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("a line\n")
    assert [path for path, _ in logs.texts(compared, runid)] == [f"logs/{runid}/omni.{LOW}.log"]
    assert f"omni.{MULCH}" in Ledger(Plan(compared)).to_json()["runs"][runid]["tasks"]
    mark = {"started_at": "2026", "finished_at": None, "job_id": "1", "status": "running", "attempts": []}
    write_json(compared / "runs" / runid / ".tasks" / f"omni.{LOW}.running.json", mark)
    assert Ledger(Plan(compared)).runs[runid].tasks[f"omni.{LOW}"].status == "interrupted"


# --- treatments and contrasts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("tons", "after"), [(0.5, [18, 27, 43]), (1.0, [43, 49, 60]), (2.0, [71, 74, 80])])
def test_mulch_covers_as_much_as_the_published_figures_say(tons: float, after: list[int]):
    assert np.round(100 * mulched(np.array([0.0, 0.1, 0.3]), tons)).tolist() == after


def test_filters_leave_hillslopes_by_slope_and_severity():
    scenario = Scenario(kind="prescribed_fire", min_slope_percent=10, max_slope_percent=25, burn_severities=[1, 3])
    severity = pd.Series(["unburned", "low", "high", "high", "moderate"])
    chosen = within_filters(scenario, np.array([0.05, 0.10, 0.25, 0.40, 0.20]), severity)
    assert chosen.tolist() == [False, True, True, False, False]


def test_a_share_takes_the_fewest_hillslopes_that_give_it():
    table = pd.DataFrame({"topaz_id": [22, 23, 31, 32], "t": [1.0, 5.0, 0.0, 4.0]})
    assert first_share(table, "t", 0.5) == [23]
    assert first_share(table, "t", 0.51) == [23, 32]
    assert first_share(table, "t", 1.0) == [23, 32, 22]  # what gives nothing is not treated


def test_hillslopes_are_ranked_by_what_a_scenario_saves_on_them():
    columns = {"topaz_id": [22, 23, 31], "area_m2": [1e4, 2e4, 1e4]}
    burned = pd.DataFrame(columns | {"scenario": "uniform_high", "sediment_yield_t_yr": [3.0, 9.0, 1.0]})
    treated = pd.DataFrame(columns | {"scenario": "mulch", "sediment_yield_t_yr": [2.0, 4.0, 1.5]})
    found = ranking(pd.concat([burned, treated]), {"mulch": "uniform_high"})
    assert found["topaz_id"].tolist() == [23, 22, 31]
    assert found["saved_t_yr"].tolist() == [5.0, 1.0, -0.5] and found["cumulative_t_yr"].tolist() == [5.0, 6.0, 5.5]
    assert found["saved_t_ha_yr"].tolist() == [2.5, 1.0, -0.5]
